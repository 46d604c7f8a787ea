//! [`States`]: the states of a run, from the last to the first.
//!
//! A checkpoint is the state after some steps: a snapshot of a cube, or a state in memory. What lies between two of them is
//! computed again, with the bits of the run, and as many states as there is room for are kept at a time. If an interval
//! has more steps than that, the first states of its stretches are kept in a pass before.

use super::{of_unready, snapshots::Snapshots};
use crate::{
    comm::Solo, fault::Fault, field::Field, problem::Problem, run::RunError, solver::Solver,
};
use diff2d_sys as sys;
use ndarray::Array2;

/// The states from which others are computed again.
enum Checkpoints<'c> {
    /// Snapshots of a cube, whose digests are checked.
    Cube(Snapshots<'c>),
    /// States in memory, one after every so many steps.
    Memory {
        spacing: u64,
        states: Vec<Array2<f64>>,
    },
}

/// The states of a run.
pub struct States<'p> {
    problem: &'p Problem,
    checkpoints: Checkpoints<'p>,
    /// The number of states of a stretch that are kept.
    kept: u64,
    solver: Solver<f64>,
    room: Field<f64>,
    /// The number of steps that were taken, and the number of intervals that were computed again.
    pub steps: u64,
    pub intervals: u64,
}

/// States after consecutive steps.
pub struct Stretch<'s> {
    /// The number of steps up to the first state.
    pub first: u64,
    pub states: &'s [Array2<f64>],
}

