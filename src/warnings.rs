//! Warnings on parameters that can be run but may not do what the user expects.

mod accuracy;
mod layer;
mod rounding;
mod sampling;
mod signal;

pub use crate::accuracy::{is_estimated, is_too_dear};
pub use accuracy::{NOT_ESTIMATED, of_effective};

use crate::{
    params::{Choice, Quantity, RawParams, RowTimes, SIDES, StepMethod, Times, hint},
    physics::{pieces::Pieces, robin::Robin, wall::Side},
    problem::Problem,
    schedule::NEARLY,
};
use rounding::RoundingTrial;

/// The difference between two times, relative to `outtime`, above which there is a warning.
const SEEN: f64 = 1e-3;

/// Warnings for `plan`, `run` and sweeps: times moved by truncation, the end of the run, isolated pieces of the domain,
/// and walls with growing inflow. Computing them takes no more memory than `memory` in the parameters allows.
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
    warnings.extend(of_cells(problem));
    warnings.extend_from_slice(problem.geometry().remarks());
    for (key, picture) in problem.pictures() {
        let blurred = (key != "initial").then(|| picture.blurred()).flatten();
        let remarks = [picture.resampled(), blurred, picture.dark()];
        let remarks = remarks.into_iter().flatten();
        warnings.extend(remarks.map(|remark| format!("{key}: {remark}")));
    }
    warnings.extend(of_idle_terms(problem));
    warnings.extend(of_pieces(problem));
    warnings.extend(of_moving_source(problem));
    warnings.extend(problem.unrelated_functions());
    if let Some((side, place, time)) = Robin::new(problem.geometry(), params.runtime).feeding() {
        warnings.push(format!(
            "{} feeds itself: a/b < 0 at {place} and t = {time:?}, so the more there is, the more comes in, and p may grow without bound",
            SIDES[side as usize],
        ));
    }
    warnings
}

impl Problem {
    /// Warnings on the accuracy of a run of this problem, in sentences. Parts of the problem are solved for them; `raw`
    /// are the parameters as typed.
    #[must_use]
    pub fn warnings(&self, raw: &RawParams) -> Vec<String> {
        of(self).into_iter().chain(of_typed(raw)).collect()
    }
}

/// Warnings on terms of the equation that are 0 but at nodes that keep their values.
fn of_idle_terms(problem: &Problem) -> Vec<String> {
    let (geometry, (ny, nx)) = (problem.geometry(), problem.grid.shape());
    let keeps = |node| geometry.masks(node) || geometry.owners(node).is_some();
    let terms = [Quantity::Source, Quantity::Decay].into_iter();
    let idle_terms = terms.filter(|&quantity| {
        let values = &problem.slots().slot(quantity).values;
        let (mut row, mut count) = (vec![0.0; nx], 0);
        let mut rows = 0..if values.uniform().is_none() { ny } else { 0 };
        rows.all(|j| {
            let filled = values.rows(&geometry.nodes, j..j + 1, geometry.start, &mut row);
            let mut nodes = (0..nx).filter(|&i| row[i] != 0.0).inspect(|_| count += 1);
            filled.is_ok() && nodes.all(|i| keeps((j, i)))
        }) && count > 0
    });
    let sentences = idle_terms.map(|quantity| {
        format!(
            "{} has no effect: it is 0 but at nodes that are masked, held or on fixed walls",
            quantity.key()
        )
    });
    sentences.collect()
}

/// A warning on pieces of the domain that nothing reaches.
fn of_pieces(problem: &Problem) -> Option<String> {
    problem.masked()?;
    let Pieces {
        count, untouched, ..
    } = Pieces::of(problem.geometry());
    let &(j, i) = untouched.first().filter(|_| count > 1)?;
    let (x, y) = (problem.grid.x.node(i), problem.grid.y.node(j));
    Some(format!(
        "the mask leaves {count} pieces of the domain, and no wall and no held node touches {} of them, the first at x = {x:?}, y = {y:?}: what is there stays there; mask.isolated = \"mask\" leaves them out",
        untouched.len(),
    ))
}

