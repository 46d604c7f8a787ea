//! `diff2d.run` and `diff2d.sweep`.

use crate::{
    attended::{Patience, attend},
    cli,
    errors::{raised, refused, warn},
    params::Source,
};
use diff2d::{
    Commit, Io, Message, Outcome, ParamsError, Problem, Run, Sweep, internal, stencil::Tile,
    with_start,
};
use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};
use pythonize::pythonize;
use std::{
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The value of the stop flag if Python asks to stop.
pub(crate) const ASKED: usize = 2;

/// A message of a run.
enum News {
    Commit(Commit),
    Note(String),
}

/// The options of a run or a sweep.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    output: PathBuf,
    resume: bool,
    force: bool,
    lock: bool,
    io: Option<String>,
    threads: Option<usize>,
    max_walltime: Option<String>,
    checkpoint_every: Option<String>,
    extend: Option<PathBuf>,
    tile: Option<String>,
    scratch: Option<PathBuf>,
    scenarios: Option<String>,
    on_commit: Option<Py<PyAny>>,
    on_note: Option<Py<PyAny>>,
}

/// Runs the problem of a parameter file or a TOML text, overridden by the TOML text `given`. Returns the figures of the
/// run, and how it ended: "done", "already done", "out of time".
#[pyfunction]
pub(crate) fn run<'py>(
    py: Python<'py>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
    options: Options,
) -> PyResult<(Bound<'py, PyAny>, &'static str)> {
    let source = Source::of(py, file, text)?;
    let raw = source.read(given).map_err(|error| raised(py, error))?;
    let problem_and_warnings = py.detach(|| {
        let raw = with_start(raw)?;
        let problem = Problem::from_raw(&raw)?;
        let warnings = problem.warnings(&raw);
        Ok((problem, warnings))
    });
    let (problem, warnings) =
        problem_and_warnings.map_err(|error: ParamsError| raised(py, error))?;
    warn(py, &warnings)?;
    let (extend, count) = (options.extend.clone(), warnings.len());
    let scratch = options.scratch.clone();
    let tile = options.tile.as_deref().map(str::parse::<Tile>).transpose();
    let tile = tile.map_err(|reason| refused(py, &reason.to_string()))?;
    let report = carry_out(py, problem, options, move |run| {
        run.extend(extend)
            .tile(tile)
            .scratch(scratch)
            .warnings(warnings)
            .start()
    })?;
    // The warnings at the end of the run are new.
    warn(py, report.warnings.get(count..).unwrap_or_default())?;
    Ok((pythonize(py, &report)?, word(report.outcome)))
}

/// Runs the sweep of a sweep file or a TOML text, overridden by the TOML text `given`; `base` is the TOML of the
/// parameters that are varied, if no file is named. Returns how the sweep ended.
#[pyfunction]
pub(crate) fn sweep(
    py: Python<'_>,
    file: Option<PathBuf>,
    text: Option<String>,
    base: Option<String>,
    given: &str,
    options: Options,
) -> PyResult<&'static str> {
    let source = Source::of(py, file, text)?;
    let sweep = py.detach(|| {
        let base = base.map(|base| Source::Text(base).read("")).transpose()?;
        Sweep::from_raw(&source.read(given)?, source.directory(), base)
    });
    let sweep = sweep.map_err(|error| raised(py, error))?;
    warn(py, sweep.warnings())?;
    let count = sweep.scenarios().len();
    let part = options.scenarios.as_deref().map(|text| {
        part_of(text, count).ok_or_else(|| {
            refused(
                py,
                &format!("scenarios = {text}: expected some of {count}, such as 0:1"),
            )
        })
    });
    let part = part.transpose()?;
    let outcome = carry_out(py, sweep, options, move |run: Run<'_, Sweep>| match part {
        Some(part) => run.scenarios(part).start(),
        None => run.start(),
    })?;
    Ok(word(outcome))
}

/// The scenarios that a range of Python, or a number, takes of so many.
fn part_of(text: &str, count: usize) -> Option<Range<usize>> {
    let number = |text: &str, absent: usize| match text.trim() {
        "" => Some(absent),
        text => {
            let number: i64 = text.parse().ok()?;
            let from_end = i64::try_from(count).ok()?;
            let number = if number < 0 {
                number + from_end
            } else {
                number
            };
            usize::try_from(number.clamp(0, from_end)).ok()
        }
    };
    let (start, stop) = match text.split_once(':') {
        Some((start, stop)) => (number(start, 0)?, number(stop, count)?),
        None => (number(text, count)?, number(text, count)? + 1),
    };
    (start < stop && stop <= count).then_some(start..stop)
}

