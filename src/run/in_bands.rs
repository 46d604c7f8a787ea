//! [`InBands`]: a state in files, which passes through memory in bands of rows.
//!
//! Between snapshots it is in the scratch, at a snapshot in the cube: the last pass to a snapshot writes its
//! rows to their place there, the first one after it reads them from there.

use super::{
    band_files::{Files, Target},
    bands_shape::{Shape, Speeds},
    clock::RunClock,
    error::RunError,
    observer::Observer,
    output::Output,
    snapshot::Snapshot,
    state::{Durable, Figures, State},
};
use crate::{
    comm::Comm,
    cube::{
        CubeError, Header, Paths,
        scratch::Scratch,
        stream::{Moved, ReadAhead, WriteBehind, chunk_bytes},
    },
    field::Field,
    npy::Reader,
    problem::Problem,
    schedule::Clock,
    solver::{Bands, Track},
    stencil::{Element, Stencil},
    sys,
};
use std::{
    marker::PhantomData,
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Snapshots that are no older are what a run continues from that is killed: syncs take time.
const RECENT: Duration = Duration::from_secs(1);

/// The rows of the grid in files.
pub(crate) struct InBands<'a, T: Element, C> {
    problem: &'a Problem,
    stencil: Stencil<T>,
    observer: &'a Observer,
    paths: &'a Paths,
    /// Where states between snapshots go, if any does.
    scratch: Option<Scratch>,
    place: Place,
    /// The state in the scratch, if that does not describe it yet: its place, its time and the check sums of
    /// its chunks.
    undescribed: Option<(usize, Clock, Vec<u32>)>,
    /// When the last snapshot was written; `None` if the state follows from a later one, in the scratch.
    settled: Option<Instant>,
    memory: u64,
    shape: Shape,
    /// The memory of passes, as long as nothing else needs it.
    bands: Option<Bands<T>>,
    /// Node updates by their number of operations, of bands that are no longer there.
    updates: [u64; 3],
    read: Moved,
    written: Moved,
    ranks: PhantomData<C>,
}

/// Where the present state is.
enum Place {
    /// It is the initial one.
    Initial,
    /// In a file, from a byte on.
    File { file: Reader, begin: u64 },
    /// In a place of the scratch.
    Scratch(usize),
}

