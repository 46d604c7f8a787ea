//! [`Writing`]: decides which files a command may overwrite.

use super::{
    error::{CubeError, refused},
    found::read_journal,
    paths::Paths,
    record_file,
};
use crate::params::Choice;
use diff2d_arrays::labels::beside;
use diff2d_sys::{self as sys, Destination};
use std::{
    ffi::OsStr,
    fs::{self, Metadata},
    io::Read,
    path::{Path, PathBuf},
};

/// The rules for a command that writes files under names chosen by the user. Every such name is [admitted](Self::admit)
/// before anything is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writing<'a> {
    /// The files that the command reads, and the other files that it writes.
    pub taken: &'a [PathBuf],
    /// Whether files of other programs may be replaced.
    pub force: bool,
    /// Decides from its first bytes whether a file is of the kind that the command writes. Such a file is replaced
    /// without `force`.
    pub is_own_kind: Option<fn(&[u8]) -> bool>,
    /// Whether the file is the table of a sweep, whose cube lies beside it.
    pub is_table: bool,
}

impl Writing<'_> {
    /// Refuses a file that may not be written: one that the command reads, a cube or a file that belongs to a cube, and
    /// an existing file that may not be replaced. Links are followed.
    ///
    /// # Errors
    /// [`CubeError`]; [`CubeError::Exists`] if the file may not be replaced, [`CubeError::Io`] if a link leads nowhere.
    pub fn admit(&self, path: &Path) -> Result<Destination, CubeError> {
        let destination = self.find(path)?;
        if destination.found().is_some_and(Metadata::is_dir) {
            let sentence = "is a directory: choose another name for the output";
            return Err(refused(path, sentence));
        }
        // A pipe or a device is written to.
        let is_replaceable = destination.found().is_none_or(|found| {
            !found.is_file()
                || self.force
                || self.is_own_kind.is_some_and(|kind| is_of_kind(path, kind))
        });
        if is_replaceable {
            Ok(destination)
        } else {
            Err(CubeError::Exists {
                path: path.to_owned(),
            })
        }
    }

    /// Resolves a name as [`admit`](Self::admit) does, but accepts an existing file.
    ///
    /// # Errors
    /// As `admit`, without [`CubeError::Exists`].
    pub fn find(&self, path: &Path) -> Result<Destination, CubeError> {
        let destination = Destination::examine(path).map_err(CubeError::io("create", path))?;
        let target = destination.path().to_owned();
        if self.taken.iter().any(|taken| is_same(taken, &target)) {
            return Err(CubeError::taken(path));
        }
        for name in [path, &target] {
            if let Ok(paths) = Paths::of_existing(name)
                && is_of_ours(&paths)?
            {
                let journal = paths.journal.display();
                return Err(refused(
                    path,
                    format_args!(
                        "is the name of a cube, of which {journal} is the journal: choose another name, or remove both first"
                    ),
                ));
            }
            if let Some(cube) = cube_beside(name, self.is_table)? {
                let cube = cube.display();
                return Err(refused(
                    path,
                    format_args!(
                        "is a name that belongs to the cube {cube}: choose another name for the output"
                    ),
                ));
            }
        }
        Ok(destination)
    }

    /// Admits the name of the labels file beside a new array. A labels file of this program is replaced.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    pub fn admit_labels(self, array: &Path) -> Result<Destination, CubeError> {
        let force = self.force || beside::is_ours(array);
        Self { force, ..self }.admit(&beside::path(array))
    }
}

/// Whether `kind` accepts the first bytes of a file.
pub(super) fn is_of_kind(path: &Path, kind: fn(&[u8]) -> bool) -> bool {
    /// The number of bytes at the beginning of a file that tell its kind.
    const BEGINNING: u64 = 4096;
    let mut bytes = Vec::new();
    let file = sys::open_to_read(path);
    file.and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes))
        .is_ok_and(|_| kind(&bytes))
}

/// Whether `bytes` contain `text`.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|some| some == text.as_bytes())
}

/// Whether two names stand for the same file, which may not exist yet.
fn is_same(one: &Path, other: &Path) -> bool {
    if let Some(are_one) = sys::are_one_file(one, other) {
        return are_one;
    }
    canonical_place(one).is_some_and(|place| Some(place) == canonical_place(other))
}

/// The name of a file that may not exist yet, with the links in its directory resolved.
fn canonical_place(path: &Path) -> Option<PathBuf> {
    let directory = fs::canonicalize(sys::directory_of(path)).ok()?;
    Some(directory.join(path.file_name()?))
}

/// The cube to which a file with this name belongs, or would belong if the array beside it became a cube.
fn cube_beside(path: &Path, is_table: bool) -> Result<Option<PathBuf>, CubeError> {
    /// The table of a sweep.
    const TABLE: &str = ".csv";
    const ENDINGS: [&str; 12] = [
        ".axes.json",
        ".journal",
        ".ckpt",
        ".ckpt.new",
        ".scratch",
        ".record.csv",
        ".record.json",
        ".mean.npy",
        ".min.npy",
        ".max.npy",
        ".time_of_max.npy",
        TABLE,
    ];
    let Some(name) = path.file_name().and_then(OsStr::to_str) else {
        return Ok(None);
    };
    let mut endings = ENDINGS.into_iter();
    let Some((stem, ending)) =
        endings.find_map(|ending| Some((name.strip_suffix(ending)?, ending)))
    else {
        return Ok(None);
    };
    let paths = Paths::of(&path.with_file_name(format!("{stem}.npy")))?;
    // Any array may have coordinates beside it.
    if ending.ends_with(".npy") {
        let mut fields = record_file::own_fields(&paths).into_iter();
        let is_field = fields.any(|field| ending == format!(".{}.npy", field.name()));
        return Ok(is_field.then_some(paths.cube));
    }
    if ending == TABLE {
        let journal = read_journal(&paths).ok().flatten();
        let header = journal.and_then(|journal| journal.header);
        let is_of_sweep = header.is_some_and(|header| header.is_sweep());
        return Ok((is_of_sweep && !is_table).then_some(paths.cube));
    }
    let belongs = is_of_ours(&paths)? || (ending != ".axes.json" && paths.cube.exists());
    Ok(belongs.then_some(paths.cube))
}

/// Whether the journal beside a cube was written by this program. A damaged one counts, because its cube may be
/// repaired.
fn is_of_ours(paths: &Paths) -> Result<bool, CubeError> {
    match read_journal(paths) {
        Ok(None) | Err(CubeError::ForeignJournal { .. }) => Ok(false),
        Err(CubeError::Io(error)) => Err(error.into()),
        _ => Ok(true),
    }
}
