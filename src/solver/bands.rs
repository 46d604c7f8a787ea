//! [`Bands`]: many steps over rows that do not fit into memory, which arrive and leave in bands.
//!
//! A pass takes its steps in stages. A stage has as many steps as a tile is deep, or one step of RKL2, which depends
//! on as many rows as it has stages itself. When a band of rows arrives, every stage advances as many rows as have
//! arrived. Each is one depth further behind than the stage before, because a row needs its neighbours at earlier
//! levels:
//!
//! ```text
//!   row            0                           ──▶ arrive
//!   level 0        ░░░░░░░░░░░░░░░░░░██████
//!   after stage 1  ░░░░░░░░░░░░░░░░██████          █ with this band   ░ before
//!   after stage 2  ░░░░░░░░░░░░░░██████
//!                                ──▶ leave
//! ```
//!
//! Of its source, a stage keeps what the next band needs: rows twice as many as its steps. So no row is read
//! twice, and rows are computed twice by tiles only, as in memory. Where rows end inside of the grid, at the
//! halo of a slab, each stage ends one depth before the stage before.
//!
//! Source: time skewing, D. Wonnacott, "Achieving scalable locality with time skewing", International Journal
//! of Parallel Programming 30, 2002.

use super::forcing::Forcing;
use crate::{
    dynamics::{Dynamics, Halt, Method, Shorter},
    field::Field,
    schedule::Clock,
};
use diff2d_stencil::{Element, Knowledge, Smoothness, Stencil, Walls};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::{io, ops::Range};

/// What of a pass its caller provides.
pub trait Transfer<T, E> {
    /// How these rows of a pass change in time.
    ///
    /// # Errors
    /// Its own.
    fn dynamics(&mut self, rows: Range<usize>) -> Result<Dynamics<T>, E>;

    /// The length of the step, where it is a part of one that is looked at and not taken.
    fn cut(&self) -> Option<f64> {
        None
    }

    /// Fills `values` with the next rows.
    ///
    /// # Errors
    /// Its own.
    fn read(&mut self, values: &mut [T]) -> Result<(), E>;

    /// Takes the next rows of the result.
    ///
    /// # Errors
    /// Its own.
    fn write(&mut self, values: &[T]) -> Result<(), E>;
}

/// The memory of passes over rows that arrive in bands, and what is known of the field.
#[derive(Debug)]
pub struct Bands<T: Element> {
    stencil: Stencil<T>,
    /// Rows that arrive at a time, at most.
    band: usize,
    /// Rows above and below that a step depends on.
    reach: usize,
    columns: usize,
    /// Source and target of a stage, in turn.
    arrays: [Field<T>; 2],
    /// What stages keep of their sources, one after the other.
    kept: Field<T>,
    /// What is known of each stage.
    stages: Vec<BandStage>,
    /// What is known of the field; `None` before the first pass.
    known: Option<Smoothness>,
}

/// The steps of a stage.
struct StageSteps<'a, T: Element> {
    stencil: &'a Stencil<T>,
    walls: &'a Walls<T>,
    method: &'a Method<T>,
    /// How a shorter one is taken.
    shorter: Option<&'a Shorter<T>>,
    depth: usize,
    /// What is known of the state before.
    known: Smoothness,
}

/// The fewest rows of a band: a step needs three rows, and bands of one pass differ.
pub const FEWEST_ROWS: usize = 6;

/// What is known of a stage.
#[derive(Debug, Default)]
struct BandStage {
    knowledge: Knowledge,
    /// The rows that it keeps.
    kept: Range<usize>,
    /// What is known of its results.
    known: Smoothness,
}

