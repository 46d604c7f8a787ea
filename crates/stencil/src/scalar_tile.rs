//! Advances a tile by the definition, for the scalar kernel.

use std::{mem, slice};

use super::copied::Copied;
use super::equation::{Coefficient, Operator, Weight};
use super::knowledge::TileOutcome;
use super::scalar::{self, Star};
use super::scratch::Workspace;
use super::task::TileTask;
use crate::real::Real;

/// The number of elements of the workspace that a task takes.
pub(super) fn elements<T: Real>(task: &TileTask<'_, T>) -> usize {
    2 * Copied::new(task, 1).elements()
}

/// Writes the nodes of `task` into its target.
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
    let tile = Copied::new(task, 1);
    let size = tile.elements();
    let memory = scratch.elements::<T>(elements(task));
    // SAFETY: the scratch has room for both states; the rest is passed on.
    unsafe {
        let mut state = slice::from_raw_parts_mut(memory, size);
        let mut next = slice::from_raw_parts_mut(memory.add(size), size);
        tile.fill(state);
        next.copy_from_slice(state);
        for level in 1..=task.steps {
            tile.prepare_walls(state, level);
            step(&tile, state, next, level);
            mem::swap(&mut state, &mut next);
        }
        tile.write(state);
    }
    TileOutcome::default()
}

/// Computes the nodes of a level on which the result depends.
fn step<T: Real>(tile: &Copied<'_, T>, state: &[T], next: &mut [T], level: usize) {
    let (task, pitch) = (tile.task, tile.pitch);
    let [y, x] = task.domain;
    let coefficients = task.equation.coefficients();
    for j in task.rows_at(level) {
        let begin = tile.begin(j);
        if let (Operator::Isotropic { r }, []) = (&task.equation.operator, &task.equation.terms[..])
        {
            let row = begin - 1..begin + tile.columns() + 1;
            let [north, south] = [row.start - pitch, row.start + pitch];
            let [north, south] = [north, south].map(|start| &state[start..start + row.len()]);
            scalar::step_row(*r, north, &state[row.clone()], south, &mut next[row]);
            continue;
        }
        for (element, i) in (begin..).zip(task.computed_columns()) {
            let star = Star {
                north: state[element - pitch],
                south: state[element + pitch],
                west: state[element - 1],
                east: state[element + 1],
                centre: state[element],
            };
            let node = [y.place(j), x.place(i)];
            let number = task.first + level - 1;
            next[element] =
                step_of_node(&task.equation.operator, &coefficients, node, star, number);
        }
    }
}

/// The step at node `[j, i]` after `number` steps; `coefficients` are those of all weights in order.
#[inline(always)]
fn step_of_node<T: Real>(
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
