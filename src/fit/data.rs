//! [`Data`] and [`Series`]: measured values, as defined by `[[fit.data]]`.

use super::error::FitError;
use crate::{
    cube::RecordColumn,
    measured::{
        self, Calendar, ColumnName, Date, Doubles, Measured, MeasuredFile, ReadRequest, Reading,
        WantedColumn, common_origin,
    },
    params::{
        FunctionTable, RawParams, RowTimes, StepMethod, keys, pair,
        value::{Value, number},
    },
    physics::input::{Digests, Input},
    problem::Problem,
    run,
};
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// The key of the tables.
const KEY: &str = "fit.data";

/// The values of one column of a file, and the column of the record with which they are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name of the column in the file.
    pub name: String,
    /// The column of the record.
    pub column: String,
    /// Whether the standard deviations of the values are given.
    pub has_sigma: bool,
    /// Times and measured values with their standard deviations, which are 1 if none are given, in the order of time. Gaps are left
    /// out.
    pub points: Vec<[f64; 3]>,
}

impl Series {
    /// The times of the values.
    pub fn times(&self) -> impl Iterator<Item = &f64> {
        self.points.iter().map(|[time, ..]| time)
    }

    /// The values, each with its standard deviation, or with 1 if no standard deviation is given.
    pub fn weighted(&self) -> impl Iterator<Item = (f64, f64)> {
        self.points.iter().map(|&[_, value, sigma]| (value, sigma))
    }
}

/// The measured values of a parameter file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// The columns of all files.
    pub series: Vec<Series>,
    /// The files, in the order of their tables.
    pub files: Vec<(PathBuf, MeasuredFile)>,
    /// The date at which t is 0, if files of data or of functions have dates.
    pub origin: Option<Date>,
}

/// Files of measured values, and what they hold.
#[derive(Debug, Clone, Copy)]
pub struct DataFiles<'f>(pub &'f [(PathBuf, MeasuredFile)]);

impl DataFiles<'_> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line for each file: `wall.csv: 289 rows from 0.0 to 172800.0; T1 in °C, used in K`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let files = self.0.iter();
        files.map(|(path, file)| format!("{}: {}", path.display(), file.rows_in_words()))
    }
}

/// A list of objects, each with the name of a file and what the file holds.
impl Serialize for DataFiles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct DescribedFile<'f> {
            file: &'f Path,
            #[serde(flatten)]
            content: &'f MeasuredFile,
        }
        let files = self.0.iter();
        serializer.collect_seq(files.map(|(file, content)| DescribedFile { file, content }))
    }
}

/// What is known of the standard deviations of the values of a column.
#[derive(Debug, Clone, PartialEq)]
enum Deviation {
    /// Nothing: each of them counts as 1.
    Unknown,
    /// All values have this one.
    Number(f64),
    /// Each value has that of this column of the file.
    Column(String),
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

    /// The value of a key, if the key was typed. The parameters of a problem have been judged.
    fn value(&self, key: &str) -> Option<&Value> {
        let entry = self.raw.typed().get(&self.name_of(key))?;
        Some(&entry.value)
    }

    /// The columns of the file, with the corresponding columns of the record.
    fn columns(&self) -> Result<Vec<(String, String)>, FitError> {
        let prefix = self.name_of("columns.");
        let entries = self.raw.typed().entries_of(&self.name);
        let columns = entries.filter_map(|entry| {
            let name = entry.name.strip_prefix(&prefix)?;
            Some((name.to_owned(), entry.value.as_str()?.to_owned()))
        });
        let columns: Vec<(String, String)> = columns.collect();
        if columns.is_empty() {
            return Err(self.refuse_table(
                "columns = { T1 = \"sill\" } must say which column of the file is which of the record",
            ));
        }
        Ok(columns)
    }

    /// The standard deviations of the values of each column.
    fn deviations(&self, columns: &[(String, String)]) -> Result<Vec<Deviation>, FitError> {
        const KEY: &str = "sigma";
        let typed = self.raw.typed();
        let is_typed = typed.first_entry_of(&self.name_of(KEY)).is_some();
        let prefix = self.name_of("sigma.");
        let mut names = typed
            .entries_of(&self.name)
            .filter_map(|entry| entry.name.strip_prefix(&prefix));
        if let Some(lost) = names.find(|name| columns.iter().all(|(column, _)| column != name)) {
            return Err(self.refuse(KEY, &format!("{lost} is no column that is compared")));
        }
        let deviations = columns.iter().map(|(name, _)| {
            let key = [KEY.to_owned(), format!("{KEY}.{name}")];
            let deviation = match key.iter().find_map(|key| self.value(key)) {
                None if !is_typed => return Ok(Deviation::Unknown),
                Some(Value::Array(sigmas)) if columns.len() == 1 && sigmas.len() == 1 => sigmas.first(),
                value => value,
            };
            let deviation = deviation.and_then(|value| match value {
                Value::String(column) => Some(Deviation::Column(column.clone())),
                value => number(value).map(Deviation::Number),
            });
            deviation.ok_or_else(|| {
                self.refuse(KEY, &format!(
                    "it must be a number greater than 0 or the name of a column with one for each value, or these for each column by its name, such as {{ {name:?} = 0.1 }}"
                ))
            })
        });
        deviations.collect()
    }

