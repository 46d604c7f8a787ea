//! [`BandsPlan`]: how a state that is larger than its memory passes through it.

use crate::cli::number;
use diff2d::{Budget, Problem, program::run::DISK_SPEED};
use serde::Serialize;
use std::fmt;

/// Bands of rows that are advanced one after the other, and the memory and time that they take.
#[derive(Serialize)]
pub(super) struct BandsPlan {
    rows: usize,
    /// Steps of a pass over all bands.
    steps: usize,
    memory_bytes: u64,
    scratch_bytes: u64,
    /// Bytes read or written for a step.
    bytes_per_step: f64,
    /// Time in which a disk of the assumed speed moves them all.
    #[serde(skip)]
    pub(super) seconds: f64,
}

impl BandsPlan {
    /// `None` where the state is in memory.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn of(budget: &Budget, problem: &Problem) -> Option<Self> {
        let shape = budget.bands?;
        let steps = problem.schedule.last_step() as f64;
        let nper = problem.schedule.nper.most();
        let (passes, reads) = match problem.steps_between_rows() {
            // A pass ends where a row of a record is due, which reads the state once more.
            Some(steps) => {
                let steps = steps.min(nper);
                let rows = nper.div_ceil(steps);
                (rows * steps.div_ceil(shape.steps as u64), rows)
            }
            None => (nper.div_ceil(shape.steps as u64), 0),
        };
        let moved = (2 * passes + reads) * problem.field_bytes();
        let bytes_per_step = moved as f64 / nper as f64;
        Some(Self {
            rows: shape.rows,
            steps: shape.steps,
            memory_bytes: budget.beside_program(),
            scratch_bytes: budget.scratch,
            bytes_per_step,
            seconds: bytes_per_step * steps / DISK_SPEED,
        })
    }
}

impl fmt::Display for BandsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, steps) = (self.rows, self.steps);
        let moved = number::bytes(self.bytes_per_step as u64);
        write!(
            f,
            "in files: bands of {rows} rows, {steps} steps a pass, {moved} moved for a step"
        )?;
        match self.scratch_bytes {
            0 => Ok(()),
            bytes => write!(f, ", {} of scratch beside the cube", number::bytes(bytes)),
        }
    }
}
