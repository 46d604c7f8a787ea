//! Opens regular files; reports free space, identity and durable names of files.

use super::system::{
    are_of_one_owner, identity, is_of_this_user, kind_of_special_file, link_count, open_no_link,
    open_without_waiting, permissions, status,
};
use std::{
    fs::{self, File, FileType, Metadata, OpenOptions},
    io,
    path::Path,
};

/// The error of the filesystem; for anything other than a file, an error whose text says what the path is.
///
/// # Errors
/// The error of the filesystem; for anything other than a file, a sentence on what it is.
pub fn open_file(options: &OpenOptions, path: &Path) -> io::Result<File> {
    // Looked at before it is opened, since opening a device can have effects.
    is_file(status(path)?.file_type())?;
    let file = open_without_waiting(options, path)?;
    is_file(file.metadata()?.file_type())?;
    Ok(file)
}

/// Opens a file to read, with the refusals of [`open_file`].
///
/// # Errors
/// As [`open_file`].
pub fn open_to_read(path: &Path) -> io::Result<File> {
    open_file(OpenOptions::new().read(true), path)
}

/// The error of the filesystem; for a pipe or a socket, an error whose text says what the path is.
///
/// # Errors
/// The error of the filesystem; for a pipe or a socket, a sentence on what it is.
pub fn open_stream(path: &Path) -> io::Result<File> {
    let kind = status(path)?.file_type();
    let is_given = ["/dev", "/proc"]
        .iter()
        .any(|given| path.starts_with(given));
    if kind_of_special_file(kind) == Some("a pipe") && !is_given {
        is_file(kind)?;
    }
    File::open(path)
}

/// Opens a file as [`open_file`] does, if it belongs to this user or to the owner of `beside`, and is not a link: in a
/// directory that others may write to, a link could lead anywhere.
///
/// # Errors
/// As [`open_file`]; for another user's file, a sentence that says so.
pub fn open_own(options: &OpenOptions, path: &Path, beside: &Path) -> io::Result<File> {
    is_file(fs::symlink_metadata(path)?.file_type())?;
    let file = open_no_link(options, path)?;
    let status = file.metadata()?;
    is_file(status.file_type())?;
    let is_own = is_of_this_user(&status)
        || fs::metadata(beside).is_ok_and(|beside| are_of_one_owner(&beside, &status));
    if is_own {
        Ok(file)
    } else {
        Err(io::Error::other("it belongs to another user"))
    }
}

/// Gives a file the permissions of another, without the bits that let others run it as its owner.
///
/// # Errors
/// The error of the filesystem.
pub fn copy_permissions(from: &Metadata, to: &File) -> io::Result<()> {
    to.set_permissions(permissions(from))
}

/// Renames a file to an unused name, through a second hard link. Directories, and files of filesystems without hard
/// links, are renamed after a check of the name: a rename never replaces a directory that is not empty.
///
/// # Errors
/// As [`rename_new`](super::system::rename_new).
#[cfg_attr(not(unix), expect(dead_code, reason = "there are no files"))]
pub(super) fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// An error whose text says what the path is instead.
///
/// # Errors
/// A sentence on what it is instead.
pub fn is_file(kind: FileType) -> io::Result<()> {
    let kind_name = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        kind if kind.is_symlink() => "a symbolic link",
        kind => kind_of_special_file(kind).unwrap_or("a device"),
    };
    Err(io::Error::other(format!("it is {kind_name} and no file")))
}

/// Refuses a symbolic link to a missing file.
///
/// # Errors
/// A sentence that says so.
pub fn leads_somewhere(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(status) if status.is_symlink() && !path.exists() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "it is a symbolic link to a file that is not there",
        )),
        _ => Ok(()),
    }
}

/// Whether two open files are the same file, even under different names.
#[must_use]
pub fn same_file(left: &File, right: &File) -> bool {
    matches!((left.metadata(), right.metadata()), (Ok(left), Ok(right)) if are_same(&left, &right))
}

fn are_same(left: &Metadata, right: &Metadata) -> bool {
    identity(left) == identity(right)
}

/// Whether two names refer to the same file; `None` if one of them does not exist.
#[must_use]
pub fn are_one_file(left: &Path, right: &Path) -> Option<bool> {
    Some(are_same(
        &fs::metadata(left).ok()?,
        &fs::metadata(right).ok()?,
    ))
}

/// Whether `path` still refers to `file`: another process may have removed or replaced it since.
#[must_use]
pub fn is_still_at(file: &File, path: &Path) -> bool {
    matches!((file.metadata(), fs::metadata(path)), (Ok(open), Ok(named)) if are_same(&open, &named))
}

/// Whether a file has other names: its own is a symbolic link, or one of several hard links.
///
/// # Errors
/// The error of the filesystem.
pub fn has_other_names(path: &Path) -> io::Result<bool> {
    let status = fs::symlink_metadata(path)?;
    Ok(status.is_symlink() || link_count(&status) > 1)
}

/// The fate of an open file under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The file still has its name, or the system does not report it.
    Stays,
    /// The file no longer has a name, and is gone once it is closed.
    Deleted,
    /// The file has another name.
    Moved,
}

/// The fate of `file`, which was opened as `path`. It does not matter whether another file has the name now.
#[must_use]
pub fn fate(file: &File, path: &Path) -> Fate {
    let Ok(status) = file.metadata() else {
        return Fate::Stays;
    };
    let has_its_name = match fs::metadata(path) {
        Ok(named) => are_same(&status, &named),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    match (has_its_name, link_count(&status)) {
        (true, _) => Fate::Stays,
        (false, 0) => Fate::Deleted,
        (false, _) => Fate::Moved,
    }
}

/// Makes the names in a directory durable.
///
/// # Errors
/// The error of the filesystem.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Creates a directory, unless it exists, and makes its name durable. Its parent must exist: otherwise the mount point
/// of a filesystem that is not mounted could be created and filled.
///
/// The name is synced even if the directory exists: the process that created it may have been killed
/// before its sync.
///
/// # Errors
/// The error of the filesystem.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => created?,
    }
    enter_directory(directory)
}

/// Refuses a missing directory; makes the name of an existing one durable.
///
/// # Errors
/// The error of the filesystem. A parent that may not be read is not synced: this process did not create the name.
pub fn enter_directory(directory: &Path) -> io::Result<()> {
    if !fs::metadata(directory)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let parent = match directory.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    match sync_directory(parent) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// The directory in which a file lies.
#[must_use]
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The sorted names in a directory.
#[cfg(test)]
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
