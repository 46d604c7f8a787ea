//! The parts of a date as it is written: the numbers of its day in their [order](DateOrder), its time of day and its zone.

use super::calendars::CfCalendar;

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

/// A number of a date, and the number of its digits; a name stands for the number of a month.
#[derive(Debug, Clone, Copy)]
pub struct DateNumber {
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
fn leading_number(text: &str) -> Option<(DateNumber, &str)> {
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
    let number = DateNumber {
        value,
        digits,
        is_name: false,
    };
    (digits > 0).then(|| (number, &text[digits..]))
}

/// The number, or the name of a month, with which a text begins, and the text behind it.
fn leading_part(text: &str) -> Option<(DateNumber, &str)> {
    leading_number(text).or_else(|| {
        let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (name, text_behind) = text.split_at(length);
        let mut months = (1..).zip(MONTHS).filter(|_| length >= 3);
        let (value, _) = months.find(|(_, month)| {
            let beginning = month.get(..length);
            beginning.is_some_and(|letters| letters.eq_ignore_ascii_case(name))
        })?;
        let month = DateNumber {
            value,
            digits: 2,
            is_name: true,
        };
        Some((month, text_behind))
    })
}

/// The three numbers with which a date begins, and the text behind them. Blanks separate them only where the month has
/// a name.
#[must_use]
pub fn day_of(text: &str) -> Option<([DateNumber; 3], &str)> {
    if let Some(parts) = basic_day_of(text) {
        return Some(parts);
    }
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

/// The numbers of a day that ISO 8601 writes without separators, `20260105`, and the time behind it, without which it is a
/// number.
fn basic_day_of(text: &str) -> Option<([DateNumber; 3], &str)> {
    let (digits, time_text) = text.split_at_checked(8)?;
    if !digits.is_ascii() || !time_text.starts_with(['T', 't', ' ']) {
        return None;
    }
    let parts = [&digits[..4], &digits[4..6], &digits[6..]].map(leading_number);
    let numbers = parts.map(|part| part.filter(|(_, rest)| rest.is_empty()).map(|(n, _)| n));
    let [Some(year), Some(month), Some(day)] = numbers else {
        return None;
    };
    Some(([year, month, day], time_text))
}

/// The days from 1970 on of the three numbers of a date.
pub(super) fn days_of(
    numbers: [DateNumber; 3],
    order: Option<DateOrder>,
    calendar: CfCalendar,
) -> Result<i64, NoDate> {
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
        && (1..=calendar.days_of_month(year_value, month.value)).contains(&day.value)
        && day.digits <= 2;
    let days = is_day.then(|| calendar.days_from_1970([year_value, month.value, day.value]));
    days.ok_or(NoDate::OtherForm)
}

/// The number of two digits with which a text begins, or of one if `is_short_allowed`, and the text behind it.
fn two_digits(text: &str, is_short_allowed: bool) -> Option<(i64, &str)> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let count = text.bytes().take(2).take_while(is_digit).count();
    let is_expected = count == 2 || (is_short_allowed && count == 1);
    let (digits, text_behind) = text.split_at(count);
    Some((digits.parse().ok().filter(|_| is_expected)?, text_behind))
}

/// A time of day since midnight.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// Whole seconds.
    pub seconds: i64,
    /// The nanoseconds behind them.
    pub nanoseconds: i64,
}

/// The time of what follows the day, such as ` 13:00` or `T1:00:00.5 PM+01:00`, and the seconds by which its zone is
/// ahead of UTC.
#[must_use]
pub fn time_of_day(text: &str) -> Option<(Time, Option<i64>)> {
    if text.is_empty() {
        let midnight = Time {
            seconds: 0,
            nanoseconds: 0,
        };
        return Some((midnight, None));
    }
    let time_text = text
        .strip_prefix(|letter: char| letter.is_whitespace() || letter.eq_ignore_ascii_case(&'t'));
    let (hour, minute_text) = two_digits(time_text?.trim_start(), true)?;
    // Colons separate the numbers, in some countries points, in ISO 8601 nothing.
    let separator = minute_text
        .chars()
        .next()
        .filter(|mark| [':', '.'].contains(mark));
    let behind = |text| match separator {
        Some(separator) => str::strip_prefix(text, separator),
        None => str::starts_with(text, |digit: char| digit.is_ascii_digit()).then_some(text),
    };
    let (minute, mut end_text) = two_digits(behind(minute_text)?, false)?;
    let (mut second, mut nanoseconds) = (0, 0);
    if let Some(second_text) = behind(end_text) {
        (second, end_text) = two_digits(second_text, false)?;
        if let Some(digits) = end_text.strip_prefix(['.', ',']) {
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            nanoseconds = nanoseconds_of(&digits[..count])?;
            end_text = &digits[count..];
        }
    }
    let end_text = end_text.trim_start();
    let (hour, zone) = match half_of_day(end_text) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some((is_afternoon, text_behind)) => {
            (hour % 12 + if is_afternoon { 12 } else { 0 }, text_behind)
        }
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

/// Whether a text begins with the sign of the afternoon, `pm`, `P.M.`, `p. m.` or `p`, or with that of the morning; and the
/// text behind it.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    let text_behind = text.strip_prefix(['a', 'A', 'p', 'P'])?;
    let without_point = |text| str::strip_prefix(text, '.').unwrap_or(text);
    let letter_m = without_point(text_behind).trim_start();
    let text_behind = match letter_m.strip_prefix(['m', 'M']) {
        Some(text_behind) => without_point(text_behind),
        None => text_behind,
    };
    Some((text.starts_with(['p', 'P']), text_behind))
}

/// The nanoseconds of the digits of a fraction of a second; further digits than nine are rounded.
fn nanoseconds_of(digits: &str) -> Option<i64> {
    let leading_digits = &digits[..digits.len().min(9)];
    let unit = 10_i64.pow(9 - u32::try_from(leading_digits.len()).ok()?);
    let is_rounded_up = digits.as_bytes().get(9).is_some_and(|digit| *digit >= b'5');
    Some(leading_digits.parse::<i64>().ok()? * unit + i64::from(is_rounded_up))
}

/// The seconds by which a clock in the zone `+01:00`, `+0100` or `+01` is ahead of UTC.
#[must_use]
pub fn offset_of(zone: &str) -> Option<i64> {
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
