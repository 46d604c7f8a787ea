//! [`CfCalendar`]: calendars of climate models; their days are counted from 1 January 1970.

/// A calendar of the CF conventions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CfCalendar {
    /// The Gregorian calendar, before 1582 as well.
    #[default]
    Gregorian,
    /// Years of 365 days.
    NoLeap,
    /// Years of 12 months with 30 days each.
    Day360,
}

const DAYS_OF_YEAR: i64 = 365;

impl CfCalendar {
    /// The calendar of a name in the CF conventions; `None` for others, such as `julian`.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "standard" | "gregorian" | "proleptic_gregorian" => Some(Self::Gregorian),
            "noleap" | "365_day" => Some(Self::NoLeap),
            "360_day" => Some(Self::Day360),
            _ => None,
        }
    }

    /// The name in the CF conventions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gregorian => "standard",
            Self::NoLeap => "noleap",
            Self::Day360 => "360_day",
        }
    }

    /// The number of the days of a month.
    pub(super) fn days_of_month(self, year: i64, month: i64) -> i64 {
        match (self, month) {
            (Self::Day360, _) => 30,
            (Self::NoLeap, 2) => 28,
            _ => days_of_month(year, month),
        }
    }

    /// The number of days from 1 January 1970 to a day.
    pub(super) fn days_from_1970(self, [year, month, day]: [i64; 3]) -> i64 {
        match self {
            Self::Gregorian => days_from_1970(year, month, day),
            Self::NoLeap => {
                // The days of a month do not depend on the year, and 1970 has no leap day.
                (year - 1970) * DAYS_OF_YEAR + days_from_1970(1970, month, day)
            }
            Self::Day360 => ((year - 1970) * 12 + month - 1) * 30 + day - 1,
        }
    }

    /// The year, the month and the day so many days after 1 January 1970.
    pub(super) fn day_from_1970(self, days: i64) -> [i64; 3] {
        match self {
            Self::Gregorian => day_from_1970(days),
            Self::NoLeap => {
                let day_of_year = days.rem_euclid(DAYS_OF_YEAR);
                let [_, month, day] = day_from_1970(day_of_year);
                [1970 + days.div_euclid(DAYS_OF_YEAR), month, day]
            }
            Self::Day360 => {
                let months = days.div_euclid(30);
                let year = 1970 + months.div_euclid(12);
                [year, months.rem_euclid(12) + 1, days.rem_euclid(30) + 1]
            }
        }
    }
}

fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The number of the days of a month.
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

    #[test]
    fn calendars_of_models_have_years_of_one_length() {
        for (calendar, length, last_of_february) in
            [(CfCalendar::NoLeap, 365, 28), (CfCalendar::Day360, 360, 30)]
        {
            let mut expected = [1899, 1, 1];
            let begin = calendar.days_from_1970(expected);
            for days in begin..begin + 300 * length {
                assert_eq!(calendar.day_from_1970(days), expected);
                assert_eq!(calendar.days_from_1970(expected), days);
                let [year, month, day] = expected;
                expected = match day == calendar.days_of_month(year, month) {
                    true if month == 12 => [year + 1, 1, 1],
                    true => [year, month + 1, 1],
                    false => [year, month, day + 1],
                };
            }
            assert_eq!(expected, [2199, 1, 1]);
            assert_eq!(calendar.days_of_month(2000, 2), last_of_february);
            assert_eq!(CfCalendar::of(calendar.name()), Some(calendar));
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
    }
}
