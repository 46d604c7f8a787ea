//! [`RecordFile`]: the rows of a record beside its cube, `STEM.record.csv`, and what they are, `STEM.record.json`.
//!
//! Rows are appended as they are taken, and synced before the snapshot or the checkpoint that follows on them. So there are at least those up
//! to the last durable state, whatever kills the run; a run that continues cuts off what is behind that.
//!
//! Each scenario of a sweep has rows of its own, as several go on at a time, in a directory that has the id of the run in its name,
//! `STEM.record-ID/`. At the end of a process they are written one after the other to `STEM.record.csv`, which appears whole;
//! when all scenarios are complete the directory is removed after that.

use super::{
    digest,
    error::CubeError,
    field_files::{self, FieldFile},
    journal::Scenario,
    paths::Paths,
    read::Cube,
};
use crate::params::{Choice, RecordField};
use diff2d_sys::{self as sys, AtomicFile};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// By this a description is known as one of ours.
const MARK: &str = "\"format\": \"diff2d record 1\"";

/// The key of the check sum of rows that are complete, and how its line begins.
const SEAL_KEY: &str = "rows_sha256";
const SEAL: &str = "  \"rows_sha256\": ";

/// Letters of the id of a run.
const RUN_ID: usize = 32;

/// Where the rows of a run or of a scenario go.
#[derive(Debug, Clone)]
pub struct RecordPlace {
    rows: PathBuf,
    /// The files of the cube beside which it is.
    pub paths: Paths,
    /// What they are, beside those of a run.
    description: Option<PathBuf>,
    /// The number of the scenario, which is the first column.
    pub scenario: Option<usize>,
    /// The check sum of the parameters, of a run.
    pub parameters: String,
}

impl RecordPlace {
    /// Beside the cube of a run.
    #[must_use]
    pub fn of_run(paths: &Paths) -> Self {
        Self {
            rows: paths.record(),
            paths: paths.clone(),
            description: Some(paths.record_description()),
            scenario: None,
            parameters: String::new(),
        }
    }

    /// Of a run with parameters that have this check sum.
    #[must_use]
    pub fn with_parameters(self, parameters: String) -> Self {
        Self { parameters, ..self }
    }

    /// In the directory of a sweep that has begun.
    #[must_use]
    pub fn of_scenario(paths: &Paths, run_id: &str, number: usize) -> Self {
        Self {
            rows: parts(paths, run_id).join(format!("{number}.csv")),
            paths: paths.clone(),
            description: None,
            scenario: Some(number),
            parameters: String::new(),
        }
    }
}

/// The rows of a record, open to append.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    path: PathBuf,
    /// Bytes that count.
    length: u64,
    /// Whether its name is durable.
    is_named: bool,
}

/// A row that was read: its numbers, and the byte behind it.
pub type ReadRow = (Vec<f64>, u64);

