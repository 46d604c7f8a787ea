//! [`InBands`]: a state in files, which passes through memory in bands of rows.
//!
//! Between snapshots it is in the scratch. At a snapshot it is in the cube: the last pass to a snapshot writes its
//! rows to their place there, the first one after it reads them from there. Of several ranks each has the rows of
//! snapshots in its scratch, too: machines see what others write into a file later, if at all.

use super::{
    band_files::Files,
    band_rows::BandRows,
    bands_shape::{Shape, Speeds},
    clock::RunClock,
    error::RunError,
    observer::Observer,
    output::Output,
    snapshot::Snapshot,
    state::{Durable, Figures, State, Take},
};
use crate::{
    comm::{Comm, Elsewhere, ROOT, collective},
    cube::{
        CubeError, Paths,
        scratch::Scratch,
        stream::{Moved, ReadAhead, WriteBehind, chunk_bytes},
    },
    field::Field,
    npy::Reader,
    problem::Problem,
    schedule::Clock,
    solver::Bands,
    stencil::{Element, Stencil},
    sys,
};
use serde::{Deserialize, Serialize};
use std::{
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Snapshots that are no older are what a run continues from that is killed: syncs take time.
const RECENT: Duration = Duration::from_secs(1);

/// The rows of a rank in files.
pub(crate) struct InBands<'a, T: Element, C> {
    problem: &'a Problem,
    rows: BandRows<'a, C>,
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
}

/// Where the present state is.
enum Place {
    /// It is the initial one.
    Initial,
    /// In a file, where the rows of this rank begin at a byte.
    File { file: Reader, begin: u64 },
    /// In a place of the scratch.
    Scratch(usize),
}

/// How a pass ended on a rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Ended {
    Done,
    GivenUp,
    Failed,
}

impl<'a, T: Element, C: Comm> InBands<'a, T, C> {
    /// Collective. A state whose rows pass through so many bytes of memory, in bands of this shape at first.
    /// Between snapshots it is in the scratch.
    pub(crate) fn new(
        rows: BandRows<'a, C>,
        stencil: Stencil<T>,
        (shape, memory): (Shape, u64),
        (paths, scratch): (&'a Paths, Option<Scratch>),
        observer: &'a Observer,
    ) -> Self {
        let problem = rows.problem;
        let mut state = Self {
            problem,
            rows,
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
        };
        state.shape = state.agreed(shape);
        state
    }

    fn comm(&self) -> &'a C {
        self.rows.ranks.comm()
    }

    /// Whether there are other ranks.
    fn is_one_of_several(&self) -> bool {
        self.comm().size() > 1
    }

    /// Collective. The shape with as many steps a pass as all ranks can take.
    fn agreed(&self, shape: Shape) -> Shape {
        let steps = collective::least(self.comm(), shape.steps);
        Shape { steps, ..shape }
    }

    /// The file that the state is in, its name, and the byte where the rows of this rank begin.
    fn source(&self) -> Result<(&Path, &Reader, u64), RunError> {
        match (&self.place, &self.scratch) {
            (Place::File { file, begin }, _) => Ok((&self.paths.cube, file, *begin)),
            (Place::Scratch(place), Some(scratch)) => {
                Ok((scratch.path(), scratch.reader(), scratch.begin(*place)))
            }
            _ => Err(RunError::Unplaced),
        }
    }

    /// The place of the scratch that the state is not in.
    fn other_place(&self) -> usize {
        match self.place {
            Place::Scratch(place) => 1 - place,
            _ => 0,
        }
    }

    /// Bytes of a chunk of memory, and how many chunks there are for reading and as many for writing.
    fn chunks(&self) -> (usize, usize) {
        let own = self.rows.own_bytes();
        (chunk_bytes(own.end - own.start), self.shape.chunks)
    }

    /// Bytes of the rows of this rank, from a byte of them on.
    fn read_own(&self, at: u64, bytes: &mut [u8]) -> Result<(), RunError> {
        let (path, file, begin) = self.source()?;
        let read = file.read(begin + at, bytes);
        Ok(read.map_err(CubeError::io("read", path))?)
    }

