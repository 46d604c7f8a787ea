//! What can be wrong with parameters: one sentence each for the person who typed them.

use super::{
    keys,
    place::Place,
    spelling,
    value::{Entry, LONGEST_NAME, shown},
};
use diff2d_arrays::wording::excerpt;

/// Parameters that cannot be used. Whoever typed them can correct them, so the exit code is 2; that of a
/// file which they name is 1 or 3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The file could not be read.
    #[error("cannot read the parameter file {file}: {reason}")]
    Unreadable {
        /// The file as the user named it.
        file: String,
        /// Why, in words.
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
    /// A key that does not exist.
    #[error("{place}: there is no parameter {key} (= {value}){hint}; the parameters are {known}")]
    Unknown {
        /// Where it was typed.
        place: Place,
        /// The key as typed.
        key: String,
        /// The value as typed.
        value: String,
        /// `", did you mean dx?"` or nothing.
        hint: String,
        /// All keys there are.
        known: String,
    },
    /// More keys that do not exist than a person wants to read of.
    #[error("{place}: {count} more keys from here on are no parameters")]
    MoreUnknown {
        /// The first of them.
        place: Place,
        /// How many.
        count: usize,
    },
    /// A required key is absent.
    #[error(
        "{file}: the parameter {key} is missing; add a line such as `{key} = {example}`  # {meaning}"
    )]
    Missing {
        /// The file in which it should stand.
        file: String,
        /// The absent key.
        key: &'static str,
        /// A value that would do.
        example: &'static str,
        /// What the key means, with its unit.
        meaning: String,
    },
    /// The same key twice in one file.
    #[error(
        "{place}: {key} is given a second time (it stands in line {first} already); keep one of the two"
    )]
    Repeated {
        /// Where it stands again.
        place: Place,
        /// The key.
        key: String,
        /// The line of the first one.
        first: usize,
    },
    /// A value of the wrong type, or one that cannot be used, alone or with the others.
    #[error("{place}: {key} = {value} {reason}")]
    Refused {
        /// Where it was typed.
        place: Place,
        /// The key.
        key: &'static str,
        /// The value as typed.
        value: String,
        /// "is …" or "cannot be used: …", and what would be accepted.
        reason: String,
    },
    /// A file that parameters name and that cannot be used.
    #[error("{place}: {key} = {value:?} cannot be used: {reason}")]
    Input {
        /// Where it was named.
        place: Place,
        /// The key.
        key: &'static str,
        /// The file.
        value: String,
        /// Why.
        reason: String,
        /// Whether the file is there, but damaged.
        is_damaged: bool,
    },
    /// Several of these, a line each.
    #[error("{}", lines(.0))]
    Several(Vec<ParamsError>),
    /// `--set` without a key and a value.
    #[error("--set {text}: expected key=value, such as --set dx=0.1")]
    BadSet {
        /// What followed `--set`.
        text: String,
    },
}

impl ParamsError {
    /// One error for all that is wrong, if anything is.
    pub(crate) fn of_all(mut wrong: Vec<Self>) -> Result<(), Self> {
        match wrong.len() {
            0 => Ok(()),
            1 => Err(wrong.remove(0)),
            _ => Err(Self::Several(wrong)),
        }
    }

    /// The error for a key that is none of `known`.
    pub(super) fn unknown<'a>(entry: &Entry, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self::Unknown {
            place: entry.place.clone(),
            key: excerpt(&entry.name, LONGEST_NAME),
            value: shown(&entry.value).into_owned(),
            hint: spelling::hint_of_table(&entry.name, known.clone())
                .unwrap_or_else(|| spelling::hint(&entry.name, known.clone())),
            known: keys_beside(&entry.name, known).join(", "),
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

/// The keys of the table in which a name stands; at the top level the tables, too.
fn keys_beside<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let table = name.rsplit_once('.').map(|(table, _)| table);
    let table = table.filter(|table| keys::is_table(table));
    let mut beside: Vec<String> = Vec::new();
    for key in known {
        let shown = match (table, key.split_once('.')) {
            (Some(table), Some((of, _))) if of == table => key.to_owned(),
            (None, Some((of, _))) => format!("[{of}]"),
            (None, None) => key.to_owned(),
            (Some(_), _) => continue,
        };
        if !beside.contains(&shown) {
            beside.push(shown);
        }
    }
    beside
}

fn lines(errors: &[ParamsError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
