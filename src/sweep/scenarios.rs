//! [`Sweep`]: the scenarios.

use crate::{
    params::{Params, ParamsError, SweepParams},
    physics::input::Digests,
    problem::Problem,
};
use std::path::Path;

/// The scenarios of a sweep, fully determined.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The keys that differ between scenarios.
    pub varied: Vec<String>,
    /// The scenarios, in the order of the cube's first axis.
    pub problems: Vec<Problem>,
}

impl Sweep {
    /// Reads a sweep file and the parameter file it names.
    ///
    /// # Errors
    /// [`ParamsError`] of the first scenario that cannot be run, or not in the same cube as the first.
    pub fn load(file: &Path) -> Result<Self, ParamsError> {
        let params = SweepParams::read(file)?;
        let mut problems: Vec<Problem> = Vec::new();
        let mut digests = Digests::default();
        for (number, raw) in params.scenarios().enumerate() {
            let problem = Problem::with_digests(Params::from_raw(&raw)?, &raw, &mut digests)?;
            let first = problems.first().unwrap_or(&problem);
            if problem.grid.shape() != first.grid.shape() {
                let ((ny, nx), (ny0, nx0)) = (problem.grid.shape(), first.grid.shape());
                let reason = format!(
                    "scenario {number} then has {ny} × {nx} nodes and scenario 0 has {ny0} × {nx0}; the scenarios of a sweep share one shape"
                );
                return Err(raw.refuse("dx", reason));
            }
            if problem.params.precision != first.params.precision {
                let reason = "the scenarios of a sweep share one precision".to_owned();
                return Err(raw.refuse("precision", reason));
            }
            problems.push(problem);
        }
        let sweep = Self {
            varied: params.varied(),
            problems,
        };
        if sweep.cube_bytes() >= 1 << 63 {
            let reason = "the scenarios together are beyond the 2^63 bytes that a file can have";
            return Err(params.scenario(0).refuse("outtime", reason.to_owned()));
        }
        Ok(sweep)
    }

    /// `(scenarios, snapshots, ny, nx)`; a scenario with fewer snapshots leaves NaN behind them.
    #[must_use]
    pub fn cube_shape(&self) -> [u64; 4] {
        let (ny, nx) = self.problems[0].grid.shape();
        let snapshots = self
            .problems
            .iter()
            .map(|problem| problem.schedule.snapshots());
        [
            self.problems.len() as u64,
            snapshots.max().unwrap_or(0),
            ny as u64,
            nx as u64,
        ]
    }

    /// Bytes of the cube's data; beyond 64 bits if need be.
    fn cube_bytes(&self) -> u128 {
        let element = self.problems[0].params.precision.bytes() as u128;
        self.cube_shape()
            .iter()
            .map(|&length| u128::from(length))
            .product::<u128>()
            * element
    }
}
