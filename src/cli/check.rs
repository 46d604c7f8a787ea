//! `diff2d check`: whether the answer is right.

use super::{bar::Unit, number, plan::estimate, terminal::Terminal, values};
use crate::{
    check::{self, Balance, Estimate, Row, Study},
    error::Error,
    params::RawParams,
};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Check the solver against exact solutions, or your own problem on three spacings
///
/// Without a file: every method, with problems of every kind of wall and material whose exact solution is known; errors and
/// measured orders (exit code 3 if one is missed). With one: the problem at its own spacing, half and a
/// quarter of it, or at coarser ones where that would take too long; the observed order, the estimated error
/// of mass, maximum, p at the nodes that all three grids have and values at points, and the balance of mass against walls and sources. Of arrays that the
/// problem reads, coarser grids take every second and every fourth node.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d check
  diff2d check params/diff2dparams.toml --set grid=walls --at 0,0 --at -2.5,1")]
pub(super) struct CheckArgs {
    /// Parameter file: TOML, or the course's diff2dparams.py
    #[arg(value_name = "PARAMS")]
    file: Option<PathBuf>,
    /// Override a parameter, such as --set dx=0.1 (repeatable; a TOML value, a bare word is a string)
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "file")]
    overrides: Vec<String>,
    /// A point whose value is estimated, too (repeatable)
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true, requires = "file", value_parser = point)]
    at: Vec<(f64, f64)>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn point(text: &str) -> Result<(f64, f64), String> {
    text.split_once(',')
        .and_then(|(x, y)| Some((values::finite(x)?, values::finite(y)?)))
        .ok_or_else(|| "expected two numbers, such as 0.5,-1".to_owned())
}

/// Updates of nodes that take some seconds.
const WORTH_TELLING: f64 = 2e9;

pub(super) fn check(args: &CheckArgs, terminal: &Terminal) -> Result<(), Error> {
    let Some(file) = &args.file else {
        return all_kinds(args, terminal);
    };
    let raw = RawParams::load(file, &args.overrides)?;
    let planned = Study::plan(&raw, &args.at)?;
    if planned.updates() > WORTH_TELLING {
        let (finest, share) = planned.finest();
        let seconds = number::seconds(estimate::seconds(finest) / share);
        terminal.note(&format!("this takes about {seconds}"));
    }
    let study = {
        let bar = terminal.bar(planned.steps(), Unit::Steps);
        planned.solve(bar.progress())?
    };
    terminal.result(&match args.json {
        true => study_json(&study).to_string(),
        false => study_text(&study),
    })
}

/// The table of all kinds of problem.
fn all_kinds(args: &CheckArgs, terminal: &Terminal) -> Result<(), Error> {
    let rows = check::table()?;
    let missed = rows.iter().filter(|row| !row.is_met()).count();
    terminal.result(&match args.json {
        true => table_json(&rows, missed).to_string(),
        false => table_text(&rows),
    })?;
    match missed {
        0 => Ok(()),
        _ => Err(Error::Differs(format!(
            "{missed} of {} checks are missed: do not trust results of this build, and report it",
            rows.len()
        ))),
    }
}

fn table_text(rows: &[Row]) -> String {
    let mut lines = vec![line([
        "method", "walls", "material", "against", "error", "order", "",
    ])];
    lines.extend(rows.iter().map(|row| {
        let order = row
            .order
            .map_or_else(String::new, |order| format!("{order:.2}"));
        let verdict = if row.is_met() { "met" } else { "MISSED" };
        let error = format!("{:.1e}", row.error);
        line([
            row.method,
            row.walls,
            row.material,
            row.against,
            &error,
            &order,
            verdict,
        ])
    }));
    lines.join("\n")
}

fn line([method, walls, material, against, error, order, verdict]: [&str; 7]) -> String {
    format!("{method:<7} {walls:<10} {material:<19} {against:<24} {error:>8} {order:>6}  {verdict}")
        .trim_end()
        .to_owned()
}

fn table_json(rows: &[Row], missed: usize) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut value = json!(row);
            value["met"] = json!(row.is_met());
            value
        })
        .collect();
    json!({ "checks": rows, "missed": missed })
}

