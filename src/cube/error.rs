//! What can go wrong with the files of a run.

use super::journal::{FORMAT, SnapshotId};
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::wording::bytes;
use diff2d_sys::FileError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// The fault of a cube, its journal or another array file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CubeError {
    /// An operation of the filesystem failed.
    #[error(transparent)]
    Io(#[from] FileError),
    /// The disk has no room for the whole run.
    #[error("{} needs {}, its journal {}, and their filesystem has {} free: free some space, write elsewhere with -o, or take fewer snapshots (a larger outtime)", cube.display(), bytes(*needed), bytes(*beside), or_unknown(*.free))]
    NoSpace {
        /// The file that does not fit.
        cube: PathBuf,
        /// The bytes that the file needs.
        needed: u64,
        /// The bytes that its journal needs.
        beside: u64,
        /// The free bytes, if the filesystem reports them.
        free: Option<u64>,
    },
    /// Another process holds the lock.
    #[error("another run is writing this cube (it holds the lock on {}): wait for it, or write elsewhere with -o", journal.display())]
    Locked {
        /// The locked journal.
        journal: PathBuf,
    },
    /// Another process holds the lock on the whole cube, or on some of the same scenarios.
    #[error("another process computes some of these scenarios, or the whole sweep (it holds a lock on {}): wait for it, or choose others with --scenarios", journal.display())]
    LockedPart {
        /// The journal.
        journal: PathBuf,
    },
    /// The filesystem cannot lock parts of a file, so one process cannot lock only some scenarios.
    #[error("{} cannot be locked for some scenarios alone ({source}): leave --scenarios out and compute all of them in one process", journal.display())]
    NoParts {
        /// The journal.
        journal: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Machines overwrite each other's bytes in the same page of a file.
    #[error("machines overwrite each other's data on the filesystem of {}: start all processes on one machine and confirm this with --io write, or leave --scenarios out", cube.display())]
    Incoherent {
        /// The cube.
        cube: PathBuf,
    },
    /// The filesystem cannot lock.
    #[error("{} cannot be locked ({source}); if you are sure that no other run writes it, add --no-lock", journal.display())]
    NoLocks {
        /// The journal.
        journal: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The output exists and is complete.
    #[error("{} exists already and is complete: --force starts it over, -o writes elsewhere", cube.display())]
    Complete {
        /// The finished cube.
        cube: PathBuf,
    },
    /// The output exists and is not complete.
    #[error("{} has been begun and holds {committed} of {total} snapshots: --resume continues it, --force starts it over, -o writes elsewhere", cube.display())]
    Partial {
        /// The unfinished cube.
        cube: PathBuf,
        /// The number of committed snapshots.
        committed: u64,
        /// The number of snapshots of the complete cube.
        total: u64,
    },
    /// The run was stopped while it created the output.
    #[error("{} was being created when its run was stopped and holds nothing yet: --resume starts it over", cube.display())]
    Unborn {
        /// The cube, which may or may not exist.
        cube: PathBuf,
    },
    /// A file with the name of the cube exists, without a journal.
    #[error("{} exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o", cube.display())]
    Foreign {
        /// The file.
        cube: PathBuf,
    },
    /// A file has the name of a checkpoint or a scratch, and was not written by a run.
    #[error("{} is where a run keeps its state between snapshots, but {reason}: move it away, or write elsewhere with -o", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What the file is instead.
        reason: String,
    },
    /// A file has the name of a record, and was not written by a run.
    #[error("{} is where a run writes its record, but this file was not written by a run: move it away, or write elsewhere with -o", path.display())]
    ForeignRecord {
        /// The file.
        path: PathBuf,
    },
    /// A new run finds the record of another run, whose cube was renamed or deleted.
    #[error("{} is the record of another run, whose cube is missing: move it away, write elsewhere with -o, or replace it with --force", path.display())]
    OtherRecord {
        /// The file.
        path: PathBuf,
    },
    /// A run that begins or continues finds a checkpoint or scratch of another run with the same name.
    #[error("{} is the state of another run, which stopped there: move it away, write elsewhere with -o, or replace it with --force", path.display())]
    OtherState {
        /// The file.
        path: PathBuf,
    },
    /// The record of a run that continues or has ended is missing, or differs from what the run has written.
    #[error("{} {reason}, so the record cannot be continued: `diff2d repair` of its cube computes it again, or --force starts the run over", path.display())]
    LostRecord {
        /// The file.
        path: PathBuf,
        /// The fault of the file.
        reason: String,
    },
    /// A record differs from what its run has written, so it cannot be read.
    #[error("{} {reason}, so it is not the record that its run wrote: `diff2d repair` of its cube computes it again", path.display())]
    DamagedRecord {
        /// The file.
        path: PathBuf,
        /// The fault of the file.
        reason: String,
    },
    /// A run has not committed anything of a stream yet.
    #[error("{} has no {entry} yet: its run has committed none", path.display())]
    NotYet {
        /// The file of the stream.
        path: PathBuf,
        /// The word for an entry of the stream.
        entry: &'static str,
    },
    /// The cube has been replaced by another array.
    #[error("{} is another array than the cube that {} describes: move them away, or write elsewhere with -o", cube.display(), journal.display())]
    Replaced {
        /// The array that took the place of the cube.
        cube: PathBuf,
        /// The journal of the replaced cube.
        journal: PathBuf,
    },
    /// The journal has other hard links, under which it would be emptied as well.
    #[error("{} has a second name (a link, or a backup made of links), under which the journal would be emptied as well: remove this name and that of its cube, or write elsewhere with -o", journal.display())]
    Shared {
        /// The journal.
        journal: PathBuf,
    },
    /// A new array would overwrite a cube.
    #[error("{} is the name of a cube, of which {} is the journal: choose another name, or remove both first", cube.display(), journal.display())]
    IsCube {
        /// The name.
        cube: PathBuf,
        /// The journal.
        journal: PathBuf,
    },
    /// A new file would have the name of a file that the command reads or writes otherwise.
    #[error("{} is read by this command, or written for another purpose: choose another name for the output", path.display())]
    Taken {
        /// The name.
        path: PathBuf,
    },
    /// A new file would have the name of a file that belongs to a cube.
    #[error("{} is a name that belongs to the cube {}: choose another name for the output", path.display(), cube.display())]
    BelongsTo {
        /// The name.
        path: PathBuf,
        /// The cube.
        cube: PathBuf,
    },
    /// A directory has the name of a new file.
    #[error("{} is a directory: choose another name for the output", path.display())]
    IsDirectory {
        /// The name.
        path: PathBuf,
    },
    /// A file with the name of the new one exists and must not be replaced.
    #[error("{} exists already: --force replaces it, or choose another name", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// A run cannot resume with parameters that differ from the parameters of the cube.
    #[error("{} was begun with other parameters: {differences}; run with the old ones, or write elsewhere with -o{}", cube.display(), longer(differences, cube))]
    OtherParameters {
        /// The cube.
        cube: PathBuf,
        /// `D was 1.0 and is 2.0, …`
        differences: String,
    },
    /// A longer run differs from the cube that it should extend in more than its end.
    #[error("--extend {}: it was made with other parameters, {differences}; only runtime and until may differ", cube.display())]
    CannotExtend {
        /// The shorter cube.
        cube: PathBuf,
        /// `D was 1.0 and is 2.0, …`
        differences: String,
    },
    /// The journal has a damaged line before valid ones.
    #[error("line {line} of {} is damaged: `diff2d repair {}` rebuilds it", journal.display(), cube.display())]
    DamagedJournal {
        /// The journal.
        journal: PathBuf,
        /// The cube.
        cube: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// Line 1 of the journal is damaged, but its check sum or a commit proves that the journal was written by this
    /// program.
    #[error("line 1 of {} {reason}, so the content of {} is unknown: --force starts the run over", journal.display(), cube.display())]
    LostHeader {
        /// The journal.
        journal: PathBuf,
        /// The cube.
        cube: PathBuf,
        /// The fault of the line.
        reason: String,
    },
    /// Line 1 of the journal is damaged, and nothing proves that the journal was written by this program.
    #[error("line 1 of {} is damaged, or the file was not written by a run of diff2d, so the content of {} is unknown: move both away, or write elsewhere with -o", journal.display(), cube.display())]
    ForeignJournal {
        /// The journal.
        journal: PathBuf,
        /// The cube.
        cube: PathBuf,
    },
    /// The journal was written by a later program.
    #[error("{} is of format {format}, written by diff2d {program}, and this program (diff2d {}) reads format {FORMAT}: use that version or a later one", journal.display(), env!("CARGO_PKG_VERSION"))]
    NewerJournal {
        /// The journal.
        journal: PathBuf,
        /// The format of the journal.
        format: u64,
        /// The version of the program that wrote it.
        program: String,
    },
    /// The journal is of a format from before the first release.
    #[error("{} is of format {format}, from before the release of diff2d 0.1.0, and this program reads format {FORMAT}: move {0} and {} away and compute them again, or use the program that wrote them", journal.display(), cube.display())]
    OlderJournal {
        /// The journal.
        journal: PathBuf,
        /// The cube.
        cube: PathBuf,
        /// The format of the journal.
        format: u64,
    },
    /// A file of the run was deleted, moved or replaced while the run wrote it.
    #[error("{} was {what} while the run wrote it: {kept}", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// The fate of the file.
        what: &'static str,
        /// What is left of the run, and the way out.
        kept: String,
    },
    /// The cube was started over while it was read.
    #[error("{} was started over by another run while it was read: read it again", cube.display())]
    StartedOver {
        /// The cube.
        cube: PathBuf,
    },
    /// The journal exists, but its cube does not.
    #[error("{} lists {committed} of {total} snapshots of {}, which is gone: move it back to its place, or start the run over with --force", journal.display(), cube.display())]
    Gone {
        /// The missing cube.
        cube: PathBuf,
        /// The journal.
        journal: PathBuf,
        /// The number of snapshots that the journal lists.
        committed: u64,
        /// The number of snapshots of the complete cube.
        total: u64,
    },
    /// The journal beside the cube describes another cube.
    #[error("{} does not match its journal: {reason}", cube.display())]
    DoesNotMatch {
        /// The cube.
        cube: PathBuf,
        /// The difference, and the way out.
        reason: String,
    },
    /// The digest of a committed snapshot differs from its commit.
    #[error("{snapshot} of {} is damaged (its digest differs from the journal's): `diff2d repair {}` recomputes it", cube.display(), cube.display())]
    DamagedSnapshot {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// A cube has no journal.
    #[error("{} has no journal beside it, so it is unknown what it should hold: only cubes of runs have one", cube.display())]
    NoJournal {
        /// The cube.
        cube: PathBuf,
    },
    /// A snapshot is not in the journal.
    #[error("{snapshot} of {} is not committed", cube.display())]
    NotCommitted {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// The digest of a recomputed snapshot differs from its commit.
    #[error("{snapshot} of {} cannot be repaired: after recomputing it from the snapshot before, its digest differs from the journal's; --force starts the run over", cube.display())]
    CannotRepair {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// An array file cannot be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The name of an output does not end in `.npy`.
    #[error("the output {} must have a name that ends in .npy; other formats are written by `diff2d export`", path.display())]
    Name {
        /// The name.
        path: PathBuf,
    },
}

impl CubeError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Npy(error) => error.exit_code(),
            Self::Io(_)
            | Self::NoSpace { .. }
            | Self::Locked { .. }
            | Self::LockedPart { .. }
            | Self::NoParts { .. }
            | Self::Incoherent { .. }
            | Self::NewerJournal { .. }
            | Self::OlderJournal { .. }
            | Self::Lost { .. }
            | Self::StartedOver { .. }
            | Self::NoLocks { .. } => 1,
            Self::Complete { .. }
            | Self::Partial { .. }
            | Self::Unborn { .. }
            | Self::Foreign { .. }
            | Self::NotOurs { .. }
            | Self::ForeignRecord { .. }
            | Self::OtherRecord { .. }
            | Self::OtherState { .. }
            | Self::Replaced { .. }
            | Self::IsCube { .. }
            | Self::Shared { .. }
            | Self::Taken { .. }
            | Self::BelongsTo { .. }
            | Self::Exists { .. }
            | Self::IsDirectory { .. }
            | Self::OtherParameters { .. }
            | Self::CannotExtend { .. }
            | Self::Name { .. }
            | Self::NoJournal { .. }
            | Self::NotYet { .. }
            | Self::NotCommitted { .. } => 2,
            Self::DamagedJournal { .. }
            | Self::LostHeader { .. }
            | Self::ForeignJournal { .. }
            | Self::DoesNotMatch { .. }
            | Self::Gone { .. }
            | Self::LostRecord { .. }
            | Self::DamagedRecord { .. }
            | Self::DamagedSnapshot { .. }
            | Self::CannotRepair { .. } => 3,
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
}

fn or_unknown(free: Option<u64>) -> String {
    free.map_or_else(|| "an unknown number of bytes".to_owned(), bytes)
}

/// Advice on how to extend a cube, if the parameters differ only in the end of the run; empty otherwise.
fn longer(differences: &str, cube: &Path) -> String {
    let mut changes = differences.split(", ");
    if changes.all(|change| change.starts_with("runtime was ") || change.starts_with("until was "))
    {
        format!(
            ", where --extend {} begins with its snapshots",
            cube.display()
        )
    } else {
        String::new()
    }
}
