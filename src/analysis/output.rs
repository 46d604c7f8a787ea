//! [`Output`]: a new array on disk, which has its name only once it is whole and durable.

use super::AnalysisError;
use crate::{
    npy::{Dtype, NpyError, NpyHeader, Region},
    sys::{self, AtomicFile, FileExt},
};
use std::{
    fs::{self, OpenOptions, TryLockError},
    io,
    ops::Range,
    path::{Path, PathBuf},
};

/// A `.npy` file while it is filled.
///
/// It is written as `NAME.partial`, which is reserved to its full size first, and committed as an
/// [`AtomicFile`]. A killed process leaves at most that file, and the next one takes it over; an error
/// leaves none.
#[derive(Debug)]
pub struct Output {
    /// Its header.
    pub npy: NpyHeader,
    partial: PathBuf,
    file: AtomicFile,
}

impl Output {
    /// Reserves a file for an array of zeros.
    ///
    /// # Errors
    /// [`AnalysisError::Exists`] unless `force`, [`AnalysisError::NoSpace`], [`NpyError`].
    pub fn create(
        path: &Path,
        shape: Vec<u64>,
        dtype: Dtype,
        fortran_order: bool,
        force: bool,
    ) -> Result<Self, AnalysisError> {
        if path.extension().is_none_or(|extension| extension != "npy") {
            return Err(AnalysisError::Asked(format!(
                "the output {} must have a name that ends in .npy",
                path.display()
            )));
        }
        if path.is_dir() || (!force && fs::symlink_metadata(path).is_ok()) {
            return Err(AnalysisError::Exists {
                path: path.to_owned(),
            });
        }
        let npy = NpyHeader::new(shape, dtype, fortran_order);
        let bytes = npy
            .file_bytes()
            .map_err(|error| AnalysisError::Asked(format!("{}: {error}", path.display())))?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        sys::create_directory(directory)
            .map_err(NpyError::io("create the directory", directory))?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(NpyError::io("create", &partial))?;
        // Where there are no locks, two writers of one name are the user's to avoid.
        let locked = sys::try_lock(&file);
        if matches!(locked, Err(TryLockError::WouldBlock)) || !sys::is_still_at(&file, &partial) {
            return Err(AnalysisError::Asked(format!(
                "another process is writing {}: wait for it, or choose another name",
                partial.display()
            )));
        }
        let output = Self {
            npy,
            file: AtomicFile::of_file(file, partial.clone(), path.to_owned()),
            partial,
        };
        let no_space = || AnalysisError::NoSpace {
            path: path.to_owned(),
            needed: bytes,
            free: sys::free_space(directory),
        };
        let file = output.file.file();
        file.set_len(0).map_err(output.io("empty"))?;
        if sys::free_space(directory).is_some_and(|free| free < bytes) {
            return Err(no_space());
        }
        sys::reserve(file, bytes)
            .and_then(|_| file.write_all_at(&output.npy.encode(), 0))
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_space(),
                _ => output.io("reserve space for")(error).into(),
            })?;
        Ok(output)
    }

    /// Writes elements, in file order, from number `place` on.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn write(&self, place: u64, bytes: &[u8]) -> Result<(), NpyError> {
        let offset = self.npy.data_offset + place * self.npy.dtype.bytes as u64;
        let written = self.file.file().write_all_at(bytes, offset);
        written.map_err(self.io("write"))
    }

    /// Writes a box; `ranges` has a range for every axis, and `bytes` the elements, in file order.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn write_box(&self, ranges: &[Range<u64>], mut bytes: &[u8]) -> Result<(), NpyError> {
        let region = Region::new(&self.npy.in_file_order(&self.npy.shape), ranges);
        let whole = region.whole();
        let first = region.span(&whole).start;
        let mut written = Ok(());
        region.for_each_run(&whole, |place, count| {
            let length = usize::try_from(count).unwrap_or(usize::MAX) * self.npy.dtype.bytes;
            let (run, rest) = bytes.split_at(length.min(bytes.len()));
            bytes = rest;
            if written.is_ok() && !run.is_empty() {
                written = self.write(first + place, run);
            }
        });
        written
    }

    /// Shortens the array along its first axis to what has been written.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn shorten(&mut self, length: u64) -> Result<(), AnalysisError> {
        if let Some(first) = self.npy.shape.first_mut() {
            *first = length;
        }
        let bytes = self
            .npy
            .file_bytes()
            .map_err(|error| AnalysisError::Asked(error.to_string()))?;
        let file = self.file.file();
        file.set_len(bytes)
            .and_then(|()| file.write_all_at(&self.npy.encode(), 0))
            .map_err(self.io("shorten"))?;
        Ok(())
    }

    /// Makes the array durable under its name.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn finish(self) -> Result<(), NpyError> {
        Ok(self.file.commit()?)
    }

    fn io(&self, action: &'static str) -> impl FnOnce(io::Error) -> NpyError + use<> {
        NpyError::io(action, self.partial.clone())
    }
}
