//! [`CubeWriter`]: snapshots into the file and the journal while the solvers go on.
//!
//! ```text
//!  place ─ jobs of at most 4 MiB ─▶ threads: hash, write
//!                                             │
//!         committed ◀─ committer: sync, list, sync
//! ```
//!
//! A solver copies its field into buffers. Where it leaves a processor free, threads of the writer hash
//! and write a block as soon as it is there; otherwise the threads of the solver do, a few at a time. The
//! committer takes all snapshots that are whole, a hundred times a second at most: several share a sync where
//! they come faster. Every scenario has a [`ScenarioWriter`]; a run has one scenario, a sweep many at a
//! time. Where ranks share a cube, each writes its [`Share`] and reports to rank 0, which keeps the
//! journal.

use super::{
    blocks::{BlockWriter, FilledBlock, SolverLoad, nans},
    commit::{CommitCounts, CommitMessage, CommitTarget, Committer, JournalSink, SyncedPart},
    conclusion::Conclusion,
    digest::BLOCK,
    error::CubeError,
    file::CubeFile,
    journal::{Commit, Committed, Header, SnapshotId},
    share::{Job, Share},
    store::Store,
};
use crate::{codec::Codec, schedule::Clock, summary::Summary};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::{
    collections::VecDeque,
    io, mem, panic,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub use super::commit::WriteTimes;

/// The longest time that a snapshot waits for its commit before the solver waits, too. A crash loses this much work
/// beside the interval being computed.
const COMMIT_DELAY: Duration = Duration::from_secs(1);
/// The longest time that a block waits for further blocks before the solver's threads write the waiting blocks.
const OTHERS_WAIT: Duration = Duration::from_millis(10);

/// Writes and commits the snapshots of one cube.
#[derive(Debug)]
pub struct CubeWriter {
    blocks: BlockWriter,
    counts: Arc<CommitCounts>,
    committer: JoinHandle<Result<(JournalSink, WriteTimes), CubeError>>,
    /// What was committed before the writer started.
    before: Committed,
    /// Synced parts of snapshots that rank 0 must hear of, if this is another rank.
    synced: Receiver<SyncedPart>,
}

/// What a writer leaves when it has finished.
#[derive(Debug)]
pub struct Finished {
    /// Whether the cube is complete as far as this rank knows.
    pub is_complete: bool,
    /// The times of writing.
    pub times: WriteTimes,
    /// On rank 0, the files. The journal is locked while they are open, so that nobody repairs what is still to be finished
    /// beside the cube.
    pub store: Option<Box<Store>>,
}

impl CubeWriter {
    /// Starts the writer of the rank that keeps the journal. Its committer [begins](Store::begin) a new cube. Every
    /// committed commit is sent to `committed`.
    ///
    /// # Errors
    /// If the system refuses threads.
    pub fn with_journal(
        store: Store,
        share: Share,
        load: SolverLoad,
        committed: Sender<Commit>,
    ) -> Result<Self, CubeError> {
        let commits = store.committed.clone();
        let target = CommitTarget {
            cube: Arc::clone(&store.cube),
            header: store.header.clone(),
            share,
        };
        let sink = JournalSink::Journal(Box::new(store));
        Self::start(sink, unbounded().1, target, load, committed, commits)
    }

    /// Starts the writer of a rank without the journal, which rank 0 keeps. It continues behind the last committed
    /// snapshots.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn without_journal(
        cube: CubeFile,
        header: Header,
        before: Committed,
        share: Share,
        load: SolverLoad,
    ) -> Result<Self, CubeError> {
        let (sender, synced) = unbounded();
        let target = CommitTarget {
            cube: Arc::new(cube),
            header,
            share,
        };
        let sink = JournalSink::Root(sender);
        Self::start(sink, synced, target, load, unbounded().0, before)
    }

    fn start(
        sink: JournalSink,
        synced: Receiver<SyncedPart>,
        target: CommitTarget,
        load: SolverLoad,
        committed: Sender<Commit>,
        before: Committed,
    ) -> Result<Self, CubeError> {
        let path = target.cube.path.clone();
        let refused = CubeError::io("start the writer of", path.clone());
        let target = Arc::new(target);
        let (sender, messages) = unbounded();
        let counts = Arc::new(CommitCounts::new(before.scenarios()));
        let committer = Committer::new(sink, Arc::clone(&target), Arc::clone(&counts), committed);
        let blocks = BlockWriter::new(target, load, sender);
        // The committer is handed to its thread, which exists then: a system that refuses the thread leaves no files.
        let (hand_over, handed_over) = bounded(1);
        let started = blocks.and_then(|blocks| {
            let thread = thread::Builder::new().name("committer".to_owned());
            let running = thread.spawn(move || match handed_over.recv() {
                Ok(committer) => Committer::run(committer, &messages),
                Err(_) => Err(CubeError::io("start the writer of", &path)(
                    io::ErrorKind::Interrupted.into(),
                )),
            });
            Ok((blocks, running?))
        });
        let (blocks, running) = match started {
            Ok(started) => started,
            Err(error) => {
                committer.give_up();
                return Err(refused(error));
            }
        };
        // The thread waits for it.
        let _ = hand_over.send(committer);
        let committer = running;
        Ok(Self {
            blocks,
            counts,
            committer,
            before,
            synced,
        })
    }

    /// Line 1 of the cube's journal.
    pub fn header(&self) -> &Header {
        &self.blocks.target().header
    }

    /// The writer of one scenario, which continues behind the committed snapshots of that scenario.
    ///
    /// # Panics
    /// When there is no such scenario.
    pub fn scenario(&self, number: usize) -> ScenarioWriter<'_> {
        ScenarioWriter {
            writer: self,
            number,
            codec: Codec::default(),
            waiting: Vec::new(),
            began: None,
            interval: Duration::ZERO,
            next: self.before.of(number),
            begun: self.counts.of(number),
            begun_at: VecDeque::new(),
        }
    }

    /// Waits for line 1 of the journal.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn wait_until_begun(&self) -> Result<(), CubeError> {
        let file = &self.blocks.target().cube;
        let begun = file.wait_until_begun();
        begun.map_err(CubeError::io("begin", &file.path))
    }

    /// Whether all snapshots of a scenario were committed before.
    pub fn was_complete(&self, number: usize) -> bool {
        self.before.is_complete(number)
    }

    /// Returns the parts that this rank has synced since the last call, to be reported to rank 0.
    pub fn take_synced(&self) -> Vec<SyncedPart> {
        self.synced.try_iter().collect()
    }

    /// Records the parts that other ranks have synced, on the rank that keeps the journal.
    pub fn add_synced(&self, parts: Vec<SyncedPart>) {
        for part in parts {
            // A committer that has ended has failed, and finish tells why.
            let _ = self.blocks.messages().send(CommitMessage::Synced(part));
        }
    }

    /// Whether writing or syncing has failed; [`CubeWriter::finish`] tells why.
    pub fn has_failed(&self) -> bool {
        self.counts.has_failed()
    }

    /// Whether the cube or the journal was deleted, moved or replaced; [`CubeWriter::finish`] tells more.
    pub fn has_lost_files(&self) -> bool {
        self.counts.has_lost_files()
    }

    /// Commits the remaining snapshots and stops. Returns the synced parts that rank 0 must still hear of. If the run `has_failed`
    /// and nothing is committed, its new files are removed.
    ///
    /// # Errors
    /// The first error of writing or syncing; earlier commits stay.
    pub fn finish(self, has_failed: bool) -> (Vec<SyncedPart>, Result<Finished, CubeError>) {
        drop(self.blocks);
        let ended = self
            .committer
            .join()
            .unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        let finished = ended.and_then(|(sink, times)| {
            let mut finished = Finished {
                is_complete: false,
                times,
                store: None,
            };
            match sink {
                JournalSink::Journal(store) if store.is_complete() => {
                    store.shorten()?;
                    finished.is_complete = true;
                    finished.store = Some(store);
                }
                JournalSink::Journal(store) if has_failed => store.remove_if_empty(),
                JournalSink::Journal(store) => finished.store = Some(store),
                JournalSink::Root(_) => {}
            }
            Ok(finished)
        });
        (self.synced.try_iter().collect(), finished)
    }
}

