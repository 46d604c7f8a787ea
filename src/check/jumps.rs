//! [`Jumps`]: the uncertainty due to jumps of the initial state or the source between nodes.

use super::CheckError;
use crate::{
    field::Field,
    params::{Quantity, StepMethod},
    problem::Problem,
};
use ndarray::ArrayView2;

/// The errors that the three grids may have in common, from coarse to fine: a grid knows the place of a jump only to
/// within a cell, and nested grids may all count the same side of it.
pub(super) struct Jumps {
    /// The errors of the mass \[density·length²\].
    pub(super) masses: [f64; 3],
    /// The errors of the mass relative to all initial mass and sources.
    pub(super) shares: [f64; 3],
}

impl Jumps {
    pub(super) fn of(problems: &[Problem; 3]) -> Result<Self, CheckError> {
        let mut jumps = Self {
            masses: [0.0; 3],
            shares: [0.0; 3],
        };
        if problems[0].params.method == StepMethod::Steady {
            // No time in which they act; what they change is seen between grids.
            return Ok(jumps);
        }
        let mut totals = [f64::MIN_POSITIVE; 3];
        for part in [initial, source] {
            let mut part_jumps = [FaceJumps::default(); 3];
            for (part_jumps, problem) in part_jumps.iter_mut().zip(problems) {
                *part_jumps = part(problem)?;
            }
            let [_, middle, fine] = part_jumps;
            let jumps_there =
                fine.largest > 0.05 * fine.range && fine.largest > 0.75 * middle.largest;
            for level in 0..3 {
                totals[level] += part_jumps[level].total;
                if jumps_there {
                    jumps.masses[level] += part_jumps[level].open;
                }
            }
        }
        jumps.shares = [0, 1, 2].map(|level| jumps.masses[level] / totals[level]);
        Ok(jumps)
    }
}

/// The differences of values between neighbouring nodes inside the domain.
#[derive(Debug, Clone, Copy, Default)]
struct FaceJumps {
    /// The largest difference.
    largest: f64,
    /// The largest value minus the smallest.
    range: f64,
    /// The integral of the magnitudes of the values.
    total: f64,
    /// The integral of the large differences over half a cell at each.
    open: f64,
}

fn initial(problem: &Problem) -> Result<FaceJumps, CheckError> {
    let mut state = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut state, 0)?;
    let values = state
        .as_mut_slice()
        .iter_mut()
        .zip(problem.slots().capacities()?);
    values.for_each(|(p, capacity)| *p *= capacity);
    hide_masked(problem, state.as_mut_slice());
    Ok(faces(&state.view(), problem, 1.0))
}

/// The jumps of the source at the beginning, over all steps.
fn source(problem: &Problem) -> Result<FaceJumps, CheckError> {
    // Where the capacity does not vary the source has it in it.
    let steps = problem.schedule.last_step() as f64
        * problem.slots().uniform(Quantity::Capacity).unwrap_or(1.0);
    let source = problem.slots().source_at_start(problem.schedule.dt)?;
    Ok(source.map_or_else(FaceJumps::default, |mut source| {
        let values = source.as_slice_mut().unwrap_or_default();
        problem.geometry().fill_kept(0, values, f64::NAN);
        faces(&source.view(), problem, steps)
    }))
}

/// Sets values of masked nodes to NaN, because nothing jumps beside them.
fn hide_masked(problem: &Problem, values: &mut [f64]) {
    problem.codec().encode(0, values);
}

fn faces(values: &ArrayView2<'_, f64>, problem: &Problem, factor: f64) -> FaceJumps {
    let (ny, nx) = values.dim();
    // What jumps at a wall is known to lie there.
    let inner_values = values.slice(ndarray::s![1..ny - 1, 1..nx - 1]);
    let rows = inner_values
        .rows()
        .into_iter()
        .zip(inner_values.rows().into_iter().skip(1));
    let across_y = rows.flat_map(|(row, next)| row.into_iter().zip(next));
    let columns = inner_values
        .columns()
        .into_iter()
        .zip(inner_values.columns().into_iter().skip(1));
    let across_x = columns.flat_map(|(column, next)| column.into_iter().zip(next));
    let jumps: Vec<f64> = across_y
        .chain(across_x)
        .map(|(a, b)| (b - a).abs())
        .filter(|jump| !jump.is_nan())
        .collect();
    let largest = jumps.iter().copied().fold(0.0, f64::max);
    let large = jumps.iter().filter(|&&jump| jump > 0.5 * largest);
    let (smallest, greatest) = inner_values.iter().fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(smallest, greatest), &value| (value.min(smallest), value.max(greatest)),
    );
    let unmasked_values = values.iter().filter(|value| !value.is_nan());
    let total = unmasked_values.map(|value| value.abs()).sum::<f64>();
    let open = 0.5 * large.sum::<f64>();
    FaceJumps {
        largest,
        range: greatest - smallest,
        total: problem.grid.integral(total * factor),
        open: problem.grid.integral(open * factor),
    }
}
