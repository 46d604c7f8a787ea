//! The step: one row-parallel sweep. [`scalar`] is the definition of what it computes.

pub mod limit;
pub mod real;
pub mod scalar;

pub use real::Real;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use std::ops::Range;

/// The five-point step with coefficient `r`.
#[derive(Debug, Clone, Copy)]
pub struct Stencil<T: Real> {
    r: T,
}

impl<T: Real> Stencil<T> {
    /// The step with coefficient `r = D dt/dx²` \[1\].
    #[must_use]
    pub fn new(r: T) -> Self {
        Self { r }
    }

    /// How many steps one call of [`advance`](Self::advance) may take.
    #[must_use]
    pub fn depth(&self) -> usize {
        1
    }

    /// The name of the kernel that computes it.
    #[must_use]
    pub fn kernel(&self) -> &'static str {
        "scalar"
    }

    /// What a thread advances at once.
    #[must_use]
    pub fn tile(&self) -> &'static str {
        "row"
    }

    /// Writes to `target` the rows `rows` of the state `steps` steps after `source`.
    ///
    /// # Panics
    /// When the shapes differ or `steps` is beyond [`depth`](Self::depth).
    pub fn advance(
        &self,
        source: ArrayView2<'_, T>,
        mut target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        steps: usize,
    ) {
        assert_eq!(source.dim(), target.dim());
        assert!(steps == 1 && rows.start > 0 && rows.end < source.nrows());
        target
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .enumerate()
            .filter(|(j, _)| rows.contains(j))
            .for_each(|(j, mut row)| {
                let rows = [j - 1, j, j + 1].map(|j| source.row(j).to_slice());
                if let ([Some(south), Some(centre), Some(north)], Some(new)) =
                    (rows, row.as_slice_mut())
                {
                    scalar::step_row(self.r, south, centre, north, new);
                }
            });
    }
}
