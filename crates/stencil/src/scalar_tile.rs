//! Advances a tile by the definition, for the scalar kernel and for tiles too narrow for vectors.

use std::{mem, ops::Range, slice};

use super::equation::{Coefficient, Operator, Weight};
use super::knowledge::TileOutcome;
use super::scalar::{self, Star};
use super::scratch::Workspace;
use super::task::TileTask;
use crate::real::Real;

/// Writes the nodes of `task` into its target: copies the tile and its halo,
/// advances the copy step by step, and copies the tile back.
///
/// # Safety
/// The promises of [`TileTask`].
pub(super) unsafe fn advance<T: Real>(
    task: &TileTask<'_, T>,
    scratch: &mut Workspace,
) -> TileOutcome {
    if let Some(stage) = &task.stage {
        stage.wait(task.rows.end);
    }
    // The computed nodes, and around them walls, ghosts, or nodes of adjacent tiles.
    let (computed, columns) = (task.rows_at(0), task.computed_columns());
    let rows = computed.start - 1..computed.end + 1;
    let columns = columns.start - 1..columns.end + 1;
    let n = columns.len();
    let size = rows.len() * n;
    let memory = scratch.elements::<T>(2 * size);
    // SAFETY: the scratch has room for both copies.
    let (mut state, mut new_state) = unsafe {
        (
            slice::from_raw_parts_mut(memory, size),
            slice::from_raw_parts_mut(memory.add(size), size),
        )
    };
    let [y, x] = task.domain;
    for (row, j) in state.chunks_exact_mut(n).zip(rows.clone()) {
        // Of the rows around the computed ones only walls are read: other threads may write the rest meanwhile.
        if !(computed.contains(&j) || y.is_wall(j, task.source.rows)) {
            continue;
        }
        for (value, i) in row.iter_mut().zip(columns.clone()) {
            if x.is_in(i, task.source.columns) {
                // SAFETY: the node is one that the task speaks of.
                *value = unsafe { *task.source.node(y.place(j), x.place(i)) };
            }
        }
    }
    let tile = Copied {
        task,
        rows,
        columns,
    };
    for level in 1..=task.steps {
        tile.prepare_walls(state, task.first + level - 1);
        new_state.copy_from_slice(state);
        tile.step(state, new_state, level);
        mem::swap(&mut state, &mut new_state);
    }
    for j in task.rows.clone() {
        let row_start = (j as isize - tile.rows.start) as usize * n;
        let first_element = row_start + (task.columns.start as isize - tile.columns.start) as usize;
        let result = &state[first_element..first_element + task.columns.len()];
        // SAFETY: the nodes of the target are those of the tile.
        unsafe {
            let target = task.target.node(j, task.columns.start);
            target.copy_from_nonoverlapping(result.as_ptr(), result.len());
        }
    }
    TileOutcome::default()
}

/// The copied nodes: the nodes of the tile and around it.
struct Copied<'a, T> {
    task: &'a TileTask<'a, T>,
    rows: Range<isize>,
    columns: Range<isize>,
}

impl<T: Real> Copied<'_, T> {
    /// Writes the outermost nodes of given walls, and the ghosts beyond other walls, for a step.
    fn prepare_walls(&self, state: &mut [T], step: usize) {
        let task = self.task;
        let n = self.columns.len();
        let [y, x] = task.domain;
        let walls = task.walls;
        let computed = self.rows.start + 1..self.rows.end - 1;
        let columns = self.columns.start + 1..self.columns.end - 1;
        let [is_left_reached, is_right_reached] = task.reaches_walls(1, &columns);
        // The column beyond the computed ones, the outermost of them, and the one next to it.
        for (side, is_reached, at) in [
            (&walls.left, is_left_reached, [0, 1, 2]),
            (&walls.right, is_right_reached, [n - 1, n - 2, n - 3]),
        ] {
            for j in computed.clone().filter(|_| is_reached) {
                let (row, node) = ((j - self.rows.start) as usize * n, y.place(j));
                let [outermost, inner] = [at[1], at[2]].map(|at| state[row + at]);
                if let Some(value) = side.beyond(step, node, inner, outermost) {
                    state[row + at[0]] = value;
                }
            }
        }
        let [is_bottom_reached, is_top_reached] = task.reaches_walls(0, &computed);
        let (first_row, last_row) = (computed.start, computed.end - 1);
        for (side, is_reached, at) in [
            (
                &walls.bottom,
                is_bottom_reached,
                [first_row - 1, first_row, first_row + 1],
            ),
            (
                &walls.top,
                is_top_reached,
                [last_row + 1, last_row, last_row - 1],
            ),
        ] {
            let [row_beyond, outermost, inner] =
                at.map(|j: isize| (j - self.rows.start) as usize * n);
            for i in (1..n - 1).filter(|_| is_reached) {
                let node = x.place(self.columns.start + i as isize);
                let [outermost, inner] = [outermost, inner].map(|at| state[at + i]);
                if let Some(value) = side.beyond(step, node, inner, outermost) {
                    state[row_beyond + i] = value;
                }
            }
        }
    }

    /// Computes the nodes of a level on which the result depends.
    fn step(&self, state: &[T], next: &mut [T], level: usize) {
        let task = self.task;
        let n = self.columns.len();
        let [y, x] = task.domain;
        let coefficients = task.equation.coefficients();
        for j in task.rows_at(level) {
            let row = (j - self.rows.start) as usize * n;
            if let (Operator::Isotropic { r }, []) =
                (&task.equation.operator, &task.equation.terms[..])
            {
                let [north, centre, south] = [row - n, row, row + n].map(|at| &state[at..at + n]);
                scalar::step_row(*r, north, centre, south, &mut next[row..row + n]);
                continue;
            }
            for i in 1..n - 1 {
                let element = row + i;
                let star = Star {
                    north: state[element - n],
                    south: state[element + n],
                    west: state[element - 1],
                    east: state[element + 1],
                    centre: state[element],
                };
                let node = [y.place(j), x.place(self.columns.start + i as isize)];
                let number = task.first + level - 1;
                next[element] = step(&task.equation.operator, &coefficients, node, star, number);
            }
        }
    }
}

/// The step at node `[j, i]` after `number` steps; `coefficients` are those of all weights in order.
#[inline(always)]
fn step<T: Real>(
    operator: &Operator<T>,
    coefficients: &[Option<&Coefficient<T>>; Weight::COUNT],
    [j, i]: [usize; 2],
    star: Star<T>,
    number: usize,
) -> T {
    let [source, rate, loss] = coefficients
        .map(|coefficient| coefficient.map(|coefficient| coefficient.at([j, i], number)));
    let increment = match operator {
        Operator::Isotropic { r } => {
            return scalar::rated(*r, rate.unwrap_or(T::ONE), star);
        }
        Operator::Anisotropic { rx, ry } => scalar::anisotropic(*rx, *ry, star),
        Operator::Variable { x, y } => {
            let faces = Star {
                west: x[[j, i]],
                east: x[[j, i + 1]],
                north: y[[j, i]],
                south: y[[j + 1, i]],
                centre: T::default(),
            };
            scalar::variable(faces, star)
        }
    };
    let gain = increment + source.unwrap_or_default();
    let change = match (rate, loss) {
        (None, None) => gain,
        _ => scalar::change(rate.unwrap_or(T::ONE), loss, gain, star.centre),
    };
    star.centre + change
}
