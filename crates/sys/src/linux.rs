//! Functions of Linux beyond the standard library. `portable.rs` has the same functions.
#![allow(unsafe_code)]

use super::{
    caches::{Caches, parse_size},
    files::rename_by_link,
    reservation::{Reservation, write_zeros},
    unix::{address_limit, page_size},
};
use memmap2::Mmap;
use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, FcntlArg, PosixFadviseAdvice, fallocate, fcntl, posix_fadvise},
    libc,
    sys::statfs::{self, fstatfs},
};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader},
    ops::Range,
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

const WHOLE_FILE: libc::flock = libc::flock {
    l_type: libc::F_WRLCK as libc::c_short,
    l_whence: libc::SEEK_SET as libc::c_short,
    l_start: 0,
    l_len: 0,
    l_pid: 0,
};

/// Locks a file, without waiting. It is an open-file-description lock, which the kernel releases when its holder ends.
///
/// # Errors
/// [`TryLockError::WouldBlock`] if another process holds the lock, [`TryLockError::Error`] if the filesystem has no
/// locks.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&WHOLE_FILE)) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(TryLockError::WouldBlock),
        Err(errno) => Err(TryLockError::Error(answered(errno))),
    }
}

/// Locks a range of bytes, which may lie beyond the file, without waiting. Others may lock other ranges.
///
/// # Errors
/// As [`try_lock`].
pub fn try_lock_range(file: &File, range: Range<u64>) -> Result<(), TryLockError> {
    match fcntl(file, FcntlArg::F_OFD_SETLK(&lock_of(libc::F_WRLCK, range))) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(TryLockError::WouldBlock),
        Err(errno) => Err(TryLockError::Error(answered(errno))),
    }
}

/// Locks a range of bytes, and waits for the present holder of the lock.
///
/// # Errors
/// The error of a filesystem without locks.
pub fn lock_range(file: &File, range: Range<u64>) -> io::Result<()> {
    let lock = lock_of(libc::F_WRLCK, range);
    loop {
        match fcntl(file, FcntlArg::F_OFD_SETLKW(&lock)) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(answered(errno)),
        }
    }
}

/// Unlocks a range of bytes.
pub fn unlock_range(file: &File, range: Range<u64>) {
    // An error means that there are no locks.
    let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&lock_of(libc::F_UNLCK, range)));
}

fn lock_of(kind: libc::c_int, range: Range<u64>) -> libc::flock {
    let start = to_offset(range.start);
    libc::flock {
        l_type: kind as libc::c_short,
        l_start: start,
        l_len: to_offset(range.end) - start,
        ..WHOLE_FILE
    }
}

fn to_offset(byte: u64) -> libc::off_t {
    libc::off_t::try_from(byte).unwrap_or(libc::off_t::MAX)
}

/// The last error of the system. Numbers without a name, such as 524 of NFS, are kept.
fn answered(errno: Errno) -> io::Error {
    match errno {
        Errno::UnknownErrno => io::Error::last_os_error(),
        errno => errno.into(),
    }
}

/// Unlocks a file, if this process has locked it.
pub fn unlock(file: &File) {
    let unlocked = libc::flock {
        l_type: libc::F_UNLCK as libc::c_short,
        ..WHOLE_FILE
    };
    // An error means that there are no locks.
    let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&unlocked));
}

/// Whether another process holds the lock on a file, as far as the filesystem reports it.
#[must_use]
pub fn is_locked(file: &File) -> bool {
    let mut answer = WHOLE_FILE;
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut answer)).is_ok()
        && answer.l_type != libc::F_UNLCK as libc::c_short
}

/// Makes `file` `len` bytes long and reserves its blocks, with zeros where nothing was written: under a writable map, a
/// sparse file on a full disk would end the process in the middle of a step.
///
/// # Errors
/// The error of the filesystem, such as no space, a quota, or a limit of the file size.
pub fn reserve(file: &File, len: u64) -> io::Result<Reservation> {
    match allocate(file, FallocateFlags::empty(), len) {
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::UnknownErrno) => write_zeros(file, len),
        result => Ok(result.map(|()| Reservation::Reserved)?),
    }
}

