//! `diff2d run`: the simulation.

use super::{
    number,
    params::ParamsArgs,
    plot::{Album, frame_path},
    terminal::{Terminal, quoted},
};
use crate::{
    cube::{ArrayFile, Claim, Io, Paths, Record},
    error::Error,
    machine,
    plot::Colormap,
    problem::Problem,
    run::{self, Options, Outcome, Report, Watch},
};
use clap::{Args, ValueEnum};
use crossbeam_channel::{Receiver, select, unbounded};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Run the simulation and write its snapshots to a cube
///
/// Prints each snapshot's simulated time as it is committed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d run params/diff2dparams.toml
  diff2d run params/diff2dparams.toml --set dx=0.1 --set grid=walls -o fine.npy
  diff2d run params/large.toml --resume --max-walltime 55min
  diff2d run params/quick.toml --set runtime=30 -o longer.npy --resume --extend output/quick.npy")]
pub(super) struct RunArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// The cube to write [default: output/STEM.npy, named after PARAMS]
    #[arg(long, short, value_name = "CUBE.npy")]
    output: Option<PathBuf>,
    /// Threads that advance the fields [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Continue an unfinished cube; start if there is none; do nothing if it is complete
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Take over the snapshots of a cube with a shorter runtime into the new one, then continue
    #[arg(long, value_name = "SHORTER.npy", requires = "resume")]
    extend: Option<PathBuf>,
    /// Start a cube of ours over, whatever it holds
    #[arg(long)]
    force: bool,
    /// How snapshots reach the file
    #[arg(long, value_enum, default_value_t = IoArg::Auto)]
    io: IoArg,
    /// Write the state aside this often between snapshots, such as 10min
    #[arg(long, value_name = "TIME", value_parser = duration)]
    checkpoint_every: Option<Duration>,
    /// Stop, resumable, within this time, such as 55min (exit code 75)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    max_walltime: Option<Duration>,
    /// Do not lock the cube: for filesystems that cannot
    #[arg(long)]
    no_lock: bool,
    /// Compute without writing any file, for timing
    #[arg(long, conflicts_with_all = ["output", "resume", "force"])]
    no_cube: bool,
    /// Write the figures of the run to a JSON file
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IoArg {
    /// Through a map where space is reserved on a local filesystem, else by writes
    Auto,
    /// Through a memory map
    Map,
    /// By positional writes
    Write,
}

/// A time such as `10min` or `1h 30min`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .or_else(|| humantime::parse_duration(text).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 90s, 10min or 1h 30min".to_owned())
}

pub(super) fn run(args: &RunArgs, terminal: &Terminal) -> Result<ExitCode, Error> {
    let problem = args.params.problem()?;
    for warning in super::plan::warnings(&problem) {
        terminal.note(&format!("warning: {warning}"));
    }
    let options = options(args)?;
    let threads = args.threads.map_or_else(machine::threads, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::System(format!("cannot start {threads} threads: {error}")))?;

    let (committed, commits) = unbounded();
    let (notes, sentences) = unbounded();
    let step = Arc::new(AtomicU64::new(0));
    let watch = Watch {
        committed,
        notes,
        step: Arc::clone(&step),
        signal: signals()?,
    };
    let observer = Observer {
        terminal,
        problem: &problem,
        step: &step,
        pictures: options
            .output
            .as_deref()
            .filter(|_| problem.params.graphics),
    };
    let report = thread::scope(|scope| {
        let observing = scope.spawn(|| observer.observe(&commits, &sentences));
        let report = pool.install(|| run::run(&problem, &options, &watch));
        drop(watch);
        let observed = observing.join();
        let report = report?;
        observed.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))?;
        Ok::<Report, Error>(report)
    })?;

    if let Some(path) = &args.report {
        write_report(path, &report)?;
    }
    Ok(conclude(args, &options, &report, terminal))
}

fn options(args: &RunArgs) -> Result<Options, Error> {
    let stem = args.params.file.file_stem().unwrap_or_default();
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| Path::new("output").join(stem).with_added_extension("npy"));
    Paths::of(&output)?;
    Ok(Options {
        output: (!args.no_cube).then_some(output),
        claim: Claim {
            resume: args.resume,
            force: args.force,
            no_lock: args.no_lock,
            io: match args.io {
                IoArg::Auto => None,
                IoArg::Map => Some(Io::Map),
                IoArg::Write => Some(Io::Write),
            },
        },
        extend: args.extend.clone(),
        checkpoint_every: args.checkpoint_every,
        max_walltime: args.max_walltime,
    })
}

