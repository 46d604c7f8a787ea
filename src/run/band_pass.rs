//! One pass over a state in bands.

use super::{
    clock::RunClock,
    error::RunError,
    in_bands::{InBands, StateLocation},
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
use std::{io::Read, iter, mem, ops::Range, path::Path, thread, time::Duration};

/// The age up to which the last snapshot serves as the state from which a killed run continues. Syncing the state after
/// each pass would take too long to save less than a second of work.
const RECENT: Duration = Duration::from_secs(1);

impl<T: Element> InBands<'_, T> {
    /// Takes one pass, which ends at a snapshot of the cube or in the scratch. The scratch does not describe the new state yet.
    /// After an error the state is unchanged.
    pub(super) fn take_steps<C: Comm>(
        &mut self,
        steps: usize,
        now: Clock,
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError> {
        let place = self.other_place();
        let end_clock = self.problem.schedule.pace().after(now, steps as u64);
        let Some(sums) = self.pass_rows(steps, None, [now, end_clock], clock, snapshot)? else {
            return Ok(());
        };
        self.location = StateLocation::Scratch(place);
        self.undescribed = Some((place, end_clock, sums));
        Ok(())
    }

    /// Describes the state in the scratch; until then a resume begins at the snapshot. From then on every pass has to
    /// be described, because the next pass but one overwrites its state.
    pub(super) fn describe_pass(&mut self) -> Result<(), RunError> {
        let is_recent = self
            .settled
            .is_some_and(|settled| settled.elapsed() < RECENT);
        if is_recent { Ok(()) } else { self.describe() }
    }

    /// Takes one step of length `dt` into the other place of the scratch, and shows the result there. The state of the
    /// run stays the same.
    pub(super) fn pass_aside(
        &mut self,
        length: f64,
        now: Clock,
        clock: &RunClock,
        look: Look<'_>,
    ) -> Result<(), RunError> {
        self.describe_pass()?;
        self.pass_rows::<Solo>(1, Some(length), [now, now], clock, None)?;
        let next_location = StateLocation::Scratch(self.other_place());
        let location = mem::replace(&mut self.location, next_location);
        let looked = self.look_at_rows(look);
        self.location = location;
        looked
    }

    /// Passes all rows through memory and the solver. Returns the check sums of the chunks in the scratch, if the rows
    /// go there.
    fn pass_rows<C: Comm>(
        &mut self,
        steps: usize,
        cut: Option<f64>,
        [now, end_clock]: [Clock; 2],
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<Option<Vec<u32>>, RunError> {
        let problem = self.problem;
        let mut bands = self.take_bands()?;
        let full_steps = problem.schedule.pace().before_shorter(now);
        let ends_with_short_step = cut.is_some() || full_steps < steps as u64;
        let depths = bands.depths(steps, ends_with_short_step);
        let halo = self.read_halo(steps)?;
        let (path, file, state_begin) = self.source()?;
        let goes_to_cube = (snapshot.as_ref()).is_some_and(|snapshot| snapshot.place().is_some());
        let target_scratch = self.scratch.as_ref().filter(|_| !goes_to_cube);
        let sums = thread::scope(|scope| {
            let range = iter::once(state_begin..state_begin + problem.field_bytes()).collect();
            let source = ReadAhead::start(scope, file, &self.read, range, self.chunks())
                .map_err(RunError::no_threads)?;
            let [rows_before, rows_after] =
                [&halo.before, &halo.after].map(|rows| bytemuck::cast_slice(rows));
            let writer = target_scratch.map(|scratch| {
                let place_begin = scratch.begin(self.other_place());
                let file = scratch.file();
                WriteBehind::start(scope, file, &self.written, place_begin, self.chunks())
            });
            let mut files = Files {
                problem,
                first: halo.first_row,
                source: Read::chain(rows_before, source).chain(rows_after),
                read: halo.first_row,
                scratch: writer.transpose().map_err(RunError::no_threads)?,
                row: 0,
                now,
                end_clock,
                cut,
                snapshot,
                path,
                clock,
                observer: self.observer,
                memory: self.shape.memory(),
            };
            let row_count = problem.grid.y.nodes + 2 * halo.rows;
            let has_walls = [!problem.has_periodic_rows(); 2];
            let halt_check = bands.pass(row_count, has_walls, &depths, now, &mut files)?;
            let written = files.scratch.map(WriteBehind::finish).transpose();
            let sums = written.map_err(CubeError::io("write", &self.paths.scratch))?;
            halt_check?;
            Ok(sums)
        });
        self.bands = Some(bands);
        sums
    }

    /// The buffers of the last pass, or new ones.
    pub(super) fn take_bands(&mut self) -> Result<Bands<T>, RunError> {
        if let Some(bands) = self.bands.take() {
            return Ok(bands);
        }
        let bands = Bands::new(
            self.stencil.clone().with_tile(self.shape.tile),
            self.shape.rows,
            self.shape.steps,
            self.problem.stages(),
            self.problem.grid.x.nodes,
        );
        bands.map_err(|_| RunError::no_memory(self.shape.memory()))
    }

    /// Reads the halo of a pass of so many steps.
    ///
    /// A periodic grid continues at its other end: the pass reads the last rows once more before the first row, and the
    /// first rows once more after the last one. The first row and the last row are the same nodes.
    fn read_halo(&self, steps: usize) -> Result<Halo<T>, RunError> {
        let (ny, nx) = self.problem.grid.shape();
        let is_periodic = self.problem.has_periodic_rows();
        let rows = if is_periodic {
            steps * self.problem.stages()
        } else {
            0
        };
        let mut halo = Halo {
            rows,
            first_row: if is_periodic { ny - 1 - rows } else { 0 },
            before: vec![T::default(); rows * nx],
            after: vec![T::default(); rows * nx],
        };
        self.read_rows(halo.first_row, &mut halo.before)?;
        self.read_rows(1, &mut halo.after)?;
        Ok(halo)
    }
}

/// What a pass reads beyond both ends of the grid; nothing where these are walls.
struct Halo<T> {
    /// The number of rows beyond each end.
    rows: usize,
    /// The row of the grid with which the pass begins.
    first_row: usize,
    before: Vec<T>,
    after: Vec<T>,
}

/// The source and the destination of the rows of a pass.
struct Files<'f, 'o, 'a, 'scope, C, S> {
    problem: &'f Problem,
    /// The number of the first row.
    first: usize,
    /// The rows of the halo before the first row, the rows of the grid, and the rows of the halo after the last row.
    source: S,
    /// The number of the next row to read.
    read: usize,
    /// The scratch, if the rows go there.
    scratch: Option<WriteBehind<'scope>>,
    /// The number of the next row to write.
    row: usize,
    /// The time of the state that is read.
    now: Clock,
    /// The time of the state that is written.
    end_clock: Clock,
    /// The length of the single step of the pass, if that step is shorter than the others \[time\].
    cut: Option<f64>,
    /// The snapshot, if the pass ends at one.
    snapshot: Option<&'f mut Snapshot<'o, 'a, C>>,
    /// The path of the file that is read.
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
        self.clock.go_on(self.now.step, self.observer)?;
        let read = self.source.read_exact(bytemuck::cast_slice_mut(values));
        read.map_err(CubeError::io("read", self.path))?;
        self.problem.codec().decode(self.read, values);
        self.read += values.len() / self.problem.grid.x.nodes;
        Ok(())
    }

    fn write(&mut self, values: &[T]) -> Result<(), RunError> {
        if let Some(writer) = &mut self.scratch {
            let grid = &self.problem.grid;
            if let Some(halt) = summary::not_finite(values, self.row, None, grid, self.end_clock) {
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