/// Reserves blocks up to byte `len` without making `file` longer; has no effect if the filesystem does not support
/// that.
///
/// # Errors
/// If there is no space.
pub fn reserve_ahead(file: &File, len: u64) -> io::Result<()> {
    match allocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, len) {
        Err(Errno::ENOSPC) => Err(Errno::ENOSPC.into()),
        _ => Ok(()),
    }
}

/// Calls fallocate(2) itself: glibc's emulation would write to blocks that the filesystem may lose again.
fn allocate(file: &File, flags: FallocateFlags, len: u64) -> Result<(), Errno> {
    let len = i64::try_from(len).map_err(|_| Errno::EFBIG)?;
    loop {
        match fallocate(file, flags, 0, len) {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Exchanges two names of one filesystem atomically.
///
/// # Errors
/// The error of a system or a filesystem that does not support that.
pub fn exchange(left: &Path, right: &Path) -> io::Result<()> {
    #[cfg(target_env = "gnu")]
    {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        let exchange = RenameFlags::RENAME_EXCHANGE;
        Ok(renameat2(AT_FDCWD, left, AT_FDCWD, right, exchange)?)
    }
    #[cfg(not(target_env = "gnu"))]
    {
        let _ = (left, right);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Renames a file or a directory to an unused name.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the name is used; other errors of the filesystem.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_env = "gnu")]
    {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
            // The system or the filesystem cannot.
            Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {}
            renamed => return Ok(renamed?),
        }
    }
    rename_by_link(from, to)
}

/// Whether every host immediately sees what another one writes to this file; on NFS and SMB hosts cache pages without
/// notifying each other.
#[must_use]
pub fn is_coherent_between_hosts(file: &File) -> bool {
    const KINDS: [statfs::FsType; 2] = [statfs::NFS_SUPER_MAGIC, statfs::SMB_SUPER_MAGIC];
    /// The numbers of cifs and of its second version.
    const CIFS: [i64; 2] = [0xFF53_4D42, 0xFE53_4D42];
    !fstatfs(file).is_ok_and(|status| {
        let kind = status.filesystem_type();
        #[allow(clippy::useless_conversion, reason = "narrower on some processors")]
        let number = i64::from(kind.0) & 0xFFFF_FFFF;
        KINDS.contains(&kind) || CIFS.contains(&number)
    })
}

/// Opens a file for direct reads, which bypass the page cache, at multiples of
/// [`DIRECT_ALIGNMENT`](super::DIRECT_ALIGNMENT); `None` if that is not possible.
#[must_use]
pub fn open_direct(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_DIRECT);
    options.open(path).ok()
}

/// Opens a file for direct writes, like [`open_direct`].
#[must_use]
pub fn open_direct_to_write(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(libc::O_DIRECT);
    options.open(path).ok()
}

/// Makes the allocator return large pieces of freed memory to the system, now and from now on. Otherwise it would keep
/// them beyond a memory limit.
pub fn give_back_memory() {
    /// The size above which pieces are maps of their own; by default it grows with the freed memory.
    #[cfg(target_env = "gnu")]
    const LARGE: libc::c_int = 128 << 10;
    // The memory of other threads is given back except for the end of each of their heaps.
    // SAFETY: the calls set numbers in the allocator, and give back free memory, which any thread may do at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::malloc_trim(0);
    }
}

/// A path under which an open file can be opened again, even if it has no name.
#[must_use]
pub fn path_of(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Reads as much from byte `start` on as the page cache holds without a gap, and returns the number of bytes.
#[must_use]
pub fn read_cached(file: &File, start: u64, bytes: &mut [u8]) -> usize {
    let mut total = 0;
    while total < bytes.len() {
        let remaining = &mut bytes[total..];
        let Ok(offset) = libc::off64_t::try_from(start + total as u64) else {
            break;
        };
        let buffer = libc::iovec {
            iov_base: remaining.as_mut_ptr().cast(),
            iov_len: remaining.len(),
        };
        // SAFETY: `buffer` is one buffer, borrowed for the call and exclusively.
        let read = unsafe {
            libc::preadv2(
                file.as_raw_fd(),
                &raw const buffer,
                1,
                offset,
                libc::RWF_NOWAIT,
            )
        };
        match usize::try_from(read) {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(_) if Errno::last() == Errno::EINTR => {}
            // Such a filesystem refuses to say, although it has nothing but the cache.
            Err(_) if Errno::last() == Errno::EOPNOTSUPP && is_in_memory(file) => {
                match file.read_at(remaining, start + total as u64) {
                    Ok(count @ 1..) => total += count,
                    _ => break,
                }
            }
            Err(_) => break,
        }
    }
    total
}

/// Whether a file is on a filesystem in memory, without a disk.
fn is_in_memory(file: &File) -> bool {
    fstatfs(file).is_ok_and(|status| status.filesystem_type() == statfs::TMPFS_MAGIC)
}

/// Tells the system that a range will not be read again soon: it starts to write unwritten data, and drops the rest
/// from the page cache. Has no effect if the system does not support that.
pub fn drop_cached(file: &File, range: Range<u64>) {
    if let (Ok(start), Ok(len)) = (
        i64::try_from(range.start),
        i64::try_from(range.end - range.start),
    ) {
        let _ = posix_fadvise(file, start, len, PosixFadviseAdvice::POSIX_FADV_DONTNEED);
    }
}

/// Tells the system that reads will be small and far apart, so that it reads nothing ahead; has no effect if the system
/// does not support that.
pub fn expect_random_reads(file: &File) {
    let _ = posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM);
}

