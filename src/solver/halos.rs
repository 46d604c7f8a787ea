//! [`Received`]: the rows that a slab borrows from the ranks above and below.

use crate::{
    comm::{Comm, Incoming, Outgoing},
    slab::Slab,
};
use diff2d_stencil::Smoothness;
use diff2d_stencil::real::Real;
use std::ops::Range;

/// Receive buffers for the halos above and below, and their exchange.
#[derive(Debug)]
pub(crate) struct Received<T> {
    halos: [Vec<T>; 2],
    /// What the ranks above and below know of their rows.
    known: [Smoothness; 2],
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
        let known = |neighbour: Option<usize>| match neighbour {
            Some(_) => Smoothness::NONE,
            None => Smoothness::ALL,
        };
        Self {
            halos: [buffer(slab.above()), buffer(slab.below())],
            known: [known(slab.above()), known(slab.below())],
            columns,
        }
    }

    /// Exchanges the [edges](Slab::edges) of a slab, `depth` rows each, with both neighbours, and what is `known` of
    /// the rows of either side, if anybody wants to know. `meanwhile` runs while they travel.
    pub(crate) fn exchange(
        &mut self,
        slab: &Slab,
        edges: [&[T]; 2],
        (depth, known): (usize, Option<Smoothness>),
        comm: &impl Comm,
        meanwhile: impl FnOnce(),
    ) {
        let rows = depth * self.columns;
        let halos = self.halos.each_mut().map(|halo| {
            let rows = rows.min(halo.len());
            &mut halo[..rows]
        });
        let known = (known.as_ref(), &mut self.known);
        exchange(slab, (edges, halos), known, comm, meanwhile);
    }

    /// The same straight into the halos among the values of the rows that the slab holds.
    pub(super) fn exchange_in_place(
        &mut self,
        slab: &Slab,
        values: &mut [T],
        (depth, known): (usize, Option<Smoothness>),
        comm: &impl Comm,
    ) {
        debug_assert!(depth <= slab.halo());
        let columns = self.columns;
        let (own, rows) = (slab.own_among_held(), depth * columns);
        let (above, rest) = values.split_at_mut(own.start * columns);
        let (values, below) = rest.split_at_mut(own.len() * columns);
        let first = own.start;
        let edge = |rows: Range<usize>| {
            &values[(rows.start - first) * columns..(rows.end - first) * columns]
        };
        let edges = slab.edges(depth).map(edge);
        // Where there is no neighbour, there is no halo.
        let north = above.len().saturating_sub(rows);
        let south = rows.min(below.len());
        let halos = [&mut above[north..], &mut below[..south]];
        let known = (known.as_ref(), &mut self.known);
        exchange(slab, (edges, halos), known, comm, || ());
    }

    /// What the ranks above and below know of their rows since the last exchange of that: of all rows that a rank has
    /// borrowed.
    pub(crate) fn known(&self) -> Smoothness {
        self.known[0].and(self.known[1])
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

/// Sends the edges of a slab to the ranks above and below, and fills the halos with theirs. Likewise what is known of
/// the rows, the slab's `own` and theirs, if anybody wants to know.
fn exchange<T: Real>(
    slab: &Slab,
    ([first, last], [north, south]): ([&[T]; 2], [&mut [T]; 2]),
    (own, [of_north, of_south]): (Option<&Smoothness>, &mut [Smoothness; 2]),
    comm: &impl Comm,
    meanwhile: impl FnOnce(),
) {
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    // What is sent upwards first arrives from below first: two ranks may be neighbours on both sides.
    let sides = [
        (slab.above(), first, slab.below(), south, of_south),
        (slab.below(), last, slab.above(), north, of_north),
    ];
    for (to, edge, from, halo, of_halo) in sides {
        if let Some(to) = to {
            let rows = [bytemuck::cast_slice(edge)].into_iter();
            let messages = rows.chain(own.map(bytemuck::bytes_of));
            outgoing.extend(messages.map(|bytes| Outgoing { to, bytes }));
        }
        if let Some(from) = from {
            let rows = [bytemuck::cast_slice_mut(halo)].into_iter();
            let messages = rows.chain(own.map(|_| bytemuck::bytes_of_mut(of_halo)));
            incoming.extend(messages.map(|bytes| Incoming { from, bytes }));
        }
    }
    comm.exchange(&outgoing, &mut incoming, meanwhile);
}
