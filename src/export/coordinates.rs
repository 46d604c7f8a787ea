//! [`Coordinate`]: where the indices of an array lie in time, space and parameters.

use super::{
    ExportError,
    times::{self, TIME},
};
use crate::{
    cube::{
        JournalledArray,
        journal::{Header, Scenario, telling},
    },
    params::by_name,
};
use diff2d_arrays::labels::NamedAxis;
use serde_json::{Map, Value};

/// An axis of the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// `scenario`, `t`, `y`, `x`; of other arrays the names of their axes, or these.
    pub name: String,
    /// Number of indices.
    pub length: u64,
}

/// Values along one dimension or two.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// That of a dimension, or its own.
    pub name: String,
    /// The dimensions along which it varies.
    pub along: Vec<usize>,
    /// In C order.
    pub values: Column,
    /// What it is, in words.
    pub about: String,
    /// Its unit, if that is known.
    pub unit: Option<String>,
}

impl Coordinate {
    /// By the CF conventions: `long_name` and, where that is known, `units`.
    #[must_use]
    pub fn attributes(&self) -> Map<String, Value> {
        let long_name = Some(("long_name".to_owned(), self.about.clone().into()));
        let units = self.unit.clone();
        let units = units.map(|unit| ("units".to_owned(), unit.into()));
        long_name.into_iter().chain(units).collect()
    }
}

/// Values of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Double precision; NaN where there is none.
    Floats(Vec<f64>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// Words.
    Texts(Vec<String>),
}

impl Column {
    /// How many values there are.
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

    /// A value as double precision; of words their number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "rounding is what it is for")]
    pub fn number(&self, index: usize) -> f64 {
        match self {
            Self::Floats(values) => values[index],
            Self::Integers(values) => values[index] as f64,
            Self::Texts(_) => index as f64,
        }
    }
}

/// Refuses an array whose coordinates need more memory than is allowed for them.
pub(super) fn fit(array: &JournalledArray, allowed: u64) -> Result<(), ExportError> {
    const EACH: u64 = 8;
    /// Of a scenario, its parameters.
    const OF_SCENARIO: u64 = 128;
    let shape = &array.npy.shape;
    let lists = shape.iter().fold(0_u64, |sum, &length| {
        sum.saturating_add(length.saturating_mul(EACH))
    });
    let times = match (array.header().is_some_and(Header::is_sweep), &shape[..]) {
        (true, &[scenarios, snapshots, ..]) => scenarios
            .saturating_mul(snapshots)
            .saturating_mul(EACH)
            .saturating_add(scenarios.saturating_mul(OF_SCENARIO)),
        _ => 0,
    };
    let needed = lists.saturating_add(times);
    if needed <= allowed {
        return Ok(());
    }
    Err(ExportError::Memory {
        what: "the list of coordinates, and as much again for elements,",
        needed: needed.saturating_mul(2),
        allowed: allowed.saturating_mul(2),
    })
}

/// The dimensions of an array and its coordinates, first one for each dimension.
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
    }
}

#[expect(clippy::cast_possible_wrap, reason = "lengths are below 2^63")]
fn numbers(length: u64) -> Column {
    Column::Integers((0..length as i64).collect())
}

const NODES: [&str; 2] = ["place of the nodes along y", "place of the nodes along x"];
const UNKNOWN_NODES: &str = "number of the node";

/// The coordinate along a dimension, of whose axis this is known; numbers where it has none.
fn along(axis: &NamedAxis, dimension: usize, length: u64, counted: &str) -> Coordinate {
    let words = axis.labels().map(|labels| Column::Texts(labels.to_vec()));
    let known = words.or_else(|| Some(Column::Floats(axis.coordinates()?.to_vec())));
    let Some(values) = known else {
        return coordinate(&axis.name, &[dimension], numbers(length), counted);
    };
    let about = match axis.name.as_str() {
        "t" => TIME,
        "y" => NODES[0],
        "x" => NODES[1],
        _ => "",
    };
    Coordinate {
        unit: axis.unit.clone(),
        ..coordinate(&axis.name, &[dimension], values, about)
    }
}

fn of_run(array: &JournalledArray, run: &Scenario) -> (Vec<Dimension>, Vec<Coordinate>) {
    let shape = &array.npy.shape;
    let records = array.journal.iter().flat_map(|journal| &journal.records);
    let known = records.map(|record| record.simtime).collect();
    let axes = run.axes(times::planned(run, known, shape[0], &mut 0));
    let axes = axes.iter().zip(shape).enumerate();
    let coordinates =
        axes.map(|(axis, (known, &length))| along(known, axis, length, UNKNOWN_NODES));
    (dimensions(&["t", "y", "x"], shape), coordinates.collect())
}