/// Which pages of a map are in memory, from its first page on; `None` if the system does not report it.
#[must_use]
pub fn resident_pages(map: &Mmap) -> Option<Vec<bool>> {
    let page = page_size();
    let offset_in_page = map.as_ptr().addr() % page;
    let mut pages = vec![0_u8; (offset_in_page + map.len()).div_ceil(page)];
    // SAFETY: the address is the page on which the map begins, the length that of the map, and the
    // vector has a byte for every page of it.
    let answer = unsafe {
        libc::mincore(
            map.as_ptr().sub(offset_in_page).cast_mut().cast(),
            offset_in_page + map.len(),
            pages.as_mut_ptr(),
        )
    };
    (answer == 0).then(|| pages.into_iter().map(|page| page & 1 == 1).collect())
}

/// Requests huge pages for the whole pages of some memory before it is first written, or no huge pages: 2 GiB then need
/// a thousand address translations instead of half a million. The system may ignore the request.
pub fn advise_huge_pages(memory: *mut u8, len: usize, are_wanted: bool) {
    let page = page_size();
    let start = memory.addr().next_multiple_of(page);
    let pages_end = (memory.addr() + len) / page * page;
    if start < pages_end {
        // SAFETY: advice on how pages are mapped; it does not change what they hold, nor whether they
        // can be accessed. Failure is harmless.
        unsafe {
            libc::madvise(
                memory.with_addr(start).cast(),
                pages_end - start,
                if are_wanted {
                    libc::MADV_HUGEPAGE
                } else {
                    libc::MADV_NOHUGEPAGE
                },
            );
        }
    }
}

/// The number of bytes of memory that a process may still take, if the system reports it: the free memory of the
/// machine, the rest of the limit of its control group, or the rest of its addresses.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let machine = field_of("/proc/meminfo", "MemAvailable:").map(|kibibytes| kibibytes * 1024);
    [machine, control_group_left(), addresses_left()]
        .into_iter()
        .flatten()
        .min()
}

/// The number of bytes for which the system still gives this process addresses, if it limits them.
fn addresses_left() -> Option<u64> {
    let limit = address_limit()?;
    let used = field_of("/proc/self/status", "VmSize:")? * 1024;
    Some(limit.saturating_sub(used))
}

/// The number of bytes left by the limits of the control groups.
fn control_group_left() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    left_in_groups(&groups, Path::new("/sys/fs/cgroup"))
}

/// The number of bytes left by the limits of this process's control groups, of version 1 or 2 and mounted at `root`,
/// and of all groups above them: Slurm limits a group above that of the process. The page cache does not count, because
/// it can be dropped.
fn left_in_groups(groups: &str, root: &Path) -> Option<u64> {
    groups
        .lines()
        .filter_map(|line| left_in_hierarchy(line, root))
        .min()
}