impl RecordFile {
    /// Begins a record in place of any that is there: its description, and a first line with the names of its columns.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(place: &RecordPlace, description: &str, head: &str) -> Result<Self, CubeError> {
        let path = &place.rows;
        super::paths::remove_file(path)?;
        if let Some(beside) = &place.description {
            sys::write_file(beside, description.as_bytes())?;
        }
        let file = File::create_new(path).map_err(CubeError::io("create", path))?;
        let mut record = Self {
            file,
            path: path.clone(),
            length: 0,
            is_named: false,
        };
        record.append(head)?;
        Ok(record)
    }

    /// Opens that of a run that goes on, and reads the rows that are whole.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where it is not there, or is another one; [`CubeError::Io`].
    pub fn open(
        place: &RecordPlace,
        description: &str,
        head: &str,
    ) -> Result<(Self, Vec<ReadRow>), CubeError> {
        let path = place.rows.clone();
        if let Some(beside) = &place.description {
            is_described(beside, description)?;
        }
        let mut options = OpenOptions::new();
        let file = sys::open_file(options.read(true).write(true), &path);
        let file = file.map_err(|_| lost(&path, "cannot be opened"))?;
        let (rows, _) = read_rows(&path, head)?;
        let length = head.len() as u64;
        let record = Self {
            file,
            path,
            length,
            is_named: true,
        };
        Ok((record, rows))
    }

    /// As [`open`](Self::open) of a run that goes on where a shorter one has ended, and has its rows in front.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_longer(
        place: &RecordPlace,
        shorter: &Path,
        description: &str,
        head: &str,
    ) -> Result<(Self, Vec<ReadRow>), CubeError> {
        let theirs = read_rows(&Paths::of_existing(shorter)?.record(), head);
        let (theirs, bytes) = match (Self::open(place, description, head), theirs) {
            (Ok(ours), Ok((theirs, _))) if ours.1.len() >= theirs.len() => return Ok(ours),
            (Ok(ours), Err(_)) => return Ok(ours),
            (_, theirs) => theirs?,
        };
        let end = theirs.last().map_or(head.len() as u64, |(_, end)| *end);
        let whole = usize::try_from(end).ok().and_then(|end| bytes.get(..end));
        sys::write_file(&place.rows, whole.unwrap_or_default())?;
        if let Some(beside) = &place.description {
            sys::write_file(beside, description.as_bytes())?;
        }
        Self::open(place, description, head)
    }

    /// Cuts off what is behind a byte.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn cut(&mut self, end: u64) -> Result<(), CubeError> {
        self.length = end;
        let cut = self.file.set_len(end);
        let cut = cut.and_then(|()| self.file.seek(SeekFrom::Start(end)).map(drop));
        cut.map_err(CubeError::io("write", &self.path))
    }

    /// The error of rows that cannot be those of the run.
    #[must_use]
    pub fn lost(&self, reason: String) -> CubeError {
        CubeError::LostRecord {
            path: self.path.clone(),
            reason,
        }
    }

    /// Where the rows end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.length
    }

    /// Appends a line, its newline included.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn append(&mut self, line: &str) -> Result<(), CubeError> {
        let written = self.file.write_all(line.as_bytes());
        written.map_err(CubeError::io("write", &self.path))?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Makes all lines durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn sync(&mut self) -> Result<(), CubeError> {
        let synced = self.file.sync_data();
        synced.map_err(CubeError::io("sync", &self.path))?;
        if !self.is_named {
            let directory = sys::directory_of(&self.path);
            sys::sync_directory(directory)
                .map_err(CubeError::io("sync the directory of", &self.path))?;
            self.is_named = true;
        }
        Ok(())
    }
}

fn lost(path: &Path, reason: &str) -> CubeError {
    CubeError::LostRecord {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The rows of a file that are whole, and all its bytes.
fn read_rows(path: &Path, head: &str) -> Result<(Vec<ReadRow>, Vec<u8>), CubeError> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => lost(path, "is not there"),
        _ => CubeError::io("read", path)(error),
    })?;
    let Some(rest) = bytes.strip_prefix(head.as_bytes()) else {
        return Err(lost(path, "does not begin with the names of its columns"));
    };
    let columns = head.split(',').count();
    let (mut rows, mut end) = (Vec::new(), head.len() as u64);
    for line in rest.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").map(str::from_utf8);
        let Some(Ok(text)) = text else {
            break;
        };
        let numbers = text.split(',').map(str::parse);
        let Ok(numbers) = numbers.collect::<Result<Vec<f64>, _>>() else {
            break;
        };
        if numbers.len() != columns {
            break;
        }
        end += line.len() as u64;
        rows.push((numbers, end));
    }
    Ok((rows, bytes))
}

/// Refuses a description that is not there, or is another one.
fn is_described(path: &Path, description: &str) -> Result<(), CubeError> {
    match fs::read_to_string(path) {
        Ok(found) if unsealed(&found) == description => Ok(()),
        Ok(_) => Err(lost(path, "describes another record")),
        Err(_) => Err(lost(path, "cannot be read")),
    }
}

/// A description without the check sum of rows that are complete.
fn unsealed(description: &str) -> String {
    let lines = description.split_inclusive('\n');
    lines.filter(|line| !line.starts_with(SEAL)).collect()
}

