//! `diff2d.run` and `diff2d.sweep`.

use crate::{
    attended::{Patience, attend},
    errors::{raised, refused},
    params::Source,
};
use diff2d::{Io, Outcome, Problem, Record, Run, Sweep, cli, with_start};
use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};
use pythonize::pythonize;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What the stop flag holds when Python asks to stop.
pub(crate) const ASKED: usize = 2;

/// What a run tells.
enum News {
    Commit(Record),
    Note(String),
}

/// How a run is carried out, whatever it computes.
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
    on_commit: Option<Py<PyAny>>,
    on_note: Option<Py<PyAny>>,
}

/// Runs the problem of a parameter file or a TOML text, overridden by the TOML `given`. Returns the figures
/// of the run, and how it ended: "done", "already done", "out of time".
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
    let problem = py.detach(|| Problem::from_raw(&with_start(raw)?));
    let problem = problem.map_err(|error| raised(py, error))?;
    let extend = options.extend.clone();
    let report = carry_out(py, problem, options, move |run| run.extend(extend).start())?;
    Ok((pythonize(py, &report)?, word(report.outcome)))
}

/// Runs the sweep of a sweep file or a TOML text, overridden by the TOML `given`; `base` is the TOML of the
/// parameters that are varied, where no file is named. Returns how it ended.
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
    let read = || {
        let base = base.map(|base| Source::Text(base).read("")).transpose()?;
        Sweep::from_raw(&source.read(given)?, source.directory(), base)
    };
    let sweep = py.detach(read).map_err(|error| raised(py, error))?;
    let outcome = carry_out(py, sweep, options, |run: Run<'_, Sweep>| run.start())?;
    Ok(word(outcome))
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
    let time = |name: &str, text: Option<&String>, parse: fn(&str) -> Result<_, String>| {
        let parsed = text.map(|text| parse(text).map_err(|why| (text, why)));
        let parsed = parsed.transpose();
        parsed.map_err(|(text, why)| refused(py, &format!("{name} = {text}: {why}")))
    };
    let max_walltime = options.max_walltime.as_ref();
    let max_walltime = time("max_walltime", max_walltime, cli::parse_walltime)?;
    let every = options.checkpoint_every.as_ref();
    let every = time("checkpoint_every", every, cli::parse_duration)?;
    // A pool of its own: that of the process does not survive a fork.
    let threads = match options.threads {
        Some(0) => return Err(refused(py, "threads = 0: expected 1 or more")),
        Some(threads) => threads,
        None => thread::available_parallelism().map_or(1, usize::from),
    };
    let stop = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&stop);
    let is_heard = options.on_note.is_some();
    let (output, resume, force, lock) =
        (options.output, options.resume, options.force, options.lock);
    let started = attend(
        py,
        move |news| {
            let notes = news.clone();
            let mut run = Run::new(&work)
                .output(output)
                .resume(resume)
                .force(force)
                .lock(lock)
                .io(io)
                .threads(threads)
                .max_walltime(max_walltime)
                .checkpoint_every(every)
                .stop_flag(flag)
                .on_commit(move |record| {
                    // Who no longer listens has raised an exception.
                    let _ = news.send(News::Commit(record.clone()));
                });
            if is_heard {
                run = run.on_message(move |message| {
                    let _ = notes.send(News::Note(message.to_string()));
                });
            }
            start(run).map_err(Into::into)
        },
        |news| match (news, &options.on_commit, &options.on_note) {
            (News::Commit(record), Some(call), _) => {
                call.call1(py, (told(py, &record)?,)).map(drop)
            }
            (News::Note(sentence), _, Some(call)) => call.call1(py, (sentence,)).map(drop),
            _ => Ok(()),
        },
        || stop.store(ASKED, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    started.map_err(|error: cli::Error| raised(py, error))
}

/// A record as the keyword arguments of `diff2d.Snapshot`.
fn told<'py>(py: Python<'py>, record: &Record) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("scenario", record.scenario)?;
    told.set_item("index", record.index)?;
    told.set_item("step", record.step)?;
    told.set_item("simtime", record.simtime)?;
    told.set_item("mass", record.mass)?;
    told.set_item("min", record.min)?;
    told.set_item("max", record.max)?;
    told.set_item("sha256", PyString::new(py, &record.sha256))?;
    Ok(told)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::AlreadyDone => "already done",
        Outcome::OutOfTime => "out of time",
        _ => "stopped",
    }
}
