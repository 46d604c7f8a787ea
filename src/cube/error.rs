//! What can go wrong with the files of a run.

use super::journal::SnapshotId;
use crate::fault::Fault;
use diff2d_arrays::npy::NpyError;
use diff2d_sys::FileError;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// The fault of a cube, its journal or another array file. Callers distinguish its variants; any other fault is a [`Fault`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentences say what the fields hold")]
pub enum CubeError {
    /// An operation of the filesystem failed.
    #[error(transparent)]
    Io(#[from] FileError),
    /// An array file cannot be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Another process holds the lock.
    #[error("another run is writing this cube (it holds the lock on {}): wait for it, or write elsewhere with -o", journal.display())]
    Locked { journal: PathBuf },
    /// The run was stopped while it created the output, which may or may not exist.
    #[error("{} was being created when its run was stopped and holds nothing yet: --resume starts it over", cube.display())]
    Unborn { cube: PathBuf },
    /// A file has the name of a checkpoint or a scratch, and was not written by a run.
    #[error("{} is where a run keeps its state between snapshots, but {reason}: move it away, or write elsewhere with -o", path.display())]
    NotOurs { path: PathBuf, reason: String },
    /// The record of a run that continues or has ended is missing, or differs from what the run has written.
    #[error("{} {reason}, so the record cannot be continued: `diff2d repair` of its cube computes it again, or --force starts the run over", path.display())]
    LostRecord { path: PathBuf, reason: String },
    /// A run has not committed anything of a stream yet, whose entries are rows or frames.
    #[error("{} has no {entry} yet: its run has committed none", path.display())]
    NotYet { path: PathBuf, entry: &'static str },
    /// A file with the name of the new one exists and must not be replaced.
    #[error("{} exists already: --force replaces it, or choose another name", path.display())]
    Exists { path: PathBuf },
    /// Line 1 of the journal is damaged, and nothing proves that the journal was written by this program.
    #[error("line 1 of {} is damaged, or the file was not written by a run of diff2d, so the content of {} is unknown: move both away, or write elsewhere with -o", journal.display(), cube.display())]
    ForeignJournal { journal: PathBuf, cube: PathBuf },
    /// A file of the run was deleted, moved or replaced while the run wrote it.
    #[error("{} was {what} while the run wrote it: {kept}", path.display())]
    Lost {
        path: PathBuf,
        what: &'static str,
        kept: String,
    },
    /// The cube was started over while it was read.
    #[error("{} was started over by another run while it was read: read it again", cube.display())]
    StartedOver { cube: PathBuf },
    /// The journal exists, but its cube does not.
    #[error("{} lists {committed} of {total} snapshots of {}, which is gone: move it back to its place, or start the run over with --force", journal.display(), cube.display())]
    Gone {
        cube: PathBuf,
        journal: PathBuf,
        committed: u64,
        total: u64,
    },
}

impl CubeError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Fault(fault) => fault.exit_code(),
            Self::Io(_) | Self::Locked { .. } | Self::Lost { .. } | Self::StartedOver { .. } => 1,
            Self::Unborn { .. }
            | Self::NotOurs { .. }
            | Self::NotYet { .. }
            | Self::Exists { .. } => 2,
            Self::LostRecord { .. } | Self::ForeignJournal { .. } | Self::Gone { .. } => 3,
        }
    }

    /// Wraps an error of the filesystem with the name of the file, for `map_err`.
    pub fn io<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(io::Error) -> Self + use<P> {
        let error = FileError::of(action, path);
        move |source| Self::Io(error(source))
    }

    /// The error that another run has started the cube over.
    pub(super) fn started_over(cube: &Path) -> Self {
        Self::StartedOver {
            cube: cube.to_owned(),
        }
    }

    /// The error that a file with the name of the cube exists, without a journal.
    pub(super) fn foreign(cube: &Path) -> Self {
        refused(
            cube,
            "exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o",
        )
    }

    /// The error that another array has taken the place of the cube that a journal describes.
    pub(super) fn replaced(cube: &Path, journal: &Path) -> Self {
        let journal = journal.display();
        refused(
            cube,
            format_args!(
                "is another array than the cube that {journal} describes: move them away, or write elsewhere with -o"
            ),
        )
    }

    /// The error that an array has no journal.
    pub(super) fn no_journal(cube: &Path) -> Self {
        refused(
            cube,
            "has no journal beside it, so it is unknown what it should hold: only cubes of runs have one; stats, map, compare and plot take any array",
        )
    }

    /// The error that a new file would have the name of a file that the command reads or writes otherwise.
    pub(super) fn taken(path: &Path) -> Self {
        refused(
            path,
            "is read by this command, or written for another purpose: choose another name for the output",
        )
    }

    /// The error that a snapshot is not in the journal.
    pub(super) fn not_committed(cube: &Path, snapshot: SnapshotId) -> Self {
        let cube = cube.display();
        Fault::refused(format!("{snapshot} of {cube} is not committed")).into()
    }

    /// The error that the journal beside a cube describes another one; the reason is the difference, with the way out.
    pub(crate) fn does_not_match(cube: &Path, reason: &str) -> Self {
        let cube = cube.display();
        Fault::damaged(format!("{cube} does not match its journal: {reason}")).into()
    }

    /// The error that a record differs from what its run has written, so that it cannot be read.
    #[doc(hidden)]
    pub fn damaged_record(path: &Path, reason: &str) -> Self {
        let path = path.display();
        Fault::damaged(format!("{path} {reason}, so it is not the record that its run wrote: `diff2d repair` of its cube computes it again")).into()
    }
}

/// The error that a file is refused, in a sentence that begins with its name.
pub(super) fn refused(path: &Path, sentence: impl fmt::Display) -> CubeError {
    Fault::refused(format!("{} {sentence}", path.display())).into()
}
