//! `diff2d run`: the simulation.

use super::{
    answer_files::admit_picture,
    bar::{Bar, Unit},
    frames::{Drawing, Frames, Look, RangeChoice},
    number,
    params::{ParamsArgs, ProblemWithWarnings},
    plot::frame_path,
    ranks,
    start::{self, StartArgs, make_directory},
    terminal::{Terminal, option_quoted},
    threads, values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    Commit, CubeError, End, JournalledArray, Message, Outcome, Problem,
    comm::{Comm, World},
    program::{
        cube::{Paths, RecordTable},
        params::{FunctionTable, StepMethod},
        warnings::{NOT_ESTIMATED, is_too_dear},
    },
};
use diff2d_stencil::Tile;
use diff2d_sys::Destination;
use std::{
    fs,
    path::{Path, PathBuf},
    slice,
    time::Duration,
};

/// Run the simulation and write its snapshots to a cube
///
/// Prints each snapshot's simulated time as it is committed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d run params/diff2dparams.toml
  diff2d run params/diff2dparams.toml --set dx=0.05 --set grid=walls -o fine.npy
  diff2d run params/large.toml --resume --max-walltime 55min
  diff2d run params/quick.toml --set runtime=30 -o longer.npy --resume --extend output/quick.npy")]
pub(super) struct RunArgs {
    #[command(flatten)]
    params: ParamsArgs,
    #[command(flatten)]
    start: StartArgs,
    /// Take over the snapshots of a cube with another runtime or until into the new one, then continue
    #[arg(long, value_name = "SHORTER.npy", requires = "resume")]
    extend: Option<PathBuf>,
    /// Write the state aside this often between snapshots, such as 10min
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    checkpoint_every: Option<Duration>,
    /// Take at most so much memory, each of several ranks, such as 4GiB; one rank advances a state that is larger
    /// in bands, in a file beside the cube
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// The directory for that file, such as a disk of this host [default: that of the cube]
    ///
    /// It is the same one with --resume.
    #[arg(long, value_name = "DIR", conflicts_with = "no_cube")]
    scratch: Option<PathBuf>,
    /// Advance tiles of so many rows, columns and steps, such as 512x384x32 [default: as the caches allow]
    #[arg(long, value_name = "RxCxD")]
    tile: Option<Tile>,
    /// Compute without writing any file, for timing
    #[arg(long, conflicts_with_all = ["output", "resume", "force"])]
    no_cube: bool,
}

impl RunArgs {
    /// The files that are read.
    fn reads(&self, problem: &Problem) -> Vec<PathBuf> {
        let inputs = problem.inputs().into_keys().map(PathBuf::from);
        let named_files = [Some(self.params.file.clone()), self.extend.clone()];
        inputs.chain(named_files.into_iter().flatten()).collect()
    }

    /// The options that the run has again when it is continued, quoted for a shell.
    fn options_quoted(&self) -> String {
        let scratch = self.scratch.as_ref().map(|path| path.display());
        let period = self.checkpoint_every.map(humantime::format_duration);
        self.start.options_quoted()
            + &option_quoted("--memory", self.memory)
            + &option_quoted("--scratch", scratch)
            + &option_quoted("--checkpoint-every", period)
    }
}

pub(super) fn run(args: &RunArgs, terminal: &Terminal) -> Result<u8, Error> {
    // Parameters are judged before ranks are brought together.
    let cube = args.start.cube(&args.params.file);
    let continued = [cube.as_deref().ok(), args.extend.as_deref()];
    let continued = continued
        .into_iter()
        .flatten()
        .filter(|_| args.start.resume);
    let continued: Vec<&Path> = continued.collect();
    let problem_and_warnings = args.params.judged(args.memory, &continued)?;
    let problem = &problem_and_warnings.problem;
    check_tile(args.tile, problem.grid.shape())?;
    if let (Some(shorter), StepMethod::Steady) = (&args.extend, problem.params.method) {
        return Err(Error::Usage(format!(
            "--extend {}: method = \"steady\" has one snapshot, which follows on no other: leave --extend out",
            shorter.display()
        )));
    }
    let cube = cube?;
    let report = args
        .start
        .admit_report(&cube, args.reads(problem), args.no_cube)?;
    let cube = (!args.no_cube).then_some(cube);
    if let (Some(cube), true) = (&cube, problem.params.graphics) {
        check_pictures(args, cube, problem)?;
    }
    ranks::together("run", terminal, |world| {
        on_ranks(
            args,
            &problem_and_warnings,
            cube.as_deref(),
            report.clone(),
            world,
            terminal,
        )
    })
}