/// Puts the check sum of the rows into the description of a record that is complete, unless it is there.
///
/// # Errors
/// [`CubeError::Io`].
pub fn seal(paths: &Paths) -> Result<(), CubeError> {
    let fields = own_fields(paths);
    if !fields.is_empty() {
        let snapshots = Cube::open(&paths.cube)?.header().snapshots();
        field_files::resize(paths, &fields, snapshots)?;
    }
    let (rows, beside) = (paths.record(), paths.record_description());
    let found = fs::read_to_string(&beside).unwrap_or_default();
    let Some((begin, end)) = found.split_once(MARK).filter(|_| unsealed(&found) == found) else {
        return Ok(());
    };
    let sum = digest::of_bytes(&fs::read(&rows).map_err(CubeError::io("read", &rows))?);
    let sealed = format!("{begin}{MARK},\n{SEAL}\"{sum}\"{end}");
    Ok(sys::write_file(&beside, sealed.as_bytes())?)
}

/// What is wrong with the record beside a cube, in sentences: nothing where it is as its run has written it so far, and where the
/// run has none.
///
/// # Errors
/// [`CubeError::Io`] when the journal cannot be read.
pub fn check(cube: &Cube) -> Result<Vec<String>, CubeError> {
    let paths = cube.paths();
    let is_recorded = |scenario: &Scenario| {
        let pairs = scenario.params.pairs();
        pairs.iter().any(|(name, _)| name.starts_with("record."))
    };
    let mut scenarios = cube.scenarios();
    if cube.committed() == 0 || !scenarios.next().is_some_and(|first| is_recorded(&first)) {
        return Ok(Vec::new());
    }
    let (path, beside) = (paths.record(), paths.record_description());
    let is_sweep = cube.header().is_sweep();
    if is_sweep && !cube.is_complete() {
        // It appears at the end of a process.
        return Ok(Vec::new());
    }
    let described = fs::read_to_string(&beside).unwrap_or_default();
    let known: Option<Value> = serde_json::from_str(&described).ok();
    let columns = known
        .as_ref()
        .and_then(|known| known.get("columns")?.as_array());
    let Some(columns) = columns.filter(|_| described.contains(MARK)) else {
        return Ok(vec![format!(
            "{} is damaged or not there",
            beside.display()
        )]);
    };
    let names = columns.iter().map(|column| column.get("name")?.as_str());
    let names: Vec<&str> = names.map(Option::unwrap_or_default).collect();
    let name = path.display();
    let Ok((rows, bytes)) = read_rows(&path, &(names.join(",") + "\n")) else {
        return Ok(vec![format!(
            "{name} is not there, or does not begin with the names of its columns"
        )]);
    };
    let mut wrong = Vec::new();
    let sum = known
        .as_ref()
        .and_then(|known| known.get(SEAL_KEY)?.as_str());
    if sum.is_some_and(|sum| sum != digest::of_bytes(&bytes)) {
        wrong.push(format!(
            "{name} does not have the check sum of the rows that its run has written"
        ));
    }
    if let [_, ny, nx] = cube.header().shape()[..] {
        let shape = [cube.header().snapshots(), ny, nx];
        for field in own_fields(paths) {
            let header = FieldFile::header(field, shape, cube.header().dtype);
            if FieldFile::open(&paths.cube, field, header).is_err() {
                let path = FieldFile::path(&paths.cube, field);
                wrong.push(format!(
                    "{} is not there, or is another array",
                    path.display()
                ));
            }
        }
    }
    let ends = rows.last().map_or(0, |(_, end)| *end);
    if cube.is_complete() && ends < bytes.len() as u64 {
        wrong.push(format!(
            "{name} has something else than rows after byte {ends}"
        ));
    }
    if let (Some(run), Some(last), Some((row, _))) =
        (cube.run(), cube.records().last(), rows.last())
    {
        let names = names.iter().zip(row);
        let time = names.clone().find(|(name, _)| **name == "t");
        let time = time.map_or(f64::NAN, |(_, time)| *time);
        let pairs = run.params.pairs();
        let every = pairs.iter().find(|(name, _)| name == "record.every");
        let every = every.map_or(f64::INFINITY, |(_, every)| every.as_f64().unwrap_or(0.0));
        if time + every + run.dt < last.simtime {
            wrong.push(format!(
                "{name} ends with the row of t = {time:?}, and there is a snapshot of t = {:?}",
                last.simtime
            ));
        }
    }
    let at = |wanted: &str| names.iter().position(|name| *name == wanted);
    let value = |row: &[f64], wanted: &str| Some(row[at(wanted)?]);
    let of = |row: &[f64]| value(row, "scenario").map_or(0, f64::to_bits);
    let mut times = BTreeMap::new();
    for pair in rows.windows(2) {
        let [(one, _), (next, _)] = pair else {
            continue;
        };
        if of(one) == of(next) && value(one, "t") >= value(next, "t") {
            wrong.push(format!(
                "{name} has rows whose times do not ascend, at t = {:?}",
                value(next, "t").unwrap_or(f64::NAN)
            ));
            break;
        }
    }
    for (row, _) in &rows {
        let time = value(row, "t").unwrap_or(f64::NAN);
        times.insert((of(row), time.to_bits()), row);
    }
    for record in cube.each_record()? {
        let record = record?;
        let scenario = record.slot().scenario();
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let of_scenario = if is_sweep {
            (scenario as f64).to_bits()
        } else {
            0
        };
        let Some(row) = times.get(&(of_scenario, record.simtime.to_bits())) else {
            // The first and the last snapshot have rows.
            let last = cube.header().snapshots_of(scenario);
            if record.index == 0 || record.index + 1 == last {
                wrong.push(format!(
                    "{name} has no row of t = {:?}, where a snapshot is",
                    record.simtime
                ));
            }
            continue;
        };
        let pairs = [
            ("mass", record.mass),
            ("min", record.min),
            ("max", record.max),
        ];
        let differs = |(name, of_snapshot): &(&str, f64)| {
            value(row, name).is_some_and(|of_row| of_row.to_bits() != of_snapshot.to_bits())
        };
        if pairs.iter().any(differs) {
            wrong.push(format!(
                "the row of {name} at t = {:?} has other numbers than the journal",
                record.simtime
            ));
        }
    }
    Ok(wrong)
}