/// Writes the snapshots of one scenario, in order.
#[derive(Debug)]
pub struct ScenarioWriter<'a> {
    writer: &'a CubeWriter,
    /// The number of the scenario; 0 for a run.
    number: usize,
    codec: Codec,
    /// Copied jobs that wait until there are a few for each thread.
    waiting: Vec<FilledBlock>,
    /// The time at which the last snapshot was begun, and the interval since the one before; zero for the first.
    began: Option<Instant>,
    interval: Duration,
    /// The index of the next snapshot.
    next: u64,
    /// The number of snapshots begun since the writer was started.
    begun: u64,
    /// The times at which the last snapshots were begun. Every uncommitted snapshot has its time here.
    begun_at: VecDeque<Instant>,
}

impl ScenarioWriter<'_> {
    /// Sets how the states of this scenario are stored in snapshots.
    pub fn with_codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }

    /// The writer of the whole cube.
    pub fn writer(&self) -> &CubeWriter {
        self.writer
    }

    /// Line 1 of the cube's journal.
    pub fn header(&self) -> &Header {
        self.writer.header()
    }

    /// The share of this rank in the snapshots.
    pub fn share(&self) -> &Share {
        &self.writer.blocks.target().share
    }

    /// The cube's file.
    pub fn file(&self) -> &CubeFile {
        &self.writer.blocks.target().cube
    }

    /// The number of snapshots in the cube and on their way to it.
    pub fn handed_over(&self) -> u64 {
        self.next
    }

    /// The step of the last snapshot that was handed over.
    pub fn last_step(&self) -> Option<u64> {
        let last_index = self.next.checked_sub(1)?;
        let steps = self.header().steps_per_snapshot(self.number);
        Some(steps.step_of(last_index))
    }

    /// The last snapshot committed by an earlier process, if this process is to continue the scenario from it.
    pub fn last(&self) -> Option<&Commit> {
        self.writer.before.last_of_unfinished(self.number)
    }

    /// Whether writing or syncing has failed; [`CubeWriter::finish`] tells why.
    pub fn has_failed(&self) -> bool {
        self.writer.has_failed()
    }

    /// Whether the cube or the journal was deleted, moved or replaced, as [`CubeWriter::has_lost_files`] says.
    pub fn has_lost_files(&self) -> bool {
        self.writer.has_lost_files()
    }

    /// The number of snapshots handed over here and not committed yet; on ranks without the journal, of snapshots whose
    /// part is not synced yet.
    pub fn uncommitted(&self) -> u64 {
        let committed = self.writer.counts.of(self.number);
        self.begun.saturating_sub(committed)
    }

    /// Whether a snapshot has waited so long for its commit that the solver should wait.
    pub fn is_late(&self) -> bool {
        let uncommitted = usize::try_from(self.uncommitted()).unwrap_or(usize::MAX);
        let oldest_index = self.begun_at.len().checked_sub(uncommitted);
        let oldest = oldest_index.and_then(|index| self.begun_at.get(index));
        !self.has_failed() && oldest.is_some_and(|began| began.elapsed() > COMMIT_DELAY)
    }

    /// Waits until the number of uncommitted snapshots differs from `uncommitted`, but at most for the time `at_most`.
    pub fn wait(&self, uncommitted: u64, at_most: Duration) {
        let committed = self.begun.saturating_sub(uncommitted);
        self.writer.counts.wait(self.number, committed, at_most);
    }

    /// Begins the next snapshot, which is complete once the jobs of every rank's share are done and it was
    /// [ended](Self::end). Returns the byte of the file at which it begins.
    pub fn begin(&mut self, clock: Clock) -> u64 {
        let id = self.id_of(self.next);
        let snapshot_begin = self.header().offset_of(id);
        let commit = Commit::new(id, clock, Summary::NONE);
        let jobs = self.share().jobs(snapshot_begin).len();
        if self.next == 0 {
            self.pad();
        }
        self.send(CommitMessage::Snapshot(commit, jobs));
        let begin_time = Instant::now();
        self.interval = self.began.map_or(Duration::ZERO, |last| begin_time - last);
        self.began = Some(begin_time);
        self.next += 1;
        let uncommitted = usize::try_from(self.uncommitted()).unwrap_or(usize::MAX);
        let committed = self.begun_at.len().saturating_sub(uncommitted);
        self.begun_at.drain(..committed);
        self.begun_at.push_back(begin_time);
        self.begun += 1;
        snapshot_begin
    }

    /// Takes a job of the snapshot begun last, with its bytes in one or two pieces.
    pub fn place(&mut self, job: &Job, bytes: [&[u8]; 2]) {
        if self.has_failed() {
            return;
        }
        let id = self.id_of(self.next - 1);
        let blocks = &self.writer.blocks;
        let filled = blocks.fill(id, job, bytes, &self.codec);
        self.waiting.push(filled);
        if self.waiting.len() >= blocks.at_once() {
            self.write_rest();
        }
    }

    /// Ends the snapshot begun last, all jobs of which have been placed. They wait for those of the next ones if these come
    /// soon.
    pub fn end(&mut self, conclusion: Conclusion) {
        let id = self.id_of(self.next - 1);
        self.send(CommitMessage::Conclusion(id, conclusion));
        // Those that come before the cube has begun are written by whoever comes next: the next steps need not wait.
        let has_time = self.interval > OTHERS_WAIT && self.file().has_begun();
        if has_time || self.next == self.snapshots() {
            self.write_rest();
        }
    }

    /// Writes jobs that have waited too long for further jobs. The solver calls this regularly.
    pub fn write_overdue(&mut self) {
        if self.began.is_some_and(|last| last.elapsed() > OTHERS_WAIT) {
            self.write_rest();
        }
    }

    /// Waits until the bytes of all jobs are in the file, where others can read them.
    pub fn wait_until_written(&mut self) {
        self.write_rest();
        self.writer.blocks.wait();
    }

    /// Writes the waiting jobs.
    pub fn write_rest(&mut self) {
        self.writer.blocks.write(mem::take(&mut self.waiting));
    }

    /// Fills the places behind the scenario's last snapshot with NaN; if the scenario may end early, all places behind
    /// its first snapshot. The NaN become durable with the first snapshot.
    fn pad(&self) {
        let header = self.header();
        let first_padded = if header.is_sweep() && header.may_end_early(self.number) {
            1
        } else {
            self.snapshots()
        };
        let [start, padding_end] = [first_padded, header.snapshots_each()]
            .map(|index| header.offset_of(self.id_of(index)));
        let nan = nans(header, padding_end - start);
        let padded = (start..padding_end).step_by(BLOCK).try_for_each(|at| {
            let length = (padding_end - at).min(BLOCK as u64) as usize;
            self.file().place(at, &nan[..length])
        });
        if let Err(error) = padded {
            self.send(CommitMessage::Failed(error));
        }
    }

    fn send(&self, message: CommitMessage) {
        // A committer that has ended has failed, and finish tells why.
        let _ = self.writer.blocks.messages().send(message);
    }

    /// The place of a snapshot of this scenario.
    pub fn id_of(&self, index: u64) -> SnapshotId {
        SnapshotId {
            scenario: self.header().is_sweep().then_some(self.number),
            index,
        }
    }

    fn snapshots(&self) -> u64 {
        self.header().snapshots_of(self.number)
    }
}
