//! [`Area`] and [`AreaValue`]: a set of nodes, and the value given there, as defined by `[mask]` and by tables such as
//! `[[held]]`.

use super::{
    choice::Alpha,
    judge::Judge,
    keys::{self, AREA_FORMS},
    profile::Function,
    row_number::{LEADING_COLUMNS, RowNumber},
};
use std::{collections::BTreeSet, fmt, path::PathBuf};

/// A set of nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// The nodes where a formula in x and y is not 0.
    Where(Function),
    /// The nodes where an array of the grid's shape is not 0.
    File(PathBuf),
    /// The nodes where the grey value of a picture lies below a number; black is 0 and white is 1.
    Image {
        /// The file: PNG, TIFF or JPEG.
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

impl Area {
    /// Takes the keys of `[mask]`; `None` if no key was typed.
    pub(super) fn take_mask(judge: &mut Judge) -> Option<Self> {
        judge.is_typed("mask").then(|| Self::take(judge, "mask"))?
    }

    /// Takes the keys of an area in a table with a dotted name, which may have other keys as well.
    pub(super) fn take(judge: &mut Judge, table: &str) -> Option<Self> {
        let name_of = |key: &str| format!("{table}.{key}");
        Some(match judge.form(table, AREA_FORMS)? {
            "where" => Self::Where(judge.function(&name_of("where"), 2)),
            "file" => Self::File(judge.path(&name_of("file"))),
            _ => Self::Image {
                path: judge.path(&name_of("image")),
                below: take_below(judge, &name_of("below")),
                alpha: judge.choice_if_typed(&name_of("alpha")),
            },
        })
    }

    /// The key of `[mask]` that describes this area.
    pub fn mask_key(&self) -> &'static str {
        match self {
            Self::Where(_) => "mask.where",
            Self::File(_) => "mask.file",
            Self::Image { .. } => "mask.image",
        }
    }
}

/// The grey value below which pixels count, at most 1.
fn take_below(judge: &mut Judge, key: &str) -> f64 {
    let limit = judge.number(key);
    judge.refuse_if(limit > 1.0, key, || {
        let of_byte = match (1.0..=255.0).contains(&limit) {
            true => format!("; {limit:?} of 255 is {:.3}", limit / 255.0),
            false => String::new(),
        };
        format!("a grey value goes from 0, black, to 1, white{of_byte}")
    });
    limit
}

impl AreaValue {
    /// Takes the tables of a key, in order. `value` is the name of the value in them.
    pub(super) fn take(judge: &mut Judge, key: &str, value: &str) -> Vec<Self> {
        let tables = judge.tables(key).into_iter();
        let areas = tables.filter_map(|table| {
            let area = Area::take(judge, &table);
            let value = judge.function(&format!("{table}.{value}"), 2);
            let name_key = format!("{table}.name");
            let name = if keys::is_key(&name_key) {
                judge.column_name_if_typed(&name_key)
            } else {
                None
            };
            Some(Self {
                area: area?,
                value,
                name,
            })
        });
        areas.collect()
    }

    /// Takes the tables `[[held]]`, whose names become columns of rates.
    pub(super) fn take_held(judge: &mut Judge) -> Vec<Self> {
        const KEY: &str = "held";
        let areas = Self::take(judge, KEY, "value");
        let totals = RowNumber::of_totals(&[]).into_iter();
        let totals = totals.filter(|(_, number)| !number.gives_way());
        let totals = totals.map(|(name, _)| name);
        let leading = LEADING_COLUMNS.map(str::to_owned).into_iter();
        let mut columns: BTreeSet<String> = leading.chain(totals).collect();
        for (number, area) in areas.iter().enumerate() {
            let name = area.name_or_number(number);
            let names = [name.clone(), format!("{name}_rate")];
            let is_free = names.into_iter().all(|column| columns.insert(column));
            judge.refuse_if(!is_free, &format!("{KEY}.{number}"), || {
                format!("the name {name:?} is that of another column of rates: choose another")
            });
        }
        areas
    }

    /// The name for columns of rates, or the default name of table `number`.
    pub fn name_or_number(&self, number: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("held{number}"))
    }
}

impl TypedAreas {
    /// Texts on all areas of a domain.
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