    /// How the file is read: times in the unit of the run, unless a key says it.
    fn reading(&self) -> Reading {
        let time_unit = self.raw.typed().get("units.t");
        let mut reading = Reading {
            from_unit: time_unit.and_then(|entry| Some(entry.value.as_str()?.to_owned())),
            ..Reading::default()
        };
        for key in keys::of_measured_file() {
            if let Some(value) = self.value(key.name) {
                let _ = reading.set(key.name, value);
            }
        }
        reading
    }

    /// The first and last time of the rows that are used, from times or from dates of a calendar.
    fn used(&self, reading: &Reading, calendar: Option<Calendar>) -> Result<[f64; 2], FitError> {
        const KEY: &str = "use";
        let Some(used) = self.value(KEY) else {
            return Ok([f64::NEG_INFINITY, f64::INFINITY]);
        };
        if let Some(times) = pair(used) {
            return Ok(times);
        }
        let dates = used.as_array().into_iter().flatten();
        let times = dates.map(|date| {
            let typed_date = measured::text(date).unwrap_or_default();
            let date = measured::date(KEY, &typed_date, reading.dates)?;
            let calendar = calendar.ok_or("it has dates, and the times of the file are numbers")?;
            if date.has_zone() != calendar.origin().has_zone() {
                let reason =
                    "of its dates and those of the file one has a zone and the other has none";
                return Err(reason.to_owned());
            }
            Ok(calendar.time(date))
        });
        let times = times.collect::<Result<Vec<f64>, String>>();
        let times = times.map_err(|reason| self.refuse(KEY, &reason))?;
        match times[..] {
            [first, last] if first <= last => Ok([first, last]),
            _ => Err(self.refuse(KEY, "it must be [from, to], two dates that ascend")),
        }
    }
}

/// The measured values that the tables of a file define, whose numbers may take `memory` bytes if there is a limit. For a plan,
/// `is_plan`, only the times are needed.
///
/// # Errors
/// [`FitError`] for tables and files that cannot be used.
pub fn read(
    raw: &RawParams,
    problem: &Problem,
    is_plan: bool,
    memory: Option<u64>,
) -> Result<Data, FitError> {
    let numbers = raw.typed().parts_of(KEY);
    if numbers.is_empty() {
        return Err(FitError::refused(
            "there are no data: [[fit.data]] with file, time, columns and sigma names them"
                .to_owned(),
        ));
    }
    let (mut series, mut files) = (Vec::new(), Vec::new());
    for number in numbers {
        let table = DataTable {
            raw,
            name: format!("{KEY}.{number}"),
        };
        let columns = table.columns()?;
        let deviations = table.deviations(&columns)?;
        let reading = table.reading();
        let measured_file = match table.value("file").and_then(Value::as_str) {
            Some(file) => {
                let data = DataFile::open(&table, file, memory)?;
                let measured = data.read(problem, &reading, &columns, &deviations, is_plan)?;
                files.push((data.input.path().to_owned(), measured.file.clone()));
                Some(ReadFile {
                    data,
                    measured,
                    is_plan,
                })
            }
            None if is_plan => None,
            None => return Err(table.refuse_table("file = \"….csv\" is missing")),
        };
        let calendar = match &measured_file {
            Some(file) => file.measured.file.calendar,
            None => reading
                .since
                .and_then(|origin| Calendar::of_unit_named(origin, reading.from_unit.as_deref())),
        };
        let [first_time, last_time] = table.used(&reading, calendar)?;
        let is_used = |time: f64| (first_time..=last_time).contains(&time);
        for (place, (name, column)) in columns.iter().enumerate() {
            let deviation = &deviations[place];
            let mut points = match &measured_file {
                Some(file) => {
                    let is_column =
                        |deviation: &&Deviation| matches!(deviation, Deviation::Column(_));
                    let sigmas = deviations[..place].iter().filter(is_column).count();
                    let values = deviations.iter().filter(is_column).count() + place;
                    file.points([values, sigmas], name, deviation, &reading, is_used)?
                }
                None => planned(problem, deviation),
            };
            points.retain(|&[time, ..]| is_used(time));
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
                has_sigma: *deviation != Deviation::Unknown,
                points,
            });
        }
    }
    let functions = problem.params.functions.iter();
    let files_of_functions = functions.filter_map(FunctionTable::file);
    let files_of_data = files.iter().map(|(path, file)| (path.as_path(), file));
    let origin = common_origin(files_of_functions.chain(files_of_data))
        .map_err(|reason| FitError::refused(format!("[[{KEY}]]: {reason}")))?;
    judge_weights(&series, is_plan)?;
    let times_of_run = [problem.schedule.start, problem.schedule.end()];
    let mut sentences = files.iter().filter_map(|(path, file)| {
        let sentence = file.without_common_times(times_of_run)?;
        Some(format!("{} {sentence}", path.display()))
    });
    if let (false, Some(sentence)) = (
        problem.params.method == StepMethod::Steady,
        sentences.next(),
    ) {
        return Err(FitError::refused(sentence));
    }
    Ok(Data {
        series,
        files,
        origin,
    })
}

