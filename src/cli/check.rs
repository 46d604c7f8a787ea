//! `diff2d check`: whether the answer is right.

use super::{bar::Unit, json::Object, number, terminal::Terminal, typed, values};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    RawParams,
    check::{self, Balance, CheckRow, Estimate, Study},
    program::run::estimated_seconds,
    with_start,
};
use diff2d_arrays::npy::Scalar;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{fmt, path::PathBuf};

/// Check the solver against exact solutions, or your own problem on three spacings
///
/// Without a file: every method, with problems of every kind of wall and material whose exact solution is known; errors and
/// measured orders (exit code 3 if one is missed). With one: the problem at its own spacing, half and a
/// quarter of it, or at coarser ones where that would take too long; the observed order, the estimated error
/// of mass, maximum, p at the nodes that all three grids have and values at points, and the balance of mass against walls and sources; of a steady state what passes its walls. Coarser grids take every second and every fourth node of arrays that the
/// problem reads.
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
    #[arg(long, value_name = "X,Y", requires = "file", value_parser = point)]
    at: Vec<(f64, f64)>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn point(text: &str) -> Result<(f64, f64), String> {
    let numbers: Vec<Option<f64>> = typed::list(text).map(values::finite).collect();
    match numbers[..] {
        [Some(x), Some(y)] => Ok((x, y)),
        _ => Err("expected two numbers, such as 0.5,-1".to_owned()),
    }
}

pub(super) fn check(args: &CheckArgs, terminal: &Terminal) -> Result<(), Error> {
    let Some(file) = &args.file else {
        return all_kinds(args, terminal);
    };
    let raw = with_start(RawParams::load(file, &args.overrides)?)?;
    let planned = Study::plan(&raw, &args.at)?;
    if planned.updates() > check::SOME_SECONDS {
        let (finest, share) = planned.finest();
        let seconds = number::seconds(estimated_seconds(finest, u64::MAX) / share);
        terminal.note(&format!("this takes about {seconds}"));
    }
    let study = {
        let bar = terminal.bar(planned.steps(), Unit::Steps);
        planned.solve(bar.progress())?
    };
    terminal.answer(&Checked(&study), args.json)
}

/// The table of all kinds of problem.
fn all_kinds(args: &CheckArgs, terminal: &Terminal) -> Result<(), Error> {
    let rows = check::table()?;
    let missed = rows.iter().filter(|row| !row.is_met()).count();
    terminal.answer(
        &Checks {
            rows: &rows,
            missed,
        },
        args.json,
    )?;
    match missed {
        0 => Ok(()),
        _ => Err(Error::Differs(format!(
            "{missed} of {} checks are missed: do not trust results of this build, and report it",
            rows.len()
        ))),
    }
}

/// Problems whose exact solution is known.
#[derive(Serialize)]
struct Checks<'a> {
    #[serde(rename = "checks", serialize_with = "judged")]
    rows: &'a [CheckRow],
    missed: usize,
}

/// Rows, and whether each is met.
fn judged<S: Serializer>(rows: &[CheckRow], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Judged<'a> {
        #[serde(flatten)]
        row: &'a CheckRow,
        met: bool,
    }
    serializer.collect_seq(rows.iter().map(|row| Judged {
        row,
        met: row.is_met(),
    }))
}

impl fmt::Display for Checks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line([
            "method", "walls", "material", "against", "error", "order", "",
        ]))?;
        for row in self.rows {
            let order = row
                .order
                .map_or_else(String::new, |order| format!("{order:.2}"));
            let verdict = if row.is_met() { "met" } else { "MISSED" };
            let error = format!("{:.1e}", row.error);
            let cells = [
                row.method,
                row.walls,
                row.material,
                row.against,
                &error,
                &order,
                verdict,
            ];
            write!(f, "\n{}", line(cells))?;
        }
        Ok(())
    }
}

fn line([method, walls, material, against, error, order, verdict]: [&str; 7]) -> String {
    format!("{method:<7} {walls:<10} {material:<19} {against:<24} {error:>8} {order:>6}  {verdict}")
        .trim_end()
        .to_owned()
}

/// A user's problem on three grids.
struct Checked<'a>(&'a Study);

