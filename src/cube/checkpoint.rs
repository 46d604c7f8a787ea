//! Checkpoints: the state between two snapshots, for a run that must stop there, in `STEM.ckpt`.
//!
//! A checkpoint is one JSON line with a check sum like those of the journal, padded to
//! [`DATA_OFFSET`] bytes, and the bytes of the field. It is committed as an [`AtomicFile`].

use super::{
    digest::{self, BlockDigest},
    error::CubeError,
    journal::{Header, seal_page, unseal_page},
    ours,
    paths::Paths,
    scratch,
};
use crate::schedule::Clock;
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_sys::{self as sys, AtomicFile, Destination, FileExt};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointHead {
    run_id: String,
    step: u64,
    simtime: f64,
    sha256: String,
}

/// A checkpoint that is being written, block by block. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Writer {
    file: AtomicFile,
    temporary: PathBuf,
    digests: Vec<BlockDigest>,
}

impl Writer {
    /// Begins one; an older one stays until this one is whole. The lock on the journal keeps other
    /// processes from writing one.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(paths: &Paths) -> Result<Self, CubeError> {
        let temporary = temporary(paths);
        let to = Destination::examine(&paths.checkpoint);
        let to = to.map_err(CubeError::io("examine", &paths.checkpoint))?;
        ours::is_there(&paths.checkpoint, &paths.cube)?;
        // What a killed run left.
        ours::remove(&temporary, &paths.cube)?;
        let created = ours::create(&temporary)?;
        let file = AtomicFile::of_file(created, temporary.clone(), to);
        // It holds what the cube holds; a filesystem without permissions is no reason to fail.
        let _ =
            fs::metadata(&paths.cube).and_then(|cube| sys::copy_permissions(&cube, file.file()));
        file.file()
            .seek(SeekFrom::Start(DATA_OFFSET))
            .map_err(CubeError::io("write", &temporary))?;
        Ok(Self {
            file,
            temporary,
            digests: Vec::new(),
        })
    }

    /// Appends the next block of the state.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn push(&mut self, block: &[u8]) -> Result<(), CubeError> {
        self.digests.push(digest::of_block(block));
        let written = self.file.write_all(block);
        written.map_err(CubeError::io("write", &self.temporary))
    }

    /// Makes the state at `clock` durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn finish(self, header: &Header, clock: Clock) -> Result<(), CubeError> {
        let description = CheckpointHead {
            run_id: header.run_id.clone(),
            step: clock.step,
            simtime: clock.simtime,
            sha256: digest::of_blocks(&self.digests),
        };
        let line = seal_page(&description, &header.run_id);
        let written = self.file.file().write_all_at(&line, 0);
        written.map_err(CubeError::io("write", &self.temporary))?;
        Ok(self.file.commit()?)
    }
}

/// A checkpoint whose description is whole; its state is proved by its digest.
#[derive(Debug)]
pub struct Found {
    /// The time of its state.
    pub clock: Clock,
    /// The digest that its state, the bytes from [`DATA_OFFSET`] on, must have.
    pub sha256: String,
}

/// Looks for a checkpoint of this run between the last committed snapshot and the next one. A later one follows a
/// snapshot that is not in the journal and has to be computed again.
///
/// A torn checkpoint, or one of another run, counts as none: all that comes before it is in the cube.
///
/// # Errors
/// [`CubeError::Io`] when it is there and cannot be read.
pub fn find(paths: &Paths, header: &Header, last: Clock) -> Result<Option<Found>, CubeError> {
    let unreadable = || CubeError::io("read", &paths.checkpoint);
    let mut file = match sys::open_to_read(&paths.checkpoint) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable())?,
    };
    let expected = DATA_OFFSET + header.snapshot_bytes();
    if file.metadata().map_err(unreadable())?.len() != expected {
        return Ok(None);
    }
    #[expect(clippy::cast_possible_truncation, reason = "4096")]
    let mut line = [0; DATA_OFFSET as usize];
    file.read_exact(&mut line).map_err(unreadable())?;
    let found = unseal_page::<CheckpointHead>(&line, &header.run_id).map(|found| Found {
        clock: Clock {
            step: found.step,
            simtime: found.simtime,
        },
        sha256: found.sha256,
    });
    Ok(found.filter(|found| header.leads_to(last, found.clock)))
}

/// Removes what is there only while a run is unfinished: a checkpoint, whole or half written, and the scratch.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    ours::remove(&paths.checkpoint, &paths.cube)?;
    scratch::remove(paths)?;
    ours::remove(&temporary(paths), &paths.cube).map(|_| ())
}

/// Refuses files of other programs that have the names of what a run writes while it is unfinished.
///
/// # Errors
/// [`CubeError::NotOurs`], [`CubeError::Io`].
pub(super) fn refuse_others(paths: &Paths) -> Result<(), CubeError> {
    let temporary = temporary(paths);
    [&paths.checkpoint, &temporary, &paths.scratch]
        .into_iter()
        .try_for_each(|path| ours::is_there(path, &paths.cube).map(|_| ()))
}

/// The name of a checkpoint while it is written.
fn temporary(paths: &Paths) -> PathBuf {
    paths.checkpoint.with_extension("ckpt.new")
}
