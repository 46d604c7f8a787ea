//! [`RecordFile`]: the rows of a record, `STEM.record.csv`.

use super::{
    description::{is_described, lost},
    place::RecordPlace,
};
use crate::cube::{
    error::CubeError,
    paths::{self, Paths},
};
use diff2d_sys as sys;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

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
        paths::remove_file(path)?;
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

/// The rows of a file that are whole, and all its bytes.
pub(super) fn read_rows(path: &Path, head: &str) -> Result<(Vec<ReadRow>, Vec<u8>), CubeError> {
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
