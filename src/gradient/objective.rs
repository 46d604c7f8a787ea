//! [`Objective`]: the number of which derivatives are taken, as numbers of a record at moments of a run.

use crate::{
    fault::Fault,
    params::{RowNumber, RowTimes, StepMethod},
    physics::{fluxes::FIRST_HELD, geometry::Geometry},
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

impl Term {
    /// The column that is read, and the times at which it is, each with its weight: of an amount, the rate at the rows up to
    /// its time.
    fn weighted_times(&self, problem: &Problem) -> Result<(String, Vec<(f64, f64)>), RunError> {
        let end = problem.schedule.end();
        if let Some(rate) = rate_of_amount(problem, &self.column)? {
            let [first_time, time] = self.window.unwrap_or([end; 2]);
            if first_time < time {
                let name = &self.column;
                let sentence = format!(
                    "{name} is an amount, which is read at one time, as {name}@{time:?}; the mean of a window is that of {rate}"
                );
                return Err(Fault::refused(sentence).into());
            }
            return Ok((rate, weights_of_amount(problem, &self.column, time)?));
        }
        let times = match self.window {
            None => vec![end],
            Some([first, last]) if first == last => vec![first],
            Some(window) => rows_within(problem, window)?,
        };
        let weight = 1.0 / times.len() as f64;
        let weighted_times = times.into_iter().map(|time| (time, weight)).collect();
        Ok((self.column.clone(), weighted_times))
    }
}

/// The column of the rate that an amount adds up; `None` if a column is no amount.
fn rate_of_amount(problem: &Problem, name: &str) -> Result<Option<String>, RunError> {
    let held_names = problem.params.canonical().held_names();
    let keys = problem.params.record.as_ref();
    let numbers = keys.map_or_else(Vec::new, |keys| keys.numbers(&held_names));
    let number = numbers.iter().find(|(column, _)| column == name);
    let (rate, number_of_rate) = match number.map(|(_, number)| *number) {
        Some(RowNumber::Gain(rate)) => (rate, RowNumber::Rate(rate)),
        Some(RowNumber::RegionGain(rate)) => (rate, RowNumber::RegionRate(rate)),
        _ => return Ok(None),
    };
    if has_given_nodes(problem.geometry(), rate) {
        let sentence = format!(
            "{name} has in it what nodes with given values take up by their jump from the initial state, which has no gradient: the mean of {name}_rate over a window has one"
        );
        return Err(Fault::refused(sentence).into());
    }
    let column = numbers.iter().find(|(_, number)| *number == number_of_rate);
    Ok(column.map(|(column, _)| column.clone()))
}

/// Whether nodes with given values contribute to a rate.
fn has_given_nodes(geometry: &Geometry, rate: usize) -> bool {
    let region = rate.checked_sub(FIRST_HELD + geometry.tables());
    let region = region.map(|number| &geometry.regions[number]);
    let contributes = |j: usize, (i, owners): (usize, [usize; 2])| {
        let node_number = geometry.nodes.number(geometry.nodes.row(j), i);
        owners.contains(&rate) || region.is_some_and(|region| region.has(node_number))
    };
    let mut rows = 0..geometry.grid.y.nodes;
    rows.any(|j| (geometry.given_in(j).into_iter()).any(|node| contributes(j, node)))
}

/// The weights of the rates at the rows of a record in the amount up to a time: those of trapezoids, or where every step is
/// recorded, those of Euler's steps.
fn weights_of_amount(
    problem: &Problem,
    name: &str,
    time: f64,
) -> Result<Vec<(f64, f64)>, RunError> {
    let start = problem.schedule.start;
    let keys = problem.params.record.as_ref();
    let is_of_steps = keys.is_some_and(|keys| keys.times == RowTimes::Step);
    if is_of_steps && problem.params.method == StepMethod::Rkl2 {
        let sentence = format!(
            "{name} of every step is a sum over stages of rkl2, which has no gradient: with record.every = a time it is one of trapezoids, which has one"
        );
        return Err(Fault::refused(sentence).into());
    }
    let times = rows_within(problem, [start, time])?;
    if times
        .last()
        .is_some_and(|last| (time - last).abs() > 1e-9 * (time - start))
    {
        let sentence = format!(
            "the record has no row at t = {time:?}, up to which {name} were added up: record.every or record.at sets one"
        );
        return Err(Fault::refused(sentence).into());
    }
    let mut weights = vec![0.0; times.len()];
    for (number, interval) in times.windows(2).enumerate() {
        let length = interval[1] - interval[0];
        let [weight_before, weight_after] = if is_of_steps { [1.0, 0.0] } else { [0.5; 2] };
        weights[number] += weight_before * length;
        weights[number + 1] += weight_after * length;
    }
    Ok(times.into_iter().zip(weights).collect())
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
                    let (column, weighted_times) = term.weighted_times(problem)?;
                    for (time, weight) in weighted_times {
                        let effect = Effect::Factor(term.weight * weight);
                        readings.push(reading(problem, &column, time, effect)?);
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
                "{name} is an amount that all rows add to, whose differences to data have no gradient: those of {name}_rate have one"
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
