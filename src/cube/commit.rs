//! The committer: syncs snapshots and lists them in the journal, or reports them to the rank that keeps the journal.

use super::{
    conclusion::Conclusion,
    digest::{self, BlockDigest},
    error::CubeError,
    file::CubeFile,
    journal::{Commit, Header, SnapshotId},
    share::Share,
    store::Store,
    streams::StreamFile,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    io, mem,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The interval between two checks that cube and journal still have their names.
const NAMES_INTERVAL: Duration = Duration::from_secs(1);
/// The interval between two commits while snapshots keep coming. One sync makes all snapshots durable that are whole by
/// then.
const COMMIT_INTERVAL: Duration = Duration::from_millis(10);

/// Time that the writer has spent in the background, beside the solvers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteTimes {
    /// Time for hashing and writing blocks, summed over all threads.
    pub write: Duration,
    /// Time for making the snapshots durable.
    pub sync: Duration,
}

/// One rank's part of a snapshot, written and synced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncedPart {
    commit: Commit,
    /// The digests of the blocks that the rank hashes.
    digests: Vec<(usize, BlockDigest)>,
}

/// The recorder of durable snapshots: the journal of this process, or the rank that keeps the journal.
#[derive(Debug)]
pub(super) enum JournalSink {
    /// The journal of this process, which commits snapshots.
    Journal(Box<Store>),
    /// The connection to the rank that keeps the journal.
    Root(Sender<SyncedPart>),
}

/// A message to the committer.
pub(super) enum CommitMessage {
    /// Writing to the file has failed.
    Failed(io::Error),
    /// A snapshot follows, in so many jobs of this rank, and then its conclusion.
    Snapshot(Commit, usize),
    /// What is known of a snapshot whose rows are complete.
    Conclusion(SnapshotId, Conclusion),
    /// A job of a snapshot is done.
    Job {
        id: SnapshotId,
        digest: io::Result<Option<(usize, BlockDigest)>>,
        took: Duration,
    },
    /// Another rank has synced its part.
    Synced(SyncedPart),
}

/// A snapshot that is not complete yet.
struct Pending {
    commit: Commit,
    digests: Vec<(usize, BlockDigest)>,
    /// Jobs, the conclusion and parts of other ranks to come.
    missing: usize,
    /// Whether this rank writes a part of the snapshot.
    is_written_here: bool,
    /// Files of streams that must be durable before the journal line of the snapshot.
    files: Vec<Arc<StreamFile>>,
}

/// A cube that is being written, and the share of this rank.
#[derive(Debug)]
pub(super) struct CommitTarget {
    pub cube: Arc<CubeFile>,
    pub header: Header,
    pub share: Share,
}

/// The thread that begins and syncs the cube and writes the journal. No other thread does.
pub(super) struct Committer {
    sink: JournalSink,
    target: Arc<CommitTarget>,
    counts: Arc<CommitCounts>,
    committed: Sender<Commit>,
    /// The snapshots that are not committed yet, in the order of the journal.
    pending: VecDeque<Pending>,
    times: WriteTimes,
    /// The time of the last look at the names of the files.
    names_checked: Instant,
    /// The error that a file has lost its name, once that was seen.
    lost: Option<CubeError>,
}

impl Committer {
    pub fn new(
        sink: JournalSink,
        target: Arc<CommitTarget>,
        counts: Arc<CommitCounts>,
        committed: Sender<Commit>,
    ) -> Self {
        Self {
            sink,
            target,
            counts,
            committed,
            pending: VecDeque::new(),
            times: WriteTimes::default(),
            names_checked: Instant::now(),
            lost: None,
        }
    }

    /// Removes the files that the run has created, of which nothing is committed.
    pub fn give_up(self) {
        if let JournalSink::Journal(store) = self.sink {
            store.remove_if_empty();
        }
    }

    pub fn run(
        mut self,
        messages: &Receiver<CommitMessage>,
    ) -> Result<(JournalSink, WriteTimes), CubeError> {
        let begun = match &mut self.sink {
            JournalSink::Journal(store) => store.begin(),
            JournalSink::Root(_) => Ok(()),
        };
        let committed = begun.and_then(|()| self.commit_all(messages));
        let result = committed.and_then(|()| self.check_names());
        if let (Err(CubeError::Lost { .. }), JournalSink::Journal(store)) = (&result, &self.sink) {
            store.remove_useless_checkpoint();
        }
        self.counts.end(result.is_err());
        result.map(|()| (self.sink, self.times))
    }

    fn commit_all(&mut self, messages: &Receiver<CommitMessage>) -> Result<(), CubeError> {
        let mut committed = None::<Instant>;
        loop {
            let pause = committed.map_or(Duration::ZERO, |last| {
                COMMIT_INTERVAL.saturating_sub(last.elapsed())
            });
            let pause = if self.is_first_whole() {
                pause
            } else {
                NAMES_INTERVAL
            };
            match messages.recv_timeout(pause) {
                Ok(message) => self.take(message)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.commit_whole(),
            }
            for message in messages.try_iter() {
                self.take(message)?;
            }
            if self.is_first_whole()
                && committed.is_none_or(|last| last.elapsed() >= COMMIT_INTERVAL)
            {
                self.commit_whole()?;
                committed = Some(Instant::now());
            }
            if self.names_checked.elapsed() >= NAMES_INTERVAL {
                self.names_checked = Instant::now();
                // What is handed over is committed all the same; the error is that of the end.
                self.lost = self.lost.take().or_else(|| self.check_names().err());
                if self.lost.is_some() {
                    self.counts.lose_files();
                }
            }
        }
    }

