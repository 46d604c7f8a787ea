//! [`Objective`]: the number of which derivatives are taken, as numbers of a record at moments of a run.

use crate::{
    fault::Fault,
    params::{RowNumber, StepMethod},
    problem::Problem,
    run::{self, RunError},
    schedule::{Due, Moment},
};
use std::str::FromStr;

/// A number of a record: `NAME@t`, its mean over a window, `NAME@t0:t1`, or with a weight, `0.5*NAME@t`. Without a time it
/// is that of the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The factor of the number.
    pub weight: f64,
    /// The column of the record.
    pub column: String,
    /// The first and the last time; the same for a number at a time.
    pub window: Option<[f64; 2]>,
}

impl FromStr for Term {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (weight, column_and_times) = match text.split_once('*') {
            Some((weight, column_and_times)) => (finite(weight)?, column_and_times),
            None => match text.strip_prefix('-') {
                Some(column_and_times) => (-1.0, column_and_times),
                None => (1.0, text),
            },
        };
        let (column, times) = match column_and_times.split_once('@') {
            Some((column, times)) => (column, Some(times)),
            None => (column_and_times, None),
        };
        let window = match times.map(|times| times.split_once(':').unwrap_or((times, times))) {
            Some((start, end)) => Some([finite(start)?, finite(end)?]),
            None => None,
        };
        if column.trim().is_empty() {
            return Err("a number of a record is NAME@t".to_owned());
        }
        if window.is_some_and(|[first, last]| first > last) {
            return Err("a window begins with its earlier time".to_owned());
        }
        Ok(Self {
            weight,
            column: column.trim().to_owned(),
            window,
        })
    }
}

/// The finite number that a text is.
fn finite(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim().parse().ok();
    let finite_number = number.filter(|number| number.is_finite());
    finite_number.ok_or_else(|| format!("{text:?} is no finite number"))
}

/// A measured value, and the number of the record with which it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The column of the record.
    pub column: String,
    /// The time of the value.
    pub time: f64,
    /// The value.
    pub value: f64,
    /// The standard deviation of the value.
    pub sigma: f64,
}

/// What is differentiated.
#[derive(Debug, Clone, PartialEq)]
pub enum Objective {
    /// A sum of numbers of the record.
    Sum(Vec<Term>),
    /// The sum of squares of the differences to measured values, each by its standard deviation.
    Misfit(Vec<Measured>),
}

/// A number that is read at a moment.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The place of its column in the record.
    pub column: usize,
    pub number: RowNumber,
    pub time: f64,
    pub moment: Moment,
    pub effect: Effect,
}

/// The effect of a number on the objective.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// The number is added, times a factor.
    Factor(f64),
    /// The square of its difference to a value is added, by the square of a deviation.
    Square { value: f64, sigma: f64 },
}

impl Effect {
    /// The contribution of a number to the objective, and the derivative of that.
    pub fn of(self, number: f64) -> [f64; 2] {
        match self {
            Self::Factor(factor) => [factor * number, factor],
            Self::Square { value, sigma } => {
                let difference = (number - value) / sigma;
                [difference * difference, 2.0 * difference / sigma]
            }
        }
    }
}