    /// Collective. One pass. `false` if a rank gave it up because the run is to stop: the state is then as it was.
    fn pass(
        &mut self,
        steps: usize,
        now: Clock,
        (clock, snapshot): (&RunClock, Option<&mut Snapshot<'_, '_, C>>),
    ) -> Result<bool, RunError> {
        let start = Instant::now();
        let deep = steps * self.problem.stages();
        let read = |at, bytes: &mut [u8]| self.read_own(at, bytes);
        let borrowed = self.rows.borrow::<T>(deep, read)?;
        let to_scratch = snapshot.is_none() || self.is_one_of_several();
        let place = self.other_place();
        let passed = self.pass_alone(steps, now, borrowed.rows(deep), (clock, snapshot));
        let (ended, sums, computed) = match passed {
            Ok((sums, waited)) => {
                let computed = start.elapsed().saturating_sub(waited);
                (Ok(Ended::Done), sums, computed)
            }
            Err(RunError::GivenUp) => (Ok(Ended::GivenUp), Vec::new(), Duration::ZERO),
            Err(error) => (Err(error), Vec::new(), Duration::ZERO),
        };
        let speeds = self.speeds(steps, computed);
        let told = (*ended.as_ref().unwrap_or(&Ended::Failed), speeds);
        let all = collective::all_gather(self.comm(), told);
        ended?;
        if all.iter().any(|(ended, _)| *ended == Ended::Failed) {
            return Err(Elsewhere.into());
        }
        if all.iter().any(|(ended, _)| *ended == Ended::GivenUp) {
            return Ok(false);
        }
        if to_scratch {
            let mut then = now;
            then.tick(steps as u64, self.problem.schedule.dt);
            self.place = Place::Scratch(place);
            self.undescribed = Some((place, then, sums));
            // Until then a resume begins at the snapshot. From then on every pass counts, as the next but one
            // overwrites it, and begins on all ranks together.
            let is_recent = |settled: Instant| settled.elapsed() < RECENT;
            if !self.settled.is_some_and(is_recent) {
                let described = self.describe();
                collective::all_ok(self.comm(), described)?;
            }
        }
        let speeds = all.into_iter().map(|(_, speeds)| speeds);
        if let Some(speeds) = speeds.reduce(Speeds::least_of).flatten() {
            self.adapt(speeds);
        }
        Ok(true)
    }

    /// The part of this rank in a pass, with the rows borrowed from above and from below. Returns the check sums of
    /// the chunks in the scratch, and the time in which nothing was computed.
    fn pass_alone(
        &mut self,
        steps: usize,
        now: Clock,
        [above, below]: [&[T]; 2],
        (clock, snapshot): (&RunClock, Option<&mut Snapshot<'_, '_, C>>),
    ) -> Result<(Vec<u32>, Duration), RunError> {
        let own = self.rows.own_bytes();
        if own.is_empty() {
            return Ok((Vec::new(), Duration::ZERO));
        }
        let mut bands = match self.bands.take() {
            Some(bands) => bands,
            None => Bands::new(
                self.stencil.clone().with_tile(self.shape.tile),
                (self.shape.band, self.shape.steps, self.problem.stages()),
                self.problem.grid.x.nodes,
            )
            .map_err(|_| RunError::no_memory(self.shape.memory))?,
        };
        let depths = bands.depths(steps);
        let track = self.rows.track(steps * self.problem.stages());
        let (path, file, begin) = self.source()?;
        let ranges = self.rows.ranges(&track, begin);
        let place = self.other_place();
        let chunks = self.chunks();
        let to_scratch = match snapshot.is_some() && !self.is_one_of_several() {
            true => None,
            false => self.scratch.as_ref(),
        };
        let passed = thread::scope(|scope| {
            let bytes = |range: &Range<u64>| range.end - range.start;
            let own = ranges.iter().map(bytes).sum();
            let source = ReadAhead::start(scope, (file, &self.read), ranges, chunks)
                .map_err(RunError::Threads)?;
            let writer = to_scratch.map(|scratch| {
                let (file, start) = ((scratch.file(), &self.written), scratch.begin(place));
                WriteBehind::start(scope, file, start, chunks)
            });
            let mut files = Files {
                problem: self.problem,
                first: track.first,
                above: bytemuck::cast_slice(above),
                source,
                own,
                below: bytemuck::cast_slice(below),
                scratch: writer.transpose().map_err(RunError::Threads)?,
                snapshot,
                path,
                stop: || clock.is_over(self.observer),
                memory: self.shape.memory,
                waited: Duration::ZERO,
            };
            let checked = bands.pass(&track, &depths, now.simtime, &mut files)?;
            let written = files.scratch.map(WriteBehind::finish).transpose();
            let sums = written.map_err(CubeError::io("write", &self.paths.scratch))?;
            checked?;
            Ok((sums.unwrap_or_default(), files.waited))
        });
        self.bands = Some(bands);
        passed
    }

