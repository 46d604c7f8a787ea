//! `diff2d sweep`: many scenarios into one cube.

use super::{
    number,
    printer::Printer,
    ranks, signals,
    start::{self, StartArgs},
    terminal::{Terminal, Unit, quoted},
};
use crate::{
    comm::{Comm, World, collective},
    cube::Paths,
    error::Error,
    run::Outcome,
    sweep::Sweep,
    sys,
};
use clap::Args;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

/// Run many scenarios into one array (scenarios, snapshots, ny, nx)
///
/// SWEEP.toml names a parameter file and gives lists to some of its keys. Prints the number of each
/// scenario as its last snapshot is committed; a table of all scenarios goes to STEM.csv.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  diff2d sweep params/sweep.toml -o sweep.npy

  params = \"quick.toml\"                                        # beside this file
  D = [0.5, 1, 2]
  runtime = { from = 5, to = 15, count = 3, scale = \"linear\" }  # or scale = \"log\"
  combine = \"product\"                                          # or \"zip\"

Scenarios share one shape: dx, x1 and x2 may vary together as long as the number of nodes does not.")]
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
    ranks::together("sweep", terminal, |world| {
        on_ranks(args, &sweep, &cube, world, terminal)
    })
}

/// Collective. The sweep on all ranks.
fn on_ranks(
    args: &SweepArgs,
    sweep: &Sweep,
    cube: &Path,
    world: &World,
    terminal: &Terminal,
) -> Result<ExitCode, Error> {
    let begin = Instant::now();
    let snapshots = |number: usize| sweep.problems[number].schedule.snapshots();
    let total = (0..sweep.problems.len()).map(snapshots).sum();
    args.start.make_directory(world)?;
    let stop_flag = collective::all_ok(world, signals::stop_flag())?;
    let bar = terminal.bar(total, Unit::Snapshots);
    let printer = collective::all_ok(world, Printer::start(*terminal, &bar))?;
    let mut commits = 0;
    let outcome = args
        .start
        .run(sweep)
        .output(cube)
        .stop_flag(Arc::clone(&stop_flag))
        .on_note(|sentence| bar.suspend(|| terminal.detail(sentence)))
        .on_commit(|record| {
            bar.progress().add(1);
            let number = record.slot().scenario();
            commits += 1;
            if record.index + 1 == snapshots(number) {
                printer.print(number.to_string());
            }
        })
        .start_on(world)?;
    let printed = printer.finish(|| stop_flag.load(Ordering::Relaxed) != 0);
    drop(bar);
    let is_stopped = matches!(outcome, Outcome::Stopped(_));
    start::unless_closed(printed, is_stopped)?;
    if world.is_root() {
        write_table(sweep, &Paths::of(cube)?.cube.with_extension("csv"))?;
    }
    let took = number::seconds(begin.elapsed().as_secs_f64());
    let done = format!("{} scenarios in {took}", sweep.problems.len());
    let command = format!("diff2d sweep {}", quoted(&args.file.display().to_string()));
    Ok(start::conclude(
        terminal,
        outcome,
        &done,
        &command,
        Some(cube),
        commits > 0,
    ))
}

/// Writes a table with a row for each scenario: its number, the varied keys, and what follows from them.
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
    sys::write_file(path, table.as_bytes()).map_err(|error| {
        Error::System(format!(
            "cannot write the table {}: {}",
            path.display(),
            error.source
        ))
    })
}
