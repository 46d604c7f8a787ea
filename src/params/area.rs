//! [`Area`] and [`AreaValue`]: a set of nodes, and the value given there, as defined by `[mask]` and by tables such as
//! `[[held]]`.

use super::{
    choice::{Alpha, Choice},
    column_names::{is_column_name, names_of_totals},
    judge::{Judge, alpha_of},
    profile::{Function, Words},
    value::{Value, number},
};
use serde_json::{Map, Value as Json, json};
use std::{fmt, path::PathBuf};
use toml::Table;

/// A set of nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// The nodes where a formula in x and y is not 0.
    Where(Function),
    /// The nodes where an array of the grid's shape is not 0.
    File(PathBuf),
    /// The nodes where the grey value of a picture lies below a number; black is 0 and white is 1.
    Image {
        /// The file, PNG.
        path: PathBuf,
        /// The grey value.
        below: f64,
        /// The meaning of the pixels' opacity, if it is given.
        alpha: Option<Alpha>,
    },
}

/// An area with a value: a table such as `[[held]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaValue {
    /// The nodes.
    pub area: Area,
    /// A number, or a formula in x and y.
    pub value: Function,
    /// The name for columns of rates; without one they are named `held` and the number of the table, from 0 on.
    pub name: Option<String>,
}

/// A text on areas of the domain with other conditions than the equation.
#[derive(Debug, Clone, PartialEq)]
pub struct TypedAreas {
    /// The name of the table.
    pub name: &'static str,
    /// The key that defines the areas.
    pub key: &'static str,
    /// The noun for such areas, in the plural.
    pub noun: &'static str,
    /// The definition, in words.
    pub text: String,
}

/// The default of the grey value below which a pixel counts.
const BELOW: f64 = 0.5;
const AREA: &str = "one of where = \"…\", file = \"….npy\" and image = \"….png\" must be given";

impl Area {
    /// Takes the keys of `[mask]`; `None` if no key was typed.
    pub(super) fn take(judge: &mut Judge) -> Option<Self> {
        const KEYS: [&str; 5] = [
            "mask.where",
            "mask.file",
            "mask.image",
            "mask.below",
            "mask.alpha",
        ];
        let typed: Vec<&str> = KEYS.into_iter().filter(|key| judge.is_typed(key)).collect();
        let is_alone = typed.is_empty() && judge.is_typed("mask.isolated");
        judge.refuse_if(is_alone, "mask.isolated", || {
            format!("it belongs to a mask: {AREA}")
        });
        let &first_key = typed.first()?;
        let mut table = Table::new();
        for key in &typed {
            let value = judge.convert(key, |value| Ok(value.clone()))?;
            table.insert(key.replace("mask.", ""), value);
        }
        match Self::parse(&table, &judge.words.of(2)) {
            Ok(area) => {
                let area = area.with_path(|path| judge.path_to(first_key, path));
                for (key, value) in area.to_json() {
                    judge.note(&format!("mask.{key}"), value);
                }
                Some(area)
            }
            Err(reason) => {
                judge.refuse_if(true, first_key, || reason.unwrap_or_default());
                None
            }
        }
    }

