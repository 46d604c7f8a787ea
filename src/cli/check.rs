//! `diff2d check`: whether the answer is right.

use super::{
    answer::Answer, bar::Unit, json::Value, number, terminal::Terminal, typed, values::finite,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    RawParams,
    check::{self, Balance, Estimate, Level, Study},
    program::run::estimated_seconds,
    with_start,
};
use std::path::PathBuf;

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
    let numbers: Vec<Option<f64>> = typed::list(text).map(finite).collect();
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
    terminal.answer(answer(&study), args.json)
}

/// Tells of every kind of problem whether its exact solution is met.
fn all_kinds(args: &CheckArgs, terminal: &Terminal) -> Result<(), Error> {
    let rows = check::table()?;
    let missed = rows.iter().filter(|row| !row.is_met()).count();
    let (mut answer, mut checks) = (Answer::default(), Vec::new());
    answer.text(line([
        "method", "walls", "material", "against", "error", "order", "",
    ]));
    for row in &rows {
        let order = row
            .order
            .map_or_else(String::new, |order| format!("{order:.2}"));
        let verdict = if row.is_met() { "met" } else { "MISSED" };
        let error = format!("{:.1e}", row.error);
        answer.text(line([
            row.method,
            row.walls,
            row.material,
            row.against,
            &error,
            &order,
            verdict,
        ]));
        let mut check = Answer::default();
        check.plain("method", row.method);
        check.plain("walls", row.walls);
        check.plain("material", row.material);
        check.plain("against", row.against);
        check.number("error", row.error);
        check.plain("largest_error", row.largest_error);
        check.plain("order", row.order);
        check.plain("least_order", row.least_order);
        check.plain("met", row.is_met());
        checks.push(check.into_value());
    }
    answer.value("checks", Value::List(checks));
    answer.plain("missed", missed);
    terminal.answer(answer, args.json)?;
    match missed {
        0 => Ok(()),
        _ => Err(Error::Differs(format!(
            "{missed} of {} checks are missed: do not trust results of this build, and report it",
            rows.len()
        ))),
    }
}

fn line([method, walls, material, against, error, order, verdict]: [&str; 7]) -> String {
    format!("{method:<7} {walls:<10} {material:<19} {against:<24} {error:>8} {order:>6}  {verdict}")
        .trim_end()
        .to_owned()
}

/// A user's problem on three grids.
fn answer(study: &Study) -> Answer<'_> {
    let (mut answer, refinement) = (Answer::default(), study.refinement);
    let levels = study.levels.iter().zip([1, 2, 4]);
    let levels = levels.map(|(level, of_level)| {
        tell_level(level, study.time, of_level == refinement, &mut answer)
    });
    let levels = Value::List(levels.collect());
    answer.value("levels", levels);
    answer.plain("refinement", refinement);
    if refinement > 4 {
        let finer = refinement / 4;
        answer.text(format!(
            "            your own spacing is {finer} times finer: it would take too long to check"
        ));
    }
    answer.plain("time", study.time);
    answer.text(match study.time {
        Some(time) => format!("time        t = {}", number::python(time)),
        None => "time        none, the steady state".to_owned(),
    });
    answer.text("");
    tell_estimates(study, &mut answer);
    answer.plain("nodes", study.nodes);
    tell_record(study, &mut answer);
    answer.text("");
    if let Some(balance) = &study.balance {
        tell_balance(balance, &mut answer);
        answer.text("");
    } else {
        answer.plain("balance", ());
    }
    answer.plain("initial_jumps", study.starts_with_jumps);
    answer.plain("rounding", study.rounding);
    answer.number("range", study.range);
    let verdict = study.verdict();
    answer.text(&verdict);
    answer.plain("verdict", verdict);
    answer
}

/// Tells a grid, whether it is the user's own, and the steps of its problem unless that is steady.
fn tell_level<'a>(
    level: &Level,
    time: Option<f64>,
    is_own: bool,
    answer: &mut Answer<'a>,
) -> Value<'a> {
    let ((ny, nx), [dx, dy]) = (level.shape, level.spacing);
    let mut values = Answer::default();
    values.plain("ny", ny);
    values.plain("nx", nx);
    values.number("dx", dx);
    values.number("dy", dy);
    values.number("dt", level.dt);
    values.plain("steps", level.steps);
    let mut text = format!("grid        {ny} × {nx} nodes, dx = {}", number::python(dx));
    if dx != dy {
        text += &format!(", dy = {}", number::python(dy));
    }
    if time.is_some() {
        let dt = number::python(level.dt);
        text += &format!(", {} steps of dt = {dt}", level.steps);
    }
    if is_own {
        text += ", your own spacing";
    }
    answer.text(text);
    values.into_value()
}

