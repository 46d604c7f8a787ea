//! Problems whose exact solution is known: modes between all kinds of wall, mass, steady states, the
//! order of convergence with sources, materials and walls that depend on time, layers, published
//! targets.
//!
//! `DIFF2D_FULL=1` conserves mass over 100,000 steps.

mod modes;
mod orders;
#[cfg(feature = "cli")]
mod published;
mod steady;
mod transforms;

use crate::common::Scene;
use diff2d::{Cube, Outcome, Problem, Run};
use ndarray::Array2;

const EPS: f64 = f64::EPSILON;

/// The end of a run.
struct End {
    p: Array2<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    time: f64,
    steps: u64,
    dt: f64,
    mass: Vec<f64>,
    /// The smallest and largest values of each snapshot.
    range: Vec<(f64, f64)>,
}

fn solve(text: &str) -> End {
    let problem: Problem = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let scene = Scene::new();
    let name = scene.path("p.npy");
    let report = Run::new(&problem).output(&name).start().unwrap();
    assert_eq!(report.outcome, Outcome::Done);
    let cube = Cube::open(&name).unwrap();
    let (y, x) = cube.nodes().unwrap();
    let commits = cube.commits();
    let last = commits.last().unwrap();
    End {
        p: cube.snapshot(last.index).unwrap(),
        x,
        y,
        time: last.simtime,
        steps: problem.schedule.last_step(),
        dt: problem.schedule.dt,
        mass: commits.iter().map(|commit| commit.mass).collect(),
        range: commits
            .iter()
            .map(|commit| (commit.min, commit.max))
            .collect(),
    }
}

impl End {
    /// The value at the node nearest to a point, which must be there.
    fn at(&self, x: f64, y: f64) -> f64 {
        let nearest = |nodes: &[f64], wanted: f64| {
            let found = nodes.iter().position(|node| (node - wanted).abs() < 1e-9);
            found.unwrap_or_else(|| panic!("no node at {wanted}"))
        };
        self.p[[nearest(&self.y, y), nearest(&self.x, x)]]
    }

    /// The largest difference from an exact solution.
    fn error(&self, exact: impl Fn(f64, f64) -> f64) -> f64 {
        let nodes = self.p.indexed_iter();
        nodes.fold(0.0, |largest, ((j, i), value)| {
            (value - exact(self.x[i], self.y[j])).abs().max(largest)
        })
    }

    fn largest(&self) -> f64 {
        self.p
            .iter()
            .fold(0.0, |largest, value| value.abs().max(largest))
    }
}
