//! `diff2d fit`: numbers of a parameter file from measured series.

mod drawing;
mod outputs;

use super::{json::Value, number, params::ParamsArgs, terminal::Terminal, values};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    RawParams,
    fit::{DataFiles, Fit, FitAnswer, FitOptions, PlanAnswer, Stage},
};
use diff2d_arrays::progress::Progress;
use diff2d_sys::{self as sys, Destination};
use outputs::Outputs;
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

/// Find numbers of a parameter file from measured series, with intervals that hold
///
/// `[fit]` in the file says what is varied and between which bounds, `[[fit.data]]` what was measured, and which columns of the
/// record it is compared with. Runs are computed in memory. Beside the answer, STEM.fit.json, are the compared rows,
/// STEM.fit.csv, and the file with the fitted numbers, STEM.fit.toml.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d fit params/fit_wall.toml --plot wall.pdf
  diff2d fit params/fit_wall.toml --plan
  diff2d fit params/fit_wall.toml --starts 8 --json")]
pub(super) struct FitArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// The answer to write; its rows and the fitted file lie beside it [default: output/STEM.fit.json, named after the
    /// parameter file]
    #[arg(long, short, value_name = "STEM.fit.json")]
    output: Option<PathBuf>,
    /// Start from so many places within the bounds, that of the file among them [default: 1, and a few more as long as the model
    /// does not fit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    starts: Option<u16>,
    /// Tell the standard errors that the times, places and sigma of the data would give; nothing needs to be measured yet, and no
    /// file is written
    #[arg(long, conflicts_with_all = ["output", "starts", "plot", "force"])]
    plan: bool,
    /// Draw data, curves, residuals and profiles: .pdf, .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Threads that compute, each with runs of its own [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Take at most so much memory, such as 4GiB, for runs and data; fewer runs are computed at the same time then
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn fit(args: &FitArgs, terminal: &Terminal) -> Result<(), Error> {
    let raw = RawParams::load(&args.params.file, &args.params.overrides)?;
    let options = FitOptions {
        threads: args.threads.map_or_else(sys::threads, usize::from),
        starts: args.starts.map(usize::from),
        memory: args.memory,
        runs: Progress::default(),
        stop: terminal.stop().unwrap_or_default(),
    };
    if args.plan {
        let fit = Fit::new(&raw, true, options)?;
        let (answer, data) = (fit.plan(), DataFiles(fit.data_files()));
        let text = planned_table(&answer, &data);
        return terminal.value(&Value::plain(Planned { answer, data }), &text, args.json);
    }
    let runs = options.runs.clone();
    // Whatever refuses the file or its data leaves no directory behind.
    let fit = Fit::new(&raw, false, options)?;
    let [answer, plot] = [&args.output, &args.plot].map(Option::as_deref);
    let outputs = Outputs::admit(&args.params.file, answer, plot, args.force, &raw)?;
    let start_time = Instant::now();
    let answer = fit.solve(&|stage| {
        let news = news_of(stage, args.starts);
        let (runs, seconds) = (
            runs.done(),
            number::seconds(start_time.elapsed().as_secs_f64()),
        );
        terminal.note(&format!("{news} after {runs} runs, {seconds}"));
    });
    let answer = answer?;
    terminal.warn(&answer.warnings);
    outputs.write(&answer, &raw)?;
    terminal.note(&format!(
        "{} runs; wrote {} with .csv and .toml beside it",
        answer.runs,
        outputs.json.name().display()
    ));
    terminal.value(&Value::plain(&answer), &table(&answer), args.json)
}

/// Draws a fit as `--plot` does.
#[allow(dead_code, reason = "for the Python package")]
pub fn draw_fit(answer: &FitAnswer, raw: &RawParams, path: &Path) -> Result<(), Error> {
    let destination = Destination::examine(path).map_err(sys::FileError::of("write", path))?;
    let file = drawing::draw(answer, raw, &destination)?;
    Ok(file.commit()?)
}

