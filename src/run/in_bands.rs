//! [`InBands`]: a state in files, which passes through memory in bands of rows.
//!
//! Between snapshots the state is in the scratch. At a snapshot it is in the cube: the last pass before a snapshot
//! writes its rows there, and the first pass after it reads them from there.

use super::{
    bands_shape::Shape,
    clock::RunClock,
    error::RunError,
    observer::Observer,
    output::Output,
    snapshot::Snapshot,
    state::{Durable, Figures, Look, RowsView, State, Take},
};
use crate::{
    comm::{Comm, Solo},
    cube::{
        CubeError, Header, Paths,
        scratch::Scratch,
        share::Share,
        stream::{Chunks, Moved, chunk_bytes},
        streams::Marks,
    },
    fault::Fault,
    field::Field,
    problem::Problem,
    schedule::Clock,
    solver::Bands,
};
use diff2d_arrays::npy::Reader;
use diff2d_stencil::{Element, Stencil};
use diff2d_sys as sys;
use std::{path::Path, time::Instant};

/// A state in files.
pub(crate) struct InBands<'a, T: Element> {
    pub(super) problem: &'a Problem,
    pub(super) stencil: Stencil<T>,
    pub(super) observer: &'a Observer,
    pub(super) paths: &'a Paths,
    /// The file for states between snapshots, if there are such states.
    pub(super) scratch: Option<Scratch>,
    pub(super) location: StateLocation,
    /// The newest state in the scratch, if the scratch does not describe it yet: its place, its time and the check sums
    /// of its chunks.
    pub(super) undescribed: Option<(usize, Clock, Vec<u32>)>,
    /// The marks of the streams that belong to the state.
    pub(super) marks: Marks,
    /// The time at which the last snapshot was written; `None` if the run continued from a later state in the scratch.
    pub(super) settled: Option<Instant>,
    pub(super) shape: Shape,
    /// The memory of passes, except while something else needs memory.
    pub(super) bands: Option<Bands<T>>,
    pub(super) read: Moved,
    pub(super) written: Moved,
}

/// The location of the present state.
pub(super) enum StateLocation {
    /// The initial state, which is in no file.
    Initial,
    /// A file in which the state begins at byte `begin`.
    File { file: Reader, begin: u64 },
    /// One of the two places of the scratch.
    Scratch(usize),
}

impl<'a, T: Element> InBands<'a, T> {
    /// The initial state. Its rows will pass through memory in bands of the shape `shape`, and the scratch will hold it
    /// between snapshots.
    pub(crate) fn new(
        problem: &'a Problem,
        stencil: Stencil<T>,
        shape: Shape,
        paths: &'a Paths,
        scratch: Option<Scratch>,
        observer: &'a Observer,
    ) -> Self {
        Self {
            problem,
            stencil,
            observer,
            paths,
            scratch,
            location: StateLocation::Initial,
            undescribed: None,
            marks: Marks::new(),
            settled: Some(Instant::now()),
            shape,
            bands: None,
            read: Moved::default(),
            written: Moved::default(),
        }
    }

    /// The file that holds the state: its path, its reader, and the byte at which the state begins.
    pub(super) fn source(&self) -> Result<(&Path, &Reader, u64), RunError> {
        match (&self.location, &self.scratch) {
            (StateLocation::File { file, begin }, _) => Ok((&self.paths.cube, file, *begin)),
            (StateLocation::Scratch(place), Some(scratch)) => {
                Ok((scratch.path(), scratch.reader(), scratch.begin(*place)))
            }
            _ => Err(Fault::failed("the state of the run is not in any file").into()),
        }
    }

    /// The place of the scratch that does not hold the present state.
    pub(super) fn other_place(&self) -> usize {
        match self.location {
            StateLocation::Scratch(place) => 1 - place,
            _ => 0,
        }
    }

    /// The chunks of memory for reading; as many are used for writing.
    pub(super) fn chunks(&self) -> Chunks {
        Chunks {
            bytes: chunk_bytes(self.problem.field_bytes()),
            count: self.shape.chunks,
        }
    }

