//! Writes parameters as TOML, and lists the files that they name.

use super::{
    error::ParamsError,
    keys::{self, table_of_names},
    raw::{RawParams, unreadable},
    typed::FILES,
    value::{Entry, Value},
};
use std::path::{Component, Path, PathBuf};
use toml::Table;

impl RawParams {
    /// The parameters with all overrides, as the text of a parameter file in `directory`, from which the names of files start.
    ///
    /// # Errors
    /// [`ParamsError`] for values that TOML cannot express.
    pub fn to_toml(&self, directory: &Path) -> Result<String, ParamsError> {
        let mut root = Value::Table(Table::new());
        for entry in self.typed().entries() {
            let value = match file_of(entry) {
                Some(path) => {
                    let path = path_from(directory, &path);
                    Value::String(path.to_string_lossy().into_owned())
                }
                None => entry.value.clone(),
            };
            put(&mut root, &path_of(&entry.name), value);
        }
        toml::to_string(&root).map_err(|error| {
            let file = self.file().display().to_string();
            unreadable(&file, &error.to_string())
        })
    }

    /// The files named by values.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.entries_of_files().map(|(_, file)| file).collect()
    }

    /// The entries that name files, with these files.
    pub fn entries_of_files(&self) -> impl Iterator<Item = (&Entry, PathBuf)> {
        let entries = self.typed().entries();
        entries.filter_map(|entry| Some((entry, file_of(entry)?)))
    }
}

/// The tables of a key, and its name in the last table, which may contain dots itself.
fn path_of(name: &str) -> Vec<&str> {
    let table = keys::find(name).and_then(table_of_names);
    let end_of_tables =
        table.and_then(|table| Some(name.find(&format!("{table}."))? + table.len()));
    match end_of_tables {
        Some(end) => name[..end].split('.').chain([&name[end + 1..]]).collect(),
        None => name.split('.').collect(),
    }
}

/// The file that an entry names.
fn file_of(entry: &Entry) -> Option<PathBuf> {
    let key = entry.name.rsplit('.').next()?;
    let file = entry.value.as_str().filter(|_| FILES.contains(&key))?;
    Some(entry.place.path_to(file))
}

/// The path that leads from a directory to a file: a relative one, if the directory is there.
pub fn path_from(directory: &Path, file: &Path) -> PathBuf {
    let parent_and_name = file.parent().zip(file.file_name());
    let resolved = parent_and_name.and_then(|(parent, name)| {
        // Names of links mean nothing behind `..`.
        let [directory, parent] = [directory, parent].map(|path| path.canonicalize().ok());
        Some((directory?, parent?.join(name)))
    });
    let Some((directory, file)) = resolved else {
        return file.to_owned();
    };
    let pairs = directory.components().zip(file.components());
    let common = pairs.take_while(|(one, other)| one == other).count();
    let upwards = directory
        .components()
        .skip(common)
        .map(|_| Component::ParentDir);
    upwards.chain(file.components().skip(common)).collect()
}

/// Stores a value in nested tables and lists of tables, whose tables have numbers.
fn put(outer: &mut Value, path: &[&str], value: Value) {
    let [name, inner_path @ ..] = path else {
        *outer = value;
        return;
    };
    let is_list = inner_path
        .first()
        .is_some_and(|name| name.parse::<usize>().is_ok());
    let empty = if is_list {
        Value::Array(Vec::new())
    } else {
        Value::Table(Table::new())
    };
    match outer {
        Value::Table(table) => {
            put(
                table.entry((*name).to_owned()).or_insert(empty),
                inner_path,
                value,
            );
        }
        Value::Array(tables) => {
            let number = name.parse().unwrap_or(tables.len());
            while tables.len() <= number {
                tables.push(empty.clone());
            }
            put(&mut tables[number], inner_path, value);
        }
        _ => {}
    }
}