/// The files of measured values that the tables of a file name, or the reasons why a fit cannot read them.
#[must_use]
pub fn files_of(
    raw: &RawParams,
    problem: &Problem,
) -> Vec<Result<(PathBuf, MeasuredFile), FitError>> {
    let numbers = raw.typed().parts_of(KEY).into_iter();
    let files = numbers.filter_map(|number| {
        let table = DataTable {
            raw,
            name: format!("{KEY}.{number}"),
        };
        let file = table.value("file")?.as_str()?;
        let read = || {
            let data = DataFile::open(&table, file, problem.params.memory)?;
            let (columns, reading) = (table.columns()?, table.reading());
            let deviations = table.deviations(&columns)?;
            let measured = data.read(problem, &reading, &columns, &deviations, false)?;
            Ok((data.input.path().to_owned(), measured.file))
        };
        Some(read())
    });
    files.collect()
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
    let weighed = series.iter().filter(|series| series.has_sigma).count();
    let reason = match weighed {
        0 if is_plan => {
            "sigma is missing, the standard deviation of what will be measured, on which errors depend"
        }
        count if count > 0 && count < series.len() => {
            "sigma is given of some columns and not of others: of all of them, or of none, values can be weighed"
        }
        _ => return Ok(()),
    };
    Err(FitError::refused(format!("[[{KEY}]]: {reason}")))
}

/// The times of the rows that the run would have, for data that have not been measured yet. The row of the initial state is
/// one of them only if it is asked for.
fn planned(problem: &Problem, deviation: &Deviation) -> Vec<[f64; 3]> {
    let start = problem.schedule.start;
    let times: Vec<f64> = match problem.params.record.as_ref().map(|record| &record.times) {
        None => vec![problem.schedule.end()],
        Some(times) => {
            let is_start_asked = matches!(times, RowTimes::At(at) if at.first() == Some(&start));
            let rows = problem.schedule.timed_rows(times);
            rows.skip(usize::from(!is_start_asked))
                .map(|(_, time)| time)
                .collect()
        }
    };
    let sigma = match deviation {
        Deviation::Number(sigma) => *sigma,
        Deviation::Unknown | Deviation::Column(_) => 1.0,
    };
    let times = times.into_iter();
    times.map(|time| [time, 0.0, sigma]).collect()
}

/// A file of measured values.
struct DataFile {
    input: Input,
    /// The most bytes of its numbers, if there is a limit.
    memory: Option<u64>,
}

impl DataFile {
    fn open(table: &DataTable<'_>, file: &str, memory: Option<u64>) -> Result<Self, FitError> {
        let (raw, file_key) = (table.raw, table.name_of("file"));
        let named_input = raw.input(&file_key, Path::new(file));
        let path = match (named_input.bytes(), raw.typed().get(&file_key)) {
            (None, Some(entry)) => entry.place.path_to(file),
            _ => file.into(),
        };
        let input = Input::open(raw.input(&file_key, &path), &mut Digests::default())?;
        Ok(Self { input, memory })
    }

