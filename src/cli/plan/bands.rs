//! How a state that is larger than its memory passes through it.

use crate::cli::{answer::Answer, number};
use diff2d::{Budget, Problem, program::run::DISK_SPEED};

/// Bands of rows that are advanced one after the other, and the memory that they take; the time in which a disk of the assumed
/// speed moves them all, and as text where the state is. `None` where the state is in memory.
pub(super) fn plan(budget: &Budget, problem: &Problem) -> Option<(Answer<'static>, f64, String)> {
    let shape = budget.bands?;
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
    let mut answer = Answer::default();
    answer.plain("rows", shape.rows);
    answer.plain("steps", shape.steps);
    answer.plain("memory_bytes", budget.beside_program());
    answer.plain("scratch_bytes", budget.scratch);
    answer.number("bytes_per_step", bytes_per_step);
    let mut text = format!(
        "in files: bands of {} rows, {} steps a pass, {} moved for a step",
        shape.rows,
        shape.steps,
        number::bytes(bytes_per_step as u64)
    );
    if budget.scratch > 0 {
        let scratch = number::bytes(budget.scratch);
        text += &format!(", {scratch} of scratch beside the cube");
    }
    let seconds = bytes_per_step * problem.schedule.last_step() as f64 / DISK_SPEED;
    Some((answer, seconds, text))
}
