//! A tile advanced by the definition, for the scalar kernel and for tiles too
//! narrow for vectors.

use std::{mem, slice};

use super::scalar::step_row;
use super::scratch::Scratch;
use super::task::TileTask;
use crate::real::Real;

/// Writes the nodes of `task` into its target: copies the tile and its halo,
/// advances the copy step by step, and copies the tile back.
///
/// # Safety
/// The promises of [`TileTask`].
pub(super) unsafe fn advance<T: Real>(task: &TileTask<T>, scratch: &mut Scratch) {
    let (rows, computed) = (task.rows_at(0), task.computed_columns());
    let columns = computed.start - 1..computed.end + 1;
    let n = columns.len();
    let size = rows.len() * n;
    let memory = scratch.elements::<T>(2 * size);
    // SAFETY: the scratch has room for both copies; the nodes copied in and
    // out are those that the task speaks of.
    let (mut state, mut next) = unsafe {
        (
            slice::from_raw_parts_mut(memory, size),
            slice::from_raw_parts_mut(memory.add(size), size),
        )
    };
    for (row, j) in state.chunks_exact_mut(n).zip(rows.clone()) {
        // SAFETY: as above.
        let source = unsafe { slice::from_raw_parts(task.source.node(j, columns.start), n) };
        row.copy_from_slice(source);
    }
    next.copy_from_slice(state);
    for _ in 0..task.steps {
        for j in 1..rows.len() - 1 {
            let row = |j: usize| &state[j * n..(j + 1) * n];
            step_row(
                task.r,
                row(j - 1),
                row(j),
                row(j + 1),
                &mut next[j * n..(j + 1) * n],
            );
        }
        mem::swap(&mut state, &mut next);
    }
    for j in task.rows.clone() {
        let first = (j - rows.start) * n + task.columns.start - columns.start;
        let result = &state[first..first + task.columns.len()];
        // SAFETY: as above.
        unsafe {
            let target = task.target.node(j, task.columns.start);
            target.copy_from_nonoverlapping(result.as_ptr(), result.len());
        }
    }
}
