//! [`Date`]: a date with a time of day, as loggers and climate models write it.

mod calendars;
mod reference;
pub mod text;

pub use calendars::CfCalendar;
pub use reference::{DateSpan, Reference, unit_in_words};
use std::{fmt, ops::Sub};
use text::{DateOrder, NoDate, day_of, days_of, time_of_day};

/// The seconds of a day, and the nanoseconds of a second.
const DAY: i64 = 86_400;
const SECOND: i64 = 1_000_000_000;

/// A date with a time of day. With a zone it is in UTC, otherwise in the time of the logger's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// The whole seconds from 1970 on.
    seconds: i64,
    /// The nanoseconds behind them, less than those of a second.
    nanoseconds: i64,
    has_zone: bool,
    /// The calendar by which the days are counted.
    calendar: CfCalendar,
}

impl Date {
    /// An example of a date for messages.
    pub const EXAMPLE: &str = "2026-01-05 13:00";

    /// Parses a date: `2026-01-05`, `5.1.2026`, `1/5/2026`, `05-Jan-2026` or `January 5, 2026`, optionally followed by
    /// ` 13:00`, `T13:00`, `13:00:00`, `13:00:00.5` or `1:00 PM`, and then by `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
    /// The time `24:00` is the midnight at the end of the day. Years have two digits only where `order` is given; those
    /// below 69 are in this century.
    ///
    /// # Errors
    /// [`NoDate`] for another text, and for one that is the date of either of two days if `order` is not given.
    pub fn parse(text: &str, order: Option<DateOrder>) -> Result<Self, NoDate> {
        Self::parse_in(text, order, CfCalendar::Gregorian)
    }

    /// As [`parse`](Self::parse), in a calendar.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_in(
        text: &str,
        order: Option<DateOrder>,
        calendar: CfCalendar,
    ) -> Result<Self, NoDate> {
        let (numbers, time_text) = day_of(text).ok_or(NoDate::OtherForm)?;
        let days = days_of(numbers, order, calendar)?;
        let (time, zone) = time_of_day(time_text).ok_or(NoDate::OtherForm)?;
        Ok(Self {
            seconds: days * DAY + time.seconds - zone.unwrap_or(0),
            nanoseconds: 0,
            has_zone: zone.is_some(),
            calendar,
        }
        .with_nanoseconds(time.nanoseconds))
    }

    /// Whether a text is a date in one of the orders of day, month and year.
    #[must_use]
    pub fn has_an_order(text: &str) -> bool {
        let mut orders = DateOrder::ALL.into_iter();
        orders.any(|(_, order)| Self::parse(text, Some(order)).is_ok())
    }

    /// The calendar of the date.
    #[must_use]
    pub fn calendar(self) -> CfCalendar {
        self.calendar
    }

    /// Whether the date has a time zone.
    #[must_use]
    pub fn has_zone(self) -> bool {
        self.has_zone
    }

    /// The whole seconds from 1970 on.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// The date of so many seconds from 1970 on.
    #[must_use]
    pub fn of_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: 0,
            has_zone: false,
            calendar: CfCalendar::Gregorian,
        }
    }

    /// The year, the month and the day.
    #[must_use]
    pub fn day(self) -> [i64; 3] {
        self.calendar.day_from_1970(self.seconds.div_euclid(DAY))
    }

    /// The midnight with which a day of the calendar begins.
    #[must_use]
    pub fn of_day(day: [i64; 3]) -> Self {
        Self::of_day_in(day, CfCalendar::Gregorian)
    }

    /// The midnight with which a day of a calendar begins.
    #[must_use]
    pub fn of_day_in(day: [i64; 3], calendar: CfCalendar) -> Self {
        Self {
            calendar,
            ..Self::of_seconds(calendar.days_from_1970(day) * DAY)
        }
    }

    /// The clock of the date without its zone, in which it then is.
    #[must_use]
    pub fn without_zone(self) -> Self {
        Self {
            has_zone: false,
            ..self
        }
    }

    /// The largest distance between two dates, ten million years \[s\].
    pub const FARTHEST: f64 = 3e14;

    /// The date so many seconds later, to the nearest millisecond, and at most [so far](Self::FARTHEST) away.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most ten million years")]
    pub fn later_by(self, seconds: f64) -> Self {
        let nearer = seconds.clamp(-Self::FARTHEST, Self::FARTHEST);
        let milliseconds = (nearer * 1e3).round() as i64;
        Self {
            seconds: self.seconds + milliseconds.div_euclid(1000),
            ..self
        }
        .with_nanoseconds(self.nanoseconds + milliseconds.rem_euclid(1000) * (SECOND / 1000))
    }

    /// The date with other nanoseconds, which may be more than those of a second.
    fn with_nanoseconds(self, nanoseconds: i64) -> Self {
        Self {
            seconds: self.seconds + nanoseconds / SECOND,
            nanoseconds: nanoseconds % SECOND,
            ..self
        }
    }
}

/// The date as it is read: `2026-01-05 13:00`, with seconds and fractions of them where they are not 0.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day] = self.day();
        let seconds = self.seconds.rem_euclid(DAY);
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        let sign = if year < 0 { "-" } else { "" };
        let year = year.abs();
        write!(
            f,
            "{sign}{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"
        )?;
        if second != 0 || self.nanoseconds != 0 {
            write!(f, ":{second:02}")?;
        }
        if self.nanoseconds != 0 {
            let digits = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(if self.has_zone { "Z" } else { "" })
    }
}

/// The seconds between two dates, as the nearest number.
impl Sub for Date {
    type Output = f64;

