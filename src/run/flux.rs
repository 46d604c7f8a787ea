//! [`FluxTable`]: the rates of the snapshots of a cube.

use super::{
    columns::{order, part_names},
    error::RunError,
    sums::Sums,
};
use crate::{
    cube::{Cube, CubeError, Record},
    problem::{Footprint, Problem},
};

/// What comes in per time at each of some snapshots, from its values and the parameters of its journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FluxTable {
    /// What the rates are: of left, right, bottom and top, of each table of held nodes, of source and decay.
    pub names: Vec<String>,
    /// A row for each snapshot.
    pub rows: Vec<FluxRow>,
}

/// The rates of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FluxRow {
    /// Its number.
    pub snapshot: u64,
    /// Its time \[time\].
    pub t: f64,
    /// By the names of the table; what leaves is negative \[density·length²/time\].
    pub rates: Vec<f64>,
    /// The mass less that of the first snapshot and all that has come in since, by trapezoids over these snapshots
    /// \[density·length²\].
    pub unexplained: f64,
}

impl FluxTable {
    /// The rates of these snapshots of a run, bit for bit those of a record's rows.
    ///
    /// # Errors
    /// [`RunError`] for a sweep, for parameters that this program does not know, and where there is too little memory.
    pub fn of(cube: &Cube, records: &[&Record]) -> Result<Self, RunError> {
        let unknown = |reason: &str| {
            RunError::Cube(CubeError::DoesNotMatch {
                cube: cube.paths().cube.clone(),
                reason: reason.to_owned(),
            })
        };
        let Some(run) = cube.run() else {
            return Err(unknown(
                "it is that of a sweep, and rates are those of a run",
            ));
        };
        let problem = run.problem().map_err(|error| match error {
            Some(error) => RunError::Params(error),
            None => unknown("this program derives other numbers from its parameters"),
        })?;
        if problem.inputs() != cube.header().inputs {
            return Err(unknown(
                "a file that its parameters name has changed since it was written",
            ));
        }
        Self::of_problem(&problem, cube, records)
    }

    /// What the rates are, with so many tables of held nodes.
    pub fn names(tables: usize) -> Vec<String> {
        let names = part_names(tables);
        order(tables).map(|part| names[part].clone()).collect()
    }

    /// As [`of`](Self::of), of snapshots that have these parameters.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn of_problem(
        problem: &Problem,
        cube: &Cube,
        records: &[&Record],
    ) -> Result<Self, RunError> {
        let fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes);
        let needed = Footprint::of(problem).bytes();
        let mut fluxes = fluxes.map_err(|unready| RunError::unready(unready, needed))?;
        let tables = problem.geometry().tables();
        let mut sums = Sums::new(problem)?;
        let (mut rows, mut first_mass) = (Vec::new(), None);
        for record in records {
            let mut state = cube.snapshot(record.slot())?;
            if let Some(values) = state.as_slice_mut() {
                problem.codec().decode(0, values);
            }
            let rates = fluxes.at(record.simtime, &state.view());
            sums.add(record.simtime, &rates, true);
            let all: f64 = order(tables).map(|part| sums.all[part]).sum();
            rows.push(FluxRow {
                snapshot: record.index,
                t: record.simtime,
                rates: order(tables).map(|part| rates[part]).collect(),
                unexplained: record.mass - *first_mass.get_or_insert(record.mass) - all,
            });
            sums.last = Some((record.simtime, rates));
        }
        Ok(Self {
            names: Self::names(tables),
            rows,
        })
    }
}
