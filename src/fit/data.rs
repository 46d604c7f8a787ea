//! [`Series`]: measured values, as defined by `[[fit.data]]`.

use super::error::FitError;
use crate::{
    measured::{ArgumentScale, ColumnName, Date, MeasuredTable},
    params::{
        ParamsError, Place, RawParams, RowTimes, StepMethod,
        value::{Value, number},
    },
    physics::input::{Digests, Input},
    problem::Problem,
};
use std::{io::Read, path::Path};

/// The key of the tables.
const KEY: &str = "fit.data";

/// The values of one column of a file, and the column of the record with which they are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name of the column in the file.
    pub name: String,
    /// The column of the record.
    pub column: String,
    /// The standard deviation of a value, if it is given.
    pub sigma: Option<f64>,
    /// Times and measured values, in the order of time. Gaps are left out.
    pub points: Vec<[f64; 2]>,
}

impl Series {
    /// The times of the values.
    pub fn times(&self) -> impl Iterator<Item = &f64> {
        self.points.iter().map(|[time, _]| time)
    }

    /// The values, each with its standard deviation, or with 1 if no standard deviation is given.
    pub fn weighted(&self) -> impl Iterator<Item = (f64, f64)> {
        let sigma = self.sigma.unwrap_or(1.0);
        self.points.iter().map(move |[_, value]| (*value, sigma))
    }
}

/// One table `[[fit.data]]`.
struct DataTable<'t> {
    table: &'t Value,
    number: usize,
    place: Place,
}

impl DataTable<'_> {
    /// The error for a fault in the table.
    fn refuse(&self, reason: &str) -> FitError {
        let number = self.number;
        FitError::Params(ParamsError::Syntax {
            place: self.place.clone(),
            reason: format!("in table {number} of [[{KEY}]], {reason}"),
        })
    }

    fn word(&self, key: &str) -> Result<Option<&str>, FitError> {
        let word = self.table.get(key).map(|value| {
            let reason = format!("{key} must be a name in quotes");
            value.as_str().ok_or_else(|| self.refuse(&reason))
        });
        word.transpose()
    }

    /// The columns of the file, with the corresponding columns of the record.
    fn columns(&self) -> Result<Vec<(&str, &str)>, FitError> {
        let refuse = || {
            self.refuse("columns = { T1 = \"sill\" } must say which column of the file is which of the record")
        };
        let columns = self.table.get("columns").and_then(Value::as_table);
        let pairs = columns.into_iter().flatten();
        let pairs = pairs.map(|(name, column)| Some((name.as_str(), column.as_str()?)));
        let pairs: Option<Vec<_>> = pairs.collect();
        pairs.filter(|pairs| !pairs.is_empty()).ok_or_else(refuse)
    }

    /// The standard deviation of the values of a column.
    fn sigma(&self, name: &str, count: usize) -> Result<Option<f64>, FitError> {
        let sigma = match self.table.get("sigma") {
            None => return Ok(None),
            Some(sigmas @ Value::Table(_)) => sigmas.get(name).and_then(number),
            Some(Value::Array(sigmas)) if count == 1 && sigmas.len() == 1 => number(&sigmas[0]),
            Some(value) => number(value),
        };
        let sigma = sigma.filter(|sigma| sigma.is_finite() && *sigma > 0.0);
        let refuse = || {
            self.refuse(&format!(
                "sigma must be a number greater than 0, or one for each column by its name, such as {{ {name} = 0.1 }}"
            ))
        };
        Ok(Some(sigma.ok_or_else(refuse)?))
    }

    /// The first and last time of the rows that are used.
    fn used(&self) -> Result<[f64; 2], FitError> {
        let Some(used) = self.table.get("use") else {
            return Ok([f64::NEG_INFINITY, f64::INFINITY]);
        };
        let times = used.as_array().into_iter().flatten().filter_map(number);
        match times.collect::<Vec<f64>>()[..] {
            [first, last] if first <= last => Ok([first, last]),
            _ => Err(self.refuse("use must be [from, to], two times that ascend")),
        }
    }
}

