//! Functions of any Unix, which `linux.rs` and `portable.rs` share. `absent.rs` has them, too.

use memmap2::{Advice, Mmap, MmapMut};
use nix::{
    fcntl, libc,
    sys::{
        resource::{RLIM_INFINITY, Resource, getrlimit},
        statvfs::statvfs,
    },
    unistd::{SysconfVar, geteuid, sysconf},
};
use std::{
    ffi::OsStr,
    fs::{self, File, FileType, Metadata, OpenOptions, Permissions},
    io,
    ops::{Deref, DerefMut, Range},
    os::unix::{
        ffi::OsStrExt,
        fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::Path,
};

pub use super::guard::{guard, is_ignored, while_written};
pub use std::{os::unix::fs::FileExt, time::Instant};

/// Whether a process can start threads.
pub const HAS_THREADS: bool = true;

/// Whether the system limits the addresses of this process (`ulimit -v`). Then no thread can have a heap of its own, which the
/// allocator would try to map again and again.
#[must_use]
pub fn has_few_addresses() -> bool {
    address_limit().is_some()
}

/// The number of bytes to which the system limits the addresses of this process, if it does.
pub fn address_limit() -> Option<u64> {
    let (limit, _) = getrlimit(Resource::RLIMIT_AS).ok()?;
    (limit != RLIM_INFINITY).then_some(limit)
}

/// What the filesystem knows of a file.
///
/// # Errors
/// The error of the filesystem.
pub fn status(path: &Path) -> io::Result<Metadata> {
    fs::metadata(path)
}

/// Opens a file without waiting for the other end of a pipe.
///
/// # Errors
/// The error of the filesystem.
pub fn open_without_waiting(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.clone().custom_flags(libc::O_NONBLOCK).open(path)
}

/// Opens a file as [`open_without_waiting`] does, unless its name is a symbolic link.
///
/// # Errors
/// The error of the filesystem.
pub fn open_no_link(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    options.clone().custom_flags(flags).open(path)
}

/// Opens a file that, if it is created, this user alone may read and write.
///
/// # Errors
/// The error of the filesystem.
pub fn open_privately(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.clone().mode(0o600).open(path)
}

/// Lets reads and writes wait again of a file that was opened without waiting.
///
/// # Errors
/// If the system refuses it.
pub fn wait_from_now_on(file: &File) -> io::Result<()> {
    let flags = fcntl::OFlag::from_bits_retain(fcntl::fcntl(file, fcntl::FcntlArg::F_GETFL)?);
    let waiting = flags.difference(fcntl::OFlag::O_NONBLOCK);
    fcntl::fcntl(file, fcntl::FcntlArg::F_SETFL(waiting))?;
    Ok(())
}

/// The permissions of a file or a directory as bits, without those that let others run it as its owner.
#[must_use]
pub fn mode(file: &Metadata) -> u32 {
    file.mode() & 0o777
}

/// Gives a file or a directory permissions as bits.
///
/// # Errors
/// The error of the filesystem.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// The permissions of a file, without the bits that let others run it as its owner.
#[must_use]
pub fn permissions(file: &Metadata) -> Permissions {
    Permissions::from_mode(mode(file))
}

/// The words for a pipe or a socket; `None` for anything else.
#[must_use]
pub fn kind_of_special_file(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_fifo() => Some("a pipe"),
        kind if kind.is_socket() => Some("a socket"),
        _ => None,
    }
}

/// Whether a file belongs to the user of this process.
#[must_use]
pub fn is_of_this_user(file: &Metadata) -> bool {
    file.uid() == geteuid().as_raw()
}

/// Whether two files belong to the same user.
#[must_use]
pub fn are_of_one_owner(left: &Metadata, right: &Metadata) -> bool {
    left.uid() == right.uid()
}

/// The device and the number of a file, which no other file has at the same time.
#[must_use]
pub fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// The number of names of a file.
#[must_use]
pub fn link_count(file: &Metadata) -> u64 {
    file.nlink()
}

/// The first bytes of a name, at most `most` of them.
#[must_use]
pub fn beginning_of_name(name: &OsStr, most: usize) -> &OsStr {
    let bytes = name.as_bytes();
    OsStr::from_bytes(&bytes[..bytes.len().min(most)])
}

/// The number of bytes that the filesystem of `directory` has left for this user, if it reports them.
#[must_use]
pub fn free_space(directory: &Path) -> Option<u64> {
    let status = statvfs(directory).ok()?;
    #[allow(clippy::useless_conversion, reason = "narrower on other systems")]
    Some(u64::from(status.blocks_available()) * u64::from(status.fragment_size()))
}

/// Bytes of a page of memory.
#[must_use]
pub fn page_size() -> usize {
    let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok())
        .unwrap_or(4096)
}

/// Keeps the system from reading more of a map than the pages that are touched.
pub fn read_nothing_ahead(map: &Mmap) {
    let _ = map.advise(Advice::Random);
}

/// Asks the system to read the pages of a part of a map that are not in memory; has no effect if the system does not
/// support that.
pub fn begin_to_read(map: &Mmap, bytes: Range<usize>) {
    let _ = map.advise_range(Advice::WillNeed, bytes.start, bytes.len());
}

/// Zeroed bytes, aligned to a page: an anonymous map.
#[derive(Debug)]
pub struct Zeroed(MmapMut);

impl Zeroed {
    /// Allocates `len` zeros.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn new(len: usize) -> io::Result<Self> {
        MmapMut::map_anon(len).map(Self)
    }
}

impl Deref for Zeroed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Zeroed {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
