//! [`Solver`]: the state of a simulation and its steps, on one rank or several. It accesses no files.
//!
//! This file has explicit Euler, many steps a pass; `rkl2.rs` and `exact.rs` have the other methods,
//! `halos.rs` the rows that slabs borrow from each other.

mod bands;
mod exact;
mod forcing;
mod halos;
mod rkl2;

use crate::{
    comm::Comm,
    dynamics::{Dynamics, Method, NotFinite},
    field::Field,
    slab::Slab,
    stencil::{Element, Findings, Rkl2, Stencil, Tile},
};
pub use bands::{Bands, FEWEST_ROWS, Track, Transfer};

use forcing::Forcing;
pub(crate) use halos::Received;
use std::{
    io, mem,
    ops::Range,
    time::{Duration, Instant},
};

/// The state of the rows of a slab, and the steps that advance it together with other slabs.
#[derive(Debug)]
pub struct Solver<T: Element> {
    stencil: Stencil<T>,
    forcing: Forcing<T>,
    method: Method<T>,
    tile: Tile,
    slab: Slab,
    state: Field<T>,
    /// The second array of a pass.
    next: Field<T>,
    /// More arrays, for methods that need them.
    work: Vec<Field<T>>,
    /// Receive buffers for the halos above and below.
    received: Received<T>,
    overlap: OverlapPolicy,
    /// What was found out about the state: of all rows, or of those inside and at the edges of a slab.
    findings: [Findings; 3],
}

/// Whether a pass overlaps communication with computation.
///
/// With overlap the inside of a slab, which does not depend on the halos, is advanced while these
/// are exchanged, and the edges afterwards. That saves the time of the exchange and costs redundant
/// work: next to the cut between inside and edge, each computes as many rows twice as a halo has. The
/// policy measures passes without overlap and turns it on for good once waiting costs more.
#[derive(Debug, Default)]
struct OverlapPolicy {
    overlaps: bool,
    /// Whether a pass has been seen. The first one is not measured, as it also waits for ranks that
    /// start later.
    started: bool,
    /// Moving averages of wall time \[s\].
    waiting: f64,
    advancing: f64,
}

impl OverlapPolicy {
    /// Records a pass without overlap over `rows` rows with halos `depth` deep.
    fn record(&mut self, waited: Duration, advanced: Duration, depth: usize, rows: usize) {
        const WEIGHT: f64 = 0.25;
        if !mem::replace(&mut self.started, true) {
            return;
        }
        let blend = |average: &mut f64, latest: Duration| {
            *average += WEIGHT * (latest.as_secs_f64() - *average);
        };
        blend(&mut self.waiting, waited);
        blend(&mut self.advancing, advanced);
        let redundant = 2.0 * depth as f64 / rows as f64;
        self.overlaps = self.waiting > redundant * self.advancing;
    }
}

impl<T: Element> Solver<T> {
    /// A solver for the whole grid. The boundary nodes of `state` are held constant. Tiles are chosen
    /// for the current rayon pool.
    ///
    /// # Errors
    /// If the system has too little memory for the second array.
    pub fn new(stencil: Stencil<T>, state: Field<T>) -> io::Result<Self> {
        let slab = Slab::whole(state.shape().0);
        Self::of_slab(stencil, state, slab)
    }

