//! Checkpoints: the state between two snapshots, in `STEM.ckpt`, from which a stopped run continues.
//!
//! A checkpoint is one JSON line with a check sum as in the journal, padded to [`DATA_OFFSET`] bytes, and the bytes of
//! the field. It is committed as an [`AtomicFile`].

use super::{
    digest::{self, BlockDigest},
    error::{CubeError, refused},
    journal::{Header, seal_page, unseal_page},
    ours,
    paths::Paths,
    scratch,
    streams::Marks,
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
    #[serde(default, skip_serializing_if = "Marks::is_empty")]
    streams: Marks,
}

/// A checkpoint that is being written, block by block. A writer dropped before [`finish`](Self::finish) leaves no file.
#[derive(Debug)]
pub struct Writer {
    file: AtomicFile,
    temporary: PathBuf,
    digests: Vec<BlockDigest>,
}

impl Writer {
    /// Begins a checkpoint; an older one stays until the new one is complete. The lock on the journal keeps other
    /// processes from writing a checkpoint.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(paths: &Paths) -> Result<Self, CubeError> {
        let temporary = temporary(paths);
        let destination = Destination::examine(&paths.checkpoint);
        let destination = destination.map_err(CubeError::io("examine", &paths.checkpoint))?;
        ours::is_there(&paths.checkpoint, &paths.cube)?;
        // A killed run may have left its temporary file.
        ours::remove(&temporary, &paths.cube)?;
        let created = ours::create(&temporary)?;
        let file = AtomicFile::of_file(created, temporary.clone(), destination);
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

    /// Makes the checkpoint, with its state at time `clock`, durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn finish(self, header: &Header, clock: Clock, marks: &Marks) -> Result<(), CubeError> {
        let description = CheckpointHead {
            run_id: header.run_id.clone(),
            step: clock.step,
            simtime: clock.simtime,
            sha256: digest::of_blocks(&self.digests),
            streams: marks.clone(),
        };
        let line = seal_page(&description, &header.run_id);
        let written = self.file.file().write_all_at(&line, 0);
        written.map_err(CubeError::io("write", &self.temporary))?;
        Ok(self.file.commit()?)
    }
}

/// A checkpoint with a valid description. Only the digest shows whether its state is undamaged.
#[derive(Debug)]
pub struct Found {
    /// The time of its state.
    pub clock: Clock,
    /// The expected digest of the state, the bytes from [`DATA_OFFSET`] on.
    pub sha256: String,
    /// The marks of the streams beside the state.
    pub streams: Marks,
}

/// Looks for a checkpoint of this run between the last committed snapshot and the next one. A checkpoint later than the
/// next snapshot is ignored, because that snapshot is missing from the journal and has to be computed again.
///
/// A torn checkpoint or a checkpoint of another run is ignored as well, and the run continues from the cube.
///
/// # Errors
/// [`CubeError::Io`] if the checkpoint exists and cannot be read.
pub fn find(paths: &Paths, header: &Header, last: Clock) -> Result<Option<Found>, CubeError> {
    let path = &paths.checkpoint;
    let mut file = match sys::open_to_read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(CubeError::io("read", path))?,
    };
    let checkpoint_bytes = DATA_OFFSET + header.snapshot_bytes();
    let status = file.metadata().map_err(CubeError::io("read", path))?;
    if status.len() != checkpoint_bytes {
        return Ok(None);
    }
    let mut line = [0; DATA_OFFSET as usize];
    file.read_exact(&mut line)
        .map_err(CubeError::io("read", path))?;
    let checkpoint = unseal_page::<CheckpointHead>(&line, &header.run_id).map(|checkpoint| Found {
        clock: Clock {
            step: checkpoint.step,
            simtime: checkpoint.simtime,
        },
        sha256: checkpoint.sha256,
        streams: checkpoint.streams,
    });
    Ok(checkpoint.filter(|checkpoint| header.leads_to(last, checkpoint.clock)))
}

/// Removes the files that exist only while a run is unfinished: a checkpoint, whole or half written, and the scratch.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    ours::remove(&paths.checkpoint, &paths.cube)?;
    scratch::remove(paths)?;
    ours::remove(&temporary(paths), &paths.cube).map(|_| ())
}

/// Refuses files of other programs that bear the name of a checkpoint or a scratch.
///
/// # Errors
/// [`CubeError::NotOurs`], [`CubeError::Io`].
pub(super) fn refuse_others(paths: &Paths) -> Result<(), CubeError> {
    let temporary = temporary(paths);
    [&paths.checkpoint, &temporary, &paths.scratch]
        .into_iter()
        .try_for_each(|path| ours::is_there(path, &paths.cube).map(|_| ()))
}

/// Refuses every checkpoint and scratch. Beside an empty journal they belong to another run, whose cube was renamed or
/// deleted.
///
/// # Errors
/// [`CubeError`].
pub(super) fn refuse_any(paths: &Paths) -> Result<(), CubeError> {
    for path in [&paths.checkpoint, &paths.scratch] {
        if ours::is_there(path, &paths.cube)? {
            let sentence = "is the state of another run, which stopped there: move it away, write elsewhere with -o, or replace it with --force";
            return Err(refused(path, sentence));
        }
    }
    Ok(())
}

/// The name of the temporary file in which a checkpoint is written.
fn temporary(paths: &Paths) -> PathBuf {
    paths.checkpoint.with_extension("ckpt.new")
}
