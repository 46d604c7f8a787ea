//! The functions `[function.NAME]` of a problem: reads their points, and checks that the run needs no values beyond
//! them.

use crate::{
    grid::Grid,
    measured::{Date, Reading, common_origin},
    params::{
        CsvColumns, Function, FunctionTable, Params, ParamsError, PointsOfFile, Profile, Quantity,
        RawParams, SIDES,
    },
    physics::{
        geometry::Geometry,
        input::{Digests, Input},
        over_time::times,
        values::value_at,
        wall::Side,
    },
    schedule::Schedule,
};
use diff2d_arrays::expression::{Expression, Extension, Interpolant};
use std::{ops::Range, sync::Arc};

/// The number of t among the variables of formulas.
const TIME: usize = 2;

/// Reads the points of functions in files, and returns these files and the date at which t is 0, if they have dates.
///
/// # Errors
/// [`ParamsError`] for a file that cannot be read or is invalid.
pub(super) fn read(
    params: &Params,
    raw: &RawParams,
    digests: &mut Digests,
) -> Result<(Vec<Input>, Option<Date>), ParamsError> {
    let memory = digests.memory;
    let mut inputs = Vec::new();
    for table in &params.functions {
        let Some(columns) = &table.columns else {
            continue;
        };
        let input = Input::open(
            raw.input(
                &format!("function.{}", table.interpolant.name()),
                &columns.path,
            ),
            digests,
        )?;
        let points = input.shared(
            |(known, extension, _): &(CsvColumns, Extension, Option<PointsOfFile>)| {
                (known, *extension) == (columns, table.interpolant.extension())
            },
            || {
                let points = table.read(input.file()?, memory);
                let points = points.map_err(|error| input.faulty(&error))?;
                Ok((columns.clone(), table.interpolant.extension(), points))
            },
        )?;
        if let Some(points) = &points.2 {
            table.set(points);
        }
        inputs.push(input);
    }
    let files = params.functions.iter().filter_map(FunctionTable::file);
    let origin = common_origin(files).map_err(|reason| raw.refuse("function", reason))?;
    Ok((inputs, origin.or_else(|| date_of_data(raw))))
}

/// The date at which t is 0 by the keys `since` of all `[[fit.data]]`, if they say one.
fn date_of_data(raw: &RawParams) -> Option<Date> {
    const KEY: &str = "fit.data";
    let tables = raw.typed().parts_of(KEY).into_iter();
    let mut dates = tables.filter_map(|table| {
        let since = raw.typed().get(&format!("{KEY}.{table}.since"))?;
        let mut reading = Reading::default();
        reading.set("since", &since.value).ok()?;
        reading.since
    });
    let date = dates.next()?;
    dates.all(|other| other == date).then_some(date)
}

/// Refuses walls and sources that need a function of t alone at times at which it has no value.
///
/// # Errors
/// [`ParamsError::Refused`] with the time and the function.
pub(super) fn check(
    params: &Params,
    raw: &RawParams,
    geometry: &Geometry,
    schedule: &Schedule,
) -> Result<(), ParamsError> {
    if params.functions.is_empty() {
        return Ok(());
    }
    let (start, end_time) = (schedule.pace().start(), schedule.end());
    // What is taken at the beginning of steps.
    let steps = schedule.last_step().saturating_sub(1);
    let begun = start.simtime..schedule.pace().after(start, steps).simtime;
    for (side, key) in Side::ALL.into_iter().zip(SIDES) {
        let wall = geometry.walls.wall(side);
        let span = if wall.is_fixed() {
            start.simtime..end_time
        } else {
            begun.clone()
        };
        let nodes = (0..side.nodes(&geometry.grid)).map(|number| side.node(&geometry.grid, number));
        for function in wall.functions() {
            if let Some(reason) = beyond(function, geometry, &nodes, span.clone()) {
                return Err(raw.refuse(key, reason));
            }
        }
    }
    for quantity in Quantity::ALL {
        if let Profile::Function(function) = params.profile(quantity) {
            let nodes = some_of(&geometry.grid);
            let span = match quantity {
                Quantity::Source => begun.clone(),
                // A step has the mean over all of it.
                _ => start.simtime..end_time,
            };
            if let Some(reason) = beyond(function, geometry, &nodes, span) {
                return Err(raw.refuse(quantity.key(), reason));
            }
        }
    }
    Ok(())
}

