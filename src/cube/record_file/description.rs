//! The description of a record's columns and fields: `STEM.record.json`.

use super::parts::left_parts;
use crate::{
    cube::{digest, error::CubeError, field_files, journal::Header, paths::Paths, streams::lost},
    params::{Choice, RecordField},
};
use diff2d_sys as sys;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Read},
    iter,
    path::{Path, PathBuf},
};

/// The text that identifies a description as one of this program.
const SIGNATURE: &str = "\"format\": \"diff2d record 1\"";

/// The number of bytes of a first line that are read, more than any record has.
const LONGEST_FIRST_LINE: u64 = 1 << 20;

/// The keys for the digests of rows and fields, once the record is complete.
const DIGEST_KEYS: [&str; 2] = ["rows_sha256", "fields_sha256"];

/// Adds to `content` the text that identifies a description of this program.
pub fn description(content: &str) -> String {
    format!("{{\n  {SIGNATURE},\n{content}\n}}\n")
}

/// Whether a description was written by this program.
pub fn is_ours(description: &str) -> bool {
    description.contains(SIGNATURE)
}

/// Reads the description beside a cube. If the name belongs to something other than a file, such as a pipe, that is an
/// error, and nothing waits for it.
pub fn read_description(paths: &Paths) -> io::Result<String> {
    let mut text = String::new();
    sys::open_to_read(&paths.record_description())?.read_to_string(&mut text)?;
    Ok(text)
}

/// The description as a JSON object, if this program has written it.
pub(super) fn parsed_description(paths: &Paths) -> Option<Value> {
    let text = read_description(paths).ok().filter(|text| is_ours(text))?;
    serde_json::from_str(&text).ok()
}

/// The first line of the rows according to the description: the names of the columns.
///
/// # Errors
/// [`CubeError::LostRecord`] if there is no description of this program.
pub fn first_line(paths: &Paths) -> Result<String, CubeError> {
    let parsed = parsed_description(paths);
    let columns = parsed
        .as_ref()
        .and_then(|parsed| parsed.get("columns")?.as_array());
    let names: Option<Vec<&str>> = columns.and_then(|columns| {
        let names = columns.iter().map(|column| column.get("name")?.as_str());
        names.collect()
    });
    match names {
        Some(names) => Ok(names.join(",") + "\n"),
        None => Err(lost(&paths.record_description(), "is damaged or not there")),
    }
}

/// The first lines that the rows beside a cube have: according to their description, in their own file, and in those of
/// scenarios whose rows are not joined yet.
pub fn first_lines(paths: &Paths) -> impl Iterator<Item = String> {
    let parts = left_parts(paths).into_iter();
    let parts = parts.filter_map(|directory| fs::read_dir(directory).ok());
    let parts = parts.flatten().flatten().map(|entry| entry.path());
    let files = iter::once(paths.record()).chain(parts);
    let lines = files.filter_map(|path| {
        let rows = sys::open_to_read(&path).ok()?;
        let mut line = String::new();
        let read = BufReader::new(rows.take(LONGEST_FIRST_LINE)).read_line(&mut line);
        read.is_ok().then_some(line)
    });
    first_line(paths).into_iter().chain(lines)
}

/// Refuses a description that is missing or damaged, or one of another record. Its sentences do not count: another version of this
/// program has others.
///
/// # Errors
/// [`CubeError::LostRecord`].
pub fn is_described(paths: &Paths, description: &str) -> Result<(), CubeError> {
    let path = paths.record_description();
    let text = read_description(paths).map_err(|_| lost(&path, "cannot be read"))?;
    let value = serde_json::from_str(&text).map_err(|_| lost(&path, "is damaged"))?;
    match Some(facts(value)) == serde_json::from_str(description).ok().map(facts) {
        true => Ok(()),
        false => Err(of_another_record(paths)),
    }
}

/// A description without its sentences, and without the digests that a complete record adds.
fn facts(mut description: Value) -> Value {
    if let Some(description) = description.as_object_mut() {
        description.retain(|key, _| key != "warnings" && !DIGEST_KEYS.contains(&&**key));
    }
    let columns = description.get_mut("columns").and_then(Value::as_array_mut);
    let columns = columns.into_iter().flatten();
    columns.filter_map(Value::as_object_mut).for_each(|column| {
        column.remove("what");
    });
    description
}