/// The first signal asks the run to stop and be durable, a later one ends it at once.
///
/// Launchers and terminals tend to deliver one request to the process and again to its group, so
/// signals in quick succession count as one.
fn signals() -> Result<Arc<AtomicUsize>, Error> {
    const ONE_REQUEST: Duration = Duration::from_millis(100);
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Error::System(format!("cannot handle signals: {error}")))?;
    let received = Arc::new(AtomicUsize::new(0));
    let request = Arc::clone(&received);
    thread::spawn(move || {
        let mut first: Option<Instant> = None;
        for signal in signals.forever() {
            if first.is_some_and(|first| first.elapsed() > ONE_REQUEST) {
                signal_hook::low_level::exit(128 + signal);
            }
            first.get_or_insert_with(Instant::now);
            request.store(signal.unsigned_abs() as usize, Ordering::Relaxed);
        }
    });
    Ok(received)
}

/// Tells what happens while the solver works.
struct Observer<'a> {
    terminal: &'a Terminal,
    problem: &'a Problem,
    step: &'a AtomicU64,
    /// The cube to draw as it grows, with `graphics = true`.
    pictures: Option<&'a Path>,
}

impl Observer<'_> {
    fn observe(
        &self,
        commits: &Receiver<Record>,
        sentences: &Receiver<String>,
    ) -> Result<(), Error> {
        let template = "{wide_bar} step {human_pos}/{human_len}, {eta} left";
        let bar = self.terminal.bar(self.problem.schedule.nsteps, template);
        let (mut printed, mut drawn) = (Ok(()), Ok(()));
        loop {
            select! {
                recv(commits) -> record => match record {
                    // Neither a reader who has gone nor a picture that failed stops the run.
                    Ok(record) => {
                        printed = printed.and_then(|()| bar.suspend(|| self.print(&record)));
                        drawn = drawn.and_then(|()| self.draw(record.index));
                    }
                    Err(_) => break,
                },
                recv(sentences) -> sentence => if let Ok(sentence) = sentence {
                    bar.suspend(|| self.terminal.detail(&sentence));
                },
                default(Duration::from_millis(100)) => bar.set_position(self.step.load(Ordering::Relaxed)),
            }
        }
        bar.finish_and_clear();
        match printed {
            Err(Error::ClosedPipe) => Ok(()),
            printed => printed.and(drawn),
        }
    }

    /// The course's programs begin with the integer 0.
    fn print(&self, record: &Record) -> Result<(), Error> {
        let time = match record.step {
            0 => "0".to_owned(),
            _ => number::python(record.simtime),
        };
        self.terminal.result(&time)
    }
}

impl Observer<'_> {
    /// Draws a committed snapshot; one range for all of them, that of the initial state, beyond
    /// which diffusion between fixed walls never goes.
    fn draw(&self, index: u64) -> Result<(), Error> {
        let Some(cube) = self.pictures else {
            return Ok(());
        };
        let array = ArrayFile::open(cube)?;
        let album = Album::of(&array)?;
        let style = album.style(Colormap::default(), album.range(&[0]));
        let directory = Paths::of(cube)?.pictures;
        fs::create_dir_all(&directory).map_err(|error| {
            Error::System(format!(
                "cannot create the directory {}: {error}",
                directory.display()
            ))
        })?;
        album
            .draw(index, &style)?
            .save(&frame_path(&directory, index))?;
        Ok(())
    }
}

fn write_report(path: &Path, report: &Report) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Error::System(format!("cannot write the report: {error}")))?;
    fs::write(path, text + "\n").map_err(|error| {
        Error::System(format!(
            "cannot write the report {}: {error}",
            path.display()
        ))
    })
}

fn conclude(args: &RunArgs, options: &Options, report: &Report, terminal: &Terminal) -> ExitCode {
    let cube = options.output.as_deref();
    let name = cube.map_or_else(String::new, |cube| format!(" in {}", cube.display()));
    let resumable = || match cube {
        Some(cube) => format!("to continue: {}", resume_command(args, cube)),
        None => "nothing was written".to_owned(),
    };
    match report.outcome {
        Outcome::Done => {
            terminal.note(&format!(
                "done{name}: {:.2e} updates in {}, {:.1} G/s",
                report.updates as f64,
                number::seconds(report.seconds.total),
                report.updates_per_second / 1e9,
            ));
            ExitCode::SUCCESS
        }
        Outcome::AlreadyDone => {
            terminal.note(&format!("nothing to do: all snapshots are there{name}"));
            ExitCode::SUCCESS
        }
        Outcome::OutOfTime => {
            terminal.urgent(&format!(
                "stopped at the end of --max-walltime; {}",
                resumable()
            ));
            ExitCode::from(75)
        }
        Outcome::Signalled(signal) => {
            terminal.urgent(&format!("stopped by signal {signal}; {}", resumable()));
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(1))
        }
    }
}

fn resume_command(args: &RunArgs, cube: &Path) -> String {
    format!(
        "diff2d run {}{} -o {} --resume",
        quoted(&args.params.file.display().to_string()),
        args.params.overrides_quoted(),
        quoted(&cube.display().to_string()),
    )
}
