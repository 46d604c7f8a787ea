//! [`Output`]: where the snapshots of a simulation go.

use super::Watch;
use crate::{
    cube::{Committed, CubeError, Paths, Record, checkpoint, journal::Slot, write::Lane},
    field::Field,
    grid::Grid,
    problem::Problem,
    schedule::Clock,
    stencil::Real,
};
use crossbeam_channel::Sender;
use std::path::Path;

/// A lane into a cube, or nowhere: then snapshots are only announced.
pub(crate) struct Output<'a> {
    to: Destination<'a>,
    grid: &'a Grid,
    works: bool,
}

enum Destination<'a> {
    Nowhere {
        reached: Sender<Record>,
        next: u64,
    },
    Cube {
        lane: Lane<'a>,
        /// Where a state between snapshots is written aside, if anywhere.
        aside: Option<&'a Paths>,
        /// A cube whose snapshots are taken over first.
        shorter: Option<&'a Path>,
    },
}

impl<'a> Output<'a> {
    pub(super) fn nowhere(problem: &'a Problem, watch: &Watch) -> Self {
        Self::new(
            Destination::Nowhere {
                reached: watch.committed.clone(),
                next: 0,
            },
            problem,
        )
    }

    pub(crate) fn cube(lane: Lane<'a>, problem: &'a Problem) -> Self {
        Self::new(
            Destination::Cube {
                lane,
                aside: None,
                shorter: None,
            },
            problem,
        )
    }

    fn new(to: Destination<'a>, problem: &'a Problem) -> Self {
        Self {
            to,
            grid: &problem.grid,
            works: true,
        }
    }

    pub(super) fn with_checkpoint(mut self, paths: &'a Paths) -> Self {
        if let Destination::Cube { aside, .. } = &mut self.to {
            *aside = Some(paths);
        }
        self
    }

    pub(super) fn continuing(mut self, cube: Option<&'a Path>) -> Self {
        if let Destination::Cube { shorter, .. } = &mut self.to {
            *shorter = cube;
        }
        self
    }

    /// Whether it makes sense to go on.
    pub(super) fn works(&self) -> bool {
        self.works
    }

    /// The last durable state: of the checkpoint, of the cube, or of the shorter cube, whose
    /// snapshots are then in this one. `None` when there is none yet.
    pub(super) fn resume<T: Real>(
        &mut self,
        state: &mut Field<T>,
    ) -> Result<Option<Clock>, CubeError> {
        let Destination::Cube {
            lane,
            aside,
            shorter,
        } = &mut self.to
        else {
            return Ok(None);
        };
        if let Some(shorter) = *shorter
            && let Some(clock) = take_over(shorter, lane, self.grid, state, &mut self.works)?
        {
            return Ok(Some(clock));
        }
        let Some(last) = lane.last(state.as_mut_bytes())?.map(Record::clock) else {
            return Ok(None);
        };
        let Some(paths) = *aside else {
            return Ok(Some(last));
        };
        let newer = checkpoint::read(paths, lane.header(), last.step, state.as_mut_bytes())?;
        if newer.is_none() {
            // A torn checkpoint has overwritten the state.
            lane.last(state.as_mut_bytes())?;
        }
        Ok(newer.or(Some(last)))
    }

    /// Hands over a snapshot.
    pub(super) fn put<T: Real>(&mut self, now: Clock, state: &Field<T>) {
        let summary = state.summary(self.grid);
        match &mut self.to {
            Destination::Cube { lane, .. } => {
                self.works &= lane.put(now, summary, state.as_bytes());
            }
            Destination::Nowhere { reached, next } => {
                let slot = Slot {
                    scenario: None,
                    index: *next,
                };
                *next += 1;
                // Nobody has to listen.
                let _ = reached.send(Record::new(slot, now, summary));
            }
        }
    }

    /// Makes a state between snapshots durable, and everything before it.
    pub(super) fn checkpoint<T: Real>(
        &mut self,
        now: Clock,
        state: &Field<T>,
    ) -> Result<(), CubeError> {
        let Destination::Cube { lane, aside, .. } = &mut self.to else {
            return Ok(());
        };
        self.works &= lane.flush();
        let is_snapshot = lane.last_step() == Some(now.step);
        match aside {
            Some(paths) if self.works && !is_snapshot => {
                checkpoint::write(paths, lane.header(), now, state.as_bytes())
            }
            _ => Ok(()),
        }
    }
}

/// Copies the committed snapshots of a shorter run that the cube does not hold yet, each proved by
/// its digest; the state is then the last of them. `None` if there was nothing to copy.
fn take_over<T: Real>(
    shorter: &Path,
    lane: &mut Lane<'_>,
    grid: &Grid,
    state: &mut Field<T>,
    works: &mut bool,
) -> Result<Option<Clock>, CubeError> {
    let Some(old) = Committed::open(shorter)? else {
        return Ok(None);
    };
    lane.header().continues(&old.header, shorter)?;
    let (copied, room) = (lane.handed_over(), lane.header().snapshots());
    let mut last = None;
    let missing = old
        .records
        .iter()
        .filter(|record| (copied..room).contains(&record.index));
    for record in missing {
        old.read(record, state.as_mut_bytes())?;
        *works &= lane.put(record.clock(), state.summary(grid), state.as_bytes());
        last = Some(record.clock());
    }
    Ok(last)
}
