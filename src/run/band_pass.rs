//! One pass of a state in bands, on all ranks together, and what it teaches of the shape of the next.

use super::{
    band_files::Files,
    bands_shape::{Shape, Speeds},
    clock::RunClock,
    error::RunError,
    in_bands::{InBands, Place},
    snapshot::Snapshot,
};
use crate::{
    comm::{Comm, Elsewhere, collective},
    cube::{
        CubeError,
        stream::{ReadAhead, WriteBehind},
    },
    schedule::Clock,
    solver::Bands,
};
use diff2d_stencil::Element;
use serde::{Deserialize, Serialize};
use std::{
    ops::Range,
    thread,
    time::{Duration, Instant},
};

/// Snapshots that are no older are what a run continues from that is killed: syncs take time.
const RECENT: Duration = Duration::from_secs(1);

/// What a pass leaves on a rank.
pub(super) struct Passed {
    /// The check sums of the chunks in the scratch, if they are known.
    pub(super) sums: Option<Vec<u32>>,
    /// Time in which nothing was computed.
    pub(super) waited: Duration,
}

/// What a rank tells the others after a pass. By that alone all decide what they do next together.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Told {
    ended: Ended,
    speeds: Option<Speeds>,
    /// Whether what the rank would continue from, if it was killed, is [`RECENT`].
    is_recent: bool,
}

/// How a pass ended on a rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Ended {
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
        (clock, snapshot): (&RunClock, Option<&mut Snapshot<'_, '_, C>>),
    ) -> Result<bool, RunError> {
        let start = Instant::now();
        let deep = steps * self.problem.stages();
        let read = |at, bytes: &mut [u8]| self.read_own(at, bytes);
        let borrowed = self.rows.borrow::<T>(deep, read)?;
        let to_scratch = snapshot.is_none() || self.is_one_of_several();
        let place = self.other_place();
        let mut then = now;
        then.tick(steps as u64, self.problem.schedule.dt);
        let passed = match self.is_exact() {
            true => self.step_exactly(then, clock),
            false => self.pass_alone(steps, [now, then], borrowed.rows(deep), (clock, snapshot)),
        };
        let (ended, sums, speeds) = match passed {
            Ok(Passed { sums, waited }) => {
                let computed = start.elapsed().saturating_sub(waited);
                (Ok(Ended::Done), sums, self.speeds(steps, computed))
            }
            Err(RunError::GivenUp) => (Ok(Ended::GivenUp), None, None),
            Err(error) => (Err(error), None, None),
        };
        let is_recent = |settled: Instant| settled.elapsed() < RECENT;
        let told = Told {
            ended: *ended.as_ref().unwrap_or(&Ended::Failed),
            speeds,
            is_recent: self.settled.is_some_and(is_recent),
        };
        let all = collective::all_gather(self.comm(), told);
        ended?;
        if all.iter().any(|told| told.ended == Ended::Failed) {
            return Err(Elsewhere.into());
        }
        if all.iter().any(|told| told.ended == Ended::GivenUp) {
            return Ok(false);
        }
        if to_scratch {
            self.place = Place::Scratch(place);
            self.undescribed = Some((place, then, sums));
            // Until then a resume begins at the snapshot. From then on every pass counts, as the next but one
            // overwrites it, and begins on all ranks together.
            if !all.iter().all(|told| told.is_recent) {
                let described = self.describe();
                collective::all_ok(self.comm(), described)?;
            }
        }
        let speeds = all.into_iter().map(|told| told.speeds);
        if let Some(speeds) = speeds.reduce(Speeds::least_of).flatten() {
            self.adapt(speeds);
        }
        Ok(true)
    }

    /// The part of this rank in a pass, with the rows borrowed from above and from below.
    fn pass_alone(
        &mut self,
        steps: usize,
        [now, then]: [Clock; 2],
        [above, below]: [&[T]; 2],
        (clock, snapshot): (&RunClock, Option<&mut Snapshot<'_, '_, C>>),
    ) -> Result<Passed, RunError> {
        let own = self.rows.own_bytes();
        if own.is_empty() {
            return Ok(Passed {
                sums: None,
                waited: Duration::ZERO,
            });
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
                row: self.rows.own().start,
                then,
                snapshot,
                path,
                stop: || clock.is_over(self.observer),
                memory: self.shape.memory,
                waited: Duration::ZERO,
            };
            let checked = bands.pass(&track, &depths, now.simtime, &mut files)?;
            let written = files.scratch.map(WriteBehind::finish).transpose();
            let sums = written.map_err(CubeError::io(
                "write",
                self.paths.scratch_of(self.comm().rank()),
            ))?;
            checked?;
            Ok(Passed {
                sums,
                waited: files.waited,
            })
        });
        self.bands = Some(bands);
        passed
    }

    /// The speeds measured so far, after a pass that computed for so long; `None` if that was too short.
    #[expect(clippy::cast_precision_loss, reason = "speeds")]
    fn speeds(&self, steps: usize, computed: Duration) -> Option<Speeds> {
        /// What takes less is too small to be measured, and to be worth it.
        const LONG_ENOUGH: Duration = Duration::from_millis(20);
        if computed < LONG_ENOUGH || self.is_exact() {
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
        let task = (self.problem, slab, &self.stencil);
        let better = Shape::beside(0, self.memory, task, speeds);
        let better = self.agreed(better.map_or(self.shape, |(shape, _)| shape));
        // Another shape costs a pass over a field of which nothing is known.
        let differs = |a: usize, b: usize| a.abs_diff(b) * 4 > b;
        let is_worth_it =
            differs(better.steps, self.shape.steps) || differs(better.band, self.shape.band);
        // Ranks on other machines may have other bands, but never other steps.
        let worth = collective::all_gather(self.comm(), is_worth_it);
        // One rank without a scratch goes on from snapshots alone; each of several has one.
        let needs_scratch = self.problem.schedule.nper > better.steps as u64;
        if !worth.contains(&true) || needs_scratch && self.scratch.is_none() {
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
}
