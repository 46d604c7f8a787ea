//! [`Output`]: the destination of a simulation's snapshots.

use super::{
    clock::NextStop, decomposition::Decomposition, error::RunError, exchange::Exchange,
    observer::Observer, options::Outcome, solution::Solution, streams::RunStreams,
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
use std::{path::Path, time::Duration};

/// The longest wait for a commit before ranks exchange reports again.
const COMMIT_WAIT: Duration = Duration::from_millis(1);

/// The destination of snapshots: a scenario of a cube, memory, or only announcements.
///
/// All methods but getters are collective.
pub(crate) struct Output<'a, C> {
    pub(super) problem: &'a Problem,
    pub(super) ranks: &'a Decomposition<'a, C>,
    pub(super) scenario: Option<ScenarioWriter<'a>>,
    /// The channel on which snapshots are announced if there is no cube.
    reached: Option<Sender<Commit>>,
    /// The snapshots in memory, if they are kept there.
    pub(super) kept: Option<&'a mut Solution>,
    reports: Exchange<'a, C>,
    /// The names of the files, if states between snapshots are to be written.
    pub(super) checkpoint: Option<&'a Paths>,
    /// The place of the record's rows, if there is a record.
    pub(crate) record: Option<RecordPlace>,
    /// The cube of a shorter run whose snapshots are copied first.
    pub(super) shorter: Option<&'a Path>,
    /// The time of the last snapshot.
    pub(super) last: Clock,
    /// Why the run ends with it, if it does.
    pub(super) ended: Option<End>,
    /// The streams of rows and fields. They move into the trackers when the time loop begins.
    pub(super) streams: RunStreams,
    /// The marks of the streams at the last state that is durable or on its way to disk.
    pub(super) marks: Marks,
}

impl<'a, C: Comm> Output<'a, C> {
    /// An output without a cube: snapshots are announced to the observer, and kept in memory if `kept` is given.
    pub(super) fn nowhere(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        observer: &Observer,
        kept: Option<&'a mut Solution>,
    ) -> Self {
        Self {
            problem,
            ranks,
            scenario: None,
            reached: Some(observer.committed().clone()),
            kept,
            reports: Exchange::new(ranks.comm(), None),
            checkpoint: None,
            record: None,
            shorter: None,
            last: problem.schedule.pace().start(),
            ended: None,
            streams: RunStreams::default(),
            marks: Marks::new(),
        }
    }

    pub(crate) fn cube(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        scenario: ScenarioWriter<'a>,
        reports: Exchange<'a, C>,
    ) -> Self {
        Self {
            problem,
            ranks,
            scenario: Some(scenario.with_codec(problem.codec())),
            reached: None,
            kept: None,
            reports,
            checkpoint: None,
            record: None,
            shorter: None,
            last: problem.schedule.pace().start(),
            ended: None,
            streams: RunStreams::default(),
            marks: Marks::new(),
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
        let is_lost = self
            .scenario
            .as_ref()
            .is_some_and(ScenarioWriter::has_lost_files);
        let stop = stop.or_else(|| is_lost.then_some(Outcome::FilesLost));
        let reports = self.reports.all_report(has_failed, stop, mine);
        (!reports.failed).then(|| (reports.wants[ROOT], reports.stop))
    }

    /// Writes blocks that have waited long enough, and returns whether the writer has failed.
    fn write_overdue(&mut self) -> bool {
        self.scenario.as_mut().is_some_and(|scenario| {
            scenario.write_overdue();
            scenario.has_failed()
        })
    }

    /// Waits until `is_ready` holds on every rank; `false` if a writer has failed.
    fn wait(&mut self, is_ready: impl Fn(&ScenarioWriter<'_>) -> bool) -> bool {
        loop {
            let has_failed = self.write_overdue();
            let scenario = self.scenario.as_ref();
            let uncommitted = scenario.map_or(0, ScenarioWriter::uncommitted);
            let ready = scenario.is_none_or(&is_ready);
            let reports = self.reports.all_report(has_failed, None, ready);
            if reports.failed {
                return false;
            }
            if reports.wants.iter().all(|&ready| ready) {
                return true;
            }
            if let Some(scenario) = scenario {
                scenario.wait(uncommitted, COMMIT_WAIT);
            }
        }
    }

    /// Waits until every snapshot that was handed over is committed; `false` if that failed.
    pub(super) fn flush(&mut self) -> bool {
        if let Some(scenario) = &mut self.scenario {
            scenario.write_rest();
        }
        self.wait(|scenario| scenario.uncommitted() == 0)
    }

    /// Waits while a snapshot is late for its commit; `false` if a writer has failed.
    pub(super) fn wait_while_late(&mut self) -> bool {
        self.wait(|scenario| !scenario.is_late())
    }

    /// Tells of a snapshot that is whole.
    pub(super) fn announce(&mut self, now: Clock, conclusion: Conclusion) {
        let summary = conclusion.summary;
        self.marks.clone_from(&conclusion.marks);
        (self.last, self.ended) = (now, conclusion.ended.clone());
        if let Some(scenario) = &mut self.scenario {
            scenario.end(conclusion);
        }
        if let Some(kept) = &mut self.kept {
            kept.end(now);
        }
        if let (Some(reached), true) = (&self.reached, self.ranks.comm().is_root()) {
            let id = SnapshotId {
                scenario: None,
                index: self.problem.schedule.snapshot_at(now.step).0,
            };
            // Without an observer there is no receiver.
            let _ = reached.send(Commit::new(id, now, summary));
        }
    }

    /// Makes the state between snapshots at `now` durable, and everything before it; `own` are the bytes of this rank's
    /// rows.
    pub(super) fn checkpoint(&mut self, now: Clock, own: &[u8]) -> Result<(), RunError> {
        let is_committed = self.flush();
        let (Some(scenario), Some(paths), true) = (&self.scenario, self.checkpoint, is_committed)
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
        if let Some(scenario) = &mut self.scenario {
            scenario.write_rest();
        }
    }
}
