//! What `diff2d plan` says of a state that is larger than its memory.

use super::number;
use crate::{
    cube::SolverLoad,
    error::Error,
    params::StepMethod,
    problem::Problem,
    run::{self, Room, Shape, Speeds},
    slab::Slab,
};
use diff2d_stencil::Element;
use diff2d_sys as sys;

/// How a state that is larger than its memory passes through it.
pub(super) struct Bands {
    pub(super) shape: Shape,
    /// Bytes of the scratch.
    pub(super) scratch: u64,
    /// Bytes read or written for a step.
    pub(super) bytes_per_step: f64,
    /// Time in which a disk of the assumed speed moves them all.
    pub(super) seconds: f64,
}

impl Bands {
    /// `None` where the state is in memory. All processors take `alone` seconds for the steps.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn of<T: Element>(
        problem: &Problem,
        (cap, ranks): (Option<u64>, usize),
        alone: f64,
    ) -> Result<Option<Self>, Error> {
        let room = Room {
            cap: cap.or(problem.params.memory),
            buffers: run::memory_alone(problem) - problem.memory_bytes(),
            ranks,
            has_cube: true,
        };
        let Some(memory) = room.in_bands(problem)? else {
            return Ok(None);
        };
        let assumed = Speeds::assumed(sys::threads());
        let steps = problem.schedule.last_step() as f64;
        let updates = problem.grid.len() as f64 * steps;
        let speeds = match alone > 0.0 && steps > 0.0 {
            true => Speeds {
                updates: updates / alone,
                ..assumed
            },
            false => assumed,
        };
        let load = SolverLoad {
            memory: Some(memory / 8),
            ..SolverLoad::alone()
        };
        let buffers = load.buffer_bytes(problem.field_bytes());
        let ny = problem.grid.y.nodes;
        let slab = Slab::new(ny, 0, ranks, ny).periodic(problem.has_periodic_rows());
        let task = (problem, &slab, &problem.stencil::<T>());
        let (shape, _) = Shape::beside(buffers, memory, task, speeds)?;
        let nper = problem.schedule.nper;
        let passes = nper.div_ceil(shape.steps as u64);
        // The exact solution reads and writes rows, and then columns.
        let times = match problem.params.method {
            StepMethod::Exact => 4,
            _ => 2,
        };
        let bytes_per_step = (times * passes * problem.field_bytes()) as f64 / nper as f64;
        Ok(Some(Self {
            shape,
            scratch: shape.scratch_bytes(problem, (problem.field_bytes(), ranks)),
            bytes_per_step,
            seconds: bytes_per_step * steps / assumed.bytes,
        }))
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        let scratch = match self.scratch {
            0 => String::new(),
            bytes => format!(", {} of scratch beside the cube", number::bytes(bytes)),
        };
        format!(
            "in files: bands of {} rows, {} steps a pass, {} moved for a step{scratch}",
            self.shape.band,
            self.shape.steps,
            number::bytes(self.bytes_per_step as u64),
        )
    }
}