impl<'a, T: Element, C: Comm> InBands<'a, T, C> {
    /// A state of the whole grid that passes through so many bytes of memory, in bands of this shape at first.
    ///
    /// # Errors
    /// [`RunError::Cube`] when the scratch cannot be had.
    pub(crate) fn new(
        problem: &'a Problem,
        stencil: Stencil<T>,
        (shape, memory): (Shape, u64),
        (paths, header): (&'a Paths, &Header),
        observer: &'a Observer,
    ) -> Result<Self, RunError> {
        let bytes = problem.field_bytes();
        let several = problem.schedule.nper > shape.steps as u64;
        let scratch = (several || paths.scratch.exists())
            .then(|| Scratch::open(&paths.scratch, header, bytes))
            .transpose()?;
        Ok(Self {
            problem,
            stencil,
            observer,
            paths,
            scratch,
            place: Place::Initial,
            undescribed: None,
            settled: Some(Instant::now()),
            memory,
            shape,
            bands: None,
            updates: [0; 3],
            read: Moved::default(),
            written: Moved::default(),
            ranks: PhantomData,
        })
    }

    /// The rows of a pass of so many steps.
    fn track(&self, steps: usize) -> Track {
        let ny = self.problem.grid.y.nodes;
        match self.problem.has_periodic_rows() {
            false => Track {
                rows: ny,
                ends: [true; 2],
                first: 0,
            },
            // Row 0 is numbered one period on or more, so that there are rows before it.
            true => {
                let period = ny - 1;
                Track {
                    rows: ny + 2 * steps,
                    ends: [false; 2],
                    first: steps.next_multiple_of(period).max(period) - steps,
                }
            }
        }
    }

    /// The bytes of the rows of a track in a state that begins at byte `begin`.
    fn ranges(&self, track: &Track, begin: u64) -> Vec<Range<u64>> {
        let row = (self.problem.grid.x.nodes * size_of::<T>()) as u64;
        let ny = self.problem.grid.y.nodes;
        let period = ny - usize::from(self.problem.has_periodic_rows());
        let mut ranges = Vec::new();
        let (mut at, end) = (track.first, track.first + track.rows);
        while at < end {
            let first = at % period;
            let count = (period - first).min(end - at);
            let start = begin + first as u64 * row;
            ranges.push(start..start + count as u64 * row);
            at += count;
        }
        ranges
    }

    /// One pass. `false` if it was given up because the run is to stop: the state is then as it was.
    fn pass(
        &mut self,
        steps: usize,
        now: Clock,
        (clock, snapshot): (&RunClock, Option<&mut Snapshot<'_, '_, C>>),
    ) -> Result<bool, RunError> {
        let start = Instant::now();
        let mut bands = match self.bands.take() {
            Some(bands) => bands,
            None => Bands::new(
                self.stencil.clone().with_tile(self.shape.tile),
                (self.shape.band, self.shape.steps),
                self.problem.grid.x.nodes,
            )
            .map_err(|_| RunError::no_memory(self.shape.memory))?,
        };
        let depths = bands.depths(steps);
        let track = self.track(steps);
        let (path, file, begin) = match (&self.place, &self.scratch) {
            (Place::File { file, begin }, _) => (&self.paths.cube, file, *begin),
            (Place::Scratch(place), Some(scratch)) => {
                (&self.paths.scratch, scratch.reader(), scratch.begin(*place))
            }
            _ => return Err(RunError::Unplaced),
        };
        let place = match self.place {
            Place::Scratch(place) => 1 - place,
            _ => 0,
        };
        let ranges = self.ranges(&track, begin);
        let chunk = chunk_bytes(self.problem.field_bytes());
        let (shape, moved) = (self.shape, (&self.read, &self.written));
        let to_scratch = match snapshot {
            Some(_) => None,
            None => self.scratch.as_ref(),
        };
        let passed = thread::scope(|scope| {
            let source = ReadAhead::start(scope, (file, moved.0), ranges, (chunk, shape.chunks))
                .map_err(RunError::Threads)?;
            let target = match (snapshot, to_scratch) {
                (Some(snapshot), _) => Target::Snapshot(snapshot),
                (None, Some(scratch)) => Target::Scratch(
                    WriteBehind::start(
                        scope,
                        (scratch.file(), moved.1),
                        scratch.begin(place),
                        (chunk, shape.chunks),
                    )
                    .map_err(RunError::Threads)?,
                ),
                (None, None) => return Err(RunError::Unplaced),
            };
            let mut files = Files {
                problem: self.problem,
                first: track.first,
                source,
                target,
                path,
                stop: || clock.is_over(self.observer),
                memory: shape.memory,
                waited: Duration::ZERO,
            };
            let checked = bands.pass(&track, &depths, now.simtime, &mut files)?;
            let sums = match files.target {
                Target::Snapshot(_) => Vec::new(),
                Target::Scratch(writer) => {
                    let written = writer.finish();
                    written.map_err(CubeError::io("write", &self.paths.scratch))?
                }
            };
            checked?;
            Ok((sums, files.waited))
        });
        self.bands = Some(bands);
        let (sums, waited) = match passed {
            Ok(passed) => passed,
            Err(RunError::GivenUp) => return Ok(false),
            Err(error) => return Err(error),
        };
        if to_scratch.is_some() {
            let mut then = now;
            then.tick(steps as u64, self.problem.schedule.dt);
            self.place = Place::Scratch(place);
            self.undescribed = Some((place, then, sums));
            // Until then a resume begins at the snapshot. From then on every pass counts, as the next but one
            // overwrites it.
            let is_recent = |settled: Instant| settled.elapsed() < RECENT;
            if !self.settled.is_some_and(is_recent) {
                self.describe()?;
            }
        }
        self.adapt(steps, start.elapsed().saturating_sub(waited));
        Ok(true)
    }

    /// Takes the shape that suits the speeds measured so far, after a pass that computed for so long.
    #[expect(clippy::cast_precision_loss, reason = "speeds")]
    fn adapt(&mut self, steps: usize, computed: Duration) {
        /// What takes less is too small to be measured, and to be worth it.
        const LONG_ENOUGH: Duration = Duration::from_millis(20);
        if computed < LONG_ENOUGH {
            return;
        }
        let speed = |amount: f64, time: Duration| amount / time.as_secs_f64().max(1e-9);
        let twice = 1.0 + self.shape.tile.depth as f64 / self.shape.band as f64;
        let updates = self.problem.grid.len() as f64 * steps as f64 * twice;
        let moved = [&self.read, &self.written].map(|moved| match moved.bytes() {
            0 => f64::INFINITY,
            bytes => speed(bytes as f64, moved.time()),
        });
        let speeds = Speeds {
            updates: speed(updates, computed),
            bytes: moved[0].min(moved[1]),
        };
        let better = Shape::fit(self.problem, &self.stencil, self.memory, speeds);
        let Ok(better) = better else { return };
        if self.scratch.is_none() && self.problem.schedule.nper > better.steps as u64 {
            return;
        }
        // Another shape costs a pass over a field of which nothing is known.
        let differs = |a: usize, b: usize| a.abs_diff(b) * 4 > b;
        if !differs(better.steps, self.shape.steps) && !differs(better.band, self.shape.band) {
            return;
        }
        self.observer.note(format!(
            "bands of {} rows, {} steps a pass from here on: {:.2e} updates/s and {:.2e} bytes/s were measured",
            better.band, better.steps, speeds.updates, speeds.bytes
        ));
        if let Some(bands) = self.bands.take() {
            let updates = bands.updates();
            self.updates = [0, 1, 2].map(|k| self.updates[k] + updates[k]);
        }
        self.shape = better;
    }

    /// Makes the state in the scratch durable.
    fn describe(&mut self) -> Result<(), RunError> {
        if let (Some(scratch), Some((place, clock, sums))) =
            (&self.scratch, self.undescribed.take())
        {
            scratch.commit(place, clock, &sums)?;
        }
        Ok(())
    }

    /// After a snapshot was shown: the state is in the cube.
    fn settle(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        let Some(begin) = snapshot.place() else {
            return Ok(());
        };
        snapshot.wait_until_written();
        // Its commit follows soon.
        (self.undescribed, self.settled) = (None, Some(Instant::now()));
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
        let file = durable.open()?;
        let is_whole = durable.is_whole(&file, self.problem.field_bytes())?;
        if is_whole {
            self.place = Place::File {
                file,
                begin: durable.begin,
            };
        }
        Ok(is_whole)
    }

    fn take_own(&mut self, after: u64, before: u64) -> Result<Option<Clock>, RunError> {
        let Some(scratch) = &self.scratch else {
            return Ok(None);
        };
        for described in scratch.described(after + 1..before)? {
            if scratch.holds(&described)? {
                self.place = Place::Scratch(described.place);
                self.settled = None;
                return Ok(Some(described.clock));
            }
        }
        Ok(None)
    }

    fn initialise(&mut self) -> Result<(), RunError> {
        self.place = Place::Initial;
        Ok(())
    }

    fn start(&mut self, _: Clock) -> Result<(), RunError> {
        Ok(())
    }

    fn pass(&self, due: u64) -> u64 {
        self.shape.pass(due)
    }

    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError> {
        if !snapshot.begin() {
            return Ok(());
        }
        let (ny, nx) = self.problem.grid.shape();
        let rows = self.shape.band.min(ny);
        let no_memory = |_| RunError::no_memory(self.shape.memory);
        let mut first = 0;
        while first < ny {
            let count = rows.min(ny - first);
            let mut field = Field::<T>::zeros((count, nx)).map_err(no_memory)?;
            match (&self.place, &self.scratch) {
                (Place::Initial, _) => self.problem.fill_initial(&mut field, first)?,
                (Place::File { file, begin }, _) => {
                    let at = begin + (first * nx * size_of::<T>()) as u64;
                    file.read(at, field.as_mut_bytes())
                        .map_err(CubeError::io("read", &self.paths.cube))?;
                }
                (Place::Scratch(_), _) => return Err(RunError::Unplaced),
            }
            snapshot.rows(field.as_slice());
            first += count;
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
            let last = if some == left { snapshot.take() } else { None };
            let start = Instant::now();
            let done = match last {
                Some(snapshot) => {
                    if !snapshot.begin() {
                        return Ok(());
                    }
                    let done = self.pass(some as usize, at, (clock, Some(&mut *snapshot)))?;
                    if done {
                        self.settle(snapshot)?;
                    }
                    done
                }
                None => self.pass(some as usize, at, (clock, None))?,
            };
            clock.took(some, start.elapsed());
            if !done {
                return Err(RunError::GivenUp);
            }
            at.tick(some, self.problem.schedule.dt);
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

    fn figures(&self) -> Figures {
        let of_bands = self.bands.as_ref().map_or([0; 3], Bands::updates);
        Figures {
            updates: [0, 1, 2].map(|k| self.updates[k] + of_bands[k]),
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
