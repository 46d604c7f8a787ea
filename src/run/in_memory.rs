//! [`InMemory`]: a state in memory, and the solver that advances it.

use super::{
    budget::Budget,
    clock::RunClock,
    decomposition::{Decomposition, copy_from},
    error::RunError,
    observer::{Message, Observer},
    output::Output,
    setup,
    snapshot::Snapshot,
    state::{Durable, Figures, Look, RowsView, State, Take},
};
use crate::{
    comm::{Comm, collective},
    cube::CubeError,
    dynamics::Steadiness,
    field::Field,
    problem::Problem,
    schedule::Clock,
    slab::Slab,
    solver::Solver,
    summary,
};
use diff2d_stencil::{Element, Stencil};

/// The rows of a rank in memory.
pub(crate) struct InMemory<'a, T: Element, C> {
    problem: &'a Problem,
    stencil: Stencil<T>,
    ranks: &'a Decomposition<'a, C>,
    held: HeldState<T>,
    /// The limits that [`Budget::limit_each`] gives.
    limit: Option<[u64; 2]>,
    /// How steady the first state is.
    steadiness: Steadiness,
    /// The memory that holds the state while a later one is shown.
    room_aside: Option<Field<T>>,
}

/// A field before the first step; after that a solver.
enum HeldState<T: Element> {
    Field(Field<T>),
    Solver(Box<Solver<T>>),
    /// The solver could not be created.
    Nothing,
}

impl<T: Element> HeldState<T> {
    fn field(&self) -> Option<&Field<T>> {
        match self {
            Self::Field(field) => Some(field),
            Self::Solver(solver) => Some(solver.state()),
            Self::Nothing => None,
        }
    }
}

impl<'a, T: Element, C: Comm> InMemory<'a, T, C> {
    /// A state of zeros for the rows that a rank holds.
    ///
    /// # Errors
    /// [`RunError`] if there is too little memory.
    pub(crate) fn new(
        problem: &'a Problem,
        stencil: Stencil<T>,
        ranks: &'a Decomposition<'a, C>,
    ) -> Result<Self, RunError> {
        Ok(Self {
            held: HeldState::Field(setup::allocate(problem, ranks)?),
            problem,
            stencil,
            ranks,
            limit: None,
            steadiness: Steadiness::default(),
            room_aside: None,
        })
    }

    /// Limits the state to the memory of a budget. The threads of the current pool then advance this state alone.
    pub(crate) fn within(self, budget: &Budget) -> Self {
        Self {
            limit: budget.limit_each(self.problem),
            ..self
        }
    }

    /// Collective. Fills the rows of this rank with values of a cube, in place of the initial state; `false` once there is a
    /// solver.
    pub(super) fn fill(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<(), CubeError>,
    ) -> Result<bool, RunError> {
        let HeldState::Field(field) = &mut self.held else {
            return Ok(false);
        };
        let (ranks, row) = (self.ranks, self.ranks.shape().1 * size_of::<T>());
        let among = ranks.slab().own_among_held();
        let own_bytes = &mut field.as_mut_bytes()[among.start * row..among.end * row];
        let read = read(own_bytes);
        collective::all_ok(ranks.comm(), read.map_err(RunError::from))?;
        let (first_row, own_values) = (
            ranks.slab().own().start,
            bytemuck::cast_slice_mut(own_bytes),
        );
        self.problem.codec().decode::<T>(first_row, own_values);
        Ok(true)
    }

    /// The values of the rows that the rank holds, by value.
    ///
    /// # Errors
    /// [`RunError`] if there was too little memory for a solver.
    pub(super) fn into_field(self) -> Result<Field<T>, RunError> {
        match self.held {
            HeldState::Field(field) => Ok(field),
            HeldState::Solver(solver) => Ok(solver.into_state()),
            HeldState::Nothing => {
                let bytes = setup::memory(self.problem, self.ranks);
                Err(RunError::no_memory(bytes))
            }
        }
    }

    fn own(&self) -> &[T] {
        let field = self.held.field();
        field.map_or(&[], |field| self.ranks.own_rows(field))
    }
}

/// A view of the rows that a rank owns, with neighbouring rows that it holds.
fn view<'a, T: Element>(slab: &Slab, state: &'a Field<T>) -> Option<RowsView<'a>> {
    let first_held_row = slab.own_among_held().start;
    RowsView::of(state, slab.own(), first_held_row, slab.rows())
}

