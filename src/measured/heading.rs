//! [`Heading`]: the name of a column and its unit, and [`ColumnName`]: how a column is chosen.

use diff2d_arrays::wording::excerpt;
use std::fmt;

/// The number of characters of a name, or of a list of names, that messages show.
const SHOWN: usize = 40;
const LIST_SHOWN: usize = 160;

/// The heading of a column: `T_out`, `T_out [°C]`, `time (h)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The whole heading.
    pub text: String,
    /// The name without the unit.
    pub name: String,
    /// The unit in brackets at its end.
    pub unit: Option<String>,
}

impl Heading {
    /// Parses a field of the first line as a heading.
    #[must_use]
    pub fn parse(field: &str) -> Self {
        let text = field.replace("\"\"", "\"");
        let inner = text.strip_suffix([']', ')']);
        let parts = inner.and_then(|inner| inner.rsplit_once(['[', '(']));
        let parts = parts.map(|(name, unit)| (name.trim(), unit.trim()));
        let (name, unit) = match parts {
            Some((name, unit)) if !name.is_empty() && !unit.is_empty() => (name, Some(unit)),
            _ => (&*text, None),
        };
        Self {
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            text: text.clone(),
        }
    }
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
        match (&with_unit[..], &without_unit[..]) {
            ([column], _) | ([], [column]) => Ok(*column),
            ([], []) => Err(format!("there is no column {self}; there are {list}")),
            _ => Err(format!(
                "there are several columns {self}; a number from 0 names one"
            )),
        }
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
    fn a_unit_stands_in_brackets_at_the_end() {
        for (field, name, unit) in [
            ("T", "T", None),
            ("T [°C]", "T", Some("°C")),
            ("time(h)", "time", Some("h")),
            ("[K]", "[K]", None),
            ("T []", "T []", None),
            ("q (north) [W/m²]", "q (north)", Some("W/m²")),
            ("\"\"T\"\" [K]", "\"T\"", Some("K")),
        ] {
            let heading = Heading::parse(field);
            assert_eq!((&*heading.name, heading.unit.as_deref()), (name, unit));
        }
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
        assert!(ColumnName::Number(4).find(&headings).is_err());
    }
}
