//! The cube's file during a run, written by several threads at once.

use super::{error::CubeError, found::find_journal, journal::Header, paths::Paths};
use diff2d_arrays::npy::{DATA_OFFSET, NpyHeader};
use diff2d_sys::{self as sys, FileExt};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// How snapshots are written into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Io {
    /// A memory map. Each of its pages costs a fault, and a sync has to look for the dirty pages, so it reaches at most
    /// half the speed of writes.
    Map,
    /// Positional writes.
    Write,
    /// Positional writes by rank 0, to which the other ranks send their bytes.
    Single,
}

impl fmt::Display for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Map => "map",
            Self::Write => "write",
            Self::Single => "single",
        })
    }
}

/// The cube's file, into which several threads place blocks.
#[derive(Debug)]
pub struct CubeFile {
    file: File,
    /// The name of the file.
    pub path: PathBuf,
    pub(super) io: Io,
    /// Bytes of the complete cube.
    bytes: u64,
    /// Whether line 1 of the journal is synced; unset while it is being written.
    begun: OnceLock<bool>,
}

impl CubeFile {
    /// Wraps the file of a cube whose journal has line 1.
    pub(super) fn begun(file: File, path: &Path, bytes: u64, io: Io) -> Self {
        let cube = Self::unborn(file, path, bytes, io);
        cube.set_begun(true);
        cube
    }

    /// Wraps the file of a cube whose journal is still empty.
    pub(super) fn unborn(file: File, path: &Path, bytes: u64, io: Io) -> Self {
        Self {
            file,
            bytes,
            path: path.to_owned(),
            io,
            begun: OnceLock::new(),
        }
    }

    /// Records that line 1 of the journal is synced, or cannot be.
    pub(super) fn set_begun(&self, has_begun: bool) {
        let _ = self.begun.set(has_begun);
    }

    /// Whether line 1 of the journal is synced.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.get() == Some(&true)
    }

    /// Opens a cube that another process owns, to write into it with its consent. The journal beside it must begin with
    /// `header`: on a machine that does not share the owner's directory another cube may bear the name.
    ///
    /// # Errors
    /// If the cube does not exist, or is not the cube that `header` describes.
    pub fn open(paths: &Paths, header: &Header, io: Io) -> Result<Self, CubeError> {
        let path = &paths.cube;
        let journal_header = find_journal(paths)?.and_then(|journal| journal.header);
        match journal_header {
            Some(journal_header) if journal_header.run_id == header.run_id => {}
            _ => {
                let reason = "this rank sees a different file of that name than rank 0 does: the directory must be shared by all machines";
                return Err(CubeError::does_not_match(path, reason));
            }
        }
        let file = open_to_write(path)?;
        matches_journal(&file, header, path)?;
        Ok(Self::begun(file, path, header.cube_bytes(), io))
    }

    /// The underlying file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Reads the bytes from `offset` on.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.file
            .read_exact_at(bytes, offset)
            .map_err(CubeError::io("read", &self.path))
    }

    /// Waits until line 1 of the journal is synced: data beside an empty journal would be a foreign file after a crash.
    pub(super) fn wait_until_begun(&self) -> io::Result<()> {
        if *self.begun.wait() {
            Ok(())
        } else {
            Err(io::Error::other("its journal could not be written"))
        }
    }

    /// Writes `bytes` into the file at `offset`, after line 1 of the journal is synced. The bytes are durable only
    /// after [`sync`](Self::sync).
    pub(super) fn place(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.wait_until_begun()?;
        self.is_whole()?;
        match self.io {
            Io::Map => sys::write_through_map(&self.file, offset, bytes),
            Io::Write | Io::Single => {
                self.file.write_all_at(bytes, offset)?;
                // The disk begins now, and a sync has little more to do than to wait.
                sys::drop_cached(&self.file, offset..offset + bytes.len() as u64);
                Ok(())
            }
        }
    }

    /// Makes ranges of the file durable and drops them from the page cache.
    pub(super) fn sync(&self, ranges: &[Range<u64>]) -> io::Result<()> {
        if self.io == Io::Map {
            for range in ranges {
                sys::sync_map(&self.file, range.clone())?;
            }
        }
        self.file.sync_data()?;
        for range in ranges {
            sys::drop_cached(&self.file, range.clone());
        }
        self.is_whole()
    }

    /// Refuses a file that somebody has truncated: writing would make it long again, with holes in place of its
    /// snapshots.
    fn is_whole(&self) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        if length >= self.bytes {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "it has become shorter while in use ({length} of {} bytes): `diff2d verify` tells what is left",
            self.bytes
        )))
    }
}

