//! [`Series`]: measured values, as defined by `[[fit.data]]`.

use super::error::FitError;
use crate::{
    measured::{ArgumentScale, ColumnName, Date, MeasuredTable},
    params::{
        RawParams, RowTimes, StepMethod,
        value::{Value, number},
    },
    physics::input::{Digests, Input},
    problem::Problem,
};
use std::{borrow::Cow, io::Read, path::Path};

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
struct DataTable<'r> {
    raw: &'r RawParams,
    /// The dotted name of the table.
    name: String,
}

impl DataTable<'_> {
    fn name_of(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    /// The error for a key of the table that cannot be used.
    fn refuse(&self, key: &str, reason: &str) -> FitError {
        let error = self.raw.refuse(&self.name_of(key), reason.to_owned());
        FitError::Params(error)
    }

    /// The error for a table without a key that it needs.
    fn refuse_table(&self, reason: &str) -> FitError {
        FitError::Params(self.raw.refuse(&self.name, reason.to_owned()))
    }

    /// The value of a key, if the key was typed.
    fn value(&self, key: &str) -> Result<Option<Cow<'_, Value>>, FitError> {
        let name = self.name_of(key);
        match self.raw.typed().get(&name) {
            Some(_) => Ok(Some(self.raw.value(&name)?)),
            None => Ok(None),
        }
    }

    /// The text of a key, if the key was typed. A date may be typed without quotes.
    fn word(&self, key: &str) -> Result<Option<String>, FitError> {
        let word = self.value(key)?.map(|value| match &*value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        });
        Ok(word)
    }

    /// The columns of the file, with the corresponding columns of the record.
    fn columns(&self) -> Result<Vec<(String, String)>, FitError> {
        let prefix = self.name_of("columns.");
        let entries = self.raw.typed().entries_of(&self.name);
        let names = entries.filter_map(|entry| entry.name.strip_prefix(&prefix));
        let mut columns = Vec::new();
        for name in names {
            let column = self.word(&format!("columns.{name}"))?;
            columns.extend(column.map(|column| (name.to_owned(), column)));
        }
        if columns.is_empty() {
            return Err(self.refuse_table(
                "columns = { T1 = \"sill\" } must say which column of the file is which of the record",
            ));
        }
        Ok(columns)
    }

    /// The standard deviation of the values of a column.
    fn sigma(&self, name: &str, count: usize) -> Result<Option<f64>, FitError> {
        const KEY: &str = "sigma";
        let key = match self.raw.typed().first_entry_of(&self.name_of(KEY)) {
            None => return Ok(None),
            Some(entry) if entry.name == self.name_of(KEY) => KEY.to_owned(),
            Some(_) => format!("{KEY}.{name}"),
        };
        let sigma = self.value(&key)?.and_then(|value| match &*value {
            Value::Array(sigmas) if count == 1 && sigmas.len() == 1 => number(&sigmas[0]),
            value => number(value),
        });
        let sigma = sigma.filter(|sigma| sigma.is_finite() && *sigma > 0.0);
        let refuse = || {
            self.refuse(KEY, &format!(
                "it must be a number greater than 0, or one for each column by its name, such as {{ {name:?} = 0.1 }}"
            ))
        };
        Ok(Some(sigma.ok_or_else(refuse)?))
    }

    /// The first and last time of the rows that are used.
    fn used(&self) -> Result<[f64; 2], FitError> {
        const KEY: &str = "use";
        let Some(used) = self.value(KEY)? else {
            return Ok([f64::NEG_INFINITY, f64::INFINITY]);
        };
        let times = used.as_array().into_iter().flatten().filter_map(number);
        match times.collect::<Vec<f64>>()[..] {
            [first, last] if first <= last => Ok([first, last]),
            _ => Err(self.refuse(KEY, "it must be [from, to], two times that ascend")),
        }
    }
}

/// The measured values that the tables of a file define. For a plan, `is_plan`, only the times are needed.
///
/// # Errors
/// [`FitError`] for tables and files that cannot be used.
pub fn read(raw: &RawParams, problem: &Problem, is_plan: bool) -> Result<Vec<Series>, FitError> {
    if raw.typed().get(KEY).is_some() {
        raw.value(KEY)?;
    }
    let numbers = raw.typed().parts_of(KEY);
    if numbers.is_empty() {
        return Err(FitError::Request(
            "there are no data: [[fit.data]] with file, time, columns and sigma names them"
                .to_owned(),
        ));
    }
    let mut series = Vec::new();
    for number in numbers {
        let table = DataTable {
            raw,
            name: format!("{KEY}.{number}"),
        };
        let [first, last] = table.used()?;
        let columns = table.columns()?;
        for (name, column) in &columns {
            let sigma = table.sigma(name, columns.len())?;
            let mut points = match table.word("file")? {
                Some(file) => {
                    let unit = unit_of(raw, problem, column);
                    measured(&table, &file, [name, unit.unwrap_or_default()], is_plan)?
                }
                None if is_plan => planned(problem),
                None => return Err(table.refuse_table("file = \"….csv\" is missing")),
            };
            points.retain(|&[time, _]| (first..=last).contains(&time));
            if problem.params.method == StepMethod::Steady {
                points
                    .iter_mut()
                    .for_each(|point| point[0] = problem.params.t0);
            }
            points.sort_by(|p, q| p[0].total_cmp(&q[0]));
            if points.is_empty() {
                return Err(table.refuse_table(&format!("no value of the column {name} is used")));
            }
            let free_name = free_name(name, &series);
            series.push(Series {
                name: free_name,
                column: column.clone(),
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
    table: &DataTable<'_>,
    file: &str,
    [name, unit]: [&str; 2],
    is_plan: bool,
) -> Result<Vec<[f64; 2]>, FitError> {
    let raw = table.raw;
    let file_key = table.name_of("file");
    let named_input = raw.input(&file_key, Path::new(file));
    let path = match (named_input.bytes(), raw.typed().get(&file_key)) {
        (None, Some(entry)) => entry.place.path_to(file),
        _ => file.into(),
    };
    let input = Input::open(raw.input(&file_key, &path), &mut Digests::default())?;
    let mut bytes = Vec::new();
    let read_result = input.file()?.read_to_end(&mut bytes);
    read_result.map_err(|error| input.unreadable(&error))?;
    let measured_table =
        MeasuredTable::parse(&bytes).map_err(|error| input.refuse(&error.to_string()))?;
    let since = table.word("since")?.map(|text| {
        let date = Date::parse(&text);
        let reason = format!("it is no date, such as {:?}", Date::EXAMPLE);
        date.ok_or_else(|| table.refuse("since", &reason))
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
        let column = measured_table.column(&ColumnName::Heading(time));
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
