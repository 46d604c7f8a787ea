//! [`Heading`]: the name of a column and its unit, and [`ColumnName`]: how a column is chosen.

mod zone;

use super::unit;
use diff2d_arrays::wording::excerpt;
use std::fmt;
pub use zone::Zone;

/// The number of characters of a name, or of a list of names, that messages show.
const SHOWN: usize = 40;
const LIST_SHOWN: usize = 160;

/// What the heading of a column says: its name, its unit and the zone of its dates. The unit stands in brackets, behind a mark or
/// at the end of the name, or is the heading: `T_out [°C]`, `time (h)`, `T / °C`, `T in °C`, `T:°F`, `TempF`, `hours`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The whole heading.
    pub text: String,
    /// The name without the unit; empty if the heading is the unit.
    pub name: String,
    /// The unit, if the heading cannot be read without it.
    pub unit: Option<String>,
    /// The zone of dates.
    pub zone: Option<Zone>,
}

/// The statistics whose words loggers put behind the unit: `T_C_Avg`.
const STATISTICS: [&str; 6] = ["avg", "mean", "min", "max", "std", "smp"];

impl Heading {
    /// Parses a field of the line of headings.
    ///
    /// In brackets and behind a slash with blanks any text is a unit; elsewhere a unit is one that is known.
    #[must_use]
    pub fn parse(field: &str) -> Self {
        let text = field.replace("\"\"", "\"");
        let bare_text = text.trim();
        let (name, unit) = known_in_brackets(bare_text)
            .or_else(|| unit::is_unmistakable(bare_text).then(|| (String::new(), bare_text)))
            .or_else(|| behind_a_mark(bare_text))
            .or_else(|| {
                let mut candidates = possible_units(bare_text).into_iter();
                candidates.find(|(_, unit)| unit::is_unmistakable(unit) && !unit::is_of_time(unit))
            })
            .or_else(|| bare_text.split_once('/').and_then(named))
            .or_else(|| in_brackets(bare_text))
            .unwrap_or((bare_text.to_owned(), ""));
        Self {
            zone: Zone::in_heading(&text),
            unit: Some(unit::usual_name(unit).to_owned()).filter(|unit| !unit.is_empty()),
            name,
            text,
        }
    }

    /// The name and the unit of a heading among others, where a unit of the kind of `wanted` is wanted: a name may end with
    /// one, `T_K` or `time_h`, or be one, `min`. Among names that differ in their last letter alone, such as `T_A` and `T_B`,
    /// that letter is none.
    pub(super) fn meaning(&self, wanted: &str, others: &[Self]) -> (String, Option<&str>) {
        if self.unit.is_none() {
            for (name, text) in possible_units(&self.text) {
                let unit = unit::of_name(text, name.is_empty());
                let unit = unit.filter(|unit| unit::are_of_one_kind(unit, wanted));
                if let Some(unit) = unit.filter(|unit| !self.is_numbered(text, unit, others)) {
                    return (name, Some(unit));
                }
            }
        }
        (self.name.clone(), self.unit.as_deref())
    }

    /// Whether another heading has a letter that is no such unit in the place of `letter`.
    fn is_numbered(&self, letter: &str, unit: &str, others: &[Self]) -> bool {
        let beginning = self.text.strip_suffix(letter).filter(|_| letter.len() == 1);
        beginning.is_some_and(|beginning| {
            let suffixes = others
                .iter()
                .filter_map(|other| other.text.strip_prefix(beginning));
            let mut letters = suffixes.filter(|letter| match beginning {
                "" => ["A", "B", "a", "b"].contains(letter),
                _ => letter.len() == 1,
            });
            letters.any(|letter| {
                let unit_of_letter = unit::of_name(letter, false);
                !unit_of_letter.is_some_and(|other_unit| unit::are_of_one_kind(other_unit, unit))
            })
        })
    }

    /// Whether the heading is called so: by its whole text, by its name, or by the name before a unit at its end.
    fn is_called(&self, name: &str) -> [bool; 3] {
        let mut candidates = possible_units(&self.text).into_iter();
        let is_stem = !name.is_empty()
            && self.unit.is_none()
            && candidates.any(|(stem, unit)| stem == name && unit::of_name(unit, false).is_some());
        [self.text == name, self.name == name, is_stem]
    }
}

/// The name of a heading, and the text in the brackets at its end.
fn in_brackets(text: &str) -> Option<(String, &str)> {
    let brackets = [('[', ']'), ('(', ')'), ('{', '}'), ('<', '>')];
    let closing = text.chars().next_back()?;
    let (opening, closing) = brackets
        .into_iter()
        .find(|(_, bracket)| *bracket == closing)?;
    let mut depth = 0;
    let (start, _) = text.char_indices().rev().find(|&(_, letter)| {
        depth += i32::from(letter == closing) - i32::from(letter == opening);
        depth == 0
    })?;
    let (name, unit) = (&text[..start], text[start + 1..text.len() - 1].trim());
    let unit = unit.strip_prefix("in ").unwrap_or(unit);
    let name = name.trim_end_matches(['/', ' ']).trim_start();
    let is_pair = !unit.is_empty() && (!name.is_empty() || unit::is_known(unit));
    is_pair.then(|| (name.to_owned(), unit))
}

