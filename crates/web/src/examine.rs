//! [`examine`]: what a run would do, and how its field is shown.

use crate::files::read;
use diff2d::{Axis, ParamsError, Problem, with_start};
use serde_json::{Value, json};

/// The number of colours of a picture.
const COLOURS: usize = 256;

/// What a run of these parameters would do.
///
/// # Errors
/// [`ParamsError`]
pub(crate) fn examine(text: &str) -> Result<Value, ParamsError> {
    let raw = with_start(read(text)?)?;
    let problem = Problem::from_raw(&raw)?;
    let warnings = problem.warnings(&raw);
    let (grid, schedule) = (&problem.grid, &problem.schedule);
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
        "runtime": problem.params.runtime,
        "has_fit": has_fit,
        "warnings": warnings,
        "view": view(&problem),
    }))
}

/// How the fields of a problem are shown: the beginning of what the viewer of `plot --html` takes.
fn view(problem: &Problem) -> Value {
    let grid = &problem.grid;
    let unit = |name: &str| problem.params.canonical().unit(name);
    let quantity = match unit("p") {
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
        "x": axis(&grid.x, "x", unit("x")),
        "y": axis(&grid.y, "y", unit("y")),
        "t": unit("t").unwrap_or(""),
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
