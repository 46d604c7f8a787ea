//! [`MovingSource`]: a source that is evaluated at each step, at a time at which it jumps between nodes.

use super::{
    between::{CutPoints, Jumping, Patches, Wrong},
    slots::{Slots, averaged},
    values::Values,
};
use crate::params::{ParamsError, Quantity};

/// A source that is evaluated at each step, at a time at which it jumps between nodes.
pub struct MovingSource<'a> {
    slots: &'a Slots,
    jumping: Jumping<'a>,
    patches: Patches,
}

impl Slots {
    /// The source at a time, if it is evaluated at each step and jumps between nodes.
    #[must_use]
    pub fn moving_source(&self, time: f64) -> Option<MovingSource<'_>> {
        let slot = self.slot(Quantity::Source);
        let (true, Values::Function(function)) = (slot.is_evaluated(), slot.values.given()) else {
            return None;
        };
        let jumping = Jumping::new(function, &self.geometry, time)?;
        let patches = jumping.patches();
        Some(MovingSource {
            slots: self,
            jumping,
            patches,
        })
    }
}

impl MovingSource<'_> {
    /// Whether integrating it between nodes takes no longer than asking it at all nodes, or so little that nobody notices.
    /// Steps ask it at nodes otherwise.
    #[must_use]
    pub fn is_cheap(&self) -> bool {
        /// The number of values at nodes whose time nobody notices.
        const FEW: u64 = 1 << 15;
        self.jumping.cost(&self.patches) <= self.slots.geometry.grid.len().max(FEW)
    }

    /// The values of the source, integrated between nodes where it jumps.
    ///
    /// # Errors
    /// The first value between nodes that is not finite.
    pub fn values(&self) -> Result<Values, Wrong> {
        let points = CutPoints::new(self.slots);
        let means = self
            .jumping
            .hats(&self.patches, points.as_ref(), f64::is_finite)?;
        let node_values = self.slots.slot(Quantity::Source).values.clone();
        Ok(averaged(node_values, means))
    }

    /// The powers of the source at nodes and between them, over cells of the size 1.
    ///
    /// # Errors
    /// [`ParamsError`] never, for no formula reads a file.
    pub fn powers(&self, time: f64) -> Result<[f64; 2], ParamsError> {
        let (grid, nodes) = (&self.slots.geometry.grid, &self.slots.geometry.nodes);
        let node_values = self.slots.slot(Quantity::Source).values.clone();
        let Ok(integrated) = self.values() else {
            return Ok([0.0; 2]);
        };
        let mut powers = [0.0; 2];
        for rows in nodes.pieces() {
            let mut values = vec![0.0; rows.len() * grid.x.nodes];
            for (power, source) in powers.iter_mut().zip([&node_values, &integrated]) {
                source.rows(nodes, rows.clone(), time, &mut values)?;
                self.slots
                    .geometry
                    .fill_masked(rows.start, &mut values, 0.0);
                for (row, j) in values.chunks_exact(grid.x.nodes).zip(rows.clone()) {
                    let cells = row.iter().enumerate();
                    let sum: f64 = cells.map(|(i, value)| grid.x.weight(i) * value).sum();
                    *power += grid.y.weight(j) * sum;
                }
            }
        }
        Ok(powers)
    }
}
