//! Passes over one slab of several: what ranks tell each other before a pass, and what they compute meanwhile.

use super::Solver;
use crate::comm::Comm;
use diff2d_stencil::{Element, Smoothness};
use std::{mem, ops::Range, time::Instant};

impl<T: Element> Solver<T> {
    /// Collective. Explicit Euler's steps, as many a pass as a halo has rows.
    pub(super) fn advance_slab(&mut self, steps: u64, comm: &impl Comm) {
        let passes = steps.div_ceil(self.depth() as u64);
        let until = |pass: u64| u128::from(steps) * u128::from(pass) / u128::from(passes);
        for pass in 0..passes {
            self.pass((until(pass + 1) - until(pass)) as usize, comm);
        }
    }

    /// One pass: exchanges halos of `steps` rows with the ranks above and below, and advances by
    /// `steps` steps.
    fn pass(&mut self, steps: usize, comm: &impl Comm) {
        let own = self.slab.own_among_held();
        let inside = self.inside(steps);
        let (stencil, walls) = (&self.stencil, &self.forcing.walls);
        let [inside_knowledge, edge_knowledge @ ..] = &mut self.knowledge;
        let start = Instant::now();
        let halo = (steps, stencil.may_know().then_some(self.known));
        if inside.is_empty() {
            let values = self.state.as_mut_slice();
            self.received
                .exchange_in_place(&self.slab, values, halo, comm);
        } else {
            inside_knowledge.start_from(self.known);
            let (state, next) = (&self.state, &mut self.next);
            let rows = self.received.edges(&self.slab, state.as_slice(), steps);
            self.received.exchange(&self.slab, rows, halo, comm, || {
                let (state, next) = (state.view(), next.view_mut());
                stencil.advance_rows(walls, inside_knowledge, state, next, inside.clone(), steps);
            });
            self.received
                .place(&self.slab, self.state.as_mut_slice(), steps);
        }
        let exchanged = Instant::now();
        let known = self.known.and(self.received.known());
        let edges = [own.start..inside.start, inside.end..own.end];
        for (edge, knowledge) in edges.iter().zip(edge_knowledge) {
            knowledge.start_from(known);
            let (state, next) = (self.state.view(), self.next.view_mut());
            self.stencil
                .advance_rows(walls, knowledge, state, next, edge.clone(), steps);
        }
        let parts = [&inside].into_iter().chain(&edges).zip(&self.knowledge);
        let parts = parts.filter(|(rows, _)| !rows.is_empty());
        let known = parts
            .map(|(_, found)| found.smoothness())
            .reduce(Smoothness::and);
        self.known = known.unwrap_or(Smoothness::NONE);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), steps);
        if inside.is_empty() {
            let (waited, advanced) = (exchanged - start, exchanged.elapsed());
            self.overlap.record(waited, advanced, steps, own.len());
        }
    }

    /// The rows that are advanced while halos are exchanged: none without overlap.
    fn inside(&self, steps: usize) -> Range<usize> {
        let own = self.slab.own_among_held();
        if !self.overlap.overlaps || own.len() <= 2 * steps {
            return own.start..own.start;
        }
        let cut = |neighbour: Option<usize>| steps * usize::from(neighbour.is_some());
        own.start + cut(self.slab.above())..own.end - cut(self.slab.below())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        comm::{Channels, Link, Solo},
        field::Field,
        slab::Slab,
    };
    use diff2d_stencil::{Stencil, Tile};
    use proptest::prelude::*;

    /// A start: of the rows of a grid of so many columns.
    type Start = fn(Range<usize>, usize) -> Field<f64>;

    /// A field without equal values.
    fn unequal(rows: Range<usize>, nx: usize) -> Field<f64> {
        field(rows, nx, |at, _| (at as f64 * 0.7).sin())
    }

    /// A field that is rough at its first rows, and zero everywhere else.
    fn rough_at_first(rows: Range<usize>, nx: usize) -> Field<f64> {
        field(rows, nx, |at, row| rough(at, (0..9).contains(&row)))
    }

    /// A field of 120 rows that is rough at its last ones, and zero everywhere else.
    fn rough_at_last(rows: Range<usize>, nx: usize) -> Field<f64> {
        field(rows, nx, |at, row| rough(at, (111..120).contains(&row)))
    }

    fn rough(at: usize, here: bool) -> f64 {
        if here {
            0.7 + 0.3 * (at as f64).sin()
        } else {
            0.0
        }
    }

    /// Values by the number of the node and of its row.
    fn field(rows: Range<usize>, nx: usize, value: impl Fn(usize, usize) -> f64) -> Field<f64> {
        let mut field = Field::zeros((rows.len(), nx)).unwrap();
        for (node, at) in field.as_mut_slice().iter_mut().zip(rows.start * nx..) {
            *node = value(at, at / nx);
        }
        field
    }

    /// The state after `steps`, computed by several ranks with or without overlap.
    fn together(
        (stencil, start): (&Stencil<f64>, Start),
        (ny, nx): (usize, usize),
        (ranks, depth): (usize, usize),
        steps: &[u64],
        overlaps: bool,
    ) -> Vec<f64> {
        let part = |comm: Channels| {
            let slab = Slab::new(ny, comm.rank(), ranks, depth);
            let state = start(slab.held(), nx);
            let mut solver = Solver::of_slab(stencil.clone(), state, slab).unwrap();
            for &steps in steps {
                solver.overlap.overlaps = overlaps;
                solver.advance(steps, &comm);
            }
            let own = solver.slab().own_among_held();
            solver.state().as_slice()[own.start * nx..own.end * nx].to_vec()
        };
        Channels::together(ranks, Link::default(), part).concat()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn slabs_compute_the_bits_of_the_whole(
            ny in 3_usize..150, nx in 3_usize..60, ranks in 1_usize..9, depth in 1_usize..20,
            steps in prop::collection::vec(0_u64..40, 1..4), overlaps: bool,
            r in prop_oneof![Just(0.21), Just(0.25)],
            start in prop_oneof![Just(unequal as Start), Just(rough_at_first as Start)],
        ) {
            let stencil = Stencil::new(r).with_tile(Tile { rows: 30, columns: 25, depth });
            let mut alone = Solver::new(stencil.clone(), start(0..ny, nx)).unwrap();
            alone.advance(steps.iter().sum(), &Solo);
            let parts = together((&stencil, start), (ny, nx), (ranks, depth), &steps, overlaps);
            prop_assert!(parts == alone.state().as_slice());
        }
    }

    #[test]
    fn what_is_rough_arrives_from_other_ranks() {
        const SHAPE: (usize, usize) = (120, 40);
        let stencil = Stencil::new(0.25).with_tile("60x40x8".parse().unwrap());
        for start in [rough_at_first as Start, rough_at_last] {
            for (steps, overlaps) in [(8, false), (16, true), (60, false), (200, true)] {
                let mut alone = Solver::new(stencil.clone(), start(0..SHAPE.0, SHAPE.1)).unwrap();
                alone.advance(steps, &Solo);
                for ranks in [2, 3] {
                    let parts = together((&stencil, start), SHAPE, (ranks, 8), &[steps], overlaps);
                    let same = parts == alone.state().as_slice();
                    assert!(same, "{ranks} ranks, {steps} steps");
                }
            }
        }
    }

    #[test]
    fn ranks_know_what_their_neighbours_have_found() {
        let updates = Channels::together(3, Link::default(), |comm| {
            let slab = Slab::new(122, comm.rank(), 3, 8);
            let smooth = field(slab.held(), 40, |at, _| 1.0 + at as f64 * 1e-5);
            let stencil = Stencil::new(0.25).with_tile("60x40x8".parse().unwrap());
            let mut solver = Solver::of_slab(stencil, smooth, slab).unwrap();
            (0..10).for_each(|_| solver.advance(8, &comm));
            solver.updates()
        });
        for [three, _, six] in updates {
            // Only the first level of the first pass is checked.
            assert!(three > 50 * six, "{three} {six}");
        }
    }
}
