//! `diff2d sweep`: many scenarios into one cube.

pub(super) mod table;

use super::{
    bar::{Bar, Unit},
    number, ranks,
    selection::Entry,
    start::{self, StartArgs},
    terminal::{Terminal, option_quoted, quoted},
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    Commit, Message, Sweep,
    comm::{Comm, World, collective},
    program::cube::Paths,
};
use diff2d_sys::{self as sys, Destination};
use serde_json::json;
use std::{
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};
use table::ScenarioTable;

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

  diff2d sweep params/sweep.toml -o sweep.npy --scenarios 0:3  # while another process takes 3:

Scenarios share one shape: dx, x1 and x2 may vary together as long as the number of nodes does not.")]
pub(super) struct SweepArgs {
    /// The sweep: TOML
    #[arg(value_name = "SWEEP.toml")]
    file: PathBuf,
    /// Override a key of the sweep file, such as --set D=[0.5,1,2] (repeatable; a TOML value, a bare
    /// word is a string)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Only these scenarios, while other processes may compute others into the same cube: a range as in Python.
    /// The first one creates the cube, and a process that was stopped is started again as it was
    #[arg(
        long, value_name = "A:B",
        conflicts_with_all = ["force", "no_lock"]
    )]
    scenarios: Option<String>,
    #[command(flatten)]
    start: StartArgs,
}

impl SweepArgs {
    /// The files that are read.
    fn reads(&self, sweep: &Sweep) -> Vec<PathBuf> {
        let inputs = sweep.inputs().keys().map(PathBuf::from);
        let named_files = [self.file.clone(), sweep.params_file().to_owned()];
        inputs.chain(named_files).collect()
    }

    /// The scenarios that `--scenarios` asks for; an empty range where it begins behind the last scenario.
    fn part(&self, sweep: &Sweep) -> Result<Option<Range<usize>>, Error> {
        let Some(text) = &self.scenarios else {
            return Ok(None);
        };
        let count = sweep.scenarios().len();
        let entry = Entry::parse(text)
            .ok()
            .filter(|entry| !entry.text.is_empty());
        let chosen = entry.and_then(|entry| {
            let range = entry.slice(count as u64)?.range()?;
            let is_behind = entry.is_range() && range.start >= count as u64;
            (!range.is_empty() || is_behind).then_some(range)
        });
        let chosen = chosen.ok_or_else(|| {
            Error::Usage(format!(
                "--scenarios {text}: expected some of the {count} scenarios, such as 0:{}",
                count.div_ceil(2)
            ))
        })?;
        let [start, stop] =
            [chosen.start, chosen.end].map(|number| usize::try_from(number).unwrap_or(count));
        Ok(Some(start..stop))
    }
}

pub(super) fn sweep(args: &SweepArgs, terminal: &Terminal) -> Result<u8, Error> {
    // Parameters are judged before ranks are brought together.
    let cube = args.start.cube(&args.file)?;
    let is_continued = args.start.resume || args.scenarios.is_some();
    let continued = is_continued.then_some(&*cube);
    let sweep = Sweep::load_to_continue(&args.file, &args.overrides, continued)?;
    let part = args.part(&sweep)?;
    if let (Some(text), true) = (&args.scenarios, part.as_ref().is_some_and(Range::is_empty)) {
        terminal.note(&format!(
            "--scenarios {text}: the sweep has {} scenarios, and none is left for this process",
            sweep.scenarios().len()
        ));
        return Ok(0);
    }
    let report = args.start.admit_report(&cube, args.reads(&sweep), false)?;
    ranks::together("sweep", terminal, |world| {
        let (part, report) = (part.as_ref(), report.clone());
        on_ranks(args, &sweep, part, &cube, report, world, terminal)
    })
}

/// Collective. The sweep on all ranks.
fn on_ranks(
    args: &SweepArgs,
    sweep: &Sweep,
    part: Option<&Range<usize>>,
    cube: &Path,
    report: Option<Destination>,
    world: &World,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let start_time = Instant::now();
    terminal.warn(sweep.warnings());
    terminal.warn(sweep.warnings_of_keys());
    let scenarios = sweep.scenarios();
    let numbers = part.cloned().unwrap_or(0..scenarios.len());
    let count = numbers.len();
    let total = numbers.map(|number| scenarios.snapshots_of(number));
    let table = Paths::of(cube)?.table();
    let table = ScenarioTable::new((scenarios, &sweep.varied), &table, cube, &[]);
    let table_to = if world.is_root() {
        let resume = args.start.resume || part.is_some();
        let destination = table.admit(args.start.force, resume, &args.reads(sweep));
        destination.map(Some)
    } else {
        Ok(None)
    };
    let table_to = collective::all_ok(world, table_to)?;
    let (mut commits, mut updates) = (0, 0);
    let [.., ny, nx] = sweep.cube_shape();
    let interior = (ny - 2) * (nx - 2);
    let line_of = |commit: &Commit, bar: &Bar| {
        let number = commit.id().scenario();
        let remaining_count = scenarios.snapshots_of(number) - (commit.index + 1);
        let has_ended = commit.ended.is_some();
        bar.progress()
            .add(if has_ended { 1 + remaining_count } else { 1 });
        commits += 1;
        if let Some(scenario) = scenarios.get(number).filter(|_| commit.index > 0) {
            let nper = &scenario.nper;
            let steps = nper.step_of(commit.index) - nper.step_of(commit.index - 1);
            updates += steps * interior;
        }
        (remaining_count == 0 || has_ended).then(|| number.to_string())
    };
    let tell = |message: &Message, bar: &Bar| bar.suspend(|| terminal.detail(&message.to_string()));
    let (work, place) = ((sweep, Some(cube)), (world, terminal));
    let units = (total.sum(), Unit::Snapshots);
    let told = args
        .start
        .told(work, units, place, tell, line_of, |mut run| {
            if let Some(part) = part {
                run = run.scenarios(part.clone());
            }
            let outcome = run.reads(args.reads(sweep)).start_on(world)?;
            Ok((outcome, ()))
        });
    let (outcome, ()) = told?;
    if let Some(destination) = table_to {
        if part.is_some() {
            table.write_beside_others()?;
        } else {
            table.write(destination)?;
        }
    }
    if let Some(unmet @ 1..) = table.unmet().filter(|_| world.is_root() && commits > 0) {
        terminal.warn(&[format!(
            "{unmet} of {} scenarios never met the condition of until: they ran to their end, and have no until_t",
            scenarios.len()
        )]);
    }
    let took = start_time.elapsed().as_secs_f64();
    if let (Some(destination), true) = (report, world.is_root()) {
        let report = json!({
            "scenarios": count,
            "snapshots": commits,
            "updates": updates,
            "seconds": {"total": took},
            "updates_per_second": updates as f64 / took,
            "ranks": world.size(),
            "machine": sys::machine_name(),
        });
        start::write_report(destination, &report)?;
    }
    let took = number::seconds(took);
    let summary = format!("{count} scenarios in {took}");
    let command = format!("diff2d sweep {}", quoted(args.file.display()))
        + &option_quoted("--set", &args.overrides)
        + &option_quoted("--scenarios", &args.scenarios)
        + &args.start.options_quoted();
    Ok(start::conclude(
        terminal,
        outcome,
        &summary,
        &command,
        Some(cube),
        commits > 0,
    ))
}