    /// The key of `[mask]` that describes this area.
    #[must_use]
    pub fn mask_key(&self) -> &'static str {
        match self {
            Self::Where(_) => "mask.where",
            Self::File(_) => "mask.file",
            Self::Image { .. } => "mask.image",
        }
    }

    /// Reads an area from a table, which may have other keys as well.
    pub(super) fn parse(table: &Table, words: &Words) -> Result<Self, Option<String>> {
        let threshold = match table.get("below").map(number) {
            None => None,
            Some(Some(threshold)) if threshold.is_finite() => Some(threshold),
            Some(_) => return Err(Some("below must be a finite number".to_owned())),
        };
        let alpha = alpha_of(table.get("alpha"))?;
        let formula = table.get("where");
        let formula = formula.map(|value| Function::parse(value, words));
        let area = match (formula, file_of(table, "file")?, file_of(table, "image")?) {
            (Some(formula), None, None) => Self::Where(formula.map_err(|reason| {
                Some(reason.unwrap_or_else(|| "where must be a formula in x and y".to_owned()))
            })?),
            (None, Some(path), None) => Self::File(path),
            (None, None, Some(path)) => {
                let limit = threshold.unwrap_or(BELOW);
                return Ok(Self::Image {
                    path,
                    below: limit,
                    alpha,
                });
            }
            _ => return Err(Some(AREA.to_owned())),
        };
        let of_pictures = ["below", "alpha"];
        match of_pictures.into_iter().find(|key| table.contains_key(*key)) {
            None => Ok(area),
            Some(key) => Err(Some(format!("{key} belongs to image = \"….png\""))),
        }
    }

    /// The area with an absolute path of its file.
    pub(super) fn with_path(self, path_to: impl FnOnce(&str) -> PathBuf) -> Self {
        match self {
            Self::Where(_) => self,
            Self::File(path) => Self::File(path_to(&path.to_string_lossy())),
            Self::Image { path, below, alpha } => Self::Image {
                path: path_to(&path.to_string_lossy()),
                below,
                alpha,
            },
        }
    }

    /// The keys of the area's table in a journal.
    pub(super) fn to_json(&self) -> Map<String, Json> {
        let pairs = match self {
            Self::Where(formula) => vec![("where", formula.to_json())],
            Self::File(path) => vec![("file", json!(path.to_string_lossy()))],
            Self::Image { path, below, alpha } => {
                let alpha = alpha.map(|alpha| ("alpha", json!(alpha.name())));
                let mut pairs = vec![
                    ("image", json!(path.to_string_lossy())),
                    ("below", json!(below)),
                ];
                pairs.extend(alpha);
                pairs
            }
        };
        let pairs = pairs.into_iter();
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// The file name at a key of a table.
fn file_of(table: &Table, key: &str) -> Result<Option<PathBuf>, Option<String>> {
    match table.get(key).map(Value::as_str) {
        Some(Some(path)) => Ok(Some(PathBuf::from(path))),
        Some(None) => Err(Some(format!("{key} must be the name of a file in quotes"))),
        None => Ok(None),
    }
}

impl AreaValue {
    /// Takes the tables of a key, in order. `value` is the name of the value in them, and `more` are further keys that
    /// they may have.
    pub(super) fn take(judge: &mut Judge, key: &str, value: &str, more: &[&str]) -> Vec<Self> {
        if !judge.is_typed(key) {
            return Vec::new();
        }
        let words = &judge.words.of(2);
        let keys = [&["where", "file", "image", "below", "alpha", value], more].concat();
        let tables = judge.convert(key, |typed| {
            let tables = typed.as_array().ok_or(None)?.iter().zip(1..);
            let tables = tables.map(|(table, number)| {
                Self::parse(table, value, &keys, words).map_err(|reason| {
                    let reason = reason.unwrap_or_else(|| {
                        format!("{value} must be a finite number or a formula in x and y")
                    });
                    Some(format!("in table {number}, {reason}"))
                })
            });
            tables.collect::<Result<Vec<Self>, _>>()
        });
        let tables: Vec<Self> = tables
            .unwrap_or_default()
            .into_iter()
            .map(|table| Self {
                area: table.area.with_path(|path| judge.path_to(key, path)),
                ..table
            })
            .collect();
        let objects = tables.iter().map(|table| {
            let mut object = table.area.to_json();
            object.insert(value.to_owned(), table.value.to_json());
            object.extend(
                table
                    .name
                    .iter()
                    .map(|name| ("name".to_owned(), json!(name))),
            );
            Json::Object(object)
        });
        judge.note(key, Json::Array(objects.collect()));
        tables
    }

    /// Takes the tables `[[held]]`, whose names become columns of rates.
    pub(super) fn take_held(judge: &mut Judge) -> Vec<Self> {
        let tables = Self::take(judge, "held", "value", &["name"]);
        let mut columns = names_of_totals();
        for (number, table) in tables.iter().enumerate() {
            let name = table.name_or_number(number);
            let names = [name.clone(), format!("{name}_rate")];
            let is_free = names.into_iter().all(|column| columns.insert(column));
            judge.refuse_if(!is_free, "held", || {
                format!("table {} has the name {name:?}, which is that of another column of rates: choose another", number + 1)
            });
        }
        tables
    }

    fn parse(
        table: &Value,
        value: &str,
        keys: &[&str],
        words: &Words,
    ) -> Result<Self, Option<String>> {
        let table = table.as_table().ok_or(None)?;
        if let Some(unknown) = table.keys().find(|key| !keys.contains(&key.as_str())) {
            return Err(Some(format!(
                "there is no key {unknown}; there are {}",
                keys.join(", ")
            )));
        }
        Ok(Self {
            area: Area::parse(table, words)?,
            value: Function::parse(table.get(value).ok_or(None)?, words)?,
            name: match table.get("name") {
                None => None,
                Some(Value::String(name)) if is_column_name(name) => Some(name.clone()),
                Some(_) => {
                    return Err(Some(
                        "name must be a name of a column in quotes: letters, digits and _"
                            .to_owned(),
                    ));
                }
            },
        })
    }

    /// The name for columns of rates, or the default name of table `number`.
    #[must_use]
    pub fn name_or_number(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("held{number}"))
    }
}

impl TypedAreas {
    /// Texts on all areas of a domain.
    #[must_use]
    pub fn list(mask: Option<&Area>, held: &[AreaValue], interfaces: &[AreaValue]) -> Vec<Self> {
        let mask = mask.map(|mask| Self {
            name: "mask",
            key: mask.mask_key(),
            noun: "masks",
            text: mask.to_string(),
        });
        let tables = [
            ("held", "held nodes", held),
            ("interface", "interfaces", interfaces),
        ]
        .into_iter()
        .filter(|(.., list)| !list.is_empty())
        .map(|(key, noun, list)| Self {
            name: key,
            key,
            noun,
            text: list
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        });
        mask.into_iter().chain(tables).collect()
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Where(formula) => write!(f, "where {formula}"),
            Self::File(path) => write!(f, "where the file {} is not 0", path.display()),
            Self::Image { path, below, .. } => {
                write!(f, "where the picture {} is below {below:?}", path.display())
            }
        }
    }
}

impl fmt::Display for AreaValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.area)
    }
}
