//! [`Reference`]: what a unit such as `hours since 2023-01-01` says; [`DateSpan`]: the time that a typed date stands for.

use super::{CfCalendar, Date, text};

/// The words for units of time in the CF conventions, the usual one first, and their seconds.
const UNITS: [(&str, f64); 6] = [
    ("seconds,second,secs,sec,s", 1.0),
    ("minutes,minute,mins,min", 60.0),
    ("hours,hour,hrs,hr,h", 3600.0),
    ("days,day,d", 86_400.0),
    (
        "milliseconds,millisecond,millisecs,millisec,msecs,msec,ms",
        1e-3,
    ),
    ("microseconds,microsecond,microsecs,microsec", 1e-6),
];

/// The unit and the date of the time 0 of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reference {
    origin: Date,
    /// The seconds of a unit.
    seconds: f64,
}

impl Reference {
    /// What a unit says, in a calendar; `None` for a unit that does not count from a date, for months and years, and for
    /// calendars that are not known.
    #[must_use]
    pub fn of(unit: &str, calendar: Option<&str>) -> Option<Self> {
        let unit = unit.trim().to_ascii_lowercase();
        let (word, date) = unit.split_once(" since ")?;
        let mut units = UNITS.into_iter();
        let (_, seconds) =
            units.find(|(words, _)| words.split(',').any(|known| known == word.trim()))?;
        let calendar = calendar.map_or(Some(CfCalendar::Gregorian), CfCalendar::of)?;
        let origin = date_of(date.trim(), calendar)?;
        Some(Self { origin, seconds })
    }

    /// The date of the time 0.
    #[must_use]
    pub fn origin(self) -> Date {
        self.origin
    }

    /// The seconds of a unit of time.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.seconds
    }

    /// The date of a time.
    #[must_use]
    pub fn date(self, time: f64) -> Date {
        self.origin.later_by(time * self.seconds)
    }

    /// The date of a time; `None` if it is not finite, or [too far](Date::FARTHEST) away.
    #[must_use]
    pub fn date_within_calendars(self, time: f64) -> Option<Date> {
        let is_within = (time * self.seconds).abs() <= Date::FARTHEST;
        is_within.then(|| self.date(time))
    }

    /// The time of a date in the calendar of the reference.
    #[must_use]
    pub fn time(self, date: Date) -> f64 {
        (date - self.origin) / self.seconds
    }
}

/// The word of the CF conventions for a unit of so many seconds.
#[must_use]
pub fn unit_in_words(seconds: f64) -> &'static str {
    let unit = UNITS.into_iter().find(|(_, length)| *length == seconds);
    unit.map_or("seconds", |(words, _)| {
        words.split(',').next().unwrap_or_default()
    })
}

/// The date of the time 0, whose numbers may have any number of digits: `1900-1-1 0:0:0.0`. Its zone, without which it is in
/// UTC, is left out.
fn date_of(text: &str, calendar: CfCalendar) -> Option<Date> {
    let order = Some(text::DateOrder::YearMonthDay);
    if let Ok(date) = Date::parse_in(text, order, calendar) {
        return Some(date.without_zone());
    }
    let (day, clock) = text.split_once(['t', ' ']).unwrap_or((text, ""));
    let numbers: Option<Vec<i64>> = day
        .splitn(3, '-')
        .map(|number| number.parse().ok())
        .collect();
    let day: [i64; 3] = numbers?.try_into().ok()?;
    let is_day = (1..=12).contains(&day[1])
        && (1..=calendar.days_of_month(day[0], day[1])).contains(&day[2]);
    let clock = clock.trim();
    let clock_length =
        clock.find(|letter: char| !letter.is_ascii_digit() && letter != ':' && letter != '.');
    let (clock, zone) = clock.split_at(clock_length.unwrap_or(clock.len()));
    let zone = zone
        .trim()
        .trim_start_matches(['z', 'u', 't', 'c', 'g', 'm']);
    let ahead = match zone.strip_prefix('-') {
        Some(zone) => -seconds_of_clock(zone)?,
        None => seconds_of_clock(zone.trim_start_matches('+'))?,
    };
    is_day.then_some(())?;
    Some(Date::of_day_in(day, calendar).later_by(seconds_of_clock(clock)? - ahead))
}

/// The seconds from midnight to a clock's `h:m:s`, of which parts may be absent.
fn seconds_of_clock(clock: &str) -> Option<f64> {
    let parts = clock.split(':').zip([3600.0, 60.0, 1.0]);
    let parts = parts.map(|(part, length)| match part {
        "" => Some(0.0),
        part => part.parse::<f64>().ok().map(|number| number * length),
    });
    parts.sum()
}

