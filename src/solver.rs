//! [`Solver`]: two fields and `advance(steps)`. No files, no clocks.

use crate::{
    comm::{Comm, Incoming, Outgoing},
    field::Field,
    slab::Slab,
    stencil::{Element, Stencil, Tile},
};
use rayon::prelude::*;
use std::{
    io, mem,
    ops::Range,
    time::{Duration, Instant},
};

/// The state of the simulation and the step that moves it on.
#[derive(Debug)]
pub struct Solver<T: Element> {
    stencil: Stencil<T>,
    tile: Tile,
    slab: Slab,
    now: Field<T>,
    next: Field<T>,
    /// Where the rows of the ranks above and below arrive.
    borrowed: [Vec<T>; 2],
    pace: Pace,
}

/// Whether the inside of a slab is advanced while halos travel.
///
/// Cutting it off costs redundant work along the cuts, as many rows as a halo has for each, and saves
/// the time that messages take: a slab is cut once waiting has turned out to be dearer.
#[derive(Debug, Default)]
struct Pace {
    overlaps: bool,
    /// The first pass waits for whatever was before it.
    warm: bool,
    /// Wall time, of the latest passes on average \[s\].
    waiting: f64,
    advancing: f64,
}

impl Pace {
    /// Takes note of a pass that has not been cut: of `rows` rows with halos `depth` deep.
    fn learn(&mut self, waited: Duration, advanced: Duration, depth: usize, rows: usize) {
        const WEIGHT: f64 = 0.25;
        if !std::mem::replace(&mut self.warm, true) {
            return;
        }
        let blend = |average: &mut f64, latest: Duration| {
            *average += WEIGHT * (latest.as_secs_f64() - *average);
        };
        blend(&mut self.waiting, waited);
        blend(&mut self.advancing, advanced);
        let cuts = 2.0 * depth as f64 / rows as f64;
        self.overlaps = self.waiting > cuts * self.advancing;
    }
}

impl<T: Element> Solver<T> {
    /// Starts from a state of the whole grid, whose boundary ring holds the boundary condition; tiles
    /// are for the current rayon pool.
    ///
    /// # Errors
    /// When the system has no room for the second field.
    pub fn new(stencil: Stencil<T>, state: Field<T>) -> io::Result<Self> {
        let slab = Slab::whole(state.shape().0);
        Self::of_slab(stencil, state, slab)
    }

