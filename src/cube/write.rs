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
    digest::BLOCK,
    error::CubeError,
    file::CubeFile,
    journal::{Committed, Header, Record, Slot},
    share::{Job, Share},
    store::Store,
};
use crate::{codec::Codec, dynamics::Steadiness, schedule::Clock, summary::Summary};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::{
    collections::VecDeque,
    mem, panic,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub use super::commit::WriteTimes;

/// A snapshot that has waited so long for its commit makes the solver wait: a crash loses this much work
/// beside the interval being computed.
const COMMIT_DELAY: Duration = Duration::from_secs(1);
/// The longest time that a block waits until there are some for each thread of the solver.
const OTHERS_WAIT: Duration = Duration::from_millis(10);

/// Writes and commits the snapshots of one cube.
#[derive(Debug)]
pub struct CubeWriter {
    blocks: BlockWriter,
    counts: Arc<CommitCounts>,
    committer: JoinHandle<Result<(JournalSink, WriteTimes), CubeError>>,
    /// What was committed before.
    before: Committed,
    /// Parts of snapshots to be reported to rank 0, if this is another rank.
    synced: Receiver<SyncedPart>,
}

impl CubeWriter {
    /// Starts the writer of the rank that keeps the journal. Its committer [begins](Store::begin) a cube that is new.
    /// Every committed record is sent to `committed`.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn with_journal(
        store: Store,
        share: Share,
        load: SolverLoad,
        committed: Sender<Record>,
    ) -> Result<Self, CubeError> {
        let before = store.committed.clone();
        let target = CommitTarget {
            cube: Arc::clone(&store.cube),
            header: store.header.clone(),
            share,
        };
        let sink = JournalSink::Journal(Box::new(store));
        Self::start(sink, unbounded().1, target, load, committed, before)
    }

    /// Starts the writer of a rank that continues behind the last snapshots of a cube whose journal rank
    /// 0 keeps.
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
        committed: Sender<Record>,
        before: Committed,
    ) -> Result<Self, CubeError> {
        let refused = CubeError::io("start the writer of", target.cube.path.clone());
        let target = Arc::new(target);
        let (sender, messages) = unbounded();
        let counts = Arc::new(CommitCounts::new(before.scenarios()));
        let committer = Committer::new(sink, Arc::clone(&target), Arc::clone(&counts), committed);
        let blocks = BlockWriter::new(target, load, sender);
        let started = blocks.and_then(|blocks| {
            let committer = thread::Builder::new()
                .name("committer".to_owned())
                .spawn(move || committer.run(&messages))?;
            Ok((blocks, committer))
        });
        let (blocks, committer) = started.map_err(refused)?;
        Ok(Self {
            blocks,
            counts,
            committer,
            before,
            synced,
        })
    }

    /// Line 1 of the cube's journal.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.blocks.target().header
    }

    /// The writer of one scenario, which continues behind what is committed of it.
    ///
    /// # Panics
    /// When there is no such scenario.
    #[must_use]
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

    /// Whether all snapshots of a scenario were committed before.
    #[must_use]
    pub fn was_complete(&self, number: usize) -> bool {
        self.before.of(number) == self.header().snapshots_of(number)
    }

    /// Takes the parts that this rank has synced since the last call and rank 0 must hear of.
    #[must_use]
    pub fn take_synced(&self) -> Vec<SyncedPart> {
        self.synced.try_iter().collect()
    }

    /// Passes on what other ranks have synced, on the rank that keeps the journal.
    pub fn add_synced(&self, parts: Vec<SyncedPart>) {
        for part in parts {
            // A committer that has ended has failed, and finish tells why.
            let _ = self.blocks.messages().send(CommitMessage::Synced(part));
        }
    }

    /// Whether writing or syncing has failed; [`CubeWriter::finish`] tells why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.counts.has_failed()
    }

    /// Whether the cube or the journal was deleted, moved or replaced; [`CubeWriter::finish`] tells more.
    #[must_use]
    pub fn has_lost_files(&self) -> bool {
        self.counts.has_lost_files()
    }

    /// Commits what is left and stops. Returns the synced parts that rank 0 must still hear of, and
    /// whether the cube is then complete, as far as this rank knows. Of a run that `has_failed` no new files are left in which
    /// nothing is committed.
    ///
    /// # Errors
    /// The first error of writing or syncing; what was committed before stays committed.
    pub fn finish(
        self,
        has_failed: bool,
    ) -> (Vec<SyncedPart>, Result<(bool, WriteTimes), CubeError>) {
        drop(self.blocks);
        let ended = self
            .committer
            .join()
            .unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        let finished = ended.and_then(|(sink, times)| match sink {
            JournalSink::Journal(store) if store.is_complete() => {
                store.shorten()?;
                Ok((true, times))
            }
            JournalSink::Journal(store) if has_failed => {
                store.remove_if_empty();
                Ok((false, times))
            }
            _ => Ok((false, times)),
        });
        (self.synced.try_iter().collect(), finished)
    }
}

/// Writes the snapshots of one scenario, in order.
#[derive(Debug)]
pub struct ScenarioWriter<'a> {
    writer: &'a CubeWriter,
    /// Number of the scenario, 0 of a run.
    number: usize,
    codec: Codec,
    /// Copied jobs that wait until there are some for each thread.
    waiting: Vec<FilledBlock>,
    /// When the last snapshot was begun, and how long after the one before; zero after the first.
    began: Option<Instant>,
    interval: Duration,
    /// Index of the next snapshot.
    next: u64,
    /// Snapshots begun since the writer was started.
    begun: u64,
    /// When the last of these were begun, at least all that are not committed yet.
    begun_at: VecDeque<Instant>,
}

