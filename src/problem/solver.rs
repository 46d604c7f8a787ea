//! The solver of a [`Problem`] on the whole grid or on some rows.

use super::{Footprint, Problem};
use crate::{
    dynamics::Dynamics, field::Field, physics::Unready, schedule::Clock, slab::Slab, solver::Solver,
};
use diff2d_stencil::{Element, Stencil};
use diff2d_sys as sys;

impl Problem {
    /// The problem in memory: its initial state, and the steps that a [`Run`](crate::Run) takes, with walls, materials,
    /// sources, masks and held nodes. Its states equal those of the run's cube bit for bit, if `T` is the `precision`
    /// of the problem.
    ///
    /// The schedule tells the number of [steps between snapshots](crate::Schedule::steps_to). `until` ends runs, but
    /// not solvers.
    ///
    /// ```
    /// use diff2d::{Problem, comm::Solo};
    ///
    /// let problem: Problem = "
    ///     D = 1.0
    ///     x1 = 0.0
    ///     x2 = 1.0
    ///     dx = 0.1
    ///     runtime = 1.0
    ///     outtime = 0.1
    ///     grid = 'walls'
    ///     boundary = 'insulated'
    ///     initial = { kind = 'constant', value = 2.0 }
    /// "
    /// .parse()?;
    /// let mut solver = problem.solver::<f64>()?;
    /// solver.advance(problem.schedule.steps_to(1), &Solo)?;
    /// assert_eq!(problem.summary(solver.state())?.mass, 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Unready`] if the system has too little memory, or a file that the parameters name can no longer be read.
    pub fn solver<T: Element>(&self) -> Result<Solver<T>, Unready> {
        let memory_needed = Footprint::of(self).bytes();
        if sys::available_memory().is_some_and(|available| available < memory_needed) {
            return Err(Unready::Memory);
        }
        let solver = self.solver_at_start()?;
        match self.masked() {
            Some(_) => Ok(solver.showing_snapshots(self.codec())?),
            None => Ok(solver),
        }
    }

    /// A solver of the whole grid with the initial state; masked nodes hold 0.
    ///
    /// # Errors
    /// As [`solver`](Self::solver).
    pub(crate) fn solver_at_start<T: Element>(&self) -> Result<Solver<T>, Unready> {
        let shape @ (ny, _) = self.grid.shape();
        let mut state = Field::zeros(shape)?;
        self.begin(&mut state, 0, None, &mut |_| true)?;
        let slab = Slab::whole(ny).periodic(self.has_periodic_rows());
        self.solver_of_rows(self.stencil(), state, self.schedule.pace().start(), slab)
    }

    /// A solver of the rows that a slab holds, with the kernel and the tile of a stencil and the state at a time.
    ///
    /// # Errors
    /// As [`solver`](Self::solver).
    pub(crate) fn solver_of_rows<T: Element>(
        &self,
        stencil: Stencil<T>,
        state: Field<T>,
        now: Clock,
        slab: Slab,
    ) -> Result<Solver<T>, Unready> {
        let dynamics = if slab.own().is_empty() {
            Dynamics::constant(stencil.equation().clone())
        } else {
            self.dynamics(slab.held())?
        };
        Ok(Solver::new(stencil, dynamics, state, now, slab)?)
    }
}