/// The measured values that the tables of a file define. For a plan, `is_plan`, only the times are needed.
///
/// # Errors
/// [`FitError`] for tables and files that cannot be used.
pub fn read(raw: &RawParams, problem: &Problem, is_plan: bool) -> Result<Vec<Series>, FitError> {
    let Some(entry) = raw.typed().get(KEY) else {
        return Err(FitError::Request(
            "there are no data: [[fit.data]] with file, time, columns and sigma names them"
                .to_owned(),
        ));
    };
    let tables = entry.value.as_array().map_or(&[][..], Vec::as_slice);
    let mut series = Vec::new();
    for (number, table) in (1..).zip(tables) {
        const KEYS: [&str; 6] = ["file", "time", "since", "columns", "sigma", "use"];
        let table = DataTable {
            table,
            number,
            place: entry.place.clone(),
        };
        let mut typed = table.table.as_table().into_iter().flatten();
        if let Some((other, _)) = typed.find(|(key, _)| !KEYS.contains(&key.as_str())) {
            let keys = KEYS.join(", ");
            return Err(table.refuse(&format!("there is no key {other}; there are {keys}")));
        }
        let [first, last] = table.used()?;
        let columns = table.columns()?;
        for &(name, column) in &columns {
            let sigma = table.sigma(name, columns.len())?;
            let mut points = match table.word("file")? {
                Some(file) => {
                    let unit = unit_of(raw, problem, column);
                    measured(raw, &table, file, [name, unit.unwrap_or_default()], is_plan)?
                }
                None if is_plan => planned(problem),
                None => return Err(table.refuse("file = \"….csv\" is missing")),
            };
            points.retain(|&[time, _]| (first..=last).contains(&time));
            if problem.params.method == StepMethod::Steady {
                points
                    .iter_mut()
                    .for_each(|point| point[0] = problem.params.t0);
            }
            points.sort_by(|p, q| p[0].total_cmp(&q[0]));
            if points.is_empty() {
                return Err(table.refuse(&format!("no value of the column {name} is used")));
            }
            let free_name = free_name(name, &series);
            series.push(Series {
                name: free_name,
                column: column.to_owned(),
                sigma,
                points,
            });
        }
    }
    judge_weights(&series, is_plan)?;
    Ok(series)
}

/// The name of a column, with a number if another column has the same name.
fn free_name(name: &str, others: &[Series]) -> String {
    let numbered = (2..).map(|number: usize| format!("{name} {number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| others.iter().all(|other| other.name != *name));
    free.unwrap_or_default()
}

/// Refuses data whose relative weights are not known.
fn judge_weights(series: &[Series], is_plan: bool) -> Result<(), FitError> {
    let weighed = series
        .iter()
        .filter(|series| series.sigma.is_some())
        .count();
    let reason = match weighed {
        0 if is_plan => {
            "sigma is missing, the standard deviation of what will be measured, on which errors depend"
        }
        count if count > 0 && count < series.len() => {
            "sigma is given of some columns and not of others: of all of them, or of none, values can be weighed"
        }
        _ => return Ok(()),
    };
    Err(FitError::Request(format!("[[{KEY}]]: {reason}")))
}

/// The times of the record, for data that have not been measured yet.
fn planned(problem: &Problem) -> Vec<[f64; 2]> {
    let (start, last) = (problem.schedule.start, problem.schedule.end());
    let times: Vec<f64> = match problem.params.record.as_ref().map(|record| &record.times) {
        Some(RowTimes::At(times)) => times.clone(),
        Some(RowTimes::Every(every)) => {
            let times = (1..).map(|number: u32| start + f64::from(number) * every);
            times
                .take_while(|time| *time <= last * (1.0 + 1e-12))
                .collect()
        }
        Some(RowTimes::Step) | None => vec![last],
    };
    times.into_iter().map(|time| [time, 0.0]).collect()
}

/// The unit of a column of the record, if it is the density at a point: measured values may have another unit, which is
/// then converted.
fn unit_of<'a>(raw: &'a RawParams, problem: &Problem, column: &str) -> Option<&'a str> {
    let record = problem.params.record.as_ref()?;
    let is_point = record.points.iter().any(|(point, _)| point == column);
    raw.typed()
        .get("units.p")?
        .value
        .as_str()
        .filter(|_| is_point)
}

