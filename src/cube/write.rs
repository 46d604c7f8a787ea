//! [`CubeWriter`]: snapshots to the file and into the journal while the solvers go on.
//!
//! ```text
//!  place ─ jobs of at most 4 MiB, a few together ─▶ workers: hash, write
//!                                                             │
//!                         committed ◀─ committer: sync, list, sync
//! ```
//!
//! A solver only copies its field into a few buffers; where it uses every processor, its threads are
//! the workers, too, as others would make them wait for each other. The committer takes whatever
//! snapshots are whole by the time it is free, so that several share a sync where they come faster than
//! the disk. Every scenario writes along a [`Lane`] of its own; a run has one, a sweep many at a time. Where
//! ranks share a cube, each writes its [`Share`], and reports to the one that keeps the journal.

use super::{
    blocks::{BlockWriter, Filled, Solving},
    commit::{Commits, Committer, Ledger, Message, Report},
    digest::BLOCK,
    error::CubeError,
    file::CubeFile,
    journal::{Header, Record, Scenario, Slot},
    share::{Job, Share},
    store::Store,
};
use crate::{schedule::Clock, summary::Summary};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::{
    collections::VecDeque,
    mem, panic,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub use super::commit::Times;

/// Work that may be lost to a crash beyond the interval being computed.
const AT_RISK: Duration = Duration::from_secs(1);
/// How long a block waits for others to be hashed with.
const COMPANY: Duration = Duration::from_millis(10);

/// Writes and commits the snapshots of one cube.
#[derive(Debug)]
pub struct CubeWriter {
    blocks: BlockWriter,
    commits: Arc<Commits>,
    committer: JoinHandle<Result<(Ledger, Times), CubeError>>,
    /// The last snapshot of each scenario that was committed before, if any.
    last: Vec<Option<Record>>,
    /// What the rank that keeps the journal is to hear, if this is another one.
    reports: Receiver<Report>,
}

impl CubeWriter {
    /// Starts the writer's threads; every committed record is sent to `committed`.
    ///
    /// # Errors
    /// When the system refuses threads.
    pub fn start(
        store: Store,
        share: Share,
        solving: Solving,
        committed: Sender<Record>,
    ) -> Result<Self, CubeError> {
        let last = store.last_of_each();
        let (cube, header) = (Arc::clone(&store.cube), store.header.clone());
        Self::with_ledger(
            (Ledger::Journal(Box::new(store)), unbounded().1),
            (cube, header, share),
            solving,
            committed,
            last,
        )
    }

    /// Starts the threads of a rank that writes into a cube whose journal another one keeps, behind
    /// the last snapshot of each scenario.
    ///
    /// # Errors
    /// When the cube cannot be opened or is another one, or the system refuses threads.
    pub fn assist(
        cube: CubeFile,
        header: Header,
        last: Vec<Option<Record>>,
        share: Share,
        solving: Solving,
    ) -> Result<Self, CubeError> {
        let (sender, reports) = unbounded();
        Self::with_ledger(
            (Ledger::Root(sender), reports),
            (Arc::new(cube), header, share),
            solving,
            unbounded().0,
            last,
        )
    }

    fn with_ledger(
        (ledger, reports): (Ledger, Receiver<Report>),
        (cube, header, share): (Arc<CubeFile>, Header, Share),
        solving: Solving,
        committed: Sender<Record>,
        last: Vec<Option<Record>>,
    ) -> Result<Self, CubeError> {
        let refused = CubeError::io("start the writer of", cube.path.clone());
        let (sender, messages) = unbounded();
        let commits = Arc::new(Commits::new(last.len()));
        let committer = Committer::new(
            ledger,
            Arc::clone(&cube),
            header.clone(),
            share.clone(),
            Arc::clone(&commits),
            committed,
        );
        let blocks = BlockWriter::new((cube, header, share), solving, sender);
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
            reports,
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
            pending: Vec::new(),
            began: None,
            interval: Duration::MAX,
            uncommitted: VecDeque::new(),
            next: last.map_or(0, |record| record.index + 1),
            works: true,
        }
    }

    /// What the rank that keeps the journal is to hear.
    #[must_use]
    pub fn reports(&self) -> Receiver<Report> {
        self.reports.clone()
    }

    /// Hears what other ranks report; for the one that keeps the journal.
    pub fn hear(&self, reports: impl IntoIterator<Item = Report>) {
        for report in reports {
            // A committer that has ended has failed.
            let _ = self.blocks.messages().send(Message::Report(report));
        }
    }

    /// Whether writing or syncing has failed; [`CubeWriter::finish`] says how.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.commits.have_failed()
    }

    /// Commits what is left and stops; whether the cube is then complete, as far as this rank knows.
    ///
    /// # Errors
    /// The first error of writing or syncing; what was committed before it stays so.
    pub fn finish(self) -> Result<(bool, Times), CubeError> {
        drop(self.blocks);
        let (ledger, times) = self
            .committer
            .join()
            .unwrap_or_else(|panicked| panic::resume_unwind(panicked))?;
        let complete = matches!(ledger, Ledger::Journal(store) if store.is_complete());
        Ok((complete, times))
    }
}

