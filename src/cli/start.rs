//! What `run` and `sweep` have in common: where the cube goes, how the run is started, stopped and
//! concluded.

use super::terminal::{Terminal, quoted};
use crate::{
    comm::{Comm, collective},
    cube::{Io, Paths},
    error::Error,
    run::{Outcome, Run},
    sys,
};
use clap::{Args, ValueEnum};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Where cubes go without `-o`.
const DEFAULT_DIRECTORY: &str = "output";

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// The cube to write, in a directory that is there [default: output/STEM.npy, named after the
    /// parameter file]
    #[arg(long, short, value_name = "CUBE.npy")]
    output: Option<PathBuf>,
    /// Threads that compute [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Continue an unfinished cube; start if there is none; do nothing if it is complete
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Start a cube of ours over, whatever it holds
    #[arg(long)]
    force: bool,
    /// How snapshots reach the file
    #[arg(long, value_enum, default_value_t = IoArg::Auto)]
    io: IoArg,
    /// Stop, resumable, within this time, such as 55min (exit code 75)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) max_walltime: Option<Duration>,
    /// Do not lock the cube: for filesystems that cannot
    #[arg(long)]
    no_lock: bool,
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

/// A time such as `10min` or `1h 30min`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 90s, 10min or 1h 30min".to_owned())
}

impl StartArgs {
    /// The cube's name, by default after the file that describes the computation.
    pub(super) fn cube(&self, file: &Path) -> Result<PathBuf, Error> {
        let stem = file.file_stem().unwrap_or_default();
        let cube = match &self.output {
            Some(cube) => cube.clone(),
            None => Path::new(DEFAULT_DIRECTORY)
                .join(stem)
                .with_added_extension("npy"),
        };
        Paths::of(&cube)?;
        Ok(cube)
    }

    /// Collective. Makes the directory of the default output. That of `-o` must be there.
    pub(super) fn make_directory(&self, comm: &impl Comm) -> Result<(), Error> {
        let made = match self.output {
            None if comm.is_root() => sys::create_directory(Path::new(DEFAULT_DIRECTORY)),
            _ => Ok(()),
        };
        let made = made.map_err(|error| {
            Error::System(format!(
                "cannot create the directory {DEFAULT_DIRECTORY}: {error}"
            ))
        });
        collective::all_ok(comm, made)
    }

    /// A run, or a sweep, with these options.
    pub(super) fn run<'a, W>(&self, work: &'a W) -> Run<'a, W> {
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
            .max_walltime(self.max_walltime)
    }
}

/// What became of the results: a reader who has gone is no error.
pub(super) fn unless_closed(printed: Result<(), Error>) -> Result<(), Error> {
    match printed {
        Err(Error::ClosedPipe) => Ok(()),
        printed => printed,
    }
}

/// A flag that takes the number of the first signal, which asks the run to stop durably; a later signal
/// ends the process at once.
///
/// Launchers and terminals may deliver one request to the process and again to its group, so signals in
/// quick succession count as one.
pub(super) fn stop_flag() -> Result<Arc<AtomicUsize>, Error> {
    const ONE_REQUEST: Duration = Duration::from_millis(100);
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::System(format!("cannot handle signals: {error}")))?;
    let received = Arc::new(AtomicUsize::new(0));
    let request = Arc::clone(&received);
    let waiting = move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            if first.is_some_and(|first| first.elapsed() > ONE_REQUEST) {
                signal_hook::low_level::exit(128 + signal);
            }
            first.get_or_insert_with(Instant::now);
            request.store(signal.unsigned_abs() as usize, Ordering::Relaxed);
        }
    };
    thread::Builder::new()
        .spawn(waiting)
        .map_err(|error| no_thread(&error))?;
    Ok(received)
}

fn no_thread(error: &io::Error) -> Error {
    Error::System(format!("the system refuses a thread: {error}"))
}

/// Tells how it ended; `command` starts the same again.
pub(super) fn conclude(
    terminal: &Terminal,
    outcome: Outcome,
    done: &str,
    command: &str,
    cube: Option<&Path>,
) -> ExitCode {
    let place = cube.map_or_else(String::new, |cube| format!(" in {}", cube.display()));
    let resumable = || match cube {
        Some(cube) => {
            let cube = quoted(&cube.display().to_string());
            format!("to continue: {command} -o {cube} --resume")
        }
        None => "nothing was written".to_owned(),
    };
    match outcome {
        Outcome::Done => {
            terminal.note(&format!("done{place}: {done}"));
            ExitCode::SUCCESS
        }
        Outcome::AlreadyDone => {
            terminal.note(&format!("nothing to do: all snapshots are there{place}"));
            ExitCode::SUCCESS
        }
        // The error of the writer has come before.
        Outcome::FilesLost => ExitCode::FAILURE,
        Outcome::OutOfTime => {
            terminal.urgent(&format!(
                "stopped at the end of --max-walltime; {}",
                resumable()
            ));
            ExitCode::from(75)
        }
        Outcome::Stopped(signal) => {
            terminal.urgent(&format!("stopped by signal {signal}; {}", resumable()));
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))
        }
    }
}
