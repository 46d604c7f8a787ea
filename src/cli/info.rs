//! `diff2d info`: what a file says of itself.

use super::{
    archive::ArchiveInfo,
    json::Object,
    listing::Listing,
    number,
    open::open,
    record::scalar,
    terminal::{Terminal, printable},
};
use crate::{
    cube::{
        CubeError, Header, Journal, JournalledArray, Paths, Record, RecordReader, checkpoint,
        journal::{Scenario, telling},
        scratch,
    },
    error::Error,
    params::StepMethod,
    schedule::{Clock, Nper},
};
use clap::Args;
use diff2d_arrays::npy::{self, AnyHeader, DATA_OFFSET, Descr, HeaderError, NpyError, Scalar};
use diff2d_arrays::wording::excerpt;
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq},
};
use std::{
    borrow::Cow,
    cell::RefCell,
    fmt,
    io::BufReader,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Show the header of a .npy file and, of a cube, its parameters and progress
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d info output/diff2dparams.npy")]
pub(super) struct InfoArgs {
    /// Any .npy file, or an archive of several, .npz
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn info(args: &InfoArgs, terminal: &Terminal) -> Result<(), Error> {
    if args
        .file
        .extension()
        .is_some_and(|extension| extension == "npz")
        && args.file.is_file()
    {
        return terminal.answer(&ArchiveInfo::new(&args.file)?, args.json);
    }
    let array = match open(&args.file, terminal) {
        Ok(array) => array,
        // Whatever the elements are, the header can be told.
        Err(Error::Cube(CubeError::Npy(NpyError::Header {
            source: HeaderError::Dtype(_),
            ..
        }))) => {
            let (header, bytes) = header(&args.file)?;
            return terminal.answer(&Info::new(&args.file, header, bytes), args.json);
        }
        Err(error) => return Err(error),
    };
    let npy = &array.npy;
    let header = AnyHeader {
        descr: Descr::Number(npy.dtype),
        fortran_order: npy.fortran_order,
        shape: npy.shape.clone(),
        data_offset: npy.data_offset,
    };
    let mut info = Info::new(&array.path, header, array.bytes);
    if let Some(journal) = &array.journal {
        let mut cube = CubeState::new(&args.file, journal);
        cube.running = Running::of(&array);
        cube.record = RecordState::of(&args.file).unwrap_or_else(|error| {
            terminal.note(&error.to_string());
            None
        });
        if terminal.takes_values(args.json) {
            cube.snapshots = Some(SnapshotCounts(RefCell::new(Box::new(array.each_record()?))));
        }
        info.cube = Some(cube);
    }
    terminal.answer(&info, args.json)
}

/// The header of an array of anything, and the length of its file.
fn header(path: &Path) -> Result<(AnyHeader, u64), NpyError> {
    let file = npy::open_file(path)?;
    let bytes = file
        .metadata()
        .map_err(NpyError::io("examine", path))?
        .len();
    let header = AnyHeader::decode(BufReader::new(file)).map_err(NpyError::header(path))?;
    header.fits(bytes).map_err(NpyError::header(path))?;
    Ok((header, bytes))
}

/// What is told of an array.
#[derive(Serialize)]
struct Info<'a> {
    file: String,
    shape: Vec<u64>,
    dtype: String,
    fortran_order: bool,
    data_offset: u64,
    bytes: u64,
    /// Bytes behind the array.
    bytes_behind: u64,
    #[serde(flatten)]
    cube: Option<CubeState<'a>>,
    /// What the elements are if not numbers.
    #[serde(skip)]
    kind: Option<&'static str>,
}

impl Info<'_> {
    fn new(path: &Path, header: AnyHeader, bytes: u64) -> Self {
        // Pickled objects may be of any length.
        let is_pickled = matches!(
            header.descr,
            Descr::Other {
                bytes: None | Some(0),
                ..
            }
        );
        let end = header.file_bytes().ok().filter(|_| !is_pickled);
        let bytes_behind = end.map_or(0, |end| bytes.saturating_sub(end));
        let (dtype, kind) = match header.descr {
            Descr::Number(dtype) => (dtype.to_string(), None),
            Descr::Other { text, kind, .. } => (text, Some(kind)),
        };
        Self {
            file: path.display().to_string(),
            shape: header.shape,
            dtype,
            fortran_order: header.fortran_order,
            data_offset: header.data_offset,
            bytes,
            bytes_behind,
            cube: None,
            kind,
        }
    }
}