/// A warning on a source that is asked at nodes at some time, though it jumps between them.
fn of_moving_source(problem: &Problem) -> Option<String> {
    /// The number of times at which it is looked at.
    const LOOKS: u32 = 5;
    let (start, runtime) = (problem.params.t0, problem.params.runtime);
    let slow_sources = (0..LOOKS).filter_map(|look| {
        let time = start + runtime * (f64::from(look) / f64::from(LOOKS - 1));
        let source = problem.slots().moving_source(time)?;
        let [at_nodes, power] = (!source.is_cheap()).then(|| source.powers(time).ok())??;
        let error = 100.0 * (at_nodes - power).abs() / power.abs().max(at_nodes.abs());
        error.is_finite().then_some((error, time))
    });
    let (error, time) = slow_sources.max_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(format!(
        "the source counts at nodes where it jumps in x or y, for integrating it between them takes longer than a step: its power at t = {time:?} is off by about {error:.2} %; a sum of few f(x, y) g(t) is integrated, and so is what is smaller beside the grid"
    ))
}

/// A warning on cells dropped by truncation although the quotient was whole up to rounding.
fn of_cells(problem: &Problem) -> Vec<String> {
    /// The relative difference of the spacing from the typed one above which there is a warning: just above rounding.
    const SMALLER: f64 = 1e-9;
    let (params, grid) = (&problem.params, &problem.grid);
    let x = ("dx", ["x1", "x2"], params.dx, &grid.x);
    let y = ("dy", ["y1", "y2"], params.dy, &grid.y);
    let axes = if grid.x == grid.y {
        vec![x]
    } else {
        vec![x, y]
    };
    let dropped = axes.into_iter().filter_map(|(key, [lower, upper], wanted, axis)| {
        let (quotient, cells) = axis.cells_before_truncation(wanted)?;
        Some(format!(
            "({upper} - {lower})/{key} = {quotient:?} is {cells} but for rounding, and grid = {:?} truncates it to {} cells, as the course's programs do; {key} = {:?} has {cells}",
            params.grid.name(),
            cells - 1.0,
            wanted * (1.0 - SMALLER),
        ))
    });
    dropped.collect()
}

/// Warnings on the effect of times and steps on the solution.
fn of_steps(problem: &Problem) -> Vec<String> {
    let mut warnings = match problem.params.times {
        Times::Course => of_course(problem),
        Times::Exact => of_exact(problem),
    };
    warnings.extend(of_rows(problem));
    warnings.extend(of_until(problem));
    warnings.extend(accuracy::of_accuracy(problem));
    if let Some(rounding) = RoundingTrial::of(problem) {
        warnings.extend(rounding.warnings(problem));
    }
    warnings
}

/// Warnings on parameters as typed.
#[must_use]
pub fn of_typed(raw: &RawParams) -> Vec<String> {
    let of_keys = of_grid(raw).into_iter().chain(of_time(raw));
    of_keys.chain(of_names(raw)).collect()
}

/// Warns of constants and functions that no formula uses: a slip in the name of one changes nothing.
fn of_names(raw: &RawParams) -> Vec<String> {
    const TABLES: [(&str, &str); 2] = [
        ("constants", "uses the constant"),
        ("function", "calls the function"),
    ];
    let words = raw.typed().words_of_formulas();
    let sentences = TABLES.into_iter().flat_map(|(table, makes_use)| {
        let names = raw.typed().parts_of(table);
        let (used, unused): (Vec<String>, Vec<String>) = names
            .into_iter()
            .partition(|name| words.contains(name.as_str()));
        let sentence = move |name: &String| {
            let hint = hint(name, used.iter().map(String::as_str));
            format!("no formula {makes_use} {name}{hint}")
        };
        unused.iter().map(sentence).collect::<Vec<_>>()
    });
    sentences.collect()
}

/// Warns that keys of time have no effect on a steady state.
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

