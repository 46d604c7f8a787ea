//! The columns of a record, and what they are.

use crate::{
    cube::{self, CubeError, Header, Paths, RecordColumn, digest, record_file},
    params::{Choice, Coordinates},
    physics::fluxes::{DECAY, FIRST_HELD, SOURCE},
    problem::Problem,
};
use serde::Serialize;
use serde_json::json;

/// The places of the rates in the order of the columns.
pub(super) fn order(tables: usize) -> impl Iterator<Item = usize> {
    (0..SOURCE)
        .chain(FIRST_HELD..FIRST_HELD + tables)
        .chain([SOURCE, DECAY])
}

/// The names of what all states have rates of, with so many tables of held nodes, by their places.
pub(super) fn part_names(tables: usize) -> Vec<String> {
    let mut names: Vec<String> = ["left", "right", "bottom", "top", "source", "decay"]
        .map(str::to_owned)
        .to_vec();
    names.extend((0..tables).map(|table| format!("held{table}")));
    names
}

/// The names of the rates by their places.
pub(super) fn rate_names(problem: &Problem) -> Vec<String> {
    let mut names = part_names(problem.geometry().tables());
    let regions = problem.gauges().map_or(&[][..], |gauges| &gauges.regions);
    names.extend(regions.iter().map(|region| format!("{region}_in")));
    names
}

/// The first line of a record.
pub(super) fn head(columns: &[RecordColumn]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(",") + "\n"
}

/// The columns of a record, of a run or of scenarios.
pub(super) fn columns(problem: &Problem, has_scenarios: bool) -> Vec<RecordColumn> {
    let canonical = problem.params.canonical();
    let unit = |name: &str, otherwise: &str| {
        canonical
            .unit(name)
            .map_or_else(|| otherwise.to_owned(), str::to_owned)
    };
    let (length, time, density) = (unit("x", "length"), unit("t", "time"), unit("p", "density"));
    let (power, mass_of) = match problem.params.coordinates {
        Coordinates::Axisymmetric => ('³', "integral of c p over the whole ring"),
        Coordinates::Cartesian => ('²', "sum of w_j w_i c p dx dy"),
    };
    // There is no key for the unit of the capacity.
    let capacity = canonical.get("capacity").map_or("", |_| "·capacity");
    let mass = format!("{density}{capacity}·{length}{power}");
    let rate = format!("{mass}/{time}");
    let column = |name: String, what: &str, unit: &str| RecordColumn {
        name,
        what: what.to_owned(),
        unit: unit.to_owned(),
    };
    let scenario = column("scenario".to_owned(), "number of the scenario", "");
    let mut columns = Vec::from_iter(has_scenarios.then_some(scenario));
    columns.extend([
        column("step".to_owned(), "steps taken before the row", ""),
        column("t".to_owned(), "simulated time", &time),
    ]);
    let names = rate_names(problem);
    let (Some(keys), Some(gauges)) = (&problem.params.record, problem.gauges()) else {
        return columns;
    };
    if keys.totals {
        columns.push(column("mass".to_owned(), mass_of, &mass));
        columns.push(column("min".to_owned(), "smallest value", &density));
        columns.push(column("max".to_owned(), "largest value", &density));
        for part in order(problem.geometry().tables()) {
            let name = &names[part];
            let what = "what comes in per time, of the state of the row; what leaves is negative";
            columns.push(column(format!("{name}_rate"), what, &rate));
            columns.push(column(
                name.clone(),
                "what has come in since the first row",
                &mass,
            ));
        }
        let what = "mass less that of the first row and all that has come in since then";
        columns.push(column("unexplained".to_owned(), what, &mass));
    }
    for gauge in &gauges.points {
        columns.push(column(gauge.name.clone(), "value at the point", &density));
    }
    for region in &gauges.regions {
        let of = |name: &str| format!("{region}_{name}");
        columns.push(column(
            of("mean"),
            "mean over the area of the region",
            &density,
        ));
        columns.push(column(of("min"), "smallest value in the region", &density));
        columns.push(column(of("max"), "largest value in the region", &density));
        columns.push(column(
            of("mass"),
            &format!("{mass_of}, of the nodes of the region"),
            &mass,
        ));
        let what = "what has come in since the first row, through the rim and walls";
        columns.push(column(of("in"), what, &mass));
        let what = "what comes in per time through the rim and walls";
        columns.push(column(of("in_rate"), what, &rate));
    }
    columns
}

/// The check sum of the parameters of a run.
pub(super) fn of_run(problem: &Problem, header: &Header) -> String {
    let params = problem.params.canonical().clone();
    digest::of_json(&params.with_digests(&header.inputs))
}

/// What the columns are, and of parameters with which check sum.
pub(super) fn describe(problem: &Problem, columns: &[RecordColumn], parameters: &str) -> String {
    let points = problem.gauges().map(|gauges| &gauges.points);
    let mut content = vec![
        ("parameters_sha256", json!(parameters)),
        ("columns", json!(columns)),
        ("points", json!(points)),
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
    let [one, other] = [one, other].map(|problem| describe(problem, &columns(problem, true), ""));
    one == other
}

/// The record of all scenarios of a sweep.
pub(crate) struct SweepRecord<'a> {
    paths: &'a Paths,
    head: String,
    described: String,
}

impl<'a> SweepRecord<'a> {
    /// That of a sweep beside its cube, if it has one. `first` is the problem of scenario 0; `sweep` stands for all scenarios and
    /// their files.
    pub(crate) fn of(first: &Problem, sweep: &impl Serialize, paths: &'a Paths) -> Option<Self> {
        first.params.record.as_ref()?;
        let columns = columns(first, true);
        Some(Self {
            paths,
            head: head(&columns),
            described: describe(first, &columns, &digest::of_json(sweep)),
        })
    }

    /// Refuses files of others that have its names.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn refuse_others(&self) -> Result<(), CubeError> {
        record_file::refuse_others(self.paths, &[])
    }

    /// Makes its place, unless the sweep has begun.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn begin(&self, run_id: &str) -> Result<(), CubeError> {
        record_file::begin_sweep(self.paths, run_id, &self.described)
    }

    /// Brings the rows of scenarios together, when a process has ended.
    ///
    /// # Errors
    /// [`CubeError`].
    pub(crate) fn end(&self) -> Result<(), CubeError> {
        match cube::begun_by(self.paths) {
            Some(run_id) => record_file::end_sweep(self.paths, &run_id, &self.head),
            None => Ok(()),
        }
    }
}