    /// The speeds measured so far, after a pass that computed for so long; `None` if that was too short.
    #[expect(clippy::cast_precision_loss, reason = "speeds")]
    fn speeds(&self, steps: usize, computed: Duration) -> Option<Speeds> {
        /// What takes less is too small to be measured, and to be worth it.
        const LONG_ENOUGH: Duration = Duration::from_millis(20);
        if computed < LONG_ENOUGH {
            return None;
        }
        let speed = |amount: f64, time: Duration| amount / time.as_secs_f64().max(1e-9);
        let twice = 1.0 + self.shape.tile.depth as f64 / self.shape.band as f64;
        let deep = steps * self.problem.stages();
        let nodes = self.rows.track(deep).rows * self.problem.grid.x.nodes;
        let updates = nodes as f64 * deep as f64 * twice;
        let moved = [&self.read, &self.written].map(|moved| match moved.bytes() {
            0 => f64::MAX,
            bytes => speed(bytes as f64, moved.time()),
        });
        Some(Speeds {
            updates: speed(updates, computed),
            bytes: moved[0].min(moved[1]),
        })
    }

    /// Collective. Takes the shape that suits these speeds, which all ranks pass.
    fn adapt(&mut self, speeds: Speeds) {
        let slab = self.rows.ranks.slab();
        let better = Shape::fit(self.problem, slab, &self.stencil, self.memory, speeds);
        let better = self.agreed(better.unwrap_or(self.shape));
        if self.scratch.is_none() && self.problem.schedule.nper > better.steps as u64 {
            return;
        }
        // Another shape costs a pass over a field of which nothing is known.
        let differs = |a: usize, b: usize| a.abs_diff(b) * 4 > b;
        let is_worth_it =
            differs(better.steps, self.shape.steps) || differs(better.band, self.shape.band);
        // Ranks on other machines may have other bands, but never other steps.
        if !collective::all_gather(self.comm(), is_worth_it).contains(&true) {
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
            written.map_err(CubeError::io("write", &self.paths.scratch))?;
            Ok(())
        })
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
        let ranks = self.rows.ranks;
        let file = collective::all_ok(ranks.comm(), durable.open())?;
        let is_whole = durable.is_whole(&file, &ranks.share::<T>(), ranks.comm())?;
        if is_whole {
            let begin = durable.begin + self.rows.own_bytes().start;
            self.place = Place::File { file, begin };
        }
        Ok(is_whole)
    }

    fn take_own(&mut self, after: u64, before: u64) -> Result<Option<Clock>, RunError> {
        let described = match &self.scratch {
            Some(scratch) => scratch.described(after + 1..before),
            None => Ok(Vec::new()),
        };
        let described = collective::all_ok(self.comm(), described.map_err(RunError::from))?;
        let steps: Vec<u64> = described.iter().map(|one| one.clock.step).collect();
        // Those that all ranks know of; a rank without rows has none.
        let of_ranks = collective::all_gather(self.comm(), (self.rows.own().is_empty(), steps));
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
                _ => Ok(self.rows.own().is_empty()),
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

    fn start(&mut self, _: Clock) -> Result<(), RunError> {
        Ok(())
    }

    fn pass(&self, due: u64) -> u64 {
        self.shape.pass(due)
    }

    fn visit(&self, take: Take<'_>) -> Result<(), RunError> {
        let (own, nx) = (self.rows.own(), self.problem.grid.x.nodes);
        for first in own.clone().step_by(self.shape.band) {
            let rows = self.shape.band.min(own.end - first);
            let mut field = Field::<T>::zeros((rows, nx))
                .map_err(|_| RunError::no_memory(self.shape.memory))?;
            match self.place {
                Place::Initial => self.problem.fill_initial(&mut field, first)?,
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
        if !snapshot.begin() {
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
            true => self.abandon(),
            false => Ok(()),
        }
    }

    fn abandon(&mut self) -> Result<(), RunError> {
        let described = self.describe();
        collective::all_ok(self.comm(), described)
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
