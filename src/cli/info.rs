//! `diff2d info`: what a file says of itself.

use super::{number, terminal::Terminal};
use crate::{
    cube::{Journal, JournalledArray, Record, journal::Scenario},
    error::Error,
};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Show the header of a .npy file and, of a cube, its parameters and progress
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d info output/diff2dparams.npy")]
pub(super) struct InfoArgs {
    /// Any .npy file
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn info(args: &InfoArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = JournalledArray::open(&args.file)?;
    let text = if args.json {
        json(&array).to_string()
    } else {
        text(&array)
    };
    terminal.result(&text)
}

fn json(array: &JournalledArray) -> Value {
    let mut object = json!({
        "file": array.path.display().to_string(),
        "shape": array.npy.shape,
        "dtype": array.npy.dtype.to_string(),
        "fortran_order": array.npy.fortran_order,
        "data_offset": array.npy.data_offset,
        "bytes": array.bytes,
    });
    if let Some(journal) = &array.journal {
        object["run"] = json!(journal.header);
        object["committed"] = json!(journal.records.len());
        object["complete"] = json!(journal.is_complete());
        object["snapshots"] = json!(journal.records);
    }
    object
}

fn text(array: &JournalledArray) -> String {
    let npy = &array.npy;
    let shape: Vec<String> = npy.shape.iter().map(u64::to_string).collect();
    let order = if npy.fortran_order {
        "Fortran order"
    } else {
        "C order"
    };
    let mut rows = vec![
        ("file", array.path.display().to_string()),
        ("shape", format!("({})", shape.join(", "))),
        ("dtype", format!("{}, {order}", npy.dtype)),
        (
            "data",
            format!(
                "from byte {}, {} in all",
                npy.data_offset,
                number::bytes(array.bytes)
            ),
        ),
    ];
    rows.extend(array.journal.iter().flat_map(progress));
    rows.iter()
        .map(|(name, value)| format!("{name:<10} {value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What the journal adds.
fn progress(journal: &Journal) -> Vec<(&'static str, String)> {
    let Some(header) = &journal.header else {
        let unborn = "was stopped while it created the file: nothing in it counts";
        return vec![("run", unborn.to_owned())];
    };
    let mut rows = match header.run() {
        Some(run) => vec![("params", params(run)), ("steps", steps(run))],
        None => vec![("sweep", format!("{} scenarios", header.scenarios().len()))],
    };
    let committed = journal.records.len();
    rows.push((
        "committed",
        format!("{committed} of {} snapshots", header.snapshots()),
    ));
    rows.extend(journal.records.last().map(|last| ("last", describe(last))));
    rows
}

fn params(run: &Scenario) -> String {
    let pairs = run.params.pairs().into_iter();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    pairs.join(", ")
}

fn steps(run: &Scenario) -> String {
    let dt = number::python(run.dt);
    format!("{} of dt = {dt}, a snapshot every {}", run.nsteps, run.nper)
}

fn describe(record: &Record) -> String {
    let [time, mass, min, max] =
        [record.simtime, record.mass, record.min, record.max].map(number::python);
    format!(
        "{}: t = {time} after step {}, mass {mass}, from {min} to {max}",
        record.slot(),
        record.step
    )
}