/// Collective. The run on all ranks.
fn on_ranks(
    args: &RunArgs,
    problem_and_warnings: &ProblemWithWarnings,
    cube: Option<&Path>,
    report_to: Option<Destination>,
    world: &World,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let ProblemWithWarnings { problem, warnings } = problem_and_warnings;
    terminal.warn(warnings);
    for values in problem.values_of_pictures() {
        terminal.note(&values);
    }
    for (path, file) in problem
        .params
        .functions
        .iter()
        .filter_map(FunctionTable::file)
    {
        if let Some(sentence) = file.assumed_units() {
            terminal.note(&format!("{} {sentence}", path.display()));
        }
    }
    if is_too_dear(problem) {
        terminal.note(NOT_ESTIMATED);
    }
    let pictures = cube.filter(|_| problem.params.graphics && world.is_root());
    let units = match problem.params.method {
        StepMethod::Steady => (digits(Some(problem.params.tolerance)), Unit::Tasks),
        _ => (problem.schedule.last_step(), Unit::Steps),
    };
    let (mut drawn, mut commits, mut reason) = (Ok(()), 0, String::new());
    let line_of = |commit: &Commit, _: &Bar| {
        // Printing goes on when drawing cannot, and the other way round.
        if let (Some(cube), true) = (pictures, drawn.is_ok()) {
            drawn = draw(cube, commit.index, &args.reads(problem), args.start.force);
        }
        commits += 1;
        if let Some(end) = &commit.ended {
            reason = format!("ended with snapshot {}: {end}; ", commit.index);
        }
        Some(simulated_time(commit))
    };
    let tell = |message: &Message, bar: &Bar| tell(message, bar, terminal);
    let place = (world, terminal);
    let told = args
        .start
        .told((problem, cube), units, place, tell, line_of, |run| {
            let report = run
                .extend(args.extend.clone())
                .reads(args.reads(problem))
                .warnings(warnings.clone())
                .tile(args.tile)
                .memory(args.memory)
                .scratch(args.scratch.clone())
                .checkpoint_every(args.checkpoint_every)
                .start_on(world)?;
            Ok((report.outcome, report))
        });
    let (outcome, report) = told?;
    drawn?;

    if let (Some(destination), true) = (report_to, world.is_root()) {
        start::write_report(destination, &report)?;
    }
    let is_complete = outcome == Outcome::Done;
    if let (Some(until), true) = (&problem.params.until, world.is_root()) {
        match &report.ended {
            None if is_complete && commits > 0 && reason.is_empty() => terminal.warn(&[format!(
                "until was not met, and the run went on to its end: it would have been {}",
                until.describe(number::python)
            )]),
            Some(end) => terminal.warn(from_the_start(end, cube).as_slice()),
            None => {}
        }
    }
    let took = number::seconds(report.seconds.total);
    let summary = reason
        + &match report.updates {
            0 if report.steadiness.cycles.is_some() => format!("{}, {took}", report.steadiness),
            0 => format!("no step to compute, {took}"),
            updates => format!(
                "{:.2e} updates in {} of steps, {}/s; {took} in all",
                updates as f64,
                number::seconds(report.seconds.advance),
                number::scaled(report.updates_per_second)
            ),
        };
    let command = format!(
        "diff2d run {}{}",
        args.params.quoted(),
        args.options_quoted()
    );
    Ok(start::conclude(
        terminal,
        outcome,
        &summary,
        &command,
        cube,
        report.updates > 0 || commits > 0,
    ))
}

/// Tells what a run says, and how near a steady state has come.
fn tell(message: &Message, bar: &Bar, terminal: &Terminal) {
    if let Message::Nears(steadiness) = message {
        bar.drawn.set_message(message.to_string());
        let new_digits = digits(steadiness.residual).saturating_sub(bar.progress().done());
        bar.progress().add(new_digits);
    }
    bar.suspend(|| match message {
        Message::Continues { .. } => terminal.note(&message.to_string()),
        Message::Nears(_) => terminal.detail(&message.to_string()),
        Message::Warning(sentence) => terminal.warn(slice::from_ref(sentence)),
        Message::Decision(sentence) => terminal.detail(sentence),
    });
}

