//! What a user may not expect of parameters that can be run.

mod sampling;
mod trial;

use crate::{
    params::{Choice, RawParams, SIDES, StepMethod, Times},
    physics::{pieces::Pieces, robin::Robin, slots::Place, wall::Side},
    problem::Problem,
    schedule::{DECAY_IN_A_STEP, NEARLY},
};
use trial::{RoundingTrial, Steps};

/// Times that differ by more than this share of `outtime` are told of.
const SEEN: f64 = 1e-3;

/// Sentences for `plan`, `run` and sweeps: times that truncation moves, where the run ends, pieces of the domain that
/// nothing reaches, and walls that feed themselves. What is computed for them takes no more memory than `memory` of the
/// parameters allows.
#[must_use]
pub fn of(problem: &Problem) -> Vec<String> {
    let params = &problem.params;
    let has_time = params.canonical().get("runtime").is_some();
    let mut warnings = match problem.schedule.nsteps {
        0 if has_time => vec![format!(
            "runtime = {:?} is shorter than one step of {:?}: there is only snapshot 0, the initial state",
            params.runtime, problem.schedule.dt,
        )],
        _ => of_steps(problem),
    };
    warnings.extend_from_slice(problem.geometry().remarks());
    let pictures = problem.pictures();
    warnings.extend(
        pictures.filter_map(|(key, picture)| Some(format!("{key}: {}", picture.resampled()?))),
    );
    if problem.masked().is_some()
        && let Pieces {
            count: count @ 2..,
            untouched,
            first: Some((j, i)),
        } = Pieces::of(problem.geometry())
    {
        let (x, y) = (problem.grid.x.node(i), problem.grid.y.node(j));
        warnings.push(format!(
            "the mask leaves {count} pieces of the domain, and no wall and no held node touches {untouched} of them, the first at x = {x:?}, y = {y:?}: what is there stays there",
        ));
    }
    if let Some((side, place, time)) = Robin::new(problem.geometry(), params.runtime).feeding() {
        warnings.push(format!(
            "{} feeds itself: a/b < 0 at {place} and t = {time:?}, so the more there is, the more comes in, and p may grow without bound",
            SIDES[side as usize],
        ));
    }
    warnings
}

/// What times and steps make of the solution.
fn of_steps(problem: &Problem) -> Vec<String> {
    let mut warnings = match problem.params.times {
        Times::Course => of_course(problem),
        Times::Exact => of_exact(problem),
    };
    warnings.extend(of_until(problem));
    let of_trial = || Steps::of(problem)?.warning(problem);
    warnings.extend(of_decay(problem).or_else(of_trial));
    warnings.extend(sampling::of_jumps(problem));
    if let Some(rounding) = RoundingTrial::of(problem) {
        warnings.extend(rounding.warnings(problem));
    }
    warnings
}

/// What a user may not expect of what was typed.
#[must_use]
pub fn of_typed(raw: &RawParams) -> Vec<String> {
    of_grid(raw).into_iter().chain(of_time(raw)).collect()
}

/// That keys of time are of no use to a steady state.
fn of_time(raw: &RawParams) -> Option<String> {
    let is_steady = raw.typed().get("method")?.value.as_str() == Some(StepMethod::Steady.name());
    let typed = StepMethod::OF_TIME
        .into_iter()
        .filter(|key| raw.typed().get(key).is_some());
    let unused: Vec<&str> = typed.collect();
    (is_steady && !unused.is_empty()).then(|| {
        format!(
            "method = \"steady\" has no time and makes no use of {}",
            unused.join(", ")
        )
    })
}

/// That the default grid, the course's, has its walls where a problem of one's own hardly wants them.
fn of_grid(raw: &RawParams) -> Option<String> {
    const PHYSICS: [&str; 9] = [
        "Dx",
        "Dy",
        "capacity",
        "decay",
        "source",
        "initial.",
        "boundary.",
        "mask.",
        "held",
    ];
    let mut names = raw.typed().entries().map(|entry| entry.name.as_str());
    let own = names.find(|name| PHYSICS.iter().any(|physics| name.starts_with(physics)))?;
    raw.typed().get("grid").is_none().then(|| {
        format!(
            "{own} is not of the course's problem, and grid = \"slides\", the default, is of the course: its walls lie one spacing outside of x1, x2, y1 and y2; grid = \"walls\" has them there"
        )
    })
}

