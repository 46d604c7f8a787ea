//! The three grids of a [`Study`](super::Study).

use super::CheckError;
use crate::{
    grid::Axis,
    params::{Choice, Layout, ParamsError, RawParams, StepMethod, Times},
    physics::input::Digests,
    problem::Problem,
};

/// Updates of nodes on all three grids that are not too dear.
const AFFORDABLE: f64 = 2e10;
/// Nodes of the finest grid, each of which takes about 100 bytes.
const MOST_NODES: f64 = 2e7;
/// Cells along an axis of the coarsest grid.
const FEWEST_CELLS: u64 = 4;

/// Cells of an axis between the ends of the domain.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of cells, below 2^31"
)]
fn cells(axis: &Axis) -> u64 {
    let (first, last) = axis.domain();
    ((last - first) / axis.spacing).round() as u64
}

/// How many times finer than the coarsest grid the user's own is to be.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn affordable_refinement(own: &Problem) -> Result<u32, CheckError> {
    let nodes = own.grid.len() as f64;
    let updates = nodes * (own.schedule.last_step() * own.stages() as u64) as f64;
    let fewest = cells(&own.grid.x).min(cells(&own.grid.y));
    let mut refinement: u32 = 1;
    if own.reads_arrays() {
        check_nested(own)?;
        refinement = 4;
    }
    loop {
        let finer = 4.0 / f64::from(refinement);
        let is_affordable =
            updates * finer.powi(4) * 1.07 <= AFFORDABLE && nodes * finer * finer <= MOST_NODES;
        if is_affordable {
            return Ok(refinement);
        }
        if fewest / u64::from(refinement) < 2 * FEWEST_CELLS || own.reads_arrays() {
            return Err(CheckError::Request(format!(
                "this problem takes {updates:.1e} updates of nodes, and no coarser grid is fine enough for a check; a shorter runtime can be checked"
            )));
        }
        refinement *= 2;
    }
}

/// Refuses a problem with arrays where grids of two and four times the spacing do not have nodes of theirs.
fn check_nested(own: &Problem) -> Result<(), CheckError> {
    let asked = |reason: String| {
        Err(CheckError::Request(format!(
            "this problem reads arrays, and the check takes every second and every fourth of their nodes: {reason}"
        )))
    };
    if own.params.grid != Layout::Walls {
        return asked("that needs grid = \"walls\"".to_owned());
    }
    let (nx, ny) = (cells(&own.grid.x), cells(&own.grid.y));
    let divides = |cells: u64| cells.is_multiple_of(4) && cells >= 4 * FEWEST_CELLS;
    match divides(nx) && divides(ny) {
        true => Ok(()),
        false => asked(format!(
            "that needs a multiple of 4 of cells along each axis, {} or more, and there are {ny} along y and {nx} along x",
            4 * FEWEST_CELLS
        )),
    }
}

/// The problem on three grids, all of which end at the same time. Time steps are in proportion to the square of the
/// spacing; those of methods of second order are in proportion to the spacing.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of cells and steps are below 2^53"
)]
pub(super) fn refined(
    own: &Problem,
    raw: &RawParams,
    refinement: u32,
) -> Result<[Problem; 3], CheckError> {
    let time = own.schedule.end();
    let method = own.params.method;
    let spacing = |axis: &Axis, finer: u64| {
        let (first, last) = axis.domain();
        let coarsest = cells(axis).div_ceil(u64::from(refinement));
        // A quarter more, so that truncation gives this number.
        (last - first) / ((coarsest * finer) as f64 + 0.25)
    };
    // Coefficients that depend on t are looked at where the run looks.
    let outtime = match method {
        StepMethod::Exact => time,
        _ => own.params.outtime.min(time),
    };
    let at = |finer: u64, dt: Option<f64>| {
        let absent = ["precision", "graphics", "dt", "stages", "safety", "until"];
        let raw = absent.into_iter().fold(raw.clone(), RawParams::without);
        let mut raw = raw.replace("times", Times::Course.name());
        for (key, value) in [
            ("dx", Some(spacing(&own.grid.x, finer))),
            ("dy", Some(spacing(&own.grid.y, finer))),
            ("dt", dt),
            ("runtime", Some(time)),
            ("outtime", Some(outtime)),
        ] {
            if let Some(value) = value {
                raw = raw.replace(key, value);
            }
        }
        let every = match own.reads_arrays() {
            true => refinement as usize / finer as usize,
            false => 1,
        };
        Problem::with_digests(&raw, &mut Digests::of_every(every))
    };
    // How many times more steps a grid so many times finer takes.
    let more = |finer: u64| match method {
        StepMethod::Euler => finer * finer,
        StepMethod::Rkl2 => finer,
        StepMethod::Exact => 1,
    };
    let with_steps = |finer: u64, steps: f64| {
        let steps = steps * more(finer) as f64;
        let dt = time / steps;
        let mut problem = at(finer, (method != StepMethod::Exact).then_some(dt))?;
        // All of them, whatever truncation makes of the quotient, and no snapshot but the last.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of steps"
        )]
        let steps = steps as u64;
        (problem.schedule.nsteps, problem.schedule.nper) = (steps, steps);
        Ok::<_, ParamsError>(problem)
    };
    if method != StepMethod::Euler {
        // Steps of any length are stable.
        let steps = own.schedule.last_step() * more(1);
        let coarse = (steps as f64 / more(u64::from(refinement)) as f64).ceil();
        let with_steps = |finer: u64| with_steps(finer, coarse);
        return Ok([with_steps(1)?, with_steps(2)?, with_steps(4)?]);
    }
    let scale = |finer: u64| (f64::from(refinement) / finer as f64).powi(2);
    let mut steps = 1.0_f64;
    for finer in [1, 2, 4] {
        let dt = at(finer, None)?.limit().min(own.schedule.dt * scale(finer));
        let needed = time / dt * (1.0 - 1e-13);
        steps = steps.max((needed / more(finer) as f64).ceil());
    }
    let with_steps = |finer: u64| with_steps(finer, steps);
    Ok([with_steps(1)?, with_steps(2)?, with_steps(4)?])
}