/// The directory of the rows of scenarios.
fn parts(paths: &Paths, run_id: &str) -> PathBuf {
    paths.cube.with_extension(format!("record-{run_id}"))
}

/// Makes the place of the records of all scenarios of a sweep, unless that has begun: its description, and the directory
/// of the rows of scenarios. Several processes may do so at once.
///
/// # Errors
/// [`CubeError::LostRecord`] where the description is not there any more, or is another one; [`CubeError::Io`].
pub fn begin_sweep(paths: &Paths, run_id: &str, description: &str) -> Result<(), CubeError> {
    let (directory, beside) = (parts(paths, run_id), paths.record_description());
    let around = paths.directory();
    let lock = File::open(around).map_err(CubeError::io("open", around))?;
    // Where files have no locks there is one process.
    let _ = lock.lock();
    if directory.is_dir() {
        return is_described(&beside, description);
    }
    remove(paths)?;
    sys::write_file(&beside, description.as_bytes())?;
    match fs::create_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(CubeError::io("create", &directory))?,
    }
    sys::sync_directory(paths.directory()).map_err(CubeError::io("sync the directory of", &beside))
}

/// Writes the rows of all scenarios that are there one after the other. Once all snapshots are committed none may be
/// missing, and the places of scenarios are removed.
///
/// # Errors
/// [`CubeError::LostRecord`] where rows are missing; [`CubeError`].
pub fn end_sweep(paths: &Paths, run_id: &str, head: &str) -> Result<(), CubeError> {
    let (directory, beside) = (parts(paths, run_id), paths.record_description());
    let lock = sys::open_to_read(&beside).map_err(CubeError::io("open", &beside))?;
    // Where files have no locks there is one process.
    let _ = lock.lock();
    if !directory.is_dir() {
        return Ok(());
    }
    let cube = Cube::open(&paths.cube)?;
    let whole = paths.record();
    let mut to = BufWriter::new(AtomicFile::create(&whole)?);
    let failed = |doing, path: &Path| CubeError::io(doing, path.to_owned());
    to.write_all(head.as_bytes())
        .map_err(failed("write", &whole))?;
    for number in 0..cube.header().scenario_count() {
        let path = RecordPlace::of_scenario(paths, run_id, number).rows;
        let mut rows = Vec::new();
        match sys::open_to_read(&path).and_then(|mut file| file.read_to_end(&mut rows)) {
            Err(error) if error.kind() == ErrorKind::NotFound && !cube.is_complete() => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(lost(&path, "is not there"));
            }
            read => drop(read.map_err(failed("read", &path))?),
        }
        let end = rows
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let rows = rows[..end]
            .strip_prefix(head.as_bytes())
            .unwrap_or_default();
        to.write_all(rows).map_err(failed("write", &whole))?;
    }
    let to = to.into_inner().map_err(io::IntoInnerError::into_error);
    to.map_err(failed("write", &whole))?.commit()?;
    match cube.is_complete() {
        true => seal(paths).and_then(|()| remove_parts(&directory)),
        false => Ok(()),
    }
}

