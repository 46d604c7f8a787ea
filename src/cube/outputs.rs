//! [`Writing`]: what a command may write over.

use super::{error::CubeError, found::read_journal, paths::Paths, record_file};
use crate::params::Choice;
use diff2d_arrays::labels::beside;
use diff2d_sys::{self as sys, Destination};
use std::{
    ffi::OsStr,
    fs::{self, Metadata},
    io::Read,
    path::{Path, PathBuf},
};

/// What is known of a command that writes files under names that somebody chose. Every such name is
/// [admitted](Self::admit) before anything is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writing<'a> {
    /// The files that the command reads, and others that it writes.
    pub taken: &'a [PathBuf],
    /// Whether files of others may be replaced.
    pub force: bool,
    /// Tells by its first bytes whether a file is of the kind that is written, which is replaced in any case.
    pub is_own_kind: Option<fn(&[u8]) -> bool>,
}

impl Writing<'_> {
    /// Refuses the name of a file that may not be written: of one that the command reads, of one that is a cube or
    /// belongs to one, and of one that is there and may not be replaced. Links are followed.
    ///
    /// # Errors
    /// [`CubeError::Taken`], [`CubeError::IsCube`], [`CubeError::BelongsTo`], [`CubeError::IsDirectory`],
    /// [`CubeError::Exists`]; [`CubeError::Io`] when the name leads nowhere.
    pub fn admit(&self, path: &Path) -> Result<Destination, CubeError> {
        // A pipe or a device is written to.
        let is_replaceable = |found: &Metadata| {
            !found.is_file()
                || self.force
                || self.is_own_kind.is_some_and(|kind| is_of_kind(path, kind))
        };
        let to = self.find(path)?;
        if to.found().is_some_and(Metadata::is_dir) {
            return Err(CubeError::IsDirectory {
                path: path.to_owned(),
            });
        }
        match to.found().is_none_or(is_replaceable) {
            true => Ok(to),
            false => Err(CubeError::Exists {
                path: path.to_owned(),
            }),
        }
    }

    /// As [`admit`](Self::admit), but what has the name already is not judged.
    ///
    /// # Errors
    /// As `admit`, without [`CubeError::Exists`].
    pub fn find(&self, path: &Path) -> Result<Destination, CubeError> {
        let to = Destination::examine(path).map_err(CubeError::io("create", path))?;
        let end = to.path().to_owned();
        if self.taken.iter().any(|taken| is_same(taken, &end)) {
            return Err(CubeError::Taken {
                path: path.to_owned(),
            });
        }
        for name in [path, &end] {
            if let Ok(paths) = Paths::of_existing(name)
                && is_of_ours(&paths)?
            {
                return Err(CubeError::IsCube {
                    cube: path.to_owned(),
                    journal: paths.journal,
                });
            }
            if let Some(cube) = cube_beside(name)? {
                let path = path.to_owned();
                return Err(CubeError::BelongsTo { path, cube });
            }
        }
        Ok(to)
    }

    /// Admits the name of what stands beside a new array, which replaces what this program has written there.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    pub fn admit_labels(self, array: &Path) -> Result<Destination, CubeError> {
        let force = self.force || beside::is_ours(array);
        Self { force, ..self }.admit(&beside::path(array))
    }
}

/// Whether the first bytes of a file are those of a kind.
pub(super) fn is_of_kind(path: &Path, kind: fn(&[u8]) -> bool) -> bool {
    /// So many bytes tell the kind of a file.
    const BEGINNING: u64 = 4096;
    let mut bytes = Vec::new();
    let file = sys::open_to_read(path);
    file.and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes))
        .is_ok_and(|_| kind(&bytes))
}

/// Whether bytes hold a text.
#[must_use]
pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|some| some == text.as_bytes())
}

/// Whether two names stand for the same file, or for one that is to be.
fn is_same(one: &Path, other: &Path) -> bool {
    if let Some(are_one) = sys::are_one_file(one, other) {
        return are_one;
    }
    let place = |path: &Path| {
        let directory = fs::canonicalize(sys::directory_of(path)).ok()?;
        Some(directory.join(path.file_name()?))
    };
    place(one).is_some_and(|one| Some(one) == place(other))
}

/// The cube to which a file of this name belongs, or would if the array beside it became one.
fn cube_beside(path: &Path) -> Result<Option<PathBuf>, CubeError> {
    const ENDINGS: [&str; 11] = [
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
    ];
    let Some(name) = path.file_name().and_then(OsStr::to_str) else {
        return Ok(None);
    };
    let stem = |ending: &'static str| Some((name.strip_suffix(ending)?, ending));
    let Some((stem, ending)) = ENDINGS.into_iter().find_map(stem) else {
        return Ok(None);
    };
    let paths = Paths::of(&path.with_file_name(format!("{stem}.npy")))?;
    // Any array may have coordinates beside it.
    if ending.ends_with(".npy") {
        let mut fields = record_file::own_fields(&paths).into_iter();
        let is_field = fields.any(|field| ending == format!(".{}.npy", field.name()));
        return Ok(is_field.then_some(paths.cube));
    }
    let belongs = is_of_ours(&paths)? || (ending != ".axes.json" && paths.cube.exists());
    Ok(belongs.then_some(paths.cube))
}

/// Whether the journal beside a cube is one of ours. A damaged one is; its cube may be repaired.
fn is_of_ours(paths: &Paths) -> Result<bool, CubeError> {
    match read_journal(paths) {
        Ok(None) | Err(CubeError::ForeignJournal { .. }) => Ok(false),
        Err(CubeError::Io(error)) => Err(error.into()),
        _ => Ok(true),
    }
}
