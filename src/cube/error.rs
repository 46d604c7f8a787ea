//! What can go wrong with the files of a run.

use super::journal::{FORMAT, Slot};
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::wording::bytes;
use diff2d_sys::FileError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// What is wrong with a cube, its journal or another array file.
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
        /// Bytes it needs.
        needed: u64,
        /// Bytes that its journal needs.
        beside: u64,
        /// Bytes there are, where the filesystem tells.
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
    /// The filesystem cannot lock some scenarios.
    #[error("{} cannot be locked for some scenarios alone ({source}): leave --scenarios out and compute all of them in one process", journal.display())]
    NoParts {
        /// The journal.
        journal: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What several machines write into one page of a file is not kept apart.
    #[error("on the filesystem of {} machines lose what others write beside it: start all processes on one machine and say so with --io write, or leave --scenarios out", cube.display())]
    Incoherent {
        /// The cube.
        cube: PathBuf,
    },
    /// The filesystem cannot lock.
    #[error("{} cannot be locked ({source}); if you are sure that no other run writes it, add --no-lock", journal.display())]
    NoLocks {
        /// The journal.
        journal: PathBuf,
        /// What the system said.
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
        /// Snapshots that are whole.
        committed: u64,
        /// Snapshots it is to hold.
        total: u64,
    },
    /// The run was stopped while it created the output.
    #[error("{} was being created when its run was stopped and holds nothing yet: --resume starts it over", cube.display())]
    Unborn {
        /// The cube, which may or may not exist.
        cube: PathBuf,
    },
    /// A file of that name exists, without a journal.
    #[error("{} exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o", cube.display())]
    Foreign {
        /// The file.
        cube: PathBuf,
    },
    /// A file that a run is to write between its snapshots bears the name already, and is not of a run.
    #[error("a run keeps its state between snapshots in {}, and {reason}: move it away, or write elsewhere with -o", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is.
        reason: String,
    },
    /// A file that a run is to write its record to bears the name already, and is not of a run.
    #[error("a run writes its record to {}, which is not of a run: move it away, or write elsewhere with -o", path.display())]
    ForeignRecord {
        /// The file.
        path: PathBuf,
    },
    /// The record of a run that is to go on is not there, or is another one.
    #[error("{} {reason}, so the record cannot go on: restore it, or start over with --force", path.display())]
    LostRecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A record that is to be read is not as its run wrote it.
    #[error("{} {reason}, so it is not the record that its run wrote: bring it back from a copy, or compute it again with --force", path.display())]
    DamagedRecord {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The cube has been replaced by another array.
    #[error("{} is another array than the cube that {} describes: move them away, or write elsewhere with -o", cube.display(), journal.display())]
    Replaced {
        /// The array.
        cube: PathBuf,
        /// The journal of the cube that was there.
        journal: PathBuf,
    },
    /// The journal has other names, under which it would be emptied as well.
    #[error("{} has another name, as a link or in a backup made of links, where it would be emptied as well: remove this name and that of its cube, or write elsewhere with -o", journal.display())]
    Shared {
        /// The journal.
        journal: PathBuf,
    },
    /// A new array is to have the name of a cube.
    #[error("{} is the name of a cube, of which {} is the journal: choose another name, or remove both first", cube.display(), journal.display())]
    IsCube {
        /// The name.
        cube: PathBuf,
        /// The journal.
        journal: PathBuf,
    },
    /// A new file is to have the name of one that the command uses otherwise.
    #[error("{} is read by this command, or written for another purpose: choose another name for the output", path.display())]
    Taken {
        /// The name.
        path: PathBuf,
    },
    /// A new file is to have the name of one that belongs to a cube.
    #[error("{} is a name that belongs to the cube {}: choose another for the output", path.display(), cube.display())]
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
    /// What is there under the name of a new file is not to be replaced.
    #[error("{} exists already: --force replaces it, or choose another name", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// Resume with other parameters.
    #[error("{} was begun with other parameters: {differences}; run with the old ones, or write elsewhere with -o{}", cube.display(), longer(differences, cube))]
    OtherParameters {
        /// The cube.
        cube: PathBuf,
        /// `D was 1.0 and is 2.0, …`
        differences: String,
    },
    /// A run to extend has other parameters.
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
    /// Line 1 of the journal is bad, and its check sum or a record proves that the journal is ours.
    #[error("line 1 of {} {reason}, so nothing can be said of {}: --force starts the run over", journal.display(), cube.display())]
    LostHeader {
        /// The journal.
        journal: PathBuf,
        /// The cube.
        cube: PathBuf,
        /// What is wrong with the line.
        reason: String,
    },
    /// Line 1 of the journal is bad, and nothing proves that the journal is ours.
    #[error("line 1 of {} is damaged, or the file was not written by a run of diff2d, so nothing can be said of {}: move both away, or write elsewhere with -o", journal.display(), cube.display())]
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
        /// Its format.
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
        /// Its format.
        format: u64,
    },
    /// A file of the run was deleted, moved or replaced while the run wrote it.
    #[error("{} was {what} while the run wrote it: {kept}", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What happened to it.
        what: &'static str,
        /// What is left, and the way out.
        kept: String,
    },
    /// The cube was started over while it was read.
    #[error("{} was started over by another run while it was read: read it again", cube.display())]
    StartedOver {
        /// The cube.
        cube: PathBuf,
    },
    /// The journal is there and its cube is not.
    #[error("{} lists {committed} of {total} snapshots of {}, which is gone: move it back to its place, or start the run over with --force", journal.display(), cube.display())]
    Gone {
        /// The cube that is not there.
        cube: PathBuf,
        /// Its journal.
        journal: PathBuf,
        /// Snapshots that the journal lists.
        committed: u64,
        /// Snapshots that the cube is to hold.
        total: u64,
    },
    /// The cube is not the one that its journal describes.
    #[error("{} does not match its journal: {reason}", cube.display())]
    DoesNotMatch {
        /// The cube.
        cube: PathBuf,
        /// In what, and the way out.
        reason: String,
    },
    /// A committed snapshot has another digest than its record.
    #[error("{snapshot} of {} is damaged (its digest differs from the journal's): `diff2d repair {}` recomputes it", cube.display(), cube.display())]
    DamagedSnapshot {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: Slot,
    },
    /// A cube without a journal.
    #[error("{} has no journal beside it, so nothing is known of what it should hold", cube.display())]
    NoJournal {
        /// The cube.
        cube: PathBuf,
    },
    /// A snapshot that is not in the journal.
    #[error("{snapshot} of {} is not committed", cube.display())]
    NotCommitted {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: Slot,
    },
    /// A recomputed snapshot has another digest than its record.
    #[error("{snapshot} of {} cannot be repaired: recomputed from the snapshot before it, it has another digest than the journal's; --force starts the run over", cube.display())]
    CannotRepair {
        /// The cube.
        cube: PathBuf,
        /// The snapshot.
        snapshot: Slot,
    },
    /// An array file that cannot be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// A name of an output that does not end in `.npy`.
    #[error("the output {} must have a name that ends in .npy", path.display())]
    Name {
        /// The name.
        path: PathBuf,
    },
}

impl CubeError {
    /// An error of the filesystem, for `map_err`.
    pub fn io<P: Into<PathBuf>>(
        action: &'static str,
        path: P,
    ) -> impl FnOnce(io::Error) -> Self + use<P> {
        let error = FileError::of(action, path);
        move |source| Self::Io(error(source))
    }

    /// The error of a cube that is no longer of the run of which it was.
    pub(super) fn started_over(cube: &Path) -> Self {
        Self::StartedOver {
            cube: cube.to_owned(),
        }
    }
}

fn or_unknown(free: Option<u64>) -> String {
    free.map_or_else(|| "an unknown number of bytes".to_owned(), bytes)
}

/// What makes a longer run of a cube, where nothing but its end differs.
fn longer(differences: &str, cube: &Path) -> String {
    let is_end = |one: &str| one.starts_with("runtime was ") || one.starts_with("until was ");
    match differences.split(", ").all(is_end) {
        true => format!(
            ", where --extend {} begins with its snapshots",
            cube.display()
        ),
        false => String::new(),
    }
}
