//! [`FluxField`]: the flux at the nodes, of snapshots of a cube.

use super::{
    columns::flux_unit,
    error::RunError,
    flux::{problem_of_run, state_of},
};
use crate::{
    cube::{Commit, Cube},
    physics::{fluxes::Fluxes, moving_nodes::MovingNodes},
    problem::{Footprint, Problem},
};
use ndarray::Array3;

/// The flux at the nodes of a run: what passes per time and length, or around an axis per area, along x and along y.
#[doc(hidden)]
pub struct FluxField {
    problem: Problem,
    fluxes: Fluxes,
    moving: MovingNodes,
}

impl FluxField {
    /// The flux of a run. Input files that have moved are given as `key=value` texts.
    ///
    /// # Errors
    /// [`RunError`] for a sweep, for parameters that this program does not know, and if there is too little memory.
    pub fn new(cube: &Cube, moved: &[String]) -> Result<Self, RunError> {
        let problem = problem_of_run(cube, moved)?;
        let fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes);
        let bytes_needed = Footprint::of(&problem).bytes();
        Ok(Self {
            fluxes: fluxes.map_err(|unready| RunError::unready(unready, bytes_needed))?,
            moving: problem.moving_nodes()?,
            problem,
        })
    }

    /// The flux of a snapshot \[density·length/time\]: positive towards larger coordinates, NaN at masked nodes.
    ///
    /// Shape: `(2, ny, nx)`, the component along x before that along y
    ///
    /// # Errors
    /// [`RunError`] if the snapshot cannot be read.
    pub fn of(&mut self, cube: &Cube, commit: &Commit) -> Result<Array3<f64>, RunError> {
        let state = state_of(&self.problem, cube.snapshot(commit.id())?);
        Ok(self
            .fluxes
            .densities(commit.simtime, &state.view(), &self.moving))
    }

    /// The unit of the flux, or its dimension if the parameters name no units.
    #[must_use]
    pub fn unit(&self) -> String {
        flux_unit(&self.problem)
    }

    /// Whether nodes are masked.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.problem.masked().is_some()
    }
}
