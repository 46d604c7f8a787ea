//! [`Date`]: a date with a time of day, as loggers write it.

use std::{fmt, ops::Sub};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A date with a time of day, in nanoseconds from 1970 on. With a zone it is in UTC, otherwise in the time of the
/// logger's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    nanoseconds: i128,
    has_zone: bool,
}

/// The order of day, month and year in a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `13.01.2025`
    DayMonthYear,
    /// `01/13/2025`
    MonthDayYear,
    /// `2025-01-13`
    YearMonthDay,
}

/// The reason why a text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDate {
    /// The text has none of the forms.
    OtherForm,
    /// The text is the date of either of two days.
    TwoMeanings,
}

impl DateOrder {
    /// The orders with the words of the key `dates`.
    pub const ALL: [(&str, Self); 3] = [
        ("d.m.y", Self::DayMonthYear),
        ("m/d/y", Self::MonthDayYear),
        ("y-m-d", Self::YearMonthDay),
    ];

    /// Whether a date begins with a day or a month.
    #[must_use]
    pub fn is_open_in(text: &str) -> bool {
        day_of(text).is_some_and(|([first, _, year], _)| first.digits <= 2 && year.digits == 4)
    }

    /// The order that a date shows: one of its first two numbers is larger than any month.
    #[must_use]
    pub fn shown_by(text: &str) -> Option<Self> {
        let (numbers, _) = day_of(text)?;
        match numbers.map(|number| number.value) {
            _ if numbers[0].digits > 2 => None,
            [first, 1..=12, _] if first > 12 => Some(Self::DayMonthYear),
            [1..=12, second, _] if second > 12 => Some(Self::MonthDayYear),
            _ => None,
        }
    }
}

impl Date {
    /// An example of a date for messages.
    pub const EXAMPLE: &str = "2026-01-05 13:00";

    /// Parses a date: `2026-01-05`, `5.1.2026` or `1/5/2026`, optionally followed by ` 13:00`, `T13:00`, `13:00:00`,
    /// `13:00:00.5` or `1:00 PM`, and then by `Z`, `UTC`, `+01:00`, `+0100` or `+01`. The time `24:00` is the
    /// midnight at the end of the day. Years have two digits only where `order` is given; those below 69 are in this
    /// century.
    ///
    /// # Errors
    /// [`NoDate`] for another text, and for one that is the date of either of two days if `order` is not given.
    pub fn parse(text: &str, order: Option<DateOrder>) -> Result<Self, NoDate> {
        let (numbers, rest) = day_of(text).ok_or(NoDate::OtherForm)?;
        let days = days_of(numbers, order)?;
        let (time, zone) = time_of_day(rest).ok_or(NoDate::OtherForm)?;
        Ok(Self {
            nanoseconds: days * DAY + time - zone.unwrap_or(0),
            has_zone: zone.is_some(),
        })
    }

    /// Whether the date has a time zone.
    #[must_use]
    pub fn has_zone(self) -> bool {
        self.has_zone
    }

    /// The date so many seconds later, to the nearest millisecond.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "no date lies so far away")]
    pub fn later_by(self, seconds: f64) -> Self {
        let milliseconds = (seconds * 1e3).round() as i128;
        Self {
            nanoseconds: self
                .nanoseconds
                .saturating_add(milliseconds.saturating_mul(SECOND / 1000)),
            ..self
        }
    }
}

/// The date as it is read: `2026-01-05 13:00`, with seconds and fractions of them where they are not 0.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day] = day_from_1970(self.nanoseconds.div_euclid(DAY));
        let time = self.nanoseconds.rem_euclid(DAY);
        let (seconds, fraction) = (time / SECOND, time % SECOND);
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")?;
        if second != 0 || fraction != 0 {
            write!(f, ":{second:02}")?;
        }
        if fraction != 0 {
            let digits = format!("{fraction:09}");
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
        (self.nanoseconds - earlier.nanoseconds) as f64 / SECOND as f64
    }
}

/// A number of a date, and the number of its digits.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: i128,
    digits: usize,
}

/// The number with which a text begins, and the rest of the text.
fn leading_number(text: &str) -> Option<(Number, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let value = text[..digits].parse().ok().filter(|_| digits <= 4)?;
    Some((Number { value, digits }, &text[digits..]))
}

/// The three numbers with which a date begins, and what follows them.
fn day_of(text: &str) -> Option<([Number; 3], &str)> {
    let (first, rest) = leading_number(text)?;
    let separator = rest
        .chars()
        .next()
        .filter(|letter| ['-', '/', '.'].contains(letter))?;
    let (second, rest) = leading_number(&rest[1..])?;
    let (third, rest) = leading_number(rest.strip_prefix(separator)?)?;
    let are_short = second.digits <= 2 && (first.digits <= 2 || third.digits <= 2);
    are_short.then_some(([first, second, third], rest))
}

