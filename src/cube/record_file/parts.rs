//! The directories in which the scenarios of a sweep have their rows until these are joined.

use crate::cube::{error::CubeError, paths::Paths};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The number of characters of a run id.
const RUN_ID: usize = 32;

/// The directory of the rows of scenarios.
pub(super) fn parts(paths: &Paths, run_id: &str) -> PathBuf {
    paths.cube.with_extension(format!("record-{run_id}"))
}

/// Removes the directory of the rows of scenarios.
pub(super) fn remove_parts(directory: &Path) -> Result<(), CubeError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(CubeError::io("remove", directory)),
    }
}

/// The directories with rows of scenarios from sweeps that had the name of the cube.
pub(super) fn left_parts(paths: &Paths) -> Vec<PathBuf> {
    let stem = paths.cube.with_extension("record-");
    let stem = stem.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(paths.directory())
        .into_iter()
        .flatten()
        .flatten();
    let directories = entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = name.strip_prefix(&*stem);
        let is_id = id.is_some_and(|id| {
            id.len() == RUN_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        is_id && path.is_dir()
    });
    directories.collect()
}
