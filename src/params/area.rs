//! [`Area`] and [`Held`]: nodes that a mask takes away or whose values are given, as typed in `[mask]` and
//! `[[held]]`.

use super::{
    judge::Judge,
    profile::{Function, Words},
    value::{Value, number},
};
use serde_json::{Map, Value as Json, json};
use std::{fmt, path::PathBuf};
use toml::Table;

/// Some of the nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// Where a formula in x and y is not 0.
    Where(Function),
    /// Where an array of the grid's shape is not 0.
    File(PathBuf),
    /// Where the grey value of a picture lies below a number; black is 0 and white is 1.
    Image {
        /// The file, PNG.
        path: PathBuf,
        /// The number.
        below: f64,
    },
}

/// Nodes that keep given values.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Which.
    pub area: Area,
    /// Their values \[density\].
    pub value: Function,
}

/// The grey value below which a pixel counts where none is given.
const BELOW: f64 = 0.5;
const AREA: &str = "one of where = \"…\", file = \"….npy\" and image = \"….png\" must be given";

impl Area {
    /// The keys of `[mask]`, if any was typed.
    pub(super) fn take(judge: &mut Judge) -> Option<Self> {
        const KEYS: [&str; 4] = ["mask.where", "mask.file", "mask.image", "mask.below"];
        let typed: Vec<&str> = KEYS.into_iter().filter(|key| judge.is_typed(key)).collect();
        let (&first, mut table) = (typed.first()?, Table::new());
        for key in &typed {
            let value = judge.convert(key, |value| Ok(value.clone()))?;
            table.insert(key.replace("mask.", ""), value);
        }
        match Self::parse(&table, &judge.words.of(2)) {
            Ok(area) => {
                let area = area.with_path(|path| judge.path_to(first, path));
                for (key, value) in area.to_json() {
                    judge.note(&format!("mask.{key}"), value);
                }
                Some(area)
            }
            Err(reason) => {
                judge.refuse_if(true, first, || reason.unwrap_or_default());
                None
            }
        }
    }

    /// The key of `[mask]` that gives it.
    #[must_use]
    pub fn mask_key(&self) -> &'static str {
        match self {
            Self::Where(_) => "mask.where",
            Self::File(_) => "mask.file",
            Self::Image { .. } => "mask.image",
        }
    }

    /// From a table with these keys and others.
    pub(super) fn parse(table: &Table, words: &Words) -> Result<Self, Option<String>> {
        let path = |key| match table.get(key).map(Value::as_str) {
            Some(Some(path)) => Ok(Some(PathBuf::from(path))),
            Some(None) => Err(Some(format!("{key} must be the name of a file in quotes"))),
            None => Ok(None),
        };
        let below = match table.get("below").map(number) {
            None => None,
            Some(Some(below)) if below.is_finite() => Some(below),
            Some(_) => return Err(Some("below must be a finite number".to_owned())),
        };
        let formula = table.get("where");
        let formula = formula.map(|value| Function::parse(value, words));
        let area = match (formula, path("file")?, path("image")?) {
            (Some(formula), None, None) => Self::Where(formula.map_err(|reason| {
                Some(reason.unwrap_or_else(|| "where must be a formula in x and y".to_owned()))
            })?),
            (None, Some(path), None) => Self::File(path),
            (None, None, Some(path)) => {
                let below = below.unwrap_or(BELOW);
                return Ok(Self::Image { path, below });
            }
            _ => return Err(Some(AREA.to_owned())),
        };
        match below {
            None => Ok(area),
            Some(_) => Err(Some("below belongs to image = \"….png\"".to_owned())),
        }
    }

    /// With the path of its file from the root.
    pub(super) fn with_path(self, path_to: impl FnOnce(&str) -> PathBuf) -> Self {
        match self {
            Self::Where(_) => self,
            Self::File(path) => Self::File(path_to(&path.to_string_lossy())),
            Self::Image { path, below } => Self::Image {
                path: path_to(&path.to_string_lossy()),
                below,
            },
        }
    }

    /// The keys of its table in a journal.
    pub(super) fn to_json(&self) -> Map<String, Json> {
        let pairs = match self {
            Self::Where(formula) => vec![("where", formula.to_json())],
            Self::File(path) => vec![("file", json!(path.to_string_lossy()))],
            Self::Image { path, below } => vec![
                ("image", json!(path.to_string_lossy())),
                ("below", json!(below)),
            ],
        };
        let pairs = pairs.into_iter();
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl Held {
    /// The tables `[[held]]`, in their order.
    pub(super) fn take(judge: &mut Judge) -> Vec<Self> {
        if !judge.is_typed("held") {
            return Vec::new();
        }
        let words = &judge.words.of(2);
        let held = judge.convert("held", |value| {
            let tables = value.as_array().ok_or(None)?.iter().zip(1..);
            let held = tables.map(|(table, number)| {
                Self::parse(table, words).map_err(|reason| {
                    let reason = reason.unwrap_or_else(|| {
                        "value must be a finite number or a formula in x and y".to_owned()
                    });
                    Some(format!("in table {number}, {reason}"))
                })
            });
            held.collect::<Result<Vec<Self>, _>>()
        });
        let held = held.unwrap_or_default().into_iter().map(|held| Self {
            area: held.area.with_path(|path| judge.path_to("held", path)),
            ..held
        });
        let held: Vec<Self> = held.collect();
        let tables = held.iter().map(|held| {
            let mut table = held.area.to_json();
            table.insert("value".to_owned(), held.value.to_json());
            Json::Object(table)
        });
        judge.note("held", Json::Array(tables.collect()));
        held
    }

    fn parse(table: &Value, words: &Words) -> Result<Self, Option<String>> {
        const KEYS: [&str; 5] = ["where", "file", "image", "below", "value"];
        let table = table.as_table().ok_or(None)?;
        if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Some(format!(
                "there is no key {other}; there are {}",
                KEYS.join(", ")
            )));
        }
        Ok(Self {
            area: Area::parse(table, words)?,
            value: Function::parse(table.get("value").ok_or(None)?, words)?,
        })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Where(formula) => write!(f, "where {formula}"),
            Self::File(path) => write!(f, "where the file {} is not 0", path.display()),
            Self::Image { path, below } => {
                write!(f, "where the picture {} is below {below:?}", path.display())
            }
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.area)
    }
}
