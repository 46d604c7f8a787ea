//! Solves a problem in memory, and finds the bits of the cube that a run of it writes.
//!
//! A plate of two materials is insulated at its left, is heated at a spot, and cools at its other sides.
//!
//! `cargo run --release --example in_memory`

use diff2d::{Cube, Problem, Run, comm::Solo};
use std::error::Error;

/// The whole example; `tests/repository/examples.rs` calls it.
pub fn main() -> Result<(), Box<dyn Error>> {
    let problem: Problem = "
        D = 'where(x < 0, 1.0, 0.2)'
        x1 = -2.0
        x2 = 2.0
        dx = 0.05
        runtime = 1.0
        outtime = 0.25
        grid = 'walls'
        source = '5*exp(-4*(x*x + y*y))'
        boundary = { left = 'insulated' }
        initial = { kind = 'constant', value = 1.0 }
    "
    .parse()?;

    let directory = tempfile::tempdir()?;
    let path = directory.path().join("plate.npy");
    Run::new(&problem).output(&path).start()?;
    let cube = Cube::open(&path)?;

    let mut solver = problem.solver::<f64>()?;
    println!("  time     mass      max   p(0, 0)");
    for (number, time) in (0_u64..).zip(cube.times()) {
        if number > 0 {
            solver.advance(problem.schedule.steps_to(number), &Solo)?;
        }
        let (summary, state) = (problem.summary(solver.state())?, solver.state().view());
        let middle = state[[state.nrows() / 2, state.ncols() / 2]];
        let (mass, max) = (summary.mass, summary.max);
        println!("{time:6.2} {mass:8.3} {max:8.5} {middle:8.5}");

        let bits = |p: &f64| p.to_bits();
        let snapshot = cube.snapshot(number)?;
        assert!(state.iter().map(bits).eq(snapshot.iter().map(bits)));
    }
    Ok(())
}
