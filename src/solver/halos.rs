//! [`Received`]: the rows that a slab borrows from the ranks above and below.

use crate::{
    comm::{Comm, Incoming, Outgoing},
    real::Real,
    slab::Slab,
};
use std::ops::Range;

/// Receive buffers for the halos above and below, and their exchange.
#[derive(Debug)]
pub(crate) struct Received<T> {
    halos: [Vec<T>; 2],
    /// Nodes of a row.
    columns: usize,
}

impl<T: Real> Received<T> {
    /// Buffers for the halos of a slab.
    pub(crate) fn new(slab: &Slab, columns: usize) -> Self {
        let buffer = |neighbour: Option<usize>| match neighbour {
            Some(_) => vec![T::default(); slab.halo() * columns],
            None => Vec::new(),
        };
        Self {
            halos: [buffer(slab.above()), buffer(slab.below())],
            columns,
        }
    }

    /// Exchanges the [edges](Slab::edges) of a slab, `depth` rows each, with both neighbours. `meanwhile` runs
    /// while they travel.
    pub(crate) fn exchange(
        &mut self,
        slab: &Slab,
        edges: [&[T]; 2],
        depth: usize,
        comm: &impl Comm,
        meanwhile: impl FnOnce(),
    ) {
        let rows = depth * self.columns;
        let halos = self.halos.each_mut().map(|halo| {
            let rows = rows.min(halo.len());
            &mut halo[..rows]
        });
        exchange(slab, edges, halos, comm, meanwhile);
    }

    /// The same straight into the halos among the values of the rows that the slab holds.
    pub(super) fn exchange_in_place(
        &self,
        slab: &Slab,
        values: &mut [T],
        depth: usize,
        comm: &impl Comm,
    ) {
        debug_assert!(depth <= slab.halo());
        let (own, rows) = (slab.own_among_held(), depth * self.columns);
        let (above, rest) = values.split_at_mut(own.start * self.columns);
        let (values, below) = rest.split_at_mut(own.len() * self.columns);
        let first = own.start;
        let edge = |rows: Range<usize>| {
            &values[(rows.start - first) * self.columns..(rows.end - first) * self.columns]
        };
        let edges = slab.edges(depth).map(edge);
        // Where there is no neighbour, there is no halo.
        let north = above.len().saturating_sub(rows);
        let south = rows.min(below.len());
        let halos = [&mut above[north..], &mut below[..south]];
        exchange(slab, edges, halos, comm, || ());
    }

    /// The [edges](Slab::edges) among the rows that a slab holds.
    pub(super) fn edges<'v>(&self, slab: &Slab, values: &'v [T], depth: usize) -> [&'v [T]; 2] {
        let columns = self.columns;
        let rows = |rows: Range<usize>| &values[rows.start * columns..rows.end * columns];
        slab.edges(depth).map(rows)
    }

    /// The rows received from above and from below in an exchange of `depth` rows.
    pub(crate) fn rows(&self, depth: usize) -> [&[T]; 2] {
        let rows = depth * self.columns;
        self.halos
            .each_ref()
            .map(|halo| &halo[..rows.min(halo.len())])
    }

    /// Writes what was received to the halos.
    pub(super) fn place(&self, slab: &Slab, values: &mut [T], depth: usize) {
        let (own, columns) = (slab.own_among_held(), self.columns);
        let [above, below] = self.rows(depth);
        let start = own.start * columns;
        values[start - above.len()..start].copy_from_slice(above);
        let end = own.end * columns;
        values[end..end + below.len()].copy_from_slice(below);
    }
}

/// Sends the edges of a slab to the ranks above and below, and fills the halos with theirs.
fn exchange<T: Real>(
    slab: &Slab,
    [first, last]: [&[T]; 2],
    [north, south]: [&mut [T]; 2],
    comm: &impl Comm,
    meanwhile: impl FnOnce(),
) {
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    // What is sent upwards first arrives from below first: two ranks may be neighbours on both sides.
    let sides = [
        (slab.above(), first, slab.below(), south),
        (slab.below(), last, slab.above(), north),
    ];
    for (to, edge, from, halo) in sides {
        if let Some(to) = to {
            outgoing.push(Outgoing {
                to,
                bytes: bytemuck::cast_slice(edge),
            });
        }
        if let Some(from) = from {
            incoming.push(Incoming {
                from,
                bytes: bytemuck::cast_slice_mut(halo),
            });
        }
    }
    comm.exchange(&outgoing, &mut incoming, meanwhile);
}
