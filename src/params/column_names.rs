//! The names of columns of a record.

use super::quantity::Quantity;
use std::collections::BTreeSet;

/// The names of the rates in the records of all problems: for the sides, and for the quantities with a rate.
pub fn common_rate_names() -> impl Iterator<Item = &'static str> {
    SIDE_NAMES
        .into_iter()
        .chain(Quantity::WITH_RATE.map(Quantity::key))
}

const SIDE_NAMES: [&str; 4] = ["left", "right", "bottom", "top"];

/// The names of the fluxes through the walls, in the order of the sides.
pub fn flux_names() -> impl Iterator<Item = String> {
    SIDE_NAMES.map(|side| format!("{side}_flux")).into_iter()
}

/// The names of the columns in all records with totals.
#[must_use]
pub fn names_of_totals() -> BTreeSet<String> {
    let names = ["scenario", "step", "t", "mass", "min", "max", "unexplained"];
    let names = names.into_iter().chain(common_rate_names());
    let rates = common_rate_names().map(|name| format!("{name}_rate"));
    names
        .map(str::to_owned)
        .chain(rates)
        .chain(flux_names())
        .collect()
}

/// Whether a text is valid as the name of a column.
#[must_use]
pub fn is_column_name(text: &str) -> bool {
    let mut letters = text.chars();
    !text.is_empty() && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}