impl<T: Element, C: Comm> State<C> for InMemory<'_, T, C> {
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError> {
        let ranks = self.ranks;
        let Some(file) = durable.open_whole(&ranks.share::<T>(), ranks.comm())? else {
            return Ok(false);
        };
        let own_begin = durable.begin + ranks.own_bytes::<T>().start;
        self.fill(|own_bytes| {
            file.read(own_begin, own_bytes)
                .map_err(CubeError::io("read", durable.path))
        })
    }

    fn initialise(&mut self, clock: &RunClock, observer: &Observer) -> Result<(), RunError> {
        let first_row = self.ranks.slab().held().start;
        let memory_needed = setup::memory(self.problem, self.ranks);
        let begun = match &mut self.held {
            HeldState::Field(field) => {
                (self.problem).begin(field, first_row, self.limit, &mut |steadiness| {
                    observer.send(Message::Nears(steadiness));
                    clock.go_on(0, observer).is_ok()
                })
            }
            _ => Ok(Some(Steadiness::default())),
        };
        let begun = begun
            .map_err(|unready| RunError::unready(unready, memory_needed))
            .and_then(|begun| begun.ok_or(RunError::GivenUp));
        self.steadiness = collective::all_ok(self.ranks.comm(), begun)?;
        Ok(())
    }

    fn start(&mut self, now: Clock) -> Result<(), RunError> {
        let (stencil, slab) = (self.stencil.clone(), self.ranks.slab().clone());
        let memory_needed = setup::memory(self.problem, self.ranks);
        let solver = match std::mem::replace(&mut self.held, HeldState::Nothing) {
            HeldState::Field(field) => (self.problem)
                .solver_of_rows(stencil, field, now, slab)
                .map_err(|unready| RunError::unready(unready, memory_needed))
                .map(|solver| HeldState::Solver(Box::new(solver))),
            held => Ok(held),
        };
        self.held = collective::all_ok(self.ranks.comm(), solver)?;
        Ok(())
    }

    fn pass(&self, _: u64) -> u64 {
        match &self.held {
            HeldState::Solver(solver) => solver.depth() as u64,
            _ => 1,
        }
    }

    fn visit(&self, take: Take<'_>) -> Result<(), RunError> {
        take(bytemuck::cast_slice(self.own()))
    }

    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        if snapshot.begin()? {
            snapshot.steadiness = self.steadiness;
            let own_rows = self.own();
            snapshot.rows(own_rows);
            let own_bytes = bytemuck::cast_slice(own_rows);
            snapshot.exchange(|offset, to| copy_from(own_bytes, offset, to));
        }
        Ok(())
    }

    fn advance(
        &mut self,
        steps: u64,
        _: Clock,
        clock: &mut RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        if let HeldState::Solver(solver) = &mut self.held {
            let advanced = clock.time(steps, || solver.advance(steps, self.ranks.comm()));
            collective::all_ok(self.ranks.comm(), advanced.map_err(RunError::from))?;
        }
        match snapshot {
            Some(snapshot) => self.show(snapshot),
            None => Ok(()),
        }
    }

    fn save(&mut self, output: &mut Output<'_, C>, now: Clock) -> Result<(), RunError> {
        let first_row = self.ranks.slab().own().start;
        let halt = summary::not_finite(self.own(), first_row, None, &self.problem.grid, now);
        let is_sound = halt.map_or(Ok(()), |halt| Err(RunError::from(halt)));
        collective::all_ok(self.ranks.comm(), is_sound)?;
        output.checkpoint(now, bytemuck::cast_slice(self.own()))
    }

    fn look(&mut self, look: Look<'_>) -> Result<(), RunError> {
        let (slab, comm) = (self.ranks.slab(), self.ranks.comm());
        match &mut self.held {
            _ if slab.own().is_empty() => Ok(()),
            // The initial state has its halos.
            HeldState::Field(field) => view(slab, field).map_or(Ok(()), |rows| look(&rows)),
            HeldState::Solver(solver) => solver.look(comm, |state| {
                view(slab, state).map_or(Ok(()), |rows| look(&rows))
            }),
            HeldState::Nothing => Ok(()),
        }
    }

    fn aside(
        &mut self,
        length: f64,
        _: Clock,
        _: &RunClock,
        look: Look<'_>,
    ) -> Result<(), RunError> {
        let HeldState::Solver(solver) = &mut self.held else {
            return Ok(());
        };
        let (slab, comm) = (self.ranks.slab(), self.ranks.comm());
        let memory_needed = setup::memory(self.problem, self.ranks);
        let room = match self.room_aside.take() {
            Some(room) => Ok(room),
            None => solver.room_aside(),
        };
        let room = room.map_err(|_| RunError::no_memory(memory_needed));
        let mut room = collective::all_ok(comm, room)?;
        let looked = solver.aside(length, &mut room, comm, |state| {
            view(slab, state).map_or(Ok(()), |rows| look(&rows))
        });
        self.room_aside = Some(room);
        let checked = solver.check().map_err(RunError::from);
        collective::all_ok(comm, checked)?;
        looked.unwrap_or(Ok(()))
    }

    fn advance_seen(
        &mut self,
        _: Clock,
        clock: &mut RunClock,
        see: &mut dyn FnMut(usize, &RowsView<'_>),
    ) -> Result<(), RunError> {
        let HeldState::Solver(solver) = &mut self.held else {
            return Ok(());
        };
        let (slab, comm) = (self.ranks.slab(), self.ranks.comm());
        let memory_needed = setup::memory(self.problem, self.ranks);
        let ready = solver.prepare_to_be_seen();
        collective::all_ok(comm, ready.map_err(|_| RunError::no_memory(memory_needed)))?;
        let advanced = clock.time(1, || {
            solver.advance_seen(comm, |number, state| {
                if let Some(rows) = view(slab, state) {
                    see(number, &rows);
                }
            })
        });
        let advanced = advanced.map_err(|_| RunError::no_memory(memory_needed));
        let checked = advanced.and_then(|()| Ok(solver.check()?));
        collective::all_ok(comm, checked)
    }

    fn figures(&self) -> Figures {
        let (updates, tile) = match &self.held {
            HeldState::Solver(solver) => (solver.updates(), solver.tile().to_string()),
            _ => ([0; 3], "none".to_owned()),
        };
        Figures {
            updates,
            kernel: self.stencil.kernel().to_string(),
            tile,
            place: "memory".to_owned(),
            moved: [0, 0],
            steadiness: self.steadiness,
        }
    }
}
