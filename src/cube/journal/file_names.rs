//! [`FileNames`]: values of scenarios as text for people, with file names shortened by their common directory.

use serde_json::Value;
use std::{
    borrow::Borrow,
    path::{Path, PathBuf},
};

/// Formats the values of a key for people.
#[derive(Debug, Clone, Default)]
pub struct FileNames {
    /// The directory that all files have in common, if there is a file among the values.
    shared: Option<PathBuf>,
}

impl FileNames {
    /// Finds the common directory of the files among the values of a key.
    pub fn of(values: impl Iterator<Item = impl Borrow<Value>>) -> Self {
        let directories =
            values.filter_map(|value| file(value.borrow())?.parent().map(Path::to_owned));
        Self {
            shared: directories.reduce(|shared, directory| {
                let components = shared.components().zip(directory.components());
                let shared_components = components.take_while(|(one, two)| one == two);
                shared_components.map(|(component, _)| component).collect()
            }),
        }
    }

    /// A value as text: strings without quotes, file names without the common directory.
    pub fn shown(&self, value: &Value) -> String {
        let Some(path) = file(value) else {
            return match value {
                Value::String(word) => word.clone(),
                value => value.to_string(),
            };
        };
        let shared = self.shared.as_deref().unwrap_or(Path::new(""));
        let name = path.strip_prefix(shared).unwrap_or(path).display();
        let table_entries = value.as_object().into_iter().flatten();
        let table_entries =
            table_entries.filter(|(key, _)| !["file", "image"].contains(&key.as_str()));
        let table_entries = table_entries.filter(|(_, value)| *value != "linear");
        let table_entries = table_entries.map(|(_, value)| format!(" {value}").replace('"', ""));
        format!("{name}{}", table_entries.collect::<String>())
    }
}

/// The file that a value names.
fn file(value: &Value) -> Option<&Path> {
    let name = match value {
        Value::String(word) => Some(word.as_str()),
        value => ["file", "image"]
            .iter()
            .find_map(|key| value.get(key)?.as_str()),
    };
    name.map(Path::new).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_are_told_of_without_what_they_share() {
        let of = |values: &[Value]| -> Vec<String> {
            let names = FileNames::of(values.iter());
            values.iter().map(|value| names.shown(value)).collect()
        };
        assert_eq!(
            of(&[json!("/a/b/u.npy"), json!("/a/b/v.npy")]),
            ["u.npy", "v.npy"]
        );
        assert_eq!(
            of(&[json!("/a/b/u.npy"), json!("/a/c/u.npy")]),
            ["b/u.npy", "c/u.npy"]
        );
        assert_eq!(of(&[json!("walls"), json!(0.5)]), ["walls", "0.5"]);
        let image =
            |high: f64| json!({"image": "/a/D.png", "range": [0.1, high], "interpolate": "linear"});
        assert_eq!(
            of(&[image(1.0), image(2.0)]),
            ["D.png [0.1,1.0]", "D.png [0.1,2.0]"]
        );
    }
}
