//! What this machine takes for a plan: time, and room on the disk.

use crate::{
    comm::Solo,
    dynamics::Dynamics,
    error::Error,
    field::Field,
    params::{StepMethod, with_precision},
    problem::Problem,
    slab::Slab,
    solver::Solver,
};
use diff2d_arrays::wording::bytes;
use diff2d_stencil::Element;
use diff2d_sys as sys;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Wall time of the steps of one rank, some of which are taken in so many bytes of memory.
pub(in crate::cli) fn seconds(problem: &Problem, memory: u64) -> f64 {
    match problem.usual_cycles() {
        Some(cycles) => problem.seconds_to_settle(cycles),
        None => with_precision!(problem.params.precision, T => seconds_in::<T>(problem, memory)),
    }
}

/// From a few steps on a grid of the same or the largest affordable size, with what depends on time. Of long steps a few stages stand
/// for all.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn seconds_in<T: Element>(problem: &Problem, memory: u64) -> f64 {
    const LARGEST: usize = 2048;
    const LONG_ENOUGH: Duration = Duration::from_millis(30);
    const STAGES: usize = 5;
    let (ny, nx) = problem.grid.shape();
    let stages = problem.stages().min(STAGES);
    // Walls and sources that depend on time are evaluated at nodes, of whole rows.
    let columns = match problem.depends_on_time() {
        true => nx,
        false => nx.min(LARGEST),
    };
    let nodes = memory / (problem.arrays() * size_of::<T>() as u64);
    let nodes =
        usize::try_from(nodes).map_or(LARGEST * LARGEST, |some| some.min(LARGEST * LARGEST));
    let shape = (ny.min((nodes / columns).max(3)), columns);
    let mut sample = problem.sample::<T>(shape, stages);
    if problem.depends_on_time()
        && let Ok(own) = problem.dynamics(0..shape.0)
    {
        sample = Dynamics {
            method: sample.method,
            ..own
        };
    }
    let started = Field::zeros(shape).and_then(|field| {
        let slab = Slab::whole(shape.0);
        Solver::new(problem.stencil(), sample, field, 0.0, slab)
    });
    let Ok(mut solver) = started else {
        return f64::NAN;
    };
    // Such a source is another one at every step.
    let pass = match problem.has_moving_source() {
        true => 1,
        false => solver.depth() as u64,
    };
    let _ = solver.advance(pass, &Solo);
    let (start, mut steps) = (Instant::now(), 0);
    while start.elapsed() < LONG_ENOUGH {
        let _ = solver.advance(pass, &Solo);
        steps += pass;
    }
    let per_update =
        start.elapsed().as_secs_f64() / (steps as f64 * shape.0 as f64 * shape.1 as f64);
    let more = problem.stages() as f64 / stages as f64;
    // What is added in a step of the exact solution takes transforms there and back, once.
    let once = f64::from(u8::from(
        problem.params.method == StepMethod::Exact && problem.is_forced(),
    ));
    let steps = problem.schedule.last_step() as f64 + once;
    per_update * more * problem.grid.len() as f64 * steps
}

/// Time in which so many snapshots are digested, written and synced.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn writing(snapshots: u64, bytes: u64) -> f64 {
    /// Of a small one. Several share a sync.
    const EACH: f64 = 4e-4;
    /// Bytes in a second.
    const SPEED: f64 = 5e8;
    snapshots as f64 * EACH + bytes as f64 / SPEED
}

/// Refuses what the filesystem that cubes go to has no room for; `what` needs it.
pub(super) fn check_space(what: &str, needed: u64) -> Result<(), Error> {
    let output = Path::new("output");
    let output = match output.is_dir() {
        true => output,
        false => Path::new("."),
    };
    match sys::free_space(output) {
        Some(free) if free < needed => Err(Error::System(format!(
            "the {what} needs {} and the filesystem of {} has {} free: write elsewhere with -o, or take fewer snapshots (a larger outtime)",
            bytes(needed),
            output.display(),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}
