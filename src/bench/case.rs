//! [`Case`]: the problem that all programs solve.

use super::{
    error::{BenchError, directory_error},
    variant::Variant,
};
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
/// The same for problems of other kinds, of which there are many.
const UPDATES_OF_VARIANT: u64 = UPDATES / 2;
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
    /// The kind of the problem, if it is not the course's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// Interior nodes along a side.
    pub size: u64,
    /// Nodes along a side, the boundary included.
    pub nodes: u64,
    /// Steps.
    pub steps: u64,
    /// `(D/(dx*dx))*dt` of the course's problem \[1\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<f64>,
    /// Spacing of the nodes \[length\].
    pub dx: f64,
    /// Time step \[time\].
    pub dt: f64,
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
            variant: None,
            size: size_is,
            nodes: size_is + 2,
            steps: steps.unwrap_or(own),
            r: Some(problem.steps()[0]),
            dx: problem.grid.x.spacing,
            dt: problem.schedule.dt,
            x1: problem.params.x1,
            x2: problem.params.x2,
            wanted_dx: problem.params.dx,
            params: params.clone(),
        };
        load(&case.settings(case.steps))?;
        Ok(case)
    }

    /// A problem of another kind with `size` interior nodes a side; writes its parameter file into
    /// `directory`.
    ///
    /// # Errors
    /// [`BenchError`] for sizes that are no problem.
    pub fn of_variant(
        variant: Variant,
        size: u32,
        steps: Option<u64>,
        directory: &Path,
    ) -> Result<Self, BenchError> {
        let params = directory.join("physics.toml");
        fs::write(&params, variant.keys()).map_err(directory_error(&params))?;
        // As above, for one cell more than interior nodes.
        let wanted_dx = 2.0 / (f64::from(size) + 1.5);
        let problem = Problem::load(&params, &[format!("dx={wanted_dx:?}")])?;
        let size = u64::from(size);
        let own = (UPDATES_OF_VARIANT / (size * size)).clamp(FEWEST_STEPS, 1_000_000);
        let case = Self {
            seed: false,
            variant: Some(variant),
            size,
            nodes: size + 2,
            steps: steps.unwrap_or(own),
            r: None,
            dx: problem.grid.x.spacing,
            dt: problem.schedule.dt,
            x1: problem.params.x1,
            x2: problem.params.x2,
            wanted_dx,
            params: params.clone(),
        };
        Problem::load(&params, &case.settings(case.steps))?;
        Ok(case)
    }

    /// What it is called in a table.
    #[must_use]
    pub fn name(&self) -> String {
        self.variant
            .map_or_else(|| "one D, fixed".to_owned(), Variant::name)
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
        if self.variant.is_some() {
            return None;
        }
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
        let number = |value: f64| format!("{value:?}");
        let mut words = match self.variant {
            None => [D, self.x1, self.x2, self.wanted_dx].map(number).to_vec(),
            Some(variant) => {
                let mut words = variant.words().map(str::to_owned).to_vec();
                words.extend([self.x1, self.x2].map(number));
                words.extend([self.nodes.to_string(), number(self.dt)]);
                words
            }
        };
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

    /// The largest difference that contraction explains after some steps.
    ///
    /// For states within ±1 contraction changes a step of the course's by less than 2^-51: it leaves out
    /// the rounding of `r*lapl`, at most 2^-53 as `|r*lapl| ≤ 2`, and may round the sum to the other side,
    /// at most 2^-52. The schemes do not amplify differences, so they add up. The other kinds have up to
    /// four products, at most 2 in all as stable weights add up to at most 1, three sums of them, a source
    /// and a ghost: less than 2^-48.
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    pub(super) fn contraction(&self, steps: u64) -> f64 {
        let of_step = if self.variant.is_some() { -48 } else { -51 };
        steps as f64 * 2_f64.powi(of_step)
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
    fn every_kind_has_the_nodes_and_steps_that_were_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Variant::all().count(), 19);
        for variant in Variant::all() {
            for size in [1, 3, 10, 64, 99] {
                let case = Case::of_variant(variant, size, Some(9), directory.path()).unwrap();
                let problem = Problem::load(case.params(), &case.settings(9)).unwrap();
                assert_eq!(problem.grid.x.nodes as u64, case.nodes, "{variant:?}");
                assert_eq!((problem.schedule.nsteps, problem.schedule.nper), (9, 9));
                assert_eq!(problem.schedule.dt.to_bits(), case.dt.to_bits());
            }
        }
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
