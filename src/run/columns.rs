//! The columns of a record: names, meanings and units.

use crate::{
    cube::{
        self, Commit, CubeError, Header, Paths, RecordColumn, digest,
        record_file::{self, RecordPlace},
        restore::Restorer,
    },
    params::{Canonical, Choice, Coordinates, DATE_COLUMN, LEADING_COLUMNS, RowNumber, StepMethod},
    problem::Problem,
};
use serde_json::json;
use std::collections::BTreeSet;

/// The unit of a quantity, or its dimension if the parameters name no unit.
fn unit_of(canonical: &Canonical, name: &str, dimension: &str) -> String {
    let unit = canonical.unit(name);
    unit.map_or_else(|| dimension.to_owned(), str::to_owned)
}

/// What the quantities of a record mean, and their units.
struct Quantities {
    time_unit: String,
    density_unit: String,
    mass_unit: String,
    rate_unit: String,
    /// The unit of fluxes: rates by the lengths of walls, or around an axis by their areas.
    flux_unit: String,
    mass_meaning: &'static str,
    flux_meaning: &'static str,
    /// The mean over a region.
    mean_meaning: &'static str,
    /// Whether the state is the one that time tends to.
    is_steady: bool,
}

impl Quantities {
    fn of(problem: &Problem) -> Self {
        let canonical = problem.params.canonical();
        let length_unit = unit_of(canonical, "x", "length");
        let time_unit = unit_of(canonical, "t", "time");
        let density_unit = unit_of(canonical, "p", "density");
        let (exponent, mass_meaning, mean_meaning, flux_meaning) = match problem.params.coordinates
        {
            Coordinates::Axisymmetric => (
                '³',
                "integral of c p over the whole ring",
                "mean over the volume of the ring of the region",
                "what comes in per time, by the area of the wall",
            ),
            Coordinates::Cartesian => (
                '²',
                "sum of w_j w_i c p dx dy",
                "mean over the area of the region",
                "what comes in per time, by the length of the wall",
            ),
        };
        // There is no key for the unit of the capacity.
        let capacity = canonical.get("capacity");
        let has_capacity = capacity.is_some_and(|value| value.as_f64() != Some(1.0));
        let capacity = if has_capacity { "·capacity" } else { "" };
        let mass_unit = format!("{density_unit}{capacity}·{length_unit}{exponent}");
        Self {
            flux_unit: unit_of(
                canonical,
                "q",
                &format!("{density_unit}{capacity}·{length_unit}/{time_unit}"),
            ),
            rate_unit: format!("{mass_unit}/{time_unit}"),
            time_unit,
            density_unit,
            mass_unit,
            mass_meaning,
            flux_meaning,
            mean_meaning,
            is_steady: problem.params.method == StepMethod::Steady,
        }
    }

    /// The meaning of a number of a row, and its unit.
    fn meaning_and_unit(&self, number: RowNumber) -> (String, &str) {
        let (meaning, unit) = match number {
            RowNumber::Mass => (self.mass_meaning, &self.mass_unit),
            RowNumber::Min => ("smallest value", &self.density_unit),
            RowNumber::Max => ("largest value", &self.density_unit),
            RowNumber::Rate(_) => (
                "what comes in per time, of the state of the row; what leaves is negative",
                &self.rate_unit,
            ),
            RowNumber::Gain(_) => ("what has come in since the first row", &self.mass_unit),
            RowNumber::Unexplained if self.is_steady => ("sum of all rates", &self.rate_unit),
            RowNumber::Unexplained => (
                "mass less that of the first row and all that has come in since then",
                &self.mass_unit,
            ),
            RowNumber::Flux(_) => (self.flux_meaning, &self.flux_unit),
            RowNumber::Point(_) => ("value at the point", &self.density_unit),
            RowNumber::RegionMean(_) => (self.mean_meaning, &self.density_unit),
            RowNumber::RegionMin(_) => ("smallest value in the region", &self.density_unit),
            RowNumber::RegionMax(_) => ("largest value in the region", &self.density_unit),
            RowNumber::RegionMass(_) => {
                let meaning = format!("{}, of the nodes of the region", self.mass_meaning);
                return (meaning, &self.mass_unit);
            }
            RowNumber::RegionGain(_) => (
                "what has come in since the first row, through the rim and walls",
                &self.mass_unit,
            ),
            RowNumber::RegionRate(_) => (
                "what comes in per time through the rim and walls",
                &self.rate_unit,
            ),
        };
        (meaning.to_owned(), unit)
    }
}

/// The unit of the fluxes of a problem.
pub(super) fn flux_unit(problem: &Problem) -> String {
    Quantities::of(problem).flux_unit
}

/// The columns of the rows of a record. A record that exists has those that its files name: an earlier version may have begun it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    has_scenarios: bool,
    has_dates: bool,
    numbers: Vec<(String, RowNumber)>,
}

