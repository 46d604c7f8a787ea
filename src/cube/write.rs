//! [`CubeWriter`]: snapshots to the file and into the journal while the solver goes on.
//!
//! ```text
//!  put ─ blocks of 4 MiB ─▶ workers: hash, place in the file ─▶ committer: sync, list, sync ─▶ committed
//! ```
//!
//! The solver only copies its field into a few buffers. The committer takes whatever snapshots are
//! complete by the time it is free, so that several share a sync where they come faster than the disk.

use super::{
    digest::{self, BLOCK, BlockDigest},
    error::CubeError,
    journal::Record,
    store::Store,
};
use crate::{field::Summary, schedule::Clock};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::{
    collections::VecDeque,
    io, panic,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Work that may be lost to a crash beyond the interval being computed.
const AT_RISK: Duration = Duration::from_secs(1);
/// Blocks on their way between solver and file.
const BUFFERS: usize = 4;

/// What the writer did beside the solver's own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Time spent hashing and placing blocks, all workers together.
    pub write: Duration,
    /// Time spent making them durable.
    pub sync: Duration,
}

/// Writes and commits the snapshots of one cube, in order.
#[derive(Debug)]
pub struct CubeWriter {
    blocks: BlockWriter,
    commits: Arc<Commits>,
    committer: JoinHandle<Result<(Store, Times), CubeError>>,
    /// When each snapshot that is not committed yet was handed over.
    uncommitted: VecDeque<Instant>,
    next: u64,
}

impl CubeWriter {
    /// Starts the writer's threads; the time of every committed snapshot is sent to `committed`.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn start(
        store: Store,
        workers: usize,
        committed: Sender<Clock>,
    ) -> Result<Self, CubeError> {
        let refused = CubeError::io("start the writer of", store.paths.cube.clone());
        let next = store.records.len() as u64;
        let (sender, messages) = unbounded();
        let commits = Arc::new(Commits::default());
        let blocks = BlockWriter::new(&store, workers, sender);
        let committer = Committer {
            commits: Arc::clone(&commits),
            committed,
            open: VecDeque::new(),
            times: Times::default(),
            store,
        };
        let started = blocks.and_then(|blocks| {
            let committer = thread::Builder::new()
                .name("committer".to_owned())
                .spawn(move || committer.run(&messages))?;
            Ok((blocks, committer))
        });
        let (blocks, committer) = started.map_err(refused)?;
        Ok(Self {
            blocks,
            commits,
            committer,
            uncommitted: VecDeque::new(),
            next,
        })
    }

    /// Takes over the next snapshot. Returns as soon as its bytes are copied, unless an earlier one
    /// has waited too long for its commit.
    ///
    /// `false` means that the writer has failed; [`finish`](Self::finish) says why.
    #[must_use]
    pub fn put(&mut self, clock: Clock, summary: Summary, bytes: &[u8]) -> bool {
        let overdue = |since: &Instant| since.elapsed() > AT_RISK;
        let late = self
            .uncommitted
            .iter()
            .take_while(|since| overdue(since))
            .count();
        let settled = self.wait_for(self.next - (self.uncommitted.len() - late) as u64);
        self.uncommitted.push_back(Instant::now());
        let record = Record::new(self.next, clock, summary);
        self.next += 1;
        settled && self.blocks.put(record, bytes)
    }

    /// Snapshots in the cube and on their way to it.
    #[must_use]
    pub fn handed_over(&self) -> usize {
        usize::try_from(self.next).unwrap_or(usize::MAX)
    }

    /// Waits until everything handed over is committed; `false` as for [`put`](Self::put).
    #[must_use]
    pub fn flush(&mut self) -> bool {
        self.wait_for(self.next)
    }

    /// Commits what is left and stops.
    ///
    /// # Errors
    /// The first error of writing or syncing; what was committed before it stays so.
    pub fn finish(self) -> Result<(Store, Times), CubeError> {
        drop(self.blocks);
        self.committer
            .join()
            .unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }

    /// Waits until the snapshots before `index` are committed.
    fn wait_for(&mut self, index: u64) -> bool {
        let outstanding = self.next - self.uncommitted.len() as u64;
        let (done, failed) = self.commits.wait(index.saturating_sub(outstanding));
        self.uncommitted.drain(..usize::try_from(done).unwrap_or(0));
        !failed
    }
}

/// Cuts snapshots into blocks and lets its workers hash and place them.
#[derive(Debug)]
struct BlockWriter {
    workers: rayon::ThreadPool,
    cube: Arc<super::file::CubeFile>,
    header: super::journal::Header,
    messages: Sender<Message>,
    give_back: Sender<Vec<u8>>,
    buffers: Receiver<Vec<u8>>,
}

enum Message {
    /// A snapshot follows, in so many blocks.
    Snapshot(Record, usize),
    /// One of its blocks is in the file.
    Block {
        index: u64,
        number: usize,
        digest: io::Result<BlockDigest>,
        took: Duration,
    },
}

