//! The methods beside explicit Euler, against each other.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use diff2d::{Field, Problem, Slab, Solver, comm::Solo};

const SEED: &str = "D = 1.0\nx1 = -10.0\nx2 = 10.0\nruntime = 2.0\nouttime = 1.0\ngrid = 'walls'\n";

/// The state after all steps.
fn end(more: &str) -> Vec<f64> {
    let problem: Problem = format!("{SEED}{more}").parse().unwrap();
    let (ny, nx) = problem.grid.shape();
    let mut state = Field::zeros((ny, nx)).unwrap();
    problem.fill_initial(&mut state, 0).unwrap();
    let dynamics = problem.dynamics(0..ny).unwrap();
    let stencil = problem.stencil::<f64>();
    let mut solver =
        Solver::with_dynamics(stencil, dynamics, (state, 0.0), Slab::whole(ny)).unwrap();
    solver.advance(problem.schedule.last_step(), &Solo);
    solver.into_state().as_slice().to_vec()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

#[test]
fn super_time_stepping_is_of_second_order() {
    let exact = end("dx = 1.0\nmethod = 'exact'\n");
    // Three stages reach the longest of these steps: the number of stages stays the same.
    let error = |dt: f64| {
        let state = end(&format!("dx = 1.0\nmethod = 'rkl2'\ndt = {dt}\n"));
        largest_difference(&state, &exact)
    };
    let errors = [0.25, 0.125, 0.0625].map(error);
    let ratios = [errors[0] / errors[1], errors[1] / errors[2]];
    assert!(errors[2] < 1e-3, "{errors:?}");
    assert!(
        ratios.iter().all(|ratio| (3.5..5.0).contains(ratio)),
        "{errors:?} {ratios:?}"
    );
}

#[test]
fn a_step_of_many_stages_comes_close_to_the_exact_solution() {
    let exact = end("dx = 0.1\nmethod = 'exact'\n");
    let error = largest_difference(&end("dx = 0.1\nmethod = 'rkl2'\ndt = 0.05\n"), &exact);
    assert!(error < 1e-4, "{error}");
}

#[test]
fn stages_give_the_step_that_they_reach() {
    let problem: Problem = format!("{SEED}dx = 0.1\nmethod = 'rkl2'\nstages = 9\n")
        .parse()
        .unwrap();
    assert!((problem.schedule.dt - problem.limit() * 22.0).abs() < 1e-15);
    assert_eq!(problem.stages(), 9);
}

#[test]
fn what_a_method_does_not_have_is_refused() {
    for (more, sentence) in [
        ("method = 'rkl2'", "it needs dt"),
        (
            "method = 'rkl2'\ndt = 0.1\nstages = 5",
            "keep one of the two",
        ),
        ("method = 'rkl2'\nstages = 1", "from 2 to"),
        ("method = 'rkl2'\nstages = -3", "from 2 to"),
        ("method = 'exact'\ndt = 0.1", "from snapshot to snapshot"),
        ("stages = 9", "has no stages"),
        ("method = 'exact'\nsource = 1.0", "no sources"),
        ("method = 'exact'\nD = '1 + x**2'", "does not vary"),
        ("method = 'exact'\n[boundary]\nleft = 1.0", "fixed at 0"),
        (
            "method = 'exact'\n[boundary]\nleft = { flux = 0.0 }",
            "same kind",
        ),
        ("method = 'rk4'", "rkl2"),
    ] {
        let seed = match more.contains("D = ") {
            true => SEED.replace("D = 1.0\n", ""),
            false => SEED.to_owned(),
        };
        let error = format!("{seed}dx = 0.5\n{more}\n")
            .parse::<Problem>()
            .unwrap_err()
            .to_string();
        assert!(error.contains(sentence), "{more}: {error}");
    }
}
