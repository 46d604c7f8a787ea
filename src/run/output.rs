//! [`Output`]: where the snapshots of a simulation go, and how far they have come.

use super::{
    clock::NextStop, decomposition::Decomposition, error::RunError, exchange::Exchange,
    observer::Observer, options::Outcome, snapshot_digest::SnapshotDigest, solution::Solution,
    streams::RunStreams,
};
use crate::{
    comm::{Comm, ROOT, collective},
    cube::{
        Commit, Paths, checkpoint, conclusion::Conclusion, journal::SnapshotId,
        record_file::RecordPlace, streams::Marks, write::ScenarioWriter,
    },
    params::End,
    problem::Problem,
    schedule::Clock,
};
use crossbeam_channel::Sender;
use diff2d_stencil::real::Real;
use std::{path::Path, time::Duration};

/// The longest wait for a commit before ranks exchange reports again.
const COMMIT_WAIT: Duration = Duration::from_millis(1);

/// The destination of snapshots, and how far they have come.
///
/// All methods but getters are collective.
pub(crate) struct Output<'a, C> {
    pub(super) problem: &'a Problem,
    pub(super) ranks: &'a Decomposition<'a, C>,
    destination: Destination<'a>,
    reports: Exchange<'a, C>,
    /// The time of the last snapshot.
    pub(super) last: Clock,
    /// Why the run ends with it, if it does.
    pub(super) ended: Option<End>,
    /// The streams of rows and fields. They move into the trackers when the time loop begins.
    pub(super) streams: RunStreams,
    /// The marks of the streams at the last state that is durable or on its way to disk.
    pub(super) marks: Marks,
}

