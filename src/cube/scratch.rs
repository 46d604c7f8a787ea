//! [`Scratch`]: stores states between two snapshots in `STEM.scratch` when they do not fit into memory.
//!
//! The file has two places. A pass reads the state in one of them, or in the cube, and writes the next state to the
//! other; once that state is synced, its description, which stands before it, is written and synced. So at any moment
//! one of the places holds a whole state that the file describes, or the cube has the last state.
//!
//! ```text
//! ┌─────────────┬───────────────┬─────────────┬───────────────┐
//! │ description │ state         │ description │ state         │
//! └─────────────┴───────────────┴─────────────┴───────────────┘
//! ```
//!
//! A description is one JSON line with a check sum like those of the journal. It has a digest of the CRC-32C of the
//! chunks of its state: a partly overwritten state is not used.

use super::{
    error::CubeError,
    journal::{Header, seal_page, unseal_page},
    ours,
    paths::Paths,
    stream::{DirectFile, chunk_bytes},
    streams::Marks,
};
use crate::schedule::Clock;
use diff2d_arrays::npy::Reader;
use diff2d_arrays::wording::hex;
use diff2d_sys::{self as sys, DIRECT_ALIGNMENT, FileExt, Temporary};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScratchHead {
    run_id: String,
    step: u64,
    simtime: f64,
    /// Bytes of the state.
    bytes: u64,
    crc_digest: String,
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    streams: Marks,
}

/// A state that the scratch describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The place of the file that holds the state.
    pub place: usize,
    /// The time of the state.
    pub clock: Clock,
    /// The digest of the check sums of the state's chunks.
    pub digest: String,
    /// The marks of the streams beside the state.
    pub streams: Marks,
}

/// The latest state after the last committed snapshot that the scratch of a run describes, undamaged or not.
///
/// # Errors
/// [`CubeError::Io`] if the scratch exists and cannot be read.
pub fn latest(paths: &Paths, header: &Header, last: Clock) -> Result<Option<Clock>, CubeError> {
    let path = &paths.scratch;
    let file = match sys::open_to_read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(CubeError::io("open", path))?,
    };
    let described = described(&file, header, last).map_err(CubeError::io("read", path))?;
    Ok(described.first().map(|one| one.clock))
}

/// The states of a run that the scratch describes between the last committed snapshot and the next one, latest first.
fn described(file: &File, header: &Header, last: Clock) -> io::Result<Vec<Described>> {
    let mut states = Vec::new();
    let place = file.metadata()?.len() / 2;
    for number in 0..2 {
        let mut line = [0; DIRECT_ALIGNMENT];
        match file.read_exact_at(&mut line, number as u64 * place) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        let Some(head) = unseal_page::<ScratchHead>(&line, &header.run_id) else {
            continue;
        };
        let clock = Clock {
            step: head.step,
            simtime: head.simtime,
        };
        if head.bytes == header.snapshot_bytes()
            && place_bytes(head.bytes) == place
            && header.leads_to(last, clock)
        {
            states.push(Described {
                place: number,
                clock,
                digest: head.crc_digest,
                streams: head.streams,
            });
        }
    }
    states.sort_by_key(|state| std::cmp::Reverse(state.clock.step));
    Ok(states)
}

/// A file with two places for states of a run.
#[derive(Debug)]
pub struct Scratch {
    file: DirectFile,
    reader: Reader,
    path: PathBuf,
    run_id: String,
    /// Bytes of a state.
    bytes: u64,
}

impl Scratch {
    /// The size of a scratch for states of `state` bytes.
    pub fn bytes_for(state: u64) -> u64 {
        2 * place_bytes(state)
    }

    /// Opens the scratch of a run and reserves its space. Its content stays.
    ///
    /// # Errors
    /// [`CubeError::Io`], also if the disk is full.
    pub fn open(path: &Path, cube: &Path, header: &Header) -> Result<Self, CubeError> {
        let file_bytes = Self::bytes_for(header.snapshot_bytes());
        let existing = ours::open(OpenOptions::new().read(true).write(true), path, cube)?;
        let file = match existing.filter(|file| {
            file.metadata()
                .is_ok_and(|status| status.len() == file_bytes)
        }) {
            Some(file) => file,
            None => {
                ours::remove(path, cube)?;
                ours::create(path)?
            }
        };
        sys::reserve(&file, file_bytes).map_err(|error| {
            let _ = fs::remove_file(path);
            CubeError::io("reserve the space of", path)(error)
        })?;
        Self::of_file(file, path, path, header)
    }

