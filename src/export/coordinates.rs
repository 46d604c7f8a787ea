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
    grid::{Axis, Grid},
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
    let (dimensions, mut coordinates) = match header.is_sweep() {
        true => of_sweep(array, header)?,
        false => of_run(array, header),
    };
    if let Some(scenario) = header.scenario(0) {
        for one in &mut coordinates {
            let axis = match one.about.as_str() {
                TIME => "t",
                about if about == NODES[0] => "y",
                about if about == NODES[1] => "x",
                _ => continue,
            };
            one.unit = scenario.params.unit(axis).map(str::to_owned);
        }
    }
    Ok((dimensions, coordinates))
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

fn of_run(array: &JournalledArray, header: &Header) -> (Vec<Dimension>, Vec<Coordinate>) {
    let shape = &array.npy.shape;
    let records = array.journal.iter().flat_map(|journal| &journal.records);
    let known: Vec<f64> = records.map(|record| record.simtime).collect();
    let run = header.run();
    let times = run.map_or(known.clone(), |run| {
        times::planned(run, known, shape[0], &mut 0)
    });
    let mut coordinates = vec![coordinate("t", &[0], Column::Floats(times), TIME)];
    coordinates.extend(nodes(run.and_then(Scenario::grid), &shape[1..], 1));
    (dimensions(&["t", "y", "x"], shape), coordinates)
}

/// The coordinates of the last two dimensions, of which the first is number `first`.
fn nodes(grid: Option<Grid>, frame: &[u64], first: usize) -> Vec<Coordinate> {
    let axes: [Option<Axis>; 2] = match grid {
        Some(grid) => [Some(grid.y), Some(grid.x)],
        None => [None, None],
    };
    let names = ["y", "x"].into_iter().zip(NODES);
    let places = (first..).zip(frame).zip(axes);
    names
        .zip(places)
        .map(|((name, about), ((along, &length), axis))| match axis {
            Some(axis) => coordinate(name, &[along], Column::Floats(axis.coordinates()), about),
            None => coordinate(name, &[along], numbers(length), UNKNOWN_NODES),
        })
        .collect()
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
    let first = header.scenario(0).and_then(|first| first.grid());
    if telling.iter().any(decides_nodes) {
        coordinates.extend(nodes_of_each(header, first, &shape[2..]));
    } else {
        coordinates.extend(nodes(first, &shape[2..], 2));
    }
    coordinates.push(coordinate("time", &[0, 1], Column::Floats(times), TIME));
    let keys: Vec<String> = telling.into_iter().filter(|key| is_name(key)).collect();
    let columns = parameters(header, &keys);
    for (key, values) in keys.into_iter().zip(columns) {
        coordinates.push(coordinate(&key, &[0], values, "parameter"));
    }
    let dimensions = dimensions(&["scenario", "t", "y", "x"], shape);
    Ok((dimensions, coordinates))
}

/// The nodes of scenarios on different grids.
fn nodes_of_each(header: &Header, first: Option<Grid>, frame: &[u64]) -> Vec<Coordinate> {
    let is_of_cube = |grid: &Grid| *frame == [grid.y.nodes as u64, grid.x.nodes as u64];
    let grids: Option<Vec<Grid>> = header
        .scenarios()
        .map(|one| one.grid().filter(is_of_cube))
        .collect();
    let Some(grids) = grids else {
        return nodes(None, frame, 2);
    };
    let mut known = nodes(first, frame, 2);
    for (number, name) in ["y", "x"].into_iter().enumerate() {
        let axes = grids.iter().map(|grid| [&grid.y, &grid.x][number]);
        let all: Vec<Vec<f64>> = axes.map(Axis::coordinates).collect();
        if all.windows(2).any(|pair| pair[0] != pair[1]) {
            let along = 2 + number;
            let (plain, own) = (numbers(frame[number]), Column::Floats(all.concat()));
            known[number] = coordinate(name, &[along], plain, UNKNOWN_NODES);
            let name = format!("{name}_of_node");
            known.push(coordinate(&name, &[0, along], own, NODES[number]));
        }
    }
    known
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
        let values = named.and_then(listed);
        let name = match (named, usual[axis]) {
            (Some(named), _) if is_own(&named.name) => named.name.clone(),
            (None, usual) if labels.position(usual).is_none() => usual.to_owned(),
            _ => format!("axis{axis}"),
        };
        coordinates.push(match values {
            Some(values) => Coordinate {
                unit: named.and_then(|named| named.unit.clone()),
                ..coordinate(&name, &[axis], values, about(&name))
            },
            None => coordinate(&name, &[axis], numbers(length), "index"),
        });
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

fn about(name: &str) -> &'static str {
    match name {
        "t" => TIME,
        "y" => NODES[0],
        "x" => NODES[1],
        _ => "",
    }
}

fn listed(axis: &NamedAxis) -> Option<Column> {
    let words = axis.labels().map(|labels| Column::Texts(labels.to_vec()));
    words.or_else(|| Some(Column::Floats(axis.coordinates()?.to_vec())))
}
