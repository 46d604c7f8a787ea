//! [`Received`]: the rows that a slab borrows from the ranks above and below.

use crate::{
    comm::{Comm, Incoming, Outgoing},
    real::Real,
    slab::Slab,
};

/// Receive buffers for the halos above and below, and their exchange.
#[derive(Debug)]
pub(super) struct Received<T> {
    halos: [Vec<T>; 2],
    /// Nodes of a row.
    columns: usize,
}

impl<T: Real> Received<T> {
    /// Buffers for the halos of a slab.
    pub(super) fn new(slab: &Slab, columns: usize) -> Self {
        let buffer = |neighbour: Option<usize>| match neighbour {
            Some(_) => vec![T::default(); slab.halo() * columns],
            None => Vec::new(),
        };
        Self {
            halos: [buffer(slab.above()), buffer(slab.below())],
            columns,
        }
    }

    /// Exchanges `depth` rows of `values`, the rows that the slab holds, with both neighbours.
    /// `meanwhile` runs while they travel.
    pub(super) fn exchange(
        &mut self,
        slab: &Slab,
        values: &[T],
        depth: usize,
        comm: &impl Comm,
        meanwhile: impl FnOnce(),
    ) {
        let columns = self.columns;
        let [north, south] = &mut self.halos;
        let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
        let [first, last] = slab.edges(depth);
        // What is sent upwards first arrives from below first: two ranks may be neighbours on both sides.
        let sides = [
            (slab.above(), first, slab.below(), south),
            (slab.below(), last, slab.above(), north),
        ];
        for (to, edge, from, buffer) in sides {
            if let Some(to) = to {
                let rows = &values[edge.start * columns..edge.end * columns];
                outgoing.push(Outgoing {
                    to,
                    bytes: bytemuck::cast_slice(rows),
                });
            }
            if let Some(from) = from {
                incoming.push(Incoming {
                    from,
                    bytes: bytemuck::cast_slice_mut(&mut buffer[..depth * columns]),
                });
            }
        }
        comm.exchange(&outgoing, &mut incoming, meanwhile);
    }

    /// Writes what was received to the halos.
    pub(super) fn place(&self, slab: &Slab, values: &mut [T], depth: usize) {
        let (own, columns) = (slab.own_among_held(), self.columns);
        let [north, south] = &self.halos;
        if slab.above().is_some() {
            values[(own.start - depth) * columns..own.start * columns]
                .copy_from_slice(&north[..depth * columns]);
        }
        if slab.below().is_some() {
            values[own.end * columns..(own.end + depth) * columns]
                .copy_from_slice(&south[..depth * columns]);
        }
    }
}
