//! [`Jumps`]: what an initial state and a source that jump between nodes leave open.

use super::CheckError;
use crate::{field::Field, params::StepMethod, physics::slots::Place, problem::Problem};
use ndarray::ArrayView2;

/// What three grids may be off by alike, from coarse to fine: a grid knows the place of a jump to within a cell, and
/// nested grids may all count the same side of it.
pub(super) struct Jumps {
    /// Of the mass \[density·length²\].
    pub(super) masses: [f64; 3],
    /// The same as a share of all that there is and comes.
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
        let mut all = [f64::MIN_POSITIVE; 3];
        for part in [initial, source] {
            let mut found = [FaceJumps::default(); 3];
            for (found, problem) in found.iter_mut().zip(problems) {
                *found = part(problem)?;
            }
            let [_, middle, fine] = found;
            let jumps_there =
                fine.largest > 0.05 * fine.range && fine.largest > 0.75 * middle.largest;
            for level in 0..3 {
                all[level] += found[level].total;
                if jumps_there {
                    jumps.masses[level] += found[level].open;
                }
            }
        }
        jumps.shares = [0, 1, 2].map(|level| jumps.masses[level] / all[level]);
        Ok(jumps)
    }
}

/// The differences of values between nodes that are next to each other inside the domain.
#[derive(Debug, Clone, Copy, Default)]
struct FaceJumps {
    /// The largest.
    largest: f64,
    /// Between all values.
    range: f64,
    /// The integral of the magnitudes.
    total: f64,
    /// The integral over half a cell at each of the large ones.
    open: f64,
}

fn initial(problem: &Problem) -> Result<FaceJumps, CheckError> {
    let mut state = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut state, 0)?;
    let both = state
        .as_mut_slice()
        .iter_mut()
        .zip(problem.slots().capacities()?);
    both.for_each(|(p, capacity)| *p *= capacity);
    hide_masked(problem, state.as_mut_slice());
    Ok(faces(&state.view(), problem, 1.0))
}

/// Of the source at the beginning, over all steps.
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn source(problem: &Problem) -> Result<FaceJumps, CheckError> {
    // Where the capacity does not vary the source has it in it.
    let steps = problem.schedule.last_step() as f64
        * problem.slots().uniform(Place::Capacity).unwrap_or(1.0);
    let source = problem.slots().source_at_start(problem.schedule.dt)?;
    Ok(source.map_or_else(FaceJumps::default, |mut source| {
        let values = source.as_slice_mut().unwrap_or_default();
        problem.geometry().fill_kept(0, values, f64::NAN);
        faces(&source.view(), problem, steps)
    }))
}

/// Makes values of masked nodes, beside which nothing jumps, NaN.
fn hide_masked(problem: &Problem, values: &mut [f64]) {
    problem.codec().encode(0, values);
}

fn faces(values: &ArrayView2<'_, f64>, problem: &Problem, factor: f64) -> FaceJumps {
    let (ny, nx) = values.dim();
    // What jumps at a wall is known to lie there.
    let inside = values.slice(ndarray::s![1..ny - 1, 1..nx - 1]);
    let rows = inside
        .rows()
        .into_iter()
        .zip(inside.rows().into_iter().skip(1));
    let across_y = rows.flat_map(|(row, next)| row.into_iter().zip(next));
    let columns = inside
        .columns()
        .into_iter()
        .zip(inside.columns().into_iter().skip(1));
    let across_x = columns.flat_map(|(column, next)| column.into_iter().zip(next));
    let all: Vec<f64> = across_y
        .chain(across_x)
        .map(|(a, b)| (b - a).abs())
        .filter(|jump| !jump.is_nan())
        .collect();
    let largest = all.iter().copied().fold(0.0, f64::max);
    let large = all.iter().filter(|&&jump| jump > 0.5 * largest);
    let (least, most) = inside.iter().fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), &value| (value.min(least), value.max(most)),
    );
    let there = values.iter().filter(|value| !value.is_nan());
    let integral = |sum: f64| problem.grid.integral(sum * factor);
    FaceJumps {
        largest,
        range: most - least,
        total: integral(there.map(|value| value.abs()).sum::<f64>()),
        open: integral(0.5 * large.sum::<f64>()),
    }
}
