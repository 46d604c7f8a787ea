//! Errors of parameters: one sentence each for the person who typed them.

use super::{
    keys,
    place::Place,
    spelling,
    value::{Entry, LONGEST_NAME, shown},
};
use diff2d_arrays::wording::{bytes, excerpt};

/// Parameters that cannot be used. The user can correct them, so the exit code is 2; for a file that they name it is 1
/// or 3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The file could not be read.
    #[error("cannot read the parameter file {file}: {reason}")]
    Unreadable {
        /// The file as the user named it.
        file: String,
        /// The reason, in words.
        reason: String,
    },
    /// The file is neither TOML nor Python assignments.
    #[error("{place}: {reason}")]
    Syntax {
        /// The offending line.
        place: Place,
        /// What the parser expected.
        reason: String,
    },
    /// A key does not exist.
    #[error("{place}: there is no parameter {key} (= {value}){hint}; the parameters {known}")]
    Unknown {
        /// The place where the key was typed.
        place: Place,
        /// The key as typed.
        key: String,
        /// The value as typed.
        value: String,
        /// A hint such as `", did you mean dx?"`, or nothing.
        hint: String,
        /// The words "are" or "of … are", and all keys that exist in its table.
        known: String,
    },
    /// There are more unknown keys than a user wants to read.
    #[error("{place}: {count} more keys from here on are no parameters")]
    MoreUnknown {
        /// The place of the first further unknown key.
        place: Place,
        /// The number of further unknown keys.
        count: usize,
    },
    /// A required key is absent.
    #[error("{place}: the parameter {key} is missing; add a line such as `{line}`  # {meaning}")]
    Missing {
        /// The file or the table in which it should stand.
        place: Place,
        /// The absent key.
        key: String,
        /// A line with a valid value as an example.
        line: String,
        /// The meaning of the key, with its unit.
        meaning: String,
    },
    /// A key occurs twice in a file.
    #[error(
        "{place}: {key} is given a second time (it stands in line {first} already); keep one of the two"
    )]
    Repeated {
        /// The place of the second occurrence.
        place: Place,
        /// The key.
        key: String,
        /// The line of the first occurrence.
        first: usize,
    },
    /// A value has the wrong type, or cannot be used, alone or with other values.
    #[error("{place}: {key} = {value} {reason}")]
    Refused {
        /// The place where the value was typed.
        place: Place,
        /// The key.
        key: String,
        /// The value as typed.
        value: String,
        /// "is …" or "cannot be used: …", and what would be accepted.
        reason: String,
    },
    /// A file named by parameters cannot be used.
    #[error("{place}: {key} = {value:?} cannot be used: {reason}")]
    Input {
        /// The place where the file was named.
        place: Place,
        /// The key.
        key: String,
        /// The file.
        value: String,
        /// The reason.
        reason: String,
        /// Whether the file exists but is damaged.
        is_damaged: bool,
    },
    /// The coordinates of the grid's nodes do not fit into memory.
    #[error(
        "the coordinates of {nodes} nodes take {} of memory, and {} are available: a larger dx takes less",
        bytes(*needed), bytes(*available)
    )]
    Memory {
        /// The numbers of rows and columns.
        nodes: String,
        /// The bytes of the coordinates.
        needed: u64,
        /// The bytes that are available.
        available: u64,
    },
    /// Several errors, one line each.
    #[error("{}", lines(.0))]
    Several(Vec<ParamsError>),
    /// `--set` is not followed by a key and a value.
    #[error("--set {text}: expected {expected}")]
    BadSet {
        /// The text after `--set`.
        text: String,
        /// What would be accepted, with an example.
        expected: &'static str,
    },
}

impl ParamsError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Memory { .. } => 1,
            Self::Input { is_damaged, .. } => 1 + 2 * u8::from(*is_damaged),
            _ => 2,
        }
    }

    /// One error for all errors in a list; `Ok` if it is empty.
    pub(crate) fn of_all(mut wrong: Vec<Self>) -> Result<(), Self> {
        match wrong.len() {
            0 => Ok(()),
            1 => Err(wrong.remove(0)),
            _ => Err(Self::Several(wrong)),
        }
    }

    /// Adds to the error how to name the new place of a file that is missing or damaged, because it may have moved.
    #[must_use]
    pub fn with_way_to_moved_file(self) -> Self {
        match self {
            Self::Input {
                place,
                key,
                value,
                reason,
                is_damaged: false,
            } => Self::Input {
                reason: format!("{reason}; if it has moved, add --set {key}=… with its new place"),
                place,
                key,
                value,
                is_damaged: false,
            },
            error => error,
        }
    }

    /// The error for a key that is not one of `known`, or not one of its table.
    pub(super) fn unknown<'a>(entry: &Entry, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let name = &entry.name;
        let (meant, known) = match keys::table_around(name) {
            Some((table, slip, keys)) => {
                let names = keys.keys().map(|key| key.name);
                let list = names.clone().collect::<Vec<_>>().join(", ");
                (
                    spelling::meant(slip, names),
                    format!("of {table} are {list}"),
                )
            }
            None => (
                spelling::meant(name, known.clone()),
                format!("are {}", keys_beside(name, known).join(", ")),
            ),
        };
        let hint = meant.map_or_else(String::new, |meant| meant.hint);
        Self::Unknown {
            place: entry.place.clone(),
            key: excerpt(name, LONGEST_NAME),
            value: shown(&entry.value).into_owned(),
            hint,
            known,
        }
    }

    /// The error for a text of the wrong form.
    pub(super) fn syntax(place: &Place, reason: impl Into<String>) -> Self {
        Self::Syntax {
            place: place.clone(),
            reason: reason.into(),
        }
    }
}

/// The keys of the table to which a name belongs; at the top level also the names of tables.
fn keys_beside<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let table = name.rsplit_once('.').map(|(table, _)| table);
    let table = table.filter(|table| keys::is_table(table));
    let mut keys_and_tables: Vec<String> = Vec::new();
    for key in known {
        let name = match (table, key.split_once('.')) {
            (Some(table), Some((key_table, _))) if key_table == table => key.to_owned(),
            (None, Some((key_table, _))) => format!("[{key_table}]"),
            (None, None) => key.to_owned(),
            (Some(_), _) => continue,
        };
        if !keys_and_tables.contains(&name) {
            keys_and_tables.push(name);
        }
    }
    keys_and_tables
}

fn lines(errors: &[ParamsError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
