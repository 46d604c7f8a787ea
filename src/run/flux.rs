//! [`FluxTable`]: the rates of snapshots, of a cube or in memory.

use super::{error::RunError, sums::Sums};
use crate::{
    cube::{Commit, Cube, CubeError},
    fault::Fault,
    params::{rate_names, rate_order},
    physics::input::Digests,
    problem::{Footprint, Problem},
    summary::Summary,
};
use ndarray::{Array2, ArrayView3};

/// The net inflow per time through each boundary and source at some snapshots, computed from their values and the
/// parameters of the run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FluxTable {
    /// The names of the rates: left, right, bottom and top, each table of held nodes, source and decay.
    pub names: Vec<String>,
    /// One row for each snapshot.
    pub rows: Vec<FluxRow>,
    /// A sentence on rates that have lost digits to cancellation, if there are any.
    pub warning: Option<String>,
}

/// The rates of a snapshot.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FluxRow {
    /// The number of the snapshot.
    pub snapshot: u64,
    /// The time of the snapshot \[time\].
    pub t: f64,
    /// The rates in the order of the names; outflow is negative \[density·length²/time\].
    pub rates: Vec<f64>,
    /// The growth of the mass since the first snapshot minus the time integral of all rates, by trapezoids over these
    /// snapshots \[density·length²\]; of a steady state the sum of all rates \[density·length²/time\].
    pub unexplained: f64,
}

/// A snapshot whose rates are computed.
struct SnapshotState {
    number: u64,
    time: f64,
    values: Array2<f64>,
    mass: f64,
    /// The largest |p|.
    largest: f64,
}

impl FluxTable {
    /// The rates of snapshots in memory at some times, as from their cube. NaN stands at masked nodes.
    ///
    /// Shape: values `(t, y, x)`.
    ///
    /// # Errors
    /// [`RunError`] if a file of the parameters can no longer be read, and if there is too little memory.
    pub fn of_values(
        problem: &Problem,
        times: &[f64],
        values: &ArrayView3<'_, f64>,
    ) -> Result<Self, RunError> {
        let snapshots = (0..).zip(times).zip(values.outer_iter());
        let states = snapshots.map(|((number, &time), values)| {
            let values = state_of(problem, values.to_owned());
            let rows = problem.summaries(0, values.as_slice().unwrap_or_default())?;
            let summary = Summary::of_rows(&rows, &problem.grid);
            Ok(SnapshotState {
                number,
                time,
                values,
                mass: summary.mass,
                largest: summary.min.abs().max(summary.max.abs()),
            })
        });
        Self::of_states(problem, states)
    }

    /// The rates of snapshots of a run, bit for bit equal to those in the rows of a record. Input files that have moved
    /// are given as `key=value` texts.
    ///
    /// # Errors
    /// [`RunError`] for a sweep, for parameters that this program does not know, and if there is too little memory.
    #[doc(hidden)]
    pub fn of(cube: &Cube, commits: &[&Commit], moved: &[String]) -> Result<Self, RunError> {
        let problem = problem_of_run(cube, moved)?;
        Self::of_problem(&problem, cube, commits)
    }

    /// The rates of a snapshot of a run, or of a scenario of a sweep.
    ///
    /// # Errors
    /// As [`of`](Self::of), without that for a sweep.
    #[doc(hidden)]
    pub fn of_scenario(cube: &Cube, commit: &Commit, moved: &[String]) -> Result<Self, RunError> {
        let problem = problem_of_scenario(cube, commit.id().scenario(), moved)?;
        Self::of_problem(&problem, cube, &[commit])
    }

    /// The names of the rates; `held_names` are the tables of held nodes.
    #[doc(hidden)]
    pub fn names(held_names: &[String]) -> Vec<String> {
        rate_names(held_names)
    }

    /// The rates of snapshots of a run of `problem`.
    ///
    /// # Errors
    /// [`RunError`].
    #[doc(hidden)]
    pub fn of_problem(
        problem: &Problem,
        cube: &Cube,
        commits: &[&Commit],
    ) -> Result<Self, RunError> {
        let states = commits.iter().map(|commit| {
            Ok(SnapshotState {
                number: commit.index,
                time: commit.simtime,
                values: state_of(problem, cube.snapshot(commit.id())?),
                mass: commit.mass,
                largest: commit.min.abs().max(commit.max.abs()),
            })
        });
        Self::of_states(problem, states)
    }

    fn of_states(
        problem: &Problem,
        states: impl Iterator<Item = Result<SnapshotState, RunError>>,
    ) -> Result<Self, RunError> {
        let fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes);
        let memory_needed = Footprint::of(problem).bytes();
        let mut fluxes = fluxes.map_err(|unready| RunError::unready(unready, memory_needed))?;
        let tables = problem.geometry().tables();
        let mut sums = Sums::new(problem)?;
        let (mut rows, mut first_mass, mut fewest_digits) = (Vec::new(), None, None);
        for state in states {
            let state = state?;
            let mut rates = fluxes.at(state.time, &state.values.view());
            sums.add(state.time, &mut rates, true);
            let mass_gain = state.mass - *first_mass.get_or_insert(state.mass);
            rows.push(FluxRow {
                snapshot: state.number,
                t: state.time,
                rates: rate_order(tables).map(|part| rates[part]).collect(),
                unexplained: sums.unexplained(mass_gain)[0],
            });
            fewest_digits = fewest_digits.or(sums.few_digits(state.largest, &fluxes));
        }
        Ok(Self {
            names: Self::names(&problem.params.canonical().held_names()),
            warning: fewest_digits,
            rows,
        })
    }
}

/// The state that has these values in a cube.
pub(super) fn state_of(problem: &Problem, mut values: Array2<f64>) -> Array2<f64> {
    if let Some(rows) = values.as_slice_mut() {
        problem.codec().decode(0, rows);
    }
    values
}

/// The problem of the run whose cube this is.
///
/// # Errors
/// As [`problem_of_scenario`], and for the cube of a sweep.
pub(super) fn problem_of_run(cube: &Cube, moved: &[String]) -> Result<Problem, RunError> {
    if cube.run().is_none() {
        let path = cube.paths().cube.display();
        let sentence = format!(
            "{path} is the cube of a sweep, and rates are computed for runs only; those at the end of each scenario stand in the table that the sweep has written beside it"
        );
        return Err(CubeError::from(Fault::refused(sentence)).into());
    }
    problem_of_scenario(cube, 0, moved)
}

/// The problem of a run, or of a scenario of a sweep, whose cube this is. Input files that have moved are given as `key=value` texts.
///
/// # Errors
/// [`RunError`] for parameters and inputs that differ from the parameters and inputs of the cube.
pub(super) fn problem_of_scenario(
    cube: &Cube,
    number: usize,
    moved: &[String],
) -> Result<Problem, RunError> {
    let problem = cube
        .inputs()
        .problem(number, moved, &mut Digests::default());
    problem.map_err(|error| match error {
        Some(error) => RunError::Params(error),
        None => {
            let reason = "this program derives other numbers from its parameters";
            CubeError::does_not_match(&cube.paths().cube, reason).into()
        }
    })
}
