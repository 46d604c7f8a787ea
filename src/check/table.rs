//! [`table`]: the solver against exact solutions.

use super::{
    CheckError,
    exact::{self, MaterialKind, U, WallKind},
    solve::solve,
};
use crate::{
    field::Field,
    params::{Choice, StepMethod},
    problem::Problem,
};
use diff2d_arrays::{expression::Expression, progress::Progress};
use serde::Serialize;

/// One kind of problem, and the accuracy with which it was solved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckRow {
    /// The time-stepping method.
    pub method: &'static str,
    /// The boundary condition on all four sides.
    pub walls: &'static str,
    /// The material of the square.
    pub material: &'static str,
    /// The exact solution for comparison.
    pub against: &'static str,
    /// The largest difference from the exact solution.
    pub error: f64,
    /// The largest error that is accepted.
    pub largest_error: f64,
    /// The observed order of convergence in the spacing, or in the time step for RKL2, if two grids were compared.
    pub order: Option<f64>,
    /// The smallest order that is accepted.
    pub least_order: Option<f64>,
}

impl CheckRow {
    /// A row without an order, for a comparison that is exact up to rounding.
    fn new(
        method: StepMethod,
        walls: &'static str,
        material: MaterialKind,
        against: &'static str,
        error: f64,
    ) -> Self {
        Self {
            method: method.name(),
            walls,
            material: material.name(),
            against,
            error,
            largest_error: ROUNDING,
            order: None,
            least_order: None,
        }
    }

    /// Adds an observed order, and the error limit of a scheme.
    fn with_order(self, coarse: f64, fine: f64, least_order: f64) -> Self {
        Self {
            largest_error: LARGEST_ERROR,
            order: Some((coarse / fine).log2()),
            least_order: Some(least_order),
            ..self
        }
    }

    /// Whether the error is small enough, and the order high enough.
    #[must_use]
    pub fn is_met(&self) -> bool {
        let order = self.order.zip(self.least_order);
        self.error <= self.largest_error && order.is_none_or(|(order, least)| order >= least)
    }
}

/// The number of cells along a side of the finer of two grids.
const CELLS: u32 = 32;
/// The number of steps of explicit Euler on the finer grid; the coarser one takes a quarter of them.
const STEPS: u32 = 192;
/// Simulated time of the manufactured problems.
const END: f64 = 0.04;
/// The number of steps of RKL2 on the coarser grid; half and four times as many for the order.
const LONG_STEPS: u32 = 32;
/// Simulated time of the manufactured problems that RKL2 solves.
const LONG_END: f64 = 0.16;
/// The time step of modes by RKL2.
const LONG_STEP: f64 = 0.005;
/// The least order in space. A step is of second order, and dt is in proportion to dx².
const LEAST_ORDER: f64 = 1.9;
/// The least order of RKL2 in time. It is of second order; shorter steps have fewer stages, whose errors are a little
/// larger.
const LEAST_ORDER_IN_TIME: f64 = 1.8;
const LARGEST_ERROR: f64 = 0.01;
const MANUFACTURED: &str = "manufactured solution";
/// The largest error of discrete modes, which is due to rounding.
const ROUNDING: f64 = 1e-12;

/// Solves problems with all methods, kinds of walls and materials, and compares them with exact solutions.
///
/// # Errors
/// [`CheckError`]; errors that are too large are reported in the rows.
pub fn table() -> Result<Vec<CheckRow>, CheckError> {
    let mut rows = Vec::new();
    for method in [StepMethod::Euler, StepMethod::Rkl2, StepMethod::Exact] {
        for walls in [WallKind::Fixed, WallKind::Flux, WallKind::Periodic] {
            for material in [MaterialKind::Constant, MaterialKind::Anisotropic] {
                rows.push(mode(method, walls, material)?);
                if method == StepMethod::Exact {
                    rows.push(solution(walls, material)?);
                }
            }
        }
        for &walls in WallKind::ALL {
            for &material in MaterialKind::ALL {
                match method {
                    StepMethod::Euler => rows.push(in_space(walls, material)?),
                    StepMethod::Rkl2 => rows.push(in_time(walls, material)?),
                    _ => {}
                }
            }
        }
    }
    for &walls in WallKind::ALL {
        // Fluxes and a source that are given at nodes balance up to the error of the spacing, and need a decay.
        let of_walls: &[MaterialKind] = match walls {
            WallKind::Flux => &[MaterialKind::Storage],
            _ => MaterialKind::ALL,
        };
        for &material in of_walls {
            rows.push(at_rest(walls, material)?);
        }
    }
    Ok(rows)
}

