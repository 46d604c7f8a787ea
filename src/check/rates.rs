//! The rates of inflow in a steady state, through walls and at held nodes.

use super::CheckError;
use crate::{field::Field, params::StepMethod, physics::fluxes::FIRST_HELD, problem::Problem};

/// The names of the four sides, and of all held nodes together, in records.
const NAMES: [&str; 5] = [
    "left_rate",
    "right_rate",
    "bottom_rate",
    "top_rate",
    "held_rate",
];
/// The fraction of the largest rate below which a rate is a rounding error, as beside insulated walls.
const ROUNDING: f64 = 1e-9;

/// The names of the rates of a steady state; empty for a state that is not steady.
///
/// # Errors
/// [`CheckError`] if there is too little memory.
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
    let seen_rates = rates
        .into_iter()
        .filter(|(_, rate)| rate.abs() > ROUNDING * largest);
    Ok(seen_rates.map(|(name, _)| name).collect())
}

/// The rate with this name \[density·length²/time\]; NaN if there is too little memory.
pub(super) fn rate(problem: &Problem, state: &Field<f64>, name: &str) -> f64 {
    let rates = rates(problem, state).unwrap_or_default();
    let named_rate = rates.into_iter().find(|(known, _)| *known == name);
    named_rate.map_or(f64::NAN, |(_, rate)| rate)
}

fn rates(problem: &Problem, state: &Field<f64>) -> Result<Vec<(&'static str, f64)>, CheckError> {
    let mut fluxes = problem.fluxes_of_rows(0..problem.grid.y.nodes)?;
    let parts = fluxes.at(problem.schedule.pace().start().simtime, &state.view());
    let held_rates = parts[FIRST_HELD..][..problem.geometry().tables()].iter();
    let walls = parts[..NAMES.len() - 1].iter().copied();
    Ok(NAMES
        .into_iter()
        .zip(walls.chain([held_rates.sum()]))
        .collect())
}
