//! What `run` and `sweep` have in common: where the cube goes, how the run is started, stopped and
//! concluded.

use super::{
    bar::{Bar, Unit},
    json,
    printer::Printer,
    signals,
    terminal::{Terminal, option_quoted, quoted},
    values::{self, walltime},
};
use crate::cli::error::Error;
use clap::{Args, ValueEnum};
use diff2d::{
    Commit, Cube, Io, Message, Outcome, Run, RunError,
    comm::{Comm, World, collective},
    program::cube::{Paths, Writing, holds},
};
use diff2d_sys::{self as sys, AtomicFile, Destination, FileError};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// The directory of cubes without `-o`.
pub(super) const DEFAULT_DIRECTORY: &str = "output";

/// What errors of a report say of it.
const WRITE_REPORT: &str = "write the report";

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// The cube to write, in a directory that is there [default: output/STEM.npy, named after the
    /// parameter file]
    #[arg(long, short, value_name = "CUBE.npy")]
    output: Option<PathBuf>,
    /// Threads that compute; more than processors gain nothing, and beyond 64 they are not started
    /// [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Continue an unfinished cube; start if there is none; do nothing if it is complete
    #[arg(long, conflicts_with = "force")]
    pub(super) resume: bool,
    /// Start a cube of ours over, whatever it holds
    #[arg(long)]
    pub(super) force: bool,
    /// How snapshots reach the file
    #[arg(long, value_enum, default_value_t = IoArg::Auto)]
    io: IoArg,
    /// Stop, resumable, within this time (exit code 75): 55min, 03:55:00, or auto for the end of the
    /// Slurm job
    #[arg(long, value_name = "TIME", value_parser = typed_walltime)]
    max_walltime: Option<Walltime>,
    /// Where stderr is no terminal, tell the progress this often, such as 10min
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "1min")]
    log_every: Duration,
    /// Do not lock the cube: for filesystems that cannot
    #[arg(long)]
    no_lock: bool,
    /// Write the figures of the run to a JSON file: updates, seconds, ranks, machine and more
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
}

/// A time after which a run stops, and the text that was typed for it.
#[derive(Debug, Clone)]
struct Walltime {
    typed: String,
    time: Duration,
}

fn typed_walltime(text: &str) -> Result<Walltime, String> {
    let typed = text.to_owned();
    walltime(text).map(|time| Walltime { typed, time })
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IoArg {
    /// By positional writes, which are faster than a map wherever we measured; as single where ranks on
    /// several machines share a filesystem like NFS
    Auto,
    /// Through a memory map
    Map,
    /// By positional writes
    Write,
    /// By positional writes of rank 0, to which the others send their rows
    Single,
}

impl StartArgs {
    /// The cube's name, by default after the file that describes the computation.
    pub(super) fn cube(&self, file: &Path) -> Result<PathBuf, Error> {
        let stem = file.file_stem().unwrap_or_default();
        let cube = match &self.output {
            Some(cube) => cube.clone(),
            None => {
                let mut name = stem.to_owned();
                name.push(".npy");
                Path::new(DEFAULT_DIRECTORY).join(name)
            }
        };
        Paths::of(&cube)?;
        Ok(cube)
    }

    /// The place of the report that is asked for, unless it may not be written there. A run that is continued, or that is only timed,
    /// replaces an older report.
    pub(super) fn admit_report(
        &self,
        cube: &Path,
        mut input_files: Vec<PathBuf>,
        is_timing: bool,
    ) -> Result<Option<Destination>, Error> {
        let Some(path) = &self.report else {
            return Ok(None);
        };
        input_files.extend(Paths::of(cube)?.files());
        let writing = Writing {
            taken: &input_files,
            force: self.force,
            is_own_kind: (self.resume || is_timing).then_some(is_report),
            ..Writing::default()
        };
        let destination = writing.admit(path)?;
        check_writable(&destination, WRITE_REPORT)?;
        Ok(Some(destination))
    }

    /// Collective. Starts a run or a sweep and tells of it until it ends: a bar of so many units, the line of each commit, and messages.
    pub(super) fn told<W, R>(
        &self,
        (work, cube): (&W, Option<&Path>),
        (total, unit): (u64, Unit),
        (world, terminal): (&World, &Terminal),
        mut tell: impl FnMut(&Message, &Bar) + Send,
        mut line_of: impl FnMut(&Commit, &Bar) -> Option<String> + Send,
        start: impl FnOnce(Run<'_, W>) -> Result<(Outcome, R), RunError>,
    ) -> Result<(Outcome, R), Error> {
        // The directory of `-o` must be there.
        let creation = match (cube, &self.output) {
            (Some(_), None) if world.is_root() => make_directory(Path::new(DEFAULT_DIRECTORY)),
            _ => Ok(()),
        };
        collective::all_ok(world, creation)?;
        let stop_flag = collective::all_ok(world, signals::stop_flag())?;
        let bar = terminal.bar_or_line_every(self.log_every, total, unit);
        let printer = collective::all_ok(world, Printer::start(terminal.clone(), &bar))?;
        let mut run = self.run(work);
        if let Some(cube) = cube {
            run = run.output(cube);
        }
        let run = run
            .progress(bar.progress().clone())
            .stop_flag(Arc::clone(&stop_flag))
            .on_message(|message| tell(message, &bar))
            .on_commit(|commit| {
                if let Some(line) = line_of(commit, &bar) {
                    printer.print(line);
                }
            });
        let ran = start(run);
        // What was committed before a failure is printed, too.
        let printed = printer.finish(|| stop_flag.load(Ordering::Relaxed) != 0);
        drop(bar);
        let ran = ran?;
        match (printed, ran.0) {
            // A reader who has gone is no error, nor is one who reads too slowly for a run that was asked to stop.
            (Err(Error::ClosedPipe), _) | (Err(_), Outcome::Stopped(_)) => Ok(ran),
            (printed, _) => printed.map(|()| ran),
        }
    }

    /// A run, or a sweep, with these options.
    fn run<'a, W>(&self, work: &'a W) -> Run<'a, W> {
        Run::new(work)
            .resume(self.resume)
            .force(self.force)
            .lock(!self.no_lock)
            .io(match self.io {
                IoArg::Auto => None,
                IoArg::Map => Some(Io::Map),
                IoArg::Write => Some(Io::Write),
                IoArg::Single => Some(Io::Single),
            })
            .threads(self.threads.map(usize::from))
            .max_walltime(self.max_walltime.as_ref().map(|walltime| walltime.time))
    }

    /// The options that a run has again when it is continued, quoted for a shell.
    pub(super) fn options_quoted(&self) -> String {
        let walltime = self.max_walltime.as_ref().map(|walltime| &walltime.typed);
        option_quoted("--threads", self.threads)
            + &option_quoted("--max-walltime", walltime)
            + if self.no_lock { " --no-lock" } else { "" }
    }
}