/// Starts a run and attends it.
fn carry_out<W, T, E>(
    py: Python<'_>,
    work: W,
    options: Options,
    start: impl FnOnce(Run<'_, W>) -> Result<T, E> + Send + 'static,
) -> PyResult<T>
where
    W: Send + Sync + 'static,
    T: Send + 'static,
    E: Into<cli::Error> + Send + 'static,
{
    let io = match options.io.as_deref() {
        None | Some("auto") => None,
        Some("map") => Some(Io::Map),
        Some("write") => Some(Io::Write),
        Some("single") => Some(Io::Single),
        Some(other) => {
            return Err(refused(
                py,
                &format!("io = {other:?}: expected \"auto\", \"map\", \"write\" or \"single\""),
            ));
        }
    };
    let max_walltime = options.max_walltime.as_deref();
    let max_walltime = duration(py, "max_walltime", max_walltime, cli::parse_walltime)?;
    let checkpoint_period = options.checkpoint_every.as_deref();
    let checkpoint_period = duration(
        py,
        "checkpoint_every",
        checkpoint_period,
        cli::parse_duration,
    )?;
    // A pool of its own: that of the process does not survive a fork.
    let threads = match options.threads {
        Some(0) => return Err(refused(py, "threads = 0: expected 1 or more")),
        Some(threads) => threads,
        None => internal::threads(),
    };
    let stop = Arc::new(AtomicUsize::new(0));
    let stop_flag = Arc::clone(&stop);
    let hears_notes = options.on_note.is_some();
    let (output, resume, force, lock) =
        (options.output, options.resume, options.force, options.lock);
    let result = attend(
        py,
        move |news| {
            let note_sender = news.clone();
            let mut run = Run::new(&work)
                .output(output)
                .resume(resume)
                .force(force)
                .lock(lock)
                .io(io)
                .threads(threads)
                .max_walltime(max_walltime)
                .checkpoint_every(checkpoint_period)
                .stop_flag(stop_flag)
                .on_commit(move |commit| {
                    // Who no longer listens has raised an exception.
                    let _ = news.send(News::Commit(commit.clone()));
                });
            if hears_notes {
                run = run.on_message(move |message| {
                    // Warnings are raised as such.
                    if !matches!(message, Message::Warning(_)) {
                        let _ = note_sender.send(News::Note(message.to_string()));
                    }
                });
            }
            start(run).map_err(Into::into)
        },
        |news| match (news, &options.on_commit, &options.on_note) {
            (News::Commit(commit), Some(call), _) => {
                call.call1(py, (snapshot_fields(py, &commit)?,)).map(drop)
            }
            (News::Note(sentence), _, Some(call)) => call.call1(py, (sentence,)).map(drop),
            _ => Ok(()),
        },
        || stop.store(ASKED, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    result.map_err(|error: cli::Error| raised(py, error))
}

/// The duration in a text argument.
fn duration(
    py: Python<'_>,
    name: &str,
    text: Option<&str>,
    parse: fn(&str) -> Result<Duration, String>,
) -> PyResult<Option<Duration>> {
    let parsed = text.map(|text| parse(text).map_err(|reason| (text, reason)));
    let parsed = parsed.transpose();
    parsed.map_err(|(text, reason)| refused(py, &format!("{name} = {text}: {reason}")))
}

/// A commit as the keyword arguments of `diff2d.Snapshot`.
pub(crate) fn snapshot_fields<'py>(
    py: Python<'py>,
    commit: &Commit,
) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("scenario", commit.scenario)?;
    fields.set_item("index", commit.index)?;
    fields.set_item("step", commit.step)?;
    fields.set_item("simtime", commit.simtime)?;
    fields.set_item("mass", commit.mass)?;
    fields.set_item("min", commit.min)?;
    fields.set_item("max", commit.max)?;
    fields.set_item("sha256", PyString::new(py, &commit.sha256))?;
    fields.set_item("ended", pythonize(py, &commit.ended)?)?;
    Ok(fields)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::AlreadyDone => "already done",
        Outcome::OutOfTime => "out of time",
        _ => "stopped",
    }
}
