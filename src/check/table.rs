//! [`table`]: the solver against exact solutions.

use super::{
    CheckError,
    exact::{self, Material, U, Walls},
    solve::solve,
};
use crate::{expression::Expression, field::Field, problem::Problem};
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
    /// By how many powers of the spacing errors fall, where two grids were compared.
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
/// Steps on it; a quarter of them on the coarser one.
const STEPS: u32 = 192;
/// Simulated time of the manufactured problems.
const END: f64 = 0.04;
/// A step is of second order in space, and dt goes with dx².
const LEAST_ORDER: f64 = 1.9;
const LARGEST_ERROR: f64 = 0.01;
/// Of discrete modes: roundings.
const ROUNDING: f64 = 1e-12;

/// Solves problems with all kinds of wall and material, and compares with exact solutions.
///
/// # Errors
/// [`CheckError`]; errors that are too large are in the rows.
pub fn table() -> Result<Vec<Row>, CheckError> {
    let mut rows = Vec::new();
    for walls in [Walls::Fixed, Walls::Flux, Walls::Periodic] {
        for material in [Material::Constant, Material::Anisotropic] {
            rows.push(mode(walls, material)?);
        }
    }
    for walls in Walls::ALL {
        for material in Material::ALL {
            rows.push(manufactured(walls, material)?);
        }
    }
    Ok(rows)
}

/// A mode of the discrete equations, which decays by the same factor every step.
fn mode(walls: Walls, material: Material) -> Result<Row, CheckError> {
    let (text, rate) = exact::mode(walls, material, CELLS);
    let problem: Problem = text.parse()?;
    let end = solve(&problem)?;
    let mut start = Field::<f64>::zeros(problem.grid.shape())?;
    problem.fill_initial(&mut start, 0)?;
    let steps = i32::try_from(problem.schedule.last_step()).unwrap_or(i32::MAX);
    let factor = (1.0 - problem.schedule.dt * rate).powi(steps);
    let values = end.as_slice().iter().zip(start.as_slice());
    let error = values.fold(0.0, |largest: f64, (end, start)| {
        largest.max((end - factor * start).abs())
    });
    Ok(Row {
        method: "euler",
        walls: match walls {
            Walls::Flux => "insulated",
            walls => walls.name(),
        },
        material: material.name(),
        against: "exact factor of a mode",
        error,
        largest_error: ROUNDING,
        order: None,
        least_order: None,
    })
}

/// A manufactured solution on two grids.
fn manufactured(walls: Walls, material: Material) -> Result<Row, CheckError> {
    let error = |cells: u32, steps: u32| -> Result<f64, CheckError> {
        let dt = END / f64::from(steps);
        let text = exact::manufactured(walls, material, cells, dt, END);
        let problem: Problem = text.parse()?;
        let end = solve(&problem)?;
        Ok(difference(&problem, &end))
    };
    let (coarse, fine) = (error(CELLS / 2, STEPS / 4)?, error(CELLS, STEPS)?);
    Ok(Row {
        method: "euler",
        walls: walls.name(),
        material: material.name(),
        against: "manufactured solution",
        error: fine,
        largest_error: LARGEST_ERROR,
        order: Some((coarse / fine).log2()),
        least_order: Some(LEAST_ORDER),
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
