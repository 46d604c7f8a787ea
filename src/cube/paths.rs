//! [`Paths`]: the names of the files of a run.

use super::{
    error::CubeError,
    journal::{FORMAT, JournalError},
};
use crate::fault::Fault;
use diff2d_arrays::wording::excerpt;
use diff2d_sys as sys;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The names of the files of a run, which lie beside the cube and are named after it. The scratch may lie elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `STEM.npy`
    pub cube: PathBuf,
    /// `STEM.journal`
    pub journal: PathBuf,
    /// `STEM.ckpt`
    pub checkpoint: PathBuf,
    /// `STEM.scratch`
    pub scratch: PathBuf,
    /// `STEM/`
    pub pictures: PathBuf,
}

impl Paths {
    /// The names of the files that go with a cube.
    ///
    /// # Errors
    /// [`CubeError`] if the name does not end in `.npy`.
    pub fn of(cube: &Path) -> Result<Self, CubeError> {
        let named = cube.extension().is_some_and(|extension| extension == "npy");
        if !named {
            return Err(Fault::refused(format!(
                "the output {} must have a name that ends in .npy; other formats are written by `diff2d export`",
                cube.display()
            ))
            .into());
        }
        Ok(Self {
            journal: cube.with_extension("journal"),
            checkpoint: cube.with_extension("ckpt"),
            scratch: cube.with_extension("scratch"),
            pictures: cube.with_extension(""),
            cube: cube.to_owned(),
        })
    }

    /// Puts the scratch of a run into a directory that other runs may share.
    pub fn put_scratch_into(&mut self, directory: &Path, run_id: &str) {
        let mut name = self.pictures.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{run_id}.scratch"));
        self.scratch = directory.join(name);
    }

    /// The names of the files of an existing cube. A symbolic link without a journal beside it stands for the file that
    /// it leads to.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn of_existing(cube: &Path) -> Result<Self, CubeError> {
        let paths_of_name = Self::of(cube);
        if matches!(&paths_of_name, Ok(paths) if fs::symlink_metadata(&paths.journal).is_ok()) {
            return paths_of_name;
        }
        let target = fs::canonicalize(cube)
            .ok()
            .and_then(|target| Self::of(&target).ok());
        match target {
            Some(paths) if paths.journal.exists() => Ok(paths),
            _ => paths_of_name,
        }
    }

    /// The error of a journal, completed with the names of its files.
    pub fn journal_error(&self, error: JournalError) -> CubeError {
        let (journal, cube) = (self.journal.display(), self.cube.display());
        let fault = match error {
            JournalError::Newer { format, program } => Fault::failed(format!(
                "{journal} is of format {format}, written by diff2d {program}, and this program (diff2d {}) reads format {FORMAT}: use that version or a later one",
                env!("CARGO_PKG_VERSION")
            )),
            JournalError::Older { format } => Fault::failed(format!(
                "{journal} is of format {format}, from before the release of diff2d 0.1.0, and this program reads format {FORMAT}: move {journal} and {cube} away and compute them again, or use the program that wrote them"
            )),
            JournalError::Header { ours: true } => self.lost_header("is damaged"),
            JournalError::Header { ours: false } => {
                return CubeError::ForeignJournal {
                    journal: self.journal.clone(),
                    cube: self.cube.clone(),
                };
            }
            JournalError::Contradiction(reason) => {
                self.lost_header(&format!("cannot be right ({})", excerpt(&reason, 200)))
            }
            JournalError::Line(line) => Fault::damaged(format!(
                "line {line} of {journal} is damaged: `diff2d repair {cube}` rebuilds it"
            )),
        };
        fault.into()
    }

    /// The fault of line 1 of a journal that was written by this program.
    fn lost_header(&self, reason: &str) -> Fault {
        let (journal, cube) = (self.journal.display(), self.cube.display());
        Fault::damaged(format!(
            "line 1 of {journal} {reason}, so the content of {cube} is unknown: --force starts the run over"
        ))
    }

    /// The files of a run: cube, journal, checkpoint, scratch, and the coordinates of the cube.
    pub fn of_run(&self) -> Vec<PathBuf> {
        let files = [&self.cube, &self.journal, &self.checkpoint, &self.scratch];
        let other_files = ["axes.json", "ckpt.new", "record.csv", "record.json"]
            .map(|ending| self.cube.with_extension(ending));
        files.into_iter().cloned().chain(other_files).collect()
    }

    /// The file with the rows of the record.
    pub fn record(&self) -> PathBuf {
        self.cube.with_extension("record.csv")
    }

    /// The file that describes the columns of the record.
    pub fn record_description(&self) -> PathBuf {
        self.cube.with_extension("record.json")
    }

    /// The file with the table of a sweep.
    pub fn table(&self) -> PathBuf {
        self.cube.with_extension("csv")
    }

    /// The files of a run and the table of a sweep. No other file may have one of these names.
    pub fn files(&self) -> Vec<PathBuf> {
        [self.of_run(), vec![self.table()]].concat()
    }

    /// The directory of the cube.
    pub fn directory(&self) -> &Path {
        sys::directory_of(&self.cube)
    }
}

/// Removes a file, and returns whether it existed.
pub(super) fn remove_file(path: &Path) -> Result<bool, CubeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed
            .map(|()| true)
            .map_err(CubeError::io("remove", path)),
    }
}

/// Calls [`sys::enter_directory`], and puts the name into its error.
pub fn enter_directory(directory: &Path) -> Result<(), CubeError> {
    sys::enter_directory(directory).map_err(CubeError::io("write into the directory", directory))
}

/// Calls [`sys::sync_directory`], and puts the name into its error.
pub(super) fn sync_directory(directory: &Path) -> Result<(), CubeError> {
    sys::sync_directory(directory).map_err(CubeError::io("sync the directory", directory))
}
