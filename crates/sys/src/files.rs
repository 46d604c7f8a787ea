//! Opening files that are files; their free space, identity and durable names.

use nix::{libc, sys::statvfs::statvfs, unistd::geteuid};
use std::{
    fs::{self, File, FileType, Metadata, OpenOptions, Permissions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Opens a file that is there. A directory, a pipe, a socket or a device is an error, and never waited
/// for.
///
/// # Errors
/// Of the filesystem; of what is no file, with what it is.
pub fn open_file(options: &OpenOptions, path: &Path) -> io::Result<File> {
    // Looked at before it is opened, since opening a device can have effects.
    is_file(fs::metadata(path)?.file_type())?;
    let file = options.clone().custom_flags(libc::O_NONBLOCK).open(path)?;
    is_file(file.metadata()?.file_type())?;
    Ok(file)
}

/// As [`open_file`], to read.
///
/// # Errors
/// As [`open_file`].
pub fn open_to_read(path: &Path) -> io::Result<File> {
    open_file(OpenOptions::new().read(true), path)
}

/// Opens what is read once from its beginning: a file, a device, or a pipe that this process was given
/// (`/dev/stdin`, `/dev/fd/63`). Another pipe is an error: opening it waits for whoever writes, if
/// anybody does.
///
/// # Errors
/// Of the filesystem; of a pipe or a socket, what it is.
pub fn open_stream(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    let is_given = ["/dev", "/proc"]
        .iter()
        .any(|given| path.starts_with(given));
    if kind.is_fifo() && !is_given {
        is_file(kind)?;
    }
    File::open(path)
}

/// As [`open_file`], a file that belongs to this user or to that of `beside`, and bears the name itself: in a directory
/// that others may write to, a link could lead anywhere.
///
/// # Errors
/// As [`open_file`]; of another user's file, with that.
pub fn open_own(options: &OpenOptions, path: &Path, beside: &Path) -> io::Result<File> {
    is_file(fs::symlink_metadata(path)?.file_type())?;
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = options.clone().custom_flags(flags).open(path)?;
    let status = file.metadata()?;
    is_file(status.file_type())?;
    let is_own = status.uid() == geteuid().as_raw()
        || fs::metadata(beside).is_ok_and(|beside| beside.uid() == status.uid());
    match is_own {
        true => Ok(file),
        false => Err(io::Error::other("it belongs to another user")),
    }
}

/// Gives a file the permissions of another, without the bits that let others run it as its owner.
///
/// # Errors
/// Of the filesystem.
pub fn copy_permissions(from: &Metadata, to: &File) -> io::Result<()> {
    to.set_permissions(Permissions::from_mode(from.mode() & 0o777))
}

/// Gives a file another name, which nothing has, by a second name for it. Where files have one name only, and for
/// directories, a look before is all that can be: a directory that is not empty is not replaced by any rename.
///
/// # Errors
/// As [`rename_new`](super::system::rename_new).
pub(super) fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Whether something of this type is a file.
///
/// # Errors
/// What it is instead.
pub fn is_file(kind: FileType) -> io::Result<()> {
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_fifo() => "a pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(io::Error::other(format!("it is {what} and no file")))
}

/// Refuses a symbolic link to a file that is not there.
///
/// # Errors
/// What it is.
pub fn leads_somewhere(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(status) if status.is_symlink() && !path.exists() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "it is a symbolic link to a file that is not there",
        )),
        _ => Ok(()),
    }
}

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
    matches!((one.metadata(), other.metadata()), (Ok(one), Ok(other)) if are_same(&one, &other))
}

fn are_same(one: &Metadata, other: &Metadata) -> bool {
    identity(one) == identity(other)
}

/// Whether both names are of the same file, if both are of one.
#[must_use]
pub fn are_one_file(one: &Path, other: &Path) -> Option<bool> {
    Some(are_same(
        &fs::metadata(one).ok()?,
        &fs::metadata(other).ok()?,
    ))
}

/// Whether `file` is still what `path` names: another process may have removed or replaced it since.
#[must_use]
pub fn is_still_at(file: &File, path: &Path) -> bool {
    matches!((file.metadata(), fs::metadata(path)), (Ok(held), Ok(named)) if are_same(&held, &named))
}

/// What tells a file from all others that there are at the same time.
#[must_use]
pub fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Whether a file is known under other names: its own is a symbolic link, or one of several hard links.
///
/// # Errors
/// Those of the filesystem.
pub fn has_other_names(path: &Path) -> io::Result<bool> {
    let status = fs::symlink_metadata(path)?;
    Ok(status.is_symlink() || status.nlink() > 1)
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
        Ok(named) => are_same(&held, &named),
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

/// Creates a directory, if it is not there, and makes its name durable. Its parent must be there: a
/// filesystem that is not mounted is not to be filled under its name.
///
/// The name is synced even if the directory exists: the process that created it may have been killed
/// before its sync.
///
/// # Errors
/// Of the filesystem.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => created?,
    }
    enter_directory(directory)
}

/// Refuses a directory that is not there, and makes the name of one that is durable.
///
/// # Errors
/// Of the filesystem. A parent that may not be read is not synced: this process did not create the name.
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

/// The names in a directory, in their order.
#[cfg(test)]
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