/// The days from 1970 on of the three numbers of a date.
fn days_of(numbers: [Number; 3], order: Option<DateOrder>) -> Result<i128, NoDate> {
    let [first, second, third] = numbers;
    let is_year_first = first.digits == 4;
    let order = match order {
        _ if is_year_first => DateOrder::YearMonthDay,
        Some(order) => order,
        None if third.digits != 4 => return Err(NoDate::OtherForm),
        None if first.value > 12 || first.value == second.value => DateOrder::DayMonthYear,
        None if second.value > 12 => DateOrder::MonthDayYear,
        None => return Err(NoDate::TwoMeanings),
    };
    let [year, month, day] = match order {
        DateOrder::DayMonthYear => [third, second, first],
        DateOrder::MonthDayYear => [third, first, second],
        DateOrder::YearMonthDay => [first, second, third],
    };
    let year_value = match (year.digits, year.value) {
        (4, value) => value,
        (2, value @ 0..=68) => 2000 + value,
        (2, value) => 1900 + value,
        _ => return Err(NoDate::OtherForm),
    };
    let is_day = (1..=12).contains(&month.value)
        && (1..=days_of_month(year_value, month.value)).contains(&day.value)
        && day.digits <= 2;
    let days = is_day.then(|| days_from_1970(year_value, month.value, day.value));
    days.ok_or(NoDate::OtherForm)
}

/// The number that consists of two digits, or of one if `is_short` is allowed.
fn two_digits(text: &str, is_short_allowed: bool) -> Option<(i128, &str)> {
    let (number, rest) = leading_number(text)?;
    let is_expected = number.digits == 2 || (is_short_allowed && number.digits == 1);
    is_expected.then_some((number.value, rest))
}

/// The nanoseconds since midnight of what follows the day, such as ` 13:00` or `T1:00:00.5 PM+01:00`, and those by
/// which its zone is ahead of UTC.
fn time_of_day(text: &str) -> Option<(i128, Option<i128>)> {
    if text.is_empty() {
        return Some((0, None));
    }
    let (hour, rest) = two_digits(text.strip_prefix(['T', 't', ' '])?.trim_start(), true)?;
    let (minute, mut rest) = two_digits(rest.strip_prefix(':')?, false)?;
    let (mut second, mut fraction) = (0, 0);
    if let Some(seconds) = rest.strip_prefix(':') {
        (second, rest) = two_digits(seconds, false)?;
        if let Some(digits) = rest.strip_prefix(['.', ',']) {
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            fraction = nanoseconds_of(&digits[..count])?;
            rest = &digits[count..];
        }
    }
    let rest = rest.trim_start();
    let half = rest.get(..2).map(str::to_ascii_lowercase);
    let (hour, zone) = match half.as_deref() {
        Some("am" | "pm") if !(1..=12).contains(&hour) => return None,
        Some("am") => (hour % 12, &rest[2..]),
        Some("pm") => (hour % 12 + 12, &rest[2..]),
        _ => (hour, rest),
    };
    let is_end_of_day = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    let is_time = (hour < 24 || is_end_of_day) && minute < 60 && second < 60;
    let offset = match zone.trim_start() {
        "" => None,
        "Z" | "z" | "UTC" | "GMT" => Some(0),
        zone => Some(offset_of(zone)?),
    };
    let time = ((hour * 60 + minute) * 60 + second) * SECOND + fraction;
    is_time.then_some((time, offset))
}

/// The nanoseconds of the digits of a fraction of a second; further digits than nine are rounded.
fn nanoseconds_of(digits: &str) -> Option<i128> {
    let kept = &digits[..digits.len().min(9)];
    let unit = 10_i128.pow(9 - u32::try_from(kept.len()).ok()?);
    let rounding = digits.as_bytes().get(9).is_some_and(|digit| *digit >= b'5');
    Some(kept.parse::<i128>().ok()? * unit + i128::from(rounding))
}

/// The nanoseconds by which a clock in the zone `+01:00`, `+0100` or `+01` is ahead of UTC.
fn offset_of(zone: &str) -> Option<i128> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    let (hours, hours_rest) = two_digits(hours, false)?;
    let (minutes, minutes_rest) = two_digits(minutes, false)?;
    let is_offset = hours <= 14 && minutes < 60 && hours_rest.is_empty() && minutes_rest.is_empty();
    is_offset.then_some(sign * (hours * 60 + minutes) * 60 * SECOND)
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

/// The year, the month and the day so many days after 1 January 1970.
fn day_from_1970(days: i128) -> [i128; 3] {
    let mut year = 1970 + days.div_euclid(366).min(days.div_euclid(365));
    while days_from_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_from_1970(year, month + 1, 1) <= days {
        month += 1;
    }
    [year, month, 1 + days - days_from_1970(year, month, 1)]
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
        assert_eq!(
            Date::parse("05.01.2026 13:00", None),
            Err(NoDate::TwoMeanings)
        );
        assert_eq!(
            DateOrder::shown_by("13.01.2026"),
            Some(DateOrder::DayMonthYear)
        );
        assert_eq!(DateOrder::shown_by("2026-01-13"), None);
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
    }
}