/// Refuses a cube that does not match its journal.
pub(super) fn matches_journal(cube: &File, header: &Header, path: &Path) -> Result<(), CubeError> {
    let bytes = cube
        .metadata()
        .map_err(CubeError::io("examine", path))?
        .len();
    let longest = header.as_begun().as_ref().unwrap_or(header).cube_bytes();
    let mends = if bytes > longest {
        "cuts off what is behind the last snapshot"
    } else {
        "keeps the snapshots that are whole and computes the others again"
    };
    let way_out = format!("`diff2d repair {}` {mends}", path.display());
    let mut page = [0; DATA_OFFSET as usize];
    cube.read_exact_at(&mut page, 0)
        .map_err(|_| mismatch(path, "it has no header", &way_out))?;
    let npy_header = NpyHeader::decode(page.as_slice())
        .map_err(|error| mismatch(path, &error.to_string(), &way_out))?;
    // A run that has ended early may not have shortened it yet: first its header, then the file.
    let begun = header.as_begun();
    let described = match &begun {
        Some(begun) if npy_header == begun.npy() => begun,
        _ => header,
    };
    if npy_header != described.npy() {
        let reason = format!(
            "its header says {} {:?}, the journal {} {:?}",
            npy_header.dtype,
            npy_header.shape,
            header.dtype,
            header.shape()
        );
        return Err(mismatch(path, &reason, &way_out));
    }
    if page.as_slice() != described.npy().encode() {
        return Err(mismatch(path, "a byte of its header has changed", &way_out));
    }
    if !(header.cube_bytes()..=longest).contains(&bytes) {
        let reason = format!(
            "it has {bytes} bytes, the journal says {}",
            header.cube_bytes()
        );
        return Err(mismatch(path, &reason, &way_out));
    }
    Ok(())
}

/// Whether a file is the cube of a run that had ended early, and so has fewer snapshots than line 1 of its journal promises. A
/// journal that was cut behind line 1, to start the run over, no longer says so.
pub(super) fn is_of_ended_run(cube: &File, header: &Header) -> bool {
    let mut page = [0; DATA_OFFSET as usize];
    let found = cube.read_exact_at(&mut page, 0).ok();
    let Some(npy_header) = found.and_then(|()| NpyHeader::decode(page.as_slice()).ok()) else {
        return false;
    };
    let described = header.npy();
    match (&npy_header.shape[..], &described.shape[..]) {
        ([count, frame @ ..], [planned, planned_frame @ ..]) => {
            count < planned && frame == planned_frame && npy_header.dtype == described.dtype
        }
        _ => false,
    }
}

/// The error of a cube that does not match its journal.
fn mismatch(cube: &Path, reason: &str, way_out: &str) -> CubeError {
    CubeError::does_not_match(cube, &format!("{reason}; {way_out}"))
}

/// Shortens the cube of a run that has ended early to its committed snapshots: first the header, then the file, so that
/// numpy.load finds only snapshots at any moment. If the process is killed in between, the next command that opens the
/// cube for writing shortens the file.
pub(super) fn shorten(cube: &File, header: &Header) -> io::Result<()> {
    let is_short = cube.metadata()?.len() == header.cube_bytes();
    if header.as_begun().is_none() || is_short {
        return Ok(());
    }
    cube.write_all_at(&header.npy().encode(), 0)?;
    cube.sync_data()?;
    cube.set_len(header.cube_bytes())?;
    cube.sync_all()
}

/// Opens the file of a cube to read and write.
pub(super) fn open_to_write(cube: &Path) -> Result<File, CubeError> {
    sys::open_file(OpenOptions::new().read(true).write(true), cube)
        .map_err(CubeError::io("open", cube))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    #[test]
    fn bytes_wait_for_line_1_of_the_journal() {
        let unborn = || {
            let file = tempfile::tempfile().unwrap();
            file.set_len(8).unwrap();
            CubeFile::unborn(file, Path::new("c.npy"), 8, Io::Write)
        };
        let cube = unborn();
        thread::scope(|scope| {
            let placed = scope.spawn(|| cube.place(0, &[1; 8]));
            thread::sleep(Duration::from_millis(20));
            assert!(!placed.is_finished());
            cube.set_begun(true);
            placed.join().unwrap().unwrap();
        });
        let mut bytes = [0; 8];
        cube.read(0, &mut bytes).unwrap();
        assert_eq!(bytes, [1; 8]);

        let cube = unborn();
        cube.set_begun(false);
        assert!(cube.place(0, &[1; 8]).is_err());
        cube.read(0, &mut bytes).unwrap();
        assert_eq!(bytes, [0; 8]);
    }
}