/// The name of walls without flux: `insulated`.
fn without_flux(walls: WallKind) -> &'static str {
    match walls {
        WallKind::Flux => "insulated",
        walls => walls.name(),
    }
}

/// A mode of the discrete equations, which decays by the same factor every step.
fn mode(
    method: StepMethod,
    walls: WallKind,
    material: MaterialKind,
) -> Result<CheckRow, CheckError> {
    let dt = (method == StepMethod::Rkl2).then_some(LONG_STEP);
    let mode = exact::mode(method, dt, walls, material, CELLS);
    let problem: Problem = mode.text.parse()?;
    let steps = i32::try_from(problem.schedule.last_step()).unwrap_or(i32::MAX);
    let z = -problem.schedule.dt * mode.rate;
    let of_step = match method {
        StepMethod::Euler => 1.0 + z,
        StepMethod::Rkl2 => rkl2_factor(problem.stages(), z),
        _ => z.exp(),
    };
    let error = difference_from_factor(&problem, of_step.powi(steps))?;
    let against = "exact factor of a mode";
    let walls = without_flux(walls);
    Ok(CheckRow::new(method, walls, material, against, error))
}

/// The factor of a step in `s` stages for a mode with the increment `z`: `1 - b + b P(1 + w z)` with
/// Legendre's polynomial of degree `s`, `b = (s² + s - 2)/(2 s (s + 1))` and `w = 4/(s² + s - 2)`.
///
/// Source: Meyer, Balsara, Aslam, J. Comput. Phys. 257 (2014), §2.2.
fn rkl2_factor(stages: usize, z: f64) -> f64 {
    let s = stages as f64;
    let reach = s * s + s - 2.0;
    let position = 1.0 + 4.0 / reach * z;
    let (mut previous, mut legendre) = (1.0, position);
    for degree in 2..=stages {
        let k = degree as f64;
        let next_value = ((2.0 * k - 1.0) * position * legendre - (k - 1.0) * previous) / k;
        (previous, legendre) = (legendre, next_value);
    }
    let b = reach / (2.0 * s * (s + 1.0));
    1.0 - b + b * legendre
}

/// The largest difference between the final state and `factor` times the initial one.
fn difference_from_factor(problem: &Problem, factor: f64) -> Result<f64, CheckError> {
    let end_state = solve(problem, &Progress::default())?;
    let mut start = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut start, 0)?;
    Ok(largest_difference(&end_state, start.as_slice(), factor))
}

/// The largest difference between a state and `factor` times the values; NaN counts as the largest.
fn largest_difference(state: &Field<f64>, values: &[f64], factor: f64) -> f64 {
    let pairs = state.as_slice().iter().zip(values);
    pairs.fold(0.0, |largest: f64, (state, value)| {
        let error = (state - factor * value).abs();
        largest.max(if error.is_nan() { f64::INFINITY } else { error })
    })
}

/// A mode on two grids, solved exactly in time, compared with the solution of the equation.
fn solution(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let errors = [CELLS / 2, CELLS].map(|cells| solution_error(walls, material, cells));
    let [coarse, fine] = errors;
    let (coarse, fine) = (coarse?, fine?);
    let (walls, against) = (without_flux(walls), "solution of the equation");
    let row = CheckRow::new(StepMethod::Exact, walls, material, against, fine);
    Ok(row.with_order(coarse, fine, LEAST_ORDER))
}

