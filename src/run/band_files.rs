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
    schedule::Clock,
    solver::Transfer,
    summary,
};
use diff2d_stencil::Element;
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
    /// Bytes of the rows borrowed from the rank above, those that have not been read.
    pub(super) above: &'p [u8],
    /// The rows that this rank owns.
    pub(super) source: ReadAhead,
    /// How many bytes of them have not been read.
    pub(super) own: u64,
    /// Bytes of the rows borrowed from the rank below, those that have not been read.
    pub(super) below: &'p [u8],
    /// Where the rows go: to the scratch, to a snapshot, or both.
    pub(super) scratch: Option<WriteBehind<'scope>>,
    /// The number of the row that is written next.
    pub(super) row: usize,
    /// The time of the state that is written.
    pub(super) then: Clock,
    pub(super) snapshot: Option<&'f mut Snapshot<'o, 'a, C>>,
    /// The file that is read.
    pub(super) path: &'p Path,
    pub(super) stop: S,
    pub(super) memory: u64,
    /// Time in which nothing was computed, for want of rows or of room for them.
    pub(super) waited: Duration,
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
        let mut rest: &mut [u8] = bytemuck::cast_slice_mut(values);
        take_from(&mut self.above, &mut rest);
        let own = usize::try_from(self.own)
            .unwrap_or(usize::MAX)
            .min(rest.len());
        let (now, mut rest) = rest.split_at_mut(own);
        let read = self.source.fill(now);
        self.own -= own as u64;
        take_from(&mut self.below, &mut rest);
        self.waited += start.elapsed();
        Ok(read.map_err(CubeError::io("read", self.path))?)
    }

    fn write(&mut self, values: &[T]) -> Result<(), RunError> {
        if let Some(writer) = &mut self.scratch {
            let grid = &self.problem.grid;
            if let Some(halt) = summary::not_finite(values, (self.row, None), grid, self.then) {
                return Err(halt.into());
            }
            let start = Instant::now();
            writer.push(bytemuck::cast_slice(values));
            self.waited += start.elapsed();
        }
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.rows(values);
        }
        self.row += values.len() / self.problem.grid.x.nodes;
        Ok(())
    }
}

/// Moves as many bytes as there are, and as fit, from the beginning of `from` to that of `to`.
fn take_from(from: &mut &[u8], to: &mut &mut [u8]) {
    let count = from.len().min(to.len());
    let (now, later) = from.split_at(count);
    let (place, rest) = std::mem::take(to).split_at_mut(count);
    place.copy_from_slice(now);
    (*from, *to) = (later, rest);
}