/// Warns that the default grid, the course's, has its walls where few other problems want them.
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
    let foreign_key = names.find(|name| PHYSICS.iter().any(|physics| name.starts_with(physics)))?;
    raw.typed().get("grid").is_none().then(|| {
        format!(
            "{foreign_key} is no key of the course's problem, for which the default, grid = \"slides\", is made: its walls lie one spacing outside of x1, x2, y1 and y2; grid = \"walls\" puts them there"
        )
    })
}

/// A warning on the change that may still follow when a run ends early.
fn of_until(problem: &Problem) -> Option<String> {
    let until = problem.params.until.as_ref();
    let rate = until.filter(|until| until.after <= 0.0)?.steady?;
    let walls = Side::ALL.into_iter().zip(SIDES);
    let walls = walls.filter(|(side, _)| problem.params.boundary.wall(*side).depends_on_time());
    let quantities = problem.slots().keys_in_time();
    let moving: Vec<_> = walls.map(|(_, key)| key).chain(quantities).collect();
    (!moving.is_empty()).then(|| {
        format!(
            "until = {{ steady = {rate:?} }} ends the run while nothing changes, and {} may change later, with t: until = {{ steady = {rate:?}, after = … }} ends it at no earlier time",
            moving.join(", "),
        )
    })
}

/// Warnings on times that are truncated to whole steps, and on the resulting end of the run.
fn of_course(problem: &Problem) -> Vec<String> {
    let (schedule, params) = (&problem.schedule, &problem.params);
    let (dt, cadence) = (schedule.dt, schedule.cadence());
    let (end_time, outtime) = (schedule.end(), params.outtime);
    let mut warnings = Vec::new();
    // With outtime = 0 there is a snapshot at every step.
    let steps = match schedule.nper.most() {
        1 => "one step".to_owned(),
        nper => format!("{nper} whole steps"),
    };
    let tolerance = SEEN * if outtime > 0.0 { outtime } else { cadence };
    let index = schedule.snapshots() - 1;
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let requested_time = schedule.start + index as f64 * outtime;
    let way_out = if outtime > 0.0 {
        "; times = \"exact\" has them there"
    } else {
        ""
    };
    if (end_time - requested_time).abs() > tolerance {
        warnings.push(format!(
            "snapshots are {cadence:?} apart, not outtime = {outtime:?}: {steps} of dt = {dt:?}; snapshot {index} lies at t = {end_time:?}, not {requested_time:?}{way_out}",
        ));
    }
    if params.runtime - schedule.duration() > tolerance {
        warnings.push(format!(
            "the run ends with its last snapshot, at t = {end_time:?} after step {}, before {}: int(runtime/dt) = {} with dt = {dt:?}, and a snapshot takes {steps}",
            schedule.last_step(),
            end_asked(problem),
            schedule.nsteps,
        ));
    }
    warnings
}

/// Warns that exact times leave a remainder of the time to reach.
fn of_exact(problem: &Problem) -> Vec<String> {
    let (cadence, end_time) = (problem.schedule.cadence(), problem.schedule.end());
    if problem.params.runtime - problem.schedule.duration() <= NEARLY * cadence {
        return Vec::new();
    }
    let requested_end = end_asked(problem);
    vec![format!(
        "the run ends with its last snapshot, at t = {end_time:?}, before {requested_end}: snapshots are {cadence:?} apart",
    )]
}

/// A warning on times of rows behind the end of the run.
fn of_rows(problem: &Problem) -> Option<String> {
    let RowTimes::At(times) = &problem.params.record.as_ref()?.times else {
        return None;
    };
    let (cadence, end_time) = (problem.schedule.cadence(), problem.schedule.end());
    let reached_count = times.partition_point(|time| time - end_time <= NEARLY * cadence);
    let late_times = &times[reached_count..];
    let first_late_time = late_times.first()?;
    Some(format!(
        "record.at: {} of {} rows are missing, from t = {first_late_time:?} on: the run ends at t = {end_time:?}",
        late_times.len(),
        times.len(),
    ))
}

/// The time to reach, in words.
fn end_asked(problem: &Problem) -> String {
    let params = &problem.params;
    match params.t0 {
        0.0 => format!("runtime = {:?}", params.runtime),
        t0 => format!("t0 + runtime = {:?}", t0 + params.runtime),
    }
}
