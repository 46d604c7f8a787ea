//! Compares functions of t as sampled by the steps with the exact functions, by their integrals over time.

use super::signal::{Integral, Signal, range, running_sums, signals};
use crate::{params::StepMethod, physics::method, problem::Problem, schedule::Schedule};
use diff2d_stencil::Rkl2;

/// The relative error of the integral of a function's variation that is negligible, and the error above which there is
/// a warning.
const NOTHING: f64 = 0.001;
const SHARE: f64 = 0.02;
/// The largest ratio of errors at which shorter steps reveal the error of the run's steps.
const MOST_REMAINDER: f64 = 0.6;
/// The largest number of samples of a function at one place.
const MOST_VALUES: usize = 1 << 18;

/// The errors by which the steps of a run sample functions of t.
pub(super) struct Sampling {
    /// The factor by which steps have to be shorter to reveal the error of the run's steps; `None` if that takes too
    /// many steps.
    pub(super) divisor: Option<u32>,
    /// The ratio of the error of these shorter steps to the error of the run's steps.
    pub(super) remainder: f64,
    /// The function with the largest error, if there is a warning on it.
    pub(super) largest_miss: Option<Missed>,
}

/// The time interval with the largest error in the integral of a function.
pub(super) struct Missed {
    name: String,
    /// The interval as part of a sentence; empty for the whole run.
    stretch: String,
    seen_integral: f64,
    exact_integral: f64,
    has_knots: bool,
    /// The error relative to the integral of the function's variation.
    share: f64,
}

impl Missed {
    /// The beginning of a sentence on the error of steps of `dt`.
    pub(super) fn describe(&self, dt: f64) -> String {
        let Self { name, stretch, .. } = self;
        let [seen_integral, exact_integral] = [self.seen_integral, self.exact_integral].map(shown);
        let source = if self.has_knots {
            "by its points"
        } else {
            "by finer sampling"
        };
        format!(
            "{name} changes between steps: {stretch}its integral over time is {seen_integral} as steps of dt = {dt:?} see it, and {exact_integral} {source}"
        )
    }
}

impl Sampling {
    /// The sampling errors of a run's steps, if anything depends on t.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let schedule = &problem.schedule;
        if problem.params.method.is_exact_in_time()
            || !problem.depends_on_time()
            || !schedule.duration().is_normal()
        {
            return None;
        }
        let looks = Looks::of(problem, schedule)?;
        let signals = signals(problem).into_iter();
        let mut missed_signals: Vec<(Signal<'_>, Integral, f64)> = Vec::new();
        let mut largest_miss: Option<Missed> = None;
        for signal in signals {
            let Some(integral) = signal.integral(problem, signal.parts) else {
                continue;
            };
            let course = Course::of(&signal, &looks, &integral);
            let negligible_miss = NOTHING * integral.varying;
            if course.missed() <= negligible_miss {
                continue;
            }
            // The integral is known as far as half as many parts of the run give the same.
            let coarse_integral = signal.integral(problem, signal.parts / 2);
            let coarse_miss =
                coarse_integral.map(|integral| Course::of(&signal, &looks, &integral).missed());
            let uncertainty = (coarse_miss.unwrap_or(f64::INFINITY) - course.missed()).abs();
            let certain_miss = course.missed() - 2.0 * uncertainty;
            if certain_miss.is_nan() || certain_miss <= negligible_miss {
                continue;
            }
            let share = certain_miss / integral.varying;
            let needs_warning = share > SHARE && certain_miss > NOTHING * integral.size;
            if needs_warning && largest_miss.as_ref().is_none_or(|miss| share > miss.share) {
                largest_miss = Some(course.described(&signal, share));
            }
            missed_signals.push((signal, integral, course.missed()));
        }
        let (mut divisor, mut remainder) = (Some(2), 0.0);
        let step = schedule.dt.min(schedule.cadence());
        while let Some(factor) = divisor {
            let shorter = schedule.with_step(step / f64::from(factor));
            let Some(looks) = Looks::of(problem, &shorter) else {
                divisor = None;
                break;
            };
            let remainders = missed_signals.iter().map(|(signal, integral, missed)| {
                let missed_by_shorter = Course::of(signal, &looks, integral).missed();
                if missed_by_shorter <= NOTHING * integral.varying {
                    0.0
                } else {
                    missed_by_shorter / missed
                }
            });
            remainder = remainders.fold(0.0, f64::max);
            if remainder <= MOST_REMAINDER {
                break;
            }
            divisor = Some(2 * factor);
        }
        Some(Self {
            divisor,
            remainder,
            largest_miss,
        })
    }
}

/// A value with four digits, for messages.
fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-3..1e6).contains(&size) => {
            // Four digits at least, by which a value and one that misses it differ.
            let decimals = 4.max(3 - size.log10().floor() as i32) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.3e}"),
    }
}