/// Tells all estimates: those of rates and of points are lists of their own.
fn tell_estimates(study: &Study, answer: &mut Answer<'_>) {
    let titles = [
        "coarse",
        "middle",
        "fine",
        "order",
        "limit",
        "your grid's error",
    ];
    answer.text(format!("{:<16}{}", "", columns(titles.map(str::to_owned))));
    for (name, estimate) in study.estimates() {
        let is_rate = name.ends_with("_rate");
        let mut cells = cells(&estimate, study.refinement, is_rate);
        if estimate == study.field {
            // A distance has no limit but 0.
            cells[4].clear();
        }
        answer.text(format!("{name:<16}{}", columns(cells)));
    }
    let value = |estimate: &Estimate| values(estimate, study.refinement).into_value();
    answer.value("mass", value(&study.mass));
    answer.value("maximum", value(&study.maximum));
    let inside = study.inside.as_ref();
    answer.value(
        "maximum_inside",
        inside.map_or_else(|| Value::plain(()), value),
    );
    answer.value("field", value(&study.field));
    if study.time.is_none() {
        let rates = study.rates.iter();
        let rates = rates.map(|(name, estimate)| ((*name).into(), value(estimate)));
        answer.value("rates", Value::Object(rates.collect()));
    }
    let points = study.points.iter().map(|((x, y), estimate)| {
        let mut values = values(estimate, study.refinement);
        values.number("x", *x);
        values.number("y", *y);
        values.into_value()
    });
    answer.value("points", Value::List(points.collect()));
}

/// Tells what the numbers of a record are off by, the worst first, each in its worst row.
fn tell_record(study: &Study, answer: &mut Answer<'_>) {
    let [by_steps, by_spacing] = &study.record;
    let mut record = Vec::new();
    for error in by_spacing
        .iter()
        .filter(|error| error.name() != "p" && error.size.is_finite())
    {
        let of_steps = by_steps
            .iter()
            .find(|of_steps| of_steps.name() == error.name());
        let share_of_steps = of_steps.map_or(0.0, |of_steps| of_steps.share);
        let [spacing, steps] = [error.share.max(0.0), share_of_steps];
        if record.is_empty() {
            answer.text("");
            answer.text("of the record, the worst of its rows");
        }
        let whole = if error.is_of_value() {
            " of the range of p"
        } else {
            ""
        };
        answer.text(format!(
            "{:<16}{:>8.2} %{whole} by the spacing, order {:.2}; {:.2} % by the steps",
            error.name(),
            100.0 * spacing,
            error.order,
            100.0 * steps,
        ));
        let mut values = Answer::default();
        values.number("error", (spacing + steps) * error.size);
        values.number("spacing", spacing);
        values.number("steps", steps);
        values.number("order", error.order);
        record.push((error.name().to_owned().into(), values.into_value()));
    }
    answer.value("record", Value::Object(record));
}

/// An estimate, and what the value on the user's own grid may be off by.
fn values<'a>(estimate: &Estimate, refinement: u32) -> Answer<'a> {
    let mut values = Answer::default();
    values.plain("values", estimate.values);
    values.plain("order", estimate.order);
    values.plain("exact", estimate.is_exact);
    values.number("extrapolated", estimate.extrapolated);
    values.plain("errors", estimate.errors);
    values.number("error", estimate.error_at(f64::from(refinement)));
    values
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

/// Tells the balance of mass, and the errors of its parts.
fn tell_balance([balance, errors]: &[Balance; 2], answer: &mut Answer<'_>) {
    let unexplained = balance.unexplained();
    let [parts, errors] = [balance, errors].map(parts_of);
    for ((key, name, part), (.., error)) in parts.into_iter().zip(errors) {
        if part != 0.0 || !["decay", "held"].contains(&key) {
            answer.text(format!("{name:<18}{part:>18.9e}  ± {error:.1e}"));
        }
    }
    answer.text(format!("{:<18}{unexplained:>18.1e}", "unexplained"));
    let [parts, errors] = [parts, errors].map(|parts| parts.map(|(key, _, part)| (key, part)));
    let numbers = parts.into_iter().chain([("unexplained", unexplained)]);
    answer.value("balance", Value::numbers(numbers));
    answer.value("balance_errors", Value::numbers(errors));
}

/// The parts of a balance, or their errors, by their keys and their names in words.
fn parts_of(balance: &Balance) -> [(&'static str, &'static str, f64); 9] {
    let [left, right, bottom, top] = balance.walls;
    [
        ("start", "mass at the start", balance.start),
        ("left", "in through left", left),
        ("right", "in through right", right),
        ("bottom", "in through bottom", bottom),
        ("top", "in through top", top),
        ("source", "from the source", balance.source),
        ("decay", "by decay", balance.decay),
        ("held", "from held nodes", balance.held),
        ("end", "mass at the end", balance.end),
    ]
}
