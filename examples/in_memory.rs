//! Solves a problem in memory, without a file.
//!
//! `cargo run --release --example in_memory`

use diff2d::{Field, Problem, Solver, comm::Solo};
use std::error::Error;

/// The whole example; `tests/examples.rs` calls it.
pub fn main() -> Result<(), Box<dyn Error>> {
    let problem: Problem = "
        D = 1.0
        x1 = -10.0
        x2 = 10.0
        dx = 0.2
        runtime = 4.0
        outtime = 1.0
        grid = 'walls'
    "
    .parse()?;

    let mut state = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut state, 0)?;
    let mut solver = Solver::new(problem.stencil(), state)?;

    let schedule = &problem.schedule;
    let middle = problem.grid.x.nodes / 2;
    println!("  time     mass      max   p(0, 0)");
    for snapshot in 0..schedule.snapshots() {
        if snapshot > 0 {
            solver.advance(schedule.nper, &Solo);
        }
        let summary = solver.state().summary(&problem.grid);
        println!(
            "{:6.2} {:8.3} {:8.5} {:8.5}",
            snapshot as f64 * schedule.cadence(),
            summary.mass,
            summary.max,
            solver.state().view()[[middle, middle]],
        );
    }
    Ok(())
}
