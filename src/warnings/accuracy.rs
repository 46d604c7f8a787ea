//! Warnings on numbers that are off by their steps, and by the spacing.

use super::{layer::of_layer, sampling::Sampling};
use crate::{
    accuracy::{QuantityError, SpacingErrors, StepErrors, changes_little},
    cube::Cube,
    params::{RawParams, StepMethod},
    problem::Problem,
    run::{RunError, problem_and_rate},
    schedule::{DECAY_IN_A_STEP, NEARLY},
};

/// The errors by steps, and by the spacing, relative to the sizes of numbers, above which there are warnings, and the error
/// that recommended steps have.
const OF_STEPS: f64 = 5e-3;
const OF_SPACING: f64 = 7.5e-3;
const AIM: f64 = 2e-3;

/// A sentence for problems for which the error of the spacing is not estimated.
pub const NOT_ESTIMATED: &str =
    "the error that the spacing makes is not estimated here: `diff2d check` tells it";

/// Warnings on numbers that are off by their steps, be it because of decay, of changes between steps, or otherwise, and by
/// their spacing.
pub(super) fn of_accuracy(problem: &Problem) -> Vec<String> {
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let sampling = Sampling::of(problem);
    let of_decay = of_decay(problem);
    let largest_miss = sampling
        .as_ref()
        .and_then(|sampling| sampling.largest_miss.as_ref());
    // Beside another warning the error counts, however small it is.
    let negligible = match of_decay.is_some() || largest_miss.is_some() {
        true => 0.0,
        false => OF_STEPS,
    };
    let shorter = sampling.as_ref().map_or((Some(2), 0.0), |sampling| {
        (sampling.divisor, sampling.remainder)
    });
    let errors = StepErrors::of(problem, shorter, negligible);
    let is_of_run = errors.as_ref().is_some_and(|errors| errors.is_of_run);
    let described = errors
        .as_ref()
        .and_then(|errors| described_steps(problem, errors));
    let missed = sampling.as_ref().and_then(|sampling| {
        let missed = sampling.largest_miss.as_ref()?.describe(dt);
        match (is_of_run, &described) {
            (true, described) => Some(format!("{missed}; {}", described.as_ref()?)),
            (false, _) => Some(format!("{missed}{}", sampling.way_out(dt))),
        }
    });
    let is_described = is_of_run && missed.is_some();
    let of_steps = described
        .filter(|_| !is_described)
        .map(|described| format!("steps of dt = {dt:?} are stable but not accurate: {described}"));
    let of_steps = of_decay.or(of_steps);
    let mut warnings: Vec<String> = of_steps.into_iter().chain(missed).collect();
    // What is not told counts as nothing, and what is not known hides what the spacing makes.
    let errors_of_steps = match (warnings.is_empty(), errors) {
        (true, _) => Some(Vec::new()),
        (false, errors) => errors.map(|errors| errors.errors),
    };
    warnings.extend(errors_of_steps.and_then(|errors| of_spacing(problem, &errors)));
    warnings
}

/// A sentence on the effect of steps on the worst quantities and on a better step, if the error needs a warning.
fn described_steps(problem: &Problem, errors: &StepErrors) -> Option<String> {
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let factor = match problem.params.method {
        StepMethod::Rkl2 if !problem.depends_on_time() => (AIM / errors.largest()).sqrt(),
        _ => AIM / errors.largest(),
    };
    let shorter = match errors.divisor {
        2 => "half as long".to_owned(),
        divisor => format!("{divisor} times shorter"),
    };
    let (listed, _) = listed(&errors.errors, OF_STEPS)?;
    Some(format!(
        "after step {}, {listed}, as steps {shorter} show, and with dt = {:.2e} by about {:?} %",
        errors.errors.first()?.step,
        0.99 * factor * dt,
        100.0 * AIM,
    ))
}

