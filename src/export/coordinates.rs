//! [`Coordinate`]: times, places and parameters along the dimensions of an array.

use super::{
    ExportError,
    times::{self, TIME},
};
use crate::cube::{
    JournalledArray,
    journal::{Header, Scenario, telling, varied},
};
use diff2d_arrays::labels::{Labels, NamedAxis};
use serde_json::{Map, Value};

/// An axis of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// `scenario`, `t`, `y` or `x`; for other arrays the names of their axes, or the same names if the axes have none.
    pub name: String,
    /// Number of indices.
    pub length: u64,
}

/// Values along one dimension or two.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// The name of a dimension, or a name of its own.
    pub name: String,
    /// The dimensions along which it varies.
    pub along: Vec<usize>,
    /// Values in C order.
    pub values: Column,
    /// A description in words.
    pub about: String,
    /// The unit, if it is known.
    pub unit: Option<String>,
    /// The calendar of times from a date on, if it is not the usual one.
    pub calendar: Option<String>,
}

impl Coordinate {
    /// Attributes of the CF conventions: `long_name` and, where they are known, `units` and `calendar`.
    #[must_use]
    pub fn attributes(&self) -> Map<String, Value> {
        let long_name = Some(("long_name".to_owned(), self.about.clone().into()));
        let known = [("units", &self.unit), ("calendar", &self.calendar)].into_iter();
        let known =
            known.filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        long_name.into_iter().chain(known).collect()
    }
}

/// Values of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Double precision; NaN where there is no value.
    Floats(Vec<f64>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Strings.
    Texts(Vec<String>),
}

impl Column {
    /// The number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// A value as text, a number as the shortest decimal that reads back as the same number.
    #[must_use]
    pub fn text(&self, index: usize) -> String {
        match self {
            Self::Floats(values) => format!("{:?}", values[index]),
            Self::Integers(values) => values[index].to_string(),
            Self::Texts(values) => values[index].clone(),
        }
    }

    /// A value in double precision; for a string its index.
    #[must_use]
    pub fn number(&self, index: usize) -> f64 {
        match self {
            Self::Floats(values) => values[index],
            Self::Integers(values) => values[index] as f64,
            Self::Texts(_) => index as f64,
        }
    }
}

/// Refuses an array whose coordinates need more than `allowed` bytes of memory.
pub(super) fn fit(array: &JournalledArray, allowed: u64) -> Result<(), ExportError> {
    const INDEX_BYTES: u64 = 8;
    /// Bytes of the parameters of a scenario.
    const SCENARIO_BYTES: u64 = 128;
    let shape = &array.npy.shape;
    let lists = shape.iter().fold(0_u64, |sum, &length| {
        sum.saturating_add(length.saturating_mul(INDEX_BYTES))
    });
    let times = match (array.header().is_some_and(Header::is_sweep), &shape[..]) {
        (true, &[scenarios, snapshots, ..]) => scenarios
            .saturating_mul(snapshots)
            .saturating_mul(INDEX_BYTES)
            .saturating_add(scenarios.saturating_mul(SCENARIO_BYTES)),
        _ => 0,
    };
    let coordinate_bytes = lists.saturating_add(times);
    if coordinate_bytes <= allowed {
        return Ok(());
    }
    Err(ExportError::memory(
        "the list of coordinates, and as much again for elements,",
        coordinate_bytes.saturating_mul(2),
        allowed.saturating_mul(2),
    ))
}

/// The dimensions of an array and its coordinates. The first coordinates belong to the dimensions in order.
pub(super) fn of(
    array: &JournalledArray,
) -> Result<(Vec<Dimension>, Vec<Coordinate>), ExportError> {
    let Some(header) = array.header() else {
        return Ok(of_array(array));
    };
    match header.run() {
        Some(run) => Ok(of_run(array, run)),
        None => of_sweep(array, header),
    }
}

fn dimensions(names: &[&str], shape: &[u64]) -> Vec<Dimension> {
    let pairs = names.iter().zip(shape);
    pairs
        .map(|(name, &length)| Dimension {
            name: (*name).to_owned(),
            length,
        })
        .collect()
}

fn coordinate(name: &str, along: &[usize], values: Column, about: &str) -> Coordinate {
    Coordinate {
        name: name.to_owned(),
        along: along.to_vec(),
        values,
        about: about.to_owned(),
        unit: None,
        calendar: None,
    }
}

