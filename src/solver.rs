//! [`Solver`]: two fields and `advance(steps)`. No files, no clocks.

use crate::{
    field::Field,
    stencil::{Real, Stencil, Tile},
};
use std::{io, mem};

/// The state of the simulation and the step that moves it on.
#[derive(Debug)]
pub struct Solver<T: Real> {
    stencil: Stencil<T>,
    now: Field<T>,
    next: Field<T>,
}

impl<T: Real> Solver<T> {
    /// Starts from `state`, whose boundary ring holds the boundary condition.
    ///
    /// # Errors
    /// When the system has no room for the second field.
    pub fn new(stencil: Stencil<T>, state: Field<T>) -> io::Result<Self> {
        Ok(Self {
            stencil,
            next: Field::zeros(state.shape())?,
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
            let (now, next) = (self.now.view_mut(), self.next.view_mut());
            let passes = self.stencil.advance_many(now, next, some);
            if passes % 2 == 1 {
                mem::swap(&mut self.now, &mut self.next);
            }
            left -= some as u64;
        }
    }

    /// How many steps a pass over the fields takes.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.tile().depth
    }

    /// What a thread advances at once.
    #[must_use]
    pub fn tile(&self) -> Tile {
        let (ny, nx) = self.now.shape();
        self.stencil.tile(ny, nx, rayon::current_num_threads())
    }
}
