//! What jumps between steps: integrals over time as the steps see them, beside those of finer sampling.

use super::trial;
use crate::{
    params::{Function, SIDES, StepMethod},
    physics::{method, nodes::Nodes, over_time::values_at, slots::Place, wall::Side},
    problem::Problem,
    schedule::Schedule,
};
use diff2d_stencil::Rkl2;

/// A difference of integrals that is told of, as a share of what the function varies by, or of all of it.
const SHARE: f64 = 0.01;
const SHARE_OF_ALL: f64 = 0.001;
/// Values of one function at one node by the steps, at most, and by finer sampling, at least.
const MOST_VALUES: usize = 1 << 18;
const FINE_VALUES: usize = 1 << 16;
/// Nodes along a wall, and along each axis, at which what depends on x or y is looked at.
const NODES: usize = 5;

/// Walls and sources whose integral over the run the steps miss by more than a hundredth.
pub(super) fn of_jumps(problem: &Problem) -> Vec<String> {
    if problem.params.method.is_exact_in_time() || !problem.schedule.duration().is_normal() {
        return Vec::new();
    }
    let nodes = &problem.geometry().nodes;
    let mut told = Vec::new();
    for (side, key) in Side::ALL.into_iter().zip(SIDES) {
        let functions = problem.params.boundary.wall(side).functions();
        let places: Vec<_> = some_of(side.nodes(&problem.grid))
            .map(|number| side.node(&problem.grid, number))
            .collect();
        for (function, part) in functions.iter().zip(["a of ", "b of ", "c of "]) {
            let part = if functions.len() == 1 { "" } else { part };
            let name = format!("{part}{key}");
            told.extend(of_function(problem, nodes, &name, function, &places));
        }
    }
    let (ny, nx) = problem.grid.shape();
    let places: Vec<_> = some_of(ny)
        .flat_map(|j| some_of(nx).map(move |i| (j, i)))
        .collect();
    if let Some(source) = problem.slots().slot(Place::Source).in_time() {
        told.extend(of_function(problem, nodes, "source", source, &places));
    }
    told
}

/// Some numbers below `count`, none of them at an end if there are others.
fn some_of(count: usize) -> impl Iterator<Item = usize> + Clone {
    let parts = NODES.min(count.saturating_sub(2)).max(1);
    (1..=parts).map(move |part| part * count / (parts + 1))
}

fn of_function(
    problem: &Problem,
    nodes: &Nodes,
    name: &str,
    function: &Function,
    places: &[(usize, usize)],
) -> Option<String> {
    if !function.depends_on_time() {
        return None;
    }
    let varies = function.depends_on_place();
    let places = places
        .iter()
        .filter(|&&node| !problem.geometry().keeps(node));
    let places: Vec<_> = places
        .take(if varies { usize::MAX } else { 1 })
        .map(|&node| (node, Fine::of(problem, nodes, function, node)))
        .collect();
    let missed = |schedule: &Schedule| {
        let mut worst: Option<((usize, usize), f64, f64)> = None;
        let (mut all, mut largest, mut total) = (0.0, 0.0, 0.0);
        for (node, fine) in &places {
            let seen = seen(problem, schedule, |times| {
                values_at(function, nodes, *node, times)
            })?;
            let missed = (seen - fine.integral).abs() - 2.0 * fine.unsure;
            if !missed.is_finite() {
                return None;
            }
            if missed > 0.0 {
                all += missed;
            }
            largest += fine.varying;
            total += fine.all;
            if worst.is_none_or(|(_, most, _)| missed > most) {
                worst = Some((*node, missed, seen));
            }
        }
        let is_told = all > SHARE * largest && all > SHARE_OF_ALL * total;
        Some(worst.filter(|_| is_told))
    };
    let schedule = &problem.schedule;
    let (node, _, seen) = missed(schedule)??;
    let (_, fine) = places.iter().find(|(place, _)| *place == node)?;
    let mut shorter = schedule.dt.min(schedule.cadence());
    let enough = loop {
        shorter /= 2.0;
        match missed(&problem.schedule.with_step(shorter)) {
            Some(None) if trial::changes_little(problem, shorter) => return None,
            Some(None) => break format!("dt = {shorter:?} would do"),
            Some(Some(_)) => {}
            None => break format!("no dt down to {:?} would do", 2.0 * shorter),
        }
    };
    let place = match varies {
        true => format!(" at {}", nodes.describe(node.0, node.1)),
        false => String::new(),
    };
    Some(format!(
        "{name}{place} changes between steps: its integral over time is {} as steps of dt = {:?} see it, and {} by finer sampling; {enough}",
        shown(seen),
        schedule.dt,
        shown(fine.integral),
    ))
}

