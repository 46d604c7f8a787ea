//! The state between two snapshots, written aside when a run must stop there: `STEM.ckpt`.
//!
//! One JSON line, sealed like the journal's, padded to a page; then the field's bytes. It appears
//! under its name only when it is whole (written aside, synced, renamed, directory synced).

use super::{
    digest::{self, BlockDigest},
    error::CubeError,
    journal::{Header, seal, unseal},
    paths::{Paths, sync_directory},
};
use crate::{npy::DATA_OFFSET, schedule::Clock, sys::FileExt};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    run_id: String,
    step: u64,
    simtime: f64,
    sha256: String,
}

/// A checkpoint that is being written, block by block.
#[derive(Debug)]
pub struct Writer<'a> {
    paths: &'a Paths,
    file: File,
    digests: Vec<BlockDigest>,
}

impl<'a> Writer<'a> {
    /// Begins one; an older one stays until this one is whole.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(paths: &'a Paths) -> Result<Self, CubeError> {
        let aside = aside(paths);
        let started = File::create(&aside).and_then(|mut file| {
            file.seek(SeekFrom::Start(DATA_OFFSET))?;
            Ok(file)
        });
        Ok(Self {
            paths,
            file: started.map_err(failed("write", paths))?,
            digests: Vec::new(),
        })
    }

    /// Appends the next block of the state.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn push(&mut self, block: &[u8]) -> Result<(), CubeError> {
        self.digests.push(digest::of_block(block));
        self.file
            .write_all(block)
            .map_err(failed("write", self.paths))
    }

    /// Makes the state at `clock` durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn finish(mut self, header: &Header, clock: Clock) -> Result<(), CubeError> {
        let description = Description {
            run_id: header.run_id.clone(),
            step: clock.step,
            simtime: clock.simtime,
            sha256: digest::of_blocks(&self.digests),
        };
        let mut page = seal(&description, &header.run_id).into_bytes();
        #[expect(clippy::cast_possible_truncation, reason = "one page")]
        page.resize(DATA_OFFSET as usize, b' ');
        self.file
            .rewind()
            .and_then(|()| self.file.write_all(&page))
            .and_then(|()| self.file.sync_all())
            .map_err(failed("write", self.paths))?;
        let aside = aside(self.paths);
        fs::rename(&aside, &self.paths.checkpoint).map_err(failed("rename", self.paths))?;
        sync_directory(self.paths.directory())
    }
}

/// Removes what was written of a checkpoint that failed.
fn failed(action: &'static str, paths: &Paths) -> impl FnOnce(io::Error) -> CubeError {
    let aside = aside(paths);
    move |error| {
        let _ = fs::remove_file(&aside);
        CubeError::io(action, &aside)(error)
    }
}

/// A checkpoint that may be whole.
#[derive(Debug)]
pub struct Found {
    /// When its state was.
    pub clock: Clock,
    /// What its state's digest must be.
    pub sha256: String,
    file: File,
    path: PathBuf,
}

impl Found {
    /// Reads bytes of the state from `offset` on.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.file
            .read_exact_at(bytes, DATA_OFFSET + offset)
            .map_err(CubeError::io("read", &self.path))
    }
}

/// Looks for a checkpoint of this run from after `step`, that of the last committed snapshot, and
/// from before the next snapshot: a later one belongs to a snapshot whose line was lost, which has to
/// be computed again.
///
/// A torn or foreign one is as good as none: everything before it is in the cube.
///
/// # Errors
/// [`CubeError::Io`] when it is there and cannot be read.
pub fn find(paths: &Paths, header: &Header, step: u64) -> Result<Option<Found>, CubeError> {
    let unreadable = || CubeError::io("read", &paths.checkpoint);
    let mut file = match File::open(&paths.checkpoint) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable())?,
    };
    let expected = DATA_OFFSET + header.snapshot_bytes();
    if file.metadata().map_err(unreadable())?.len() != expected {
        return Ok(None);
    }
    #[expect(clippy::cast_possible_truncation, reason = "one page")]
    let mut page = [0; DATA_OFFSET as usize];
    file.read_exact(&mut page).map_err(unreadable())?;
    let line = page.split(|&byte| byte == b'\n').next().unwrap_or(&[]);
    let Some(found) = unseal(line, |found: &Description| found.run_id.clone()) else {
        return Ok(None);
    };
    let between = step + 1..step.saturating_add(header.scenarios()[0].nper);
    if found.run_id != header.run_id || !between.contains(&found.step) {
        return Ok(None);
    }
    Ok(Some(Found {
        clock: Clock {
            step: found.step,
            simtime: found.simtime,
        },
        sha256: found.sha256,
        file,
        path: paths.checkpoint.clone(),
    }))
}

/// Removes a checkpoint that is no longer needed, whole or half written.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    for path in [&paths.checkpoint, &aside(paths)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CubeError::io("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Where a checkpoint is written before it has its name.
fn aside(paths: &Paths) -> PathBuf {
    paths.checkpoint.with_extension("ckpt.new")
}