/// The time that a typed date stands for: a year, a month, a day, an hour, a minute or a second, or one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DateSpan {
    /// The first moment.
    pub first: Date,
    /// The moment behind the last one; of one moment the same.
    pub end: Date,
}

impl DateSpan {
    /// The span of a text in a calendar: `2023`, `2023-02`, `2023-02-01`, `2023-02-01 06:00`, `1 Feb 2023`, `13.02.2023`. A text
    /// with a fraction of a second is one moment.
    #[must_use]
    pub fn parse(text: &str, calendar: CfCalendar) -> Option<Self> {
        let text = text.trim();
        if let Some([year, month]) = year_and_month(text) {
            let start = year * 12 + (month - 1).max(0);
            let count = if month == 0 { 12 } else { 1 };
            let [first, end] = [start, start + count].map(|months| {
                let day = [months.div_euclid(12), months.rem_euclid(12) + 1, 1];
                Date::of_day_in(day, calendar)
            });
            return Some(Self { first, end });
        }
        let first = Date::parse_in(text, None, calendar).ok()?;
        let (_, clock) = text::day_of(text)?;
        let length = match clock.matches(':').count() {
            _ if clock.contains('.') => 0.0,
            0 => 86_400.0,
            1 => 60.0,
            _ => 1.0,
        };
        Some(Self {
            first,
            end: first.later_by(length),
        })
    }

    /// The seconds of the span.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.end - self.first
    }
}

/// The numbers of `2023-02`, or of `2023` with the month 0.
fn year_and_month(text: &str) -> Option<[i64; 2]> {
    let (year, month) = text.split_once('-').unwrap_or((text, ""));
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let month = match month {
        "" if !text.contains('-') => Some(0),
        month => month
            .parse()
            .ok()
            .filter(|month: &i64| month.to_string().len() <= 2 && (1..=12).contains(month)),
    };
    Some([year.parse().ok().filter(|_| is_year)?, month?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_say_when_time_is_zero() {
        for (unit, calendar, time, date) in [
            ("hours since 2023-01-01", None, 36.0, "2023-01-02 12:00"),
            (
                "HOURS since 1900-01-01 00:00:0.0",
                None,
                24.0,
                "1900-01-02 00:00",
            ),
            ("days since 1-1-1 0:0:0", None, 1.0, "0001-01-02 00:00"),
            (
                "seconds since 1970-01-01T00:00:00Z",
                None,
                0.5,
                "1970-01-01 00:00:00.5",
            ),
            (
                "minutes since 2000-01-01 01:00 +1:00",
                None,
                1.0,
                "2000-01-01 00:01",
            ),
            (
                "ms since 2000-01-01",
                Some("standard"),
                250.0,
                "2000-01-01 00:00:00.25",
            ),
            (
                "days since 2000-02-28",
                Some("noleap"),
                1.0,
                "2000-03-01 00:00",
            ),
            (
                "days since 2001-02-28",
                Some("360_day"),
                2.0,
                "2001-02-30 00:00",
            ),
            (
                "d since 2001-02-30 6:00",
                Some("360_day"),
                1.0,
                "2001-03-01 06:00",
            ),
        ] {
            let reference = Reference::of(unit, calendar).unwrap_or_else(|| panic!("{unit}"));
            assert_eq!(reference.date(time).to_string(), date, "{unit}");
            assert_eq!(reference.time(reference.date(time)), time, "{unit}");
        }
        for (unit, calendar) in [
            ("months since 2023-01-01", None),
            ("hours", None),
            ("hours since noon", None),
            ("hours since 2023-13-01", None),
            ("hours since 2023-01-01", Some("julian")),
        ] {
            assert_eq!(Reference::of(unit, calendar), None, "{unit}");
        }
    }

    #[test]
    fn a_typed_date_stands_for_what_it_leaves_open() {
        for (text, first, seconds) in [
            ("2023", "2023-01-01 00:00", 365.0 * 86_400.0),
            ("2024-02", "2024-02-01 00:00", 29.0 * 86_400.0),
            ("2023-02-03", "2023-02-03 00:00", 86_400.0),
            ("13.02.2023", "2023-02-13 00:00", 86_400.0),
            ("2023-02-03T06:00", "2023-02-03 06:00", 60.0),
            ("2023-02-03 06:00:10", "2023-02-03 06:00:10", 1.0),
            ("2023-02-03T06:00:10.000000000", "2023-02-03 06:00:10", 0.0),
        ] {
            let span = DateSpan::parse(text, CfCalendar::Gregorian).unwrap();
            assert_eq!(
                (span.first.to_string(), span.seconds()),
                (first.to_owned(), seconds)
            );
        }
        for text in ["5", "12345", "2023-13", "t", "-1", "02.03.2023", ""] {
            assert_eq!(DateSpan::parse(text, CfCalendar::Gregorian), None, "{text}");
        }
    }
}
