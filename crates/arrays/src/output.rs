//! [`Output`]: a new array on disk, which has its name only once it is whole and durable.

use super::AnalysisError;
use crate::npy::{DATA_OFFSET, Dtype, NpyError, NpyHeader, Runs};
pub use diff2d_sys::Destination;
use diff2d_sys::{self as sys, AtomicFile, FileExt};
use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read},
    ops::Range,
    path::{Path, PathBuf},
};

/// A `.npy` file while it is filled.
///
/// It is written as `NAME.partial`, which is reserved to its full size first, and committed as an
/// [`AtomicFile`]. A killed process leaves at most that file, and the next one replaces it; an error
/// leaves none. A symbolic link of the name is followed.
#[derive(Debug)]
pub struct Output {
    /// Its header.
    pub npy: NpyHeader,
    partial: PathBuf,
    file: AtomicFile,
}

impl Output {
    /// Reserves a file for an array of zeros. A file that was found under its name will be replaced.
    ///
    /// # Errors
    /// [`AnalysisError::Request`] where the name is that of no file, or of one that another process writes;
    /// [`AnalysisError::NoSpace`]; [`NpyError`].
    pub fn create(
        to: Destination,
        shape: Vec<u64>,
        dtype: Dtype,
        fortran_order: bool,
    ) -> Result<Self, AnalysisError> {
        let (named, path) = (to.name(), &to.path().to_owned());
        if named.extension().is_none_or(|extension| extension != "npy") {
            return Err(AnalysisError::Request(format!(
                "the output {} must have a name that ends in .npy",
                named.display()
            )));
        }
        if let Some(found) = to.found() {
            sys::is_file(found.file_type()).map_err(NpyError::io("replace", named))?;
        }
        let npy = NpyHeader::new(shape, dtype, fortran_order);
        let bytes = npy.file_bytes().map_err(|_| {
            let lengths: Vec<String> = npy.shape.iter().map(u64::to_string).collect();
            AnalysisError::Request(format!(
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
        let no_space = || AnalysisError::NoSpace {
            path: path.clone(),
            needed: bytes,
            free: sys::free_space(directory),
        };
        let file = output.file.file();
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
        let runs = Runs::of(&self.npy.in_file_order(&self.npy.shape), ranges);
        let first = runs.span().start;
        let mut written = Ok(());
        runs.for_each(|place, count| {
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
            .map_err(|error| AnalysisError::Request(error.to_string()))?;
        let file = self.file.file();
        file.set_len(bytes)
            .and_then(|()| file.write_all_at(&self.npy.encode(), 0))
            .map_err(self.io("shorten"))?;
        Ok(())
    }

    /// The state of the file, which stays when it gets its name.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn metadata(&self) -> Result<Metadata, NpyError> {
        self.file.file().metadata().map_err(self.io("examine"))
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

/// Creates and locks the file of a new array, in place of one that a killed process left.
fn create_partial(partial: &Path) -> Result<File, AnalysisError> {
    /// Other processes may create and remove the file meanwhile, but not so often.
    const ATTEMPTS: usize = 100;
    let busy = || {
        AnalysisError::Request(format!(
            "another process is writing {}: wait for it, or choose another name",
            partial.display()
        ))
    };
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
        // Where there are no locks, two writers of one name are the user's to avoid.
        if matches!(sys::try_lock(&file), Err(TryLockError::WouldBlock)) {
            return Err(busy());
        }
        if !sys::is_still_at(&file, partial) {
            continue;
        }
        if is_new {
            return Ok(file);
        }
        if !is_left_over(&file) {
            return Err(AnalysisError::Request(format!(
                "{} is in the way, and is not what a stopped diff2d left: move it away, or choose another name",
                partial.display()
            )));
        }
        // Removed and not emptied: the file may have a second name.
        fs::remove_file(partial).map_err(NpyError::io("remove", partial))?;
    }
    Err(busy())
}

/// Whether a file can be what a killed process left of a new array: nothing, zeros, or a header as this
/// program writes it.
fn is_left_over(file: &File) -> bool {
    let mut page = Vec::new();
    let read = file.take(DATA_OFFSET).read_to_end(&mut page);
    read.is_ok()
        && (page.iter().all(|&byte| byte == 0)
            || NpyHeader::decode(page.as_slice()).is_ok_and(|found| found.encode() == page))
}
