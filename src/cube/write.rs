//! [`CubeWriter`]: snapshots to the file and into the journal while the solvers go on.
//!
//! ```text
//!  put ─ blocks of 4 MiB ─▶ workers: hash, place in the file ─▶ committer: sync, list, sync ─▶ committed
//! ```
//!
//! A solver only copies its field into a few buffers. The committer takes whatever snapshots are
//! whole by the time it is free, so that several share a sync where they come faster than the disk.
//! Every scenario writes along a [`Lane`] of its own; a run has one, a sweep many at a time.

use super::{
    digest::{self, BLOCK, BlockDigest},
    error::CubeError,
    file::CubeFile,
    journal::{Header, Record, Scenario, Slot},
    store::Store,
};
use crate::{field::Summary, schedule::Clock};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::{
    collections::VecDeque,
    io,
    ops::Range,
    panic,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Work that may be lost to a crash beyond the interval being computed.
const AT_RISK: Duration = Duration::from_secs(1);
/// Blocks on their way between solvers and file.
const BUFFERS: usize = 4;

/// What the writer did beside the solvers' own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Time spent hashing and placing blocks, all workers together.
    pub write: Duration,
    /// Time spent making them durable.
    pub sync: Duration,
}

/// Writes and commits the snapshots of one cube.
#[derive(Debug)]
pub struct CubeWriter {
    blocks: BlockWriter,
    commits: Arc<Commits>,
    committer: JoinHandle<Result<(Store, Times), CubeError>>,
    /// The last snapshot of each scenario that was committed before, if any.
    last: Vec<Option<Record>>,
}

impl CubeWriter {
    /// Starts the writer's threads; every committed record is sent to `committed`.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn start(
        store: Store,
        workers: usize,
        committed: Sender<Record>,
    ) -> Result<Self, CubeError> {
        let refused = CubeError::io("start the writer of", store.paths.cube.clone());
        let scenarios = store.header.scenarios().len();
        let mut last = vec![None; scenarios];
        for record in &store.records {
            last[record.slot().scenario()] = Some(record.clone());
        }
        let (sender, messages) = unbounded();
        let commits = Arc::new(Commits::new(scenarios));
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
            last,
        })
    }

    /// The way into the cube for one scenario, behind what is committed of it.
    ///
    /// # Panics
    /// When there is no such scenario.
    #[must_use]
    pub fn lane(&self, scenario: usize) -> Lane<'_> {
        let last = self.last[scenario].as_ref();
        Lane {
            writer: self,
            number: scenario,
            uncommitted: VecDeque::new(),
            next: last.map_or(0, |record| record.index + 1),
        }
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
}

/// The snapshots of one scenario on their way into the cube, in order.
#[derive(Debug)]
pub struct Lane<'a> {
    writer: &'a CubeWriter,
    /// Number of the scenario, 0 of a run.
    number: usize,
    /// When each snapshot that is not committed yet was handed over.
    uncommitted: VecDeque<Instant>,
    next: u64,
}

impl Lane<'_> {
    /// Line 1 of the cube's journal.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.writer.blocks.header
    }

    /// Whether all snapshots of the scenario are in the cube or on their way to it.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.next == self.scenario().snapshots()
    }

    /// Snapshots in the cube and on their way to it.
    #[must_use]
    pub fn handed_over(&self) -> u64 {
        self.next
    }

    /// The step of the last snapshot handed over.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        let last = self.next.checked_sub(1)?;
        Some(last * self.scenario().nper)
    }

    /// Reads the last snapshot that was committed before into `bytes`, and believes it only if its
    /// digest is the journal's; `None` if there was none.
    ///
    /// # Errors
    /// [`CubeError::DamagedSnapshot`], [`CubeError::Io`].
    pub fn last(&self, bytes: &mut [u8]) -> Result<Option<&Record>, CubeError> {
        let Some(record) = &self.writer.last[self.number] else {
            return Ok(None);
        };
        let cube = &self.writer.blocks.cube;
        cube.read(self.header().offset_of(record.slot()), bytes)?;
        if digest::of_bytes(bytes) != record.sha256 {
            return Err(CubeError::DamagedSnapshot {
                cube: cube.path.clone(),
                snapshot: record.slot(),
            });
        }
        Ok(Some(record))
    }

    /// Takes over the next snapshot. Returns as soon as its bytes are copied, unless an earlier one
    /// has waited too long for its commit.
    ///
    /// `false` means that the writer has failed; [`CubeWriter::finish`] says why.
    #[must_use]
    pub fn put(&mut self, clock: Clock, summary: Summary, bytes: &[u8]) -> bool {
        let overdue = |since: &&Instant| since.elapsed() > AT_RISK;
        let late = self.uncommitted.iter().take_while(overdue).count();
        let settled = self.wait_for(late as u64) && (self.next > 0 || self.pad());
        self.uncommitted.push_back(Instant::now());
        let slot = Slot {
            scenario: self.header().is_sweep().then_some(self.number),
            index: self.next,
        };
        self.next += 1;
        let record = Record::new(slot, clock, summary);
        settled && self.writer.blocks.put(record, bytes)
    }

    /// Fills the places behind the scenario's last snapshot with NaN; they are durable with its first.
    ///
    /// `false` as for [`put`](Self::put).
    fn pad(&self) -> bool {
        let header = self.header();
        let scenario = header.is_sweep().then_some(self.number);
        let place = |index| header.offset_of(Slot { scenario, index });
        let own = self.scenario().snapshots();
        let (start, end) = (place(own), place(header.snapshots_each()));
        if start == end {
            return true;
        }
        let nan = match header.dtype.bytes {
            4 => f32::NAN.to_le_bytes().repeat(BLOCK / 4),
            _ => f64::NAN.to_le_bytes().repeat(BLOCK / 8),
        };
        let blocks = &self.writer.blocks;
        let padded = (start..end).step_by(BLOCK).try_for_each(|at| {
            #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
            let length = (end - at).min(BLOCK as u64) as usize;
            blocks.cube.place(at, &nan[..length])
        });
        padded
            .map_err(|error| blocks.messages.send(Message::Failed(error)))
            .is_ok()
    }

    /// Waits until everything handed over is committed; `false` as for [`put`](Self::put).
    #[must_use]
    pub fn flush(&mut self) -> bool {
        self.wait_for(self.uncommitted.len() as u64)
    }

    fn scenario(&self) -> &Scenario {
        &self.header().scenarios()[self.number]
    }

    /// Waits until `count` more snapshots are committed.
    fn wait_for(&mut self, count: u64) -> bool {
        let (done, failed) = self.writer.commits.wait(self.number, count);
        self.uncommitted.drain(..usize::try_from(done).unwrap_or(0));
        !failed
    }
}

