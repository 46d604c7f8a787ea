//! The blocks of snapshots: hashed and written into the file.
//!
//! Blocks are copied into buffers. Threads of the writer hash and write them if a core is free. Otherwise the solver's
//! threads pause and do that work once there are a few blocks for each thread: a thread of the writer would take a core
//! from one solver thread, and all others would wait for it.

use super::{
    commit::{CommitMessage, CommitTarget},
    digest::{self, BLOCK},
    journal::{Header, SnapshotId},
    share::Job,
};
use crate::codec::{Codec, nan};
use crossbeam_channel::{Receiver, Sender, bounded};
use diff2d_sys::{self as sys, Memory};
use rayon::prelude::*;
use std::{io, sync::Arc, time::Instant};

/// Bytes of memory for blocks on their way from the solvers to the file.
const BUFFER_BYTES: usize = 32 << 20;
/// The largest number of threads that hash and write.
const MAX_THREADS: usize = 4;
/// The number of jobs per solver thread that make it worth pausing the solver.
const FOR_EACH_THREAD: usize = 4;

/// The threads that compute what a process writes into a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolverLoad {
    /// The number of scenarios computed at the same time.
    pub scenarios: usize,
    /// The number of threads for each scenario.
    pub threads: usize,
    /// Whether the threads leave a processor of this machine idle.
    pub has_spare_processor: bool,
    /// A limit on the bytes of buffered blocks, if memory is scarce. There is always room for one block.
    pub memory: Option<u64>,
}

impl SolverLoad {
    /// Bytes of the buffers in which parts of snapshots wait for the file; each snapshot has `snapshot_bytes`. Where
    /// memory is scarce, rows come in pieces, and the pieces of a part wait beside the buffers until the part is
    /// complete.
    pub fn buffer_bytes(self, snapshot_bytes: u64) -> u64 {
        let (count, largest) = self.buffers(snapshot_bytes);
        let coming = self.memory.map_or(0, |_| largest);
        (Memory::size_of_parts(largest, count) + coming) as u64
    }

    /// The number of buffers, and the largest size of one in bytes.
    fn buffers(self, snapshot_bytes: u64) -> (usize, usize) {
        let largest = snapshot_bytes.min(BLOCK as u64) as usize;
        // While the writer's threads do some jobs, the solver fills others.
        let ahead = if self.has_spare_processor { 2 } else { 1 };
        let most_buffers = ahead * self.at_once() * self.scenarios;
        let (bytes, fewest_buffers) = match self.memory {
            None => (BUFFER_BYTES, ahead * FOR_EACH_THREAD),
            Some(memory) => {
                let memory = usize::try_from(memory).unwrap_or(BUFFER_BYTES);
                (memory.min(BUFFER_BYTES), 1)
            }
        };
        let count = Memory::parts_within(bytes, largest).clamp(fewest_buffers, most_buffers);
        (count, largest)
    }

    /// The number of jobs of a scenario that keeps all threads busy.
    fn at_once(self) -> usize {
        self.threads.clamp(1, MAX_THREADS) * FOR_EACH_THREAD
    }
}

/// Hashes the blocks of snapshots and writes them into the file.
#[derive(Debug)]
pub(super) struct BlockWriter {
    /// Threads of the writer; `None` if the solver's own threads hash and write.
    pool: Option<rayon::ThreadPool>,
    /// The number of jobs that a scenario hands over together.
    at_once: usize,
    buffers: Receiver<Memory>,
    worker: Arc<Worker>,
}

/// The file, the buffers and the channels that a thread needs for a job.
#[derive(Debug)]
struct Worker {
    target: Arc<CommitTarget>,
    messages: Sender<CommitMessage>,
    free_buffers: Sender<Memory>,
}

/// A job of the snapshot that begins at byte `begin` of the file, and the buffer with the bytes of the job.
#[derive(Debug)]
pub(super) struct FilledBlock {
    id: SnapshotId,
    begin: u64,
    job: Job,
    buffer: Memory,
}

impl BlockWriter {
    pub fn new(
        target: Arc<CommitTarget>,
        load: SolverLoad,
        messages: Sender<CommitMessage>,
    ) -> io::Result<Self> {
        let SolverLoad {
            scenarios,
            threads,
            has_spare_processor,
            ..
        } = load;
        let builder = rayon::ThreadPoolBuilder::new()
            .num_threads((scenarios * threads).clamp(1, MAX_THREADS))
            .thread_name(|number| format!("writer {number}"));
        let pool = if has_spare_processor {
            Some(builder.build().map_err(io::Error::other)?)
        } else {
            None
        };
        let (count, largest) = load.buffers(target.header.snapshot_bytes());
        let (free_buffers, buffers) = bounded(count);
        for buffer in Memory::zeroed_parts(largest, count)? {
            let _ = free_buffers.send(buffer);
        }
        let worker = Worker {
            target,
            messages,
            free_buffers,
        };
        let at_once = if has_spare_processor {
            1
        } else {
            load.at_once().min(count / scenarios).max(1)
        };
        Ok(Self {
            pool,
            at_once,
            buffers,
            worker: Arc::new(worker),
        })
    }

