//! [`RecordPlace`]: where a record is written, and whose the files are that are there.

use super::description::{is_ours, own_fields};
use crate::{
    cube::{
        error::CubeError,
        field_files::{self, FieldFile},
        paths::{self, Paths},
    },
    params::RecordField,
};
use diff2d_sys as sys;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Letters of the id of a run.
const RUN_ID: usize = 32;

/// Where the rows of a run or of a scenario go.
#[derive(Debug, Clone)]
pub struct RecordPlace {
    pub(super) rows: PathBuf,
    /// The files of the cube beside which it is.
    pub paths: Paths,
    /// What they are, beside those of a run.
    pub(super) description: Option<PathBuf>,
    /// The number of the scenario, which is the first column.
    pub scenario: Option<usize>,
    /// The check sum of the parameters, of a run.
    pub parameters: String,
}

impl RecordPlace {
    /// Beside the cube of a run.
    #[must_use]
    pub fn of_run(paths: &Paths) -> Self {
        Self {
            rows: paths.record(),
            paths: paths.clone(),
            description: Some(paths.record_description()),
            scenario: None,
            parameters: String::new(),
        }
    }

    /// Of a run with parameters that have this check sum.
    #[must_use]
    pub fn with_parameters(self, parameters: String) -> Self {
        Self { parameters, ..self }
    }

    /// In the directory of a sweep that has begun.
    #[must_use]
    pub fn of_scenario(paths: &Paths, run_id: &str, number: usize) -> Self {
        Self {
            rows: parts(paths, run_id).join(format!("{number}.csv")),
            paths: paths.clone(),
            description: None,
            scenario: Some(number),
            parameters: String::new(),
        }
    }
}

/// The directory of the rows of scenarios.
pub(super) fn parts(paths: &Paths, run_id: &str) -> PathBuf {
    paths.cube.with_extension(format!("record-{run_id}"))
}

/// Removes the places of scenarios.
pub(super) fn remove_parts(directory: &Path) -> Result<(), CubeError> {
    fs::remove_dir_all(directory).map_err(CubeError::io("remove", directory))
}

/// The directories of sweeps that had the same name.
fn left_parts(paths: &Paths) -> Vec<PathBuf> {
    let stem = paths.cube.with_extension("record-");
    let stem = stem
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let is_part = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = name.strip_prefix(&stem);
        let is_id =
            |id: &str| id.len() == RUN_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        id.is_some_and(is_id) && path.is_dir()
    };
    let found = fs::read_dir(paths.directory())
        .into_iter()
        .flatten()
        .flatten();
    found
        .map(|entry| entry.path())
        .filter(|path| is_part(path))
        .collect()
}

/// Refuses files of others that have the names of a record.
///
/// # Errors
/// [`CubeError::ForeignRecord`], [`CubeError::Io`].
pub fn refuse_others(paths: &Paths, fields: &[RecordField]) -> Result<(), CubeError> {
    let foreign = |path: PathBuf| Err(CubeError::ForeignRecord { path });
    let (rows, beside) = (paths.record(), paths.record_description());
    let own = own_fields(paths);
    for &field in fields.iter().filter(|field| !own.contains(field)) {
        let path = FieldFile::path(&paths.cube, field);
        if fs::symlink_metadata(&path).is_ok() {
            return foreign(path);
        }
    }
    match fs::read_to_string(&beside) {
        Ok(text) if is_ours(&text) => Ok(()),
        Ok(_) => foreign(beside),
        Err(error) if error.kind() != ErrorKind::NotFound => foreign(beside),
        Err(_) if fs::symlink_metadata(&rows).is_ok() => foreign(rows),
        Err(_) => Ok(()),
    }
}

/// Removes a record, unless its files are of others.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    if refuse_others(paths, &[]).is_err() {
        return Ok(());
    }
    field_files::remove(paths, &own_fields(paths))?;
    left_parts(paths)
        .iter()
        .try_for_each(|left| remove_parts(left))?;
    paths::remove_file(&paths.record())?;
    let beside = paths.record_description();
    if fs::symlink_metadata(&beside).is_err() {
        return Ok(());
    }
    // What says whose they are goes last, also where the power is cut.
    sys::sync_directory(paths.directory())
        .map_err(CubeError::io("sync the directory of", &beside))?;
    paths::remove_file(&beside).map(drop)
}