/// Cuts snapshots into blocks and lets its workers hash and place them.
#[derive(Debug)]
struct BlockWriter {
    workers: rayon::ThreadPool,
    cube: Arc<CubeFile>,
    header: Header,
    messages: Sender<Message>,
    give_back: Sender<Vec<u8>>,
    buffers: Receiver<Vec<u8>>,
}

enum Message {
    /// Something else than a block could not be written.
    Failed(io::Error),
    /// A snapshot follows, in so many blocks.
    Snapshot(Record, usize),
    /// One of its blocks is in the file.
    Block {
        slot: Slot,
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
        let slot = record.slot();
        let begin = self.header.offset_of(slot);
        let blocks = bytes.chunks(BLOCK);
        let announced = self.messages.send(Message::Snapshot(record, blocks.len()));
        if announced.is_err() {
            return false;
        }
        for (number, block) in blocks.enumerate() {
            let Ok(mut buffer) = self.buffers.recv() else {
                return false;
            };
            buffer.clear();
            buffer.extend_from_slice(block);
            let cube = Arc::clone(&self.cube);
            let (messages, give_back) = (self.messages.clone(), self.give_back.clone());
            self.workers.spawn(move || {
                let start = Instant::now();
                let digest = digest::of_block(&buffer);
                let placed = cube.place(begin + (number * BLOCK) as u64, &buffer);
                // Whoever would receive these has failed or finished, and said so itself.
                let _ = give_back.send(buffer);
                let _ = messages.send(Message::Block {
                    slot,
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
    committed: Sender<Record>,
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
            Message::Failed(error) => {
                return Err(CubeError::io("write", &self.store.paths.cube)(error));
            }
            Message::Snapshot(record, blocks) => self.open.push_back(Open {
                record,
                digests: vec![None; blocks],
            }),
            Message::Block {
                slot,
                number,
                digest,
                took,
            } => {
                self.times.write += took;
                let digest = digest.map_err(CubeError::io("write", &self.store.paths.cube))?;
                let mut open = self.open.iter_mut();
                if let Some(snapshot) = open.find(|open| open.record.slot() == slot) {
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
        if records.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let header = &self.store.header;
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for record in &records {
            let start = header.offset_of(record.slot());
            let end = start + header.snapshot_bytes();
            match ranges.last_mut() {
                Some(range) if range.end == start => range.end = end,
                _ => ranges.push(start..end),
            }
        }
        self.store
            .cube
            .sync(&ranges)
            .map_err(CubeError::io("sync", &self.store.paths.cube))?;
        self.store.list(&records)?;
        self.times.sync += start.elapsed();
        self.commits.add(&records);
        for record in records {
            // Nobody has to listen.
            let _ = self.committed.send(record);
        }
        Ok(())
    }
}

/// How far the committer is, for the lanes that wait for it.
#[derive(Debug)]
struct Commits {
    state: Mutex<CommitState>,
    changed: Condvar,
}

#[derive(Debug)]
struct CommitState {
    /// Snapshots of each scenario, committed and not yet reported to its lane.
    fresh: Vec<u64>,
    ended: bool,
    failed: bool,
}

impl Commits {
    fn new(scenarios: usize) -> Self {
        Self {
            state: Mutex::new(CommitState {
                fresh: vec![0; scenarios],
                ended: false,
                failed: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, CommitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, records: &[Record]) {
        let mut state = self.lock();
        for record in records {
            state.fresh[record.slot().scenario()] += 1;
        }
        self.changed.notify_all();
    }

    fn end(&self, failed: bool) {
        let mut state = self.lock();
        (state.ended, state.failed) = (true, failed);
        self.changed.notify_all();
    }

    /// Waits until `count` fresh commits of a scenario are there or no more will come; takes all
    /// there are.
    fn wait(&self, scenario: usize, count: u64) -> (u64, bool) {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| {
                state.fresh[scenario] < count && !state.ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut state.fresh[scenario]), state.failed)
    }
}
