//! [`Date`]: a date with a time of day, as loggers write it.

use std::ops::Sub;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A date with a time of day, in nanoseconds from 1970 on. With a zone it is in UTC, otherwise in the time of the
/// logger's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    nanoseconds: i128,
    has_zone: bool,
}

impl Date {
    /// An example of a date for messages.
    pub const EXAMPLE: &str = "2026-01-05 13:00";

    /// Parses a date: `2026-01-05`, optionally followed by ` 13:00`, `T13:00`, `13:00:00` or `13:00:00.5`, and then by
    /// `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_at_checked(10)?;
        let mut numbers = day.split('-');
        let year = digits(numbers.next()?, 4..=4)?;
        let month = digits(numbers.next()?, 2..=2).filter(|month| (1..=12).contains(month))?;
        let day = digits(numbers.next()?, 2..=2)?;
        if numbers.next().is_some() || !(1..=days_of_month(year, month)).contains(&day) {
            return None;
        }
        let midnight = days_from_1970(year, month, day) * DAY;
        if time.is_empty() {
            return Some(Self {
                nanoseconds: midnight,
                has_zone: false,
            });
        }
        let time = time.strip_prefix(['T', ' '])?;
        let (clock, zone) = time.split_at(time.find(['Z', 'U', '+', '-']).unwrap_or(time.len()));
        let offset = match zone {
            "" => None,
            "Z" | "UTC" => Some(0),
            _ => Some(offset_of(zone)?),
        };
        Some(Self {
            nanoseconds: midnight + time_of_day(clock.trim_end())? - offset.unwrap_or(0),
            has_zone: offset.is_some(),
        })
    }

    /// Whether the date has a time zone.
    #[must_use]
    pub fn has_zone(self) -> bool {
        self.has_zone
    }
}

/// The seconds between two dates, as the nearest number.
impl Sub for Date {
    type Output = f64;

    #[expect(clippy::cast_precision_loss, reason = "a number of seconds")]
    fn sub(self, earlier: Self) -> f64 {
        (self.nanoseconds - earlier.nanoseconds) as f64 / SECOND as f64
    }
}

/// The number that consists of digits, the number of which must be within `count`.
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<i128> {
    let are_digits = count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

/// The nanoseconds since midnight of `13:00`, `13:00:00` or `13:00:00.5`.
fn time_of_day(clock: &str) -> Option<i128> {
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 1..=2).filter(|&hour| hour < 24)?;
    let minute = digits(parts.next()?, 2..=2).filter(|&minute| minute < 60)?;
    let (whole_seconds, fraction) = match parts.next() {
        None => ("00", "0"),
        Some(seconds) => seconds.split_once(['.', ',']).unwrap_or((seconds, "0")),
    };
    let second = digits(whole_seconds, 2..=2).filter(|&second| second < 60)?;
    let fraction = digits(&format!("{fraction:0<9}"), 9..=9)?;
    let is_complete = parts.next().is_none();
    is_complete.then_some(((hour * 60 + minute) * 60 + second) * SECOND + fraction)
}

/// The nanoseconds by which a clock in the zone `+01:00`, `+0100` or `+01` is ahead of UTC.
fn offset_of(zone: &str) -> Option<i128> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    let hours = digits(hours, 2..=2).filter(|&hours| hours <= 14)?;
    let minutes = digits(minutes, 2..=2).filter(|&minutes| minutes < 60)?;
    Some(sign * (hours * 60 + minutes) * 60 * SECOND)
}

fn is_leap_year(year: i128) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i128, month: i128) -> i128 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The number of leap days in the years from 1 to `year`.
fn leap_days_until(year: i128) -> i128 {
    year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
}

/// The number of days from 1 January 1970 to a day of the Gregorian calendar.
fn days_from_1970(year: i128, month: i128, day: i128) -> i128 {
    let years = 365 * (year - 1970) + leap_days_until(year - 1) - leap_days_until(1969);
    let months: i128 = (1..month).map(|month| days_of_month(year, month)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap_or_else(|| panic!("{text}"))
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
        ] {
            assert_eq!(date(later) - date(earlier), seconds, "{later} - {earlier}");
        }
    }

    #[test]
    fn what_is_no_date_or_has_two_meanings_is_none() {
        for text in [
            "",
            "2026",
            "2026-01",
            "2026-13-01",
            "2026-02-29",
            "2026-00-10",
            "2026-01-00",
            "05.01.2026 13:00",
            "01/05/2026 13:00",
            "2026-01-05 24:00",
            "2026-01-05 13",
            "2026-01-05 13:60",
            "2026-01-05 13:00:60",
            "2026-01-05 01:00 PM",
            "2026-01-05 13:00 CET",
            "2026-01-05 13:00+1",
            "2026-01-05 13:00+15:00",
            "2026-01-05x13:00",
            "2026-01-05 13:00:00.0123456789",
            "+026-01-05",
            "２０26-01-0",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }
}
