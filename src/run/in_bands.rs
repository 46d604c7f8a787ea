//! [`InBands`]: a state in files, which passes through memory in bands of rows.
//!
//! Between snapshots it is in the scratch. At a snapshot it is in the cube: the last pass to a snapshot writes its
//! rows to their place there, the first one after it reads them from there. Of several ranks each has the rows of
//! snapshots in its scratch, too: machines see what others write into a file later, if at all.

use super::{
    bands_shape::Shape,
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    observer::Observer,
    output::Output,
    snapshot::Snapshot,
    state::{Durable, Figures, State, Take},
};
use crate::{
    comm::{Comm, ROOT, collective},
    cube::{
        CubeError, Header, Paths,
        scratch::Scratch,
        stream::{Moved, WriteBehind, chunk_bytes},
    },
    field::Field,
    params::StepMethod,
    problem::Problem,
    schedule::Clock,
    solver::Bands,
};
use diff2d_arrays::npy::Reader;
use diff2d_stencil::{Element, Stencil};
use diff2d_sys as sys;
use std::{path::Path, thread, time::Instant};

/// The rows of a rank in files.
pub(crate) struct InBands<'a, T: Element, C> {
    pub(super) problem: &'a Problem,
    pub(super) ranks: &'a Decomposition<'a, C>,
    pub(super) stencil: Stencil<T>,
    pub(super) observer: &'a Observer,
    pub(super) paths: &'a Paths,
    /// Where states between snapshots go, if any does.
    pub(super) scratch: Option<Scratch>,
    pub(super) place: Place,
    /// The state in the scratch, if that does not describe it yet: its place, its time and, if they are known,
    /// the check sums of its chunks.
    pub(super) undescribed: Option<(usize, Clock, Option<Vec<u32>>)>,
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
    /// In a file, where the rows of this rank begin at a byte.
    File { file: Reader, begin: u64 },
    /// In a place of the scratch.
    Scratch(usize),
}

impl<'a, T: Element, C: Comm> InBands<'a, T, C> {
    /// Collective. The initial state, whose rows pass through memory in bands of this shape, with as many steps a pass
    /// as all ranks can take. Between snapshots it is in the scratch.
    pub(crate) fn new(
        problem: &'a Problem,
        ranks: &'a Decomposition<'a, C>,
        stencil: Stencil<T>,
        shape: Shape,
        paths: &'a Paths,
        scratch: Option<Scratch>,
        observer: &'a Observer,
    ) -> Self {
        let steps = collective::least(ranks.comm(), shape.steps);
        Self {
            problem,
            ranks,
            stencil,
            observer,
            paths,
            scratch,
            place: Place::Initial,
            undescribed: None,
            settled: Some(Instant::now()),
            shape: Shape { steps, ..shape },
            bands: None,
            read: Moved::default(),
            written: Moved::default(),
        }
    }