impl fmt::Display for Info<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dtype = match self.kind {
            None => self.dtype.clone(),
            Some(kind) => format!("{}, {kind}", printable(&self.dtype)),
        };
        let order = if self.fortran_order { "Fortran" } else { "C" };
        let (offset, bytes) = (self.data_offset, number::bytes(self.bytes));
        let mut lines = Listing::default();
        lines.add("file", &self.file);
        lines.add("shape", number::tuple(&self.shape));
        lines.add("dtype", format!("{dtype}, {order} order"));
        let behind = match self.bytes_behind {
            0 => String::new(),
            some => format!(", {} of them behind the array", number::bytes(some)),
        };
        lines.add(
            "data",
            format!("from byte {offset}, {bytes} in all{behind}"),
        );
        // As this program pads the header of a cube, and hardly any other.
        if self.cube.is_none() && self.shape.len() == 3 && offset == DATA_OFFSET {
            lines.add(
                "journal",
                "none beside it: if this is the cube of a run, its parameters, times and committed snapshots are not known",
            );
        }
        if let Some(cube) = &self.cube {
            cube.list(&mut lines);
        }
        lines.fmt(f)
    }
}

/// What the journal of a cube adds.
#[derive(Serialize)]
struct CubeState<'a> {
    run: &'a Option<Header>,
    committed: u64,
    complete: bool,
    /// Of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    varied: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios: Option<Vec<ScenarioState>>,
    /// Only where they are told.
    snapshots: Option<SnapshotCounts<'a>>,
    /// The state between snapshots that a resume will take up.
    checkpoint: Option<Clock>,
    /// That of a state larger than its memory.
    scratch: Option<Clock>,
    /// If a process writes it at the moment.
    running: Option<Running>,
    /// The record of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordState>,
    #[serde(skip)]
    last: Option<&'a Record>,
}

impl<'a> CubeState<'a> {
    fn new(cube: &Path, journal: &'a Journal) -> Self {
        let [checkpoint, scratch] = states(cube, journal).unwrap_or_default();
        let sweep = journal.header.as_ref().filter(|header| header.is_sweep());
        let varied = sweep.map(telling);
        let scenarios = sweep.zip(varied.as_ref());
        Self {
            scenarios: scenarios
                .map(|(header, varied)| ScenarioState::all(header, varied, journal)),
            varied,
            run: &journal.header,
            committed: journal.committed.total(),
            complete: journal.is_complete(),
            snapshots: None,
            checkpoint,
            scratch,
            running: None,
            record: None,
            last: journal.committed.last(),
        }
    }

    fn list(&self, lines: &mut Listing) {
        let Some(header) = self.run else {
            lines.add(
                "run",
                "was stopped while it created the file: nothing in it counts",
            );
            return;
        };
        match header.run() {
            Some(run) => {
                let known = run.known_params();
                lines.add("params", params(run, known.is_some()));
                if let Some(params) = &known {
                    lines.add_physics(params);
                }
                let (dt, nper) = (number::python(run.dt), &run.nper);
                let nsteps = header.last_step().unwrap_or(run.nsteps);
                let is_steady = known.is_some_and(|params| params.method == StepMethod::Steady);
                lines.add(
                    "steps",
                    match nper {
                        _ if is_steady => "none".to_owned(),
                        Nper::Every(nper) => {
                            format!("{nsteps} of dt = {dt}, a snapshot every {nper}")
                        }
                        Nper::Each(_) => format!("{nsteps} of dt = {dt}, snapshots at given times"),
                    },
                );
            }
            None => self.list_sweep(header, lines),
        }
        let (some, all) = (self.committed, header.snapshots());
        lines.add("committed", format!("{some} of {all} snapshots"));
        if let Some(last) = self.last {
            lines.add("last", snapshot(last));
        }
        if let Some(record) = &self.record {
            lines.add("record", record);
        }
        if let Some(running) = &self.running {
            lines.add("running", running);
        }
        for (name, state, how) in [
            ("checkpoint", self.checkpoint, "--resume"),
            ("scratch", self.scratch, "--resume --memory"),
        ] {
            if let Some(Clock { step, simtime }) = state {
                let time = number::python(simtime);
                lines.add(
                    name,
                    format!("t = {time} after step {step}, from which {how} continues"),
                );
            }
        }
    }
}

