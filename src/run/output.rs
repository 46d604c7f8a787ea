//! [`Output`]: where the snapshots of a simulation go.

use super::{
    clock::Plan, decomposition::Decomposition, error::RunError, exchange::Exchange,
    observer::Observer, report::Outcome,
};
use crate::{
    comm::{Comm, ROOT, collective},
    cube::{Paths, Record, checkpoint, journal::Slot, write::ScenarioWriter},
    grid::Grid,
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
    pub(super) to: Destination<'a>,
    reports: Exchange<'a, C>,
    pub(super) grid: &'a Grid,
    pub(super) ranks: &'a Decomposition<'a, C>,
}

pub(super) enum Destination<'a> {
    Nowhere {
        reached: Sender<Record>,
        next: u64,
    },
    Cube {
        scenario: ScenarioWriter<'a>,
        /// Where states between snapshots are written, if anywhere.
        checkpoint: Option<&'a Paths>,
        /// A cube whose snapshots are copied first.
        shorter: Option<&'a Path>,
    },
}

impl<'a, C: Comm> Output<'a, C> {
    /// No cube: snapshots are announced to the observer.
    pub(super) fn nowhere(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        observer: &Observer,
    ) -> Self {
        let reached = observer.committed().clone();
        Self {
            to: Destination::Nowhere { reached, next: 0 },
            reports: Exchange::new(ranks.comm(), None),
            grid: &problem.grid,
            ranks,
        }
    }

    pub(crate) fn cube(
        scenario: ScenarioWriter<'a>,
        reports: Exchange<'a, C>,
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
    ) -> Self {
        let to = Destination::Cube {
            scenario,
            checkpoint: None,
            shorter: None,
        };
        Self {
            to,
            reports,
            grid: &problem.grid,
            ranks,
        }
    }

    pub(super) fn with_checkpoint(mut self, paths: &'a Paths) -> Self {
        if let Destination::Cube { checkpoint, .. } = &mut self.to {
            *checkpoint = Some(paths);
        }
        self
    }

    pub(super) fn extending(mut self, cube: Option<&'a Path>) -> Self {
        if let Destination::Cube { shorter, .. } = &mut self.to {
            *shorter = cube;
        }
        self
    }

    pub(super) fn ranks(&self) -> &'a Decomposition<'a, C> {
        self.ranks
    }

    /// The plan of all ranks, which is that of rank 0, and whether and why to stop instead, which any
    /// rank may ask for. `None` when a writer has failed.
    pub(super) fn agree(
        &mut self,
        mine: Plan,
        stop: Option<Outcome>,
    ) -> Option<(Plan, Option<Outcome>)> {
        let has_failed = self.write_overdue();
        let stop = stop.or_else(|| self.has_lost_files().then_some(Outcome::FilesLost));
        let reports = self.reports.all_report(has_failed, stop, mine);
        (!reports.failed).then(|| (reports.wants[ROOT], reports.stop))
    }

    /// Writes blocks that have waited for long enough; whether the writer has failed.
    fn write_overdue(&mut self) -> bool {
        match &mut self.to {
            Destination::Nowhere { .. } => false,
            Destination::Cube { scenario, .. } => {
                scenario.write_overdue();
                scenario.has_failed()
            }
        }
    }

    fn has_lost_files(&self) -> bool {
        match &self.to {
            Destination::Nowhere { .. } => false,
            Destination::Cube { scenario, .. } => scenario.has_lost_files(),
        }
    }

    /// Waits until the scenario is ready on every rank; `false` when a writer has failed.
    fn wait(&mut self, is_ready: impl Fn(&ScenarioWriter<'_>) -> bool) -> bool {
        loop {
            let has_failed = self.write_overdue();
            let (uncommitted, ready) = match &self.to {
                Destination::Nowhere { .. } => (0, true),
                Destination::Cube { scenario, .. } => (scenario.uncommitted(), is_ready(scenario)),
            };
            let reports = self.reports.all_report(has_failed, None, ready);
            if reports.failed {
                return false;
            }
            if reports.wants.iter().all(|&ready| ready) {
                return true;
            }
            if let Destination::Cube { scenario, .. } = &self.to {
                scenario.wait(uncommitted, COMMIT_WAIT);
            }
        }
    }

    /// Waits until every snapshot handed over is committed; `false` when that has failed.
    pub(super) fn flush(&mut self) -> bool {
        if let Destination::Cube { scenario, .. } = &mut self.to {
            scenario.write_rest();
        }
        self.wait(|scenario| scenario.uncommitted() == 0)
    }

    /// Waits until no snapshot waits too long for its commit; `false` when a writer has failed.
    pub(super) fn wait_while_late(&mut self) -> bool {
        self.wait(|scenario| !scenario.is_late())
    }

    /// Tells of a snapshot that is whole.
    pub(super) fn announce(&mut self, now: Clock, summary: Summary) {
        match &mut self.to {
            Destination::Cube { scenario, .. } => scenario.end(summary),
            Destination::Nowhere { reached, next } => {
                let slot = Slot {
                    scenario: None,
                    index: *next,
                };
                *next += 1;
                if self.ranks.comm().is_root() {
                    // Without an observer there is no receiver.
                    let _ = reached.send(Record::new(slot, now, summary));
                }
            }
        }
    }

    /// Makes a state between snapshots, of which this rank owns these rows, durable, and everything before it.
    pub(super) fn checkpoint(&mut self, now: Clock, own: &[u8]) -> Result<(), RunError> {
        let is_committed = self.flush();
        let (
            Destination::Cube {
                scenario,
                checkpoint,
                ..
            },
            true,
        ) = (&self.to, is_committed)
        else {
            return Ok(());
        };
        let Some(paths) = checkpoint.filter(|_| scenario.last_step() != Some(now.step)) else {
            return Ok(());
        };
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
        if let Destination::Cube { scenario, .. } = &mut self.to {
            scenario.write_rest();
        }
    }
}