impl<T: Element> Bands<T> {
    /// Memory for passes of at most `steps` steps over rows of so many columns, by the kernel and the tile of
    /// `stencil`. At a time `band` rows arrive. A step depends on `reach` rows above and below. A stage has no more
    /// steps than the tile is deep, and one step if that reaches further than a row.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn new(
        stencil: Stencil<T>,
        band: usize,
        steps: usize,
        reach: usize,
        columns: usize,
    ) -> io::Result<Self> {
        let band = band.max(FEWEST_ROWS);
        let depth = match reach {
            1 => stencil.depth(band, columns, rayon::current_num_threads()),
            _ => reach,
        };
        let field = |rows: usize| Field::zeros((rows, columns));
        let window = band + steps * reach + depth;
        Ok(Self {
            arrays: [field(window)?, field(window)?],
            kept: field(2 * steps * reach)?,
            reach,
            stages: Vec::new(),
            known: None,
            stencil,
            band,
            columns,
        })
    }

    /// How many rows above and below each stage of a pass of so many steps depends on; the last of them may be a
    /// shorter one.
    #[must_use]
    pub fn depths(&self, steps: usize, is_last_shorter: bool) -> Vec<usize> {
        if self.reach > 1 {
            return vec![self.reach; steps];
        }
        let depth = self.stencil.depth(self.band, self.columns, 1);
        let shorter = usize::from(is_last_shorter);
        let mut depths = self
            .stencil
            .passes(steps - shorter, depth, self.known.is_none());
        depths.resize(depths.len() + shorter, 1);
        depths
    }

    /// Node updates done with three, with five, and with six operations or more.
    #[must_use]
    pub fn updates(&self) -> [u64; 3] {
        let all = self.stages.iter().map(|stage| stage.knowledge.updates());
        all.fold([0; 3], |sum, one| [0, 1, 2].map(|k| sum[k] + one[k]))
    }

    /// Advances so many rows, halos included, whose state is that of a time, in stages of these
    /// [depths](Self::depths), of which a shorter step is one. `ends` tells whether the first and the last are ends of the grid, not of a halo. Rows of
    /// halos do not leave. The inner error is the first wall or source with a value that is not finite; the
    /// state then means nothing.
    ///
    /// # Errors
    /// Those of `transfer`.
    pub fn pass<E>(
        &mut self,
        rows: usize,
        ends: [bool; 2],
        depths: &[usize],
        now: impl Into<Clock>,
        transfer: &mut impl Transfer<T, E>,
    ) -> Result<Result<(), Halt>, E> {
        let (fronts, nx, now) = (Fronts::new(rows, ends, depths), self.columns, now.into());
        let most = depths.len().max(self.stages.len());
        self.stages.resize_with(most, BandStage::default);
        for stage in &mut self.stages {
            (stage.kept, stage.known) = (0..0, Smoothness::ALL);
        }
        let count = rows.div_ceil(self.band);
        let read = |band: usize| (rows as u128 * band as u128 / count as u128) as usize;
        for band in 0..count {
            let (before, after) = (read(band), read(band + 1));
            let window = fronts.window(before, after);
            let arrive = before - window.start..after - window.start;
            transfer
                .read(&mut self.arrays[0].as_mut_slice()[arrive.start * nx..arrive.end * nx])?;
            let mut dynamics = transfer.dynamics(window.clone())?;
            let at_ends = [ends[0] && window.start == 0, ends[1] && window.end == rows];
            let mut forcing = Forcing::take(&mut dynamics, now, at_ends);
            forcing.cut = transfer.cut();
            let mut stencil = self.stencil.clone().with_equation(dynamics.equation);
            // Of the rows of halos, which may come from other ranks, nothing is known.
            let own = self.known.filter(|_| ends == [true; 2]);
            let mut known = own.unwrap_or(Smoothness::NONE);
            for (stage, &depth) in depths.iter().enumerate() {
                let next = fronts.kept(stage, after);
                self.keep(stage, 2 * fronts.lags[stage], &window, next);
                let length = forcing.is_shorter_next().then(|| forcing.next_length());
                let shorter = length.map(&dynamics.shorter);
                match &dynamics.method {
                    Method::Rkl2(method) => drop(forcing.prepare_stages(method, &mut stencil)),
                    _ => forcing.prepare(depth as u64, &mut stencil),
                }
                let rows = fronts.at(stage + 1, before)..fronts.at(stage + 1, after);
                let steps = StageSteps {
                    stencil: &stencil,
                    walls: &forcing.walls,
                    method: &dynamics.method,
                    shorter: shorter.as_ref(),
                    depth,
                    known,
                };
                let found = self.advance(stage, &steps, &window, rows);
                let stage = &mut self.stages[stage];
                stage.known = stage.known.and(found);
                known = stage.known;
                self.arrays.swap(0, 1);
            }
            if let Err(halt) = forcing.check() {
                return Ok(Err(halt));
            }
            let stages = depths.len();
            let done = fronts.at(stages, before)..fronts.at(stages, after);
            let done = done.start - window.start..done.end - window.start;
            transfer.write(&self.arrays[0].as_slice()[done.start * nx..done.end * nx])?;
        }
        let last = self.stages[..depths.len()].last();
        if transfer.cut().is_none() {
            self.known = last.map(|stage| stage.known);
        }
        Ok(Ok(()))
    }

    /// Puts what a stage kept of its source before what has arrived, and keeps the rows `next` for the next
    /// band, from the row `place` of what is kept on.
    fn keep(&mut self, stage: usize, place: usize, window: &Range<usize>, next: Range<usize>) {
        let source = &mut self.arrays[0];
        let rows: &mut Range<usize> = &mut self.stages[stage].kept;
        let here = |rows: &Range<usize>| rows.start - window.start..rows.end - window.start;
        if rows.start < rows.end {
            source.copy_rows(here(rows).start, &self.kept, place..place + rows.len());
        }
        if !next.is_empty() {
            self.kept.copy_rows(place, source, here(&next));
        }
        *rows = next;
    }

    /// Advances the rows `rows` of the pass from the first array to the second. Returns what is known
    /// of them.
    fn advance(
        &mut self,
        stage: usize,
        steps: &StageSteps<'_, T>,
        window: &Range<usize>,
        rows: Range<usize>,
    ) -> Smoothness {
        if rows.is_empty() {
            return Smoothness::ALL;
        }
        let &StageSteps {
            stencil,
            walls,
            method,
            shorter,
            depth,
            known,
        } = steps;
        let (nx, height) = (self.columns, window.len());
        let rows = rows.start - window.start..rows.end - window.start;
        let [source, target] = &mut self.arrays;
        let (source, target) = (source.as_slice(), target.as_mut_slice());
        // Outermost nodes that are held are not written by the step.
        for row in rows.clone().map(|row| row * nx) {
            for node in [row, row + nx - 1] {
                target[node] = source[node];
            }
        }
        for row in [0, height - 1] {
            if rows.contains(&row) {
                let nodes = row * nx..(row + 1) * nx;
                target[nodes.clone()].copy_from_slice(&source[nodes]);
            }
        }
        let nodes = height * nx;
        let shape = (height, nx);
        let views = (
            ArrayView2::from_shape(shape, &source[..nodes]),
            ArrayViewMut2::from_shape(shape, &mut target[..nodes]),
        );
        let (Ok(source), Ok(mut target)) = views else {
            unreachable!("the arrays have room for every window")
        };
        let knowledge = &mut self.stages[stage].knowledge;
        knowledge.start_from(known);
        match (shorter, method) {
            (Some(shorter), _) => shorter.step(stencil, walls, &source, target.view_mut(), rows),
            (None, Method::Rkl2(method)) => {
                stencil.rkl2_step(method, walls, source, target.view_mut(), rows);
            }
            _ => stencil.advance_rows(walls, knowledge, source, target.view_mut(), rows, depth),
        }
        walls.write_given(&mut target, depth);
        match shorter {
            Some(_) => known.after(1),
            None => knowledge.smoothness(),
        }
    }
}

