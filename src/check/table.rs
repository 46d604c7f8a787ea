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

/// One kind of problem, and how well it was solved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckRow {
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

impl CheckRow {
    /// Without an order, and with the error that is a rounding.
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

    /// With an order, and the error of a scheme.
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
const MANUFACTURED: &str = "manufactured solution";
/// Of discrete modes: roundings.
const ROUNDING: f64 = 1e-12;

/// Solves problems with all methods, kinds of wall and material, and compares with exact solutions.
///
/// # Errors
/// [`CheckError`]; errors that are too large are in the rows.
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

/// `insulated` instead of a flux of 0.
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
    let end = solve(problem, &Progress::default())?;
    let mut start = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut start, 0)?;
    Ok(largest_difference(&end, start.as_slice(), factor))
}

/// The largest difference of a state from so many times some values; NaN is the largest there is.
fn largest_difference(state: &Field<f64>, values: &[f64], factor: f64) -> f64 {
    let both = state.as_slice().iter().zip(values);
    both.fold(0.0, |largest: f64, (state, value)| {
        let error = (state - factor * value).abs();
        largest.max(if error.is_nan() { f64::INFINITY } else { error })
    })
}

/// A mode on two grids, solved exactly in time, beside the solution of the equation.
fn solution(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let error = |cells: u32| -> Result<f64, CheckError> {
        let mode = exact::mode(StepMethod::Exact, None, walls, material, cells);
        let problem: Problem = mode.text.parse()?;
        let factor = (-problem.schedule.end() * mode.true_rate).exp();
        difference_from_factor(&problem, factor)
    };
    let (coarse, fine) = (error(CELLS / 2)?, error(CELLS)?);
    let (walls, against) = (without_flux(walls), "solution of the equation");
    let row = CheckRow::new(StepMethod::Exact, walls, material, against, fine);
    Ok(row.with_order(coarse, fine, LEAST_ORDER))
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
    let end = solve(&problem, &Progress::default())?;
    Ok((problem, end))
}

/// A manufactured solution by explicit Euler on two grids.
fn in_space(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let error = |cells: u32, steps: u32| -> Result<f64, CheckError> {
        let euler = StepMethod::Euler;
        let (problem, end) = manufactured(euler, walls, material, cells, END, steps)?;
        Ok(difference(&problem, &end))
    };
    let (coarse, fine) = (error(CELLS / 2, STEPS / 4)?, error(CELLS, STEPS)?);
    let row = CheckRow::new(
        StepMethod::Euler,
        walls.name(),
        material,
        MANUFACTURED,
        fine,
    );
    Ok(row.with_order(coarse, fine, LEAST_ORDER))
}

/// A manufactured solution that rests, on three grids, of which the two of the lower order count.
fn at_rest(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let error = |cells: u32| -> Result<f64, CheckError> {
        let (problem, state) = manufactured(StepMethod::Steady, walls, material, cells, END, 1)?;
        Ok(difference(&problem, &state))
    };
    let [coarse, middle, fine] = [error(CELLS / 2)?, error(CELLS)?, error(2 * CELLS)?];
    let row = CheckRow::new(
        StepMethod::Steady,
        walls.name(),
        material,
        MANUFACTURED,
        fine,
    );
    let (more, less) = match coarse / middle < middle / fine {
        true => (coarse, middle),
        false => (middle, fine),
    };
    Ok(row.with_order(more, less, LEAST_ORDER))
}

/// A manufactured solution by RKL2 on one grid: its order in time, by differences from much shorter steps.
fn in_time(walls: WallKind, material: MaterialKind) -> Result<CheckRow, CheckError> {
    let (rkl2, cells) = (StepMethod::Rkl2, CELLS / 2);
    let of = |steps: u32| manufactured(rkl2, walls, material, cells, LONG_END, steps);
    let (_, shortest) = of(4 * LONG_STEPS)?;
    let error = |state: &Field<f64>| largest_difference(state, shortest.as_slice(), 1.0);
    let (_, coarse) = of(LONG_STEPS / 2)?;
    let (problem, fine) = of(LONG_STEPS)?;
    let own = difference(&problem, &fine);
    let row = CheckRow::new(rkl2, walls.name(), material, MANUFACTURED, own);
    Ok(row.with_order(error(&coarse), error(&fine), LEAST_ORDER_IN_TIME))
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