impl CubeState<'_> {
    fn list_sweep(&self, header: &Header, lines: &mut Listing) {
        /// So many scenarios are listed; JSON has all of them.
        const MOST: usize = 100;
        let count = header.scenario_count();
        let differ = match self.varied.as_deref().unwrap_or_default() {
            [] => String::new(),
            keys => format!(", which differ in {}", keys.join(", ")),
        };
        lines.add("sweep", format!("{count} scenarios{differ}"));
        for scenario in self.scenarios.iter().flatten().take(MOST) {
            lines.add("scenario", scenario);
        }
        if count > MOST {
            lines.add("", format!("and {} more: --json tells all", count - MOST));
        }
    }
}

/// A scenario of a sweep, and what is there of it.
#[derive(Serialize)]
struct ScenarioState {
    scenario: usize,
    /// Those that vary.
    params: serde_json::Map<String, serde_json::Value>,
    committed: u64,
    snapshots: u64,
}

impl ScenarioState {
    fn all(header: &Header, varied: &[String], journal: &Journal) -> Vec<Self> {
        let scenarios = header.scenarios().enumerate();
        let of_one = |(number, scenario): (usize, Cow<'_, Scenario>)| Self {
            scenario: number,
            params: scenario
                .params
                .pairs()
                .into_iter()
                .filter(|(key, _)| varied.contains(key))
                .map(|(key, value)| (key, value.clone()))
                .collect(),
            committed: journal.committed.of(number),
            snapshots: header.snapshots_of(number),
        };
        scenarios.map(of_one).collect()
    }
}

impl fmt::Display for ScenarioState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.scenario)?;
        for (key, value) in &self.params {
            write!(f, "{key} = {}, ", excerpt(&value.to_string(), 60))?;
        }
        write!(f, "{} of {} snapshots", self.committed, self.snapshots)
    }
}

/// The clocks of the checkpoint and of the scratch that a run has left after its last snapshot.
fn states(cube: &Path, journal: &Journal) -> Option<[Option<Clock>; 2]> {
    let (header, last) = (journal.header.as_ref()?, journal.committed.last()?);
    header.run()?;
    let paths = Paths::of(cube).ok()?;
    let found = checkpoint::find(&paths, header, last.clock())
        .ok()
        .flatten();
    Some([
        found.map(|found| found.clock),
        scratch::latest(&paths, header, last.clock()).ok().flatten(),
    ])
}

/// The record of a run, and its last row.
#[derive(Serialize)]
struct RecordState {
    file: String,
    rows: u64,
    last: Option<Object<String, Scalar>>,
}

impl RecordState {
    fn of(cube: &Path) -> Result<Option<Self>, Error> {
        let Some(mut reader) = RecordReader::open(&Paths::of_existing(cube)?)? else {
            return Ok(None);
        };
        let (mut rows, mut last) = (0, None);
        while let Some(line) = reader.line()? {
            rows += 1;
            last = Some(line);
        }
        let numbers = last.map(|line| reader.numbers(&line)).transpose()?;
        let pairs = |numbers: Vec<f64>| {
            let names = reader.columns.iter().map(|column| column.name.clone());
            let pairs = names.zip(numbers);
            let pairs = pairs.map(|(name, value)| (name.clone(), scalar(&name, value)));
            Object(pairs.collect())
        };
        Ok(Some(Self {
            file: reader.path.display().to_string(),
            rows,
            last: numbers.map(pairs),
        }))
    }
}