/// How far each stage has come when so many rows have arrived.
struct Fronts {
    rows: usize,
    ends: [bool; 2],
    depths: Vec<usize>,
    /// Steps before each stage, and all of them.
    lags: Vec<usize>,
}

impl Fronts {
    fn new(rows: usize, ends: [bool; 2], depths: &[usize]) -> Self {
        let mut lags = vec![0];
        lags.extend(depths.iter().scan(0, |sum, depth| {
            *sum += depth;
            Some(*sum)
        }));
        Self {
            rows,
            ends,
            depths: depths.to_vec(),
            lags,
        }
    }

    /// The end of the rows that `stages` stages have advanced when `read` rows have arrived.
    fn at(&self, stages: usize, read: usize) -> usize {
        let lag = self.lags[stages];
        let [first, last] = self.ends.map(|is_end| if is_end { 0 } else { lag });
        match read == self.rows {
            true => self.rows - last,
            false => read.saturating_sub(lag).max(first),
        }
    }

    /// The first row that the next rows of a stage depend on.
    fn needed(&self, stage: usize, read: usize) -> usize {
        self.at(stage + 1, read).saturating_sub(self.depths[stage])
    }

    /// The rows of its source that a stage keeps for the next band.
    fn kept(&self, stage: usize, read: usize) -> Range<usize> {
        match read == self.rows {
            true => self.rows..self.rows,
            false => self.needed(stage, read)..self.at(stage, read),
        }
    }