/// The name of a heading, and the last known unit in brackets, with what stands behind it as a part of the name.
fn known_in_brackets(text: &str) -> Option<(String, &str)> {
    let mut brackets = text.rmatch_indices([']', ')', '}', '>']);
    brackets.find_map(|(place, bracket)| {
        let (heading, remainder) = text.split_at(place + bracket.len());
        let (name, unit) = in_brackets(heading).filter(|(_, unit)| unit::is_known(unit))?;
        Some((format!("{name}{remainder}"), unit))
    })
}

/// The name of a heading, and the unit behind a slash with blanks, a comma or the word `in`. What stands in brackets behind it is a
/// note.
fn behind_a_mark(text: &str) -> Option<(String, &str)> {
    let note = text.ends_with(')').then(|| text.rfind('(')).flatten();
    let headings = [Some(text), note.map(|start| &text[..start])];
    let mut pairs = headings.into_iter().flatten().flat_map(|heading| {
        let pairs = [heading.rsplit_once(','), heading.rsplit_once(" in ")];
        pairs.into_iter().flatten()
    });
    let with_blanks = text.split_once(" / ");
    let with_blanks = with_blanks.map(|(name, unit)| (name.trim().to_owned(), unit.trim()));
    with_blanks.or_else(|| pairs.find_map(named))
}

/// A name and its unit, if the unit is known.
fn named<'t>((name, unit): (&str, &'t str)) -> Option<(String, &'t str)> {
    let (name, unit) = (name.trim(), unit.trim());
    let is_unit = !unit.is_empty() && unit::is_known(unit);
    (!name.is_empty() && is_unit).then(|| (name.to_owned(), unit))
}

