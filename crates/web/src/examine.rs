//! [`examine`]: what a run would do, and how its field is shown.

use crate::files::{missing, read};
use diff2d::{
    Axis, Footprint, ParamsError, Problem, RawParams, program::run::estimated_seconds, with_start,
};
use serde_json::{Value, json};

/// The number of colours of a picture.
const COLOURS: usize = 256;

/// The memory that a page has, for a state and all snapshots \[byte\].
const MOST_BYTES: u64 = 4 << 30;
/// The memory of the steps that are taken to measure the speed of the page \[byte\].
const SAMPLE_BYTES: u64 = 8 << 20;

/// What a run of these parameters would do, or the errors in them. Both have the files that are missing.
pub(crate) fn examine(text: &str) -> Value {
    let raw = match read(text) {
        Ok(raw) => raw,
        Err(error) => return json!({ "error": error.to_string(), "missing": [] }),
    };
    let missing = missing(&raw);
    let mut answer = plan(raw).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    answer["missing"] = missing.into();
    answer
}

/// What a run of these parameters would do, with the time that it takes at the speed of this page.
///
/// # Errors
/// [`ParamsError`]
fn plan(raw: RawParams) -> Result<Value, ParamsError> {
    let raw = with_start(raw)?;
    let problem = Problem::from_raw(&raw)?;
    let state_bytes = Footprint::of(&problem).bytes();
    let memory = state_bytes.saturating_add(problem.cube_bytes());
    let (seconds, warnings) = match memory <= MOST_BYTES {
        true => (Some(seconds_here(&problem)), problem.warnings(&raw)),
        // The page refuses it.
        false => (None, Vec::new()),
    };
    let (grid, schedule) = (&problem.grid, &problem.schedule);
    let ends_by = match problem.usual_cycles() {
        Some(_) => Some("method"),
        None => raw.typed().get("outtimes").map(|_| "outtimes"),
    };
    let has_fit = raw.typed().first_entry_of("fit").is_some();
    Ok(json!({
        "nx": grid.x.nodes,
        "ny": grid.y.nodes,
        "dx": grid.x.spacing,
        "dy": grid.y.spacing,
        "dt": schedule.dt,
        "dt_by": problem.dt_by(),
        "stages": problem.stages(),
        "steps": schedule.last_step(),
        "snapshots": schedule.snapshots(),
        "end": schedule.end(),
        "bytes": problem.cube_bytes(),
        "memory": memory,
        "most_memory": MOST_BYTES,
        "seconds": seconds,
        "ends_by": ends_by,
        "runtime": problem.params.runtime,
        "has_fit": has_fit,
        "warnings": warnings,
        "view": view(&problem),
    }))
}

/// The wall time of the steps at the speed of this page. A browser runs code that it has compiled in haste until it has a better
/// one, so that what seems to take long is measured again.
fn seconds_here(problem: &Problem) -> f64 {
    const SHORT: f64 = 1.0;
    const MEASUREMENTS: usize = 12;
    let mut shortest = estimated_seconds(problem, SAMPLE_BYTES);
    for _ in 1..MEASUREMENTS {
        if shortest < SHORT {
            break;
        }
        shortest = shortest.min(estimated_seconds(problem, SAMPLE_BYTES));
    }
    shortest
}

/// How the fields of a problem are shown: the beginning of what the viewer of `plot --html` takes.
fn view(problem: &Problem) -> Value {
    let grid = &problem.grid;
    let units = problem.params.canonical();
    let quantity = match units.unit("p") {
        Some(unit) => format!("p [{unit}]"),
        None => "p".to_owned(),
    };
    let colours = (0..COLOURS).map(|level| {
        let colour = colorous::VIRIDIS.eval_rational(level, COLOURS);
        format!("{colour:x}")
    });
    let [width, height] =
        [&grid.x, &grid.y].map(|axis| (axis.nodes as f64 - 2.0 * cut(axis)) * axis.spacing);
    json!({
        "rows": grid.y.nodes,
        "columns": grid.x.nodes,
        "x": axis(&grid.x, "x", units.unit("x")),
        "y": axis(&grid.y, "y", units.unit("y")),
        "t": units.unit("t").unwrap_or(""),
        "aspect": width / height,
        "quantity": quantity,
        "colours": colours.collect::<String>(),
    })
}

/// The part of a cell that the outermost nodes of an axis do not have: half of it on walls.
fn cut(axis: &Axis) -> f64 {
    1.0 - axis.weight(0)
}

/// An axis of the picture, which ends with the cells of its first and last node.
fn axis(axis: &Axis, name: &str, unit: Option<&str>) -> Value {
    let title = match unit {
        Some(unit) => format!("{name} [{unit}]"),
        None => name.to_owned(),
    };
    let rim = (0.5 - cut(axis)) * axis.spacing;
    json!({
        "cut": cut(axis),
        "start": axis.node(0) - rim,
        "end": axis.node(axis.nodes - 1) + rim,
        "name": name,
        "title": title,
        "whole": false,
    })
}