/// Sentences on functions of t that are held at their first or last value all through a run of these times.
pub(super) fn unrelated(params: &Params, geometry: &Geometry, schedule: &Schedule) -> Vec<String> {
    let walls = Side::ALL.map(|side| geometry.walls.wall(side).functions());
    let quantities = Quantity::ALL.into_iter();
    let profiles = quantities.filter_map(|quantity| match params.profile(quantity) {
        Profile::Function(function) => Some(function),
        _ => None,
    });
    let functions = walls.into_iter().flatten().chain(profiles);
    let mut sentences = Vec::new();
    for (called, argument) in functions.flat_map(calls_of_time) {
        let Some([first, last]) = called
            .range()
            .filter(|_| called.extension() == Extension::Hold)
        else {
            continue;
        };
        let [begin, end] =
            [schedule.start, schedule.end()].map(|time| argument_at(&argument, time));
        let held = match begin.min(end) > last {
            true => "last",
            false if begin.max(end) < first => "first",
            false => continue,
        };
        let name = called.name();
        let sentence = format!(
            "{name} has nothing in common with the run: it is asked from {begin:?} to {end:?} and goes from {first:?} to {last:?}, so that its {held} value is held for ever; times from the beginning of the run, or dates with since, put them together"
        );
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// The tabulated functions that a function calls with an argument that depends on t alone.
fn calls_of_time(function: &Function) -> Vec<(Arc<Interpolant>, Expression)> {
    let Function::Formula(formula) = function else {
        return Vec::new();
    };
    let mut calls = formula.expression.interpolations();
    calls.retain(|(_, argument)| argument.uses(TIME) && !argument.uses(0) && !argument.uses(1));
    calls
}

/// The argument of a function at a time.
fn argument_at(argument: &Expression, time: f64) -> f64 {
    let mut value = [0.0];
    argument.evaluate(&[&[], &[], &[time]], 0, &mut value);
    value[0]
}

/// Nodes in a sample of rows and columns.
fn some_of(grid: &Grid) -> impl Iterator<Item = (usize, usize)> + Clone {
    const MOST: usize = 32;
    let (ny, nx) = grid.shape();
    let rows = (0..ny).step_by(ny.div_ceil(MOST));
    rows.flat_map(move |j| (0..nx).step_by(nx.div_ceil(MOST)).map(move |i| (j, i)))
}

/// The reason why a function has no value at some time of a span, if it uses a tabulated function that ends before.
fn beyond(
    function: &Function,
    geometry: &Geometry,
    nodes: &(impl Iterator<Item = (usize, usize)> + Clone),
    span: Range<f64>,
) -> Option<String> {
    /// The number of times that are tested.
    const LOOKS: usize = 4096;
    const MOST: usize = 16;
    let calls = calls_of_time(function).into_iter();
    let calls = calls.filter(|(called, _)| called.extension() == Extension::None);
    for (called, argument) in calls {
        let Some([first, last]) = called.range() else {
            continue;
        };
        let looks = times(span.clone(), LOOKS).into_iter().chain([span.end]);
        let missing_values = looks.filter_map(|time| {
            let value = argument_at(&argument, time);
            called.at(value).is_nan().then_some((time, value))
        });
        let needed_value = missing_values.take(MOST).find(|&(time, _)| {
            let mut nodes = nodes.clone().filter(|&node| !geometry.keeps(node));
            nodes.any(|node| value_at(function, &geometry.nodes, node, time).is_nan())
        });
        if let Some((time, value)) = needed_value {
            let name = called.name();
            return Some(format!(
                "at t = {time:?} it needs {name}({value:?}), and {name} goes from {first:?} to {last:?}; beyond = \"hold\" or \"repeat\" in [function.{name}] takes it further"
            ));
        }
    }
    None
}
