//! [`RecordFile`]: the rows of a record beside a cube, `STEM.record.csv`, and what they are, `STEM.record.json`.
//!
//! Rows are appended, and synced before the snapshot or the checkpoint that follows on them. So there are at least those up
//! to the last durable state, whatever kills the run; a run that continues cuts off what is behind that.

use super::{error::CubeError, paths::Paths};
use diff2d_sys as sys;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// By this a description is known as one of ours.
const MARK: &str = "\"format\": \"diff2d record 1\"";

/// The rows of a record, open to append.
#[derive(Debug)]
pub struct RecordFile {
    file: File,
    path: PathBuf,
    /// Bytes that count.
    length: u64,
}

/// A row that was read: its numbers, and the byte behind it.
pub type ReadRow = (Vec<f64>, u64);

impl RecordFile {
    /// Begins a record in place of any that is there: its description, and a first line with the names of its columns.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(paths: &Paths, description: &str, head: &str) -> Result<Self, CubeError> {
        let path = paths.record();
        remove(paths)?;
        sys::write_file(&paths.record_description(), description.as_bytes())?;
        let failed = |doing| CubeError::io(doing, &path);
        let file = File::create_new(&path).map_err(failed("create"))?;
        let mut record = Self {
            file,
            path: path.clone(),
            length: 0,
        };
        record.append(head)?;
        record.sync()?;
        sys::sync_directory(paths.directory()).map_err(failed("sync the directory of"))?;
        Ok(record)
    }

    /// Opens that of a run that goes on, and reads the rows that are whole.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where it is not there, or is another one; [`CubeError::Io`].
    pub fn open(
        paths: &Paths,
        description: &str,
        head: &str,
    ) -> Result<(Self, Vec<ReadRow>), CubeError> {
        let (path, beside) = (paths.record(), paths.record_description());
        let lost = |path: &Path, reason: &str| CubeError::LostRecord {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        match fs::read_to_string(&beside) {
            Ok(found) if found == description => {}
            Ok(_) => return Err(lost(&beside, "describes another record")),
            Err(_) => return Err(lost(&beside, "cannot be read")),
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
        let record = Self { file, path, length };
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
    pub fn sync(&self) -> Result<(), CubeError> {
        let synced = self.file.sync_data();
        synced.map_err(CubeError::io("sync", &self.path))
    }
}

/// Refuses files of others that have the names of a record.
///
/// # Errors
/// [`CubeError::ForeignRecord`], [`CubeError::Io`].
pub fn refuse_others(paths: &Paths) -> Result<(), CubeError> {
    let foreign = |path: PathBuf| Err(CubeError::ForeignRecord { path });
    let (rows, beside) = (paths.record(), paths.record_description());
    match fs::read_to_string(&beside) {
        Ok(text) if text.contains(MARK) => Ok(()),
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
