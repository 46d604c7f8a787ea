//! One pass of a state in bands, on all ranks together.

use super::{
    clock::RunClock,
    error::RunError,
    in_bands::{InBands, Place},
    observer::Observer,
    snapshot::Snapshot,
};
use crate::{
    comm::{Comm, Elsewhere, collective},
    cube::{
        CubeError,
        stream::{ReadAhead, WriteBehind},
    },
    dynamics::Dynamics,
    problem::Problem,
    schedule::Clock,
    slab::Slab,
    solver::{Bands, Transfer},
    summary,
};
use diff2d_stencil::Element;
use serde::{Deserialize, Serialize};
use std::{
    io::Read,
    iter,
    ops::Range,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Snapshots that are no older are what a run continues from that is killed: syncs take time.
const RECENT: Duration = Duration::from_secs(1);

/// What a rank reports after a pass. By that alone all decide what they do next together.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct PassReport {
    ending: Ending,
    /// Whether what the rank would continue from, if it was killed, is [`RECENT`].
    is_recent: bool,
}

/// How a pass ended on a rank, the worse the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Ending {
    Done,
    GivenUp,
    Failed,
}

impl<T: Element, C: Comm> InBands<'_, T, C> {
    /// Collective. One pass. `false` if a rank gave it up because the run is to stop: the state is then as it was.
    pub(super) fn pass(
        &mut self,
        steps: usize,
        now: Clock,
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<bool, RunError> {
        let to_scratch = snapshot.is_none() || self.is_one_of_several();
        let place = self.other_place();
        let then = self.problem.schedule.pace().after(now, steps as u64);
        let passed = match self.is_exact() {
            true => self.step_exactly(then, clock).map(|()| None),
            false => {
                let deep = steps * self.problem.stages();
                let slab = self.ranks.slab().clone().with_halos(deep);
                let read = |at, bytes: &mut [u8]| self.read_own(at, bytes);
                let halos = self.ranks.borrow::<T>(&slab, deep, read)?;
                match slab.own().is_empty() {
                    true => Ok(None),
                    false => self.pass_alone(steps, [now, then], (&slab, &halos), clock, snapshot),
                }
            }
        };
        let is_recent = |settled: Instant| settled.elapsed() < RECENT;
        let report = PassReport {
            ending: match passed {
                Ok(_) => Ending::Done,
                Err(RunError::GivenUp) => Ending::GivenUp,
                Err(_) => Ending::Failed,
            },
            is_recent: self.settled.is_some_and(is_recent),
        };
        let all = collective::all_gather(self.comm(), report);
        let sums = match passed {
            Ok(sums) => sums,
            Err(RunError::GivenUp) => None,
            Err(error) => return Err(error),
        };
        match all.iter().map(|report| report.ending).max() {
            Some(Ending::Failed) => return Err(Elsewhere.into()),
            Some(Ending::GivenUp) => return Ok(false),
            Some(Ending::Done) | None => {}
        }
        if to_scratch {
            self.place = Place::Scratch(place);
            self.undescribed = Some((place, then, sums));
            // Until then a resume begins at the snapshot. From then on every pass counts, as the next but one
            // overwrites it, and begins on all ranks together.
            if !all.iter().all(|report| report.is_recent) {
                let described = self.describe();
                collective::all_ok(self.comm(), described)?;
            }
        }
        Ok(true)
    }

    /// The part of this rank in a pass over the rows that it holds, of which the halos were borrowed. Returns the check
    /// sums of the chunks in the scratch, if it writes there.
    fn pass_alone(
        &mut self,
        steps: usize,
        [now, then]: [Clock; 2],
        (slab, halos): (&Slab, &[Vec<T>; 2]),
        clock: &RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<Option<Vec<u32>>, RunError> {
        let mut bands = match self.bands.take() {
            Some(bands) => bands,
            None => Bands::new(
                self.stencil.clone().with_tile(self.shape.tile),
                self.shape.band,
                self.shape.steps,
                self.problem.stages(),
                self.problem.grid.x.nodes,
            )
            .map_err(|_| RunError::no_memory(self.shape.memory))?,
        };
        let pace = self.problem.schedule.pace();
        let whole = pace.before_shorter(now);
        let depths = bands.depths(steps, whole < steps as u64);
        let own = self.ranks.own_bytes::<T>();
        let (path, file, begin) = self.source()?;
        let place = self.other_place();
        let to_scratch = match snapshot.is_some() && !self.is_one_of_several() {
            true => None,
            false => self.scratch.as_ref(),
        };
        let sums = thread::scope(|scope| {
            let range = iter::once(begin..begin + own.end - own.start).collect();
            let source = ReadAhead::start(scope, (file, &self.read), range, self.chunks())
                .map_err(RunError::Threads)?;
            let [above, below] = halos.each_ref().map(|halo| bytemuck::cast_slice(halo));
            let writer = to_scratch.map(|scratch| {
                let (file, start) = ((scratch.file(), &self.written), scratch.begin(place));
                WriteBehind::start(scope, file, start, self.chunks())
            });
            let mut files = Files {
                problem: self.problem,
                first: slab.held().start,
                source: Read::chain(above, source).chain(below),
                read: slab.held().start,
                scratch: writer.transpose().map_err(RunError::Threads)?,
                row: slab.own().start,
                then,
                snapshot,
                path,
                clock,
                observer: self.observer,
                memory: self.shape.memory,
            };
            let (rows, ends) = (slab.held().len(), slab.has_ends());
            let checked = bands.pass(rows, ends, &depths, now, &mut files)?;
            let written = files.scratch.map(WriteBehind::finish).transpose();
            let sums = written.map_err(CubeError::io(
                "write",
                self.paths.scratch_of(self.comm().rank()),
            ))?;
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
    /// The rows that were borrowed from above, those that this rank owns, and those from below.
    source: S,
    /// The number of the row that is read next.
    read: usize,
    /// They go to the scratch, to a snapshot, or both.
    scratch: Option<WriteBehind<'scope>>,
    /// The number of the row that is written next.
    row: usize,
    /// The time of the state that is written.
    then: Clock,
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

    fn read(&mut self, values: &mut [T]) -> Result<(), RunError> {
        self.clock.go_on(self.observer)?;
        let read = self.source.read_exact(bytemuck::cast_slice_mut(values));
        read.map_err(CubeError::io("read", self.path))?;
        // In a snapshot they are NaN.
        let geometry = self.problem.geometry();
        geometry.fill_masked(self.read, values, T::default());
        self.read += values.len() / self.problem.grid.x.nodes;
        Ok(())
    }

    fn write(&mut self, values: &[T]) -> Result<(), RunError> {
        if let Some(writer) = &mut self.scratch {
            let grid = &self.problem.grid;
            if let Some(halt) = summary::not_finite(values, (self.row, None), grid, self.then) {
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