fn numbers(length: u64) -> Column {
    Column::Integers((0..length as i64).collect())
}

const NODES: [&str; 2] = ["place of the nodes along y", "place of the nodes along x"];
const UNKNOWN_NODES: &str = "number of the node";

/// The coordinate along a dimension from the values of its axis; if the axis has no values, indices with the
/// description `counted`.
fn along(axis: &NamedAxis, dimension: usize, length: u64, counted: &str) -> Coordinate {
    let axis = axis.clone().with_times(length);
    let words = axis.labels().map(|labels| Column::Texts(labels.to_vec()));
    let column = words.or_else(|| Some(Column::Floats(axis.coordinates()?.to_vec())));
    let (values, counted) = match column {
        Some(values) => (values, None),
        None => (numbers(length), Some(counted)),
    };
    let about = match axis.name.as_str() {
        _ if counted.is_some() => counted.unwrap_or_default(),
        "t" => TIME,
        "y" => NODES[0],
        "x" => NODES[1],
        _ => "",
    };
    Coordinate {
        // Indices have the unit of an axis that was typed without coordinates, and numbers of nodes have none.
        unit: axis.unit.clone().filter(|_| counted != Some(UNKNOWN_NODES)),
        calendar: axis.calendar.clone(),
        ..coordinate(&axis.name, &[dimension], values, about)
    }
}

fn of_run(array: &JournalledArray, run: &Scenario) -> (Vec<Dimension>, Vec<Coordinate>) {
    let shape = &array.npy.shape;
    let commits = array.journal.iter().flat_map(|journal| &journal.commits);
    let recorded_times = commits.map(|commit| commit.simtime).collect();
    let axes = run.axes(times::planned(run, recorded_times, shape[0], &mut 0));
    let axes = axes.iter().zip(shape).enumerate();
    let coordinates =
        axes.map(|(number, (axis, &length))| along(axis, number, length, UNKNOWN_NODES));
    (dimensions(&["t", "y", "x"], shape), coordinates.collect())
}

fn of_sweep(
    array: &JournalledArray,
    header: &Header,
) -> Result<(Vec<Dimension>, Vec<Coordinate>), ExportError> {
    let shape = &array.npy.shape;
    let places_per_scenario = usize::try_from(header.snapshots_each()).unwrap_or(usize::MAX);
    let times = times::of_sweep(array, header, places_per_scenario)?;
    let (t, about) = match times::common(header, &times, places_per_scenario) {
        Some((common_times, about)) => (Column::Floats(common_times), about),
        None => (numbers(shape[1]), times::NUMBERS),
    };
    let mut coordinates = vec![
        coordinate(
            "scenario",
            &[0],
            numbers(shape[0]),
            "number of the scenario",
        ),
        coordinate("t", &[1], t, about),
    ];
    let nodes_differ = varied(header)
        .iter()
        .any(|key| ["x1", "x2", "y1", "y2", "dx", "dy", "grid"].contains(&key.as_str()));
    let [time, nodes @ ..] = match header.scenario(0) {
        Some(first) => first.axes(Vec::new()),
        None => ["t", "y", "x"].map(NamedAxis::counted),
    };
    coordinates[1].unit = time.unit.clone().filter(|_| about == TIME);
    if nodes_differ {
        coordinates.extend(nodes_of_each(header, &nodes, &shape[2..]));
    } else {
        let axes = (2..).zip(&nodes);
        coordinates
            .extend(axes.map(|(number, axis)| along(axis, number, shape[number], UNKNOWN_NODES)));
    }
    coordinates.push(Coordinate {
        unit: time.unit,
        ..coordinate("time", &[0, 1], Column::Floats(times), TIME)
    });
    let keys = telling(header).into_iter();
    let keys: Vec<String> = keys.filter(|key| is_name(key)).collect();
    let columns = parameters(header, &keys);
    for (key, values) in keys.into_iter().zip(columns) {
        coordinates.push(coordinate(&key, &[0], values, "parameter"));
    }
    let dimensions = dimensions(&["scenario", "t", "y", "x"], shape);
    Ok((dimensions, coordinates))
}