/// Whether a file begins like a report of a run or a sweep.
fn is_report(beginning: &[u8]) -> bool {
    beginning.starts_with(b"{") && holds(beginning, "\"updates_per_second\":")
}

/// Makes a directory, if it is not there.
pub(super) fn make_directory(directory: &Path) -> Result<(), Error> {
    let result = sys::create_directory(directory);
    Ok(result.map_err(FileError::of("create the directory", directory))?)
}

/// Tries to begin a file that may be written; `action` says what it is, as in `write the report`.
pub(super) fn check_writable(destination: &Destination, action: &'static str) -> Result<(), Error> {
    let begun = AtomicFile::at(destination.clone());
    let begun = begun.map_err(|error| FileError::of(action, destination.name())(error.source));
    Ok(begun.map(drop)?)
}

/// Writes the figures of a run as JSON.
pub(super) fn write_report(
    destination: Destination,
    figures: &impl Serialize,
) -> Result<(), Error> {
    let text = json::pretty(figures) + "\n";
    let path = destination.path().to_owned();
    let written = sys::write_file_at(destination, text.as_bytes());
    Ok(written.map_err(|error| FileError::of(WRITE_REPORT, path)(error.source))?)
}

/// Tells how a run or a sweep ended; `command` starts the same again, and `has_progressed` tells whether it would go
/// on from a later state.
pub(super) fn conclude(
    terminal: &Terminal,
    outcome: Outcome,
    summary: &str,
    command: &str,
    cube: Option<&Path>,
    has_progressed: bool,
) -> u8 {
    let place = cube.map_or_else(String::new, |cube| format!(" in {}", cube.display()));
    let continuation = match cube {
        Some(cube) => {
            let cube = quoted(cube.display());
            format!("to continue: {command} -o {cube} --resume")
        }
        None => "nothing was written".to_owned(),
    };
    match outcome {
        Outcome::Done => {
            terminal.note(&format!("done{place}: {summary}"));
            0
        }
        Outcome::AlreadyDone => {
            terminal.note(&format!("nothing to do: all snapshots are there{place}"));
            0
        }
        // The error of the writer has come before.
        Outcome::FilesLost => 1,
        Outcome::OutOfTime if !has_progressed => {
            terminal.urgent(&format!(
                "--max-walltime ended before the run came any further, and would again: allow more time; {continuation}"
            ));
            1
        }
        Outcome::OutOfTime => {
            terminal.urgent(&format!(
                "stopped at the end of --max-walltime{}; {continuation}",
                committed(cube)
            ));
            75
        }
        Outcome::Stopped(signal) => {
            terminal.urgent(&format!(
                "stopped by signal {signal}{}; {continuation}",
                committed(cube)
            ));
            u8::try_from(128 + signal).unwrap_or(1)
        }
    }
}

/// The snapshots that a stopped run has committed, and how to look at them alone; empty for a sweep.
fn committed(cube: Option<&Path>) -> String {
    let Some(path) = cube else {
        return String::new();
    };
    match Cube::open(path) {
        Ok(cube) if cube.run().is_some() => {
            let (committed_count, planned_count) = (cube.committed(), cube.header().snapshots());
            format!(
                " with {committed_count} of {planned_count} snapshots committed (in Python: numpy.load({:?}, mmap_mode=\"r\")[:{committed_count}])",
                path.display().to_string()
            )
        }
        _ => String::new(),
    }
}