impl Objective {
    /// What is read of a problem, in the order of the moments.
    ///
    /// # Errors
    /// A refusal of columns and times that there are not, and of numbers that are no smooth functions of the state.
    pub fn readings(&self, problem: &Problem) -> Result<Vec<Reading>, RunError> {
        let mut readings = Vec::new();
        match self {
            Self::Sum(terms) => {
                for term in terms {
                    let times = match term.window {
                        None => vec![problem.schedule.end()],
                        Some([first, last]) if first == last => vec![first],
                        Some(window) => rows_within(problem, window)?,
                    };
                    let factor = term.weight / times.len() as f64;
                    for time in times {
                        readings.push(reading(
                            problem,
                            &term.column,
                            time,
                            Effect::Factor(factor),
                        )?);
                    }
                }
            }
            Self::Misfit(values) => {
                for measured in values {
                    let Measured { value, sigma, .. } = *measured;
                    let effect = Effect::Square { value, sigma };
                    readings.push(reading(problem, &measured.column, measured.time, effect)?);
                }
            }
        }
        readings.sort_by(|one, other| {
            let order = one.moment.partial_cmp(&other.moment);
            order.unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(readings)
    }
}

/// The number of the record with a name.
///
/// # Errors
/// A refusal of names that there are not, and of numbers that have no gradient.
fn number_named(problem: &Problem, name: &str) -> Result<RowNumber, Fault> {
    let held_names = problem.params.canonical().held_names();
    let keys = problem.params.record.as_ref();
    let numbers = keys.map_or_else(Vec::new, |keys| keys.numbers(&held_names));
    let Some(&(_, number)) = numbers.iter().find(|(column, _)| column == name) else {
        let names: Vec<&str> = numbers.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Fault::refused(match names.is_empty() {
            true => format!(
                "there is no {name}, because the file has no [record]: points = {{ … }} or totals = true in it give columns"
            ),
            false => format!(
                "the record has no column {name}; it has {}",
                names.join(", ")
            ),
        }));
    };
    match number {
        RowNumber::Min | RowNumber::Max | RowNumber::RegionMin(_) | RowNumber::RegionMax(_) => {
            Err(Fault::refused(format!(
                "{name} is no smooth function of p, as extremes are none: points, means and rates have a gradient"
            )))
        }
        RowNumber::Gain(_) | RowNumber::RegionGain(_) | RowNumber::Unexplained => {
            Err(Fault::refused(format!(
                "{name} is an amount that all steps add to, which has no gradient yet: {name}_rate is the rate at a time, and its mean over a window has one"
            )))
        }
        number => Ok(number),
    }
}

/// A number of the record at a time.
fn reading(problem: &Problem, name: &str, time: f64, effect: Effect) -> Result<Reading, RunError> {
    let number = number_named(problem, name)?;
    let (start, end) = (problem.schedule.start, problem.schedule.end());
    let is_steady = problem.params.method == StepMethod::Steady;
    let time = if is_steady { start } else { time };
    let reach = end + 1e-9 * (end - start).abs();
    if !(start..=reach).contains(&time) {
        let sentence = format!(
            "{name} at t = {time:?} is not in the run, which reaches from t = {start:?} to {end:?}"
        );
        return Err(Fault::refused(sentence).into());
    }
    let moment = match is_steady {
        true => Moment::after(0),
        false => moment_at(problem, time),
    };
    let place = run::record_columns(problem)
        .iter()
        .position(|column| column.name == name);
    Ok(Reading {
        column: place.unwrap_or_default(),
        number,
        time,
        moment,
        effect,
    })
}

/// The moment of a time. Where steps are added up, a time that is that of a step but for rounding is meant as such.
fn moment_at(problem: &Problem, time: f64) -> Moment {
    /// The share of a step that is rounding.
    const ROUNDING: f64 = 1e-3;
    let (pace, last_step) = (problem.schedule.pace(), problem.schedule.last_step());
    let steps = (time - pace.start) / pace.dt;
    let moment = match pace.due {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a step of the run"
        )]
        Due::Added if (steps - steps.round()).abs() < ROUNDING => {
            Moment::after(steps.round() as u64)
        }
        _ => pace.moment(time),
    };
    if moment.step >= last_step {
        Moment::after(last_step)
    } else {
        moment
    }
}

/// The times of the rows of the record within a window.
fn rows_within(problem: &Problem, [first_time, last_time]: [f64; 2]) -> Result<Vec<f64>, RunError> {
    let pace = problem.schedule.pace();
    let last_moment = Moment::after(problem.schedule.last_step());
    let slack = 8.0 * f64::EPSILON * first_time.abs().max(last_time.abs());
    let mut times = Vec::new();
    let (mut moment_before, mut clock) = (None, pace.start());
    if let Some(keys) = &problem.params.record {
        for (moment, time) in (0..).map_while(|number| pace.row(&keys.times, number)) {
            if moment > last_moment {
                break;
            }
            clock = pace.after(clock, moment.step - clock.step);
            let time = if time.is_nan() { clock.simtime } else { time };
            if time > last_time + slack {
                break;
            }
            if time >= first_time - slack && moment_before != Some(moment) {
                times.push(time);
            }
            moment_before = Some(moment);
        }
    }
    if times.is_empty() {
        let sentence = format!(
            "the record has no row from t = {first_time:?} to {last_time:?}: record.every sets rows closer together"
        );
        return Err(Fault::refused(sentence).into());
    }
    Ok(times)
}

/// The unit of a column of the record.
#[must_use]
pub fn unit_of(problem: &Problem, column: &str) -> Option<String> {
    let columns = run::record_columns(problem).into_iter();
    let mut units = columns.filter(|known| known.name == column);
    units.next().map(|known| known.unit)
}