/// The nodes of scenarios on different grids. `first` are the axes of the first scenario.
fn nodes_of_each(header: &Header, first: &[NamedAxis; 2], frame: &[u64]) -> Vec<Coordinate> {
    let mut places_of_scenarios = [Vec::new(), Vec::new()];
    let mut axes = first.clone();
    for scenario in header.scenarios() {
        let [_, nodes @ ..] = scenario.axes(Vec::new());
        for (number, axis) in nodes.iter().enumerate() {
            match axis
                .coordinates()
                .filter(|places| places.len() as u64 == frame[number])
            {
                Some(places) => places_of_scenarios[number].push(places.to_vec()),
                None => axes = ["y", "x"].map(NamedAxis::counted),
            }
        }
    }
    let mut further_coordinates = Vec::new();
    for (number, (axis, places)) in axes.iter_mut().zip(places_of_scenarios).enumerate() {
        let places_differ = places.windows(2).any(|pair| pair[0] != pair[1]);
        if axis.coordinates().is_some() && places_differ {
            let name = format!("{}_of_node", axis.name);
            let values = Column::Floats(places.concat());
            further_coordinates.push(Coordinate {
                unit: axis.unit.take(),
                ..coordinate(&name, &[0, 2 + number], values, NODES[number])
            });
            *axis = NamedAxis::counted(&axis.name);
        }
    }
    let axes = (2..).zip(axes.iter().zip(frame));
    let nodes = axes.map(|(number, (axis, &length))| along(axis, number, length, UNKNOWN_NODES));
    nodes.chain(further_coordinates).collect()
}

/// The values of parameters in every scenario.
fn parameters(header: &Header, keys: &[String]) -> Vec<Column> {
    let mut columns: Vec<Vec<Option<Value>>> = vec![Vec::new(); keys.len()];
    for scenario in header.scenarios() {
        for (key, values) in keys.iter().zip(&mut columns) {
            values.push(scenario.params.value(key).cloned());
        }
    }
    columns.iter().map(|values| column(values)).collect()
}

/// Values as a column of the simplest type that holds them all.
fn column(values: &[Option<Value>]) -> Column {
    let is_complete = values.iter().all(Option::is_some);
    let mut present_values = values.iter().flatten();
    if is_complete && present_values.clone().all(Value::is_i64) {
        return Column::Integers(present_values.filter_map(Value::as_i64).collect());
    }
    if present_values.all(Value::is_number) {
        let numbers = values.iter().map(|value| {
            let number = value.as_ref().and_then(Value::as_f64);
            number.unwrap_or(f64::NAN)
        });
        return Column::Floats(numbers.collect());
    }
    let texts = values.iter().map(|value| match value {
        None => String::new(),
        Some(Value::String(word)) => word.clone(),
        Some(value) => value.to_string(),
    });
    Column::Texts(texts.collect())
}

/// Dimensions and coordinates of an array that is not a cube, from the labels file beside it, or indices.
fn of_array(array: &JournalledArray) -> (Vec<Dimension>, Vec<Coordinate>) {
    let shape = &array.npy.shape;
    let default_names = ["scenario", "t", "y", "x"];
    let default_names = &default_names[default_names.len() - shape.len()..];
    let labels = &array.labels;
    let mut coordinates = Vec::new();
    for (number, &length) in shape.iter().enumerate() {
        let axis = labels.axis(number);
        let name = match (axis, default_names[number]) {
            (Some(axis), _) if is_name(&axis.name) && is_unique(labels, &axis.name) => {
                axis.name.clone()
            }
            (None, default_name) if labels.position(default_name).is_none() => {
                default_name.to_owned()
            }
            _ => format!("axis{number}"),
        };
        let axis = axis.cloned().unwrap_or_else(|| NamedAxis::counted(&name));
        coordinates.push(along(&NamedAxis { name, ..axis }, number, length, "index"));
    }
    let names: Vec<&str> = coordinates
        .iter()
        .map(|coordinate| coordinate.name.as_str())
        .collect();
    (dimensions(&names, shape), coordinates)
}

fn is_unique(labels: &Labels, name: &str) -> bool {
    labels.names().filter(|other| *other == name).count() == 1
}

/// Whether a name is valid for a coordinate beside `p` in every file system and format.
pub(super) fn is_name(name: &str) -> bool {
    let begins_with_letter = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let has_plain_letters = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.');
    begins_with_letter
        && has_plain_letters
        && name.len() <= 64
        && !["p", "time", "zarr.json"].contains(&name)
}
