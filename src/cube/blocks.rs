//! The bytes of snapshots hashed and put into the file, a few blocks together.
//!
//! A block on its own is hashed at half the speed that the processor has for several, and a thread
//! that is taken from a solver makes the others wait for it. So blocks are copied, collected, and done
//! by workers of their own where the solver leaves them a processor, else by the solver's own threads,
//! all at once.

use super::{
    commit::Message,
    digest::{self, BLOCK, TOGETHER},
    file::CubeFile,
    journal::{Header, Slot},
    share::{Job, Share},
};
use crate::sys::Memory;
use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::prelude::*;
use std::{io, iter, mem, sync::Arc, time::Instant};

/// Bytes on their way between solvers and file.
const BUFFERED: usize = 32 << 20;
/// Threads that hash and write.
const MOST_WORKERS: usize = 4;
/// Bytes that are worth being copied by a thread of their own.
const PART: usize = 128 << 10;
/// Bytes that are worth huge pages.
const SOME_PAGES: usize = 512 << 10;

/// Who computes what a process writes into a cube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Solving {
    /// Lanes that are filled at a time.
    pub lanes: usize,
    /// Threads of the solver of each.
    pub threads: usize,
    /// Whether they leave a processor of this machine to others.
    pub leaves_room: bool,
}

/// Hashes and writes the bytes of jobs, a few together.
#[derive(Debug)]
pub(super) struct BlockWriter {
    /// `None` where the solver leaves them no processor: its own threads then do their work.
    workers: Option<rayon::ThreadPool>,
    /// Jobs that are worth being done.
    batch: usize,
    buffers: Receiver<Memory>,
    hand: Arc<Hand>,
}

/// What it takes to do a job.
#[derive(Debug)]
struct Hand {
    cube: Arc<CubeFile>,
    header: Header,
    share: Share,
    messages: Sender<Message>,
    give_back: Sender<Memory>,
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
        solving: Solving,
        messages: Sender<Message>,
    ) -> io::Result<Self> {
        let Solving {
            lanes,
            threads,
            leaves_room,
        } = solving;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads((lanes * threads).clamp(1, MOST_WORKERS))
            .thread_name(|number| format!("writer {number}"));
        let workers = match leaves_room {
            true => Some(pool.build().map_err(io::Error::other)?),
            false => None,
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
        let largest = header.snapshot_bytes().min(BLOCK as u64) as usize;
        let batch = threads.clamp(1, MOST_WORKERS) * TOGETHER;
        // While workers of their own do some jobs, others are collected.
        let ahead = if workers.is_some() { 2 } else { 1 };
        let count = (BUFFERED / mapped(largest)).clamp(ahead * TOGETHER, ahead * batch * lanes);
        let (give_back, buffers) = bounded(count);
        for _ in 0..count {
            let _ = give_back.send(buffer(largest)?);
        }
        let hand = Hand {
            cube,
            header,
            share,
            messages,
            give_back,
        };
        Ok(Self {
            workers,
            batch: batch.min(count / lanes).max(1),
            buffers,
            hand: Arc::new(hand),
        })
    }

    pub fn cube(&self) -> &CubeFile {
        &self.hand.cube
    }

    pub fn header(&self) -> &Header {
        &self.hand.header
    }

    pub fn share(&self) -> &Share {
        &self.hand.share
    }

    /// The way to the committer.
    pub fn messages(&self) -> &Sender<Message> {
        &self.hand.messages
    }

    /// How many jobs are worth being done.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Whether the next job would have to wait for a buffer.
    pub fn is_exhausted(&self) -> bool {
        self.buffers.is_empty()
    }

    /// A job of the snapshot that begins at byte `begin`, with a copy of its bytes; `None` when nobody
    /// works any more.
    pub fn fill(&self, slot: Slot, begin: u64, job: &Job, from: &[u8]) -> Option<Filled> {
        let mut buffer = self.buffers.recv().ok()?;
        let part = from.len().div_ceil(rayon::current_num_threads()).max(PART);
        let to = buffer[..from.len()].par_chunks_mut(part);
        to.zip(from.par_chunks(part))
            .for_each(|(to, from)| to.copy_from_slice(from));
        Some(Filled {
            slot,
            begin,
            job: job.clone(),
            buffer,
        })
    }

    /// Does jobs, or has them done.
    pub fn work_off(&self, mut jobs: Vec<Filled>) {
        let threads = match &self.workers {
            Some(workers) => workers.current_num_threads(),
            None => rayon::current_num_threads(),
        };
        let group = jobs.len().div_ceil(threads).min(TOGETHER);
        // Blocks of one length are hashed together; the order does not matter to the committer.
        jobs.sort_by_key(|filled| filled.bytes().len());
        let groups = iter::from_fn(|| {
            let rest = jobs.split_off(group.min(jobs.len()));
            Some(mem::replace(&mut jobs, rest)).filter(|group| !group.is_empty())
        });
        match &self.workers {
            Some(workers) => groups.for_each(|group| {
                let hand = Arc::clone(&self.hand);
                workers.spawn(move || hand.work_off(group));
            }),
            None => rayon::scope(|scope| {
                groups.for_each(|group| scope.spawn(|_| self.hand.work_off(group)));
            }),
        }
    }
}

impl Hand {
    /// Hashes and writes the bytes of a few jobs.
    fn work_off(&self, jobs: Vec<Filled>) {
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
            // Whoever would receive these has failed or finished, and said so itself.
            let _ = self.give_back.send(filled.buffer);
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

/// Bytes of the memory for so many: whole huge pages where they are worth it.
fn mapped(bytes: usize) -> usize {
    const HUGE: usize = 2 << 20;
    match bytes {
        large @ SOME_PAGES.. => large.next_multiple_of(HUGE),
        few => few.max(1),
    }
}

/// Memory for so many bytes.
fn buffer(bytes: usize) -> io::Result<Memory> {
    Memory::zeroed(mapped(bytes))
}