    #[expect(clippy::cast_precision_loss, reason = "a number of seconds")]
    fn sub(self, earlier: Self) -> f64 {
        let seconds = self.seconds - earlier.seconds;
        match self.nanoseconds - earlier.nanoseconds {
            0 => seconds as f64,
            nanoseconds => {
                let sum = i128::from(seconds) * i128::from(SECOND) + i128::from(nanoseconds);
                sum as f64 / SECOND as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text, None).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn seconds_between_dates_are_those_of_the_calendar() {
        for (earlier, later, seconds) in [
            ("1970-01-01", "2000-03-01", 951_868_800.0),
            ("2024-02-28 12:00", "2024-02-29T12:00:00", 86_400.0),
            ("1900-02-28", "1900-03-01", 86_400.0),
            ("2025-12-31 23:00", "2026-01-01 01:00", 7200.0),
            ("2026-01-05 9:00", "2026-01-05 13:00:00.1", 14_400.1),
            ("2026-01-05 13:00:00,250", "2026-01-05 13:00:01", 0.75),
            (
                "2026-03-29T00:30:00+01:00",
                "2026-03-29T03:30:00+02:00",
                7200.0,
            ),
            ("2026-01-01 00:00 -0500", "2026-01-01 05:00Z", 0.0),
            ("2026-01-01 05:30+0530", "2026-01-01 00:00:01 UTC", 1.0),
            ("0000-01-01", "1970-01-01", 62_167_219_200.0),
            ("2026-01-05 24:00", "2026-01-06", 0.0),
            ("2026-12-31T24:00:00", "2027-01-01t00:00", 0.0),
            ("13.01.2025 00:00", "2025-01-13 00:00", 0.0),
            ("01/13/2025 10:00 PM", "2025-01-13 22:00", 0.0),
            ("1/13/2025 12:00:01 am", "2025-01-13 00:00:01", 0.0),
            ("5.5.2025", "2025/5/5", 0.0),
            ("05-Jan-2026", "2026-01-05", 0.0),
            ("5 september 2026 9:00", "Sep 5, 2026 10:00 AM", 3600.0),
            ("2026-FEB-28T12:00Z", "01/Mar/2026 13:00+01:00", 86_400.0),
            (
                "2026-01-05 13:00:00.0123456785",
                "2026-01-05 13:00:01",
                0.987_654_321,
            ),
        ] {
            assert_eq!(date(later) - date(earlier), seconds, "{later} - {earlier}");
        }
    }

    #[test]
    fn what_is_no_date_is_none_and_what_has_two_meanings_needs_an_order() {
        for text in [
            "",
            "2026",
            "2026-01",
            "2026-13-01",
            "2026-02-29",
            "2026-00-10",
            "2026-01-00",
            "2026-01-05 24:30",
            "2026-01-05 13",
            "2026-01-05 13:60",
            "2026-01-05 13:00:60",
            "2026-01-05 13:00 PM",
            "2026-01-05 13:00 CET",
            "2026-01-05 13:00+1",
            "2026-01-05 13:00+15:00",
            "2026-01-05x13:00",
            "2026-01/05",
            "+026-01-05",
            "２０26-01-0",
            "32.1.2026",
            "13/13/2026",
            "05.01.26",
            "05-Jan-26",
            "05 01 2026",
            "05-Ja-2026",
            "05-Janu ary-2026",
            "05-Januarys-2026",
            "Jan-Jan-2026",
            "2026 5 Jan",
            "30 Feb 2026",
            "2026-01-05 13:00:00.",
            "1.5",
        ] {
            assert_eq!(Date::parse(text, None), Err(NoDate::OtherForm), "{text}");
        }
        let text = "05/01/26 1:00 PM";
        let orders = DateOrder::ALL.map(|(_, order)| {
            let date = Date::parse(text, Some(order)).unwrap();
            date.to_string()
        });
        assert_eq!(
            orders,
            ["2026-01-05 13:00", "2026-05-01 13:00", "2005-01-26 13:00"]
        );
        let order = Some(DateOrder::MonthDayYear);
        assert_eq!(Date::parse("05-Jan-26", order), Err(NoDate::OtherForm));
        let order = Some(DateOrder::DayMonthYear);
        assert_eq!(Date::parse("05-Jan-26", order), Ok(date("2026-01-05")));
        assert_eq!(
            Date::parse("05.01.2026 13:00", None),
            Err(NoDate::TwoMeanings)
        );
        assert_eq!(
            DateOrder::shown_by("13.01.2026"),
            Some(DateOrder::DayMonthYear)
        );
        assert_eq!(
            DateOrder::shown_by("01/13/2026"),
            Some(DateOrder::MonthDayYear)
        );
        for text in ["2026-01-13", "12.11.2026", "11/12/2026"] {
            assert_eq!(DateOrder::shown_by(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_written_as_they_are_read() {
        for text in [
            "2026-01-05 13:00",
            "2024-02-29 23:59:59.25",
            "1969-12-31 00:00Z",
            "0000-03-01 00:00",
            "9999-12-31 00:00",
        ] {
            assert_eq!(date(text).to_string(), text);
        }
        assert_eq!(
            date("2026-01-05").later_by(-0.001).to_string(),
            "2026-01-04 23:59:59.999"
        );
        let far = date("2026-01-05").later_by(f64::MAX).to_string();
        assert!(far.starts_with("95"), "{far}");
        let early = date("0000-01-01").later_by(-5.0 * 365.0 * 86_400.0);
        assert_eq!(early.to_string(), "-0005-01-02 00:00");
    }
}