impl BlockWriter {
    fn new(store: &Store, workers: usize, messages: Sender<Message>) -> io::Result<Self> {
        let workers = rayon::ThreadPoolBuilder::new()
            .num_threads(workers.clamp(1, BUFFERS))
            .thread_name(|number| format!("writer {number}"))
            .build()
            .map_err(io::Error::other)?;
        let (give_back, buffers) = bounded(BUFFERS);
        for _ in 0..BUFFERS {
            let _ = give_back.send(Vec::new());
        }
        Ok(Self {
            workers,
            cube: Arc::clone(&store.cube),
            header: store.header.clone(),
            messages,
            give_back,
            buffers,
        })
    }

    fn put(&self, record: Record, bytes: &[u8]) -> bool {
        let index = record.index;
        let begin = self.header.offset_of(index);
        let blocks = bytes.chunks(BLOCK);
        if self
            .messages
            .send(Message::Snapshot(record, blocks.len()))
            .is_err()
        {
            return false;
        }
        for (number, block) in blocks.enumerate() {
            let Ok(mut buffer) = self.buffers.recv() else {
                return false;
            };
            buffer.clear();
            buffer.extend_from_slice(block);
            let (cube, messages, give_back) = (
                Arc::clone(&self.cube),
                self.messages.clone(),
                self.give_back.clone(),
            );
            self.workers.spawn(move || {
                let start = Instant::now();
                let digest = digest::of_block(&buffer);
                let placed = cube.place(begin + (number * BLOCK) as u64, &buffer);
                // Whoever would receive these has failed or finished, and said so itself.
                let _ = give_back.send(buffer);
                let _ = messages.send(Message::Block {
                    index,
                    number,
                    digest: placed.map(|()| digest),
                    took: start.elapsed(),
                });
            });
        }
        true
    }
}

/// A snapshot of which not all blocks are in the file yet.
struct Open {
    record: Record,
    digests: Vec<Option<BlockDigest>>,
}

/// The only one who syncs and who writes to the journal.
struct Committer {
    store: Store,
    commits: Arc<Commits>,
    committed: Sender<Clock>,
    open: VecDeque<Open>,
    times: Times,
}

impl Committer {
    fn run(mut self, messages: &Receiver<Message>) -> Result<(Store, Times), CubeError> {
        let result = self.commit_all(messages);
        self.commits.end(result.is_err());
        result.map(|()| (self.store, self.times))
    }

    fn commit_all(&mut self, messages: &Receiver<Message>) -> Result<(), CubeError> {
        while let Ok(message) = messages.recv() {
            self.take(message)?;
            for message in messages.try_iter() {
                self.take(message)?;
            }
            self.commit_whole()?;
        }
        Ok(())
    }

    fn take(&mut self, message: Message) -> Result<(), CubeError> {
        match message {
            Message::Snapshot(record, blocks) => self.open.push_back(Open {
                record,
                digests: vec![None; blocks],
            }),
            Message::Block {
                index,
                number,
                digest,
                took,
            } => {
                self.times.write += took;
                let digest = digest.map_err(CubeError::io("write", &self.store.paths.cube))?;
                let snapshot = self.open.iter_mut().find(|open| open.record.index == index);
                if let Some(snapshot) = snapshot {
                    snapshot.digests[number] = Some(digest);
                }
            }
        }
        Ok(())
    }

    /// Commits the snapshots that are whole, up to the first that is not: one sync for all of them.
    fn commit_whole(&mut self) -> Result<(), CubeError> {
        let mut records = Vec::new();
        while let Some(open) = self.open.front() {
            let digests: Option<Vec<BlockDigest>> = open.digests.iter().copied().collect();
            let Some(digests) = digests else { break };
            records.extend(self.open.pop_front().map(|open| Record {
                sha256: digest::of_blocks(&digests),
                ..open.record
            }));
        }
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(());
        };
        let header = &self.store.header;
        let range = header.offset_of(first.index)..header.offset_of(last.index + 1);
        let start = Instant::now();
        self.store
            .cube
            .sync(range)
            .map_err(CubeError::io("sync", &self.store.paths.cube))?;
        let clocks: Vec<Clock> = records.iter().map(Record::clock).collect();
        self.store.list(records)?;
        self.times.sync += start.elapsed();
        self.commits.add(clocks.len() as u64);
        for clock in clocks {
            // Nobody has to listen.
            let _ = self.committed.send(clock);
        }
        Ok(())
    }
}

/// How far the committer is, for whoever waits for it.
#[derive(Debug, Default)]
struct Commits {
    state: Mutex<CommitState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct CommitState {
    /// Snapshots committed and not yet reported to the solver's side.
    fresh: u64,
    ended: bool,
    failed: bool,
}

impl Commits {
    fn lock(&self) -> MutexGuard<'_, CommitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, count: u64) {
        self.lock().fresh += count;
        self.changed.notify_all();
    }

    fn end(&self, failed: bool) {
        let mut state = self.lock();
        (state.ended, state.failed) = (true, failed);
        self.changed.notify_all();
    }

    /// Waits until `count` fresh commits are there or no more will come; takes all there are.
    fn wait(&self, count: u64) -> (u64, bool) {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.fresh < count && !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.fresh), state.failed)
    }
}
