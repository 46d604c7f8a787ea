//! [`InBands`]: a state in files, which passes through memory in bands of rows.
//!
//! Between snapshots it is in the scratch. At a snapshot it is in the cube: the last pass to a snapshot writes its
//! rows to their place there, the first one after it reads them from there.

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
    },
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
    /// Where states between snapshots go, if any does.
    pub(super) scratch: Option<Scratch>,
    pub(super) place: Place,
    /// The state in the scratch, if that does not describe it yet: its place, its time and the check sums of its
    /// chunks.
    pub(super) undescribed: Option<(usize, Clock, Vec<u32>)>,
    /// When the last snapshot was written; `None` if the state follows from a later one, in the scratch.
    pub(super) settled: Option<Instant>,
    pub(super) shape: Shape,
    /// The memory of passes, as long as nothing else needs it.
    pub(super) bands: Option<Bands<T>>,
    pub(super) read: Moved,
    pub(super) written: Moved,
}

/// Where the present state is.
pub(super) enum Place {
    /// It is the initial one.
    Initial,
    /// In a file, where it begins at a byte.
    File { file: Reader, begin: u64 },
    /// In a place of the scratch.
    Scratch(usize),
}

impl<'a, T: Element> InBands<'a, T> {
    /// The initial state, whose rows pass through memory in bands of this shape. Between snapshots it is in the
    /// scratch.
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
            place: Place::Initial,
            undescribed: None,
            settled: Some(Instant::now()),
            shape,
            bands: None,
            read: Moved::default(),
            written: Moved::default(),
        }
    }

    /// The file that the state is in, its name, and the byte where it begins.
    pub(super) fn source(&self) -> Result<(&Path, &Reader, u64), RunError> {
        match (&self.place, &self.scratch) {
            (Place::File { file, begin }, _) => Ok((&self.paths.cube, file, *begin)),
            (Place::Scratch(place), Some(scratch)) => {
                Ok((scratch.path(), scratch.reader(), scratch.begin(*place)))
            }
            _ => Err(RunError::Unplaced),
        }
    }

    /// The place of the scratch that the state is not in.
    pub(super) fn other_place(&self) -> usize {
        match self.place {
            Place::Scratch(place) => 1 - place,
            _ => 0,
        }
    }

    /// The chunks of memory for reading; there are as many for writing.
    pub(super) fn chunks(&self) -> Chunks {
        Chunks {
            bytes: chunk_bytes(self.problem.field_bytes()),
            count: self.shape.chunks,
        }
    }

    /// Reads rows of the state, from a row on.
    pub(super) fn read_rows(&self, first: usize, values: &mut [T]) -> Result<(), RunError> {
        let (path, file, begin) = self.source()?;
        let at = begin + (first * self.problem.grid.x.nodes * size_of::<T>()) as u64;
        let read = file.read(at, bytemuck::cast_slice_mut(values));
        read.map_err(CubeError::io("read", path))?;
        self.problem.codec().decode(first, values);
        Ok(())
    }

    /// Shows all rows, a few at a time.
    pub(super) fn look_at_rows(&self, look: Look<'_>) -> Result<(), RunError> {
        let (ny, nx) = self.problem.grid.shape();
        let together = self.shape.rows_looked_at;
        for first in (0..ny).step_by(together) {
            let own = first..(first + together).min(ny);
            let begin = own.start.saturating_sub(1);
            let held = (own.end + 1).min(ny) - begin;
            let mut field = Field::<T>::zeros((held, nx))
                .map_err(|_| RunError::no_memory(self.shape.memory()))?;
            match self.place {
                Place::Initial => self.problem.fill_initial(&mut field, begin)?,
                _ => self.read_rows(begin, field.as_mut_slice())?,
            }
            if let Some(rows) = RowsView::of(&field, own, first - begin, ny) {
                look(&rows)?;
            }
        }
        Ok(())
    }

    /// Makes the state in the scratch durable.
    pub(super) fn describe(&mut self) -> Result<(), RunError> {
        if let (Some(scratch), Some((place, clock, sums))) =
            (&self.scratch, self.undescribed.take())
        {
            scratch.commit(place, clock, &sums)?;
        }
        Ok(())
    }

    /// Goes on from the cube after all rows of a snapshot.
    fn settle<C: Comm>(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        let Some(begin) = snapshot.place() else {
            return Ok(());
        };
        // Its commit follows soon.
        (self.undescribed, self.settled) = (None, Some(Instant::now()));
        snapshot.wait_until_written();
        self.place = Place::File {
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

/// On one rank: larger states need ranks with memory of their own, or one that passes them through its memory.
impl<T: Element, C: Comm> State<C> for InBands<'_, T> {
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError> {
        let whole = Share::new(0, vec![self.problem.field_bytes()], false);
        let file = durable.open_whole(&whole, &Solo)?;
        let is_whole = file.is_some();
        if let Some(file) = file {
            let begin = durable.begin;
            self.place = Place::File { file, begin };
        }
        Ok(is_whole)
    }

    fn take_own(&mut self, header: &Header, last: Clock) -> Result<Option<Clock>, RunError> {
        let Some(scratch) = &self.scratch else {
            return Ok(None);
        };
        for described in scratch.described(header, last)? {
            if scratch.holds(&described)? {
                (self.place, self.settled) = (Place::Scratch(described.place), None);
                return Ok(Some(described.clock));
            }
        }
        Ok(None)
    }

    fn initialise(&mut self, _: &RunClock, _: &Observer) -> Result<(), RunError> {
        self.place = Place::Initial;
        Ok(())
    }

    fn pass(&self, due: u64) -> u64 {
        self.shape.pass(due)
    }

    fn visit(&self, take: Take<'_>) -> Result<(), RunError> {
        let (ny, nx) = self.problem.grid.shape();
        for first in (0..ny).step_by(self.shape.rows) {
            let rows = self.shape.rows.min(ny - first);
            let mut field = Field::<T>::zeros((rows, nx))
                .map_err(|_| RunError::no_memory(self.shape.memory()))?;
            match self.place {
                Place::Initial => self.problem.fill_initial(&mut field, first)?,
                _ => self.read_rows(first, field.as_mut_slice())?,
            }
            take(field.as_bytes())?;
        }
        Ok(())
    }

    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        if !snapshot.begin()? {
            return Ok(());
        }
        // The memory of passes is not there yet.
        self.problem.hold_pictures(self.shape.memory() / 4);
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
        let (mut left, mut at) = (steps, now);
        while left > 0 {
            let some = self.shape.pass(left);
            let mut last = if some == left { snapshot.take() } else { None };
            let start = Instant::now();
            if let Some(snapshot) = &mut last
                && !snapshot.begin()?
            {
                return Ok(());
            }
            // Rows of a record up to the state are durable.
            self.describe_pass()?;
            let passed = self.take_steps(some as usize, at, clock, last.as_deref_mut());
            if let (Some(snapshot), Ok(())) = (last, &passed) {
                self.settle(snapshot)?;
            }
            clock.took(some, start.elapsed());
            passed?;
            at = self.problem.schedule.pace().after(at, some);
            left -= some;
        }
        Ok(())
    }

    fn save(&mut self, output: &mut Output<'_, C>, _: Clock) -> Result<(), RunError> {
        match output.flush() {
            true => self.describe(),
            false => Ok(()),
        }
    }

    fn abandon(&mut self) -> Result<(), RunError> {
        self.describe()
    }

    fn keeps_passes(&self) -> bool {
        true
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
