//! [`Output`]: a new array on disk, which gets its name only when it is complete and durable.

use super::AnalysisError;
use crate::npy::{DATA_OFFSET, Dtype, MARK_PLACE, NpyError, NpyHeader, Runs, encode_mark};
use crate::wording::bytes;
pub use diff2d_sys::Destination;
use diff2d_sys::{self as sys, AtomicFile, Fault, FileExt};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read},
    ops::Range,
    path::{Path, PathBuf},
};

/// A `.npy` file that is being filled.
///
/// The array is written as `NAME.partial`, which is reserved to its full size first, and committed as an
/// [`AtomicFile`]. A killed process leaves at most this file, which the next process replaces; an error
/// leaves none. A symbolic link is followed.
#[derive(Debug)]
pub struct Output {
    /// The header of the array.
    pub npy: NpyHeader,
    partial: PathBuf,
    file: AtomicFile,
}

impl Output {
    /// Reserves a file for an array of zeros. An existing file with the name will be replaced at the end.
    ///
    /// # Errors
    /// [`AnalysisError`] if no file can have the name, or another process writes the file;
    /// if the disk has no room for it; [`NpyError`].
    pub fn create(
        to: Destination,
        shape: Vec<u64>,
        dtype: Dtype,
        fortran_order: bool,
    ) -> Result<Self, AnalysisError> {
        let (name, path) = (to.name(), &to.path().to_owned());
        if name.extension().is_none_or(|extension| extension != "npy") {
            return Err(AnalysisError::refused(format!(
                "the output {} must have a name that ends in .npy",
                name.display()
            )));
        }
        if let Some(found) = to.found() {
            sys::is_file(found.file_type()).map_err(NpyError::io("replace", name))?;
        }
        let npy = NpyHeader::new(shape, dtype, fortran_order);
        let bytes = npy.file_bytes().map_err(|_| {
            let lengths: Vec<String> = npy.shape.iter().map(u64::to_string).collect();
            AnalysisError::refused(format!(
                "{}: an array of the shape ({}) is larger than any file",
                path.display(),
                lengths.join(", ")
            ))
        })?;
        let directory = sys::directory_of(path);
        sys::enter_directory(directory)
            .map_err(NpyError::io("write into the directory", directory))?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = create_partial(&partial)?;
        let output = Self {
            npy,
            file: AtomicFile::of_file(file, partial.clone(), to),
            partial,
        };
        let file = output.file.file();
        if sys::free_space(directory).is_some_and(|free| free < bytes) {
            return Err(no_space(path, bytes));
        }
        sys::reserve(file, bytes)
            .and_then(|_| file.write_all_at(&output.npy.encode(), 0))
            .map_err(|error| match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_space(path, bytes),
                _ => output.io("reserve space for")(error).into(),
            })?;
        Ok(output)
    }

    /// Writes elements in file order, from number `place` on.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn write(&self, place: u64, bytes: &[u8]) -> Result<(), NpyError> {
        let offset = self.npy.data_offset + place * self.npy.dtype.bytes as u64;
        self.file
            .file()
            .write_all_at(bytes, offset)
            .map_err(self.io("write"))
    }

    /// Writes a box, given by a range for every axis. `bytes` are its elements; both are in file order.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn write_box(&self, ranges: &[Range<u64>], mut bytes: &[u8]) -> Result<(), NpyError> {
        let runs = Runs::of(&self.npy.in_file_order(&self.npy.shape), ranges);
        let span_start = runs.span().start;
        let mut result = Ok(());
        runs.for_each(|place, count| {
            let length = usize::try_from(count).unwrap_or(usize::MAX) * self.npy.dtype.bytes;
            let (run, later_runs) = bytes.split_at(length.min(bytes.len()));
            bytes = later_runs;
            if result.is_ok() && !run.is_empty() {
                result = self.write(span_start + place, run);
            }
        });
        result
    }

    /// Shortens the array along its first axis to the length that has been written.
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
            .map_err(|error| AnalysisError::refused(error.to_string()))?;
        let file = self.file.file();
        file.set_len(bytes)
            .and_then(|()| file.write_all_at(&self.npy.encode(), 0))
            .map_err(self.io("shorten"))?;
        Ok(())
    }

    /// Marks the array, so that its labels file can identify it.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn mark(&self, mark: u32) -> Result<(), NpyError> {
        let place = MARK_PLACE.start as u64;
        let written = self.file.file().write_all_at(&encode_mark(mark), place);
        written.map_err(self.io("write"))
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

/// The error of a filesystem that has fewer than `needed` bytes for an output.
fn no_space(path: &Path, needed: u64) -> AnalysisError {
    let free = match sys::free_space(sys::directory_of(path)) {
        Some(free) => format!("{} free", bytes(free)),
        None => "too few".to_owned(),
    };
    Fault::failed(format!(
        "{} needs {} and its filesystem has {free}: free some space, or write elsewhere",
        path.display(),
        bytes(needed)
    ))
    .into()
}

/// Creates and locks the file of a new array, in place of a file that a killed process left.
fn create_partial(partial: &Path) -> Result<File, AnalysisError> {
    /// The number of attempts to create the file, which other processes may create and remove meanwhile.
    const ATTEMPTS: usize = 100;
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    for _ in 0..ATTEMPTS {
        let (file, is_new) = match options.clone().create_new(true).open(partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match fs::symlink_metadata(partial).map(|status| status.file_type()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    kind => kind
                        .and_then(sys::is_file)
                        .map_err(NpyError::io("replace", partial))?,
                }
                match sys::open_file(&options, partial) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    file => (file.map_err(NpyError::io("open", partial))?, false),
                }
            }
            file => (file.map_err(NpyError::io("create", partial))?, true),
        };
        // Without locks the user has to see to it that two processes do not write under one name.
        if matches!(sys::try_lock(&file), Err(TryLockError::WouldBlock)) {
            return Err(another_writer(partial));
        }
        if !sys::is_still_at(&file, partial) {
            continue;
        }
        if is_new {
            return Ok(file);
        }
        if !is_left_over(&file) {
            return Err(AnalysisError::refused(format!(
                "{} is in the way, and is not what a stopped diff2d left: move it away, or choose another name",
                partial.display()
            )));
        }
        // The file is removed and not emptied, because it may have a second name.
        fs::remove_file(partial).map_err(NpyError::io("remove", partial))?;
    }
    Err(another_writer(partial))
}

fn another_writer(partial: &Path) -> AnalysisError {
    AnalysisError::refused(format!(
        "another process is writing {}: wait for it, or choose another name",
        partial.display()
    ))
}

/// Whether a file can be the remains of a killed process: it is empty, has only zeros, or has a header as
/// [`NpyHeader::encode`] writes it.
fn is_left_over(file: &File) -> bool {
    let mut page = Vec::new();
    let read = file.take(DATA_OFFSET).read_to_end(&mut page);
    for letter in page.iter_mut().skip(MARK_PLACE.start) {
        // A mark is white space, too.
        *letter = if *letter == b'\t' { b' ' } else { *letter };
    }
    let has_zeros = page.iter().all(|&byte| byte == 0);
    let has_header = NpyHeader::decode(page.as_slice()).is_ok_and(|header| header.encode() == page);
    read.is_ok() && (has_zeros || has_header)
}
