//! [`Zone`]: the zone of the dates below a heading.

use diff2d_arrays::dates::{Date, text::offset_of};

/// Names of zones whose distance to UTC depends on the season, on the country or on who is asked.
const NAMES: &str = "CET CEST MEZ MESZ EET EEST WET WEST BST IST MSK EST EDT CST CDT MST MDT PST PDT AKST AKDT HST AST ADT NST AEST AEDT ACST AWST NZST NZDT JST KST SGT HKT LOCAL";
/// The first parts of names such as `Europe/Berlin`.
const AREAS: &str = "Africa America Antarctica Asia Atlantic Australia Europe Indian Pacific US";

/// The zone of dates, as a heading gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// The seconds by which its clocks are ahead of UTC: `GMT-05:00`, `UTC`.
    Offset(i64),
    /// The name of a zone whose clocks are not known: `CET`, `local`, `Europe/Berlin`.
    Name(String),
}

impl Zone {
    /// The zone in a heading, such as `Date Time, GMT-05:00`, `time (UTC)` or `time_utc`.
    pub(super) fn in_heading(text: &str) -> Option<Self> {
        let is_mark = |letter: char| letter.is_whitespace() || "_,;()[]{}<>".contains(letter);
        let zones = text.split(is_mark).filter_map(Self::of_word);
        // Beside the words UTC and +01:00 the latter counts.
        zones.max_by_key(|zone| match zone {
            Self::Name(_) => 0,
            Self::Offset(0) => 1,
            Self::Offset(_) => 2,
        })
    }

    /// A date by a clock of the zone, unless the date has a zone or the clocks are not known.
    #[must_use]
    pub fn date(&self, date: Date) -> Date {
        let Self::Offset(offset) = self else {
            return date;
        };
        if date.has_zone() {
            return date;
        }
        let (sign, minutes) = (if *offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        let text = format!("{date} {sign}{:02}:{:02}", minutes / 60, minutes % 60);
        Date::parse(&text, None).unwrap_or(date)
    }

    fn of_word(word: &str) -> Option<Self> {
        let upper_word = word.to_ascii_uppercase();
        let is_listed = |list: &str, word: &str| list.split(' ').any(|known| known == word);
        let offset = ["UTC", "GMT"].iter();
        if let Some(offset) = offset
            .filter_map(|name| upper_word.strip_prefix(name))
            .next()
        {
            let digits = offset.trim_start_matches(['+', '-']);
            let has_short_hour = digits.split(':').next().is_some_and(|hour| hour.len() == 1);
            let padded_offset = offset.replacen(digits, &format!("0{digits}"), 1);
            let seconds = match has_short_hour {
                _ if offset.is_empty() => Some(0),
                true => offset_of(&padded_offset),
                false => offset_of(offset),
            };
            return seconds.map(Self::Offset);
        }
        let area = word.split_once('/').map(|(area, _)| area);
        let is_name = is_listed(NAMES, &upper_word)
            && (word == upper_word || word.eq_ignore_ascii_case("local"))
            || area.is_some_and(|area| is_listed(AREAS, area));
        match offset_of(word).filter(|_| word.len() > 4) {
            Some(offset) => Some(Self::Offset(offset)),
            None => is_name.then(|| Self::Name(word.to_owned())),
        }
    }
}