    /// Fails once the cube or the journal no longer has its name.
    fn check_names(&mut self) -> Result<(), CubeError> {
        match (self.lost.take(), &self.sink) {
            (Some(error), _) => Err(error),
            (None, JournalSink::Journal(store)) => store.check_names(),
            (None, JournalSink::Root(_)) => Ok(()),
        }
    }

    fn take(&mut self, message: CommitMessage) -> Result<(), CubeError> {
        match message {
            CommitMessage::Failed(error) => {
                return Err(CubeError::io("write", &self.target.cube.path)(error));
            }
            CommitMessage::Snapshot(commit, jobs) => {
                let parts = match self.sink {
                    JournalSink::Journal(_) => self.target.share.ranks() - 1,
                    JournalSink::Root(_) => 0,
                };
                self.pending.push_back(Pending {
                    commit,
                    digests: Vec::new(),
                    missing: jobs + 1 + parts,
                    is_written_here: true,
                    files: Vec::new(),
                });
            }
            CommitMessage::Conclusion(id, mut conclusion) => {
                if let Some(snapshot) = self.find(id) {
                    snapshot.files = mem::take(&mut conclusion.files);
                    snapshot.commit = conclusion.commit(id, snapshot.commit.clock());
                    snapshot.missing -= 1;
                }
            }
            CommitMessage::Job { id, digest, took } => {
                self.times.write += took;
                let digest = digest.map_err(CubeError::io("write", &self.target.cube.path))?;
                self.add(id, digest);
            }
            CommitMessage::Synced(SyncedPart { commit, digests })
                if self.target.header.is_sweep() =>
            {
                // One rank computes and writes all of a scenario.
                self.pending.push_back(Pending {
                    commit,
                    digests,
                    missing: 0,
                    is_written_here: false,
                    files: Vec::new(),
                });
            }
            CommitMessage::Synced(SyncedPart { commit, digests }) => {
                self.add(commit.id(), digests);
            }
        }
        Ok(())
    }

    /// Records that a part of a snapshot is written or synced, with the digests of its blocks.
    fn add(&mut self, id: SnapshotId, digests: impl IntoIterator<Item = (usize, BlockDigest)>) {
        if let Some(snapshot) = self.find(id) {
            snapshot.digests.extend(digests);
            snapshot.missing -= 1;
        }
    }

    fn find(&mut self, id: SnapshotId) -> Option<&mut Pending> {
        let mut pending = self.pending.iter_mut();
        pending.find(|pending| pending.commit.id() == id)
    }

    /// Whether the first pending snapshot is complete and can be committed.
    fn is_first_whole(&self) -> bool {
        self.pending.front().is_some_and(|first| first.missing == 0)
    }

    /// Commits all complete snapshots before the first incomplete one, with one sync for all of them.
    fn commit_whole(&mut self) -> Result<(), CubeError> {
        let leading_whole = self
            .pending
            .iter()
            .take_while(|pending| pending.missing == 0);
        let whole_snapshots: Vec<Pending> = self.pending.drain(..leading_whole.count()).collect();
        if whole_snapshots.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        self.sync(&whole_snapshots)?;
        let ids: Vec<SnapshotId> = whole_snapshots
            .iter()
            .map(|pending| pending.commit.id())
            .collect();
        self.commit(whole_snapshots)?;
        self.times.sync += start.elapsed();
        self.counts.add(&ids);
        Ok(())
    }

    /// Syncs the bytes of snapshots in the cube, and the streams that have marks in their journal lines.
    fn sync(&self, snapshots: &[Pending]) -> Result<(), CubeError> {
        let ranges = self.ranges_of(snapshots);
        // A rank that writes nothing has nothing to sync.
        if !ranges.is_empty() {
            let cube = &self.target.cube;
            cube.sync(&ranges)
                .map_err(CubeError::io("sync", &cube.path))?;
        }
        let mut files: Vec<&Arc<StreamFile>> = snapshots
            .iter()
            .flat_map(|snapshot| &snapshot.files)
            .collect();
        files.sort_by_key(|file| Arc::as_ptr(file));
        files.dedup_by(|file, other| Arc::ptr_eq(file, other));
        files.into_iter().try_for_each(|file| {
            file.sync()?;
            file.is_whole()
        })
    }

    /// The ranges of the cube that this rank has written of snapshots.
    fn ranges_of(&self, snapshots: &[Pending]) -> Vec<Range<u64>> {
        let CommitTarget { header, share, .. } = &*self.target;
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let written_here = snapshots.iter().filter(|pending| pending.is_written_here);
        for pending in written_here {
            let snapshot_begin = header.offset_of(pending.commit.id());
            let written = share.written(snapshot_begin);
            for written in written.iter().filter(|range| !range.is_empty()) {
                let (range_start, range_end) =
                    (snapshot_begin + written.start, snapshot_begin + written.end);
                match ranges.last_mut() {
                    Some(range) if range.end == range_start => range.end = range_end,
                    _ => ranges.push(range_start..range_end),
                }
            }
        }
        ranges
    }