    /// The values of the columns of the file, in the units of the corresponding columns of the record.
    fn read(
        &self,
        problem: &Problem,
        reading: &Reading,
        columns: &[(String, String)],
        deviations: &[Deviation],
        is_plan: bool,
    ) -> Result<Measured, FitError> {
        let record_columns = run::record_columns(problem);
        let columns_of_values = columns.iter().map(|(name, column_name)| {
            let mut columns = record_columns.iter();
            let column = columns.find(|column| column.name == *column_name);
            let unit = column.and_then(RecordColumn::known_unit);
            WantedColumn {
                name: ColumnName::Heading(name.clone()),
                unit: reading.to_unit.as_deref().or(unit).map(str::to_owned),
                instead: column.and_then(RecordColumn::instead),
                deviates: None,
            }
        });
        let columns_of_values: Vec<WantedColumn> = columns_of_values.collect();
        let columns_of_sigmas = deviations.iter().zip(&columns_of_values);
        let columns_of_sigmas = columns_of_sigmas.filter_map(|(deviation, values)| {
            let Deviation::Column(column) = deviation else {
                return None;
            };
            Some(WantedColumn {
                name: ColumnName::Heading(column.clone()),
                deviates: Some(values.name.clone()),
                ..values.clone()
            })
        });
        let mut wanted_columns: Vec<WantedColumn> = columns_of_sigmas.collect();
        let sigmas = wanted_columns.len();
        wanted_columns.extend(columns_of_values);
        let mut request = ReadRequest {
            reading,
            columns: &wanted_columns,
            doubles: Doubles::Keep,
            may_descend: true,
            skips_gaps: reading.skips_gaps.filter(|skips| !skips),
            memory: self.memory,
        };
        let mut measured = request.read(self.input.file()?);
        if is_plan && measured.is_err() {
            // Values that will be measured need not be in the file yet.
            request.columns = &wanted_columns[..sigmas];
            measured = request.read(self.input.file()?);
        }
        let measured = measured.map_err(|error| {
            let swapped = columns.iter().find(|(name, column_name)| {
                let mut names = record_columns.iter().map(|column| &column.name);
                let has_name = names.clone().any(|column| column == name);
                has_name && !names.any(|column| column == column_name)
            });
            match swapped {
                Some((name, column_name)) => self.input.refuse(&format!(
                    "{error}; the record has a column {name} and none {column_name}: the name in the file stands first, as in columns = {{ {column_name:?} = {name:?} }}"
                )),
                None => self.input.faulty(&error),
            }
        })?;
        if let (true, count @ (0 | 2..)) = (reading.from.is_empty(), measured.file.rows) {
            let reason = format!(
                "it has {count} rows, and without time = \"column\" it can have one alone, that of a steady state"
            );
            return Err(self.input.refuse(&reason).into());
        }
        Ok(measured)
    }
}

/// A file of measured values that has been read.
struct ReadFile {
    data: DataFile,
    measured: Measured,
    /// Whether only the times are needed, as for values that will be measured.
    is_plan: bool,
}

impl ReadFile {
    /// Times, measured values and standard deviations of a column that is called `name`, where it has a value and `is_used` says
    /// that its time counts. The places are those of its values and of its deviations among the columns that were read.
    fn points(
        &self,
        [place_of_values, place_of_sigmas]: [usize; 2],
        name: &str,
        deviation: &Deviation,
        reading: &Reading,
        is_used: impl Fn(f64) -> bool,
    ) -> Result<Vec<[f64; 3]>, FitError> {
        let measured = &self.measured;
        let mut times = measured.middles(reading.between);
        if reading.from.is_empty() {
            times = vec![0.0];
        }
        let values = measured.values.get(place_of_values).unwrap_or(&times);
        let mut points = Vec::new();
        // A plan may have times alone, without any value.
        let has_gaps = !self.is_plan || values.iter().any(|value| value.is_finite());
        for (row, (&time, &value)) in times.iter().zip(values).enumerate() {
            if !is_used(time) || has_gaps && !value.is_finite() {
                continue;
            }
            let (sigma, name_of_sigma) = match deviation {
                Deviation::Unknown => (1.0, name),
                Deviation::Number(sigma) => (*sigma, name),
                Deviation::Column(column) => {
                    (measured.values[place_of_sigmas][row], column.as_str())
                }
            };
            if !(sigma > 0.0 && sigma.is_finite()) {
                let there_is = match sigma.is_nan() {
                    true => "there is none".to_owned(),
                    false => format!("it is {sigma:?}"),
                };
                let reason = format!(
                    "a standard deviation must be a finite number greater than 0, and {there_is}"
                );
                return Err(self.refuse(row, name_of_sigma, reason));
            }
            if (value / sigma).powi(2).is_infinite() {
                let reason = format!(
                    "{value:?} beside an error of {sigma:?} is too large: the sum of squares is beyond what a float holds"
                );
                return Err(self.refuse(row, name, reason));
            }
            // What will be measured counts as 0 until then.
            let value = if value.is_nan() { 0.0 } else { value };
            points.push([time, value, sigma]);
        }
        Ok(points)
    }

    /// The error for a row of a column.
    fn refuse(&self, row: usize, name: &str, reason: String) -> FitError {
        let error = self.measured.refuse_value(row, name, reason);
        self.data.input.faulty(&error).into()
    }
}
