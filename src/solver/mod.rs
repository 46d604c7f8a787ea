//! [`Solver`]: the state of a simulation and its steps, on one rank or several. It accesses no files.
//!
//! This file has explicit Euler with many steps in a pass; `slabs.rs` has its passes on several ranks, and the exchange
//! of halos; `rkl2.rs` and `exact.rs` have the other methods, `shorter.rs` the shorter step before a snapshot.
//! [`Bands`] advances rows that do not fit into memory.

mod bands;
mod exact;
mod forcing;
mod rkl2;
mod shorter;
mod slabs;

use crate::{
    codec::Codec,
    comm::Comm,
    dynamics::{Dynamics, Halt, Method, ShorterOf},
    field::Field,
    schedule::Clock,
    slab::Slab,
};
use diff2d_stencil::{Element, Knowledge, Rkl2, Stencil, Tile};
use forcing::Forcing;
use std::{fmt, io, mem};

pub use bands::{Bands, FEWEST_ROWS, Transfer};

/// The state of the rows of a slab, and the steps that advance it together with other slabs.
pub struct Solver<T: Element> {
    stencil: Stencil<T>,
    forcing: Forcing<T>,
    method: Method<T>,
    shorter: ShorterOf<T>,
    tile: Tile,
    slab: Slab,
    state: Field<T>,
    /// The second array of a pass.
    next: Field<T>,
    /// Further arrays, for methods that need them.
    work: Vec<Field<T>>,
    /// A state within a step, to be shown.
    seen: Option<Field<T>>,
    /// The known smoothness of the state.
    knowledge: Knowledge,
    /// The state with NaN at nodes without a value, and the codec that finds these nodes.
    shown: Option<(Field<T>, Codec)>,
}

impl<T: Element> fmt::Debug for Solver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Solver")
            .field("forcing", &self.forcing)
            .field("method", &self.method)
            .field("tile", &self.tile)
            .field("slab", &self.slab)
            .finish_non_exhaustive()
    }
}

impl<T: Element> Solver<T> {
    /// A solver for the rows that `slab` holds, with a state at a time; a number is the time of step 0. The values in
    /// its halos are not used.
    ///
    /// `stencil` gives the kernel and the tile; without a tile one is chosen for the current rayon pool. `dynamics`
    /// gives the equation.
    ///
    /// # Errors
    /// If the system has too little memory for the second array.
    pub(crate) fn new(
        stencil: Stencil<T>,
        mut dynamics: Dynamics<T>,
        state: Field<T>,
        now: impl Into<Clock>,
        slab: Slab,
    ) -> io::Result<Self> {
        let forcing = Forcing::take(&mut dynamics, now.into(), slab.has_ends());
        let stencil = stencil.with_equation(dynamics.equation);
        let (ny, nx) = state.shape();
        debug_assert_eq!(ny, slab.held().len());
        let second_array = state.with_same_boundary()?;
        // The arrays whose rows hold the whole grid or this slab, respectively.
        let work = match &dynamics.method {
            Method::Euler => Vec::new(),
            Method::Rkl2(method) if takes_stages_apart(method, &forcing, &slab) => {
                arrays_of_stages(&state, &forcing)?
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
            knowledge: Knowledge::default(),
            stencil: stencil.with_tile(tile),
            forcing,
            method: dynamics.method,
            shorter: dynamics.shorter,
            work,
            tile,
            slab,
            next: second_array,
            seen: None,
            state,
            shown: None,
        })
    }

    /// A solver of an equation between walls with constant values.
    #[cfg(test)]
    fn between_held_walls(stencil: Stencil<T>, state: Field<T>, slab: Slab) -> Self {
        let dynamics = Dynamics::constant(stencil.equation().clone());
        let solver = Self::new(stencil, dynamics, state, 0.0, slab);
        solver.expect("a test has little memory")
    }

    /// Lets [`state`](Self::state) return states of the whole grid as snapshots.
    ///
    /// # Errors
    /// If the system has too little memory for another field.
    pub(crate) fn showing_snapshots(mut self, codec: Codec) -> io::Result<Self> {
        self.shown = Some((Field::zeros(self.state.shape())?, codec));
        self.show();
        Ok(self)
    }