    /// A solver for the rows that `slab` holds, whose boundary nodes are held constant. The values in its
    /// halos are not used.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_slab(stencil: Stencil<T>, state: Field<T>, slab: Slab) -> io::Result<Self> {
        let dynamics = Dynamics::constant(stencil.equation().clone());
        Self::with_dynamics(stencil, dynamics, (state, 0.0), slab)
    }

    /// A solver for the rows that `slab` holds, whose state is that of a simulated time.
    ///
    /// The kernel and the tile are those of `stencil`, the equation is that of `dynamics`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_dynamics(
        stencil: Stencil<T>,
        mut dynamics: Dynamics<T>,
        (state, simtime): (Field<T>, f64),
        slab: Slab,
    ) -> io::Result<Self> {
        let forcing = Forcing::take(&mut dynamics, simtime, slab.has_ends());
        let stencil = stencil.with_equation(dynamics.equation);
        let (ny, nx) = state.shape();
        debug_assert_eq!(ny, slab.held().len());
        let next = state.with_same_boundary()?;
        // The arrays whose rows hold the whole grid or this slab, respectively.
        let work = match &dynamics.method {
            Method::Euler => Vec::new(),
            Method::Rkl2(method) if takes_stages_apart(method, &forcing, &slab) => {
                arrays_of_stages(&state)?
            }
            Method::Rkl2(_) => Vec::new(),
            Method::Exact(_) if slab.parts() == 1 => Vec::new(),
            Method::Exact(_) => vec![Field::zeros((slab.rows(), nx))?],
        };
        let threads = rayon::current_num_threads();
        let tile = match &dynamics.method {
            Method::Rkl2(method) => stencil.rkl2_tile((ny, nx), threads, method.stages()),
            Method::Euler | Method::Exact(_) => stencil.tile(ny, nx, threads),
        };
        Ok(Self {
            received: Received::new(&slab, nx),
            overlap: OverlapPolicy::default(),
            findings: Default::default(),
            stencil: stencil.with_tile(tile),
            forcing,
            method: dynamics.method,
            work,
            tile,
            slab,
            next,
            state,
        })
    }

    /// The present state of the rows that the slab holds. Halos may be older.
    #[must_use]
    pub fn state(&self) -> &Field<T> {
        &self.state
    }

    /// Whether all walls and sources until now had finite values on the rows of the slab. The state means
    /// nothing where they had not.
    ///
    /// # Errors
    /// The first that had not.
    pub fn check(&self) -> Result<(), NotFinite> {
        self.forcing.check()
    }

    /// The present state, by value.
    #[must_use]
    pub fn into_state(self) -> Field<T> {
        self.state
    }

    /// The step.
    #[must_use]
    pub fn stencil(&self) -> &Stencil<T> {
        &self.stencil
    }

    /// Advances the state by `steps` steps. Collective over the ranks.
    pub fn advance(&mut self, steps: u64, comm: &impl Comm) {
        if self.slab.own().is_empty() {
            return;
        }
        match &self.method {
            Method::Euler => self.advance_euler(steps, comm),
            Method::Rkl2(method) => {
                let method = method.clone();
                (0..steps).for_each(|_| self.advance_rkl2(&method, comm));
            }
            Method::Exact(method) => {
                let method = method.clone();
                (0..steps).for_each(|_| self.advance_exactly(&method, comm));
            }
        }
    }

    /// Advances the state by one step, and shows each state that the step takes increments of: the one
    /// before it, and those after all stages but the last. Collective over the ranks.
    ///
    /// The exact solution takes no increments.
    ///
    /// # Errors
    /// If the system has too little memory for the arrays of stages.
    pub fn advance_seen(
        &mut self,
        comm: &impl Comm,
        mut see: impl FnMut(usize, &Field<T>),
    ) -> io::Result<()> {
        match &self.method {
            Method::Rkl2(method) => {
                let method = method.clone();
                if self.work.is_empty() {
                    self.work = arrays_of_stages(&self.state)?;
                }
                self.advance_by_stages(&method, comm, see);
                return Ok(());
            }
            Method::Euler => see(1, &self.state),
            Method::Exact(_) => {}
        }
        self.advance(1, comm);
        Ok(())
    }

    fn advance_euler(&mut self, steps: u64, comm: &impl Comm) {
        let mut left = steps;
        while left > 0 {
            let batch = self.batch(left);
            self.forcing.prepare(batch, &mut self.stencil);
            match self.slab.parts() {
                1 => self.advance_alone(batch),
                _ => self.advance_slab(batch, comm),
            }
            left -= batch;
        }
    }

    /// How many of the next `left` steps can be taken with the walls and the source of one moment, or
    /// with one table of walls.
    fn batch(&self, left: u64) -> u64 {
        let depth = self.depth();
        let steps = self.forcing.batch(left, depth, self.state.shape());
        match self.slab.parts() {
            1 => steps,
            // Each pass of a slab has tables of its own.
            _ if self.forcing.walls_at.is_some() => steps.min(depth as u64),
            _ => steps,
        }
    }

    fn advance_slab(&mut self, steps: u64, comm: &impl Comm) {
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
            let (mut state, mut next) = (self.state.view_mut(), self.next.view_mut());
            let walls = &self.forcing.walls;
            if self.stencil.advance_many_noting(
                walls,
                &mut state,
                &mut next,
                (some, &mut self.findings[0]),
            ) {
                mem::swap(&mut self.state, &mut self.next);
            }
            left -= some as u64;
        }
    }

    /// One pass: exchanges halos of `steps` rows with the ranks above and below, and advances by
    /// `steps` steps.
    fn pass(&mut self, steps: usize, comm: &impl Comm) {
        let own = self.slab.own_among_held();
        let inside = self.inside(steps);
        let (stencil, walls) = (&self.stencil, &self.forcing.walls);
        let [found_inside, found_edges @ ..] = &mut self.findings;
        let start = Instant::now();
        if inside.is_empty() {
            let values = self.state.as_mut_slice();
            self.received
                .exchange_in_place(&self.slab, values, steps, comm);
        } else {
            // The halos are other ranks' values.
            found_inside.field_was_changed();
            let (state, next) = (&self.state, &mut self.next);
            let rows = self.received.edges(&self.slab, state.as_slice(), steps);
            self.received.exchange(&self.slab, rows, steps, comm, || {
                let (state, next) = (state.view(), next.view_mut());
                stencil.advance_noting(walls, state, next, inside.clone(), (steps, found_inside));
            });
            self.received
                .place(&self.slab, self.state.as_mut_slice(), steps);
        }
        let exchanged = Instant::now();
        let edges = [own.start..inside.start, inside.end..own.end];
        for (edge, found) in edges.into_iter().zip(found_edges) {
            found.field_was_changed();
            let (state, next) = (self.state.view(), self.next.view_mut());
            self.stencil
                .advance_noting(walls, state, next, edge, (steps, found));
        }
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

    /// The steps of a pass: of explicit Euler the depth of a tile, or of a halo if there are several slabs.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.slab.parts() {
            _ if !matches!(self.method, Method::Euler) => 1,
            1 => self.tile.depth,
            _ => self.slab.halo(),
        }
    }

    /// Node updates done with three, with five, and with six operations or more.
    #[must_use]
    pub fn updates(&self) -> [u64; 3] {
        let all = self.findings.iter().map(Findings::updates);
        all.fold([0; 3], |sum, one| [0, 1, 2].map(|k| sum[k] + one[k]))
    }

    /// The tile in use.
    #[must_use]
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// The rows of the grid that this solver advances.
    #[must_use]
    pub fn slab(&self) -> &Slab {
        &self.slab
    }
}