fn solution_error(walls: WallKind, material: MaterialKind, cells: u32) -> Result<f64, CheckError> {
    let mode = exact::mode(StepMethod::Exact, None, walls, material, cells);
    let problem: Problem = mode.text.parse()?;
    let factor = (-problem.schedule.end() * mode.true_rate).exp();
    difference_from_factor(&problem, factor)
}

/// The problem with the manufactured solution on a grid, and its state at the end.
fn manufactured(
    method: StepMethod,
    walls: WallKind,
    material: MaterialKind,
    cells: u32,
    end: f64,
    steps: u32,
) -> Result<(Problem, Field<f64>), CheckError> {
    let dt = end / f64::from(steps);
    let text = exact::manufactured(method, dt, walls, material, cells, end);
    let problem: Problem = text.parse()?;
    let end_state = solve(&problem, &Progress::default())?;
    Ok((problem, end_state))
}

/// A manufactured solution by explicit Euler on two grids.
fn in_space(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let [coarse, fine] = [(CELLS / 2, STEPS / 4), (CELLS, STEPS)].map(|(cells, steps)| {
        let euler = StepMethod::Euler;
        manufactured(euler, walls, material, cells, END, steps)
            .map(|(problem, state)| difference(&problem, &state))
    });
    let (coarse, fine) = (coarse?, fine?);
    let row = CheckRow::new(
        StepMethod::Euler,
        walls.name(),
        material,
        MANUFACTURED,
        fine,
    );
    Ok(row.with_order(coarse, fine, LEAST_ORDER))
}

/// A steady manufactured solution on three grids; the lower of two observed orders counts.
fn at_rest(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let [coarse, middle, fine] = [CELLS / 2, CELLS, 2 * CELLS].map(|cells| {
        manufactured(StepMethod::Steady, walls, material, cells, END, 1)
            .map(|(problem, state)| difference(&problem, &state))
    });
    let (coarse, middle, fine) = (coarse?, middle?, fine?);
    let row = CheckRow::new(
        StepMethod::Steady,
        walls.name(),
        material,
        MANUFACTURED,
        fine,
    );
    let (coarser_error, finer_error) = if coarse / middle < middle / fine {
        (coarse, middle)
    } else {
        (middle, fine)
    };
    Ok(row.with_order(coarser_error, finer_error, LEAST_ORDER))
}

/// A manufactured solution by RKL2 on one grid. The order in time follows from differences to much shorter steps.
fn in_time(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let (rkl2, cells) = (StepMethod::Rkl2, CELLS / 2);
    let [shortest, coarse, fine] = [4 * LONG_STEPS, LONG_STEPS / 2, LONG_STEPS]
        .map(|steps| manufactured(rkl2, walls, material, cells, LONG_END, steps));
    let ((_, shortest), (_, coarse), (problem, fine)) = (shortest?, coarse?, fine?);
    let [coarse_error, fine_error] =
        [&coarse, &fine].map(|state| largest_difference(state, shortest.as_slice(), 1.0));
    let error = difference(&problem, &fine);
    let row = CheckRow::new(rkl2, walls.name(), material, MANUFACTURED, error);
    Ok(row.with_order(coarse_error, fine_error, LEAST_ORDER_IN_TIME))
}

/// The largest difference of a state from the manufactured solution at its time.
fn difference(problem: &Problem, state: &Field<f64>) -> f64 {
    let Ok(solution) = Expression::parse(U, &["x", "y", "t"]) else {
        unreachable!("the formula is ours")
    };
    let grid = &problem.grid;
    let x = grid.x.coordinates();
    let time = vec![problem.schedule.end(); x.len()];
    let mut exact = vec![0.0; state.as_slice().len()];
    for (j, row) in exact.chunks_mut(x.len()).enumerate() {
        let y = vec![grid.y.node(j); x.len()];
        solution.evaluate(&[&x, &y, &time], 0, row);
    }
    largest_difference(state, &exact, 1.0)
}
