//! [`BandRows`]: the rows that a pass reads, of this rank and borrowed from others.

use super::{decomposition::Decomposition, error::RunError};
use crate::{
    comm::{Comm, collective},
    problem::Problem,
    slab::Slab,
    solver::{Received, Track},
};
use diff2d_stencil::Element;
use std::ops::Range;

/// The rows of a state in files: those that a rank owns, whose bytes follow one another in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct BandRows<'a, C> {
    pub(super) problem: &'a Problem,
    pub(super) ranks: &'a Decomposition<'a, C>,
}

impl<C: Comm> BandRows<'_, C> {
    /// The rows that this rank owns.
    pub(super) fn own(&self) -> Range<usize> {
        self.ranks.slab().own()
    }

    /// Bytes of a row.
    fn row_bytes(&self) -> u64 {
        self.problem.field_bytes() / self.problem.grid.y.nodes as u64
    }

    /// The bytes of the rows that this rank owns in a state of the whole grid.
    pub(super) fn own_bytes(&self) -> Range<u64> {
        let (own, row) = (self.own(), self.row_bytes());
        own.start as u64 * row..own.end as u64 * row
    }

    /// The rows of a pass whose result depends on so many rows above and below.
    pub(super) fn track(&self, deep: usize) -> Track {
        let ny = self.problem.grid.y.nodes;
        let slab = self.slab(deep);
        if slab.parts() > 1 || !self.problem.has_periodic_rows() {
            return Track {
                rows: slab.held().len(),
                ends: slab.has_ends(),
                first: slab.held().start,
            };
        }
        // Row 0 is numbered one period on or more, so that there are rows before it.
        let period = ny - 1;
        Track {
            rows: ny + 2 * deep,
            ends: [false; 2],
            first: deep.next_multiple_of(period).max(period) - deep,
        }
    }

    /// This rank's slab with halos of so many rows.
    fn slab(&self, deep: usize) -> Slab {
        let (ny, comm) = (self.problem.grid.y.nodes, self.ranks.comm());
        Slab::new(ny, comm.rank(), comm.size(), deep).periodic(self.problem.has_periodic_rows())
    }

    /// The bytes of the rows of a track in a file where the rows that this rank owns begin at byte `begin`, in
    /// their order; without those that others own.
    pub(super) fn ranges(&self, track: &Track, begin: u64) -> Vec<Range<u64>> {
        let row = self.row_bytes();
        let own = self.own();
        let mut ranges = Vec::new();
        if self.ranks.slab().parts() > 1 || !self.problem.has_periodic_rows() {
            ranges.push(begin..begin + own.len() as u64 * row);
            return ranges;
        }
        let period = own.len() - 1;
        let (mut at, end) = (track.first, track.first + track.rows);
        while at < end {
            let first = at % period;
            let count = (period - first).min(end - at);
            let start = begin + first as u64 * row;
            ranges.push(start..start + count as u64 * row);
            at += count;
        }
        ranges
    }

    /// Collective. Borrows the rows above and below for a pass, so many on each side. `read` reads bytes of the rows
    /// that this rank owns, from a byte of them on.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn borrow<T: Element>(
        &self,
        deep: usize,
        read: impl Fn(u64, &mut [u8]) -> Result<(), RunError>,
    ) -> Result<Received<T>, RunError> {
        let slab = self.slab(deep);
        let columns = self.problem.grid.x.nodes;
        let mut received = Received::new(&slab, columns);
        if slab.parts() == 1 {
            return Ok(received);
        }
        let first = slab.own_among_held().start;
        let read_edge = |rows: Range<usize>| {
            let mut values = vec![T::default(); rows.len() * columns];
            let at = (rows.start - first) as u64 * self.row_bytes();
            read(at, bytemuck::cast_slice_mut(&mut values)).map(|()| values)
        };
        let lent = |rank: Option<usize>, edge: usize| match rank {
            Some(_) => read_edge(slab.edges(deep)[edge].clone()),
            None => Ok(Vec::new()),
        };
        let edges = lent(slab.above(), 0).and_then(|first| Ok([first, lent(slab.below(), 1)?]));
        let edges = collective::all_ok(self.ranks.comm(), edges)?;
        let edges = edges.each_ref().map(Vec::as_slice);
        received.exchange(&slab, edges, (deep, None), self.ranks.comm(), || ());
        Ok(received)
    }
}