    /// Updates the state that is shown.
    fn show(&mut self) {
        if let Some((shown, codec)) = &mut self.shown {
            shown.copy_rows(0, &self.state, 0..self.state.shape().0);
            codec.encode(0, shown.as_mut_slice());
        }
    }

    /// Begins again from a state at a time.
    pub(crate) fn restart(&mut self, state: &[T], now: Clock) {
        self.state.as_mut_slice().copy_from_slice(state);
        self.forcing.now = now;
        self.knowledge = Knowledge::default();
    }

    /// The present state of the solver's rows: all rows of the grid, or those of a slab with halos that may be older.
    /// Masked nodes are NaN.
    #[must_use]
    pub fn state(&self) -> &Field<T> {
        self.shown.as_ref().map_or(&self.state, |(shown, _)| shown)
    }

    /// Fails if a wall or source, or the system's memory, has made a step impossible on the rows of the slab. The state is
    /// then invalid.
    ///
    /// # Errors
    /// The first reason.
    pub(crate) fn check(&self) -> Result<(), Halt> {
        self.forcing.check()?;
        check_memory(&self.stencil)
    }

    /// The present state, by value.
    #[must_use]
    pub fn into_state(self) -> Field<T> {
        self.shown.map_or(self.state, |(shown, _)| shown)
    }

    /// The stencil of a step.
    #[must_use]
    pub fn stencil(&self) -> &Stencil<T> {
        &self.stencil
    }

    /// Advances the state by `steps` steps. Collective over the ranks; a solver of the whole grid is alone
    /// ([`Solo`](crate::comm::Solo)).
    ///
    /// # Errors
    /// The first reason why a step was impossible on the rows of the slab: a wall, a source, or memory that the system
    /// refused. The state is then invalid.
    pub fn advance(&mut self, steps: u64, comm: &impl Comm) -> Result<(), Halt> {
        if self.slab.own().is_empty() {
            return Ok(());
        }
        match &self.method {
            Method::Euler => self.advance_euler(steps, comm),
            Method::Rkl2(_) => {
                for _ in 0..steps {
                    let method = self.next_rkl2();
                    method
                        .iter()
                        .for_each(|method| self.advance_rkl2(method, comm));
                }
            }
            Method::Exact(method) => {
                let method = method.clone();
                (0..steps).for_each(|_| {
                    let step = self.forcing.ages().then(|| self.part_of(&method));
                    self.advance_exactly(step.as_ref().unwrap_or(&method), comm);
                });
            }
        }
        self.show();
        self.check()
    }

    /// Allocates the memory for steps whose states are all [seen](Self::advance_seen).
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(crate) fn prepare_to_be_seen(&mut self) -> io::Result<()> {
        if matches!(self.method, Method::Rkl2(_)) && self.seen.is_none() {
            if self.work.is_empty() {
                self.work = arrays_of_stages(&self.state, &self.forcing)?;
            }
            self.seen = Some(self.state.with_same_boundary()?);
        }
        Ok(())
    }

    /// Advances the state by one step, and shows each state whose increment the step uses, with one row of halos: the
    /// state before the step, and those after all stages but the last. Collective over the ranks.
    ///
    /// The exact solution uses no increments.
    ///
    /// # Errors
    /// If the system has too little memory for the arrays of stages, which can be [allocated](Self::prepare_to_be_seen)
    /// before.
    pub(crate) fn advance_seen(
        &mut self,
        comm: &impl Comm,
        mut see: impl FnMut(usize, &Field<T>),
    ) -> io::Result<()> {
        if self.slab.own().is_empty() {
            return Ok(());
        }
        self.prepare_to_be_seen()?;
        match &self.method {
            Method::Rkl2(_) => {
                if let (Some(method), Some(mut latest)) = (self.next_rkl2(), self.seen.take()) {
                    self.advance_by_stages(&method, comm, |number, start, difference, walls| {
                        let Some(difference) = difference else {
                            return see(number, start);
                        };
                        let nodes = latest.as_mut_slice().iter_mut().zip(start.as_slice());
                        for ((latest, start), by) in nodes.zip(difference.as_slice()) {
                            *latest = *start + *by;
                        }
                        walls.write_given(&mut latest.view_mut(), number - 1);
                        see(number, &latest);
                    });
                    self.seen = Some(latest);
                }
                return Ok(());
            }
            Method::Euler => self.look(comm, |state| see(1, state)),
            Method::Exact(_) => {}
        }
        // The first reason why it cannot be taken is kept.
        let _ = self.advance(1, comm);
        Ok(())
    }

