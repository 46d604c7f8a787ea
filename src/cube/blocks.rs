//! The blocks of snapshots: hashed, up to four together, and written into the file.
//!
//! SHA-256 of one block is a chain of dependent rounds, which leaves half of a core's units idle; four
//! blocks side by side fill them. So blocks are copied into buffers and wait for others, at most 10 ms.
//! Then threads of the writer hash and write them if a core is free for that. Otherwise the solver's
//! threads pause and do it: a thread of the writer would take a core from one of them, and all others
//! would wait for that one.

use super::{
    commit::Message,
    digest::{self, BLOCK, TOGETHER},
    file::CubeFile,
    journal::{Header, Slot},
    share::{Job, Share},
};
use crossbeam_channel::{Receiver, Sender, bounded};
use diff2d_sys::{self as sys, Memory};
use std::{io, iter, mem, sync::Arc, time::Instant};

/// Memory for blocks on their way between solvers and file.
const BUFFER_BYTES: usize = 32 << 20;
/// The most threads that hash and write.
const MAX_THREADS: usize = 4;

/// The threads that compute what a process writes into a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolverLoad {
    /// Scenarios that are computed at a time.
    pub scenarios: usize,
    /// Threads of each.
    pub threads: usize,
    /// Whether they leave a processor of this machine idle.
    pub has_spare_processor: bool,
    /// The most bytes that blocks on their way may take, if few; there is room for one block in any case.
    pub memory: Option<u64>,
}

impl SolverLoad {
    /// A run in one process on all processors.
    #[must_use]
    pub fn alone() -> Self {
        Self {
            scenarios: 1,
            threads: sys::threads(),
            has_spare_processor: false,
            memory: None,
        }
    }

    /// Bytes of the buffers in which parts of snapshots of so many bytes wait for the file.
    #[must_use]
    pub fn buffer_bytes(self, snapshot_bytes: u64) -> u64 {
        let (count, largest) = self.buffers(snapshot_bytes);
        Memory::size_of_parts(largest, count) as u64
    }

    /// The number of these buffers, and the most bytes that one takes.
    fn buffers(self, snapshot_bytes: u64) -> (usize, usize) {
        #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
        let largest = snapshot_bytes.min(BLOCK as u64) as usize;
        // While the writer's threads do some jobs, the solver fills others.
        let ahead = if self.has_spare_processor { 2 } else { 1 };
        let most = ahead * self.batch() * self.scenarios;
        let fitting = |bytes: usize| Memory::parts_within(bytes, largest);
        let count = match self.memory {
            None => fitting(BUFFER_BYTES).clamp(ahead * TOGETHER, most),
            Some(memory) => {
                let memory = usize::try_from(memory).unwrap_or(BUFFER_BYTES);
                fitting(memory.min(BUFFER_BYTES)).clamp(1, most)
            }
        };
        (count, largest)
    }

    /// Jobs that are enough to keep all threads busy.
    fn batch(self) -> usize {
        self.threads.clamp(1, MAX_THREADS) * TOGETHER
    }
}

/// Hashes and writes the bytes of jobs, several together.
#[derive(Debug)]
pub(super) struct BlockWriter {
    /// Threads of the writer; `None` where the solver's own threads do their work.
    pool: Option<rayon::ThreadPool>,
    /// Jobs that are enough to keep all threads busy.
    batch: usize,
    buffers: Receiver<Memory>,
    worker: Arc<Worker>,
}

/// What a thread needs to do a job.
#[derive(Debug)]
struct Worker {
    cube: Arc<CubeFile>,
    header: Header,
    share: Share,
    messages: Sender<Message>,
    free_buffers: Sender<Memory>,
}

/// A job of the snapshot that begins at byte `begin`, and a buffer that begins with its bytes.
#[derive(Debug)]
pub(super) struct Filled {
    slot: Slot,
    begin: u64,
    job: Job,
    buffer: Memory,
}

impl BlockWriter {
    pub fn new(
        (cube, header, share): (Arc<CubeFile>, Header, Share),
        load: SolverLoad,
        messages: Sender<Message>,
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
        let pool = match has_spare_processor {
            true => Some(builder.build().map_err(io::Error::other)?),
            false => None,
        };
        let (count, largest) = load.buffers(header.snapshot_bytes());
        let (free_buffers, buffers) = bounded(count);
        for buffer in Memory::zeroed_parts(largest, count)? {
            let _ = free_buffers.send(buffer);
        }
        let worker = Worker {
            cube,
            header,
            share,
            messages,
            free_buffers,
        };
        Ok(Self {
            pool,
            batch: load.batch().min(count / scenarios).max(1),
            buffers,
            worker: Arc::new(worker),
        })
    }