/// The measured values of a column of a file, converted to a unit if one is given; gaps are left out.
fn measured(
    raw: &RawParams,
    table: &DataTable<'_>,
    file: &str,
    [name, unit]: [&str; 2],
    is_plan: bool,
) -> Result<Vec<[f64; 2]>, FitError> {
    let named_input = raw.input(KEY, Path::new(file));
    let path = match named_input.bytes() {
        Some(_) => file.into(),
        None => table.place.path_to(file),
    };
    let input = Input::open(raw.input(KEY, &path), &mut Digests::default())?;
    let mut bytes = Vec::new();
    let read_result = input.file()?.read_to_end(&mut bytes);
    read_result.map_err(|error| input.unreadable(&error))?;
    let measured_table =
        MeasuredTable::parse(&bytes).map_err(|error| input.refuse(&error.to_string()))?;
    let since = table.table.get("since").map(|since| {
        // A date may be typed without quotes.
        let text = match since {
            Value::Datetime(date) => date.to_string(),
            since => since.as_str().unwrap_or_default().to_owned(),
        };
        let date = Date::parse(&text);
        date.ok_or_else(|| {
            table.refuse(&format!(
                "since = {text:?} is no date, such as {:?}",
                Date::EXAMPLE
            ))
        })
    });
    let scale = ArgumentScale {
        unit: raw
            .typed()
            .get("units.t")
            .and_then(|entry| Some(entry.value.as_str()?.to_owned())),
        since: since.transpose()?,
    };
    let values = measured_table
        .column(&ColumnName::Heading(name.to_owned()))
        .and_then(|column| {
            measured_table.values(column, Some(unit).filter(|unit| !unit.is_empty()))
        });
    // A sum of squares holds the square of each value by its deviation.
    let sigma = table.sigma(name, table.columns()?.len())?.unwrap_or(1.0);
    let values = values.and_then(|values| {
        let is_too_large = |value: &f64| value.is_finite() && (value / sigma).powi(2).is_infinite();
        let Some(row) = values.iter().position(is_too_large) else {
            return Ok(values);
        };
        let column = measured_table.column(&ColumnName::Heading(name.to_owned()))?;
        let reason = format!(
            "{:?} beside an error of {sigma:?} is too large: the sum of squares is beyond what a float holds",
            values[row]
        );
        Err(measured_table.refuse_field(row, column, &reason))
    });
    let times = table.word("time")?.map(|time| {
        let column = measured_table.column(&ColumnName::Heading(time.to_owned()));
        let times = column.and_then(|column| measured_table.unordered_arguments(column, &scale));
        times.map_err(|error| input.refuse(&error.to_string()))
    });
    let (times, values) = match (times.transpose()?, values) {
        // In a plan, values that will be measured need not be in the file yet.
        (Some(times), Err(_)) if is_plan => (times.clone(), times),
        (Some(times), values) => (
            times,
            values.map_err(|error| input.refuse(&error.to_string()))?,
        ),
        (None, values) => {
            let values = values.map_err(|error| input.refuse(&error.to_string()))?;
            let count = values.len();
            if count != 1 {
                let reason = format!(
                    "it has {count} rows, and without time = \"column\" it can have one alone, that of a steady state"
                );
                return Err(input.refuse(&reason).into());
            }
            (vec![0.0], values)
        }
    };
    let points = times
        .into_iter()
        .zip(values)
        .map(|(time, value)| [time, value]);
    Ok(points
        .filter(|[_, value]| is_plan || value.is_finite())
        .collect())
}
