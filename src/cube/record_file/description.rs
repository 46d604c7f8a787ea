//! What the rows of a record are: `STEM.record.json`.

use crate::{
    cube::{digest, error::CubeError, field_files, paths::Paths, read::Cube},
    params::{Choice, RecordField},
};
use diff2d_sys as sys;
use serde_json::Value;
use std::{fs, path::Path};

/// By this a description is known as one of ours.
pub(super) const MARK: &str = "\"format\": \"diff2d record 1\"";

/// The keys of the check sums of rows and of fields that are complete.
pub(super) const SEAL_KEY: &str = "rows_sha256";
pub(super) const FIELDS_SEAL_KEY: &str = "fields_sha256";

/// A description that is known as one of ours.
#[must_use]
pub fn description(content: &str) -> String {
    format!("{{\n  {MARK},\n{content}\n}}\n")
}

/// Whether a description is known as one of ours.
pub fn is_ours(description: &str) -> bool {
    description.contains(MARK)
}

/// Refuses a description that is not there, or is another one.
pub(super) fn is_described(path: &Path, description: &str) -> Result<(), CubeError> {
    match fs::read_to_string(path) {
        Ok(found) if unsealed(&found) == description => Ok(()),
        Ok(_) => Err(lost(path, "describes another record")),
        Err(_) => Err(lost(path, "cannot be read")),
    }
}

/// A description without the check sums of rows and fields that are complete.
fn unsealed(description: &str) -> String {
    let seals = [SEAL_KEY, FIELDS_SEAL_KEY].map(|key| format!("  \"{key}\": "));
    let is_seal = |line: &&str| seals.iter().any(|seal| line.starts_with(seal));
    let lines = description.split_inclusive('\n');
    lines.filter(|line| !is_seal(line)).collect()
}

/// Puts the check sums of rows and fields into the description of a record that is complete, unless they are there.
///
/// # Errors
/// [`CubeError::Io`].
pub fn seal(paths: &Paths) -> Result<(), CubeError> {
    let fields = own_fields(paths);
    if !fields.is_empty() {
        let snapshots = Cube::open(&paths.cube)?.header().snapshots();
        field_files::resize(paths, &fields, snapshots)?;
    }
    let (rows, beside) = (paths.record(), paths.record_description());
    let found = fs::read_to_string(&beside).unwrap_or_default();
    let Some((begin, end)) = found.split_once(MARK).filter(|_| unsealed(&found) == found) else {
        return Ok(());
    };
    let sum = digest::of_bytes(&fs::read(&rows).map_err(CubeError::io("read", &rows))?);
    let of_field = |field: &RecordField| {
        let sum = field_files::digest_of(&paths.cube, *field)?;
        Ok(format!("\"{}\": \"{sum}\"", field.name()))
    };
    let sums = fields.iter().map(of_field);
    let sums = sums.collect::<Result<Vec<String>, CubeError>>()?;
    let of_fields = match sums.is_empty() {
        true => String::new(),
        false => format!(",\n  \"{FIELDS_SEAL_KEY}\": {{{}}}", sums.join(", ")),
    };
    let sealed = format!("{begin}{MARK},\n  \"{SEAL_KEY}\": \"{sum}\"{of_fields}{end}");
    Ok(sys::write_file(&beside, sealed.as_bytes())?)
}

/// The fields that the description of a record has.
#[must_use]
pub fn own_fields(paths: &Paths) -> Vec<RecordField> {
    let described = fs::read_to_string(paths.record_description()).unwrap_or_default();
    let known: Option<Value> = serde_json::from_str(&described).ok();
    let known = known
        .filter(|_| described.contains(MARK))
        .unwrap_or_default();
    let names = known.get("fields").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let field = |name: &str| {
        let mut all = RecordField::ALL.iter();
        all.find(|field| field.name() == name).copied()
    };
    names.filter_map(field).collect()
}

pub(super) fn lost(path: &Path, reason: &str) -> CubeError {
    CubeError::LostRecord {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