/// The destination of snapshots.
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
enum Destination<'a> {
    /// A scenario of a cube.
    Cube(CubeOutput<'a>),
    /// Memory. Snapshots are announced on the channel.
    Memory(&'a mut Solution, Sender<Commit>),
    /// The digest of a single snapshot, which is computed again.
    Digest(&'a mut SnapshotDigest),
    /// Snapshots are only announced on the channel.
    Nothing(Sender<Commit>),
}

/// A scenario of a cube, and the files beside it.
pub(crate) struct CubeOutput<'a> {
    pub(crate) scenario: ScenarioWriter<'a>,
    /// The place of the record, if the run has one.
    pub(crate) record: RecordPlace,
    /// The names of the files, if states between snapshots are to be written.
    pub(crate) checkpoint: Option<&'a Paths>,
    /// The cube of a shorter run whose snapshots are copied first.
    pub(crate) shorter: Option<&'a Path>,
}

impl<'a, C: Comm> Output<'a, C> {
    /// An output into a cube.
    pub(crate) fn cube(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        mut cube: CubeOutput<'a>,
        reports: Exchange<'a, C>,
    ) -> Self {
        cube.scenario = cube.scenario.with_codec(problem.codec());
        Self::new(problem, ranks, Destination::Cube(cube), reports)
    }

    /// An output into memory. Snapshots are announced to the observer.
    pub(super) fn memory(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        solution: &'a mut Solution,
        observer: &Observer,
    ) -> Self {
        let destination = Destination::Memory(solution, observer.committed().clone());
        Self::new(
            problem,
            ranks,
            destination,
            Exchange::new(ranks.comm(), None),
        )
    }

    /// An output that keeps the digest of a snapshot, with `streams`. The snapshot before it is that of `last`, if there
    /// is one.
    pub(super) fn digest(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        digest: &'a mut SnapshotDigest,
        streams: RunStreams,
        last: Option<Clock>,
    ) -> Self {
        let exchange = Exchange::new(ranks.comm(), None);
        let output = Self::new(problem, ranks, Destination::Digest(digest), exchange);
        Self {
            streams,
            last: last.unwrap_or(output.last),
            ..output
        }
    }

    /// An output that only announces snapshots to the observer.
    pub(super) fn nothing(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        observer: &Observer,
    ) -> Self {
        let destination = Destination::Nothing(observer.committed().clone());
        Self::new(
            problem,
            ranks,
            destination,
            Exchange::new(ranks.comm(), None),
        )
    }

    fn new(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        destination: Destination<'a>,
        reports: Exchange<'a, C>,
    ) -> Self {
        Self {
            problem,
            ranks,
            destination,
            reports,
            last: problem.schedule.pace().start(),
            ended: None,
            streams: RunStreams::default(),
            marks: Marks::new(),
        }
    }

    /// The cube, if snapshots go into one.
    pub(super) fn cube_output(&self) -> Option<&CubeOutput<'a>> {
        match &self.destination {
            Destination::Cube(cube) => Some(cube),
            _ => None,
        }
    }

    /// The scenario of a cube, if snapshots go into one.
    pub(super) fn scenario(&self) -> Option<&ScenarioWriter<'a>> {
        self.cube_output().map(|cube| &cube.scenario)
    }

    /// The scenario of a cube for writing, if snapshots go into one.
    pub(super) fn scenario_mut(&mut self) -> Option<&mut ScenarioWriter<'a>> {
        match &mut self.destination {
            Destination::Cube(cube) => Some(&mut cube.scenario),
            _ => None,
        }
    }

    /// The snapshots in memory, if they go there.
    pub(super) fn solution(&mut self) -> Option<&mut Solution> {
        match &mut self.destination {
            Destination::Memory(solution, _) => Some(solution),
            _ => None,
        }
    }

    /// The digest of a snapshot, if only that is kept.
    pub(super) fn snapshot_digest(&self) -> Option<&SnapshotDigest> {
        match &self.destination {
            Destination::Digest(digest) => Some(digest),
            _ => None,
        }
    }

    /// Keeps the next rows of a snapshot, beginning with row `first`, where no file takes them.
    pub(super) fn keep_rows<T: Real>(&mut self, first: usize, values: &[T]) {
        match &mut self.destination {
            Destination::Memory(solution, _) => solution.rows(first, values),
            Destination::Digest(digest) => digest.rows(first, values),
            Destination::Cube(_) | Destination::Nothing(_) => {}
        }
    }

    /// The plan of rank 0, which all ranks follow, and the reason to stop instead if any rank asks for that. `None` if
    /// a writer has failed.
    pub(super) fn agree(
        &mut self,
        mine: NextStop,
        stop: Option<Outcome>,
    ) -> Option<(NextStop, Option<Outcome>)> {
        let has_failed = self.write_overdue();
        let is_lost = self.scenario().is_some_and(ScenarioWriter::has_lost_files);
        let stop = stop.or_else(|| is_lost.then_some(Outcome::FilesLost));
        let reports = self.reports.all_report(has_failed, stop, mine);
        (!reports.failed).then(|| (reports.wants[ROOT], reports.stop))
    }

    /// Writes blocks that have waited long enough, and returns whether the writer has failed.
    fn write_overdue(&mut self) -> bool {
        self.scenario_mut().is_some_and(|scenario| {
            scenario.write_overdue();
            scenario.has_failed()
        })
    }

    /// Waits until `is_ready` holds on every rank; `false` if a writer has failed.
    pub(super) fn wait(&mut self, is_ready: impl Fn(&ScenarioWriter<'_>) -> bool) -> bool {
        loop {
            let has_failed = self.write_overdue();
            let scenario = self.scenario();
            let uncommitted = scenario.map_or(0, ScenarioWriter::uncommitted);
            let ready = scenario.is_none_or(&is_ready);
            let reports = self.reports.all_report(has_failed, None, ready);
            if reports.failed {
                return false;
            }
            if reports.wants.iter().all(|&ready| ready) {
                return true;
            }
            if let Some(scenario) = self.scenario() {
                scenario.wait(uncommitted, COMMIT_WAIT);
            }
        }
    }

    /// Waits until every snapshot that was handed over is committed; `false` if that failed.
    pub(super) fn flush(&mut self) -> bool {
        if let Some(scenario) = self.scenario_mut() {
            scenario.write_rest();
        }
        self.wait(|scenario| scenario.uncommitted() == 0)
    }

    /// Tells of a snapshot that is whole.
    pub(super) fn announce(&mut self, now: Clock, conclusion: Conclusion) {
        let summary = conclusion.summary;
        let id = SnapshotId::from(self.problem.schedule.snapshot_at(now.step).0);
        self.marks.clone_from(&conclusion.marks);
        (self.last, self.ended) = (now, conclusion.ended.clone());
        let announced = match &mut self.destination {
            Destination::Cube(cube) => return cube.scenario.end(conclusion),
            Destination::Memory(solution, announced) => {
                solution.end(id, now, conclusion);
                announced
            }
            Destination::Digest(digest) => return digest.end(now, conclusion),
            Destination::Nothing(announced) => announced,
        };
        if self.ranks.comm().is_root() {
            // Without an observer there is no receiver.
            let _ = announced.send(Commit::new(id, now, summary));
        }
    }

    /// Makes the state between snapshots at `now` durable, and everything before it; `own` are the bytes of this rank's
    /// rows.
    pub(super) fn checkpoint(&mut self, now: Clock, own: &[u8]) -> Result<(), RunError> {
        let is_committed = self.flush();
        let Some(CubeOutput {
            scenario,
            checkpoint: Some(paths),
            ..
        }) = self.cube_output().filter(|_| is_committed)
        else {
            return Ok(());
        };
        if scenario.last_step() == Some(now.step) {
            return Ok(());
        }
        let ranks = self.ranks;
        let mut writer = if ranks.comm().is_root() {
            checkpoint::Writer::create(paths).map(Some)
        } else {
            Ok(None)
        };
        // Even where the file cannot be written the other ranks must be rid of their messages.
        let share = scenario.share().by_one();
        ranks.gather_jobs(&share, 0, own, |_, block| {
            if let Ok(Some(open)) = &mut writer
                && let Err(error) = open.push(block)
            {
                writer = Err(error);
            }
        });
        let written = writer.and_then(|writer| match writer {
            Some(writer) => writer.finish(scenario.header(), now, &self.marks),
            None => Ok(()),
        });
        collective::all_ok(ranks.comm(), written.map_err(RunError::from))
    }

    /// Hands the remaining blocks to the writer.
    pub(super) fn finish(mut self) {
        if let Some(scenario) = self.scenario_mut() {
            scenario.write_rest();
        }
    }
}
