//! `diff2d info`: what a file says of itself.

use super::{
    describe, number,
    open::open,
    terminal::{Terminal, printable},
};
use crate::{
    cube::{
        CubeError, Journal, JournalledArray, Paths, Record, checkpoint, journal::Scenario, scratch,
    },
    error::Error,
    schedule::Clock,
};
use clap::Args;
use diff2d_arrays::npy::{self, AnyHeader, Descr, HeaderError, NpyError};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap, SerializeSeq},
};
use serde_json::json;
use std::{
    cell::RefCell,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

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
    let (file, array) = match open(&args.file, terminal) {
        Ok(array) => (Described::of(&array), Some(array)),
        // Whatever the elements are, the header can be told.
        Err(Error::Cube(CubeError::Npy(NpyError::Header {
            source: HeaderError::Dtype(_),
            ..
        }))) => (Described::open(&args.file)?, None),
        Err(error) => return Err(error),
    };
    let journal = array.as_ref().and_then(|array| array.journal.as_ref());
    let between = journal.and_then(|journal| Between::of(&args.file, journal));
    let between = between.unwrap_or_default();
    if !args.json {
        return terminal.result(&text(&file, journal, between));
    }
    let records = array.as_ref().map(JournalledArray::each_record);
    let records = records.transpose()?.into_iter().flatten();
    terminal.write_result(|stdout| {
        let told = (&file, journal, between);
        write_json(&mut *stdout, told, records)?;
        writeln!(stdout)
    })
}

/// What is told of any array.
struct Described {
    path: PathBuf,
    header: AnyHeader,
    bytes: u64,
}

impl Described {
    fn of(array: &JournalledArray) -> Self {
        let npy = &array.npy;
        Self {
            path: array.path.clone(),
            header: AnyHeader {
                descr: Descr::Number(npy.dtype),
                fortran_order: npy.fortran_order,
                shape: npy.shape.clone(),
                data_offset: npy.data_offset,
            },
            bytes: array.bytes,
        }
    }

    fn open(path: &Path) -> Result<Self, NpyError> {
        let file = npy::open_file(path)?;
        let status = file.metadata().map_err(NpyError::io("examine", path))?;
        let header = AnyHeader::decode(BufReader::new(file)).map_err(NpyError::header(path))?;
        header.fits(status.len()).map_err(NpyError::header(path))?;
        Ok(Self {
            path: path.to_owned(),
            header,
            bytes: status.len(),
        })
    }

    /// The type of the elements, and what it is if not a number.
    fn dtype(&self) -> (String, Option<&'static str>) {
        match &self.header.descr {
            Descr::Number(dtype) => (dtype.to_string(), None),
            Descr::Other { text, kind, .. } => (text.clone(), Some(*kind)),
        }
    }
}

/// The states between snapshots that a resume will take up.
#[derive(Clone, Copy, Default)]
struct Between {
    checkpoint: Option<Clock>,
    /// That of a state larger than its memory.
    scratch: Option<Clock>,
}

impl Between {
    fn of(cube: &Path, journal: &Journal) -> Option<Self> {
        let (header, last) = (journal.header.as_ref()?, journal.committed.last()?);
        header.run()?;
        let paths = Paths::of(cube).ok()?;
        let found = checkpoint::find(&paths, header, last.step).ok().flatten();
        let steps = last.step + 1..last.step.saturating_add(header.steps_per_snapshot(0));
        Some(Self {
            checkpoint: found.map(|found| found.clock),
            scratch: scratch::latest(&paths, header, steps).ok().flatten(),
        })
    }
}

/// Writes an object, which may have many snapshots.
fn write_json(
    to: impl Write,
    (file, journal, between): (&Described, Option<&Journal>, Between),
    records: impl Iterator<Item = Result<Record, CubeError>>,
) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::new(to);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("file", &file.path.display().to_string())?;
    object.serialize_entry("shape", &file.header.shape)?;
    object.serialize_entry("dtype", &file.dtype().0)?;
    object.serialize_entry("fortran_order", &file.header.fortran_order)?;
    object.serialize_entry("data_offset", &file.header.data_offset)?;
    object.serialize_entry("bytes", &file.bytes)?;
    if let Some(journal) = journal {
        object.serialize_entry("run", &journal.header)?;
        object.serialize_entry("committed", &journal.committed.total())?;
        object.serialize_entry("complete", &journal.is_complete())?;
        object.serialize_entry("snapshots", &OneByOne(RefCell::new(records)))?;
        let clock = |clock: Clock| json!({ "step": clock.step, "simtime": clock.simtime });
        object.serialize_entry("checkpoint", &between.checkpoint.map(clock))?;
        object.serialize_entry("scratch", &between.scratch.map(clock))?;
    }
    Ok(SerializeMap::end(object)?)
}

/// Records that are written as they are read.
struct OneByOne<R>(RefCell<R>);

impl<R: Iterator<Item = Result<Record, CubeError>>> Serialize for OneByOne<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for record in self.0.borrow_mut().by_ref() {
            list.serialize_element(&record.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

fn text(file: &Described, journal: Option<&Journal>, between: Between) -> String {
    let header = &file.header;
    let order = if header.fortran_order {
        "Fortran order"
    } else {
        "C order"
    };
    let dtype = match file.dtype() {
        (dtype, None) => dtype,
        (dtype, Some(kind)) => format!("{}, {kind}", printable(&dtype)),
    };
    let mut rows = vec![
        ("file", file.path.display().to_string()),
        ("shape", number::tuple(&header.shape)),
        ("dtype", format!("{dtype}, {order}")),
        (
            "data",
            format!(
                "from byte {}, {} in all",
                header.data_offset,
                number::bytes(file.bytes)
            ),
        ),
    ];
    rows.extend(journal.iter().flat_map(|journal| progress(journal)));
    for (name, state, how) in [
        ("checkpoint", between.checkpoint, "--resume"),
        ("scratch", between.scratch, "--resume --memory"),
    ] {
        rows.extend(state.map(|clock| {
            let (time, step) = (number::python(clock.simtime), clock.step);
            let state = format!("t = {time} after step {step}, from which {how} continues");
            (name, state)
        }));
    }
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
        Some(run) => {
            let told = run.known_params().map(|params| describe::rows(&params));
            let mut rows = vec![("params", params(run, told.is_some()))];
            rows.extend(told.unwrap_or_default());
            rows.push(("steps", steps(run)));
            rows
        }
        None => vec![("sweep", format!("{} scenarios", header.scenario_count()))],
    };
    let committed = journal.committed.total();
    rows.push((
        "committed",
        format!("{committed} of {} snapshots", header.snapshots()),
    ));
    rows.extend(
        journal
            .committed
            .last()
            .map(|last| ("last", describe(last))),
    );
    rows
}

/// The keys; `told` are those of the physics already.
fn params(run: &Scenario, told: bool) -> String {
    const PHYSICS: [&str; 7] = [
        "Dx",
        "Dy",
        "face",
        "source",
        "method",
        "initial.",
        "boundary.",
    ];
    let is_physics = |key: &str| {
        let mut names = PHYSICS.into_iter();
        names.any(|name| key == name || (name.ends_with('.') && key.starts_with(name)))
    };
    let pairs = run.params.pairs().into_iter();
    let pairs: Vec<String> = pairs
        .filter(|(key, _)| !(told && is_physics(key)))
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