    /// Opens a new scratch that has no name in `directory`, so that it disappears when it is closed, even by a crash.
    ///
    /// # Errors
    /// [`CubeError::Io`], also if the disk is full.
    pub fn open_unnamed(directory: &Path, header: &Header) -> Result<Self, CubeError> {
        let name = directory.join("a file without a name");
        let file = Temporary::file(directory).map_err(CubeError::io("create", &name))?;
        sys::reserve(&file, Self::bytes_for(header.snapshot_bytes()))
            .map_err(CubeError::io("reserve the space of", &name))?;
        let opened = sys::path_of(&file);
        Self::of_file(file, &name, &opened, header)
    }

    /// Wraps a file. `name` is its name in messages; under the path `again` it is opened once more for reading.
    fn of_file(file: File, name: &Path, again: &Path, header: &Header) -> Result<Self, CubeError> {
        let reader_file = file.try_clone().map_err(CubeError::io("open", name))?;
        Ok(Self {
            file: DirectFile::new(file, again),
            reader: Reader::new(reader_file, again),
            path: name.to_owned(),
            run_id: header.run_id.clone(),
            bytes: header.snapshot_bytes(),
        })
    }

    /// The name of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The handle to write to.
    pub fn file(&self) -> &DirectFile {
        &self.file
    }

    /// The handle to read from.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The byte at which the state in a place begins.
    pub fn begin(&self, place: usize) -> u64 {
        place as u64 * place_bytes(self.bytes) + DIRECT_ALIGNMENT as u64
    }

    /// Makes the state in a place durable, with the check sums of its chunks.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn commit(
        &self,
        place: usize,
        clock: Clock,
        sums: &[u32],
        marks: &Marks,
    ) -> Result<(), CubeError> {
        let description = ScratchHead {
            run_id: self.run_id.clone(),
            step: clock.step,
            simtime: clock.simtime,
            bytes: self.bytes,
            crc_digest: digest(sums),
            streams: marks.clone(),
        };
        let line = seal_page(&description, &self.run_id);
        let file = self.file.file();
        let place_begin = place as u64 * place_bytes(self.bytes);
        file.sync_data()
            .and_then(|()| file.write_all_at(&line, place_begin))
            .and_then(|()| file.sync_data())
            .map_err(CubeError::io("write", &self.path))
    }

    /// The states that the file describes between the last committed snapshot and the next one, latest first.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn described(&self, header: &Header, last: Clock) -> Result<Vec<Described>, CubeError> {
        described(self.file.file(), header, last).map_err(CubeError::io("read", &self.path))
    }

    /// Whether a place holds the described state, undamaged.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn holds(&self, described: &Described) -> Result<bool, CubeError> {
        Ok(digest(&self.sums(described.place)?) == described.digest)
    }

    /// The check sums of the chunks of the state in a place.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn sums(&self, place: usize) -> Result<Vec<u32>, CubeError> {
        let state_begin = self.begin(place);
        let mut chunk = vec![0; chunk_bytes(self.bytes)];
        let mut sums = Vec::new();
        for start in (0..self.bytes).step_by(chunk.len()) {
            let length = (self.bytes - start).min(chunk.len() as u64) as usize;
            let bytes = &mut chunk[..length];
            self.reader
                .read(state_begin + start, bytes)
                .map_err(CubeError::io("read", &self.path))?;
            sums.push(crc32c::crc32c(bytes));
        }
        Ok(sums)
    }
}

/// The disk space in bytes that a run still needs, if its cube has `cube` bytes and its scratch has `scratch` bytes.
pub fn space_needed(paths: &Paths, cube: u64, scratch: u64) -> u64 {
    cube.saturating_sub(present_bytes(&paths.cube))
        + scratch.saturating_sub(present_bytes(&paths.scratch))
}

/// The size of a file in bytes; 0 if it does not exist.
fn present_bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |status| status.len())
}

/// Removes the scratch of a run.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    ours::remove(&paths.scratch, &paths.cube).map(|_| ())
}

fn place_bytes(state: u64) -> u64 {
    DIRECT_ALIGNMENT as u64 + state.next_multiple_of(DIRECT_ALIGNMENT as u64)
}

fn digest(sums: &[u32]) -> String {
    let mut hash = Sha256::new();
    for sum in sums {
        hash.update(sum.to_le_bytes());
    }
    hex(&hash.finalize())
}
