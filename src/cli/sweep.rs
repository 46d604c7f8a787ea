//! `diff2d sweep`: many scenarios into one cube.

use super::{
    number, ranks,
    start::{self, StartArgs},
    terminal::{Terminal, Unit, quoted},
};
use crate::{
    comm::{Comm, World},
    cube::Paths,
    error::Error,
    run::Options,
    sweep::{self, Sweep},
};
use clap::Args;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Run many scenarios into one array (scenarios, snapshots, ny, nx)
///
/// SWEEP.toml names a parameter file and gives lists to some of its keys. Prints the number of each
/// scenario as its last snapshot is committed; a table of all scenarios goes to STEM.csv.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  diff2d sweep params/sweep.toml -o sweep.npy

  params = \"diff2dparams.toml\"
  D = [0.5, 1, 2]
  dx = { from = 0.1, to = 1, count = 10, scale = \"log\" }  # or scale = \"linear\"
  combine = \"product\"                                     # or \"zip\"")]
pub(super) struct SweepArgs {
    /// The sweep: TOML
    #[arg(value_name = "SWEEP.toml")]
    file: PathBuf,
    #[command(flatten)]
    start: StartArgs,
}

pub(super) fn sweep(args: &SweepArgs, terminal: &Terminal) -> Result<ExitCode, Error> {
    // Parameters are judged before ranks are brought together.
    let sweep = Sweep::load(&args.file)?;
    let cube = args.start.cube(&args.file)?;
    let world = World::start()?;
    let result = together(args, &sweep, &cube, &world, terminal);
    Ok(ranks::conclude(&world, terminal, result))
}

/// The sweep on all ranks.
fn together(
    args: &SweepArgs,
    sweep: &Sweep,
    cube: &Path,
    world: &World,
    terminal: &Terminal,
) -> Result<ExitCode, Error> {
    let begin = Instant::now();
    let options = Options {
        max_walltime: args.start.max_walltime,
        ..Options::default()
    };
    let problems = &sweep.problems;
    let total = problems
        .iter()
        .map(|problem| problem.schedule.snapshots())
        .sum();
    let bar = terminal.bar(total, Unit::Snapshots);
    let outcome = start::watched(
        terminal,
        &bar,
        |record| {
            bar.progress().add(1);
            let number = record.slot().scenario();
            match problems[number].schedule.snapshots() {
                all if record.index + 1 == all => terminal.result(&number.to_string()),
                _ => Ok(()),
            }
        },
        |watch| {
            let threads = args.start.threads(|| ranks::threads(world));
            let claim = args.start.claim();
            sweep::sweep(sweep, cube, claim, &options, threads, world, watch)
        },
    )?;
    drop(bar);
    if world.is_root() {
        write_table(sweep, &Paths::of(cube)?.cube.with_extension("csv"))?;
    }
    let took = number::seconds(begin.elapsed().as_secs_f64());
    let done = format!("{} scenarios in {took}", problems.len());
    let command = format!("diff2d sweep {}", quoted(&args.file.display().to_string()));
    Ok(start::conclude(
        terminal,
        outcome,
        &done,
        &command,
        Some(cube),
    ))
}

/// A row a scenario: its number, the varied keys, and what follows from them.
fn write_table(sweep: &Sweep, path: &Path) -> Result<(), Error> {
    let mut table = format!(
        "scenario,{}dt,nsteps,nper,snapshots\n",
        sweep
            .varied
            .iter()
            .map(|key| format!("{key},"))
            .collect::<String>()
    );
    for (number, problem) in sweep.problems.iter().enumerate() {
        let params = serde_json::to_value(&problem.params).unwrap_or_default();
        let varied: String = sweep
            .varied
            .iter()
            .map(|key| match &params[key] {
                Value::String(word) => format!("{word},"),
                value => format!("{value},"),
            })
            .collect();
        let schedule = &problem.schedule;
        let (dt, snapshots) = (number::python(schedule.dt), schedule.snapshots());
        table.push_str(&format!(
            "{number},{varied}{dt},{},{},{snapshots}\n",
            schedule.nsteps, schedule.nper
        ));
    }
    fs::write(path, table).map_err(|error| {
        Error::System(format!(
            "cannot write the table {}: {error}",
            path.display()
        ))
    })
}
