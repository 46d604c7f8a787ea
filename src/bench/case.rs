//! [`Case`]: the problem that all programs solve.

use super::error::{BenchError, directory_error};
use crate::problem::Problem;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The problem of the course. Other sizes change its `dx` and `runtime`.
const SEED: &str = include_str!("../../params/diff2dparams.toml");
/// Its diffusion coefficient.
const D: f64 = 1.0;
/// Updates that a program of ordinary speed takes a second or two for: about those of the course.
const UPDATES: u64 = 1_200_000_000;
/// The fewest steps; the start and the end of a program do not matter then.
const FEWEST_STEPS: u64 = 48;
/// The largest cube that a whole run writes, in bytes.
const LARGEST_CUBE: u64 = 256 << 20;

/// How many steps a program is asked for, by its speed. Rates are compared, not times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepBudget {
    /// All steps: compiled programs.
    Compiled,
    /// At most [`UPDATES`]: operations on whole arrays.
    Arrays,
    /// A five-hundredth of that: interpreted loops.
    Interpreted,
}

/// A problem in the forms in which the programs take it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Whether it is the problem of the course.
    pub seed: bool,
    /// Interior nodes along a side.
    pub size: u64,
    /// Nodes along a side, the boundary included.
    pub nodes: u64,
    /// Steps.
    pub steps: u64,
    /// `(D/(dx*dx))*dt` \[1\].
    pub r: f64,
    /// Spacing of the nodes \[length\].
    pub dx: f64,
    /// Time step \[time\].
    pub dt: f64,
    #[serde(rename = "D")]
    d: f64,
    x1: f64,
    x2: f64,
    /// The `dx` of the parameters, of which the grid takes the nearest that divides the domain.
    wanted_dx: f64,
    #[serde(skip)]
    params: PathBuf,
}

impl Case {
    /// The problem of the course, or one of `size` interior nodes a side and `steps` steps; writes
    /// its parameter file into `directory`.
    ///
    /// # Errors
    /// [`BenchError`] for sizes that are no problem.
    pub fn new(
        size: Option<u32>,
        steps: Option<u64>,
        directory: &Path,
    ) -> Result<Self, BenchError> {
        let params = directory.join("diff2dparams.toml");
        fs::write(&params, SEED).map_err(directory_error(&params))?;
        let load = |overrides: &[String]| Problem::load(&params, overrides);
        let seed = load(&[])?;
        let dx = size.map_or(seed.params.dx, |size| {
            // Half a cell away from where truncation would change the number of cells.
            (seed.params.x2 - seed.params.x1) / (f64::from(size) + 0.5)
        });
        let problem = load(&[format!("dx={dx:?}")])?;
        let size_is = problem.grid.x.nodes as u64 - 2;
        let is_seed = size_is == seed.grid.x.nodes as u64 - 2;
        let own = match is_seed {
            true => seed.schedule.nsteps,
            false => (UPDATES / (size_is * size_is)).clamp(FEWEST_STEPS, 1_000_000),
        };
        let case = Self {
            seed: is_seed && steps.is_none_or(|steps| steps == own),
            size: size_is,
            nodes: size_is + 2,
            steps: steps.unwrap_or(own),
            r: problem.steps()[0],
            dx: problem.grid.x.spacing,
            dt: problem.schedule.dt,
            d: D,
            x1: problem.params.x1,
            x2: problem.params.x2,
            wanted_dx: problem.params.dx,
            params: params.clone(),
        };
        load(&case.settings(case.steps))?;
        Ok(case)
    }

    /// The parameter file.
    pub(super) fn params(&self) -> &Path {
        &self.params
    }

    /// What to `--set` for a number of steps with only the first and the last snapshot.
    pub(super) fn settings(&self, steps: u64) -> [String; 3] {
        let runtime = self.time_of(steps);
        [
            format!("dx={:?}", self.wanted_dx),
            format!("runtime={runtime:?}"),
            format!("outtime={runtime:?}"),
        ]
    }

    /// What to `--set` for the whole run with its snapshots, unless its cube is too large for it.
    pub(super) fn whole_settings(&self) -> Option<Vec<String>> {
        if self.seed {
            return Some(Vec::new());
        }
        let snapshots = 30;
        let bytes = (snapshots + 1) * self.nodes * self.nodes * 8;
        let [dx, runtime, _] = self.settings(self.steps);
        let between = (self.steps / snapshots).max(1);
        (bytes <= LARGEST_CUBE && self.steps >= 1)
            .then(|| vec![dx, runtime, format!("outtime={:?}", self.time_of(between))])
    }

    /// A time that truncates to a number of steps.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn time_of(&self, steps: u64) -> f64 {
        (steps as f64 + 0.5) * self.dt
    }

    /// The arguments of the reference programs, without the file for the final state.
    pub(super) fn arguments(&self, steps: u64) -> Vec<String> {
        let mut words = [self.d, self.x1, self.x2, self.wanted_dx]
            .map(|value| format!("{value:?}"))
            .to_vec();
        words.push(steps.to_string());
        words
    }

    pub(super) fn steps_of(&self, budget: StepBudget) -> u64 {
        let updates = match budget {
            StepBudget::Compiled => return self.steps,
            StepBudget::Arrays => UPDATES,
            StepBudget::Interpreted => UPDATES / 500,
        };
        // The course's times are those of its whole problem.
        if self.seed && budget == StepBudget::Arrays {
            return self.steps;
        }
        (updates / (self.size * self.size)).clamp(1, self.steps.max(1))
    }

    /// Interior nodes.
    #[must_use]
    pub fn interior(&self) -> u64 {
        self.size * self.size
    }

    /// Bytes of a field.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.nodes * self.nodes * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_problem_of_the_course() {
        let directory = tempfile::tempdir().unwrap();
        let case = Case::new(None, None, directory.path()).unwrap();
        assert_eq!((case.seed, case.size, case.steps), (true, 299, 13410));
        assert_eq!(case.arguments(7), ["1.0", "-10.0", "10.0", "0.0667", "7"]);
    }

    #[test]
    fn every_size_and_number_of_steps_is_what_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        for size in (1..400).chain([1023, 1024, 16384, 32768]) {
            let steps = u64::from(size) * 7 + 1;
            let case = Case::new(Some(size), Some(steps), directory.path()).unwrap();
            assert_eq!(case.size, u64::from(size));
            let problem = Problem::load(case.params(), &case.settings(steps)).unwrap();
            assert_eq!(
                (problem.schedule.nsteps, problem.schedule.nper),
                (steps, steps)
            );
        }
    }
}