impl Columns {
    /// The columns of a new record of a run, or of scenarios.
    pub(super) fn new(problem: &Problem, has_scenarios: bool) -> Self {
        let held_names = problem.params.canonical().held_names();
        let keys = problem.params.record.as_ref();
        Self {
            has_scenarios,
            has_dates: has_dates(problem),
            numbers: keys.map_or_else(Vec::new, |keys| keys.numbers(&held_names)),
        }
    }

    /// The columns of a record that begins with this line; `None` if it is that of another record.
    pub(super) fn of_line(problem: &Problem, has_scenarios: bool, line: &str) -> Option<Self> {
        let names: BTreeSet<&str> = line.trim_end().split(',').collect();
        let mut columns = Self::new(problem, has_scenarios);
        (columns.numbers).retain(|(name, _)| names.contains(name.as_str()));
        (columns.first_line() == line).then_some(columns)
    }

    /// The columns that the files of a record beside a cube name; `None` if they name none.
    pub(super) fn found(problem: &Problem, has_scenarios: bool, paths: &Paths) -> Option<Self> {
        record_file::first_lines(paths)
            .find_map(|line| Self::of_line(problem, has_scenarios, &line))
    }

    /// The columns of a record that exists. The description of a run is compared, that of a sweep has been.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if there is no description, or that of another record.
    pub(super) fn of_record(problem: &Problem, place: &RecordPlace) -> Result<Self, CubeError> {
        let has_scenarios = place.scenario.is_some();
        let line = record_file::first_line(&place.paths)?;
        let columns = Self::of_line(problem, has_scenarios, &line);
        let columns = columns.ok_or_else(|| record_file::of_another_record(&place.paths))?;
        if !has_scenarios {
            let description = columns.description(problem, &place.parameters, &place.warnings);
            record_file::is_described(&place.paths, &description)?;
        }
        Ok(columns)
    }

    /// The numbers of a row, in the order of the columns behind time and date.
    pub(super) fn numbers(&self) -> impl Iterator<Item = RowNumber> {
        self.numbers.iter().map(|(_, number)| *number)
    }

    /// The number of columns before the time in a line.
    pub(super) fn columns_before_time(&self) -> usize {
        1 + usize::from(self.has_scenarios)
    }

    /// Whether the time in a line has its date behind it.
    pub(super) fn has_dates(&self) -> bool {
        self.has_dates
    }

    /// The place of a column in a row, counted without the column of scenarios.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        let [_, step, time] = LEADING_COLUMNS;
        let numbers = self.numbers.iter().map(|(name, _)| name.as_str());
        [step, time]
            .into_iter()
            .chain(numbers)
            .position(|other| other == name)
    }

    /// The column that has a limit, if it is none of these.
    pub(super) fn missing_limit<'p>(&self, problem: &'p Problem) -> Option<&'p str> {
        let (column, _) = problem.params.until.as_ref()?.column.as_ref()?;
        let is_missing = self.place(column).is_none();
        is_missing.then_some(column)
    }

    /// The first line of the rows, with the names of the columns.
    pub(super) fn first_line(&self) -> String {
        let leading = LEADING_COLUMNS.into_iter();
        let leading = leading.skip(usize::from(!self.has_scenarios));
        let date = self.has_dates.then_some(DATE_COLUMN);
        let numbers = self.numbers.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = leading.chain(date).chain(numbers).collect();
        names.join(",") + "\n"
    }

    /// The columns with numbers, with their meanings and units.
    pub(super) fn with_meanings(&self, problem: &Problem) -> Vec<RecordColumn> {
        let quantities = Quantities::of(problem);
        let leading = [
            ("number of the scenario", ""),
            ("steps taken before the row", ""),
            ("simulated time", &quantities.time_unit),
        ];
        let leading = LEADING_COLUMNS.into_iter().zip(leading);
        let leading = leading.map(|(name, (meaning, unit))| RecordColumn {
            name: name.to_owned(),
            what: meaning.to_owned(),
            unit: unit.to_owned(),
        });
        let numbers = self.numbers.iter().map(|(name, number)| {
            let (what, unit) = quantities.meaning_and_unit(*number);
            RecordColumn {
                name: name.clone(),
                what,
                unit: unit.to_owned(),
            }
        });
        let leading = leading.skip(usize::from(!self.has_scenarios));
        leading.chain(numbers).collect()
    }

    /// The columns of the rows in a file: those with numbers, and behind the time its date.
    fn in_file(&self, problem: &Problem) -> Vec<RecordColumn> {
        let mut columns = self.with_meanings(problem);
        if self.has_dates {
            let date = RecordColumn {
                name: DATE_COLUMN.to_owned(),
                what: "date of the simulated time".to_owned(),
                unit: String::new(),
            };
            columns.insert(self.columns_before_time() + 1, date);
        }
        columns
    }

    /// The description of a record: its columns, the digest of the run's parameters, and its warnings.
    pub(super) fn description(
        &self,
        problem: &Problem,
        parameters: &str,
        warnings: &[String],
    ) -> String {
        let points = problem.gauges().map(|gauges| &gauges.points);
        let mut content = vec![
            ("parameters_sha256", json!(parameters)),
            ("columns", json!(self.in_file(problem))),
            ("points", json!(points)),
            ("warnings", json!(warnings)),
        ];
        let fields: Vec<&str> = problem.fields().iter().map(|field| field.name()).collect();
        if !fields.is_empty() {
            content.push(("fields", json!(fields)));
        }
        let lines = content.into_iter();
        let lines: Vec<String> = lines
            .map(|(key, value)| format!("  {}: {value}", json!(key)))
            .collect();
        record_file::description(&lines.join(",\n"))
    }
}