/// The faults of the digests in the description of a complete record, in sentences; `header` is line 1 of its journal.
///
/// # Errors
/// [`CubeError::Io`].
pub fn faults_of_digests(paths: &Paths, header: &Header) -> Result<Vec<String>, CubeError> {
    let Some(description) = parsed_description(paths) else {
        return Ok(Vec::new());
    };
    let [of_rows, of_fields] = DIGEST_KEYS.map(|key| description.get(key));
    let mut differing = Vec::new();
    if let Some(known) = of_rows {
        let rows = paths.record();
        let bytes = fs::read(&rows).map_err(CubeError::io("read", &rows))?;
        differing.extend((*known != digest::of_bytes(&bytes)).then_some(rows));
    }
    // A run that has ended early may not have shortened them yet.
    let is_shortened = header.as_begun().is_none();
    for field in own_fields(paths).into_iter().filter(|_| is_shortened) {
        if let Some(known) = of_fields.and_then(|fields| fields.get(field.name())) {
            let path = field_files::path(&paths.cube, field);
            let sum = field_files::digest_of(&paths.cube, field)?;
            differing.extend((*known != sum).then_some(path));
        }
    }
    let description = paths.record_description();
    let faults = differing.into_iter().map(|path| {
        let (description, path) = (description.display(), path.display());
        format!("{description} has another digest of {path}")
    });
    Ok(faults.collect())
}

/// The error that the description beside a cube is that of another record.
pub(crate) fn of_another_record(paths: &Paths) -> CubeError {
    lost(&paths.record_description(), "describes another record")
}

/// What is wrong with a description that should be this one, in sentences.
pub fn faults_of_description(paths: &Paths, description: &str) -> Vec<String> {
    let path = paths.record_description();
    let text = read_description(paths);
    let is_as_written = text.is_ok_and(|text| without_digests(&text) == description);
    match is_described(paths, description) {
        Err(CubeError::LostRecord { path, reason }) => {
            vec![format!("{} {reason}", path.display())]
        }
        _ if is_as_written => Vec::new(),
        _ => vec![format!(
            "{} has other sentences than it should",
            path.display()
        )],
    }
}

/// Writes the description of a new record, or of one that is restored.
///
/// # Errors
/// [`CubeError::Io`].
pub fn write_description(paths: &Paths, description: &str) -> Result<(), CubeError> {
    Ok(sys::write_file(
        &paths.record_description(),
        description.as_bytes(),
    )?)
}

/// A description without the digests that a complete record adds.
fn without_digests(description: &str) -> String {
    let beginnings = DIGEST_KEYS.map(|key| format!("  \"{key}\": "));
    let lines = description.split_inclusive('\n');
    let lines = lines.filter(|line| {
        !beginnings
            .iter()
            .any(|beginning| line.starts_with(beginning))
    });
    lines.collect()
}

/// Adds the digests of rows and fields to the description of a complete record, unless it has them. Files whose digests
/// are known are not read.
pub(super) fn add_digests(
    paths: &Paths,
    known_digests: &BTreeMap<PathBuf, String>,
) -> Result<(), CubeError> {
    let (rows, path) = (paths.record(), paths.record_description());
    let text = read_description(paths).map_err(CubeError::io("read", &path))?;
    if !is_ours(&text) {
        return Err(of_another_record(paths));
    }
    if without_digests(&text) != text {
        return Ok(());
    }
    let digest_of_rows = match known_digests.get(&rows) {
        Some(digest) => digest.clone(),
        None => digest::of_bytes(&fs::read(&rows).map_err(CubeError::io("read", &rows))?),
    };
    let mut digests = Vec::new();
    for field in own_fields(paths) {
        let digest = match known_digests.get(&field_files::path(&paths.cube, field)) {
            Some(digest) => digest.clone(),
            None => field_files::digest_of(&paths.cube, field)?,
        };
        digests.push(format!("\"{}\": \"{digest}\"", field.name()));
    }
    let text = with_digests(&text, &digest_of_rows, &digests);
    Ok(sys::write_file(&path, text.as_bytes())?)
}

/// A description with the digests that a complete record adds: of its rows, and of fields, each as a member of an object.
pub fn with_digests(
    description: &str,
    digest_of_rows: &str,
    digests_of_fields: &[String],
) -> String {
    let [rows_key, fields_key] = DIGEST_KEYS;
    let mut identified = format!("{SIGNATURE},\n  \"{rows_key}\": \"{digest_of_rows}\"");
    if !digests_of_fields.is_empty() {
        let members = digests_of_fields.join(", ");
        identified += &format!(",\n  \"{fields_key}\": {{{members}}}");
    }
    description.replacen(SIGNATURE, &identified, 1)
}

/// The fields that the description of a record lists.
pub fn own_fields(paths: &Paths) -> Vec<RecordField> {
    let parsed = parsed_description(paths).unwrap_or_default();
    let names = parsed.get("fields").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(field_named).collect()
}

/// The field with this name.
pub(super) fn field_named(name: &str) -> Option<RecordField> {
    let mut fields = RecordField::ALL.iter();
    fields.find(|field| field.name() == name).copied()
}

/// The path of the description, if this program has written it.
pub(super) fn path_of_ours(paths: &Paths) -> Option<std::path::PathBuf> {
    let is_ours = read_description(paths).is_ok_and(|text| is_ours(&text));
    is_ours.then(|| paths.record_description())
}

/// Whether a file, directory or anything else has this name.
pub(super) fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