    /// The rows that the stages depend on while the rows from `before` to `after` arrive.
    fn window(&self, before: usize, after: usize) -> Range<usize> {
        let stages = 0..self.depths.len();
        let needed = stages.map(|stage| self.needed(stage, before));
        needed.min().unwrap_or(before).min(before)..after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{comm::Solo, slab::Slab, solver::Solver};
    use diff2d_stencil::{Equation, Tile};
    use proptest::prelude::*;

    /// Rows from memory and back.
    struct InMemory {
        r: f64,
        from: Vec<f64>,
        read: usize,
        to: Vec<f64>,
    }

    impl InMemory {
        fn new(r: f64, from: Vec<f64>) -> Self {
            let (read, to) = (0, Vec::new());
            Self { r, from, read, to }
        }
    }

    impl Transfer<f64, ()> for InMemory {
        fn dynamics(&mut self, _: Range<usize>) -> Result<Dynamics<f64>, ()> {
            Ok(Dynamics::constant(Equation::isotropic(self.r)))
        }

        fn read(&mut self, values: &mut [f64]) -> Result<(), ()> {
            values.copy_from_slice(&self.from[self.read..self.read + values.len()]);
            self.read += values.len();
            Ok(())
        }

        fn write(&mut self, values: &[f64]) -> Result<(), ()> {
            self.to.extend_from_slice(values);
            Ok(())
        }
    }

    fn field(ny: usize, nx: usize, smooth: bool) -> Field<f64> {
        let mut field = Field::zeros((ny, nx)).unwrap();
        for (at, value) in field.as_mut_slice().iter_mut().enumerate() {
            *value = match smooth {
                true => 2.0 + (at as f64 * 1e-3).sin(),
                false => (at as f64 * 0.7).sin(),
            };
        }
        field
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn bands_compute_the_bits_of_the_whole(
            (ny, nx) in (3_usize..200, 3_usize..60), band in 1_usize..50,
            depths in prop::collection::vec(1_usize..9, 1..5),
            // Rows above and below that are a halo.
            open in any::<[bool; 2]>(), (smooth, quarter) in any::<(bool, bool)>(), passes in 1_usize..3,
        ) {
            let r = if quarter { 0.25 } else { 0.21 };
            let tile = Tile { rows: 30, columns: 25, depth: 8 };
            let stencil = Stencil::new(r).with_tile(tile);
            let steps: usize = depths.iter().sum();
            let halo = steps * passes;
            prop_assume!(ny > 2 * halo + 2);
            let mut whole = Solver::between_held_walls(stencil.clone(), field(ny, nx, smooth), Slab::whole(ny));
            whole.advance((steps * passes) as u64, &Solo).unwrap();
            let mut bands = Bands::new(stencil, band, steps, 1, nx).unwrap();
            let mut rows = field(ny, nx, smooth).as_slice().to_vec();
            let mut first = 0;
            for _ in 0..passes {
                let (count, ends) = (rows.len() / nx, open.map(|open| !open));
                let mut transfer = InMemory::new(r, rows);
                bands.pass(count, ends, &depths, 0.0, &mut transfer).unwrap().unwrap();
                rows = transfer.to;
                first += if open[0] { steps } else { 0 };
            }
            let whole = &whole.state().as_slice()[first * nx..first * nx + rows.len()];
            prop_assert!(rows == whole);
        }
    }

    #[test]
    fn what_comes_from_a_neighbour_is_looked_at() {
        const NX: usize = 24;
        const STEPS: usize = 32;
        // A rough hump, far from the first half of the rows, which are zeros.
        let mut start = Field::zeros((200, NX)).unwrap();
        for node in 151 * NX..180 * NX {
            let inside = !matches!(node % NX, 0 | 23);
            start.as_mut_slice()[node] = f64::from(inside) * (0.7 + 0.3 * (node as f64).sin());
        }
        let stencil = || Stencil::new(0.25).with_tile("30x25x16".parse().unwrap());
        let mut whole = Solver::between_held_walls(stencil(), start, Slab::whole(200));
        let halves = [(0..100_usize, [true, false]), (100..200, [false, true])];
        let mut bands = [0, 1].map(|_| Bands::new(stencil(), 60, STEPS, 1, NX).unwrap());
        for pass in 0..8 {
            let before = whole.state().as_slice().to_vec();
            whole.advance(STEPS as u64, &Solo).unwrap();
            for (bands, (own, ends)) in bands.iter_mut().zip(&halves) {
                let held = own.start.saturating_sub(STEPS)..(own.end + STEPS).min(200);
                let from = before[held.start * NX..held.end * NX].to_vec();
                let mut transfer = InMemory::new(0.25, from);
                let passed = bands.pass(held.len(), *ends, &[16, 16], 0.0, &mut transfer);
                passed.unwrap().unwrap();
                let own = &whole.state().as_slice()[own.start * NX..own.end * NX];
                assert!(transfer.to == own, "pass {pass}, rows {held:?}");
            }
        }
    }
}
