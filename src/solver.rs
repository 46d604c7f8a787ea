//! [`Solver`]: two fields and `advance(steps)`. No files, no clocks.

use crate::{
    field::Field,
    stencil::{Real, Stencil},
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
        let mut next = Field::zeros(state.shape())?;
        copy_ring(&state, &mut next);
        Ok(Self {
            stencil,
            now: state,
            next,
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

    /// Takes `steps` steps, as many at once as the stencil likes to.
    pub fn advance(&mut self, steps: u64) {
        let (ny, _) = self.now.shape();
        let depth = self.stencil.depth();
        let mut left = steps;
        while left > 0 {
            let together = usize::try_from(left).map_or(depth, |left| left.min(depth));
            self.stencil
                .advance(self.now.view(), self.next.view_mut(), 1..ny - 1, together);
            mem::swap(&mut self.now, &mut self.next);
            left -= together as u64;
        }
    }
}

/// The boundary ring never changes, so both fields hold it from the start.
fn copy_ring<T: Real>(from: &Field<T>, to: &mut Field<T>) {
    let (ny, nx) = from.shape();
    let (from, to) = (from.as_slice(), to.as_mut_slice());
    to[..nx].copy_from_slice(&from[..nx]);
    to[(ny - 1) * nx..].copy_from_slice(&from[(ny - 1) * nx..]);
    for start in (0..ny * nx).step_by(nx) {
        to[start] = from[start];
        to[start + nx - 1] = from[start + nx - 1];
    }
}
