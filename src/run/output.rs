//! [`Output`]: where the snapshots of a simulation go.

use super::{
    clock::NextStop, decomposition::Decomposition, error::RunError, exchange::Exchange,
    observer::Observer, options::Outcome, solution::Solution,
};
use crate::{
    comm::{Comm, ROOT, collective},
    cube::{
        Paths, Record, checkpoint, journal::Slot, record_file::RecordPlace, write::ScenarioWriter,
    },
    dynamics::Steadiness,
    problem::Problem,
    schedule::Clock,
    summary::Summary,
};
use crossbeam_channel::Sender;
use std::{path::Path, time::Duration};

/// The longest wait for a commit before ranks exchange reports again.
const COMMIT_WAIT: Duration = Duration::from_millis(1);

/// A scenario of a cube, or nothing but the announcement of snapshots.
///
/// All its methods but getters are collective.
pub(crate) struct Output<'a, C> {
    pub(super) problem: &'a Problem,
    pub(super) ranks: &'a Decomposition<'a, C>,
    pub(super) scenario: Option<ScenarioWriter<'a>>,
    /// Where snapshots are announced that go into no cube.
    reached: Option<Sender<Record>>,
    /// Where they are kept then, if anywhere.
    pub(super) kept: Option<&'a mut Solution>,
    reports: Exchange<'a, C>,
    /// Where states between snapshots are written, if anywhere.
    pub(super) checkpoint: Option<&'a Paths>,
    /// Where the rows of a record go, if anywhere.
    pub(crate) record: Option<RecordPlace>,
    /// A cube whose snapshots are copied first.
    pub(super) shorter: Option<&'a Path>,
    /// The time of the last snapshot.
    pub(super) last: Clock,
    /// Whether the run ends with it.
    pub(super) has_ended: bool,
}

impl<'a, C: Comm> Output<'a, C> {
    /// No cube: snapshots are announced to the observer, and perhaps kept in memory.
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
            has_ended: false,
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
            has_ended: false,
        }
    }

    /// The plan of all ranks, which is that of rank 0, and whether and why to stop instead, which any
    /// rank may ask for. `None` when a writer has failed.
    pub(super) fn agree(
        &mut self,
        mine: NextStop,
        stop: Option<Outcome>,
    ) -> Option<(NextStop, Option<Outcome>)> {
        let has_failed = self.write_overdue();
        let has_lost_files = |scenario: &ScenarioWriter<'_>| scenario.has_lost_files();
        let is_lost = self.scenario.as_ref().is_some_and(has_lost_files);
        let stop = stop.or_else(|| is_lost.then_some(Outcome::FilesLost));
        let reports = self.reports.all_report(has_failed, stop, mine);
        (!reports.failed).then(|| (reports.wants[ROOT], reports.stop))
    }

    /// Writes blocks that have waited for long enough; whether the writer has failed.
    fn write_overdue(&mut self) -> bool {
        self.scenario.as_mut().is_some_and(|scenario| {
            scenario.write_overdue();
            scenario.has_failed()
        })
    }

    /// Waits until the scenario is ready on every rank; `false` when a writer has failed.
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

    /// Waits until every snapshot handed over is committed; `false` when that has failed.
    pub(super) fn flush(&mut self) -> bool {
        if let Some(scenario) = &mut self.scenario {
            scenario.write_rest();
        }
        self.wait(|scenario| scenario.uncommitted() == 0)
    }

    /// Waits until no snapshot waits too long for its commit; `false` when a writer has failed.
    pub(super) fn wait_while_late(&mut self) -> bool {
        self.wait(|scenario| !scenario.is_late())
    }

    /// Tells of a snapshot that is whole.
    pub(super) fn announce(&mut self, now: Clock, summary: Summary, steadiness: Steadiness) {
        if let Some(scenario) = &mut self.scenario {
            scenario.end(summary, steadiness);
        }
        if let Some(kept) = &mut self.kept {
            kept.end(now);
        }
        if let (Some(reached), true) = (&self.reached, self.ranks.comm().is_root()) {
            let slot = Slot {
                scenario: None,
                index: self.problem.schedule.snapshot_at(now.step).0,
            };
            // Without an observer there is no receiver.
            let _ = reached.send(Record::new(slot, now, summary));
        }
    }

    /// Makes a state between snapshots, of which this rank owns these rows, durable, and everything before it.
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
        let mut writer = match ranks.comm().is_root() {
            true => checkpoint::Writer::create(paths).map(Some),
            false => Ok(None),
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
            Some(writer) => writer.finish(scenario.header(), now),
            None => Ok(()),
        });
        collective::all_ok(ranks.comm(), written.map_err(RunError::from))
    }

    /// Hands what is left to the writer.
    pub(super) fn finish(mut self) {
        if let Some(scenario) = &mut self.scenario {
            scenario.write_rest();
        }
    }
}