/// What a fit is doing, in words.
fn news_of(stage: Stage<'_>, starts: Option<u16>) -> String {
    match stage {
        Stage::Step {
            start,
            step,
            square,
        } => {
            let number = start + 1;
            let of_start = match starts {
                Some(starts @ 2..) => format!("start {number} of {starts}, "),
                _ if number > 1 => format!("start {number}, "),
                _ => String::new(),
            };
            format!("{of_start}step {step}: sum of squares {square:.9e}")
        }
        Stage::ProfileEnd { name, value, found } => {
            let [number, count] = found;
            format!(
                "profile {number} of {count}: {name} = {}",
                number::digits(value)
            )
        }
        Stage::Shifts => "steps and spacing: begun".to_owned(),
    }
}

/// The answer of a plan, with the files.
#[derive(Serialize)]
struct Planned<'f> {
    #[serde(flatten)]
    answer: PlanAnswer,
    #[serde(skip_serializing_if = "DataFiles::is_empty")]
    data: DataFiles<'f>,
}

/// The width of the column with the names of unknowns.
fn width<'a>(names: impl Iterator<Item = &'a String>) -> usize {
    let widths = names.map(|name| name.chars().count());
    widths.max().unwrap_or(0).max("unknown".len())
}

/// What a fit found, as a table.
fn table(answer: &FitAnswer) -> String {
    let width = width(answer.unknowns.iter().map(|unknown| &unknown.name));
    let mut text = format!(
        "{:<width$}  {:>13} {:>11}  {:>28} {:>11} {:>11}  correlation\n",
        "unknown", "estimate", "error", "95 % interval", "steps", "spacing"
    );
    for (unknown, row) in answer.unknowns.iter().zip(&answer.correlation) {
        let [low, high] = unknown
            .interval
            .map(|end| end.map_or_else(|| "?".to_owned(), number::digits));
        let error = unknown
            .standard_error
            .map_or_else(|| "at a bound".to_owned(), number::digits);
        let row = row.iter().map(|entry| {
            entry.map_or_else(|| format!("{:>8}", ""), |entry| format!("{entry:>8.3}"))
        });
        let [step_shift, spacing_shift] = [unknown.step_shift, unknown.spacing_shift]
            .map(|shift| shift.map_or_else(|| "?".to_owned(), signed));
        text += &format!(
            "{:<width$}  {:>13} {error:>11}  {:>28} {step_shift:>11} {spacing_shift:>11} {}\n",
            unknown.name,
            number::digits(unknown.estimate),
            format!("{low} to {high}"),
            row.collect::<String>(),
        );
    }
    for column in &answer.columns {
        let lag = column.lag1.map_or_else(String::new, |lag| {
            format!(", residuals correlate with those before by {lag:.2}")
        });
        text += &format!(
            "\n{}: {} values of {}, root mean square of residuals {}{lag}",
            column.name,
            column.values,
            column.record,
            number::digits(column.rms)
        );
    }
    text += &format!(
        "\nsum of squares {}, {} degrees of freedom, deviation {}",
        number::digits(answer.sum_of_squares),
        answer.degrees_of_freedom,
        number::digits(answer.deviation)
    );
    if answer.widened_by > 1.0 {
        text += &format!("; intervals are widened by {:.3}", answer.widened_by);
    }
    if let Some(starts) = answer.starts {
        let (reached, count) = (starts.reached, starts.count);
        text += &format!("\n{reached} of {count} starts led to this answer");
    }
    text
}

/// The standard errors that planned measurements would have, and the files that name their times, as a table.
fn planned_table(answer: &PlanAnswer, data: &DataFiles<'_>) -> String {
    let width = width(answer.unknowns.iter().map(|unknown| &unknown.name));
    let mut text = format!(
        "{:<width$}  {:>13} {:>11} {:>9}  correlation\n",
        "unknown", "value", "error", "relative"
    );
    for (unknown, row) in answer.unknowns.iter().zip(&answer.correlation) {
        let row = row
            .iter()
            .map(|entry| format!("{:>8.3}", entry.unwrap_or(f64::NAN)));
        let relative = 100.0 * unknown.standard_error / unknown.start.abs();
        text += &format!(
            "{:<width$}  {:>13} {:>11} {relative:>7.2} % {}\n",
            unknown.name,
            number::digits(unknown.start),
            number::digits(unknown.standard_error),
            row.collect::<String>()
        );
    }
    text += &format!("of {} values, by {} runs", answer.values, answer.runs);
    data.lines().fold(text, |text, line| text + "\n" + &line)
}

/// A change in two digits.
fn signed(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value => format!("{value:+.1e}"),
    }
}