/// Warns that numbers are off by the spacing. Of the differences between grids, `errors_of_steps` are those of steps.
fn of_spacing(problem: &Problem, errors_of_steps: &[QuantityError]) -> Option<String> {
    let errors = SpacingErrors::of(problem, errors_of_steps, None);
    let listed = errors.and_then(|errors| listed(&errors.errors, OF_SPACING));
    let of_grids = listed.map(|(listed, are_several)| {
        let pronoun = if are_several { "them" } else { "it" };
        format!(
            "{}; `diff2d check` measures {pronoun}",
            coarse(problem, &listed)
        )
    });
    of_grids.or_else(|| of_layer(problem))
}

/// The beginning of a warning on numbers that are off by the spacing.
fn coarse(problem: &Problem, listed: &str) -> String {
    let (x, y) = (problem.grid.x.spacing, problem.grid.y.spacing);
    let spacing = match x == y {
        true => format!("dx = {x:?}"),
        false => format!("dx = {x:?} and dy = {y:?}"),
    };
    format!("the spacing is coarse: with {spacing}, {listed}, as grids of other spacings show")
}

/// A sentence on the effective diffusivity of a run whose spacing is coarse; the state is solved for on other grids.
///
/// # Errors
/// As [`EffectiveDiffusivity::of`](crate::program::run::EffectiveDiffusivity::of).
pub fn of_effective(cube: &Cube, moved: &[String]) -> Result<Option<String>, RunError> {
    let (problem, rate) = problem_and_rate(cube, moved)?;
    let mut raw = RawParams::from_canonical(problem.params.canonical());
    raw.set("record={ totals = true }")?;
    let problem = Problem::from_raw(&raw)?;
    let errors = SpacingErrors::of(&problem, &[], None);
    let errors = errors.map_or_else(Vec::new, |errors| errors.errors);
    let of_rate = errors
        .iter()
        .find(|error| error.name() == rate && error.share > OF_SPACING);
    Ok(of_rate.map(|error| {
        let percent = shown(100.0 * error.share);
        coarse(&problem, &format!("effective is off by about {percent} %"))
    }))
}

/// The errors above a threshold in words, the worst of each kind of number, the largest first, and whether they are several.
fn listed(errors: &[QuantityError], threshold: f64) -> Option<(String, bool)> {
    let mut worst: Vec<&QuantityError> = Vec::new();
    for error in errors.iter().filter(|error| error.share > threshold) {
        if worst
            .iter()
            .all(|other| !other.quantity.is_like(&error.quantity))
        {
            worst.push(error);
        }
    }
    let parts = worst.iter().enumerate().map(|(place, error)| {
        let verb = if place == 0 { "is off by about" } else { "by" };
        let whole = if error.quantity.is_value() {
            " of its range"
        } else {
            ""
        };
        let (name, percent) = (&error.quantity.name, shown(100.0 * error.share));
        // The range of a value is that of p.
        let whole = if error.quantity.name != "p" && !whole.is_empty() {
            " of the range of p"
        } else {
            whole
        };
        format!("{name} {verb} {percent} %{whole}")
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| (parts.join(", "), parts.len() > 1))
}

/// A percentage with two digits at least.
fn shown(percent: f64) -> String {
    if percent < 10.0 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    }
}

/// A warning on steps in which decay takes so much that the result differs from `exp(-k t/c)`, as far as snapshots show
/// it.
fn of_decay(problem: &Problem) -> Option<String> {
    /// The largest relative loss in a step without a warning.
    const MOST: f64 = 0.1;
    let enough = match problem.params.method {
        StepMethod::Euler => DECAY_IN_A_STEP,
        method if method.is_exact_in_time() => return None,
        _ => MOST,
    };
    let rate = problem.fastest_loss();
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let loss_in_step = rate * dt;
    let is_told = loss_in_step > MOST * (1.0 + NEARLY)
        && !changes_little(problem, (loss_in_step / enough).ceil() as u32);
    is_told.then(|| {
        format!(
            "steps of dt = {dt:?} are stable but not accurate beside the decay: k dt/c is {loss_in_step:.3} in one, and {enough:?} with dt = {:?}",
            enough / rate,
        )
    })
}