/// Removes the places of scenarios.
fn remove_parts(directory: &Path) -> Result<(), CubeError> {
    fs::remove_dir_all(directory).map_err(CubeError::io("remove", directory))
}

/// The directories of sweeps that had the same name.
fn left_parts(paths: &Paths) -> Vec<PathBuf> {
    let stem = paths.cube.with_extension("record-");
    let stem = stem
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let is_part = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = name.strip_prefix(&stem);
        let is_id =
            |id: &str| id.len() == RUN_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        id.is_some_and(is_id) && path.is_dir()
    };
    let found = fs::read_dir(paths.directory())
        .into_iter()
        .flatten()
        .flatten();
    found
        .map(|entry| entry.path())
        .filter(|path| is_part(path))
        .collect()
}

/// The fields that the description of a record has.
#[must_use]
pub fn own_fields(paths: &Paths) -> Vec<RecordField> {
    let described = fs::read_to_string(paths.record_description()).unwrap_or_default();
    let known: Option<Value> = serde_json::from_str(&described).ok();
    let known = known
        .filter(|_| described.contains(MARK))
        .unwrap_or_default();
    let names = known.get("fields").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let field = |name: &str| {
        let mut all = RecordField::ALL.iter();
        all.find(|field| field.name() == name).copied()
    };
    names.filter_map(field).collect()
}

/// Refuses files of others that have the names of a record.
///
/// # Errors
/// [`CubeError::ForeignRecord`], [`CubeError::Io`].
pub fn refuse_others(paths: &Paths, fields: &[RecordField]) -> Result<(), CubeError> {
    let foreign = |path: PathBuf| Err(CubeError::ForeignRecord { path });
    let (rows, beside) = (paths.record(), paths.record_description());
    let own = own_fields(paths);
    for &field in fields.iter().filter(|field| !own.contains(field)) {
        let path = FieldFile::path(&paths.cube, field);
        if fs::symlink_metadata(&path).is_ok() {
            return foreign(path);
        }
    }
    match fs::read_to_string(&beside) {
        Ok(text) if is_ours(&text) => Ok(()),
        Ok(_) => foreign(beside),
        Err(error) if error.kind() != ErrorKind::NotFound => foreign(beside),
        Err(_) if fs::symlink_metadata(&rows).is_ok() => foreign(rows),
        Err(_) => Ok(()),
    }
}

/// Removes a record, unless its files are of others.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    if refuse_others(paths, &[]).is_err() {
        return Ok(());
    }
    field_files::remove(paths, &own_fields(paths))?;
    left_parts(paths)
        .iter()
        .try_for_each(|left| remove_parts(left))?;
    super::paths::remove_file(&paths.record())?;
    let beside = paths.record_description();
    if fs::symlink_metadata(&beside).is_err() {
        return Ok(());
    }
    // What says whose they are goes last, also where the power is cut.
    sys::sync_directory(paths.directory())
        .map_err(CubeError::io("sync the directory of", &beside))?;
    super::paths::remove_file(&beside).map(drop)
}

/// A description that is known as one of ours.
#[must_use]
pub fn description(content: &str) -> String {
    format!("{{\n  {MARK},\n{content}\n}}\n")
}

/// Whether a description is known as one of ours.
pub(super) fn is_ours(description: &str) -> bool {
    description.contains(MARK)
}
