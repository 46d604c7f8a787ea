//! Passes over one of several slabs, and the exchange of halos before each pass.

use super::Solver;
use crate::{
    comm::{Comm, Incoming, Outgoing},
    field::Field,
    slab::Slab,
};
use diff2d_stencil::{Element, Smoothness, real::Real};
use std::mem;

impl<T: Element> Solver<T> {
    /// Collective. Shows the state with one row of halos.
    pub(crate) fn look<R>(&mut self, comm: &impl Comm, look: impl FnOnce(&Field<T>) -> R) -> R {
        fill_halos(&self.slab, self.state.as_mut_slice(), 1, None, comm);
        look(&self.state)
    }

    /// Collective. Takes steps of explicit Euler, as many in a pass as a halo has rows.
    pub(super) fn advance_slab(&mut self, steps: u64, comm: &impl Comm) {
        let passes = steps.div_ceil(self.depth() as u64);
        for pass in 0..passes {
            let [first_step, last_step] = [pass, pass + 1]
                .map(|pass| u128::from(steps) * u128::from(pass) / u128::from(passes));
            self.pass((last_step - first_step) as usize, comm);
        }
    }

    /// Takes one pass of `steps` steps, after an exchange of halos with as many rows.
    fn pass(&mut self, steps: usize, comm: &impl Comm) {
        let own_smoothness = self.knowledge.smoothness();
        let sent_smoothness = self.stencil.may_know().then_some(own_smoothness);
        let neighbour_smoothness = fill_halos(
            &self.slab,
            self.state.as_mut_slice(),
            steps,
            sent_smoothness,
            comm,
        );
        self.knowledge
            .start_from(own_smoothness.and(neighbour_smoothness));
        let (state, target) = (self.state.view(), self.next.view_mut());
        let (walls, own_rows) = (&self.forcing.walls, self.slab.own_among_held());
        self.stencil
            .advance_rows(walls, &mut self.knowledge, state, target, own_rows, steps);
        mem::swap(&mut self.state, &mut self.next);
        walls.write_given(&mut self.state.view_mut(), steps);
    }
}

/// Collective. Fills the halos in the values of the rows that a slab holds, `depth` rows each. If all ranks send the
/// known smoothness `known` of the rows that they own, returns the known smoothness of the ranks above and below.
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
    let (own_rows, columns) = (slab.own_among_held(), values.len() / slab.held().len());
    let (halo_above, values) = values.split_at_mut(own_rows.start * columns);
    let (values, halo_below) = values.split_at_mut(own_rows.len() * columns);
    let edges = slab.edges(depth).map(|rows| {
        &values[(rows.start - own_rows.start) * columns..(rows.end - own_rows.start) * columns]
    });
    // Where there is no neighbour, there is no halo.
    let (above_from, below_to) = (
        halo_above.len().saturating_sub(depth * columns),
        halo_below.len().min(depth * columns),
    );
    let halos = [&mut halo_above[above_from..], &mut halo_below[..below_to]];
    exchange(slab, edges, halos, known, comm)
}

/// Collective. Sends the [edges](Slab::edges) of a slab to the ranks above and below, and fills the halos with theirs.
/// The known smoothness of the rows is sent as well, if it is needed.
fn exchange<T: Real>(
    slab: &Slab,
    edges: [&[T]; 2],
    halos: [&mut [T]; 2],
    known: Option<Smoothness>,
    comm: &impl Comm,
) -> Smoothness {
    let ([first_edge, last_edge], [halo_above, halo_below]) = (edges, halos);
    let mut neighbour_smoothness = [slab.above(), slab.below()].map(|neighbour| match neighbour {
        Some(_) => Smoothness::NONE,
        None => Smoothness::ALL,
    });
    let [smoothness_above, smoothness_below] = &mut neighbour_smoothness;
    // What is sent upwards first arrives from below first: two ranks may be neighbours on both sides.
    let sides = [
        (
            slab.above(),
            first_edge,
            slab.below(),
            halo_below,
            smoothness_below,
        ),
        (
            slab.below(),
            last_edge,
            slab.above(),
            halo_above,
            smoothness_above,
        ),
    ];
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    for (to, edge, from, halo, halo_smoothness) in sides {
        if let Some(to) = to {
            let row_bytes = [bytemuck::cast_slice(edge)].into_iter();
            let messages = row_bytes.chain(known.as_ref().map(bytemuck::bytes_of));
            outgoing.extend(messages.map(|bytes| Outgoing { to, bytes }));
        }
        if let Some(from) = from {
            let row_bytes = [bytemuck::cast_slice_mut(halo)].into_iter();
            let messages = row_bytes.chain(known.map(|_| bytemuck::bytes_of_mut(halo_smoothness)));
            incoming.extend(messages.map(|bytes| Incoming { from, bytes }));
        }
    }
    comm.exchange(&outgoing, &mut incoming, || ());
    neighbour_smoothness[0].and(neighbour_smoothness[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link, Solo};
    use diff2d_stencil::{Stencil, Tile};
    use proptest::prelude::*;
    use std::ops::Range;

    /// A function that creates the initial field for rows of a grid with a number of columns.
    type Start = fn(Range<usize>, usize) -> Field<f64>;

    /// A field whose values all differ.
    fn unequal(rows: Range<usize>, nx: usize) -> Field<f64> {
        field(rows, nx, |at, _| (at as f64 * 0.7).sin())
    }

    /// A field that is rough in its first rows, and zero everywhere else.
    fn rough_at_first(rows: Range<usize>, nx: usize) -> Field<f64> {
        field(rows, nx, |at, row| rough(at, (0..9).contains(&row)))
    }

    /// A field of 120 rows that is rough in its last rows, and zero everywhere else.
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

    /// A field whose values are functions of the number of the node and of its row.
    fn field(rows: Range<usize>, nx: usize, value: impl Fn(usize, usize) -> f64) -> Field<f64> {
        let mut field = Field::zeros((rows.len(), nx)).unwrap();
        for (node, at) in field.as_mut_slice().iter_mut().zip(rows.start * nx..) {
            *node = value(at, at / nx);
        }
        field
    }

    /// The state after `steps` steps, computed by several ranks.
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
