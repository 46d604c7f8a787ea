//! `diff2d repair`: damaged snapshots computed again.

use super::{
    answer::Answer, bar::Unit, sweep::table::ScenarioTable, terminal::Terminal, values,
    verify::Places,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    JournalledArray,
    program::{
        cube::{Paths, Restorer, telling},
        repair,
    },
};
use std::path::PathBuf;

/// Recompute damaged snapshots from the last good one before them, proved by the journal's digests
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d repair output/diff2dparams.npy")]
pub(super) struct RepairArgs {
    /// A cube with its journal
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// The new place of an input file that has moved, such as --set initial.path=u.npy (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    moved: Vec<String>,
    /// Take at most so much memory, such as 4GiB; a state that is larger is advanced in bands, in a file
    /// beside the cube. By default what the run was allowed, or what is available
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Do not lock the cube: for filesystems that cannot
    #[arg(long)]
    no_lock: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn repair(args: &RepairArgs, terminal: &Terminal) -> Result<(), Error> {
    let (mut faults, mut counts, mut repaired) = (Vec::new(), [0; 2], Places::default());
    let mut mended_table = None;
    if let Some(mut cube) = Restorer::open(&args.cube, args.no_lock)? {
        let bytes = cube.committed() * cube.header.snapshot_bytes();
        let bar = terminal.bar(bytes, Unit::Bytes);
        let damaged = cube.damaged(bar.progress())?;
        drop(bar);
        let bar = terminal.bar(damaged.len() as u64, Unit::Snapshots);
        faults = repair::repair(
            &mut cube,
            &damaged,
            &args.moved,
            args.memory,
            bar.progress(),
        )?;
        drop(bar);
        counts = [cube.header.snapshots(), cube.committed()];
        repaired = Places::new(&damaged, &cube.header);
        mended_table = mend_table(cube.paths(), &args.moved)?;
    }
    let (name, [snapshots, committed]) = (args.cube.display().to_string(), counts);
    let mut answer = Answer::default();
    answer.plain("snapshots", snapshots);
    answer.plain("committed", committed);
    answer.plain("repaired", &repaired);
    if !faults.is_empty() {
        answer.plain("record", &faults);
    }
    for fault in &faults {
        answer.text(format!("{fault}: the record is written again"));
    }
    if let Some(table) = mended_table.map(|table| table.display().to_string()) {
        answer.text(format!("{table}: the table is written again"));
        answer.plain("table", table);
    }
    match (repaired.is_empty(), committed) {
        (false, _) => repaired.tell(&name, ["is repaired", "is NaN again"], &mut answer),
        (true, 0) => answer.text(format!(
            "{name}: nothing is committed yet, so nothing can be damaged"
        )),
        (true, _) => answer.text(format!("{name}: no snapshot is damaged")),
    }
    terminal.answer(answer, args.json)
}

/// Writes the table of a sweep again if it is not as the sweep has written it, and returns its name then.
fn mend_table(paths: &Paths, moved: &[String]) -> Result<Option<PathBuf>, Error> {
    let array = JournalledArray::open(&paths.cube)?;
    let sweep = array
        .header()
        .and_then(|header| Some((header, header.sweep()?)));
    let Some((header, scenarios)) = sweep else {
        return Ok(None);
    };
    let (keys, path) = (telling(header), paths.table());
    let table = ScenarioTable::new((scenarios, &keys), &path, &paths.cube, moved);
    Ok(table.mend()?.then_some(path))
}
