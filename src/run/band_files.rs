//! [`Files`]: where the rows of a pass come from, and where they go.

use super::{error::RunError, snapshot::Snapshot};
use crate::{
    comm::Comm,
    cube::{
        CubeError,
        stream::{ReadAhead, WriteBehind},
    },
    dynamics::Dynamics,
    problem::Problem,
    solver::Transfer,
    stencil::Element,
};
use std::{
    ops::Range,
    path::Path,
    time::{Duration, Instant},
};

/// The files of a pass.
pub(super) struct Files<'f, 'p, 'o, 'a, 'scope, C, S> {
    pub(super) problem: &'p Problem,
    /// The number of the first row of the track.
    pub(super) first: usize,
    pub(super) source: ReadAhead,
    pub(super) target: Target<'f, 'o, 'a, 'scope, C>,
    /// The file that is read.
    pub(super) path: &'p Path,
    pub(super) stop: S,
    pub(super) memory: u64,
    /// Time in which nothing was computed, for want of rows or of room for them.
    pub(super) waited: Duration,
}

/// Where the rows of a pass go.
pub(super) enum Target<'f, 'o, 'a, 'scope, C> {
    Scratch(WriteBehind<'scope>),
    Snapshot(&'f mut Snapshot<'o, 'a, C>),
}

impl<T: Element, C: Comm, S: Fn() -> bool> Transfer<T, RunError>
    for Files<'_, '_, '_, '_, '_, C, S>
{
    fn dynamics(&mut self, rows: Range<usize>) -> Result<Dynamics<T>, RunError> {
        let rows = rows.start + self.first..rows.end + self.first;
        let dynamics = self.problem.dynamics(rows);
        dynamics.map_err(|unready| RunError::unready(unready, self.memory))
    }

    fn read(&mut self, values: &mut [T]) -> Result<(), RunError> {
        if (self.stop)() {
            return Err(RunError::GivenUp);
        }
        let start = Instant::now();
        let read = self.source.fill(bytemuck::cast_slice_mut(values));
        self.waited += start.elapsed();
        Ok(read.map_err(CubeError::io("read", self.path))?)
    }

    fn write(&mut self, values: &[T]) -> Result<(), RunError> {
        match &mut self.target {
            Target::Scratch(writer) => {
                let start = Instant::now();
                writer.push(bytemuck::cast_slice(values));
                self.waited += start.elapsed();
            }
            Target::Snapshot(snapshot) => snapshot.rows(values),
        }
        Ok(())
    }
}
