//! [`RecordFile`]: the rows of a record beside its cube, `STEM.record.csv`, and what they are, `STEM.record.json`.
//!
//! Rows are appended as they are taken, and synced before the snapshot or the checkpoint that follows on them. So there are at least those up
//! to the last durable state, whatever kills the run; a run that continues cuts off what is behind that.
//!
//! Each scenario of a sweep has rows of its own, as several go on at a time, in a directory that has the id of the run in its name,
//! `STEM.record-ID/`. At the end of a process they are written one after the other to `STEM.record.csv`, which appears whole;
//! when all scenarios are complete the directory is removed after that.

use super::{error::CubeError, paths::Paths, read::Cube};
use diff2d_sys::{self as sys, AtomicFile};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// By this a description is known as one of ours.
const MARK: &str = "\"format\": \"diff2d record 1\"";

/// Letters of the id of a run.
const RUN_ID: usize = 32;

/// Where the rows of a run or of a scenario go.
#[derive(Debug, Clone)]
pub struct RecordPlace {
    rows: PathBuf,
    /// What they are, beside those of a run.
    description: Option<PathBuf>,
    /// The number of the scenario, which is the first column.
    pub scenario: Option<usize>,
}

impl RecordPlace {
    /// Beside the cube of a run.
    #[must_use]
    pub fn of_run(paths: &Paths) -> Self {
        Self {
            rows: paths.record(),
            description: Some(paths.record_description()),
            scenario: None,
        }
    }

    /// In the directory of a sweep that has begun.
    #[must_use]
    pub fn of_scenario(paths: &Paths, run_id: &str, number: usize) -> Self {
        Self {
            rows: parts(paths, run_id).join(format!("{number}.csv")),
            description: None,
            scenario: Some(number),
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
        let lost = |path: &Path, reason: &str| CubeError::LostRecord {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if let Some(beside) = &place.description {
            is_described(beside, description)?;
        }
        let mut options = OpenOptions::new();
        let file = sys::open_file(options.read(true).write(true), &path);
        let file = file.map_err(|_| lost(&path, "cannot be opened"))?;
        let bytes = fs::read(&path).map_err(CubeError::io("read", &path))?;
        let Some(rest) = bytes.strip_prefix(head.as_bytes()) else {
            return Err(lost(&path, "does not begin with the names of its columns"));
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
        let length = head.len() as u64;
        let record = Self {
            file,
            path,
            length,
            is_named: true,
        };
        Ok((record, rows))
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

/// Refuses a description that is not there, or is another one.
fn is_described(path: &Path, description: &str) -> Result<(), CubeError> {
    let lost = |reason: &str| CubeError::LostRecord {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    match fs::read_to_string(path) {
        Ok(found) if found == description => Ok(()),
        Ok(_) => Err(lost("describes another record")),
        Err(_) => Err(lost("cannot be read")),
    }
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
    // Other processes may do the same.
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
                let reason = "is not there".to_owned();
                return Err(CubeError::LostRecord { path, reason });
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
        true => remove_parts(&directory),
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

/// Refuses files of others that have the names of a record.
///
/// # Errors
/// [`CubeError::ForeignRecord`], [`CubeError::Io`].
pub fn refuse_others(paths: &Paths) -> Result<(), CubeError> {
    let foreign = |path: PathBuf| Err(CubeError::ForeignRecord { path });
    let (rows, beside) = (paths.record(), paths.record_description());
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
    if refuse_others(paths).is_err() {
        return Ok(());
    }
    left_parts(paths)
        .iter()
        .try_for_each(|left| remove_parts(left))?;
    // What says whose they are goes last.
    for path in [paths.record(), paths.record_description()] {
        super::paths::remove_file(&path)?;
    }
    Ok(())
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
