//! [`table`]: the solver against exact solutions.

use super::{
    CheckError,
    exact::{self, Material, Method, U, Walls},
    solve::solve,
};
use crate::{field::Field, problem::Problem};
use diff2d_arrays::expression::Expression;
use serde::Serialize;

/// One kind of problem, and how well it was solved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// How time is stepped.
    pub method: &'static str,
    /// What all four sides have.
    pub walls: &'static str,
    /// What the square consists of.
    pub material: &'static str,
    /// What the solution is compared with.
    pub against: &'static str,
    /// The largest difference from the exact solution.
    pub error: f64,
    /// The most that it may be.
    pub largest_error: f64,
    /// By how many powers of the spacing errors fall, where two grids were compared; of RKL2, of the time step.
    pub order: Option<f64>,
    /// The least that it may be.
    pub least_order: Option<f64>,
}

impl Row {
    /// Whether the error is small enough, and the order high enough.
    #[must_use]
    pub fn is_met(&self) -> bool {
        let order = self.order.zip(self.least_order);
        self.error <= self.largest_error && order.is_none_or(|(order, least)| order >= least)
    }
}

/// Cells of the finer of two grids.
const CELLS: u32 = 32;
/// Steps of explicit Euler on it; a quarter of them on the coarser one.
const STEPS: u32 = 192;
/// Simulated time of the manufactured problems.
const END: f64 = 0.04;
/// Steps of RKL2 on the coarser grid; half and four times as many for the order.
const LONG_STEPS: u32 = 32;
/// Simulated time of the manufactured problems that RKL2 solves.
const LONG_END: f64 = 0.16;
/// The time step of modes by RKL2.
const LONG_STEP: f64 = 0.005;
/// A step is of second order in space, and dt goes with dx².
const LEAST_ORDER: f64 = 1.9;
/// RKL2 is of second order in time; shorter steps have fewer stages, whose errors are a little larger.
const LEAST_ORDER_IN_TIME: f64 = 1.8;
const LARGEST_ERROR: f64 = 0.01;
/// Of discrete modes: roundings.
const ROUNDING: f64 = 1e-12;

/// Solves problems with all methods, kinds of wall and material, and compares with exact solutions.
///
/// # Errors
/// [`CheckError`]; errors that are too large are in the rows.
pub fn table() -> Result<Vec<Row>, CheckError> {
    let mut rows = Vec::new();
    for method in [Method::Euler, Method::Rkl2, Method::Exact] {
        for walls in [Walls::Fixed, Walls::Flux, Walls::Periodic] {
            for material in [Material::Constant, Material::Anisotropic] {
                rows.push(mode(method, walls, material)?);
                if method == Method::Exact {
                    rows.push(solution(walls, material)?);
                }
            }
        }
        for walls in Walls::ALL {
            for material in Material::ALL {
                match method {
                    Method::Euler => rows.push(in_space(walls, material)?),
                    Method::Rkl2 => rows.push(in_time(walls, material)?),
                    Method::Exact => {}
                }
            }
        }
    }
    Ok(rows)
}

/// `insulated` instead of a flux of 0.
fn without_flux(walls: Walls) -> &'static str {
    match walls {
        Walls::Flux => "insulated",
        walls => walls.name(),
    }
}

/// A mode of the discrete equations, which decays by the same factor every step.
fn mode(method: Method, walls: Walls, material: Material) -> Result<Row, CheckError> {
    let dt = (method == Method::Rkl2).then_some(LONG_STEP);
    let mode = exact::mode((method, dt), walls, material, CELLS);
    let problem: Problem = mode.text.parse()?;
    let steps = i32::try_from(problem.schedule.last_step()).unwrap_or(i32::MAX);
    let z = -problem.schedule.dt * mode.rate;
    let of_step = match method {
        Method::Euler => 1.0 + z,
        Method::Rkl2 => rkl2_factor(problem.stages(), z),
        Method::Exact => z.exp(),
    };
    let error = difference_from_factor(&problem, of_step.powi(steps))?;
    Ok(Row {
        method: method.name(),
        walls: without_flux(walls),
        material: material.name(),
        against: "exact factor of a mode",
        error,
        largest_error: ROUNDING,
        order: None,
        least_order: None,
    })
}

/// The factor of a step in `s` stages for a mode with the increment `z`: `1 - b + b P(1 + w z)` with
/// Legendre's polynomial of degree `s`, `b = (s² + s - 2)/(2 s (s + 1))` and `w = 4/(s² + s - 2)`.
///
/// Source: Meyer, Balsara, Aslam, J. Comput. Phys. 257 (2014), §2.2.
#[expect(clippy::cast_precision_loss, reason = "numbers of stages are small")]
fn rkl2_factor(stages: usize, z: f64) -> f64 {
    let s = stages as f64;
    let reach = s * s + s - 2.0;
    let at = 1.0 + 4.0 / reach * z;
    let (mut before, mut legendre) = (1.0, at);
    for degree in 2..=stages {
        let k = degree as f64;
        let next = ((2.0 * k - 1.0) * at * legendre - (k - 1.0) * before) / k;
        (before, legendre) = (legendre, next);
    }
    let b = reach / (2.0 * s * (s + 1.0));
    1.0 - b + b * legendre
}

