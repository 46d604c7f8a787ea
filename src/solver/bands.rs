//! [`Bands`]: takes many steps over rows that do not fit into memory, but arrive and leave in bands.
//!
//! A pass takes its steps in stages. A stage of the pass has as many steps as a tile is deep, or one step of RKL2,
//! which depends on as many rows as it has stages itself. When a band of rows arrives, every stage advances as many
//! rows as have arrived. Each is one depth further behind than the stage before, because a row needs its neighbours at
//! earlier levels:
//!
//! ```text
//!   row            0                           ──▶ arrive
//!   level 0        ░░░░░░░░░░░░░░░░░░██████
//!   after stage 1  ░░░░░░░░░░░░░░░░██████          █ with this band   ░ before
//!   after stage 2  ░░░░░░░░░░░░░░██████
//!                                ──▶ leave
//! ```
//!
//! A stage keeps the rows of its source that the next band needs, twice as many as its steps. So no row is read twice,
//! and rows are computed twice by tiles only, as in memory. Where rows end inside the grid, at the halo of a slab, each
//! stage ends one depth before the preceding stage.
//!
//! Source: time skewing, D. Wonnacott, "Achieving scalable locality with time skewing", International Journal
//! of Parallel Programming 30, 2002.

use super::{check_memory, forcing::Forcing};
use crate::{
    dynamics::{Dynamics, Halt, Method, Shorter},
    field::Field,
    schedule::Clock,
};
use diff2d_stencil::{Element, Knowledge, Smoothness, Stencil, Walls};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::{io, ops::Range};

/// The rows and dynamics of a pass, which the caller provides.
pub trait Transfer<T, E> {
    /// The dynamics of some rows of the pass.
    ///
    /// # Errors
    /// Errors of the caller.
    fn dynamics(&mut self, rows: Range<usize>) -> Result<Dynamics<T>, E>;

    /// The length of a step that is only a part of a full one, and whose result is shown but not kept.
    fn cut(&self) -> Option<f64> {
        None
    }

    /// Fills `values` with the next rows.
    ///
    /// # Errors
    /// Errors of the caller.
    fn read(&mut self, values: &mut [T]) -> Result<(), E>;

    /// Takes the next rows of the result.
    ///
    /// # Errors
    /// Errors of the caller.
    fn write(&mut self, values: &[T]) -> Result<(), E>;
}

/// The memory of passes over rows that arrive in bands, and the known smoothness of the field.
#[derive(Debug)]
pub struct Bands<T: Element> {
    stencil: Stencil<T>,
    /// The largest number of rows that arrive together.
    band: usize,
    /// The number of rows above and below that a step depends on.
    reach: usize,
    columns: usize,
    /// The source and target of a stage, which alternate.
    arrays: [Field<T>; 2],
    /// The rows that stages keep of their sources, one stage after the other.
    kept: Field<T>,
    /// The known smoothness of each stage.
    stages: Vec<BandStage>,
    /// The known smoothness of the field; `None` before the first pass.
    known: Option<Smoothness>,
}

/// The steps of a stage.
struct StageSteps<'a, T: Element> {
    stencil: &'a Stencil<T>,
    walls: &'a Walls<T>,
    method: &'a Method<T>,
    /// The stepping of a shorter step.
    shorter: Option<&'a Shorter<T>>,
    depth: usize,
    /// The known smoothness of the state before.
    known: Smoothness,
}

/// The fewest rows of a band: a step needs three rows, and bands of one pass differ.
pub const FEWEST_ROWS: usize = 6;

/// The rows kept by a stage, and their known smoothness.
#[derive(Debug, Default)]
struct BandStage {
    knowledge: Knowledge,
    /// The rows that the stage keeps.
    kept: Range<usize>,
    /// The known smoothness of the results of the stage.
    known: Smoothness,
}