fn of_sweep(
    array: &JournalledArray,
    header: &Header,
) -> Result<(Vec<Dimension>, Vec<Coordinate>), ExportError> {
    let shape = &array.npy.shape;
    let each = usize::try_from(header.snapshots_each()).unwrap_or(usize::MAX);
    let times = times::of_sweep(array, header, each)?;
    let telling = telling(header);
    let (t, about) = match times::common(header, &times, each) {
        Some((common, about)) => (Column::Floats(common), about),
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
    let decides_nodes =
        |key: &String| ["x1", "x2", "y1", "y2", "dx", "dy", "grid"].contains(&key.as_str());
    let [time, nodes @ ..] = match header.scenario(0) {
        Some(first) => first.axes(Vec::new()),
        None => ["t", "y", "x"].map(NamedAxis::counted),
    };
    coordinates[1].unit = time.unit.clone().filter(|_| about == TIME);
    if telling.iter().any(decides_nodes) {
        coordinates.extend(nodes_of_each(header, &nodes, &shape[2..]));
    } else {
        let pairs = (2..).zip(&nodes);
        coordinates
            .extend(pairs.map(|(axis, known)| along(known, axis, shape[axis], UNKNOWN_NODES)));
    }
    coordinates.push(Coordinate {
        unit: time.unit,
        ..coordinate("time", &[0, 1], Column::Floats(times), TIME)
    });
    let keys: Vec<String> = telling.into_iter().filter(|key| is_name(key)).collect();
    let columns = parameters(header, &keys);
    for (key, values) in keys.into_iter().zip(columns) {
        coordinates.push(coordinate(&key, &[0], values, "parameter"));
    }
    let dimensions = dimensions(&["scenario", "t", "y", "x"], shape);
    Ok((dimensions, coordinates))
}

/// The nodes of scenarios on different grids, of which the first has these.
fn nodes_of_each(header: &Header, first: &[NamedAxis; 2], frame: &[u64]) -> Vec<Coordinate> {
    let mut all = [Vec::new(), Vec::new()];
    let mut known = first.clone();
    for scenario in header.scenarios() {
        let [_, nodes @ ..] = scenario.axes(Vec::new());
        for (axis, own) in nodes.iter().enumerate() {
            match own
                .coordinates()
                .filter(|own| own.len() as u64 == frame[axis])
            {
                Some(coordinates) => all[axis].push(coordinates.to_vec()),
                None => known = ["y", "x"].map(NamedAxis::counted),
            }
        }
    }
    let mut beside = Vec::new();
    for (axis, (first, own)) in known.iter_mut().zip(all).enumerate() {
        if first.coordinates().is_some() && own.windows(2).any(|pair| pair[0] != pair[1]) {
            let name = format!("{}_of_node", first.name);
            let places = Column::Floats(own.concat());
            beside.push(Coordinate {
                unit: first.unit.take(),
                ..coordinate(&name, &[0, 2 + axis], places, NODES[axis])
            });
            *first = NamedAxis::counted(&first.name);
        }
    }
    let pairs = (2..).zip(known.iter().zip(frame));
    let nodes = pairs.map(|(axis, (known, &length))| along(known, axis, length, UNKNOWN_NODES));
    nodes.chain(beside).collect()
}

/// Parameters of every scenario.
fn parameters(header: &Header, keys: &[String]) -> Vec<Column> {
    let mut all: Vec<Vec<Option<Value>>> = vec![Vec::new(); keys.len()];
    for scenario in header.scenarios() {
        let pairs = scenario.params.pairs();
        let own = by_name(&pairs);
        for (key, values) in keys.iter().zip(&mut all) {
            values.push(own.get(key.as_str()).map(|&value| value.clone()));
        }
    }
    all.iter().map(|values| column(values)).collect()
}

/// Values as a column of the simplest kind.
fn column(values: &[Option<Value>]) -> Column {
    let given = || values.iter().flatten();
    if values
        .iter()
        .all(|value| value.as_ref().is_some_and(Value::is_i64))
    {
        return Column::Integers(given().filter_map(Value::as_i64).collect());
    }
    if given().all(Value::is_number) {
        let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
        let numbers = values.iter().map(|value| number(value).unwrap_or(f64::NAN));
        return Column::Floats(numbers.collect());
    }
    let text = |value: &Option<Value>| match value {
        None => String::new(),
        Some(Value::String(word)) => word.clone(),
        Some(value) => value.to_string(),
    };
    Column::Texts(values.iter().map(text).collect())
}

/// Of an array that is no cube: what a file beside it tells, or numbers.
fn of_array(array: &JournalledArray) -> (Vec<Dimension>, Vec<Coordinate>) {
    let shape = &array.npy.shape;
    let usual = ["scenario", "t", "y", "x"];
    let usual = &usual[usual.len() - shape.len()..];
    let labels = &array.labels;
    let is_own =
        |name: &str| is_name(name) && labels.names().filter(|one| *one == name).count() == 1;
    let mut coordinates = Vec::new();
    for (axis, &length) in shape.iter().enumerate() {
        let named = labels.axis(axis);
        let name = match (named, usual[axis]) {
            (Some(named), _) if is_own(&named.name) => named.name.clone(),
            (None, usual) if labels.position(usual).is_none() => usual.to_owned(),
            _ => format!("axis{axis}"),
        };
        let named = named.cloned().unwrap_or_else(|| NamedAxis::counted(&name));
        coordinates.push(along(&NamedAxis { name, ..named }, axis, length, "index"));
    }
    let names: Vec<&str> = coordinates.iter().map(|one| one.name.as_str()).collect();
    (dimensions(&names, shape), coordinates)
}

/// Whether a name can be that of a coordinate beside `p`, in the file systems and formats that have it.
fn is_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
    let usual = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    usual
        && name.chars().all(letters)
        && name.len() <= 64
        && !["p", "time", "zarr.json"].contains(&name)
}