    /// Lists synced snapshots in the journal, or reports them to the rank that keeps it.
    fn commit(&mut self, snapshots: Vec<Pending>) -> Result<(), CubeError> {
        match &mut self.sink {
            JournalSink::Journal(store) => {
                let commits: Vec<Commit> = snapshots.into_iter().map(Pending::commit).collect();
                store.list(&commits)?;
                for commit in commits {
                    // Without an observer there is no receiver.
                    let _ = self.committed.send(commit);
                }
            }
            JournalSink::Root(synced) => {
                for pending in snapshots {
                    // The receiver lives as long as the writer.
                    let _ = synced.send(SyncedPart {
                        commit: pending.commit,
                        digests: pending.digests,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Pending {
    fn commit(mut self) -> Commit {
        self.digests.sort_unstable_by_key(|(number, _)| *number);
        let digests: Vec<BlockDigest> = self.digests.iter().map(|(_, digest)| *digest).collect();
        Commit {
            sha256: digest::of_blocks(&digests),
            ..self.commit
        }
    }
}

/// The number of snapshots of each scenario that were committed since the start; on ranks without the journal, the
/// number of synced parts.
#[derive(Debug)]
pub(super) struct CommitCounts {
    state: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug)]
struct Counts {
    committed: Vec<u64>,
    ended: bool,
    failed: bool,
    lost: bool,
}

impl CommitCounts {
    pub fn new(scenarios: usize) -> Self {
        Self {
            state: Mutex::new(Counts {
                committed: vec![0; scenarios],
                ended: false,
                failed: false,
                lost: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, ids: &[SnapshotId]) {
        let mut state = self.lock();
        for id in ids {
            state.committed[id.scenario()] += 1;
        }
        self.changed.notify_all();
    }

    fn end(&self, failed: bool) {
        let mut state = self.lock();
        (state.ended, state.failed) = (true, failed);
        self.changed.notify_all();
    }

    /// The number of committed snapshots of a scenario.
    pub fn of(&self, scenario: usize) -> u64 {
        self.lock().committed[scenario]
    }

    fn lose_files(&self) {
        self.lock().lost = true;
    }

    /// Whether the cube or the journal was found to have lost its name.
    pub fn has_lost_files(&self) -> bool {
        self.lock().lost
    }

    /// Whether the committer has failed.
    pub fn has_failed(&self) -> bool {
        self.lock().failed
    }

    /// Waits until the count of a scenario differs from `known_count` or no more commits can come, but at most for the
    /// time `at_most`.
    pub fn wait(&self, scenario: usize, known_count: u64, at_most: Duration) {
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), at_most, |state| {
                state.committed[scenario] == known_count && !state.ended
            });
        drop(waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cube::file::Io, problem::Problem, schedule::Clock, summary::Summary};
    use crossbeam_channel::unbounded;
    use std::{path::Path, thread};

    #[test]
    fn a_job_that_takes_long_keeps_no_snapshot_from_its_commit() {
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("params/diff2dparams.toml");
        let problem = Problem::load(&seed, &["dx=1.0".to_owned()]).unwrap();
        let header = Header::of_run(&problem).unwrap();
        let file = tempfile::tempfile().unwrap();
        let bytes = header.cube_bytes();
        file.set_len(bytes).unwrap();
        let cube = CubeFile::begun(file, Path::new("c.npy"), bytes, Io::Write);
        let target = CommitTarget {
            cube: Arc::new(cube),
            share: Share::whole(header.snapshot_bytes()),
            header,
        };
        let counts = Arc::new(CommitCounts::new(1));
        let (synced, parts) = unbounded();
        let committer = Committer::new(
            JournalSink::Root(synced),
            Arc::new(target),
            Arc::clone(&counts),
            unbounded().0,
        );
        let (messages, to_take) = unbounded();
        let id_of = |index| SnapshotId {
            scenario: None,
            index,
        };
        for index in 0..2 {
            let commit = Commit::new(id_of(index), Clock::from(0.0), Summary::NONE);
            messages.send(CommitMessage::Snapshot(commit, 1)).unwrap();
            let message = CommitMessage::Conclusion(id_of(index), Summary::NONE.into());
            messages.send(message).unwrap();
        }
        let done = |index| CommitMessage::Job {
            id: id_of(index),
            digest: Ok(None),
            took: Duration::ZERO,
        };
        messages.send(done(0)).unwrap();
        let committing = thread::spawn(move || committer.run(&to_take));
        assert_eq!(parts.recv().unwrap().commit.index, 0);
        messages.send(done(1)).unwrap();
        drop(messages);
        assert_eq!(parts.recv().unwrap().commit.index, 1);
        committing.join().unwrap().unwrap();
        assert_eq!(counts.of(0), 2);
    }
}