impl<T: Element> Bands<T> {
    /// Memory for passes of at most `steps` steps over rows of the given number of columns, with the kernel and the
    /// tile of `stencil`. `band` rows arrive at a time. A step depends on `reach` rows above and below. A stage has no
    /// more steps than the tile is deep, and one step if that reaches further than a row.
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
        let window = band + steps * reach + depth;
        Ok(Self {
            arrays: [
                Field::zeros((window, columns))?,
                Field::zeros((window, columns))?,
            ],
            kept: Field::zeros((2 * steps * reach, columns))?,
            reach,
            stages: Vec::new(),
            known: None,
            stencil,
            band,
            columns,
        })
    }

    /// The largest number of rows that are in memory together.
    pub fn window(&self) -> usize {
        self.arrays[0].shape().0
    }

    /// Takes the memory for the tiles of all threads; the dynamics are those of as many rows as a [window](Self::window)
    /// has.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(crate) fn reserve(&self, mut dynamics: Dynamics<T>, now: Clock) -> io::Result<()> {
        let forcing = Forcing::take(&mut dynamics, now, [true; 2]);
        let stencil = self.stencil.clone().with_equation(dynamics.equation);
        match dynamics.method {
            Method::Euler => stencil.reserve(&forcing.walls, (self.window(), self.columns)),
            _ => Ok(()),
        }
    }

    /// The number of rows above and below on which each stage of a pass of `steps` steps depends; the last step may be
    /// a shorter one.
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

    /// The numbers of node updates with three, with five, and with six or more operations.
    pub fn updates(&self) -> [u64; 3] {
        let updates = self.stages.iter().map(|stage| stage.knowledge.updates());
        updates.fold([0; 3], |sum, one| [0, 1, 2].map(|k| sum[k] + one[k]))
    }

    /// Advances rows, halos included, from a time on, in stages of the given [depths](Self::depths); a shorter step is
    /// a stage of its own. `ends` tells whether the first and the last row are ends of the grid, rather than of a halo.
    /// Rows of halos are not written. The inner error is the first wall or source with a value that is not finite; the
    /// state is then invalid.
    ///
    /// # Errors
    /// Errors of `transfer`.
    pub fn pass<E>(
        &mut self,
        rows: usize,
        ends: [bool; 2],
        depths: &[usize],
        clock: impl Into<Clock>,
        transfer: &mut impl Transfer<T, E>,
    ) -> Result<Result<(), Halt>, E> {
        let (fronts, nx, clock) = (Fronts::new(rows, ends, depths), self.columns, clock.into());
        let stage_count = depths.len().max(self.stages.len());
        self.stages.resize_with(stage_count, BandStage::default);
        for stage in &mut self.stages {
            (stage.kept, stage.known) = (0..0, Smoothness::ALL);
        }
        let band_count = rows.div_ceil(self.band);
        for band in 0..band_count {
            let [arrived_before, arrived_after] = [band, band + 1]
                .map(|band| (rows as u128 * band as u128 / band_count as u128) as usize);
            let window = fronts.window(arrived_before, arrived_after);
            let new_rows = arrived_before - window.start..arrived_after - window.start;
            transfer
                .read(&mut self.arrays[0].as_mut_slice()[new_rows.start * nx..new_rows.end * nx])?;
            let mut dynamics = transfer.dynamics(window.clone())?;
            let window_ends = [ends[0] && window.start == 0, ends[1] && window.end == rows];
            let mut forcing = Forcing::take(&mut dynamics, clock, window_ends);
            forcing.cut = transfer.cut();
            let mut stencil = self.stencil.clone().with_equation(dynamics.equation);
            // Of the rows of halos, which may come from other ranks, nothing is known.
            let known_before = self.known.filter(|_| ends == [true; 2]);
            let mut smoothness = known_before.unwrap_or(Smoothness::NONE);
            for (stage, &depth) in depths.iter().enumerate() {
                let kept_rows = fronts.kept(stage, arrived_after);
                self.keep(stage, 2 * fronts.lags[stage], &window, kept_rows);
                forcing.age(&mut stencil, &mut dynamics.shorter);
                let length = forcing.is_shorter_next().then(|| forcing.next_length());
                let shorter = length.map(&dynamics.shorter);
                match &dynamics.method {
                    Method::Rkl2(method) => drop(forcing.prepare_stages(method, &mut stencil)),
                    _ => forcing.prepare(depth as u64, &mut stencil),
                }
                let rows =
                    fronts.at(stage + 1, arrived_before)..fronts.at(stage + 1, arrived_after);
                let steps = StageSteps {
                    stencil: &stencil,
                    walls: &forcing.walls,
                    method: &dynamics.method,
                    shorter: shorter.as_ref(),
                    depth,
                    known: smoothness,
                };
                let result_smoothness = self.advance(stage, &steps, &window, rows);
                let stage = &mut self.stages[stage];
                stage.known = stage.known.and(result_smoothness);
                smoothness = stage.known;
                self.arrays.swap(0, 1);
            }
            if let Err(halt) = forcing.check().and_then(|()| check_memory(&stencil)) {
                return Ok(Err(halt));
            }
            let stages = depths.len();
            let finished_rows = fronts.at(stages, arrived_before)..fronts.at(stages, arrived_after);
            let finished_rows =
                finished_rows.start - window.start..finished_rows.end - window.start;
            transfer.write(
                &self.arrays[0].as_slice()[finished_rows.start * nx..finished_rows.end * nx],
            )?;
        }
        let last_stage = self.stages[..depths.len()].last();
        if transfer.cut().is_none() {
            self.known = last_stage.map(|stage| stage.known);
        }
        Ok(Ok(()))
    }

    /// Puts the rows that a stage has kept before the rows that have arrived, and keeps the rows `next` for the next
    /// band. The kept rows of the stage begin at row `place`.
    fn keep(&mut self, stage: usize, place: usize, window: &Range<usize>, next: Range<usize>) {
        let source = &mut self.arrays[0];
        let rows: &mut Range<usize> = &mut self.stages[stage].kept;
        if rows.start < rows.end {
            let window_row = rows.start - window.start;
            source.copy_rows(window_row, &self.kept, place..place + rows.len());
        }
        if !next.is_empty() {
            let kept_rows = next.start - window.start..next.end - window.start;
            self.kept.copy_rows(place, source, kept_rows);
        }
        *rows = next;
    }

    /// Advances the rows `rows` of the pass from the first array to the second. Returns their known smoothness.
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

