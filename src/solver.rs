//! [`Solver`]: two fields and `advance(steps)`. No files, no clocks.

use crate::{
    field::Field,
    stencil::{Real, Stencil, Tile},
};
use rayon::prelude::*;
use std::{io, mem};

/// The state of the simulation and the step that moves it on.
#[derive(Debug)]
pub struct Solver<T: Real> {
    stencil: Stencil<T>,
    tile: Tile,
    now: Field<T>,
    next: Field<T>,
}

impl<T: Real> Solver<T> {
    /// Starts from `state`, whose boundary ring holds the boundary condition; tiles are for the
    /// current rayon pool.
    ///
    /// # Errors
    /// When the system has no room for the second field.
    pub fn new(stencil: Stencil<T>, state: Field<T>) -> io::Result<Self> {
        let (ny, nx) = state.shape();
        let mut next = Field::zeros(state.shape())?;
        // Pages are placed, and cleared, when first written: by the threads, and before the steps.
        next.as_mut_slice()
            .par_chunks_mut(nx)
            .for_each(|row| row.fill(T::default()));
        let tile = stencil.tile(ny, nx, rayon::current_num_threads());
        Ok(Self {
            stencil: stencil.with_tile(tile),
            tile,
            next,
            now: state,
        })
    }

    /// The present state.
    #[must_use]
    pub fn state(&self) -> &Field<T> {
        &self.now
    }

    /// Gives the present state back.
    #[must_use]
    pub fn into_state(self) -> Field<T> {
        self.now
    }

    /// How the steps are computed.
    #[must_use]
    pub fn stencil(&self) -> &Stencil<T> {
        &self.stencil
    }

    /// Takes `steps` steps.
    pub fn advance(&mut self, steps: u64) {
        let mut left = steps;
        while left > 0 {
            let some = usize::try_from(left).unwrap_or(usize::MAX);
            let (mut now, mut next) = (self.now.view_mut(), self.next.view_mut());
            if self.stencil.advance_many(&mut now, &mut next, some) {
                mem::swap(&mut self.now, &mut self.next);
            }
            left -= some as u64;
        }
    }

    /// How many steps a pass over the fields takes.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.tile.depth
    }

    /// What a thread advances at once.
    #[must_use]
    pub fn tile(&self) -> Tile {
        self.tile
    }
}
