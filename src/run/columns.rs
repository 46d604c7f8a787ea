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
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The first line of a record, with the names of its columns.
pub(super) fn head(columns: &[RecordColumn]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(",") + "\n"
}

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

/// The numbers of the rows of a run, with the names of their columns and in their order; none without a record.
pub(super) fn numbers(problem: &Problem) -> Vec<(String, RowNumber)> {
    let held_names = problem.params.canonical().held_names();
    let keys = problem.params.record.as_ref();
    keys.map_or_else(Vec::new, |keys| keys.numbers(&held_names))
}

/// The columns of the rows in a file: those with numbers, and behind the time its date, if the parameters ask for it.
pub(super) fn columns_in_file(problem: &Problem, has_scenarios: bool) -> Vec<RecordColumn> {
    let mut columns = columns(problem, has_scenarios);
    if has_dates(problem) {
        let date = RecordColumn {
            name: DATE_COLUMN.to_owned(),
            what: "date of the simulated time".to_owned(),
            unit: String::new(),
        };
        columns.insert(2 + usize::from(has_scenarios), date);
    }
    columns
}

/// Whether the rows have dates.
pub(super) fn has_dates(problem: &Problem) -> bool {
    let record = problem.params.record.as_ref();
    record.is_some_and(|record| record.has_dates)
}

/// The columns with numbers of the record of a run, or of scenarios.
pub(super) fn columns(problem: &Problem, has_scenarios: bool) -> Vec<RecordColumn> {
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
    let numbers = numbers(problem).into_iter().map(|(name, number)| {
        let (what, unit) = quantities.meaning_and_unit(number);
        RecordColumn {
            name,
            what,
            unit: unit.to_owned(),
        }
    });
    let columns_of_run = usize::from(!has_scenarios);
    leading.skip(columns_of_run).chain(numbers).collect()
}

/// The digest of the parameters of a run, in which files are known by the digests of these inputs.
pub(crate) fn digest_of_parameters(problem: &Problem, inputs: &BTreeMap<String, String>) -> String {
    let params = problem.params.canonical().clone();
    digest::of_json(&params.with_digests(inputs))
}

/// The description of the record of a run or a sweep that has begun; `first` is the problem of its first scenario.
pub(crate) fn description_of(header: &Header, paths: &Paths, first: &Problem) -> String {
    if header.is_sweep() {
        return SweepRecord::of_header(header, paths, first).description;
    }
    let parameters = digest_of_parameters(first, &header.inputs);
    describe(
        first,
        &columns_in_file(first, false),
        &parameters,
        &header.warnings,
    )
}

/// The description of a record: its columns, the digest of the run's parameters, and its warnings.
pub(super) fn describe(
    problem: &Problem,
    columns: &[RecordColumn],
    parameters: &str,
    warnings: &[String],
) -> String {
    let points = problem.gauges().map(|gauges| &gauges.points);
    let mut content = vec![
        ("parameters_sha256", json!(parameters)),
        ("columns", json!(columns)),
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

/// Whether the records of two problems have the same columns and points.
pub(crate) fn have_one_record(one: &Problem, other: &Problem) -> bool {
    let descriptions =
        [one, other].map(|problem| describe(problem, &columns_in_file(problem, true), "", &[]));
    descriptions[0] == descriptions[1]
}

/// The record of all scenarios of a sweep, with its description.
pub(crate) struct SweepRecord {
    paths: Paths,
    head: String,
    description: String,
}

impl SweepRecord {
    /// The record of a sweep beside its cube, if it has one. `first` is the problem of scenario 0; `sweep` stands for all
    /// scenarios and their files.
    pub(crate) fn of(
        first: &Problem,
        sweep: &impl Serialize,
        warnings: &[String],
        paths: &Paths,
    ) -> Option<Self> {
        first.params.record.as_ref()?;
        let columns = columns_in_file(first, true);
        Some(Self {
            paths: paths.clone(),
            head: head(&columns),
            description: describe(first, &columns, &digest::of_json(sweep), warnings),
        })
    }

    /// The record of a sweep that has begun.
    pub(crate) fn of_header(header: &Header, paths: &Paths, first: &Problem) -> Self {
        let columns = columns_in_file(first, true);
        let sweep = (header.sweep(), &header.inputs);
        Self {
            paths: paths.clone(),
            head: head(&columns),
            description: describe(first, &columns, &digest::of_json(&sweep), &header.warnings),
        }
    }

    /// Refuses files of other programs that have the names of the record.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn refuse_others(&self) -> Result<(), CubeError> {
        record_file::refuse_others(&self.paths, &[])
    }

    /// Creates the description and directory of the record, unless the sweep has begun. Line 1 of the journal must
    /// exist.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn begin(&self, run_id: &str) -> Result<(), CubeError> {
        record_file::begin_sweep(&self.paths, run_id, &self.description)
    }

    /// Creates the directory for the rows of scenarios again, unless joined rows are undamaged. Returns the faults that
    /// it found in sentences; `None` if nothing has to be restored.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn restore_place(
        &self,
        cube: &Restorer,
        commits: &[Vec<Commit>],
    ) -> Result<Option<Vec<String>>, CubeError> {
        record_file::restore_place(cube, commits, &self.head, &self.description)
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
        record_file::is_part_proved(place, &self.head, commits)
    }

    /// Joins the rows of all scenarios when a process has ended.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn end(&self) -> Result<(), CubeError> {
        match cube::begun_by(&self.paths) {
            Some(run_id) => record_file::end_sweep(&self.paths, &run_id, &self.head),
            None => Ok(()),
        }
    }
}