/// The progress of each stage for a number of rows that have arrived.
struct Fronts {
    rows: usize,
    ends: [bool; 2],
    depths: Vec<usize>,
    /// The number of steps before each stage, and the total.
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
        let [first_row, rows_behind] = self.ends.map(|is_end| if is_end { 0 } else { lag });
        if read == self.rows {
            self.rows - rows_behind
        } else {
            read.saturating_sub(lag).max(first_row)
        }
    }

    /// The first row that the next rows of a stage depend on.
    fn needed(&self, stage: usize, read: usize) -> usize {
        self.at(stage + 1, read).saturating_sub(self.depths[stage])
    }

    /// The rows of its source that a stage keeps for the next band.
    fn kept(&self, stage: usize, read: usize) -> Range<usize> {
        if read == self.rows {
            self.rows..self.rows
        } else {
            self.needed(stage, read)..self.at(stage, read)
        }
    }

    /// The rows on which the stages depend while the rows from `before` to `after` arrive.
    fn window(&self, before: usize, after: usize) -> Range<usize> {
        let stages = 0..self.depths.len();
        let first_rows = stages.map(|stage| self.needed(stage, before));
        first_rows.min().unwrap_or(before).min(before)..after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{comm::Solo, slab::Slab, solver::Solver};
    use diff2d_stencil::{Equation, Tile};
    use proptest::prelude::*;

    /// A transfer from memory to memory.
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
            *value = if smooth {
                2.0 + (at as f64 * 1e-3).sin()
            } else {
                (at as f64 * 0.7).sin()
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