    /// Evaluates the coefficients of the next step, if they depend on time.
    fn age(&mut self) {
        self.forcing.age(&mut self.stencil, &mut self.shorter);
    }

    fn advance_euler(&mut self, steps: u64, comm: &impl Comm) {
        let mut steps_left = steps;
        while steps_left > 0 {
            if self.forcing.is_shorter_next() {
                self.advance_shorter(comm);
                steps_left -= 1;
                continue;
            }
            self.age();
            let batch = self.batch(steps_left);
            self.forcing.prepare(batch, &mut self.stencil);
            match self.slab.parts() {
                1 => self.advance_alone(batch),
                _ => self.advance_slab(batch, comm),
            }
            steps_left -= batch;
        }
    }

    /// The number of the next `left` steps that can be taken with one evaluation of walls and source, or with one table
    /// of walls.
    fn batch(&self, left: u64) -> u64 {
        let depth = self.depth();
        let steps = self.forcing.batch(left, depth, self.state.shape());
        match self.slab.parts() {
            1 => steps,
            // Each pass of a slab has tables of its own.
            _ if self.forcing.has_tables() => steps.min(depth as u64),
            _ => steps,
        }
    }

    fn advance_alone(&mut self, steps: u64) {
        let mut steps_left = steps;
        while steps_left > 0 {
            let batch_steps = usize::try_from(steps_left).unwrap_or(usize::MAX);
            let (mut state, mut target) = (self.state.view_mut(), self.next.view_mut());
            let walls = &self.forcing.walls;
            let knowledge = &mut self.knowledge;
            let stencil = &self.stencil;
            if stencil.advance(walls, knowledge, &mut state, &mut target, batch_steps) {
                mem::swap(&mut self.state, &mut self.next);
            }
            steps_left -= batch_steps as u64;
        }
    }

    /// The number of steps in a pass: the depth of a tile for explicit Euler, or the depth of a halo with several
    /// slabs.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self.slab.parts() {
            _ if !matches!(self.method, Method::Euler) => 1,
            1 => self.tile.depth,
            _ => self.slab.halo(),
        }
    }

    /// The numbers of node updates with three, with five, and with six or more operations.
    #[must_use]
    pub fn updates(&self) -> [u64; 3] {
        self.knowledge.updates()
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

/// Fails if the system has refused the memory of a tile.
fn check_memory<T: Element>(stencil: &Stencil<T>) -> Result<(), Halt> {
    if stencil.lacked_memory() {
        Err(Halt::TileMemory)
    } else {
        Ok(())
    }
}

/// Whether each stage is a pass of its own: if the source differs from stage to stage, or if a slab has fewer rows than
/// a step has stages.
fn takes_stages_apart<T: Element>(method: &Rkl2<T>, forcing: &Forcing<T>, slab: &Slab) -> bool {
    forcing.source_at.is_some() || (slab.parts() > 1 && slab.halo() < method.stages())
}

/// The arrays that a stage needs besides the two arrays for all steps: an older stage, the increment of the state
/// before the step, and the source of the first stage, if the source differs from stage to stage.
fn arrays_of_stages<T: Element>(
    state: &Field<T>,
    forcing: &Forcing<T>,
) -> io::Result<Vec<Field<T>>> {
    let count = 2 + usize::from(forcing.source_at.is_some());
    (0..count).map(|_| Field::zeros(state.shape())).collect()
}
