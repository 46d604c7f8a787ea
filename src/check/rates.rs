//! What comes in per time in a steady state, through walls and from held nodes.

use super::CheckError;
use crate::{field::Field, params::StepMethod, physics::fluxes::FIRST_HELD, problem::Problem};

/// The names that the four sides, and all held nodes together, have in records.
const NAMES: [&str; 5] = [
    "left_rate",
    "right_rate",
    "bottom_rate",
    "top_rate",
    "held_rate",
];
/// A share of the largest rate that is a rounding, as beside insulated walls.
const ROUNDING: f64 = 1e-9;

/// The rates that a steady state has, by name; none of a state that is not steady.
///
/// # Errors
/// [`CheckError`] where there is too little memory.
pub(super) fn names(
    problem: &Problem,
    state: &Field<f64>,
) -> Result<Vec<&'static str>, CheckError> {
    if problem.params.method != StepMethod::Steady {
        return Ok(Vec::new());
    }
    let rates = rates(problem, state)?;
    let largest = rates
        .iter()
        .fold(0.0, |most: f64, (_, rate)| most.max(rate.abs()));
    let there = rates
        .into_iter()
        .filter(|(_, rate)| rate.abs() > ROUNDING * largest);
    Ok(there.map(|(name, _)| name).collect())
}

/// One of them \[density·length²/time\]; NaN where there is too little memory.
pub(super) fn rate(problem: &Problem, state: &Field<f64>, name: &str) -> f64 {
    let rates = rates(problem, state).unwrap_or_default();
    let found = rates.into_iter().find(|(known, _)| *known == name);
    found.map_or(f64::NAN, |(_, rate)| rate)
}

fn rates(problem: &Problem, state: &Field<f64>) -> Result<Vec<(&'static str, f64)>, CheckError> {
    let mut fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes)?;
    let parts = fluxes.at(problem.schedule.pace().start().simtime, &state.view());
    let held = parts[FIRST_HELD..][..problem.geometry().tables()].iter();
    let walls = parts[..NAMES.len() - 1].iter().copied();
    Ok(NAMES.into_iter().zip(walls.chain([held.sum()])).collect())
}
