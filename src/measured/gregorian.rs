//! Days of the Gregorian calendar, counted from 1 January 1970.

fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The number of the days of a month.
pub(super) fn days_of_month(year: i64, month: i64) -> i64 {
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
pub(super) fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (period, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    period * PERIOD + year * 365 + year / 4 - year / 100 + day_of_year - DAYS_TO_1970
}

/// The year, the month and the day so many days after 1 January 1970; the inverse of [`days_from_1970`].
pub(super) fn day_from_1970(days: i64) -> [i64; 3] {
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
