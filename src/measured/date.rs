//! [`Date`]: a date with a time of day, as loggers write it.

use std::{fmt, ops::Sub};

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

    /// Whether a date begins with the number of a day or a month.
    #[must_use]
    pub fn is_open_in(text: &str) -> bool {
        day_of(text).is_some_and(|(numbers, _)| {
            let [day, _, year] = numbers;
            let has_name = numbers.iter().any(|number| number.is_name);
            !has_name && day.digits <= 2 && year.digits == 4
        })
    }

    /// The order that a date shows: one of its first two numbers is larger than any month.
    #[must_use]
    pub fn shown_by(text: &str) -> Option<Self> {
        let (numbers, _) = day_of(text)?;
        match numbers.map(|number| number.value) {
            _ if numbers[0].digits > 2 => None,
            [day, 1..=12, _] if day > 12 => Some(Self::DayMonthYear),
            [1..=12, day, _] if day > 12 => Some(Self::MonthDayYear),
            _ => None,
        }
    }
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
        let (numbers, time_text) = day_of(text).ok_or(NoDate::OtherForm)?;
        let days = days_of(numbers, order)?;
        let (time, zone) = time_of_day(time_text).ok_or(NoDate::OtherForm)?;
        Ok(Self {
            seconds: days * DAY + time.seconds - zone.unwrap_or(0),
            nanoseconds: 0,
            has_zone: zone.is_some(),
        }
        .with_nanoseconds(time.nanoseconds))
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
        }
    }

    /// The year, the month and the day.
    #[must_use]
    pub fn day(self) -> [i64; 3] {
        day_from_1970(self.seconds.div_euclid(DAY))
    }

    /// The midnight with which a day of the calendar begins.
    #[must_use]
    pub fn of_day([year, month, day]: [i64; 3]) -> Self {
        Self::of_seconds(days_from_1970(year, month, day) * DAY)
    }

    /// The date so many seconds later, to the nearest millisecond, and at most ten million years away.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most ten million years")]
    pub fn later_by(self, seconds: f64) -> Self {
        const MOST: f64 = 3e14;
        let milliseconds = (seconds.clamp(-MOST, MOST) * 1e3).round() as i64;
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
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")?;
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

/// A number of a date, and the number of its digits; a name stands for the number of a month.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: i64,
    digits: usize,
    is_name: bool,
}

/// The months, of which the first three letters or more are written.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The number with which a text begins, and the text behind it.
fn leading_number(text: &str) -> Option<(Number, &str)> {
    /// No number of a date has more digits.
    const MOST: usize = 4;
    let (mut value, mut digits) = (0, 0);
    for digit in text.bytes().take_while(u8::is_ascii_digit) {
        value = 10 * value + i64::from(digit - b'0');
        digits += 1;
        if digits > MOST {
            return None;
        }
    }
    let number = Number {
        value,
        digits,
        is_name: false,
    };
    (digits > 0).then(|| (number, &text[digits..]))
}

/// The number, or the name of a month, with which a text begins, and the text behind it.
fn leading_part(text: &str) -> Option<(Number, &str)> {
    leading_number(text).or_else(|| {
        let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, text_behind) = text.split_at(length);
        let mut months = (1..).zip(MONTHS).filter(|_| length >= 3);
        let (value, _) = months.find(|(_, month)| {
            let beginning = month.get(..length);
            beginning.is_some_and(|letters| letters.eq_ignore_ascii_case(name))
        })?;
        let month = Number {
            value,
            digits: 2,
            is_name: true,
        };
        Some((month, text_behind))
    })
}

/// The three numbers with which a date begins, and the text behind them. Blanks separate them only where the month has
/// a name.
fn day_of(text: &str) -> Option<([Number; 3], &str)> {
    let (day, month_text) = leading_part(text)?;
    let separator = month_text
        .chars()
        .next()
        .filter(|letter| ['-', '/', '.', ' '].contains(letter))?;
    let (month, year_text) = leading_part(&month_text[1..])?;
    let has_name = day.is_name || month.is_name;
    let year_text = match separator {
        ' ' if !has_name => return None,
        ' ' => year_text.strip_prefix(',').unwrap_or(year_text),
        _ => year_text,
    };
    let (year, time_text) = leading_number(year_text.strip_prefix(separator)?)?;
    let are_short = month.digits <= 2 && (day.digits <= 2 || year.digits <= 2);
    are_short.then_some(([day, month, year], time_text))
}

/// The days from 1970 on of the three numbers of a date.
fn days_of(numbers: [Number; 3], order: Option<DateOrder>) -> Result<i64, NoDate> {
    let [a, b, c] = numbers;
    let is_year_first = a.digits == 4;
    let order = match order {
        _ if is_year_first => DateOrder::YearMonthDay,
        _ if a.is_name => DateOrder::MonthDayYear,
        _ if b.is_name && c.digits == 4 => DateOrder::DayMonthYear,
        Some(order) => order,
        None if c.digits != 4 => return Err(NoDate::OtherForm),
        None if a.value > 12 || a.value == b.value => DateOrder::DayMonthYear,
        None if b.value > 12 => DateOrder::MonthDayYear,
        None => return Err(NoDate::TwoMeanings),
    };
    let [year, month, day] = match order {
        DateOrder::DayMonthYear => [c, b, a],
        DateOrder::MonthDayYear => [c, a, b],
        DateOrder::YearMonthDay => [a, b, c],
    };
    let year_value = match (year.digits, year.value) {
        (4, value) => value,
        (2, value @ 0..=68) => 2000 + value,
        (2, value) => 1900 + value,
        _ => return Err(NoDate::OtherForm),
    };
    let is_day = !year.is_name
        && !day.is_name
        && (1..=12).contains(&month.value)
        && (1..=days_of_month(year_value, month.value)).contains(&day.value)
        && day.digits <= 2;
    let days = is_day.then(|| days_from_1970(year_value, month.value, day.value));
    days.ok_or(NoDate::OtherForm)
}