/// The ends of a heading that may be its unit, the longest first, and what is left of the heading as its name: what stands
/// behind a mark, or begins with a capital letter or `°`.
fn possible_units(text: &str) -> Vec<(String, &str)> {
    const MARKS: [char; 7] = [' ', '_', '.', ':', '-', '–', '\u{a0}'];
    let mut candidates = Vec::new();
    let without_statistic = text.rsplit_once(['_', ' ']).filter(|(_, word)| {
        let mut known_words = STATISTICS.iter();
        known_words.any(|known| word.eq_ignore_ascii_case(known))
    });
    let parts = [
        Some(text),
        without_statistic.map(|(beginning, _)| beginning),
    ];
    for part in parts.into_iter().flatten() {
        let statistic = &text[part.len()..];
        let mut letter_before = ' ';
        for (place, letter) in part.char_indices() {
            let is_sign = ['°', 'º', '℃', '℉'].contains(&letter);
            let begins_word = is_sign || letter_before.is_lowercase() && letter.is_uppercase();
            let begins = !MARKS.contains(&letter) && !['/', ','].contains(&letter);
            if begins && (MARKS.contains(&letter_before) || begins_word) {
                let name = part[..place].trim_end_matches(MARKS);
                let name = name.trim_end_matches(['/', ' ']);
                candidates.push((format!("{name}{statistic}"), &part[place..]));
            }
            letter_before = letter;
        }
    }
    candidates
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
        headings.any(|heading| heading.is_called(name).contains(&true))
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
        let [by_text, by_name, by_stem] = [0, 1, 2].map(|way| {
            let columns = 0..count;
            let called = columns.filter(|&column| headings[column].is_called(name)[way]);
            called.collect::<Vec<_>>()
        });
        // Where names are keys, as those of the columns of a fit, a number is one as well.
        let number = name.parse().ok().filter(|number| *number < count);
        match (&by_text[..], &by_name[..], number, &by_stem[..]) {
            ([column], ..) | ([], [column], ..) | ([], [], None, [column]) => Ok(*column),
            ([], [], Some(column), _) => Ok(column),
            ([], [], None, []) => Err(format!("there is no column {self}; there are {list}")),
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
            ("[K]", "", Some("K")),
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

    /// The forms of loggers, spreadsheets and people: the heading, its name, and its unit where one of its kind is wanted.
    const FORMS: [(&str, &str, &str); 64] = [
        ("time [h]", "time", "h"),
        ("Time/min", "Time", "min"),
        ("time_min", "time", "min"),
        ("Time_hr", "Time", "h"),
        ("Time (s)", "Time", "s"),
        ("Time, s", "Time", "s"),
        ("t in days", "t", "d"),
        ("hours", "", "h"),
        ("Hours", "", "h"),
        ("minutes", "", "min"),
        ("min", "", "min"),
        ("seconds", "", "s"),
        ("sec", "", "s"),
        ("days", "", "d"),
        ("Elapsed hours", "Elapsed", "h"),
        ("elapsed_s", "elapsed", "s"),
        ("T [°C]", "T", "°C"),
        ("T (degC)", "T", "°C"),
        ("T / K", "T", "K"),
        ("T, °F", "T", "°F"),
        ("T °F", "T", "°F"),
        ("T - °F", "T", "°F"),
        ("T_K", "T", "K"),
        ("°F", "", "°F"),
        ("°C", "", "°C"),
        ("Fahrenheit", "", "°F"),
        ("Celsius", "", "°C"),
        ("Kelvin", "", "K"),
        ("Temp°C", "Temp", "°C"),
        ("TempF", "Temp", "°F"),
        ("temp_f", "temp", "°F"),
        ("temp_c", "temp", "°C"),
        ("T_degc", "T", "°C"),
        ("T:°F", "T", "°F"),
        ("{°F}", "", "°F"),
        ("T <°F>", "T", "°F"),
        ("T_Fahrenheit", "T", "°F"),
        ("q [W/m²]", "q", "W/m²"),
        ("W/m2", "", "W/m2"),
        ("ElapsedHours", "Elapsed", "h"),
        ("Elapsed Time (min.)", "Elapsed Time", "min"),
        ("time-h", "time", "h"),
        ("MINUTES", "", "min"),
        ("h", "", "h"),
        ("d", "", "d"),
        ("[K]", "", "K"),
        ("C", "", "°C"),
        ("T (in °F)", "T", "°F"),
        ("T in Fahrenheit", "T", "°F"),
        ("T (°C) max", "T max", "°C"),
        ("temp_F_avg", "temp_avg", "°F"),
        ("T_C_Min", "T_Min", "°C"),
        ("T {K}", "T", "K"),
        ("T [° C]", "T", "°C"),
        ("T [oC]", "T", "°C"),
        ("T [Celcius]", "T", "°C"),
        ("TempDegC", "Temp", "°C"),
        ("airKelvin", "air", "K"),
        ("Temp C", "Temp", "°C"),
        ("T.C", "T", "°C"),
        ("q:W/m²", "q", "W/m²"),
        ("q - kW/m2", "q", "kW/m2"),
        ("wall", "wall", ""),
        ("Frequency", "Frequency", ""),
    ];

    #[test]
    fn a_heading_says_its_name_and_its_unit_in_any_form() {
        for (field, name, unit) in FORMS {
            let heading = Heading::parse(field);
            let kinds = ["s", "K", "W/m²"].into_iter();
            let mut kinds = kinds.filter(|kind| unit::are_of_one_kind(kind, unit));
            let (found_name, found_unit) = heading.meaning(kinds.next().unwrap_or("K"), &[]);
            assert_eq!(
                (&*found_name, found_unit.unwrap_or_default()),
                (name, unit),
                "{field}"
            );
        }
    }

    #[test]
    fn a_name_may_end_with_its_unit() {
        let unit = |name: &str, wanted: &str, others: &[&str]| {
            let others: Vec<Heading> = others.iter().map(|name| Heading::parse(name)).collect();
            let heading = Heading::parse(name);
            heading.meaning(wanted, &others).1.map(str::to_owned)
        };
        assert_eq!(unit("T_K", "°C", &["T_K"]).as_deref(), Some("K"));
        assert_eq!(unit("h", "s", &["h", "T"]).as_deref(), Some("h"));
        assert_eq!(unit("wall C", "K", &["wall A", "wall C"]), None);
        assert_eq!(unit("T_C", "K", &["T_A", "T_B", "T_C"]), None);
        assert_eq!(unit("T_f", "K", &["T_f", "T_s"]), None);
        assert_eq!(unit("C", "K", &["A", "B", "C"]), None);
        assert_eq!(unit("K1", "K", &["K1", "K2"]), None);
        assert_eq!(unit("T_s", "K", &[]), None);
        assert_eq!(unit("min", "K", &["min", "max"]), None);
        assert_eq!(unit("T_K [V]", "K", &[]).as_deref(), Some("V"));
    }

    #[test]
    fn a_heading_may_name_the_zone_of_its_dates() {
        const HOUR: i64 = 3600;
        for (field, offset) in [
            ("Date Time, GMT-05:00", -5 * HOUR),
            ("time (UTC)", 0),
            ("time_utc", 0),
            ("Zeit [UTC+1]", HOUR),
            ("t (UTC +05:30)", 5 * HOUR + HOUR / 2),
            ("local time (+0100)", HOUR),
        ] {
            let zone = Heading::parse(field).zone;
            assert_eq!(zone, Some(Zone::Offset(offset)), "{field}");
        }
        for (field, name) in [
            ("time (CET)", Some("CET")),
            ("time [local]", Some("local")),
            ("t Europe/Berlin", Some("Europe/Berlin")),
            ("Date/Time", None),
            ("T_est", None),
            ("time (hh:mm)", None),
        ] {
            let zone = Heading::parse(field).zone;
            assert_eq!(
                zone,
                name.map(|name| Zone::Name(name.to_owned())),
                "{field}"
            );
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
        assert_eq!(find("3"), Ok(3));
        assert!(find("4").is_err());
        assert!(ColumnName::Number(4).find(&headings).is_err());
    }
}
