//! Estimates how long the steps of a run take on this machine.

use crate::{
    comm::Solo,
    dynamics::Dynamics,
    field::Field,
    params::{StepMethod, with_precision},
    problem::Problem,
    slab::Slab,
    solver::Solver,
};
use diff2d_stencil::Element;
use diff2d_sys::Instant;
use std::time::Duration;

/// Wall time of the steps of one rank, of which some are taken within `memory` bytes.
pub fn estimated_seconds(problem: &Problem, memory: u64) -> f64 {
    match problem.usual_cycles() {
        Some(cycles) => problem.seconds_to_settle(cycles),
        None => with_precision!(problem.params.precision, T => seconds_in::<T>(problem, memory)),
    }
}

/// Measures a few steps on a grid of the same or the largest affordable size, with what depends on time. A few stages stand for
/// all stages of a long step.
fn seconds_in<T: Element>(problem: &Problem, memory: u64) -> f64 {
    const LARGEST: usize = 2048;
    const LONG_ENOUGH: Duration = Duration::from_millis(15);
    const STAGES: usize = 5;
    let (ny, nx) = problem.grid.shape();
    let stages = problem.stages().min(STAGES);
    // Walls and sources that depend on time are evaluated at nodes, of whole rows.
    let columns = if problem.depends_on_time() {
        nx
    } else {
        nx.min(LARGEST)
    };
    let nodes = memory / (problem.arrays() * size_of::<T>() as u64);
    let nodes =
        usize::try_from(nodes).map_or(LARGEST * LARGEST, |count| count.min(LARGEST * LARGEST));
    let shape = (ny.min((nodes / columns).max(3)), columns);
    let mut sample = problem.sample::<T>(shape, stages);
    if problem.depends_on_time()
        && let Ok(row_dynamics) = problem.dynamics(0..shape.0)
    {
        sample = Dynamics {
            method: sample.method,
            ..row_dynamics
        };
    }
    let started = Field::zeros(shape).and_then(|field| {
        let slab = Slab::whole(shape.0);
        Solver::new(problem.stencil(), sample, field, 0.0, slab)
    });
    let Ok(mut solver) = started else {
        return f64::NAN;
    };
    // A source that moves is another one at every step, and so is a D that depends on time. Other steps are taken together from one snapshot to the next: on a small
    // grid a call takes longer than a step.
    let most_steps_a_call = match problem.has_moving_source() || problem.ages() {
        true => 1,
        false => u64::MAX,
    };
    let mut steps = most_steps_a_call.min(solver.depth() as u64);
    // The time of steps is measured; nothing looks at the states.
    let mut measure = |steps: u64| {
        let steps_a_call = most_steps_a_call.min(steps);
        let start = Instant::now();
        for _ in 0..steps / steps_a_call {
            let _ = solver.advance(steps_a_call, &Solo);
        }
        start.elapsed()
    };
    measure(steps);
    let mut elapsed = measure(steps);
    while elapsed < LONG_ENOUGH {
        steps *= 2;
        elapsed = measure(steps);
    }
    let per_update = elapsed.as_secs_f64() / (steps as f64 * shape.0 as f64 * shape.1 as f64);
    let stage_ratio = problem.stages() as f64 / stages as f64;
    // The source that a step of the exact solution adds takes transforms there and back, once.
    let extra_steps = f64::from(u8::from(
        problem.params.method == StepMethod::Exact && problem.is_forced(),
    ));
    let steps = problem.schedule.last_step() as f64 + extra_steps;
    per_update * stage_ratio * problem.grid.len() as f64 * steps
}
