//! The exact solution in time: every rank transforms the whole grid.

use super::Solver;
use crate::comm::{Comm, Incoming, Outgoing};
use diff2d_spectral::Spectral;
use diff2d_stencil::Element;

impl<T: Element> Solver<T> {
    /// The next step, as a part of a whole step.
    pub(super) fn part_of(&self, method: &Spectral) -> Spectral {
        method.part(self.forcing.exact_length() / self.forcing.pace.dt)
    }

    /// Collective. Takes one step.
    pub(super) fn advance_exactly(&mut self, method: &Spectral, comm: &impl Comm) {
        self.forcing.skip(1);
        let Some(whole) = self.work.first_mut() else {
            return method.advance(self.state.view_mut());
        };
        let (slab, nx) = (&self.slab, self.state.shape().1);
        let among = slab.own_among_held();
        let own_values = &self.state.as_slice()[among.start * nx..among.end * nx];
        let own_begin = slab.own().start * nx;
        whole.as_mut_slice()[own_begin..own_begin + own_values.len()].copy_from_slice(own_values);

        let other_ranks = (0..slab.parts()).filter(|&rank| rank != comm.rank());
        let bytes = bytemuck::cast_slice(own_values);
        let outgoing: Vec<_> = other_ranks.map(|to| Outgoing { to, bytes }).collect();
        let mut incoming = Vec::new();
        let mut remaining_rows = whole.as_mut_slice();
        for rank in 0..slab.parts() {
            let (rows, later_rows) = remaining_rows.split_at_mut(slab.rows_of(rank).len() * nx);
            remaining_rows = later_rows;
            if rank != comm.rank() {
                let bytes = bytemuck::cast_slice_mut(rows);
                incoming.push(Incoming { from: rank, bytes });
            }
        }
        comm.exchange(&outgoing, &mut incoming, || ());

        method.advance(whole.view_mut());
        let own_values = &whole.as_slice()[own_begin..own_begin + among.len() * nx];
        self.state.as_mut_slice()[among.start * nx..among.end * nx].copy_from_slice(own_values);
    }
}
