//! Passes over one slab of several, and the rows that slabs borrow from each other before each.

use super::Solver;
use crate::{
    comm::{Comm, Incoming, Outgoing},
    field::Field,
    slab::Slab,
};
use diff2d_stencil::{Element, Smoothness, real::Real};
use std::mem;

impl<T: Element> Solver<T> {
    /// Collective. Shows the state, in halos one row of those next to it.
    pub(crate) fn look<R>(&mut self, comm: &impl Comm, look: impl FnOnce(&Field<T>) -> R) -> R {
        fill_halos(&self.slab, self.state.as_mut_slice(), 1, None, comm);
        look(&self.state)
    }

    /// Collective. Explicit Euler's steps, as many a pass as a halo has rows.
    pub(super) fn advance_slab(&mut self, steps: u64, comm: &impl Comm) {
        let passes = steps.div_ceil(self.depth() as u64);
        let until = |pass: u64| u128::from(steps) * u128::from(pass) / u128::from(passes);
        for pass in 0..passes {
            self.pass((until(pass + 1) - until(pass)) as usize, comm);
        }
    }

    /// One pass of so many steps, after an exchange of halos of as many rows.
    fn pass(&mut self, steps: usize, comm: &impl Comm) {
        let known = self.knowledge.smoothness();
        let told = self.stencil.may_know().then_some(known);
        let theirs = fill_halos(&self.slab, self.state.as_mut_slice(), steps, told, comm);
        self.knowledge.start_from(known.and(theirs));
        let (state, next) = (self.state.view(), self.next.view_mut());
        let (walls, own) = (&self.forcing.walls, self.slab.own_among_held());
        self.stencil
            .advance_rows(walls, &mut self.knowledge, state, next, own, steps);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), steps);
    }
}

/// Collective. Fills the halos among the values of the rows that a slab holds, `depth` rows of each. Returns what the
/// ranks above and below know of theirs if all tell each other what is `known` of the rows that they own.
pub(super) fn fill_halos<T: Real>(
    slab: &Slab,
    values: &mut [T],
    depth: usize,
    known: Option<Smoothness>,
    comm: &impl Comm,
) -> Smoothness {
    debug_assert!(depth <= slab.halo() || slab.parts() == 1);
    if slab.parts() == 1 {
        return Smoothness::ALL;
    }
    let (own, columns) = (slab.own_among_held(), values.len() / slab.held().len());
    let (above, rest) = values.split_at_mut(own.start * columns);
    let (values, below) = rest.split_at_mut(own.len() * columns);
    let edges = slab
        .edges(depth)
        .map(|rows| &values[(rows.start - own.start) * columns..(rows.end - own.start) * columns]);
    // Where there is no neighbour, there is no halo.
    let (above_from, below_to) = (
        above.len().saturating_sub(depth * columns),
        below.len().min(depth * columns),
    );
    let halos = [&mut above[above_from..], &mut below[..below_to]];
    exchange(slab, edges, halos, known, comm)
}

/// Collective. Sends the [edges](Slab::edges) of a slab to the ranks above and below, and fills the halos with theirs.
/// Likewise what is known of the rows, if anybody wants to know.
fn exchange<T: Real>(
    slab: &Slab,
    edges: [&[T]; 2],
    halos: [&mut [T]; 2],
    known: Option<Smoothness>,
    comm: &impl Comm,
) -> Smoothness {
    let ([first, last], [above, below]) = (edges, halos);
    let mut theirs = [slab.above(), slab.below()].map(|neighbour| match neighbour {
        Some(_) => Smoothness::NONE,
        None => Smoothness::ALL,
    });
    let [of_above, of_below] = &mut theirs;
    // What is sent upwards first arrives from below first: two ranks may be neighbours on both sides.
    let sides = [
        (slab.above(), first, slab.below(), below, of_below),
        (slab.below(), last, slab.above(), above, of_above),
    ];
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    for (to, edge, from, halo, of_halo) in sides {
        if let Some(to) = to {
            let rows = [bytemuck::cast_slice(edge)].into_iter();
            let messages = rows.chain(known.as_ref().map(bytemuck::bytes_of));
            outgoing.extend(messages.map(|bytes| Outgoing { to, bytes }));
        }
        if let Some(from) = from {
            let rows = [bytemuck::cast_slice_mut(halo)].into_iter();
            let messages = rows.chain(known.map(|_| bytemuck::bytes_of_mut(of_halo)));
            incoming.extend(messages.map(|bytes| Incoming { from, bytes }));
        }
    }
    comm.exchange(&outgoing, &mut incoming, || ());
    theirs[0].and(theirs[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link, Solo};
    use diff2d_stencil::{Stencil, Tile};
    use proptest::prelude::*;
    use std::ops::Range;

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

    /// The state after `steps`, computed by several ranks.
    fn together(
        stencil: &Stencil<f64>,
        start: Start,
        (ny, nx): (usize, usize),
        ranks: usize,
        depth: usize,
        steps: &[u64],
    ) -> Vec<f64> {
        let part = |comm: Channels| {
            let slab = Slab::new(ny, comm.rank(), ranks, depth);
            let state = start(slab.held(), nx);
            let mut solver = Solver::between_held_walls(stencil.clone(), state, slab);
            for &steps in steps {
                solver.advance(steps, &comm).unwrap();
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
            steps in prop::collection::vec(0_u64..40, 1..4),
            r in prop_oneof![Just(0.21), Just(0.25)],
            start in prop_oneof![Just(unequal as Start), Just(rough_at_first as Start)],
        ) {
            let stencil = Stencil::new(r).with_tile(Tile { rows: 30, columns: 25, depth });
            let mut alone = Solver::between_held_walls(stencil.clone(), start(0..ny, nx), Slab::whole(ny));
            alone.advance(steps.iter().sum(), &Solo).unwrap();
            let parts = together(&stencil, start, (ny, nx), ranks, depth, &steps);
            prop_assert!(parts == alone.state().as_slice());
        }
    }

    #[test]
    fn what_is_rough_arrives_from_other_ranks() {
        const SHAPE: (usize, usize) = (120, 40);
        let stencil = Stencil::new(0.25).with_tile("60x40x8".parse().unwrap());
        for start in [rough_at_first as Start, rough_at_last] {
            for steps in [8, 16, 60, 200] {
                let mut alone = Solver::between_held_walls(
                    stencil.clone(),
                    start(0..SHAPE.0, SHAPE.1),
                    Slab::whole(SHAPE.0),
                );
                alone.advance(steps, &Solo).unwrap();
                for ranks in [2, 3] {
                    let parts = together(&stencil, start, SHAPE, ranks, 8, &[steps]);
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
            let mut solver = Solver::between_held_walls(stencil, smooth, slab);
            (0..10).for_each(|_| solver.advance(8, &comm).unwrap());
            solver.updates()
        });
        for [three, _, six] in updates {
            // Only the first level of the first pass is checked.
            assert!(three > 50 * six, "{three} {six}");
        }
    }
}