/// The number that consists of two digits, or of one if `is_short_allowed`, and the text behind it.
fn two_digits(text: &str, is_short_allowed: bool) -> Option<(i64, &str)> {
    let (number, text_behind) = leading_number(text)?;
    let is_expected = number.digits == 2 || (is_short_allowed && number.digits == 1);
    is_expected.then_some((number.value, text_behind))
}

/// A time of day since midnight.
#[derive(Debug, Clone, Copy)]
struct Time {
    seconds: i64,
    nanoseconds: i64,
}

/// The time of what follows the day, such as ` 13:00` or `T1:00:00.5 PM+01:00`, and the seconds by which its zone is
/// ahead of UTC.
fn time_of_day(text: &str) -> Option<(Time, Option<i64>)> {
    if text.is_empty() {
        let midnight = Time {
            seconds: 0,
            nanoseconds: 0,
        };
        return Some((midnight, None));
    }
    let (hour, minute_text) = two_digits(text.strip_prefix(['T', 't', ' '])?.trim_start(), true)?;
    let (minute, mut end_text) = two_digits(minute_text.strip_prefix(':')?, false)?;
    let (mut second, mut nanoseconds) = (0, 0);
    if let Some(second_text) = end_text.strip_prefix(':') {
        (second, end_text) = two_digits(second_text, false)?;
        if let Some(digits) = end_text.strip_prefix(['.', ',']) {
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            nanoseconds = nanoseconds_of(&digits[..count])?;
            end_text = &digits[count..];
        }
    }
    let end_text = end_text.trim_start();
    let half = end_text.get(..2).filter(|half| {
        let halves = ["am", "pm"];
        halves.iter().any(|known| half.eq_ignore_ascii_case(known))
    });
    let (hour, zone) = match half.map(|half| half.starts_with(['p', 'P'])) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(is_afternoon) => (
            hour % 12 + if is_afternoon { 12 } else { 0 },
            &end_text[2..],
        ),
        None => (hour, end_text),
    };
    let is_end_of_day = hour == 24 && minute == 0 && second == 0 && nanoseconds == 0;
    let is_time = (hour < 24 || is_end_of_day) && minute < 60 && second < 60;
    let offset = match zone.trim_start() {
        "" => None,
        "Z" | "z" | "UTC" | "GMT" => Some(0),
        zone => Some(offset_of(zone)?),
    };
    let time = Time {
        seconds: (hour * 60 + minute) * 60 + second,
        nanoseconds,
    };
    is_time.then_some((time, offset))
}

/// The nanoseconds of the digits of a fraction of a second; further digits than nine are rounded.
fn nanoseconds_of(digits: &str) -> Option<i64> {
    let leading_digits = &digits[..digits.len().min(9)];
    let unit = 10_i64.pow(9 - u32::try_from(leading_digits.len()).ok()?);
    let is_rounded_up = digits.as_bytes().get(9).is_some_and(|digit| *digit >= b'5');
    Some(leading_digits.parse::<i64>().ok()? * unit + i64::from(is_rounded_up))
}

/// The seconds by which a clock in the zone `+01:00`, `+0100` or `+01` is ahead of UTC.
fn offset_of(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let minutes = if minutes.is_empty() { "00" } else { minutes };
    let (hours, text_behind_hours) = two_digits(hours, false)?;
    let (minutes, text_behind_minutes) = two_digits(minutes, false)?;
    let is_offset = hours <= 14
        && minutes < 60
        && text_behind_hours.is_empty()
        && text_behind_minutes.is_empty();
    is_offset.then_some(sign * (hours * 60 + minutes) * 60)
}

fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days of 400 years, after which the calendar repeats, and those from 1 March 0000 to 1 January 1970.
const PERIOD: i64 = 146_097;
const DAYS_TO_1970: i64 = 719_468;

/// The number of days from 1 January 1970 to a day of the Gregorian calendar. Years begin in March here, so that the
/// leap day is their last.
///
/// Source: H. Hinnant, chrono-compatible low-level date algorithms, 2013.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (period, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    period * PERIOD + year * 365 + year / 4 - year / 100 + day_of_year - DAYS_TO_1970
}

/// The year, the month and the day so many days after 1 January 1970; the inverse of [`days_from_1970`].
fn day_from_1970(days: i64) -> [i64; 3] {
    let days = days + DAYS_TO_1970;
    let (period, day) = (days.div_euclid(PERIOD), days.rem_euclid(PERIOD));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    [period * 400 + year + i64::from(month <= 2), month, day]
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
    fn days_of_the_calendar_follow_one_another() {
        let mut expected = [-1, 12, 31];
        let begin = days_from_1970(-1, 12, 31);
        for days in begin..days_from_1970(2401, 1, 1) {
            assert_eq!(day_from_1970(days), expected);
            let [year, month, day] = expected;
            assert_eq!(days_from_1970(year, month, day), days);
            expected = match day == days_of_month(year, month) {
                true if month == 12 => [year + 1, 1, 1],
                true => [year, month + 1, 1],
                false => [year, month, day + 1],
            };
        }
        let far = date("2026-01-05").later_by(f64::MAX).to_string();
        assert!(far.starts_with("95"), "{far}");
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