/// The snapshots of one scenario on their way into the cube, in order.
#[derive(Debug)]
pub struct Lane<'a> {
    writer: &'a CubeWriter,
    /// Number of the scenario, 0 of a run.
    number: usize,
    /// Jobs that wait for company.
    pending: Vec<Filled>,
    /// When the last snapshot was begun, and how long after the one before.
    began: Option<Instant>,
    interval: Duration,
    /// When each snapshot that is not committed yet was handed over.
    uncommitted: VecDeque<Instant>,
    next: u64,
    works: bool,
}

impl Lane<'_> {
    /// Line 1 of the cube's journal.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.writer.blocks.header()
    }

    /// The part of this rank in the snapshots.
    #[must_use]
    pub fn share(&self) -> &Share {
        self.writer.blocks.share()
    }

    /// The cube's file.
    #[must_use]
    pub fn file(&self) -> &CubeFile {
        self.writer.blocks.cube()
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

    /// The last snapshot that was committed before, if there was one.
    #[must_use]
    pub fn last(&self) -> Option<&Record> {
        self.writer.last[self.number].as_ref()
    }

    fn slot(&self, index: u64) -> Slot {
        Slot {
            scenario: self.header().is_sweep().then_some(self.number),
            index,
        }
    }

    /// Begins the next snapshot: it is whole once all jobs of every rank's share are done. Returns
    /// where it begins in the file.
    pub fn begin(&mut self, clock: Clock, summary: Summary) -> u64 {
        let slot = self.slot(self.next);
        let begin = self.header().offset_of(slot);
        let record = Record::new(slot, clock, summary);
        let jobs = self.share().jobs(begin).len();
        let announcement = Message::Snapshot(record, jobs);
        self.works &= self.next > 0 || self.pad();
        self.works &= self.writer.blocks.messages().send(announcement).is_ok();
        let now = Instant::now();
        self.interval = self.began.map_or(Duration::MAX, |last| now - last);
        self.began = Some(now);
        self.uncommitted.push_back(now);
        self.next += 1;
        begin
    }

    /// Takes a job of the snapshot begun last, with its bytes.
    pub fn place(&mut self, job: &Job, bytes: &[u8]) {
        if !self.works {
            return;
        }
        let slot = self.slot(self.next - 1);
        let begin = self.header().offset_of(slot);
        let blocks = &self.writer.blocks;
        if blocks.is_exhausted() {
            self.work_off();
        }
        match blocks.fill(slot, begin, job, bytes) {
            Some(filled) => self.pending.push(filled),
            None => self.works = false,
        }
        if self.pending.len() >= blocks.batch() {
            self.work_off();
        }
    }

    /// Ends the snapshot begun last, all jobs of which have been placed. They may wait for those of the
    /// next ones, if these come soon.
    pub fn end(&mut self) {
        let to_come = self.scenario().snapshots() - self.next;
        // Nothing is computed beside the last snapshot: it shall find the others done.
        if self.interval > COMPANY || to_come <= 1 {
            self.work_off();
        }
    }

    fn work_off(&mut self) {
        self.writer.blocks.work_off(mem::take(&mut self.pending));
    }

    /// Fills the places behind the scenario's last snapshot with NaN; they are durable with its first.
    /// `false` means that the writer has failed.
    fn pad(&self) -> bool {
        let header = self.header();
        let place = |index| header.offset_of(self.slot(index));
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
            blocks.cube().place(at, &nan[..length])
        });
        padded
            .map_err(|error| blocks.messages().send(Message::Failed(error)))
            .is_ok()
    }

    /// Whether the writer goes on, as far as is known; [`CubeWriter::finish`] says why not.
    pub fn works(&mut self) -> bool {
        if self.began.is_some_and(|last| last.elapsed() > COMPANY) {
            self.work_off();
        }
        let (done, failed) = self.writer.commits.take(self.number);
        self.uncommitted.drain(..usize::try_from(done).unwrap_or(0));
        self.works &= !failed;
        self.works
    }

    /// How many snapshots wait for their commit; on ranks without the journal, for being reported.
    pub fn uncommitted(&mut self) -> usize {
        self.works();
        self.uncommitted.len()
    }

    /// Whether a snapshot waits for its commit for so long that no more should be computed.
    pub fn is_late(&mut self) -> bool {
        self.works()
            && self
                .uncommitted
                .front()
                .is_some_and(|since| since.elapsed() > AT_RISK)
    }

    /// Waits until something is committed, or for so long.
    pub fn wait(&self, at_most: Duration) {
        self.writer.commits.wait(self.number, at_most);
    }

    /// What the rank that keeps the journal is to hear of a run; the lanes of a sweep leave that to
    /// whoever holds their writer.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        match self.header().is_sweep() {
            true => Vec::new(),
            false => self.writer.reports().try_iter().collect(),
        }
    }

    /// Hears what other ranks report, if this is the one that keeps the journal.
    pub fn hear(&self, reports: impl IntoIterator<Item = Report>) {
        if self.share().is_root() {
            self.writer.hear(reports);
        }
    }

    fn scenario(&self) -> &Scenario {
        &self.header().scenarios()[self.number]
    }
}