impl ScenarioWriter<'_> {
    /// The same for states that stand like this in snapshots.
    #[must_use]
    pub fn with_codec(self, codec: Codec) -> Self {
        Self { codec, ..self }
    }

    /// Line 1 of the cube's journal.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.writer.header()
    }

    /// The share of this rank in the snapshots.
    #[must_use]
    pub fn share(&self) -> &Share {
        &self.writer.blocks.target().share
    }

    /// The cube's file.
    #[must_use]
    pub fn file(&self) -> &CubeFile {
        &self.writer.blocks.target().cube
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
        Some(self.header().steps_per_snapshot(self.number).step_of(last))
    }

    /// The last snapshot that was committed before, if there was one and more are to come.
    #[must_use]
    pub fn last(&self) -> Option<&Record> {
        self.writer.before.last_of_unfinished(self.number)
    }

    /// Whether writing or syncing has failed; [`CubeWriter::finish`] tells why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.writer.has_failed()
    }

    /// As [`CubeWriter::has_lost_files`].
    #[must_use]
    pub fn has_lost_files(&self) -> bool {
        self.writer.has_lost_files()
    }

    /// Snapshots handed over here that are not committed yet; on ranks without the journal, those whose
    /// part is not synced yet.
    #[must_use]
    pub fn uncommitted(&self) -> u64 {
        let committed = self.writer.counts.of(self.number);
        self.begun.saturating_sub(committed)
    }

    /// Whether a snapshot has waited for its commit for so long that the solver should wait.
    #[must_use]
    pub fn is_late(&self) -> bool {
        let uncommitted = usize::try_from(self.uncommitted()).unwrap_or(usize::MAX);
        let first = self.begun_at.len().checked_sub(uncommitted);
        let oldest = first.and_then(|first| self.begun_at.get(first));
        !self.has_failed() && oldest.is_some_and(|began| began.elapsed() > COMMIT_DELAY)
    }

    /// Waits until no longer exactly `uncommitted` snapshots are, or for so long.
    pub fn wait(&self, uncommitted: u64, at_most: Duration) {
        let committed = self.begun.saturating_sub(uncommitted);
        self.writer.counts.wait(self.number, committed, at_most);
    }

    /// Begins the next snapshot: it is whole once all jobs of every rank's share are done and it was
    /// [ended](Self::end). Returns the byte of the file where it begins.
    pub fn begin(&mut self, clock: Clock) -> u64 {
        let slot = self.slot(self.next);
        let begin = self.header().offset_of(slot);
        let record = Record::new(slot, clock, Summary::NONE);
        let jobs = self.share().jobs(begin).len();
        if self.next == 0 {
            self.pad();
        }
        self.send(CommitMessage::Snapshot(record, jobs));
        let now = Instant::now();
        self.interval = self.began.map_or(Duration::ZERO, |last| now - last);
        self.began = Some(now);
        self.next += 1;
        let uncommitted = usize::try_from(self.uncommitted()).unwrap_or(usize::MAX);
        let committed = self.begun_at.len().saturating_sub(uncommitted);
        self.begun_at.drain(..committed);
        self.begun_at.push_back(now);
        self.begun += 1;
        begin
    }

    /// Takes a job of the snapshot begun last, with its bytes, of which there may be two pieces.
    pub fn place(&mut self, job: &Job, bytes: [&[u8]; 2]) {
        if self.has_failed() {
            return;
        }
        let slot = self.slot(self.next - 1);
        let blocks = &self.writer.blocks;
        let filled = blocks.fill(slot, job, bytes, &self.codec);
        self.waiting.push(filled);
        if self.waiting.len() >= blocks.at_once() {
            self.write_rest();
        }
    }

    /// Ends the snapshot begun last, all jobs of which have been placed; the run ends with it if it is steady. They wait
    /// for those of the next ones if these come soon.
    pub fn end(&mut self, summary: Summary, steadiness: Steadiness) {
        self.send(CommitMessage::Summary(
            self.slot(self.next - 1),
            summary,
            steadiness,
        ));
        // Those that come before the cube has begun are written by whoever comes next: the next steps need not wait.
        let has_time = self.interval > OTHERS_WAIT && self.file().has_begun();
        if has_time || self.next == self.snapshots() {
            self.write_rest();
        }
    }

    /// Writes the jobs that have waited for others for too long. To be called now and then.
    pub fn write_overdue(&mut self) {
        if self.began.is_some_and(|last| last.elapsed() > OTHERS_WAIT) {
            self.write_rest();
        }
    }

    /// Waits until the bytes of all jobs are in the file, where others may read them.
    pub fn wait_until_written(&mut self) {
        self.write_rest();
        self.writer.blocks.wait();
    }

    /// Writes the jobs that wait.
    pub fn write_rest(&mut self) {
        self.writer.blocks.write(mem::take(&mut self.waiting));
    }

    /// Fills the places behind the scenario's last snapshot with NaN, of one that may end early those behind its first; they are
    /// durable with its first.
    fn pad(&self) {
        let header = self.header();
        let place = |index| header.offset_of(self.slot(index));
        let first = match header.is_sweep() && header.may_end_early(self.number) {
            true => 1,
            false => self.snapshots(),
        };
        let (start, end) = (place(first), place(header.snapshots_each()));
        let nan = nans(header, end - start);
        let padded = (start..end).step_by(BLOCK).try_for_each(|at| {
            #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
            let length = (end - at).min(BLOCK as u64) as usize;
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

    /// Its snapshot of a number.
    #[must_use]
    pub fn slot(&self, index: u64) -> Slot {
        Slot {
            scenario: self.header().is_sweep().then_some(self.number),
            index,
        }
    }

    fn snapshots(&self) -> u64 {
        self.header().snapshots_of(self.number)
    }
}