impl fmt::Display for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&study_text(self.0))
    }
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
        let own_spacing = if refinement == study.refinement {
            ", your own spacing"
        } else {
            ""
        };
        let steps = match study.time {
            Some(_) => format!(
                ", {} steps of dt = {}",
                level.steps,
                number::python(level.dt)
            ),
            None => String::new(),
        };
        lines.push(format!(
            "grid        {ny} × {nx} nodes, {spacing}{steps}{own_spacing}"
        ));
    }
    if study.refinement > 4 {
        let finer = study.refinement / 4;
        lines.push(format!(
            "            your own spacing is {finer} times finer: it would take too long to check"
        ));
    }
    lines.push(match study.time {
        Some(time) => format!("time        t = {}", number::python(time)),
        None => "time        none, the steady state".to_owned(),
    });
    lines.push(String::new());
    let titles = [
        "coarse",
        "middle",
        "fine",
        "order",
        "limit",
        "your grid's error",
    ];
    lines.push(format!("{:<16}{}", "", columns(titles.map(str::to_owned))));
    for (name, estimate) in study.estimates() {
        let is_rate = name.ends_with("_rate");
        let mut cells = cells(&estimate, study.refinement, is_rate);
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

fn cells(estimate: &Estimate, refinement: u32, is_rate: bool) -> [String; 6] {
    // A rate may have any unit.
    let is_small = is_rate && estimate.extrapolated.abs() < 0.1;
    let [coarse, middle, fine] = estimate.values.map(|value| value_cell(value, is_small));
    let order = match (estimate.order, estimate.is_exact) {
        (Some(order), _) => format!("{order:.2}"),
        (None, true) => "exact".to_owned(),
        (None, false) => "none".to_owned(),
    };
    let limit = value_cell(estimate.extrapolated, is_small);
    let error = format!("± {:.1e}", estimate.error_at(f64::from(refinement)));
    [coarse, middle, fine, order, limit, error]
}

/// The text of a value, which leaves a gap between columns even where it is long.
fn value_cell(value: f64, is_small: bool) -> String {
    match format!("{value:.7}") {
        text if text.len() < 14 && !is_small => text,
        _ => format!("{value:.6e}"),
    }
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

/// An estimate, and what the value on the user's own grid may be off by.
#[derive(Serialize)]
struct OwnEstimate<'a> {
    #[serde(flatten)]
    estimate: &'a Estimate,
    error: f64,
    /// The coordinates of the point whose value is estimated.
    #[serde(flatten)]
    place: Object<&'a str, f64>,
}

impl<'a> OwnEstimate<'a> {
    fn new(estimate: &'a Estimate, refinement: u32, place: Vec<(&'a str, f64)>) -> Self {
        Self {
            estimate,
            error: estimate.error_at(f64::from(refinement)),
            place: Object(place),
        }
    }
}

impl Serialize for Checked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(study) = *self;
        let refinement = study.refinement;
        let levels = study.levels.each_ref().map(|level| {
            let ((ny, nx), [dx, dy]) = (level.shape, level.spacing);
            Object(vec![
                ("ny", Scalar::Integer(ny as i128)),
                ("nx", Scalar::Integer(nx as i128)),
                ("dx", Scalar::Float(dx)),
                ("dy", Scalar::Float(dy)),
                ("dt", Scalar::Float(level.dt)),
                ("steps", Scalar::Integer(level.steps.into())),
            ])
        });
        let points = study.points.iter();
        let points: Vec<OwnEstimate<'_>> = points
            .map(|((x, y), estimate)| {
                OwnEstimate::new(estimate, refinement, vec![("x", *x), ("y", *y)])
            })
            .collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("levels", &levels)?;
        map.serialize_entry("refinement", &study.refinement)?;
        map.serialize_entry("time", &study.time)?;
        map.serialize_entry(
            "mass",
            &OwnEstimate::new(&study.mass, refinement, Vec::new()),
        )?;
        map.serialize_entry(
            "maximum",
            &OwnEstimate::new(&study.maximum, refinement, Vec::new()),
        )?;
        let maximum_inside = study.inside.as_ref();
        map.serialize_entry(
            "maximum_inside",
            &maximum_inside.map(|estimate| OwnEstimate::new(estimate, refinement, Vec::new())),
        )?;
        map.serialize_entry(
            "field",
            &OwnEstimate::new(&study.field, refinement, Vec::new()),
        )?;
        if study.time.is_none() {
            let rates = study.rates.iter();
            let rates = rates.map(|(name, estimate)| {
                (*name, OwnEstimate::new(estimate, refinement, Vec::new()))
            });
            map.serialize_entry("rates", &Object(rates.collect()))?;
        }
        map.serialize_entry("nodes", &study.nodes)?;
        map.serialize_entry("points", &points)?;
        map.serialize_entry("balance", &study.balance.as_ref().map(balance_object))?;
        map.serialize_entry("initial_jumps", &study.starts_with_jumps)?;
        map.serialize_entry("rounding", &study.rounding)?;
        map.serialize_entry("range", &study.range)?;
        map.serialize_entry("verdict", &study.verdict())?;
        map.end()
    }
}

fn balance_object(balance: &Balance) -> Object<&'static str, f64> {
    let [left, right, bottom, top] = balance.walls;
    Object(vec![
        ("start", balance.start),
        ("end", balance.end),
        ("left", left),
        ("right", right),
        ("bottom", bottom),
        ("top", top),
        ("source", balance.source),
        ("held", balance.held),
        ("decay", balance.decay),
        ("unexplained", balance.unexplained()),
    ])
}
