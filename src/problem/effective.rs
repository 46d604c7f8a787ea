//! The steady flow through a picture, every node of which is a whole pixel.

use super::Problem;
use crate::{
    field::Field,
    physics::{Unready, fluxes::face, wall::Side},
};

impl Problem {
    /// Treats every node as a whole pixel, also on walls, as programs for pictures do.
    pub(crate) fn with_whole_cells(mut self) -> Self {
        self.has_whole_cells = true;
        self
    }

    /// Solves for the steady state and returns the flow from one side through the inner faces of its nodes
    /// \[density·length²/time\].
    ///
    /// # Errors
    /// [`Unready`] if there is no steady state, or too little memory.
    pub(crate) fn steady_flow(&self, side: Side) -> Result<f64, Unready> {
        let mut state = Field::<f64>::zeros(self.grid.shape())?;
        self.settle(&mut state, None, &mut |_| true)?;
        let dynamics = self.dynamics::<f64>(0..self.grid.y.nodes)?;
        let values = state.view();
        let inward_flow: f64 = (0..side.nodes(&self.grid))
            .map(|number| {
                let wall_node = side.node(&self.grid, number);
                let inner_node = side.inner_node(&self.grid, number);
                let conductance = face(&dynamics.equation.operator, side.opposite(), wall_node);
                conductance * (values[wall_node] - values[inner_node])
            })
            .sum();
        // The coefficients of the equation have the time step in them.
        Ok(self.grid.integral(inward_flow) / self.slots.share(self.schedule.dt))
    }
}