fn study_text(study: &Study) -> String {
    let mut lines = Vec::new();
    for (level, refinement) in study.levels.iter().zip([1, 2, 4]) {
        let (ny, nx) = level.shape;
        let [dx, dy] = level.spacing.map(number::python);
        let spacing = if dx == dy {
            format!("dx = {dx}")
        } else {
            format!("dx = {dx}, dy = {dy}")
        };
        let own = if refinement == study.refinement {
            ", your own spacing"
        } else {
            ""
        };
        lines.push(format!(
            "grid        {ny} × {nx} nodes, {spacing}, {} steps of dt = {}{own}",
            level.steps,
            number::python(level.dt)
        ));
    }
    if study.refinement > 4 {
        let finer = study.refinement / 4;
        lines.push(format!(
            "            your own spacing is {finer} times finer: it would take too long to check"
        ));
    }
    lines.push(format!("time        t = {}", number::python(study.time)));
    lines.push(String::new());
    let titles = [
        "coarse",
        "middle",
        "fine",
        "order",
        "limit",
        "error of your own",
    ];
    lines.push(format!("{:<16}{}", "", columns(titles.map(str::to_owned))));
    for (name, estimate) in study.estimates() {
        let mut cells = cells(&estimate, study.refinement);
        if estimate == study.field {
            // A distance has no limit but 0.
            cells[4].clear();
        }
        lines.push(format!("{name:<16}{}", columns(cells)));
    }
    lines.push(String::new());
    if let Some(balance) = &study.balance {
        lines.push(balance_text(balance));
        lines.push(String::new());
    }
    lines.push(study.verdict());
    lines.join("\n")
}

fn columns(cells: [String; 6]) -> String {
    let [coarse, middle, fine, order, limit, error] = cells;
    format!("{coarse:>14}{middle:>14}{fine:>14}{order:>8}{limit:>14}  {error}")
}

fn cells(estimate: &Estimate, refinement: u32) -> [String; 6] {
    // Long ones leave a gap between columns, too.
    let shown = |value: f64| match format!("{value:.7}") {
        text if text.len() < 14 => text,
        _ => format!("{value:.6e}"),
    };
    let [coarse, middle, fine] = estimate.values.map(shown);
    let order = match (estimate.order, estimate.is_exact) {
        (Some(order), _) => format!("{order:.2}"),
        (None, true) => "exact".to_owned(),
        (None, false) => "none".to_owned(),
    };
    let limit = shown(estimate.extrapolated);
    let error = format!("± {:.1e}", estimate.error_at(f64::from(refinement)));
    [coarse, middle, fine, order, limit, error]
}

fn balance_text(balance: &Balance) -> String {
    const HELD: &str = "from held nodes";
    let [left, right, bottom, top] = balance.walls;
    let mut parts = vec![
        ("mass at the start", balance.start),
        ("in through left", left),
        ("in through right", right),
        ("in through bottom", bottom),
        ("in through top", top),
        ("from the source", balance.source),
        (HELD, balance.held),
        ("on fixed walls", balance.fixed),
        ("mass at the end", balance.end),
    ];
    if balance.decay != 0.0 {
        parts.insert(6, ("by decay", balance.decay));
    }
    let parts = parts.iter();
    let mut lines: Vec<String> = parts
        .filter(|(name, value)| *name != HELD || *value != 0.0)
        .map(|(name, value)| format!("{name:<18}{value:>18.9e}"))
        .collect();
    lines.push(format!(
        "{:<18}{:>18.1e}",
        "unexplained",
        balance.unexplained()
    ));
    lines.join("\n")
}

fn balance_json(balance: &Balance) -> Value {
    let [left, right, bottom, top] = balance.walls;
    json!({
        "start": balance.start,
        "end": balance.end,
        "left": left,
        "right": right,
        "bottom": bottom,
        "top": top,
        "source": balance.source,
        "held": balance.held,
        "decay": balance.decay,
        "fixed": balance.fixed,
        "unexplained": balance.unexplained(),
    })
}

fn study_json(study: &Study) -> Value {
    let levels: Vec<Value> = study
        .levels
        .iter()
        .map(|level| {
            let ((ny, nx), [dx, dy]) = (level.shape, level.spacing);
            json!({ "ny": ny, "nx": nx, "dx": dx, "dy": dy, "dt": level.dt, "steps": level.steps })
        })
        .collect();
    let estimate = |estimate: &Estimate| {
        json!({
            "values": estimate.values,
            "order": estimate.order,
            "exact": estimate.is_exact,
            "extrapolated": estimate.extrapolated,
            "errors": estimate.errors,
            "error": estimate.error_at(f64::from(study.refinement)),
        })
    };
    let points: Vec<Value> = study
        .points
        .iter()
        .map(|((x, y), value)| {
            let mut value = estimate(value);
            (value["x"], value["y"]) = (json!(x), json!(y));
            value
        })
        .collect();
    json!({
        "levels": levels,
        "refinement": study.refinement,
        "time": study.time,
        "mass": estimate(&study.mass),
        "maximum": estimate(&study.maximum),
        "field": estimate(&study.field),
        "nodes": study.nodes,
        "points": points,
        "balance": study.balance.as_ref().map(balance_json),
        "jumps": study.has_jumps,
        "initial_jumps": study.starts_with_jumps,
        "rounding": study.rounding,
        "range": study.range,
        "verdict": study.verdict(),
    })
}
