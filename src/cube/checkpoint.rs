//! The state between two snapshots, written aside when a run must stop there: `STEM.ckpt`.
//!
//! One JSON line, sealed like the journal's, padded to a page; then the field's bytes. It appears
//! under its name only when it is whole (written aside, synced, renamed, directory synced).

use super::{
    digest,
    error::CubeError,
    journal::{Header, seal, unseal},
    npy::DATA_OFFSET,
    paths::{Paths, sync_directory},
};
use crate::schedule::Clock;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
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

/// Makes the state at `clock` durable.
///
/// # Errors
/// [`CubeError::Io`]; an older checkpoint is then still there.
pub fn write(paths: &Paths, header: &Header, clock: Clock, bytes: &[u8]) -> Result<(), CubeError> {
    let description = Description {
        run_id: header.run_id.clone(),
        step: clock.step,
        simtime: clock.simtime,
        sha256: digest::of_bytes(bytes),
    };
    let mut page = seal(&description, &header.run_id).into_bytes();
    #[expect(clippy::cast_possible_truncation, reason = "one page")]
    page.resize(DATA_OFFSET as usize, b' ');
    let aside = aside(paths);
    let written = File::create(&aside).and_then(|mut file| {
        file.write_all(&page)?;
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .map_err(CubeError::io("write", &aside))
        .and_then(|()| {
            fs::rename(&aside, &paths.checkpoint).map_err(CubeError::io("rename", &aside))
        })
        .inspect_err(|_| {
            let _ = fs::remove_file(&aside);
        })?;
    sync_directory(paths.directory())
}

/// Reads the checkpoint into `bytes` if there is a whole one of this run from after `step`, that of
/// the last committed snapshot, and from before the next snapshot: a later one belongs to a snapshot
/// whose line was lost, which has to be computed again.
///
/// A torn or foreign one is as good as none: everything before it is in the cube.
///
/// # Errors
/// [`CubeError::Io`] when it is there and cannot be read.
pub fn read(
    paths: &Paths,
    header: &Header,
    step: u64,
    bytes: &mut [u8],
) -> Result<Option<Clock>, CubeError> {
    let unreadable = || CubeError::io("read", &paths.checkpoint);
    let mut file = match File::open(&paths.checkpoint) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable())?,
    };
    let expected = DATA_OFFSET + bytes.len() as u64;
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
    file.read_exact(bytes).map_err(unreadable())?;
    let whole = digest::of_bytes(bytes) == found.sha256;
    Ok(whole.then_some(Clock {
        step: found.step,
        simtime: found.simtime,
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
