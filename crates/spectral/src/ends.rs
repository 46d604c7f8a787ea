//! [`EndWalls`]: the walls at both ends of an axis.

use std::ops::Range;

/// The walls at both ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndWalls {
    /// Fixed values.
    Fixed,
    /// Given fluxes.
    Flux,
    /// A fixed value at the first node, and a given flux at the last.
    FixedThenFlux,
    /// A given flux at the first node, and a fixed value at the last.
    FluxThenFixed,
    /// Periodic: the first and the last node are the same point.
    Periodic,
}

impl EndWalls {
    /// Whether the first and the last node are fixed.
    #[must_use]
    pub fn are_fixed(self) -> [bool; 2] {
        match self {
            Self::Fixed => [true, true],
            Self::FixedThenFlux => [true, false],
            Self::FluxThenFixed => [false, true],
            Self::Flux | Self::Periodic => [false, false],
        }
    }
    /// The nodes that are transformed, of an axis with `nodes` nodes: those that are not fixed, but for the last node of a
    /// periodic axis, which is the first one.
    pub(crate) fn transformed(self, nodes: usize) -> Range<usize> {
        match self {
            Self::Periodic => 0..nodes - 1,
            _ => {
                let [fixed_at_start, fixed_at_end] = self.are_fixed().map(usize::from);
                fixed_at_start..nodes - fixed_at_end
            }
        }
    }
}