impl fmt::Display for RecordState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// So many columns are told; JSON has all of them.
        const MOST: usize = 20;
        let s = if self.rows == 1 { "" } else { "s" };
        write!(f, "{} row{s} in {}", self.rows, self.file)?;
        let Some(Object(last)) = &self.last else {
            return Ok(());
        };
        let told = last.iter().take(MOST);
        let told = told.map(|(name, value)| format!("{name} = {}", number::scalar(*value)));
        write!(f, ", the last: {}", told.collect::<Vec<_>>().join(", "))?;
        match last.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A cube that a process writes at the moment.
#[derive(Serialize)]
struct Running {
    /// Seconds since it was begun; of a run that was interrupted, pauses included.
    since_begin: f64,
    /// Seconds since the last commit.
    since_commit: f64,
    /// Snapshots that were committed a second, the first one of each scenario left aside; 0 before there is a second one.
    rate: f64,
    /// Seconds until the last commit, at this rate.
    left: Option<f64>,
}

impl Running {
    /// From the times of the files: the cube is new with every run, the journal grows with every commit.
    fn of(array: &JournalledArray) -> Option<Self> {
        let journal = array.journal.as_ref().filter(|_| !array.is_final())?;
        let header = journal.header.as_ref()?;
        let begun = array.path.metadata().ok()?.created().ok()?;
        let paths = Paths::of(&array.path).ok()?;
        let committed = paths.journal.metadata().ok()?.modified().ok()?;
        let now = SystemTime::now();
        let since = |time: SystemTime| now.duration_since(time).unwrap_or_default().as_secs_f64();
        let (since_begin, since_commit) = (since(begun), since(committed));
        // Initial states are there at once.
        let count = header.scenario_count() as u64;
        let computed = journal.committed.total().saturating_sub(count) as f64;
        let to_compute = header.snapshots().saturating_sub(count) as f64;
        let took = since_begin - since_commit;
        let rate = if took > 0.0 { computed / took } else { 0.0 };
        let left = (to_compute - computed) / rate - since_commit;
        Some(Self {
            since_begin,
            since_commit,
            rate,
            left: left.is_finite().then(|| left.max(0.0)),
        })
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [begin, commit] = [self.since_begin, self.since_commit].map(number::seconds);
        write!(f, "begun {begin} ago, last commit {commit} ago")?;
        match self.left {
            Some(left) => write!(f, "; at its pace so far ready in {}", number::seconds(left)),
            None => Ok(()),
        }
    }
}

/// Records that are written as they are read: there may be many.
struct SnapshotCounts<'a>(RefCell<Box<dyn Iterator<Item = Result<Record, CubeError>> + 'a>>);

impl Serialize for SnapshotCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for record in self.0.borrow_mut().by_ref() {
            list.serialize_element(&record.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// The keys; without those of the physics where that is told in words.
fn params(run: &Scenario, has_physics: bool) -> String {
    const PHYSICS: [&str; 7] = ["Dx", "Dy", "face", "capacity", "decay", "source", "method"];
    /// Other programs' journals may hold any number of them, of any length.
    const MOST: usize = 100;
    const LONGEST: usize = 200;
    let is_physics = |key: &str| {
        PHYSICS.contains(&key) || key.starts_with("initial.") || key.starts_with("boundary.")
    };
    let pairs = run.params.pairs().into_iter();
    let pairs = pairs.filter(|(key, _)| !(has_physics && is_physics(key)));
    let mut pairs: Vec<String> = pairs
        .map(|(key, value)| {
            let (key, value) = (excerpt(&key, LONGEST), excerpt(&value.to_string(), LONGEST));
            format!("{key} = {value}")
        })
        .collect();
    if pairs.len() > MOST {
        let more = pairs.len() - MOST;
        pairs.truncate(MOST);
        pairs.push(format!("and {more} more"));
    }
    pairs.join(", ")
}

fn snapshot(record: &Record) -> String {
    let [time, mass, min, max] =
        [record.simtime, record.mass, record.min, record.max].map(number::python);
    let (slot, step) = (record.slot(), record.step);
    format!("{slot}: t = {time} after step {step}, mass {mass}, from {min} to {max}")
}