impl<'p> States<'p> {
    /// The states of a run up to step `end`, of which `room` fit into memory. Without a cube the run is computed now, unless
    /// nobody needs its states before the last one.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn new(
        problem: &'p Problem,
        cube: Option<Snapshots<'p>>,
        end: u64,
        room: u64,
    ) -> Result<Self, RunError> {
        let solver = problem.solver_at_start::<f64>().map_err(of_unready)?;
        let room_aside = solver.room_aside().map_err(|_| RunError::no_memory(0))?;
        let half = (room / 2).max(1);
        let spacing = match end {
            end if end < room => end.max(1),
            end => half.max(end.div_ceil(half)),
        };
        let longest = match cube {
            Some(_) => problem.schedule.nper.most().min(end.max(1)),
            None => spacing,
        };
        // Two levels take least for the root of the length of an interval.
        let kept_count = if longest <= half.max(spacing.min(room)) {
            longest
        } else {
            longest.isqrt().min(half)
        };
        let checkpoints = match cube {
            Some(cube) => Checkpoints::Cube(cube),
            None => Checkpoints::Memory {
                spacing,
                states: Vec::new(),
            },
        };
        let mut states = Self {
            problem,
            checkpoints,
            kept: kept_count.max(1),
            solver,
            room: room_aside,
            steps: 0,
            intervals: 0,
        };
        states.run(end)?;
        Ok(states)
    }

    /// Computes the states that are checkpoints in memory.
    fn run(&mut self, end: u64) -> Result<(), RunError> {
        let Checkpoints::Memory { spacing, .. } = self.checkpoints else {
            return Ok(());
        };
        for number in 0..end.div_ceil(spacing).max(1) {
            if number > 0 {
                self.advance(spacing)?;
            }
            let state = self.now();
            if let Checkpoints::Memory { states, .. } = &mut self.checkpoints {
                states.push(state);
            }
        }
        Ok(())
    }

    /// The number of states in memory between stretches.
    pub fn in_memory(&self) -> u64 {
        match &self.checkpoints {
            Checkpoints::Cube(_) => 0,
            Checkpoints::Memory { states, .. } => states.len() as u64,
        }
    }

    fn now(&self) -> Array2<f64> {
        self.solver.state().view().to_owned()
    }

    fn advance(&mut self, steps: u64) -> Result<(), RunError> {
        self.steps += steps;
        Ok(self.solver.advance(steps, &Solo)?)
    }

    /// Continues from a state after some steps.
    fn go_to(&mut self, step: u64, state: &Array2<f64>) {
        let pace = self.problem.schedule.pace();
        let clock = pace.after(pace.start(), step);
        self.solver
            .restart(state.as_slice().unwrap_or_default(), clock);
    }

    /// The number of the last checkpoint before a step, and its step.
    fn checkpoint_before(&self, step: u64) -> (u64, u64) {
        match &self.checkpoints {
            Checkpoints::Cube(_) => {
                let (index, _) = self.problem.schedule.snapshot_at(step.saturating_sub(1));
                (index, self.problem.schedule.step_of(index))
            }
            Checkpoints::Memory { spacing, .. } => {
                let index = step.saturating_sub(1) / spacing;
                (index, index * spacing)
            }
        }
    }

    fn checkpoint(&mut self, index: u64) -> Result<Array2<f64>, RunError> {
        match &mut self.checkpoints {
            Checkpoints::Cube(snapshots) => snapshots.state(self.problem, index),
            Checkpoints::Memory { states, .. } => Ok(states.remove(index as usize)),
        }
    }

    /// Passes stretches up to step `end` to `take`, from the last to the first. Each begins with the state with which the
    /// one after it has ended.
    ///
    /// # Errors
    /// [`RunError`]; that of a damaged snapshot has its index.
    pub fn backwards(
        &mut self,
        end: u64,
        take: &mut dyn FnMut(&mut Self, Stretch<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let mut end_step = end;
        let mut kept_states: Vec<Array2<f64>> = Vec::new();
        loop {
            let (index, first_step) = self.checkpoint_before(end_step);
            let mut beginnings = vec![(first_step, self.checkpoint(index)?)];
            self.intervals += 1;
            while let Some((step, state)) = beginnings
                .last()
                .filter(|(step, _)| step + self.kept < end_step)
            {
                let (step, state) = (*step, state.clone());
                self.go_to(step, &state);
                self.advance(self.kept)?;
                beginnings.push((step + self.kept, self.now()));
            }
            while let Some((begin, state)) = beginnings.pop() {
                self.go_to(begin, &state);
                let count = (end_step - begin) as usize;
                kept_states.truncate(count + 1);
                kept_states.resize(count + 1, state.clone());
                kept_states[0].assign(&state);
                for kept_state in &mut kept_states[1..] {
                    self.advance(1)?;
                    kept_state.assign(&self.solver.state().view());
                }
                take(
                    self,
                    Stretch {
                        first: begin,
                        states: &kept_states,
                    },
                )?;
                end_step = begin;
            }
            if end_step == 0 {
                return Ok(());
            }
        }
    }

    /// The state a time `beyond`, less than a step, after a state.
    ///
    /// # Errors
    /// [`RunError`] if a wall or a source makes the step impossible.
    pub fn aside(
        &mut self,
        step: u64,
        state: &Array2<f64>,
        beyond: f64,
    ) -> Result<Array2<f64>, RunError> {
        self.go_to(step, state);
        let later_state = self.solver.aside(beyond, &mut self.room, &Solo, |state| {
            state.view().to_owned()
        });
        self.solver.check()?;
        later_state.ok_or_else(|| Fault::failed("a grid without rows has no states").into())
    }
}

/// The number of states of a problem for which there is memory.
pub fn room(problem: &Problem, memory: Option<u64>) -> u64 {
    let bytes = problem.grid.len() * 8;
    /// The number of fields that a gradient takes beside the states.
    const FIELDS: u64 = 40;
    /// The memory that is taken if nobody says how much: more is slower than to compute states again.
    const DEFAULT: u64 = 1 << 30;
    let limit = memory.or(problem.params.memory).unwrap_or_else(|| {
        let available = sys::available_memory();
        available.map_or(DEFAULT, |available| DEFAULT.min(available / 2))
    });
    (limit / bytes).saturating_sub(FIELDS)
}