    /// Some rows of the state, from row `first` on.
    fn rows(&self, first: usize, count: usize) -> Result<Field<T>, RunError> {
        let field = Field::<T>::zeros((count, self.problem.grid.x.nodes));
        let mut field = field.map_err(|_| RunError::no_memory(self.shape.memory()))?;
        match self.location {
            StateLocation::Initial => self.problem.fill_initial(&mut field, first)?,
            _ => self.read_rows(first, field.as_mut_slice())?,
        }
        Ok(field)
    }

    /// Reads rows of the state from row `first` on.
    pub(super) fn read_rows(&self, first: usize, values: &mut [T]) -> Result<(), RunError> {
        let (path, file, state_begin) = self.source()?;
        let rows_begin = state_begin + (first * self.problem.grid.x.nodes * size_of::<T>()) as u64;
        let read = file.read(rows_begin, bytemuck::cast_slice_mut(values));
        read.map_err(CubeError::io("read", path))?;
        self.problem.codec().decode(first, values);
        Ok(())
    }

    /// Shows all rows to `look`, a few at a time.
    pub(super) fn look_at_rows(&self, look: Look<'_>) -> Result<(), RunError> {
        let ny = self.problem.grid.y.nodes;
        let together = self.shape.rows_looked_at;
        for first in (0..ny).step_by(together) {
            let shown_rows = first..(first + together).min(ny);
            let first_held = shown_rows.start.saturating_sub(1);
            let held_count = (shown_rows.end + 1).min(ny) - first_held;
            let field = self.rows(first_held, held_count)?;
            if let Some(rows) = RowsView::of(&field, shown_rows, first - first_held, ny) {
                look(&rows)?;
            }
        }
        Ok(())
    }

    /// Makes the state in the scratch durable, and describes it there.
    pub(super) fn describe(&mut self) -> Result<(), RunError> {
        if let (Some(scratch), Some((place, clock, sums))) =
            (&self.scratch, self.undescribed.take())
        {
            scratch.commit(place, clock, &sums, &self.marks)?;
        }
        Ok(())
    }

    /// Makes the cube the source of the state, after all rows of a snapshot are written there.
    fn settle<C: Comm>(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        let Some(begin) = snapshot.place() else {
            return Ok(());
        };
        // Its commit follows soon.
        (self.undescribed, self.settled) = (None, Some(Instant::now()));
        snapshot.wait_until_written();
        self.location = StateLocation::File {
            file: open(&self.paths.cube)?,
            begin,
        };
        Ok(())
    }
}

fn open(path: &Path) -> Result<Reader, RunError> {
    let file = sys::open_to_read(path).map_err(CubeError::io("open", path))?;
    Ok(Reader::new(file, path))
}

