//! [`Heading`]: the name of a column and its unit, and [`ColumnName`]: how a column is chosen.

use super::unit;
use diff2d_arrays::wording::excerpt;
use std::fmt;

/// The number of characters of a name, or of a list of names, that messages show.
const SHOWN: usize = 40;
const LIST_SHOWN: usize = 160;

/// The heading of a column, with the unit if it has one: `T_out`, `T_out [°C]`, `time (h)`, `T / °C`, `T, °C`, `T in °C`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The whole heading.
    pub text: String,
    /// The name without the unit.
    pub name: String,
    /// The unit.
    pub unit: Option<String>,
}

impl Heading {
    /// Parses a field of the line of headings.
    ///
    /// A unit stands in brackets or behind a slash with blanks. Behind a comma, a slash without blanks or the word `in`, only a
    /// unit that is known is one.
    #[must_use]
    pub fn parse(field: &str) -> Self {
        let text = field.replace("\"\"", "\"");
        let (name, unit) = match in_brackets(&text) {
            Some((name, unit)) => match behind_a_mark(name) {
                Some(parts) if !unit::is_known(unit) => parts,
                _ => (name.trim_end_matches(['/', ' ']), unit),
            },
            None => behind_a_mark(&text).unwrap_or((&text, "")),
        };
        Self {
            name: name.to_owned(),
            unit: Some(unit.to_owned()).filter(|unit| !unit.is_empty()),
            text: text.clone(),
        }
    }

    /// The parts of a name that ends with its unit and has no other one, `T_K`, `T °C` or `time_h`, if the unit is of the kind
    /// of `wanted`. Among other names that differ in their last letter alone, such as `T_A` and `T_B`, it is none.
    pub(super) fn stem_and_unit(&self, wanted: &str, others: &[Self]) -> Option<(&str, &str)> {
        const MARKS: [char; 2] = ['_', ' '];
        let (stem, suffix) = self.name.rsplit_once(MARKS)?;
        let is_numbered = others.iter().any(|other| {
            let parts = other.name.rsplit_once(MARKS);
            parts.is_some_and(|(other_stem, letter)| {
                other_stem == stem && letter.len() == 1 && !unit::is_of_name(letter)
            })
        });
        let is_unit = unit::is_of_name(suffix) && unit::are_of_one_kind(suffix, wanted);
        let has_unit = self.unit.is_none() && is_unit && !is_numbered && !stem.is_empty();
        has_unit.then_some((stem, suffix))
    }
}

/// The name of a heading, and the text in the brackets at its end.
fn in_brackets(text: &str) -> Option<(&str, &str)> {
    let (closing, opening) = match text.chars().next_back()? {
        ']' => (']', '['),
        ')' => (')', '('),
        _ => return None,
    };
    let mut depth = 0;
    let (start, _) = text.char_indices().rev().find(|&(_, letter)| {
        depth += i32::from(letter == closing) - i32::from(letter == opening);
        depth == 0
    })?;
    let (name, unit) = (text[..start].trim(), text[start + 1..text.len() - 1].trim());
    (!name.is_empty() && !unit.is_empty()).then_some((name, unit))
}

/// The name of a heading, and the unit behind a slash or a comma.
fn behind_a_mark(text: &str) -> Option<(&str, &str)> {
    let with_blanks = text.split_once(" / ");
    // A comma stands before the unit W/m², a slash within it.
    let known_units = [
        text.rsplit_once(','),
        text.rsplit_once(" in "),
        text.split_once('/'),
    ];
    let known_units = known_units.into_iter().flatten();
    let mut parts = with_blanks
        .into_iter()
        .chain(known_units.filter(|(_, unit)| unit::is_known(unit.trim())));
    let (name, unit) = parts.next()?;
    let (name, unit) = (name.trim(), unit.trim());
    (!name.is_empty() && !unit.is_empty()).then_some((name, unit))
}

/// The heading in a message: `column "T_out [°C]"`.
impl fmt::Display for Heading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {:?}", excerpt(&self.text, SHOWN))
    }
}

/// A column by its heading, with or without the unit, or by its number from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnName {
    /// The heading of the column.
    Heading(String),
    /// The number of the column.
    Number(usize),
}

impl ColumnName {
    fn is_name(&self) -> bool {
        matches!(self, Self::Heading(_))
    }

    /// Whether headings have the name.
    fn is_in(&self, headings: &[Heading]) -> bool {
        let Self::Heading(name) = self else {
            return false;
        };
        let mut headings = headings.iter();
        headings.any(|heading| [&heading.text, &heading.name].contains(&name))
    }

