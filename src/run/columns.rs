//! The columns of a record: names, meanings and units.

use crate::{
    cube::{
        self, Commit, CubeError, Header, Paths, RecordColumn, digest,
        record_file::{self, RecordPlace},
        restore::Restorer,
    },
    params::{Canonical, Choice, Coordinates, StepMethod, common_rate_names, flux_names},
    physics::fluxes::{DECAY, FIRST_HELD, SOURCE},
    problem::Problem,
};
use serde::Serialize;
use serde_json::json;

/// The indices of the rates in the order of the columns, with `tables` tables of held nodes.
pub(super) fn order(tables: usize) -> impl Iterator<Item = usize> {
    (0..SOURCE)
        .chain(FIRST_HELD..FIRST_HELD + tables)
        .chain([SOURCE, DECAY])
}

/// The names of the rates that every state has, by index; `held_names` are the tables of held nodes.
pub(super) fn part_names(held_names: &[String]) -> Vec<String> {
    let mut names: Vec<String> = common_rate_names().map(str::to_owned).collect();
    names.extend_from_slice(held_names);
    names
}

/// The names of the rates by index.
pub(super) fn rate_names(problem: &Problem) -> Vec<String> {
    let mut names = part_names(&problem.params.canonical().held_names());
    let regions = problem.gauges().map_or(&[][..], |gauges| &gauges.regions);
    names.extend(regions.iter().map(|region| format!("{region}_in")));
    names
}

/// The first line of a record, with the names of its columns.
pub(super) fn head(columns: &[RecordColumn]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(",") + "\n"
}

/// The number that a line of a record has in a column; 0 if there is no such column.
pub(super) fn number_in(columns: &[RecordColumn], line: &str, name: &str) -> f64 {
    let place = columns.iter().position(|column| column.name == name);
    let text = place.and_then(|place| line.split(',').nth(place));
    text.and_then(|text| text.trim_end().parse().ok())
        .unwrap_or(0.0)
}

/// The unit of a quantity, or its dimension if the parameters name no unit.
fn unit_of(canonical: &Canonical, name: &str, dimension: &str) -> String {
    let unit = canonical.unit(name);
    unit.map_or_else(|| dimension.to_owned(), str::to_owned)
}

fn column(name: String, meaning: &str, unit: &str) -> RecordColumn {
    RecordColumn {
        name,
        what: meaning.to_owned(),
        unit: unit.to_owned(),
    }
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
    /// The mean over a region.
    mean_meaning: &'static str,
}

impl Quantities {
    fn of(problem: &Problem) -> Self {
        let canonical = problem.params.canonical();
        let length_unit = unit_of(canonical, "x", "length");
        let time_unit = unit_of(canonical, "t", "time");
        let density_unit = unit_of(canonical, "p", "density");
        let (exponent, mass_meaning, mean_meaning) = match problem.params.coordinates {
            Coordinates::Axisymmetric => (
                '³',
                "integral of c p over the whole ring",
                "mean over the volume of the ring of the region",
            ),
            Coordinates::Cartesian => (
                '²',
                "sum of w_j w_i c p dx dy",
                "mean over the area of the region",
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
            mean_meaning,
        }
    }
}

/// The columns of the record of a run, or of scenarios.
pub(super) fn columns(problem: &Problem, has_scenarios: bool) -> Vec<RecordColumn> {
    let quantities = Quantities::of(problem);
    let scenario = column("scenario".to_owned(), "number of the scenario", "");
    let mut columns = Vec::from_iter(has_scenarios.then_some(scenario));
    columns.extend([
        column("step".to_owned(), "steps taken before the row", ""),
        column("t".to_owned(), "simulated time", &quantities.time_unit),
    ]);
    let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
        return columns;
    };
    if keys.totals {
        columns.extend(columns_of_totals(problem, &quantities));
    }
    for gauge in &gauges.points {
        columns.push(column(
            gauge.name.clone(),
            "value at the point",
            &quantities.density_unit,
        ));
    }
    for region in &gauges.regions {
        columns.extend(columns_of_region(region, &quantities));
    }
    columns
}

/// The mass and extremes of the grid, what comes in, and what that leaves unexplained.
fn columns_of_totals(problem: &Problem, quantities: &Quantities) -> Vec<RecordColumn> {
    let Quantities {
        density_unit,
        mass_unit,
        rate_unit,
        mass_meaning,
        ..
    } = quantities;
    let mut columns = vec![
        column("mass".to_owned(), mass_meaning, mass_unit),
        column("min".to_owned(), "smallest value", density_unit),
        column("max".to_owned(), "largest value", density_unit),
    ];
    let names = rate_names(problem);
    for part in order(problem.geometry().tables()) {
        let name = &names[part];
        columns.push(column(
            format!("{name}_rate"),
            "what comes in per time, of the state of the row; what leaves is negative",
            rate_unit,
        ));
        columns.push(column(
            name.clone(),
            "what has come in since the first row",
            mass_unit,
        ));
    }
    let (meaning, unit) = match problem.params.method {
        StepMethod::Steady => ("sum of all rates", rate_unit),
        _ => (
            "mass less that of the first row and all that has come in since then",
            mass_unit,
        ),
    };
    columns.push(column("unexplained".to_owned(), meaning, unit));
    let meaning = match problem.params.coordinates {
        Coordinates::Axisymmetric => "what comes in per time, by the area of the wall",
        Coordinates::Cartesian => "what comes in per time, by the length of the wall",
    };
    columns.extend(flux_names().map(|name| column(name, meaning, &quantities.flux_unit)));
    columns
}

/// Mean, extremes and mass of a region, and what comes in.
fn columns_of_region(region: &str, quantities: &Quantities) -> [RecordColumn; 6] {
    let Quantities {
        density_unit,
        mass_unit,
        rate_unit,
        mass_meaning,
        mean_meaning,
        ..
    } = quantities;
    [
        column(format!("{region}_mean"), mean_meaning, density_unit),
        column(
            format!("{region}_min"),
            "smallest value in the region",
            density_unit,
        ),
        column(
            format!("{region}_max"),
            "largest value in the region",
            density_unit,
        ),
        column(
            format!("{region}_mass"),
            &format!("{mass_meaning}, of the nodes of the region"),
            mass_unit,
        ),
        column(
            format!("{region}_in"),
            "what has come in since the first row, through the rim and walls",
            mass_unit,
        ),
        column(
            format!("{region}_in_rate"),
            "what comes in per time through the rim and walls",
            rate_unit,
        ),
    ]
}

/// The digest of the parameters of a run.
pub(crate) fn digest_of_parameters(problem: &Problem, header: &Header) -> String {
    let params = problem.params.canonical().clone();
    digest::of_json(&params.with_digests(&header.inputs))
}

/// The description of the record of a run or a sweep that has begun; `first` is the problem of its first scenario.
pub(crate) fn description_of(header: &Header, paths: &Paths, first: &Problem) -> String {
    if header.is_sweep() {
        return SweepRecord::of_header(header, paths, first).description;
    }
    let parameters = digest_of_parameters(first, header);
    describe(first, &columns(first, false), &parameters, &header.warnings)
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
        [one, other].map(|problem| describe(problem, &columns(problem, true), "", &[]));
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
        let columns = columns(first, true);
        Some(Self {
            paths: paths.clone(),
            head: head(&columns),
            description: describe(first, &columns, &digest::of_json(sweep), warnings),
        })
    }

    /// The record of a sweep that has begun.
    pub(crate) fn of_header(header: &Header, paths: &Paths, first: &Problem) -> Self {
        let columns = columns(first, true);
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