/// Whether each stage is a pass: if the source is another one at each, or if a slab has fewer rows than a
/// step has stages.
fn takes_stages_apart<T: Element>(method: &Rkl2<T>, forcing: &Forcing<T>, slab: &Slab) -> bool {
    forcing.source_at.is_some() || (slab.parts() > 1 && slab.halo() < method.stages())
}

/// The arrays that a stage needs besides the two of a step: an older stage, and the increment of the state
/// before the step.
fn arrays_of_stages<T: Element>(state: &Field<T>) -> io::Result<Vec<Field<T>>> {
    Ok(vec![
        state.with_same_boundary()?,
        Field::zeros(state.shape())?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link, Solo};
    use proptest::prelude::*;

    /// A field without equal values.
    fn field(rows: Range<usize>, nx: usize) -> Field<f64> {
        let mut field = Field::zeros((rows.len(), nx)).unwrap();
        for (value, at) in field.as_mut_slice().iter_mut().zip(rows.start * nx..) {
            *value = (at as f64 * 0.7).sin();
        }
        field
    }

    /// The state after `steps`, computed by several ranks with or without overlap.
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
        ) {
            let tile = Tile { rows: 30, columns: 25, depth };
            let mut alone = Solver::new(Stencil::new(0.21), field(0..ny, nx)).unwrap();
            alone.advance(steps.iter().sum(), &Solo);
            let parts = together((ny, nx), ranks, tile, &steps, overlaps);
            prop_assert!(parts == alone.state().as_slice());
        }
    }

    #[test]
    fn passes_overlap_once_waiting_costs_more_than_redundant_work() {
        let mut policy = OverlapPolicy::default();
        let ms = Duration::from_millis;
        // The first pass is not measured.
        policy.record(ms(99), ms(100), 4, 100);
        policy.record(ms(1), ms(100), 4, 100);
        assert!(!policy.overlaps);
        for _ in 0..20 {
            policy.record(ms(9), ms(100), 4, 100);
        }
        assert!(policy.overlaps);
    }
}