    pub fn target(&self) -> &CommitTarget {
        &self.worker.target
    }

    /// The connection to the committer.
    pub fn messages(&self) -> &Sender<CommitMessage> {
        &self.worker.messages
    }

    /// The number of jobs that a scenario should hand over together.
    pub fn at_once(&self) -> usize {
        self.at_once
    }

    /// Waits until all handed-over jobs are done. No other thread may hand over jobs meanwhile.
    pub fn wait(&self) {
        let count = self.buffers.capacity().unwrap_or(0);
        let returned_buffers: Vec<Memory> = self.buffers.iter().take(count).collect();
        for buffer in returned_buffers {
            let _ = self.worker.free_buffers.send(buffer);
        }
    }

    /// Copies the bytes of a job from one or two pieces of the state into a buffer, encoded as in the cube. Waits
    /// for a free buffer.
    pub fn fill(
        &self,
        id: SnapshotId,
        job: &Job,
        [first, rest]: [&[u8]; 2],
        codec: &Codec,
    ) -> FilledBlock {
        let Ok(mut buffer) = self.buffers.recv() else {
            unreachable!("the worker holds the sending end")
        };
        let copy = &mut buffer[..first.len() + rest.len()];
        let (to_first, to_rest) = copy.split_at_mut(first.len());
        sys::copy(to_first, first);
        sys::copy(to_rest, rest);
        let header = &self.target().header;
        codec.encode_bytes(job.bytes.start, copy, header.dtype.bytes);
        FilledBlock {
            id,
            begin: header.offset_of(id),
            job: job.clone(),
            buffer,
        }
    }

    /// Hashes and writes jobs: in the background on the writer's threads, or else on the current threads.
    pub fn write(&self, jobs: Vec<FilledBlock>) {
        match &self.pool {
            Some(pool) => jobs.into_iter().for_each(|filled| {
                let worker = Arc::clone(&self.worker);
                pool.spawn(move || worker.write(filled));
            }),
            None => jobs
                .into_par_iter()
                .with_max_len(1)
                .for_each(|filled| self.worker.write(filled)),
        }
    }
}

/// Bytes of NaN to fill the `left` bytes behind the last snapshot of a scenario, at most one block at a time.
pub(super) fn nans(header: &Header, left: u64) -> Vec<u8> {
    let nan = nan(header.dtype.bytes);
    let byte_count = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
    nan.repeat(byte_count / nan.len())
}

impl Worker {
    /// Hashes and writes the bytes of a job.
    fn write(&self, filled: FilledBlock) {
        // To wait is no work. Where that fails, placing the bytes does.
        let _ = self.target.cube.wait_until_begun();
        let start = Instant::now();
        let block = filled.job.block;
        let digest = block.map(|number| (number, digest::of_block(filled.bytes())));
        let placed = match filled.written() {
            (_, []) => Ok(()),
            (place, written) => self.target.cube.place(place, written),
        };
        // Without receivers the writer has failed or ended, and reports that itself.
        let _ = self.free_buffers.send(filled.buffer);
        let _ = self.messages.send(CommitMessage::Job {
            id: filled.id,
            digest: placed.map(|()| digest),
            took: start.elapsed(),
        });
    }
}

impl FilledBlock {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..(self.job.bytes.end - self.job.bytes.start) as usize]
    }

    /// The bytes to write, and their offset in the file.
    fn written(&self) -> (u64, &[u8]) {
        let Job { bytes, written, .. } = &self.job;
        let offset = (written.start - bytes.start) as usize;
        let length = (written.end - written.start) as usize;
        (
            self.begin + written.start,
            &self.bytes()[offset..offset + length],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_take_few_blocks_of_a_large_snapshot_and_all_of_a_small_one() {
        let load = |scenarios, threads, has_spare_processor| SolverLoad {
            scenarios,
            threads,
            has_spare_processor,
            memory: None,
        };
        let block = BLOCK as u64;
        assert_eq!(load(1, 1, false).buffer_bytes(u64::MAX), 4 * block);
        assert_eq!(load(1, 1, true).buffer_bytes(u64::MAX), 8 * block);
        assert_eq!(load(1, 64, false).buffer_bytes(u64::MAX), 8 * block);
        assert_eq!(load(1, 1, false).buffer_bytes(1000), 4 * 1024);
        let within = |memory| SolverLoad {
            memory: Some(memory),
            ..load(1, 2, true)
        };
        assert_eq!(within(2500).buffer_bytes(1000), 2 * 1024 + 1000);
        assert_eq!(within(0).buffer_bytes(1000), 1024 + 1000);
    }
}
