//! The committer: syncs what is in the file, and tells of it where it counts.

use super::{
    digest::{self, BlockDigest},
    error::CubeError,
    file::CubeFile,
    journal::{Header, Record, Slot},
    share::Share,
    store::Store,
};
use crossbeam_channel::{Receiver, Sender};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    io,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What the writer did beside the solvers' own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// Time spent hashing and placing blocks, all workers together.
    pub write: Duration,
    /// Time spent making them durable.
    pub sync: Duration,
}

/// The part of a rank in one snapshot is in the file and synced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    record: Record,
    /// The blocks that it has hashed.
    digests: Vec<(usize, BlockDigest)>,
}

/// Who is told that a snapshot, or a rank's part of it, is durable.
#[derive(Debug)]
pub(super) enum Ledger {
    /// The journal, in which it is then committed.
    Journal(Box<Store>),
    /// The rank that keeps the journal.
    Root(Sender<Report>),
}

/// What the committer hears.
pub(super) enum Message {
    /// Something else than a job could not be done.
    Failed(io::Error),
    /// A snapshot follows, in so many jobs of this rank.
    Snapshot(Record, usize),
    /// One of them is done.
    Job {
        slot: Slot,
        digest: io::Result<Option<(usize, BlockDigest)>>,
        took: Duration,
    },
    /// Another rank has done its part.
    Report(Report),
}

/// A snapshot that is not whole yet.
struct Open {
    record: Record,
    digests: Vec<(usize, BlockDigest)>,
    /// Jobs and reports to come.
    missing: usize,
    /// Whether some of it was written here.
    ours: bool,
}

/// The only one who syncs and who writes to the journal.
pub(super) struct Committer {
    ledger: Ledger,
    cube: Arc<CubeFile>,
    header: Header,
    share: Share,
    commits: Arc<Commits>,
    committed: Sender<Record>,
    open: VecDeque<Open>,
    times: Times,
}

impl Committer {
    pub fn new(
        ledger: Ledger,
        cube: Arc<CubeFile>,
        header: Header,
        share: Share,
        commits: Arc<Commits>,
        committed: Sender<Record>,
    ) -> Self {
        Self {
            ledger,
            cube,
            header,
            share,
            commits,
            committed,
            open: VecDeque::new(),
            times: Times::default(),
        }
    }

    pub fn run(mut self, messages: &Receiver<Message>) -> Result<(Ledger, Times), CubeError> {
        let result = self.commit_all(messages);
        self.commits.end(result.is_err());
        result.map(|()| (self.ledger, self.times))
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
                return Err(CubeError::io("write", &self.cube.path)(error));
            }
            Message::Snapshot(record, jobs) => {
                let reports = match self.ledger {
                    Ledger::Journal(_) => self.share.ranks() - 1,
                    Ledger::Root(_) => 0,
                };
                self.open.push_back(Open {
                    record,
                    digests: Vec::new(),
                    missing: jobs + reports,
                    ours: true,
                });
            }
            Message::Job { slot, digest, took } => {
                self.times.write += took;
                let digest = digest.map_err(CubeError::io("write", &self.cube.path))?;
                self.add(slot, digest);
            }
            Message::Report(Report { record, digests }) if self.header.is_sweep() => {
                // A scenario is one rank's.
                self.open.push_back(Open {
                    record,
                    digests,
                    missing: 0,
                    ours: false,
                });
            }
            Message::Report(Report { record, digests }) => self.add(record.slot(), digests),
        }
        Ok(())
    }

    /// A part of a snapshot is there, with some of its digests.
    fn add(&mut self, slot: Slot, digests: impl IntoIterator<Item = (usize, BlockDigest)>) {
        let mut open = self.open.iter_mut();
        if let Some(snapshot) = open.find(|open| open.record.slot() == slot) {
            snapshot.digests.extend(digests);
            snapshot.missing -= 1;
        }
    }

    /// Commits the snapshots that are whole, up to the first that is not: one sync for all of them.
    fn commit_whole(&mut self) -> Result<(), CubeError> {
        let count = self.open.iter().take_while(|open| open.missing == 0);
        let whole: Vec<Open> = self.open.drain(..count.count()).collect();
        if whole.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for open in whole.iter().filter(|open| open.ours) {
            let begin = self.header.offset_of(open.record.slot());
            let written = self.share.written(begin);
            for written in written.iter().filter(|range| !range.is_empty()) {
                let (start, end) = (begin + written.start, begin + written.end);
                match ranges.last_mut() {
                    Some(range) if range.end == start => range.end = end,
                    _ => ranges.push(start..end),
                }
            }
        }
        // A rank that writes nothing has nothing to sync.
        if !ranges.is_empty() {
            self.cube
                .sync(&ranges)
                .map_err(CubeError::io("sync", &self.cube.path))?;
        }
        let slots: Vec<Slot> = whole.iter().map(|open| open.record.slot()).collect();
        match &mut self.ledger {
            Ledger::Journal(store) => {
                let records: Vec<Record> = whole.into_iter().map(Open::record).collect();
                store.list(&records)?;
                for record in records {
                    // Nobody has to listen.
                    let _ = self.committed.send(record);
                }
            }
            Ledger::Root(reports) => {
                for open in whole {
                    // Whoever would pass it on has ended, and knows why.
                    let _ = reports.send(Report {
                        record: open.record,
                        digests: open.digests,
                    });
                }
            }
        }
        self.times.sync += start.elapsed();
        self.commits.add(&slots);
        Ok(())
    }
}

impl Open {
    fn record(mut self) -> Record {
        self.digests.sort_unstable_by_key(|(number, _)| *number);
        let digests: Vec<BlockDigest> = self.digests.iter().map(|(_, digest)| *digest).collect();
        Record {
            sha256: digest::of_blocks(&digests),
            ..self.record
        }
    }
}

/// How far the committer is, for the lanes that wait for it.
#[derive(Debug)]
pub(super) struct Commits {
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
    pub fn new(scenarios: usize) -> Self {
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

    fn add(&self, slots: &[Slot]) {
        let mut state = self.lock();
        for slot in slots {
            state.fresh[slot.scenario()] += 1;
        }
        self.changed.notify_all();
    }

    fn end(&self, failed: bool) {
        let mut state = self.lock();
        (state.ended, state.failed) = (true, failed);
        self.changed.notify_all();
    }

    /// The fresh commits of a scenario, and whether the committer has failed.
    pub fn take(&self, scenario: usize) -> (u64, bool) {
        let mut state = self.lock();
        (std::mem::take(&mut state.fresh[scenario]), state.failed)
    }

    pub fn have_failed(&self) -> bool {
        self.lock().failed
    }

    /// Waits until there is a fresh commit of a scenario, or no more will come, or for so long.
    pub fn wait(&self, scenario: usize, at_most: Duration) {
        let nothing_new = |state: &mut CommitState| state.fresh[scenario] == 0 && !state.ended;
        drop(
            self.changed
                .wait_timeout_while(self.lock(), at_most, nothing_new),
        );
    }
}
