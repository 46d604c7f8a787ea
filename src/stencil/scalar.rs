//! The definition of the step. Every other kernel is judged against it, bit
//! for bit.

use std::slice;

use super::scratch::Scratch;
use super::task::Task;
use crate::real::Real;

/// One step at one node.
///
/// ```text
///                north
///                  |             lapl = south + north + east + west - 4 centre
///         west - centre - east   p'   = centre + r lapl
///                  |
///                south                                  (j, and south, go down)
/// ```
///
/// The order of the operations is part of the definition: sums run from left
/// to right, and nothing is contracted.
///
/// Units: `r = D dt / dx²` has none; the result has the unit of `p`.
///
/// Source: explicit Euler in time and the five-point Laplacian in space, in
/// the order in which NumPy evaluates the program of the course "High
/// Performance Scientific Computing with Python" (SciNet).
#[inline(always)]
pub fn step<T: Real>(r: T, north: T, south: T, west: T, east: T, centre: T) -> T {
    let lapl = (((south + north) + east) + west) - T::FOUR * centre;
    centre + r * lapl
}

/// One step of the interior of one row; its two ends are held.
///
/// # Panics
/// If the four rows differ in length.
#[inline(always)]
pub fn step_row<T: Real>(r: T, north: &[T], row: &[T], south: &[T], next: &mut [T]) {
    let n = row.len();
    assert!(north.len() == n && south.len() == n && next.len() == n);
    next[0] = row[0];
    next[n - 1] = row[n - 1];
    for i in 1..n - 1 {
        next[i] = step(r, north[i], south[i], row[i - 1], row[i + 1], row[i]);
    }
}

/// Writes the nodes of `task` into its target: the tile and its halo are
/// copied out, advanced step by step between two copies, and copied back.
///
/// # Safety
/// The promises of [`Task`].
pub(super) unsafe fn advance<T: Real>(task: &Task<T>, scratch: &mut Scratch) {
    let (rows, panel) = (task.cone(0), task.panel());
    let columns = panel.start - 1..panel.end + 1;
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
        std::mem::swap(&mut state, &mut next);
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