    /// The number of the column among these headings.
    ///
    /// # Errors
    /// The reason why no column, or more than one, fits.
    pub fn find(&self, headings: &[Heading]) -> Result<usize, String> {
        let count = headings.len();
        let texts: Vec<&str> = headings.iter().map(|heading| &*heading.text).collect();
        let list = excerpt(&texts.join(", "), LIST_SHOWN);
        let name = match self {
            Self::Number(number) if *number < count => return Ok(*number),
            Self::Number(number) => {
                return Err(format!(
                    "there is no column {number}, counted from 0: there are {count} ({list})"
                ));
            }
            Self::Heading(name) => name,
        };
        let with_unit = places(headings, |heading| heading.text == *name);
        let without_unit = places(headings, |heading| heading.name == *name);
        // Where names are keys, as those of the columns of a fit, a number is one as well.
        let number = name.parse().ok().filter(|number| *number < count);
        match (&with_unit[..], &without_unit[..], number) {
            ([column], ..) | ([], [column], _) => Ok(*column),
            ([], [], Some(column)) => Ok(column),
            ([], [], None) => Err(format!("there is no column {self}; there are {list}")),
            _ => Err(format!(
                "there are several columns {self}; a number from 0 names one"
            )),
        }
    }
}

/// The names by which the line of headings is known where lines above it look like it: sets of columns, of which one is
/// wanted as a whole. Numbers of columns count for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNames(pub Vec<Vec<ColumnName>>);

impl WantedNames {
    /// Whether one of the names stands among these headings.
    pub(super) fn have_one_in(&self, headings: &[Heading]) -> bool {
        let mut names = self.0.iter().flatten();
        names.any(|name| name.is_in(headings))
    }

    /// Whether a set of names stands among these headings as a whole.
    pub(super) fn have_a_set_in(&self, headings: &[Heading]) -> bool {
        self.0.iter().any(|columns| {
            let mut names = columns.iter().filter(|column| column.is_name()).peekable();
            names.peek().is_some() && names.all(|name| name.is_in(headings))
        })
    }
}

/// The numbers of the columns whose headings satisfy `is_wanted`.
fn places(headings: &[Heading], is_wanted: impl Fn(&Heading) -> bool) -> Vec<usize> {
    let columns = headings.iter().enumerate();
    let columns = columns.filter(|(_, heading)| is_wanted(heading));
    columns.map(|(column, _)| column).collect()
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heading(name) => write!(f, "{:?}", excerpt(name, SHOWN)),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_stands_in_brackets_or_behind_a_mark() {
        for (field, name, unit) in [
            ("T", "T", None),
            ("T [°C]", "T", Some("°C")),
            ("time(h)", "time", Some("h")),
            ("[K]", "[K]", None),
            ("T []", "T []", None),
            ("q (north) [W/m²]", "q (north)", Some("W/m²")),
            ("\"\"T\"\" [K]", "\"T\"", Some("K")),
            ("T / °C", "T", Some("°C")),
            ("t/h", "t", Some("h")),
            ("T / widgets", "T", Some("widgets")),
            ("in/out", "in/out", None),
            ("q / (W/m²)", "q", Some("W/m²")),
            ("q / W/m²", "q", Some("W/m²")),
            ("k [W/(m K)]", "k", Some("W/(m K)")),
            ("T, °F", "T", Some("°F")),
            ("wall, north", "wall, north", None),
            ("wall, north/K", "wall, north", Some("K")),
            ("q, W/m²", "q", Some("W/m²")),
            ("T in °C", "T", Some("°C")),
            ("q in W/m²", "q", Some("W/m²")),
            ("T in room", "T in room", None),
            ("Temp, °F (LGR S/N: 27)", "Temp", Some("°F")),
            ("Date Time, GMT+01:00", "Date Time, GMT+01:00", None),
            ("T_K", "T_K", None),
        ] {
            let heading = Heading::parse(field);
            assert_eq!((&*heading.name, heading.unit.as_deref()), (name, unit));
        }
    }

    #[test]
    fn a_name_may_end_with_its_unit() {
        let unit = |name: &str, wanted: &str, others: &[&str]| {
            let others: Vec<Heading> = others.iter().map(|name| Heading::parse(name)).collect();
            let heading = Heading::parse(name);
            let parts = heading.stem_and_unit(wanted, &others);
            parts.map(|(_, unit)| unit.to_owned())
        };
        assert_eq!(unit("T_K", "°C", &["T_K"]).as_deref(), Some("K"));
        assert_eq!(unit("time_h", "s", &[]).as_deref(), Some("h"));
        assert_eq!(unit("T °C", "K", &[]).as_deref(), Some("°C"));
        assert_eq!(unit("wall C", "K", &["wall A", "wall C"]), None);
        assert_eq!(unit("T_C", "K", &["T_A", "T_B", "T_C"]), None);
        assert_eq!(unit("T_s", "K", &[]), None);
        assert_eq!(unit("T_K [V]", "K", &[]), None);
    }

    #[test]
    fn a_column_has_one_name() {
        let headings = ["T [K]", "T [°C]", "q", "q"].map(Heading::parse);
        let find = |name: &str| ColumnName::Heading(name.to_owned()).find(&headings);
        assert_eq!(find("T [°C]"), Ok(1));
        assert!(find("T").unwrap_err().contains("several"));
        assert!(find("q").unwrap_err().contains("several"));
        assert!(
            find("Q")
                .unwrap_err()
                .contains("there are T [K], T [°C], q, q")
        );
        assert_eq!(ColumnName::Number(3).find(&headings), Ok(3));
        assert_eq!(find("3"), Ok(3));
        assert!(find("4").is_err());
        assert!(ColumnName::Number(4).find(&headings).is_err());
    }
}
