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

    /// Which nodes faces that conduct join to a side, row by row.
    ///
    /// # Errors
    /// [`Unready`] for inputs that cannot be read, or too little memory.
    pub(crate) fn nodes_joined_to(&self, side: Side) -> Result<Vec<bool>, Unready> {
        let dynamics = self.dynamics::<f64>(0..self.grid.y.nodes)?;
        let (ny, nx) = self.grid.shape();
        let mut is_reached = vec![false; ny * nx];
        let first_nodes = (0..side.nodes(&self.grid)).map(|number| side.node(&self.grid, number));
        let mut nodes_to_visit: Vec<(usize, usize)> = first_nodes.collect();
        while let Some(node) = nodes_to_visit.pop() {
            if is_reached[node.0 * nx + node.1] {
                continue;
            }
            // Between periodic sides a path goes on from the other one.
            for (j, i) in self.geometry().nodes.same(node) {
                is_reached[j * nx + i] = true;
                let neighbours = [
                    (Side::Left, i > 0, (j, i.wrapping_sub(1))),
                    (Side::Right, i + 1 < nx, (j, i + 1)),
                    (Side::Bottom, j > 0, (j.wrapping_sub(1), i)),
                    (Side::Top, j + 1 < ny, (j + 1, i)),
                ];
                for (direction, is_inside, neighbour) in neighbours {
                    if is_inside && face(&dynamics.equation.operator, direction, (j, i)) != 0.0 {
                        nodes_to_visit.push(neighbour);
                    }
                }
            }
        }
        Ok(is_reached)
    }
}