    pub(super) fn comm(&self) -> &'a C {
        self.ranks.comm()
    }

    /// Whether there are other ranks.
    pub(super) fn is_one_of_several(&self) -> bool {
        self.comm().size() > 1
    }

    /// Whether steps are those of the exact solution, each of the whole grid.
    pub(super) fn is_exact(&self) -> bool {
        self.problem.params.method == StepMethod::Exact
    }

    /// The file that the state is in, its name, and the byte where the rows of this rank begin.
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

    /// Bytes of a chunk of memory, and how many chunks there are for reading and as many for writing.
    pub(super) fn chunks(&self) -> (usize, usize) {
        let own = self.ranks.own_bytes::<T>();
        (chunk_bytes(own.end - own.start), self.shape.chunks)
    }

    /// Bytes of the rows of this rank in a state, from a byte of them on.
    pub(super) fn read_own(&self, at: u64, bytes: &mut [u8]) -> Result<(), RunError> {
        let (path, file, begin) = self.source()?;
        let read = file.read(begin + at, bytes);
        read.map_err(CubeError::io("read", path))?;
        if let Some(masked) = self.problem.masked() {
            // In a snapshot they are NaN.
            let first = self.ranks.own_bytes::<T>().start + at;
            masked.fill_bytes(first, bytes, bytemuck::bytes_of(&T::default()));
        }
        Ok(())
    }

    /// Passes the rows of this rank to a snapshot, and of several ranks to the first place of the scratch.
    fn show_own(&self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        let scratch = self.scratch.as_ref().filter(|_| self.is_one_of_several());
        thread::scope(|scope| {
            let writer = scratch.map(|scratch| {
                let (file, start) = ((scratch.file(), &self.written), scratch.begin(0));
                WriteBehind::start(scope, file, start, self.chunks())
            });
            let mut writer = writer.transpose().map_err(RunError::Threads)?;
            self.visit(&mut |bytes| {
                snapshot.rows::<T>(bytemuck::cast_slice(bytes));
                if let Some(writer) = &mut writer {
                    writer.push(bytes);
                }
                Ok(())
            })?;
            let written = writer.map(WriteBehind::finish).transpose();
            written.map_err(CubeError::io(
                "write",
                self.paths.scratch_of(self.comm().rank()),
            ))?;
            Ok(())
        })
    }

    /// Makes the state in the scratch durable.
    pub(super) fn describe(&mut self) -> Result<(), RunError> {
        if let (Some(scratch), Some((place, clock, sums))) =
            (&self.scratch, self.undescribed.take())
        {
            let sums = sums.map_or_else(|| scratch.sums(place), Ok)?;
            scratch.commit(place, clock, &sums)?;
        }
        Ok(())
    }

    /// Collective. After all rows of a snapshot: other ranks get what they write of it, and a rank on its own goes on
    /// from the cube.
    fn settle(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        let Some(begin) = snapshot.place() else {
            return Ok(());
        };
        // Its commit follows soon.
        (self.undescribed, self.settled) = (None, Some(Instant::now()));
        if self.is_one_of_several() {
            // An error of one rank must not keep others from their messages.
            let mut failed = Ok(());
            snapshot.exchange(|at, bytes| {
                if let (Ok(()), Err(error)) = (&failed, self.read_own(at, bytes)) {
                    failed = Err(error);
                }
            });
            return collective::all_ok(self.comm(), failed);
        }
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

impl<T: Element, C: Comm> State<C> for InBands<'_, T, C> {
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError> {
        let file = durable.open_whole(&self.ranks.share::<T>(), self.comm())?;
        let is_whole = file.is_some();
        if let Some(file) = file {
            let begin = durable.begin + self.ranks.own_bytes::<T>().start;
            self.place = Place::File { file, begin };
        }
        Ok(is_whole)
    }

    fn take_own(&mut self, header: &Header, last: Clock) -> Result<Option<Clock>, RunError> {
        let described = match &self.scratch {
            Some(scratch) => scratch.described(header, last),
            None => Ok(Vec::new()),
        };
        let described = collective::all_ok(self.comm(), described.map_err(RunError::from))?;
        let steps: Vec<u64> = described.iter().map(|one| one.clock.step).collect();
        // Those that all ranks know of; a rank without rows has none.
        let of_ranks =
            collective::all_gather(self.comm(), (self.ranks.slab().own().is_empty(), steps));
        let of_all = |step: &u64| {
            of_ranks
                .iter()
                .all(|(none, steps)| *none || steps.contains(step))
        };
        let mut common = of_ranks[ROOT].1.clone();
        common.retain(of_all);
        for step in common {
            let mine = described.iter().find(|one| one.clock.step == step);
            let holds = match (mine, &self.scratch) {
                (Some(mine), Some(scratch)) => scratch.holds(mine),
                _ => Ok(self.ranks.slab().own().is_empty()),
            };
            let holds = collective::all_ok(self.comm(), holds.map_err(RunError::from))?;
            let clocks =
                collective::all_gather(self.comm(), mine.map(|one| (holds, one.clock.simtime)));
            if clocks.iter().flatten().any(|(holds, _)| !holds) {
                continue;
            }
            if let Some(mine) = mine {
                self.place = Place::Scratch(mine.place);
            }
            self.settled = None;
            let simtime = clocks.into_iter().flatten().next();
            return Ok(simtime.map(|(_, simtime)| Clock { step, simtime }));
        }
        Ok(None)
    }

    fn initialise(&mut self) -> Result<(), RunError> {
        self.place = Place::Initial;
        Ok(())
    }

    fn pass(&self, due: u64) -> u64 {
        self.shape.pass(due)
    }

    fn visit(&self, take: Take<'_>) -> Result<(), RunError> {
        let (own, nx) = (self.ranks.slab().own(), self.problem.grid.x.nodes);
        for first in own.clone().step_by(self.shape.band) {
            let rows = self.shape.band.min(own.end - first);
            let mut field = Field::<T>::zeros((rows, nx))
                .map_err(|_| RunError::no_memory(self.shape.memory))?;
            match self.place {
                // The memory of passes is not there yet.
                Place::Initial => {
                    let held = usize::try_from(self.shape.memory / 4).unwrap_or(usize::MAX);
                    self.problem.fill_initial_band(&mut field, first, held)?;
                }
                _ => {
                    let at = (first - own.start) * nx * size_of::<T>();
                    self.read_own(at as u64, field.as_mut_bytes())?;
                }
            }
            take(field.as_bytes())?;
        }
        Ok(())
    }

    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        if !snapshot.begin()? {
            return Ok(());
        }
        let shown = self.show_own(snapshot);
        collective::all_ok(self.comm(), shown)?;
        if self.is_one_of_several() {
            self.place = Place::Scratch(0);
        }
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
            // The exact solution is not whole before its last column is.
            let is_exact = self.is_exact();
            let rows = last.as_deref_mut().filter(|_| !is_exact);
            let done = self.pass(some as usize, at, clock, rows)?;
            if let (Some(snapshot), true) = (last, done) {
                if is_exact {
                    self.show_own(snapshot)?;
                }
                self.settle(snapshot)?;
            }
            clock.took(some, start.elapsed());
            if !done {
                return Err(RunError::GivenUp);
            }
            at = self.problem.schedule.pace().after(at, some);
            left -= some;
        }
        Ok(())
    }

    fn save(&mut self, output: &mut Output<'_, C>, _: Clock) -> Result<(), RunError> {
        match output.flush() {
            true => self.abandon(),
            false => Ok(()),
        }
    }

    fn abandon(&mut self) -> Result<(), RunError> {
        let described = self.describe();
        collective::all_ok(self.comm(), described)
    }

    fn figures(&self) -> Figures {
        Figures {
            updates: self.bands.as_ref().map_or([0; 3], Bands::updates),
            kernel: self.stencil.kernel().to_string(),
            tile: self.shape.tile.to_string(),
            place: format!(
                "files, in bands of {} rows, {} steps a pass",
                self.shape.band, self.shape.steps
            ),
            moved: [self.read.bytes(), self.written.bytes()],
        }
    }
}