/// Whether the rows have dates.
pub(super) fn has_dates(problem: &Problem) -> bool {
    let record = problem.params.record.as_ref();
    record.is_some_and(|record| record.has_dates)
}

/// The digest of the parameters of a run without a journal, in which files are known by their digests.
pub(super) fn digest_of_parameters(problem: &Problem) -> String {
    let params = problem.params.canonical().clone();
    digest::of_json(&params.with_digests(&problem.inputs()))
}

/// The digest of the parameters in line 1 of a journal. It depends on nothing but this line, wherever files lie now.
pub(super) fn digest_of_header(header: &Header) -> String {
    match header.run() {
        Some(run) => digest::of_json(&run.params.clone().with_digests(&header.inputs)),
        None => digest::of_json(&(header.sweep(), &header.inputs)),
    }
}

/// The record of a run or a sweep, with its description.
pub(crate) struct DescribedRecord {
    pub(crate) columns: Columns,
    description: String,
}

impl DescribedRecord {
    /// The record of a run or a sweep that has begun, with the columns that its files name, or those of a new one if its files
    /// are lost; `first` is the problem of its first scenario.
    pub(crate) fn of(header: &Header, first: &Problem, paths: &Paths) -> Self {
        let has_scenarios = header.is_sweep();
        let columns = Columns::found(first, has_scenarios, paths);
        let columns = columns.unwrap_or_else(|| Columns::new(first, has_scenarios));
        let parameters = digest_of_header(header);
        Self {
            description: columns.description(first, &parameters, &header.warnings),
            columns,
        }
    }

    /// What is wrong with the description beside a cube, in sentences.
    pub(crate) fn faults_of_description(&self, paths: &Paths) -> Vec<String> {
        record_file::faults_of_description(paths, &self.description)
    }

    /// Writes the description beside a cube.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub(crate) fn write_description(&self, paths: &Paths) -> Result<(), CubeError> {
        record_file::write_description(paths, &self.description)
    }

    /// Creates the directory for the rows of scenarios again, unless joined rows are undamaged. Returns the faults that
    /// it found in sentences, and whether the rows of scenarios are still separate; `None` if nothing has to be restored.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn restore_place(
        &self,
        cube: &Restorer,
        commits: &[Vec<Commit>],
    ) -> Result<Option<(Vec<String>, bool)>, CubeError> {
        record_file::restore_place(cube, commits, &self.columns.first_line())
    }

    /// Whether the separate rows of a scenario are as the sweep has written them.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub(crate) fn is_part_proved(
        &self,
        place: &RecordPlace,
        commits: &[Commit],
    ) -> Result<bool, CubeError> {
        record_file::is_part_proved(place, &self.columns.first_line(), commits)
    }
}

/// Whether the records of two problems have the same columns and points, if they have any.
pub(crate) fn have_one_record(one: &Problem, other: &Problem) -> bool {
    if [one, other]
        .iter()
        .all(|problem| problem.params.record.is_none())
    {
        return true;
    }
    let [one, other] =
        [one, other].map(|problem| Columns::new(problem, true).description(problem, "", &[]));
    one == other
}

/// The record of all scenarios of a sweep, with its description.
pub(crate) struct SweepRecord {
    paths: Paths,
    record: DescribedRecord,
}

impl SweepRecord {
    /// The record of a sweep that has begun beside its cube, if it has one. `first` is the problem of scenario 0.
    pub(crate) fn of(header: &Header, first: &Problem, paths: &Paths) -> Option<Self> {
        first.params.record.as_ref()?;
        Some(Self {
            paths: paths.clone(),
            record: DescribedRecord::of(header, first, paths),
        })
    }

    /// Creates the description and directory of the record, unless the sweep has begun. Line 1 of the journal must
    /// exist.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn begin(&self, run_id: &str) -> Result<(), CubeError> {
        record_file::begin_sweep(&self.paths, run_id, &self.record.description)
    }
}

/// Joins the rows of all scenarios of a sweep when a process has ended, if the sweep has a record.
///
/// # Errors
/// [`CubeError`].
pub(crate) fn end_record_of_sweep(first: &Problem, paths: &Paths) -> Result<(), CubeError> {
    match cube::begun_by(paths).filter(|_| first.params.record.is_some()) {
        Some(run_id) => record_file::end_sweep(paths, &run_id),
        None => Ok(()),
    }
}
