//! [`faster_method`]: a method that gives the values of a long fit as accurately in less time.

use super::{
    error::FitError, least_squares::Minimum, model::Model, rows::at_times, shifts::Follow,
};
use crate::{
    params::{Place, RawParams, StepMethod, value::Value},
    problem::Problem,
    run::RowSums,
};

/// The fewest node updates of a fit whose time is worth a word: about ten seconds of a processor.
const WORTH: f64 = (1_u64 << 33) as f64;
/// How many times less a method has to take.
const LEAST_GAIN: f64 = 2.0;
/// The share of a standard error by which it may move an unknown.
const SAME: f64 = 0.1;
/// The number of node updates that take as long as a stage of RKL2, and as an exact step, for each node.
const STAGE: f64 = 2.0;
const EXACT_STEP: f64 = 100.0;
/// The numbers of steps of RKL2 that are tried, the fewest first.
const STEPS: [f64; 3] = [64.0, 256.0, 1024.0];

/// A sentence on a method that takes at most half the time of a long fit by Euler steps, and gives every unknown of these standard
/// errors to a tenth of its error. `raw` are the parameters of the file.
///
/// # Errors
/// [`FitError::Stopped`].
pub fn faster_method(
    model: &Model,
    raw: &RawParams,
    best: &Minimum,
    errors: &[Option<f64>],
) -> Result<Option<String>, FitError> {
    let problem = model.problem_at(&best.point.at)?;
    let steps = problem.schedule.last_step() as f64;
    let updates = problem.grid.len() as f64 * steps * model.runs.done() as f64;
    if problem.params.method != StepMethod::Euler || updates < WORTH {
        return Ok(None);
    }
    let raw = model.set_in(raw, &best.point.at);
    let without_steps = ["dt", "safety", "stages"];
    let raw = without_steps.iter().fold(raw, |raw, key| raw.without(key));
    let end_time = model.times().last().copied().unwrap_or(f64::NAN);
    let of_rkl2 = STEPS.into_iter().map(|count| {
        // Two digits, for somebody who types them.
        let dt = (end_time - problem.params.t0) / count;
        let dt = format!("{dt:.1e}").parse().unwrap_or(dt);
        let raw = with_method(&raw, "rkl2").with("dt", Value::Float(dt), Place::Default);
        (raw, format!("method = \"rkl2\" and dt = {dt:?}"))
    });
    let exact = (with_method(&raw, "exact"), "method = \"exact\"".to_owned());
    for (raw, name) in [exact].into_iter().chain(of_rkl2) {
        let Some(other) = comparable(model, &raw) else {
            continue;
        };
        let steps_of_other = other.schedule.last_step() as f64 + model.times().len() as f64;
        let cost = match other.params.method {
            StepMethod::Exact => EXACT_STEP * steps_of_other,
            _ => STAGE * other.stages() as f64 * steps_of_other,
        };
        if cost * LEAST_GAIN > steps {
            continue;
        }
        let values = match model.weighted_values_of_problem(&other) {
            Err(FitError::Stopped) => return Err(FitError::Stopped),
            // What cannot be computed is no way out.
            Err(_) => continue,
            Ok(values) => values,
        };
        let free: Vec<usize> = (0..errors.len())
            .filter(|&number| errors[number].is_some())
            .collect();
        let fitted_values = model.weighted_values(&best.point);
        let changes = values
            .iter()
            .zip(&fitted_values)
            .map(|(value, fitted_value)| value - fitted_value);
        let changes: Vec<f64> = changes.collect();
        let moved = Follow::new(model, best).changes(&free, &changes);
        let relative = free
            .iter()
            .map(|&number| (moved[number] / errors[number].unwrap_or(1.0)).abs());
        let largest = relative.fold(0.0, f64::max);
        if largest <= SAME {
            return Ok(Some(format!(
                "{name} would give the same to {largest:.1e} of a standard error, about {:.0} times as fast",
                steps / cost
            )));
        }
    }
    Ok(None)
}

/// The parameters with another method.
fn with_method(raw: &RawParams, name: &str) -> RawParams {
    raw.clone().with("method", name.into(), Place::Default)
}

/// The problem of other parameters with rows at the times of the data, if its rows are comparable.
fn comparable(model: &Model, raw: &RawParams) -> Option<Problem> {
    let problem = model.problem_of(raw).ok()?;
    let is_exact = problem.params.method == StepMethod::Exact;
    if is_exact && model.sums() == RowSums::OfSteps {
        return None;
    }
    let raw = at_times(raw, &problem, model.times(), model.sums()).ok()?;
    model.problem_of(&raw).ok()
}