    /// As [`new`](Self::new), from the rows that a slab holds; what its halos hold means nothing yet.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_slab(stencil: Stencil<T>, state: Field<T>, slab: Slab) -> io::Result<Self> {
        let (ny, nx) = state.shape();
        debug_assert_eq!(ny, slab.held().len());
        let mut next = Field::zeros(state.shape())?;
        // Pages are placed, and cleared, when first written: by the threads, and before the steps.
        next.as_mut_slice()
            .par_chunks_mut(nx)
            .zip(state.as_slice().par_chunks(nx))
            .for_each(|(row, same)| {
                row.fill(T::default());
                (row[0], row[nx - 1]) = (same[0], same[nx - 1]);
            });
        for row in [0, ny.saturating_sub(1)].map(|row| row * nx) {
            let ring = state.as_slice().get(row..row + nx).unwrap_or_default();
            next.as_mut_slice()[row..row + ring.len()].copy_from_slice(ring);
        }
        let tile = stencil.tile(ny, nx, rayon::current_num_threads());
        let halo = slab.halo() * nx;
        let room = |neighbour: Option<usize>| match neighbour {
            Some(_) => vec![T::default(); halo],
            None => Vec::new(),
        };
        Ok(Self {
            borrowed: [room(slab.above()), room(slab.below())],
            pace: Pace::default(),
            stencil: stencil.with_tile(tile),
            tile,
            slab,
            next,
            now: state,
        })
    }

    /// The present state of the rows that the slab holds; halos may be older.
    #[must_use]
    pub fn state(&self) -> &Field<T> {
        &self.now
    }

    /// Gives the present state back.
    #[must_use]
    pub fn into_state(self) -> Field<T> {
        self.now
    }

    /// How the steps are computed.
    #[must_use]
    pub fn stencil(&self) -> &Stencil<T> {
        &self.stencil
    }

    /// Takes `steps` steps, together with the ranks that hold the other slabs.
    pub fn advance(&mut self, steps: u64, comm: &impl Comm) {
        if self.slab.parts() == 1 {
            return self.advance_alone(steps);
        }
        if self.slab.own().is_empty() {
            return;
        }
        let passes = steps.div_ceil(self.depth() as u64);
        let until = |pass: u64| u128::from(steps) * u128::from(pass) / u128::from(passes);
        for pass in 0..passes {
            self.pass((until(pass + 1) - until(pass)) as usize, comm);
        }
    }

    fn advance_alone(&mut self, steps: u64) {
        let mut left = steps;
        while left > 0 {
            let some = usize::try_from(left).unwrap_or(usize::MAX);
            let (mut now, mut next) = (self.now.view_mut(), self.next.view_mut());
            if self.stencil.advance_many(&mut now, &mut next, some) {
                mem::swap(&mut self.now, &mut self.next);
            }
            left -= some as u64;
        }
    }

    /// Borrows `steps` rows from the neighbours and takes as many steps.
    fn pass(&mut self, steps: usize, comm: &impl Comm) {
        let nx = self.now.shape().1;
        let own = self.slab.own_among_held();
        let inside = self.inside(steps);
        let [north, south] = &mut self.borrowed;
        let (stencil, now, next) = (&self.stencil, &self.now, &mut self.next);
        let rows = |rows: Range<usize>| {
            bytemuck::cast_slice::<T, u8>(&now.as_slice()[rows.start * nx..rows.end * nx])
        };
        let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
        let sides = [
            (self.slab.above(), own.start..own.start + steps, north),
            (self.slab.below(), own.end - steps..own.end, south),
        ];
        for (neighbour, edge, room) in sides {
            if let Some(rank) = neighbour {
                outgoing.push(Outgoing {
                    to: rank,
                    bytes: rows(edge),
                });
                incoming.push(Incoming {
                    from: rank,
                    bytes: bytemuck::cast_slice_mut(&mut room[..steps * nx]),
                });
            }
        }
        let start = Instant::now();
        comm.exchange(&outgoing, &mut incoming, || {
            stencil.advance(now.view(), next.view_mut(), inside.clone(), steps);
        });
        let exchanged = Instant::now();

        let [north, south] = &self.borrowed;
        let values = self.now.as_mut_slice();
        if self.slab.above().is_some() {
            values[(own.start - steps) * nx..own.start * nx].copy_from_slice(&north[..steps * nx]);
        }
        if self.slab.below().is_some() {
            values[own.end * nx..(own.end + steps) * nx].copy_from_slice(&south[..steps * nx]);
        }
        for edge in [own.start..inside.start, inside.end..own.end] {
            let (now, next) = (self.now.view(), self.next.view_mut());
            self.stencil.advance(now, next, edge, steps);
        }
        mem::swap(&mut self.now, &mut self.next);
        if inside.is_empty() {
            let (waited, advanced) = (exchanged - start, exchanged.elapsed());
            self.pace.learn(waited, advanced, steps, own.len());
        }
    }

    /// The rows that are advanced by `steps` steps before the halos are there: none as long as cutting
    /// them off costs more than waiting.
    fn inside(&self, steps: usize) -> Range<usize> {
        let own = self.slab.own_among_held();
        if !self.pace.overlaps || own.len() <= 2 * steps {
            return own.start..own.start;
        }
        let cut = |neighbour: Option<usize>| steps * usize::from(neighbour.is_some());
        own.start + cut(self.slab.above())..own.end - cut(self.slab.below())
    }

    /// How many steps a pass over the fields takes.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.slab.parts() {
            1 => self.tile.depth,
            _ => self.slab.halo(),
        }
    }

    /// What a thread advances at once.
    #[must_use]
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// The rows of the grid that are advanced here.
    #[must_use]
    pub fn slab(&self) -> &Slab {
        &self.slab
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link, Solo};
    use proptest::prelude::*;

    /// A field of which no two values are alike.
    fn field(rows: Range<usize>, nx: usize) -> Field<f64> {
        let mut field = Field::zeros((rows.len(), nx)).unwrap();
        for (value, at) in field.as_mut_slice().iter_mut().zip(rows.start * nx..) {
            *value = (at as f64 * 0.7).sin();
        }
        field
    }

    /// All ranks wait for halos, or none does where it has an inside.
    fn together(
        (ny, nx): (usize, usize),
        ranks: usize,
        tile: Tile,
        steps: &[u64],
        overlaps: bool,
    ) -> Vec<f64> {
        let stencil = Stencil::new(0.21).with_tile(tile);
        let part = |comm: Channels| {
            let slab = Slab::new(ny, comm.rank(), ranks, tile.depth);
            let state = field(slab.held(), nx);
            let mut solver = Solver::of_slab(stencil.clone(), state, slab).unwrap();
            for &steps in steps {
                solver.pace.overlaps = overlaps;
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
        ) {
            let tile = Tile { rows: 30, columns: 25, depth };
            let mut alone = Solver::new(Stencil::new(0.21), field(0..ny, nx)).unwrap();
            alone.advance(steps.iter().sum(), &Solo);
            let parts = together((ny, nx), ranks, tile, &steps, overlaps);
            prop_assert!(parts == alone.state().as_slice());
        }
    }

    #[test]
    fn waiting_that_is_dearer_than_cutting_is_not_done_again() {
        let mut pace = Pace::default();
        let ms = Duration::from_millis;
        // The first pass says nothing.
        pace.learn(ms(99), ms(100), 4, 100);
        pace.learn(ms(1), ms(100), 4, 100);
        assert!(!pace.overlaps);
        for _ in 0..20 {
            pace.learn(ms(9), ms(100), 4, 100);
        }
        assert!(pace.overlaps);
    }
}
