//! Free space, identity and durable names of files.

use nix::sys::statvfs::statvfs;
use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Bytes that the filesystem of `directory` has left for us, where it tells.
#[must_use]
pub fn free_space(directory: &Path) -> Option<u64> {
    let status = statvfs(directory).ok()?;
    #[allow(clippy::useless_conversion, reason = "narrower on other systems")]
    Some(u64::from(status.blocks_available()) * u64::from(status.fragment_size()))
}

/// Whether both are the same file, under whatever names.
#[must_use]
pub fn same_file(one: &File, other: &File) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Whether `file` is still what `path` names: another process may have removed or replaced it since.
#[must_use]
pub fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// What has become of a file under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is where it was, or the system does not tell.
    Stays,
    /// It has no name any more, and is gone once it is closed.
    Deleted,
    /// It has another name.
    Moved,
}

/// What has become of `file`, which was opened as `path`; what bears that name now counts as another.
#[must_use]
pub fn fate(file: &File, path: &Path) -> Fate {
    let Ok(held) = file.metadata() else {
        return Fate::Stays;
    };
    let has_its_name = match fs::metadata(path) {
        Ok(named) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    match (has_its_name, held.nlink()) {
        (true, _) => Fate::Stays,
        (false, 0) => Fate::Deleted,
        (false, _) => Fate::Moved,
    }
}

/// Makes the names in a directory durable.
///
/// # Errors
/// Of the filesystem.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Creates a directory and its missing parents, and makes their names durable.
///
/// The name of `directory` itself is synced even if it exists: the process that created it may have
/// been killed before its sync.
///
/// # Errors
/// Of the filesystem. A parent that may not be read is not synced: this process did not create it.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    let missing = directory
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .count();
    fs::create_dir_all(directory)?;
    for path in directory.ancestors().take(missing.max(1)) {
        let parent = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => continue,
        };
        match sync_directory(parent) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}
