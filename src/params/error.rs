//! Errors of parameters: one sentence each for the person who typed them.

use super::{
    keys,
    place::Place,
    spelling::{self, Meant},
    value::{Entry, LONGEST_NAME, shown, type_in_words},
};
use crate::fault::Fault;
use diff2d_arrays::wording::excerpt;

/// Parameters that cannot be used. The user can correct them, so the exit code is 2; for a file that they name it is 1
/// or 3.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the sentences say what the fields hold")]
pub enum ParamsError {
    /// Any fault that callers do not distinguish.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The file is neither TOML nor Python assignments.
    #[error("{place}: {reason}")]
    Syntax { place: Place, reason: String },
    /// A required key is absent.
    #[error("{place}: the parameter {key} is missing; add a line such as `{line}`  # {meaning}")]
    Missing {
        place: Place,
        key: String,
        line: String,
        meaning: String,
    },
    /// A value has the wrong type, or cannot be used, alone or with other values.
    #[error("{place}: {key} = {value} {reason}")]
    Refused {
        place: Place,
        key: String,
        value: String,
        reason: String,
    },
    /// A file named by parameters cannot be used.
    #[error("{place}: {key} = {value:?} cannot be used: {reason}")]
    Input {
        place: Place,
        key: String,
        value: String,
        reason: String,
        is_damaged: bool,
    },
    /// Several errors, one line each.
    #[error("{}", lines(.0))]
    Several(Vec<ParamsError>),
}

impl ParamsError {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Fault(fault) => fault.exit_code(),
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

    /// The error for a key that is not one of `known`, or not one of its table.
    pub(super) fn unknown<'a>(entry: &Entry, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let name = &entry.name;
        if let Some(content) = keys::content_of_table(name) {
            let (place, value) = (&entry.place, shown(&entry.value));
            let (key, kind) = (excerpt(name, LONGEST_NAME), type_in_words(&entry.value));
            let hint = spelling::habit(name, &known).map_or_else(String::new, |meant| meant.hint);
            return Fault::refused(format!(
                "{place}: {key} = {value} is {kind}; {key} must be a table with {content}{hint}"
            ))
            .into();
        }
        let (meant, keys) = if let Some((table, slip, keys)) = keys::table_around(name) {
            let list = keys.names().collect::<Vec<_>>().join(", ");
            let meant = spelling::meant(slip, keys.names());
            (meant, Some(format!("of {table} are {list}")))
        } else if let Some((list, keys)) = keys::list_around(name) {
            let hint = format!(": the tables [[{list}]] are numbered, the first one is {list}.0");
            let names = keys.names().collect::<Vec<_>>().join(", ");
            let meant = Some(Meant { key: list, hint });
            (meant, Some(format!("of [[{list}]] are {names}")))
        } else {
            let meant =
                spelling::meant_table(name, keys::KEYS.iter().filter_map(keys::table_of_names));
            let names = known.clone().chain(keys::table_names());
            let meant = meant.or_else(|| spelling::meant(name, names));
            let keys = keys_of_table(name, known);
            (meant, keys.map(|keys| format!("are {}", keys.join(", "))))
        };
        let way_out = match (meant, keys) {
            (Some(meant), _) => meant.hint,
            (None, Some(keys)) => format!("; the parameters {keys}"),
            // There are too many to be read in a message.
            (None, None) => "; docs/parameters.md describes all parameters".to_owned(),
        };
        let (place, value) = (&entry.place, shown(&entry.value));
        let key = excerpt(name, LONGEST_NAME);
        Fault::refused(format!(
            "{place}: there is no parameter {key} (= {value}){way_out}"
        ))
        .into()
    }

    /// The error for several parameters without a table that stand below the heading of one, as all lines do up to the next one.
    pub(super) fn below_table(entries: &[&Entry]) -> Option<Self> {
        let first_entry = entries.first().filter(|_| entries.len() > 1)?;
        let (table, _) = first_entry.name.split_once('.')?;
        let keys = entries.iter().map(|entry| {
            let (own_table, key) = entry.name.split_once('.')?;
            (own_table == table).then_some(key)
        });
        let keys = keys.collect::<Option<Vec<&str>>>()?.join(", ");
        let place = &first_entry.place;
        Some(
            Fault::refused(format!(
                "{place}: {keys} stand below [{table}], to which all lines up to the next heading belong: put them above it"
            ))
            .into(),
        )
    }

    /// The error for a text of the wrong form.
    pub(super) fn syntax(place: &Place, reason: impl Into<String>) -> Self {
        Self::Syntax {
            place: place.clone(),
            reason: reason.into(),
        }
    }
}

/// The keys of the table to which a name belongs, if it is one.
fn keys_of_table<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<Vec<&'a str>> {
    let (table, _) = name
        .rsplit_once('.')
        .filter(|(table, _)| keys::is_table(table))?;
    let keys = known.filter(|key| key.split_once('.').is_some_and(|(of, _)| of == table));
    Some(keys.collect())
}

fn lines(errors: &[ParamsError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