/// The warning that the first row of a record had passed the limit already, by which the run has ended.
fn from_the_start(end: &End, cube: Option<&Path>) -> Option<String> {
    let record = RecordTable::read(&Paths::of(cube?).ok()?).ok()??;
    let first_of = |name: &str| record.column(name)?.first().copied();
    let value = first_of(&end.what).filter(|value| end.limit.is_passed_by(*value))?;
    let t = number::python(first_of("t")?);
    Some(format!(
        "until held from the start: {} is {} at t = {t}, {} already; see whether the limit has the unit of the record",
        end.what,
        number::python(value),
        end.limit
    ))
}

/// The number of right digits for a residual, relative to the right side.
fn digits(residual: Option<f64>) -> u64 {
    residual.map_or(0, |residual| -residual.log10().min(0.0) as u64)
}

/// Refuses tiles that are so small that it takes longer to find a tile than to advance it.
fn check_tile(tile: Option<Tile>, (ny, nx): (usize, usize)) -> Result<(), Error> {
    /// This many tiles are found at once.
    const FEW: usize = 1000;
    /// Tiles looked at in the time of the update of a node.
    const LOOKS: usize = 8;
    let Some(tile) = tile else { return Ok(()) };
    let tiles = ny
        .div_ceil(tile.rows)
        .saturating_mul(nx.div_ceil(tile.columns));
    let updates = tile
        .rows
        .saturating_mul(tile.columns)
        .saturating_mul(tile.depth);
    if tiles > FEW && tiles > updates.saturating_mul(LOOKS) {
        return Err(Error::Usage(format!(
            "--tile {tile} cuts the grid of {ny} × {nx} nodes into {tiles} tiles, which take longer to find than to advance: take larger ones, or leave --tile out"
        )));
    }
    Ok(())
}

/// Simulated time as the course's programs print it: the first is the integer 0.
fn simulated_time(commit: &Commit) -> String {
    match commit.step {
        0 if commit.simtime == 0.0 => "0".to_owned(),
        _ => number::python(commit.simtime),
    }
}

/// Memory for the values of a snapshot that is drawn while the run goes on.
const DRAWING_MEMORY: u64 = 16 << 20;

/// Draws a committed snapshot. All snapshots have the range of the initial state, beyond which
/// diffusion between fixed walls never goes.
fn draw(cube: &Path, index: u64, input_files: &[PathBuf], force: bool) -> Result<(), Error> {
    threads::work_alone();
    let array = JournalledArray::open(cube)?;
    let frames = Frames::of(&array, DRAWING_MEMORY)?;
    let initial_survey = frames.survey(&[0], false)?;
    let look = Look {
        range: RangeChoice::Given(RangeChoice::All.over(&initial_survey.ends(), false)),
        ..Look::default()
    };
    let survey = frames.survey(&[index], false)?;
    let directory = Paths::of(cube)?.pictures;
    make_directory(&directory)?;
    let path = frame_path(&directory, index);
    let destination = admit_picture(&path, input_files, force)?;
    Drawing::new(&frames, &[index], &look, &survey).save(index, &destination)
}

/// Refuses pictures of others, and pictures that the run reads, where it would draw its own: before it begins, and not
/// when it comes to them.
fn check_pictures(args: &RunArgs, cube: &Path, problem: &Problem) -> Result<(), Error> {
    let directory = Paths::of(cube)?.pictures;
    let Ok(entries) = fs::read_dir(&directory) else {
        return Ok(());
    };
    let input_files = args.reads(problem);
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let number = path
            .file_stem()
            .and_then(|stem| stem.to_str()?.parse().ok());
        let drawn_number = number.filter(|&number| {
            number < problem.schedule.snapshots() && frame_path(&directory, number) == path
        });
        if drawn_number.is_none() {
            continue;
        }
        admit_picture(&path, &input_files, args.start.force).map_err(|error| match error {
            CubeError::Exists { .. } => Error::Usage(format!(
                "graphics = true would draw over {}, which is no picture of diff2d: move it away, or write elsewhere with -o",
                path.display()
            )),
            error => error.into(),
        })?;
    }
    Ok(())
}