/// With four digits.
fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e6).contains(&size) => format!("{value:.4}"),
        _ => format!("{value:.3e}"),
    }
}

/// The integral of a function as the steps of a run see it: those of explicit Euler at their beginning, those of RKL2 at the
/// times of their stages. Nothing where these are too many.
fn seen(
    problem: &Problem,
    schedule: &Schedule,
    values: impl Fn(&[f64]) -> Vec<f64>,
) -> Option<f64> {
    let method = (problem.params.method == StepMethod::Rkl2).then(|| {
        let stages = match problem.params.stages {
            Some(stages) if schedule.dt == problem.schedule.dt => stages,
            _ => method::stages(schedule.dt, problem.limit()),
        };
        Rkl2::<f64>::new(stages)
    });
    let stages = method.as_ref().map_or(1, Rkl2::stages);
    let count = usize::try_from(schedule.last_step()).ok()?;
    if count.saturating_mul(stages) > MOST_VALUES {
        return None;
    }
    let pace = schedule.pace();
    let mut now = pace.start();
    let (mut times, mut lengths) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let length = pace.next(now);
        lengths.push(length);
        match &method {
            None => times.push(now.simtime),
            Some(method) => {
                let parts = &method.times()[..stages];
                times.extend(parts.iter().map(|part| now.simtime + part * length));
            }
        }
        now = pace.after(now, 1);
    }
    let values = values(&times);
    let steps = values.chunks(stages).zip(lengths);
    Some(match &method {
        None => steps.map(|(value, length)| value[0] * length).sum(),
        Some(method) => steps
            .map(|(values, length)| {
                let [mut before, mut latest] = [0.0; 2];
                for number in 1..=stages {
                    let by = values[number - 1] - values[0];
                    let increments = [by * length, values[0] * length];
                    let next = method.difference(number, [latest, before], increments);
                    (before, latest) = (latest, next);
                }
                latest
            })
            .sum(),
    })
}

/// The integral of a function over a run by many times.
struct Fine {
    integral: f64,
    /// What half of the times give otherwise.
    unsure: f64,
    /// The integral of its magnitude.
    all: f64,
    /// Twice that of its distance from its median: of what is 0 most of the time, or grows from 0, the same as `all`.
    varying: f64,
}

impl Fine {
    #[expect(clippy::cast_precision_loss, reason = "numbers of values are small")]
    fn of(problem: &Problem, nodes: &Nodes, function: &Function, node: (usize, usize)) -> Self {
        let schedule = &problem.schedule;
        let steps = usize::try_from(schedule.last_step()).unwrap_or(MOST_VALUES);
        let count = (4 * steps).clamp(FINE_VALUES, MOST_VALUES);
        let duration = schedule.duration();
        let middles = (0..count).map(|number| (2 * number + 1) as f64 / (2 * count) as f64);
        let times: Vec<f64> = middles
            .map(|part| schedule.start + part * duration)
            .collect();
        let mut values = values_at(function, nodes, node, &times);
        let mean = |values: &[f64], every: usize, of: &dyn Fn(f64) -> f64| {
            let some = values.iter().step_by(every);
            let number = some.len().max(1) as f64;
            duration * (some.map(|&value| of(value)).sum::<f64>() / number)
        };
        let integral = mean(&values, 1, &|value| value);
        let half = mean(&values, 2, &|value| value);
        let all = mean(&values, 1, &f64::abs);
        let middle = values.len() / 2;
        let (_, &mut median, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
        let varying = 2.0 * mean(&values, 1, &|value| (value - median).abs());
        Self {
            integral,
            unsure: (integral - half).abs(),
            all,
            varying: varying.min(all),
        }
    }
}