/// A state in files is on one rank: a larger state fits into the memory of several ranks without files.
impl<T: Element, C: Comm> State<C> for InBands<'_, T> {
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError> {
        let whole_share = Share::new(0, vec![self.problem.field_bytes()], false);
        let file = durable.open_whole(&whole_share, &Solo)?;
        let is_whole = file.is_some();
        if let Some(file) = file {
            self.location = StateLocation::File {
                file,
                begin: durable.begin,
            };
        }
        Ok(is_whole)
    }

    fn take_own(
        &mut self,
        header: &Header,
        last: Clock,
        fit: &dyn Fn(&Marks) -> Result<bool, RunError>,
    ) -> Result<Option<(Clock, Marks)>, RunError> {
        let Some(scratch) = &self.scratch else {
            return Ok(None);
        };
        for described in scratch.described(header, last)? {
            if scratch.holds(&described)? && fit(&described.streams)? {
                (self.location, self.settled) = (StateLocation::Scratch(described.place), None);
                return Ok(Some((described.clock, described.streams)));
            }
        }
        Ok(None)
    }

    fn initialise(&mut self, _: &RunClock, _: &Observer) -> Result<(), RunError> {
        self.location = StateLocation::Initial;
        Ok(())
    }

    fn start(&mut self, now: Clock) -> Result<(), RunError> {
        let bands = self.take_bands()?;
        let rows = 0..bands.window().min(self.problem.grid.y.nodes);
        let no_memory = |unready| RunError::unready(unready, self.shape.memory());
        let dynamics = self.problem.dynamics(rows).map_err(no_memory)?;
        let reserved = bands.reserve(dynamics, now);
        reserved.map_err(|_| RunError::no_memory(self.shape.memory()))?;
        self.bands = Some(bands);
        Ok(())
    }

    fn pass(&self, due: u64) -> u64 {
        self.shape.pass(due)
    }

    fn visit(&self, take: Take<'_>) -> Result<(), RunError> {
        let ny = self.problem.grid.y.nodes;
        for first in (0..ny).step_by(self.shape.rows) {
            let rows = self.shape.rows.min(ny - first);
            take(self.rows(first, rows)?.as_bytes())?;
        }
        Ok(())
    }

    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        if !snapshot.begin()? {
            return Ok(());
        }
        State::<C>::visit(self, &mut |bytes| {
            snapshot.rows::<T>(bytemuck::cast_slice(bytes));
            Ok(())
        })?;
        self.settle(snapshot)
    }

    fn advance(
        &mut self,
        steps: u64,
        now: Clock,
        clock: &mut RunClock,
        mut snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        let (mut steps_left, mut state_clock) = (steps, now);
        while steps_left > 0 {
            let pass_steps = self.shape.pass(steps_left);
            let mut final_snapshot = if pass_steps == steps_left {
                snapshot.take()
            } else {
                None
            };
            let start = Instant::now();
            if let Some(snapshot) = &mut final_snapshot
                && !snapshot.begin()?
            {
                return Ok(());
            }
            // Rows of a record up to the state are durable.
            self.describe_pass()?;
            let passed = self.take_steps(
                pass_steps as usize,
                state_clock,
                clock,
                final_snapshot.as_deref_mut(),
            );
            if let (Some(snapshot), Ok(())) = (final_snapshot, &passed) {
                self.settle(snapshot)?;
            }
            clock.took(pass_steps, start.elapsed());
            passed?;
            state_clock = self.problem.schedule.pace().after(state_clock, pass_steps);
            steps_left -= pass_steps;
        }
        Ok(())
    }

    fn save(&mut self, output: &mut Output<'_, C>, _: Clock) -> Result<(), RunError> {
        if output.flush() {
            self.describe()
        } else {
            Ok(())
        }
    }

    fn abandon(&mut self) -> Result<(), RunError> {
        self.describe()
    }

    fn keeps_passes(&self) -> bool {
        true
    }

    fn set_marks(&mut self, marks: &Marks) {
        self.marks.clone_from(marks);
    }

    fn look(&mut self, look: Look<'_>) -> Result<(), RunError> {
        self.look_at_rows(look)
    }

    fn aside(
        &mut self,
        length: f64,
        now: Clock,
        clock: &RunClock,
        look: Look<'_>,
    ) -> Result<(), RunError> {
        self.pass_aside(length, now, clock, look)
    }

    fn advance_seen(
        &mut self,
        now: Clock,
        clock: &mut RunClock,
        see: &mut dyn FnMut(usize, &RowsView<'_>),
    ) -> Result<(), RunError> {
        // Of explicit Euler: steps with stages have the state of each in memory.
        self.look_at_rows(&mut |rows| {
            see(1, rows);
            Ok(())
        })?;
        State::<C>::advance(self, 1, now, clock, None)
    }

    fn figures(&self) -> Figures {
        Figures {
            updates: self.bands.as_ref().map_or([0; 3], Bands::updates),
            kernel: self.stencil.kernel().to_string(),
            tile: self.shape.tile.to_string(),
            place: format!(
                "files, in bands of {} rows, {} steps a pass",
                self.shape.rows, self.shape.steps
            ),
            moved: [self.read.bytes(), self.written.bytes()],
            ..Figures::default()
        }
    }
}