/// What may still change when a run ends early.
fn of_until(problem: &Problem) -> Option<String> {
    let until = problem.params.until.filter(|until| until.after <= 0.0)?;
    let walls = Side::ALL.into_iter().zip(SIDES);
    let walls = walls.filter(|(side, _)| problem.params.boundary.wall(*side).depends_on_time());
    let source = problem
        .slots()
        .slot(Place::Source)
        .in_time()
        .map(|_| "source");
    let moving: Vec<_> = walls.map(|(_, key)| key).chain(source).collect();
    (!moving.is_empty()).then(|| {
        format!(
            "until = {{ steady = {:?} }} ends the run while nothing changes, and {} may change later, with t: until = {{ steady = {:?}, after = … }} ends it at no earlier time",
            until.steady,
            moving.join(", "),
            until.steady,
        )
    })
}

/// Steps in which decay takes so much that it is not what `exp(-k t/c)` takes, as far as snapshots show it.
fn of_decay(problem: &Problem) -> Option<String> {
    /// What a step may take.
    const MOST: f64 = 0.1;
    let enough = match problem.params.method {
        StepMethod::Euler => DECAY_IN_A_STEP,
        method if method.is_exact_in_time() => return None,
        _ => MOST,
    };
    let rate = problem.decay();
    let dt = problem.schedule.dt.min(problem.schedule.cadence());
    let taken = rate * dt;
    let is_told = taken > MOST * (1.0 + NEARLY)
        && !trial::changes_little(problem, dt / (taken / enough).ceil());
    is_told.then(|| {
        format!(
            "steps of dt = {dt:?} are stable but not accurate beside the decay: k dt/c is {taken:.3} in one, and {enough:?} with dt = {:?}",
            enough / rate,
        )
    })
}

/// Times that truncation to whole steps moves, and where the run ends by it.
fn of_course(problem: &Problem) -> Vec<String> {
    let (schedule, params) = (&problem.schedule, &problem.params);
    let (dt, cadence) = (schedule.dt, schedule.cadence());
    let (end, outtime) = (schedule.end(), params.outtime);
    let mut warnings = Vec::new();
    // With outtime = 0 there is a snapshot at every step.
    let steps = match schedule.nper.most() {
        1 => "one step".to_owned(),
        nper => format!("{nper} whole steps"),
    };
    let seen = SEEN * if outtime > 0.0 { outtime } else { cadence };
    let index = schedule.snapshots() - 1;
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let asked = schedule.start + index as f64 * outtime;
    let way_out = match outtime > 0.0 {
        true => "; times = \"exact\" has them there",
        false => "",
    };
    if (end - asked).abs() > seen {
        warnings.push(format!(
            "snapshots are {cadence:?} apart, not outtime = {outtime:?}: {steps} of dt = {dt:?}; snapshot {index} lies at t = {end:?}, not {asked:?}{way_out}",
        ));
    }
    if params.runtime - schedule.duration() > seen {
        warnings.push(format!(
            "the run ends with its last snapshot, at t = {end:?} after step {}, before {}: int(runtime/dt) = {} with dt = {dt:?}, and a snapshot takes {steps}",
            schedule.last_step(),
            end_asked(problem),
            schedule.nsteps,
        ));
    }
    warnings
}

/// Where exact times leave something of the time to reach.
fn of_exact(problem: &Problem) -> Vec<String> {
    let (cadence, end) = (problem.schedule.cadence(), problem.schedule.end());
    if problem.params.runtime - problem.schedule.duration() <= NEARLY * cadence {
        return Vec::new();
    }
    let asked = end_asked(problem);
    vec![format!(
        "the run ends with its last snapshot, at t = {end:?}, before {asked}: snapshots are {cadence:?} apart",
    )]
}

/// The time to reach, in words.
fn end_asked(problem: &Problem) -> String {
    let params = &problem.params;
    match params.t0 {
        0.0 => format!("runtime = {:?}", params.runtime),
        t0 => format!("t0 + runtime = {:?}", t0 + params.runtime),
    }
}