/// The number of bytes left by the groups of one line of `/proc/self/cgroup`, if it is about memory.
fn left_in_hierarchy(line: &str, root: &Path) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?);
    let (root, limit_file, used_field) = match controllers {
        "" => (root.to_owned(), "memory.max", "anon"),
        _ if controllers.split(',').any(|name| name == "memory") => {
            (root.join("memory"), "memory.limit_in_bytes", "total_rss")
        }
        _ => return None,
    };
    let groups = Path::new(group.trim_start_matches('/')).ancestors();
    groups
        .filter_map(|group| {
            let directory = root.join(group);
            let limit: u64 = trimmed(&directory.join(limit_file))?.parse().ok()?;
            let used = field_of(directory.join("memory.stat"), used_field)?;
            Some(limit.saturating_sub(used))
        })
        .min()
}

/// The number after a word at the start of a line.
fn field_of(file: impl AsRef<Path>, name: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.next()?.parse().ok())?
    })
}

/// The text of a file in `/proc` or `/sys`, without white space at its ends.
fn trimmed(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

/// The processors that this process may run on, in the notation of the system; empty if it does not report them.
#[must_use]
pub fn allowed_processors() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let list = lines.find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap_or_default().trim().to_owned()
}

/// The processor's name, if the system reports it.
#[must_use]
pub fn processor_name() -> Option<String> {
    // The first processor's lines are enough; a large machine has a megabyte of them.
    let lines = BufReader::new(File::open("/proc/cpuinfo").ok()?).lines();
    let mut lines = lines.map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The caches of the first processor; [`Caches::TYPICAL`] if the system does not report them.
#[must_use]
pub fn caches() -> Caches {
    caches_at(Path::new("/sys/devices/system/cpu/cpu0/cache"))
}

fn caches_at(directory: &Path) -> Caches {
    let mut sizes = [0; 5];
    for index in 0..8 {
        let cache = directory.join(format!("index{index}"));
        match trimmed(&cache.join("type")).as_deref() {
            // Caches are numbered without gaps.
            None | Some("") => break,
            Some("Instruction") => continue,
            Some(_) => {}
        }
        let level = trimmed(&cache.join("level")).and_then(|level| level.parse::<usize>().ok());
        let size = trimmed(&cache.join("size")).and_then(|size| parse_size(&size));
        if let (Some(level @ 1..=4), Some(size)) = (level, size) {
            sizes[level] = size;
        }
    }
    let [_, l1, l2, l3, l4] = sizes.map(|size| Some(size).filter(|&size| size > 0));
    Caches {
        l1: l1.unwrap_or(Caches::TYPICAL.l1),
        l2: l2.unwrap_or(Caches::TYPICAL.l2),
        last: l4.max(l3).or(l2).unwrap_or(Caches::TYPICAL.last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_without_a_name_keep_their_number() {
        Errno::set_raw(524);
        assert_eq!(answered(Errno::UnknownErrno).raw_os_error(), Some(524));
        assert_eq!(answered(Errno::EIO).raw_os_error(), Some(libc::EIO));
    }

    #[test]
    fn caches_that_the_system_does_not_tell_are_typical() {
        assert_eq!(caches_at(Path::new("/nonexistent")), Caches::TYPICAL);
    }

    #[test]
    fn memory_is_limited_by_groups_above_and_by_those_of_version_1() {
        let root = tempfile::tempdir().unwrap();
        let group = |name: &str, files: &[(&str, &str)]| {
            let directory = root.path().join(name);
            fs::create_dir_all(&directory).unwrap();
            for (file, text) in files {
                fs::write(directory.join(file), text).unwrap();
            }
        };
        let left = |groups: &str| left_in_groups(groups, root.path());
        let used = ("memory.stat", "file 7\nanon 100\n");
        group("job/step/task", &[("memory.max", "max\n"), used]);
        group("job/step", &[("memory.max", "max\n"), used]);
        assert_eq!(left("0::/job/step/task\n"), None);
        group("job", &[("memory.max", "1000\n"), used]);
        assert_eq!(left("0::/job/step/task\n"), Some(900));
        group("job/step", &[("memory.max", "400\n")]);
        assert_eq!(left("0::/job/step/task\n"), Some(300));
        assert_eq!(left("0::/job\n"), Some(900));
        // In a container the path is that of the host, and the limit lies at the root.
        let used = ("memory.stat", "rss 1\ntotal_rss 50\n");
        group("memory", &[("memory.limit_in_bytes", "250\n"), used]);
        assert_eq!(left("4:cpu,memory:/docker/1\n1:cpu:/\n"), Some(200));
        assert_eq!(left("1:cpu:/\n"), None);
    }
}
