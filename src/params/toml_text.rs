//! Writes parameters as TOML, and lists the files that they name.

use super::{
    error::ParamsError,
    keys::{self, table_of_names},
    raw::RawParams,
    value::Value,
};
use std::path::PathBuf;
use toml::Table;

/// The keys of file names.
const FILES: [&str; 3] = ["file", "image", "path"];

impl RawParams {
    /// The parameters with all overrides, as the text of a parameter file. File names are absolute, so that the text
    /// may lie anywhere.
    ///
    /// # Errors
    /// [`ParamsError::Unreadable`] for values that TOML cannot express.
    pub fn to_toml(&self) -> Result<String, ParamsError> {
        let mut root = Table::new();
        for entry in self.typed().entries() {
            let mut value = entry.value.clone();
            for file in files_in(&mut value, &entry.name) {
                *file = entry.place.path_to(file).to_string_lossy().into_owned();
            }
            put(&mut root, &path_of(&entry.name), value);
        }
        toml::to_string(&root).map_err(|error| ParamsError::Unreadable {
            file: self.file().display().to_string(),
            reason: error.to_string(),
        })
    }

    /// The files named by values.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in self.typed().entries() {
            let mut value = entry.value.clone();
            let named = files_in(&mut value, &entry.name).into_iter();
            files.extend(named.map(|file| entry.place.path_to(file)));
        }
        files
    }
}

/// The tables of a key, and its name in the last table, which may contain dots itself.
fn path_of(name: &str) -> Vec<&str> {
    let table = keys::find(name).and_then(table_of_names);
    match table.and_then(|table| Some((table, name.strip_prefix(table)?))) {
        Some((table, name)) => table.split('.').chain([&name[1..]]).collect(),
        None => name.split('.').collect(),
    }
}

/// The file names in a value; `name` is the key of the value.
fn files_in<'v>(value: &'v mut Value, name: &str) -> Vec<&'v mut String> {
    let key = name.rsplit('.').next().unwrap_or(name);
    match value {
        Value::String(file) if FILES.contains(&key) => vec![file],
        Value::Array(items) => items
            .iter_mut()
            .flat_map(|item| files_in(item, name))
            .collect(),
        Value::Table(table) => {
            let items = table.iter_mut();
            items
                .flat_map(|(name, item)| files_in(item, name))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Stores a value in nested tables.
fn put(table: &mut Table, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            table.insert((*name).to_owned(), value);
        }
        [name, inner @ ..] => {
            let entry = table.entry((*name).to_owned());
            if let Value::Table(inner_table) = entry.or_insert_with(|| Value::Table(Table::new())) {
                put(inner_table, inner, value);
            }
        }
    }
}