impl Sampling {
    /// The end of a sentence that names steps with a tolerable error.
    pub(super) fn way_out(&self, dt: f64) -> String {
        let (Some(divisor), Some(miss)) = (self.divisor, &self.largest_miss) else {
            return String::new();
        };
        let factor = (SHARE / (self.remainder * miss.share)).min(1.0);
        format!(
            "; dt = {:.2e} would do",
            0.99 * factor * dt / f64::from(divisor)
        )
    }
}

/// The times at which steps evaluate functions of t: explicit Euler at the beginning of a step, RKL2 at the times of
/// its stages.
struct Looks {
    method: Option<Rkl2<f64>>,
    times: Vec<f64>,
    /// The beginnings of the steps, and the end of the last one.
    ends: Vec<f64>,
    lengths: Vec<f64>,
}

impl Looks {
    /// The sampling times of the steps of a run; `None` if there are too many.
    fn of(problem: &Problem, schedule: &Schedule) -> Option<Self> {
        let method = (problem.params.method == StepMethod::Rkl2).then(|| {
            let stages = match problem.params.stages {
                Some(stages) if schedule.dt == problem.schedule.dt => stages,
                _ => method::stages(schedule.dt, problem.limit()),
            };
            Rkl2::<f64>::new(stages)
        });
        let stages = method.as_ref().map_or(1, Rkl2::stages);
        let count = usize::try_from(schedule.last_step()).ok()?;
        if count == 0 || count.saturating_mul(stages) > MOST_VALUES {
            return None;
        }
        let pace = schedule.pace();
        let mut clock = pace.start();
        let mut looks = Self {
            method,
            times: Vec::new(),
            ends: vec![clock.simtime],
            lengths: Vec::new(),
        };
        for _ in 0..count {
            let length = pace.next(clock);
            looks.lengths.push(length);
            match &looks.method {
                None => looks.times.push(clock.simtime),
                Some(method) => {
                    let parts = &method.times()[..stages];
                    let times = parts.iter().map(|part| clock.simtime + part * length);
                    looks.times.extend(times);
                }
            }
            clock = pace.after(clock, 1);
            looks.ends.push(clock.simtime);
        }
        Some(looks)
    }

    /// The integral over each step of a function with these values at the sampling times.
    fn integrals<'a>(&'a self, values: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let stages = self.method.as_ref().map_or(1, Rkl2::stages);
        let steps = values.chunks(stages).zip(&self.lengths);
        steps.map(move |(values, length)| match &self.method {
            None => values[0] * length,
            Some(method) => {
                let [mut earlier_sum, mut sum] = [0.0; 2];
                for number in 1..=method.stages() {
                    let change = values[number - 1] - values[0];
                    let increments = [change * length, values[0] * length];
                    let next_sum = method.difference(number, [sum, earlier_sum], increments);
                    (earlier_sum, sum) = (sum, next_sum);
                }
                sum
            }
        })
    }
}

/// The integrals of a function from the beginning of a run to the end of each step.
struct Course<'a> {
    looks: &'a Looks,
    seen: Vec<f64>,
    exact: Vec<f64>,
    has_knots: bool,
}

impl<'a> Course<'a> {
    fn of(signal: &Signal<'_>, looks: &'a Looks, integral: &Integral) -> Self {
        let values = signal.values(&looks.times);
        Self {
            looks,
            seen: running_sums(looks.integrals(&values)),
            exact: integral.until(&looks.ends),
            has_knots: integral.has_knots,
        }
    }

    fn differences(&self) -> impl DoubleEndedIterator<Item = f64> + ExactSizeIterator + Clone {
        let pairs = self.seen.iter().zip(&self.exact);
        pairs.map(|(seen, exact)| seen - exact)
    }

    /// The largest error over any time interval.
    fn missed(&self) -> f64 {
        range(self.differences())
    }

    /// The longest time interval with nearly that error.
    fn described(&self, signal: &Signal<'_>, share: f64) -> Missed {
        const NEARLY: f64 = 0.01;
        let largest = self.differences().fold(f64::NEG_INFINITY, f64::max);
        let smallest = largest - self.missed();
        let tolerance = NEARLY * (largest - smallest);
        // 1 near the largest difference, -1 near the smallest one, else 0.
        let extremes: Vec<i8> = self
            .differences()
            .map(|value| {
                i8::from(value >= largest - tolerance) - i8::from(value <= smallest + tolerance)
            })
            .collect();
        let beginning = extremes.iter().position(|&extreme| extreme != 0);
        let beginning = beginning.unwrap_or(0);
        let opposite = -extremes[beginning];
        let end_step = extremes.iter().rposition(|&extreme| extreme == opposite);
        let last_step = extremes.len() - 1;
        let end_step = end_step.unwrap_or(last_step);
        let [from_time, to_time] = [beginning, end_step].map(|step| shown(self.looks.ends[step]));
        Missed {
            name: signal.name.clone(),
            stretch: if (beginning, end_step) == (0, last_step) {
                String::new()
            } else {
                format!("from t = {from_time} to {to_time} ")
            },
            seen_integral: self.seen[end_step] - self.seen[beginning],
            exact_integral: self.exact[end_step] - self.exact[beginning],
            has_knots: self.has_knots,
            share,
        }
    }
}
