//! [`RecordPlace`]: where a record is written, and who owns the files that exist there.

use super::{
    description::{field_named, is_ours, is_taken, own_fields, path_of_ours, read_description},
    parts::{left_parts, parts, remove_parts},
};
use crate::{
    cube::{
        error::{CubeError, refused},
        field_files,
        found::read_journal,
        paths::{self, Paths},
    },
    params::RecordField,
};
use diff2d_sys as sys;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The files that receive the rows of a run or of a scenario.
#[derive(Debug, Clone)]
pub struct RecordPlace {
    /// The file of the rows.
    pub rows: PathBuf,
    /// The names of the files of the cube.
    pub paths: Paths,
    /// The number of the scenario, the value of the first column in a sweep.
    pub scenario: Option<usize>,
    /// The digest of the run's parameters.
    pub parameters: String,
    /// Warnings on the accuracy of the run.
    pub warnings: Vec<String>,
}

impl RecordPlace {
    /// The place of a run, beside its cube.
    pub fn of_run(paths: &Paths) -> Self {
        Self {
            rows: paths.record(),
            paths: paths.clone(),
            scenario: None,
            parameters: String::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds the digest of the run's parameters and its warnings.
    pub fn with_parameters(self, parameters: String, warnings: &[String]) -> Self {
        Self {
            parameters,
            warnings: warnings.to_vec(),
            ..self
        }
    }

    /// The place of a scenario, in the directory of a sweep that has begun.
    pub fn of_scenario(paths: &Paths, run_id: &str, number: usize) -> Self {
        Self {
            rows: parts(paths, run_id).join(format!("{number}.csv")),
            scenario: Some(number),
            ..Self::of_run(paths)
        }
    }
}

/// The fields of the record that line 1 of the journal tells of; `None` if it tells of no record.
fn fields_of_journal(paths: &Paths) -> Option<Vec<RecordField>> {
    let header = read_journal(paths).ok()??.header?;
    let names = header.field_names();
    let fields = names.iter().filter_map(|name| field_named(name));
    header.has_record().then(|| fields.collect())
}

/// Refuses files of other programs that have the names of a record. If line 1 of the journal tells of a record, its files
/// are those of the run, whatever has become of them.
///
/// # Errors
/// [`CubeError`].
pub fn refuse_others(paths: &Paths, fields: &[RecordField]) -> Result<(), CubeError> {
    let fields_of_journal = fields_of_journal(paths);
    let is_begun = fields_of_journal.is_some();
    let known_fields = fields_of_journal.unwrap_or_else(|| own_fields(paths));
    for &field in fields.iter().filter(|field| !known_fields.contains(field)) {
        let path = field_files::path(&paths.cube, field);
        if is_taken(&path) {
            return Err(foreign(&path));
        }
    }
    if is_begun {
        return Ok(());
    }
    let (rows, description) = (paths.record(), paths.record_description());
    match read_description(paths) {
        Ok(text) if is_ours(&text) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound && !is_taken(&description) => {
            if is_taken(&rows) {
                Err(foreign(&rows))
            } else {
                Ok(())
            }
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            Err(CubeError::io("open", &description)(error))
        }
        _ => Err(foreign(&description)),
    }
}

/// The error that a file with the name of a record was not written by a run.
fn foreign(path: &Path) -> CubeError {
    refused(
        path,
        "is where a run writes its record, but this file was not written by a run: move it away, or write elsewhere with -o",
    )
}

/// Refuses any record. Beside an empty journal it belongs to another run, whose cube was renamed or deleted.
///
/// # Errors
/// [`CubeError`].
pub fn refuse_any(paths: &Paths) -> Result<(), CubeError> {
    match path_of_ours(paths) {
        Some(path) => Err(refused(
            &path,
            "is the record of another run, whose cube is missing: move it away, write elsewhere with -o, or replace it with --force",
        )),
        None => Ok(()),
    }
}

/// Removes a record durably. Files of other programs stay.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths) -> Result<(), CubeError> {
    let description = paths.record_description();
    // What a process that was killed has left of files that were to appear whole.
    sys::remove_left(&description);
    sys::remove_left(&paths.record());
    if refuse_others(paths, &[]).is_err() {
        return Ok(());
    }
    let fields = fields_of_journal(paths).unwrap_or_else(|| own_fields(paths));
    field_files::remove(paths, &fields)?;
    for directory in left_parts(paths) {
        remove_parts(&directory)?;
    }
    paths::remove_file(&paths.record())?;
    // The description, which says whose the files are, goes last, also where the power is cut.
    let failed = CubeError::io("sync the directory of", &description);
    sys::sync_directory(paths.directory()).map_err(failed)?;
    paths::remove_file(&description)?;
    let failed = CubeError::io("sync the directory of", &description);
    sys::sync_directory(paths.directory()).map_err(failed)
}
