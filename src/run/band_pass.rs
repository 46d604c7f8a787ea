//! One pass of a state in bands.

use super::{
    clock::RunClock,
    error::RunError,
    in_bands::{InBands, Place},
    observer::Observer,
    snapshot::Snapshot,
    state::Look,
};
use crate::{
    comm::{Comm, Solo},
    cube::{
        CubeError,
        stream::{ReadAhead, WriteBehind},
    },
    dynamics::Dynamics,
    problem::Problem,
    schedule::Clock,
    solver::{Bands, Transfer},
    summary,
};
use diff2d_stencil::Element;
use std::{
    io::Read,
    iter, mem,
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Snapshots that are no older are what a run continues from that is killed: syncs take time.
const RECENT: Duration = Duration::from_secs(1);

impl<T: Element> InBands<'_, T> {
    /// One pass, to a snapshot or into the scratch, where it is not described yet. After an error the state is as it was.
    pub(super) fn take_steps<C: Comm>(
        &mut self,
        steps: usize,
        now: Clock,
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        let place = self.other_place();
        let then = self.problem.schedule.pace().after(now, steps as u64);
        let Some(sums) = self.pass_rows(steps, None, [now, then], clock, snapshot)? else {
            return Ok(());
        };
        self.place = Place::Scratch(place);
        self.undescribed = Some((place, then, sums));
        Ok(())
    }

    /// Describes the state in the scratch. Until then a resume begins at the snapshot. From then on every pass counts, as the
    /// next but one overwrites it.
    pub(super) fn describe_pass(&mut self) -> Result<(), RunError> {
        let is_recent = |settled: Instant| settled.elapsed() < RECENT;
        match self.settled.is_some_and(is_recent) {
            true => Ok(()),
            false => self.describe(),
        }
    }

    /// One step of a length of which the result is looked at in the other place of the scratch.
    pub(super) fn pass_aside(
        &mut self,
        length: f64,
        now: Clock,
        clock: &RunClock,
        look: Look<'_>,
    ) -> Result<(), RunError> {
        self.describe_pass()?;
        self.pass_rows::<Solo>(1, Some(length), [now, now], clock, None)?;
        let place = Place::Scratch(self.other_place());
        let place = mem::replace(&mut self.place, place);
        let looked = self.look_at_rows(look);
        self.place = place;
        looked
    }

    /// The rows of a pass, from where the state is. Returns the check sums of the chunks in the scratch, if it writes
    /// there.
    fn pass_rows<C: Comm>(
        &mut self,
        steps: usize,
        cut: Option<f64>,
        [now, then]: [Clock; 2],
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<Option<Vec<u32>>, RunError> {
        let (problem, (ny, nx)) = (self.problem, self.problem.grid.shape());
        let mut bands = match self.bands.take() {
            Some(bands) => bands,
            None => Bands::new(
                self.stencil.clone().with_tile(self.shape.tile),
                self.shape.rows,
                self.shape.steps,
                problem.stages(),
                nx,
            )
            .map_err(|_| RunError::no_memory(self.shape.memory()))?,
        };
        let whole = problem.schedule.pace().before_shorter(now);
        let depths = bands.depths(steps, cut.is_some() || whole < steps as u64);
        // Beyond the ends of a grid with periodic rows are those at the other end, where the first row and the last
        // one are the same.
        let is_periodic = problem.has_periodic_rows();
        let beyond = match is_periodic {
            true => steps * problem.stages(),
            false => 0,
        };
        let first = if is_periodic { ny - 1 - beyond } else { 0 };
        let [mut above, mut below] = [(); 2].map(|()| vec![T::default(); beyond * nx]);
        self.read_rows(first, &mut above)?;
        self.read_rows(1, &mut below)?;
        let (path, file, begin) = self.source()?;
        let to_scratch = self.scratch.as_ref().filter(|_| snapshot.is_none());
        let sums = thread::scope(|scope| {
            let range = iter::once(begin..begin + problem.field_bytes()).collect();
            let source = ReadAhead::start(scope, file, &self.read, range, self.chunks())
                .map_err(RunError::Threads)?;
            let [above, below] = [&above, &below].map(|rows| bytemuck::cast_slice(rows));
            let writer = to_scratch.map(|scratch| {
                let (file, begin) = (scratch.file(), scratch.begin(self.other_place()));
                WriteBehind::start(scope, file, &self.written, begin, self.chunks())
            });
            let mut files = Files {
                problem,
                first,
                source: Read::chain(above, source).chain(below),
                read: first,
                scratch: writer.transpose().map_err(RunError::Threads)?,
                row: 0,
                then,
                cut,
                snapshot,
                path,
                clock,
                observer: self.observer,
                memory: self.shape.memory(),
            };
            let (rows, ends) = (ny + 2 * beyond, [!is_periodic; 2]);
            let checked = bands.pass(rows, ends, &depths, now, &mut files)?;
            let written = files.scratch.map(WriteBehind::finish).transpose();
            let sums = written.map_err(CubeError::io("write", &self.paths.scratch))?;
            checked?;
            Ok(sums)
        });
        self.bands = Some(bands);
        sums
    }
}

/// Where the rows of a pass come from, and where they go.
struct Files<'f, 'o, 'a, 'scope, C, S> {
    problem: &'f Problem,
    /// The number of the first row.
    first: usize,
    /// The rows beyond the first, those of the grid, and those beyond the last.
    source: S,
    /// The number of the row that is read next.
    read: usize,
    /// They go to the scratch or to a snapshot.
    scratch: Option<WriteBehind<'scope>>,
    /// The number of the row that is written next.
    row: usize,
    /// The time of the state that is written.
    then: Clock,
    cut: Option<f64>,
    snapshot: Option<&'f mut Snapshot<'o, 'a, C>>,
    /// The file that is read.
    path: &'f Path,
    clock: &'f RunClock,
    observer: &'f Observer,
    memory: u64,
}

impl<T: Element, C: Comm, S: Read> Transfer<T, RunError> for Files<'_, '_, '_, '_, C, S> {
    fn dynamics(&mut self, rows: Range<usize>) -> Result<Dynamics<T>, RunError> {
        let rows = rows.start + self.first..rows.end + self.first;
        let dynamics = self.problem.dynamics(rows);
        dynamics.map_err(|unready| RunError::unready(unready, self.memory))
    }

    fn cut(&self) -> Option<f64> {
        self.cut
    }

    fn read(&mut self, values: &mut [T]) -> Result<(), RunError> {
        self.clock.go_on(self.observer)?;
        let read = self.source.read_exact(bytemuck::cast_slice_mut(values));
        read.map_err(CubeError::io("read", self.path))?;
        self.problem.codec().decode(self.read, values);
        self.read += values.len() / self.problem.grid.x.nodes;
        Ok(())
    }

    fn write(&mut self, values: &[T]) -> Result<(), RunError> {
        if let Some(writer) = &mut self.scratch {
            let grid = &self.problem.grid;
            if let Some(halt) = summary::not_finite(values, self.row, None, grid, self.then) {
                return Err(halt.into());
            }
            writer.push(bytemuck::cast_slice(values));
        }
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.rows(values);
        }
        self.row += values.len() / self.problem.grid.x.nodes;
        Ok(())
    }
}