    pub fn cube(&self) -> &CubeFile {
        &self.worker.cube
    }

    pub fn header(&self) -> &Header {
        &self.worker.header
    }

    pub fn share(&self) -> &Share {
        &self.worker.share
    }

    /// The connection to the committer.
    pub fn messages(&self) -> &Sender<Message> {
        &self.worker.messages
    }

    /// Whether jobs are done by threads of their own.
    pub fn has_threads(&self) -> bool {
        self.pool.is_some()
    }

    /// Jobs that are enough to keep all threads busy.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Whether the next job would have to wait for a buffer.
    pub fn is_exhausted(&self) -> bool {
        self.buffers.is_empty()
    }

    /// Waits until all jobs that were handed over are done. Only where nobody else hands over any.
    pub fn wait(&self) {
        let count = self.buffers.capacity().unwrap_or(0);
        let all: Vec<Memory> = self.buffers.iter().take(count).collect();
        for buffer in all {
            let _ = self.worker.free_buffers.send(buffer);
        }
    }

    /// A job of the snapshot that begins at byte `begin`, with a copy of its bytes. Waits for a buffer.
    pub fn fill(&self, slot: Slot, begin: u64, job: &Job, from: &[u8]) -> Filled {
        let Ok(mut buffer) = self.buffers.recv() else {
            unreachable!("the worker holds the sending end")
        };
        sys::copy(&mut buffer[..from.len()], from);
        Filled {
            slot,
            begin,
            job: job.clone(),
            buffer,
        }
    }

    /// Hashes and writes jobs: on the writer's threads, which it does not wait for, or on the current
    /// ones.
    pub fn write(&self, mut jobs: Vec<Filled>) {
        if jobs.is_empty() {
            return;
        }
        let _ = self.messages().send(Message::Jobs(jobs.len()));
        let threads = match &self.pool {
            Some(pool) => pool.current_num_threads(),
            None => rayon::current_num_threads(),
        };
        let group = jobs.len().div_ceil(threads).min(TOGETHER);
        // Only blocks of one length are hashed together. The committer takes them in any order.
        jobs.sort_by_key(|filled| filled.bytes().len());
        let groups = iter::from_fn(|| {
            let rest = jobs.split_off(group.min(jobs.len()));
            Some(mem::replace(&mut jobs, rest)).filter(|group| !group.is_empty())
        });
        match &self.pool {
            Some(pool) => groups.for_each(|group| {
                let worker = Arc::clone(&self.worker);
                pool.spawn(move || worker.write(group));
            }),
            None => rayon::scope(|scope| {
                groups.for_each(|group| scope.spawn(|_| self.worker.write(group)));
            }),
        }
    }
}

impl Worker {
    /// Hashes and writes the bytes of a few jobs.
    fn write(&self, jobs: Vec<Filled>) {
        // To wait is no work. Where that fails, placing the bytes does.
        let _ = self.cube.wait_until_begun();
        let mut start = Instant::now();
        let hashed = jobs.iter().filter(|filled| filled.job.block.is_some());
        let blocks: Vec<&[u8]> = hashed.map(Filled::bytes).collect();
        let mut digests = digest::of_each(&blocks).into_iter();
        for filled in jobs {
            let block = filled.job.block;
            let digest = block.and_then(|number| Some((number, digests.next()?)));
            let placed = match filled.written() {
                (_, []) => Ok(()),
                (place, written) => self.cube.place(place, written),
            };
            // Without receivers the writer has failed or ended, and reports that itself.
            let _ = self.free_buffers.send(filled.buffer);
            let _ = self.messages.send(Message::Job {
                slot: filled.slot,
                digest: placed.map(|()| digest),
                took: start.elapsed(),
            });
            start = Instant::now();
        }
    }
}

impl Filled {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..(self.job.bytes.end - self.job.bytes.start) as usize]
    }

    /// Those of the bytes that are to be written, and their place in the file.
    fn written(&self) -> (u64, &[u8]) {
        let Job { bytes, written, .. } = &self.job;
        let from = (written.start - bytes.start) as usize;
        let length = (written.end - written.start) as usize;
        (
            self.begin + written.start,
            &self.bytes()[from..from + length],
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
        assert_eq!(within(2500).buffer_bytes(1000), 2 * 1024);
        assert_eq!(within(0).buffer_bytes(1000), 1024);
    }
}