/// The largest difference of the state at the end from a multiple of the initial one.
fn difference_from_factor(problem: &Problem, factor: f64) -> Result<f64, CheckError> {
    let end = solve(problem)?;
    let mut start = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut start, 0)?;
    let values = end.as_slice().iter().zip(start.as_slice());
    Ok(values.fold(0.0, |largest: f64, (end, start)| {
        let error = (end - factor * start).abs();
        if error.is_nan() {
            f64::INFINITY
        } else {
            largest.max(error)
        }
    }))
}

/// A mode on two grids, solved exactly in time, beside the solution of the equation.
fn solution(walls: Walls, material: Material) -> Result<Row, CheckError> {
    let error = |cells: u32| -> Result<f64, CheckError> {
        let mode = exact::mode((Method::Exact, None), walls, material, cells);
        let problem: Problem = mode.text.parse()?;
        let factor = (-problem.schedule.end() * mode.true_rate).exp();
        difference_from_factor(&problem, factor)
    };
    let (coarse, fine) = (error(CELLS / 2)?, error(CELLS)?);
    Ok(Row {
        method: Method::Exact.name(),
        walls: without_flux(walls),
        material: material.name(),
        against: "solution of the equation",
        error: fine,
        largest_error: LARGEST_ERROR,
        order: Some((coarse / fine).log2()),
        least_order: Some(LEAST_ORDER),
    })
}

/// The problem with the manufactured solution on a grid, and its state at the end.
fn manufactured(
    method: Method,
    (walls, material): (Walls, Material),
    cells: u32,
    (end, steps): (f64, u32),
) -> Result<(Problem, Field<f64>), CheckError> {
    let dt = end / f64::from(steps);
    let text = exact::manufactured((method, dt), walls, material, cells, end);
    let problem: Problem = text.parse()?;
    let end = solve(&problem)?;
    Ok((problem, end))
}

/// A manufactured solution by explicit Euler on two grids.
fn in_space(walls: Walls, material: Material) -> Result<Row, CheckError> {
    let error = |cells: u32, steps: u32| -> Result<f64, CheckError> {
        let kind = (walls, material);
        let (problem, end) = manufactured(Method::Euler, kind, cells, (END, steps))?;
        Ok(difference(&problem, &end))
    };
    let (coarse, fine) = (error(CELLS / 2, STEPS / 4)?, error(CELLS, STEPS)?);
    Ok(Row {
        method: Method::Euler.name(),
        walls: walls.name(),
        material: material.name(),
        against: "manufactured solution",
        error: fine,
        largest_error: LARGEST_ERROR,
        order: Some((coarse / fine).log2()),
        least_order: Some(LEAST_ORDER),
    })
}

/// A manufactured solution by RKL2 on one grid: its order in time, by differences from much shorter steps.
fn in_time(walls: Walls, material: Material) -> Result<Row, CheckError> {
    let kind = (walls, material);
    let of = |steps: u32| manufactured(Method::Rkl2, kind, CELLS / 2, (LONG_END, steps));
    let (_, shortest) = of(4 * LONG_STEPS)?;
    let error = |state: &Field<f64>| {
        let values = state.as_slice().iter().zip(shortest.as_slice());
        values.fold(0.0, |largest: f64, (a, b)| largest.max((a - b).abs()))
    };
    let (_, coarse) = of(LONG_STEPS / 2)?;
    let (problem, fine) = of(LONG_STEPS)?;
    Ok(Row {
        method: Method::Rkl2.name(),
        walls: walls.name(),
        material: material.name(),
        against: "manufactured solution",
        error: difference(&problem, &fine),
        largest_error: LARGEST_ERROR,
        order: Some((error(&coarse) / error(&fine)).log2()),
        least_order: Some(LEAST_ORDER_IN_TIME),
    })
}

/// The largest difference of a state from the manufactured solution at its time.
fn difference(problem: &Problem, state: &Field<f64>) -> f64 {
    let Ok(solution) = Expression::parse(U, &["x", "y", "t"]) else {
        unreachable!("the formula is ours")
    };
    let grid = &problem.grid;
    let x = grid.x.coordinates();
    let time = vec![problem.schedule.end(); x.len()];
    let mut exact = vec![0.0; x.len()];
    let mut largest = 0.0_f64;
    for (j, row) in state.as_slice().chunks(x.len()).enumerate() {
        let y = vec![grid.y.node(j); x.len()];
        solution.evaluate(&[&x, &y, &time], 0, &mut exact);
        for (value, exact) in row.iter().zip(&exact) {
            let error = (value - exact).abs();
            // NaN is the largest error there is.
            largest = if error.is_nan() {
                f64::INFINITY
            } else {
                largest.max(error)
            };
        }
    }
    largest
}
