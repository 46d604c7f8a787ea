//! [`Calendar`]: the dates of times.

use super::{date::Date, unit::TimeUnit};

/// The dates of times: the date of the time 0, and the unit of times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calendar {
    origin: Date,
    unit: TimeUnit,
}

/// Round dates along an axis of times.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundDates {
    /// The time of each date, and its label.
    pub marks: Vec<(f64, String)>,
    /// The part that all dates have in common and no label has, such as the year; may be empty.
    pub note: String,
}

/// The distance of round dates.
#[derive(Debug, Clone, Copy)]
enum DateStep {
    Seconds(i64),
    Months(i64),
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// The shortest lengths of a month and of a year.
const MONTH: i64 = 28 * DAY;
const MONTHS_OF_YEAR: i64 = 12;

/// The steps shorter than years.
const STEPS: [DateStep; 23] = [
    DateStep::Seconds(1),
    DateStep::Seconds(2),
    DateStep::Seconds(5),
    DateStep::Seconds(10),
    DateStep::Seconds(15),
    DateStep::Seconds(30),
    DateStep::Seconds(MINUTE),
    DateStep::Seconds(2 * MINUTE),
    DateStep::Seconds(5 * MINUTE),
    DateStep::Seconds(10 * MINUTE),
    DateStep::Seconds(15 * MINUTE),
    DateStep::Seconds(30 * MINUTE),
    DateStep::Seconds(HOUR),
    DateStep::Seconds(2 * HOUR),
    DateStep::Seconds(3 * HOUR),
    DateStep::Seconds(6 * HOUR),
    DateStep::Seconds(12 * HOUR),
    DateStep::Seconds(DAY),
    DateStep::Seconds(2 * DAY),
    DateStep::Seconds(7 * DAY),
    DateStep::Months(1),
    DateStep::Months(3),
    DateStep::Months(6),
];

impl Calendar {
    /// The dates of times in a unit, of which the time 0 has the date `origin`.
    #[must_use]
    pub fn new(origin: Date, unit: TimeUnit) -> Self {
        Self { origin, unit }
    }

    /// The dates of times in the unit of this name, or in seconds without a name; `None` if the length of the unit is not
    /// known.
    #[must_use]
    pub fn of_unit_named(origin: Date, name: Option<&str>) -> Option<Self> {
        let unit = name.map_or(Some(TimeUnit::S), TimeUnit::of)?;
        Some(Self::new(origin, unit))
    }

    /// The date of the time 0.
    #[must_use]
    pub fn origin(self) -> Date {
        self.origin
    }

    /// The date of a time.
    #[must_use]
    pub fn date(self, time: f64) -> Date {
        self.origin.later_by(time * self.unit.seconds())
    }

    /// The time of a date.
    #[must_use]
    pub fn time(self, date: Date) -> f64 {
        (date - self.origin) / self.unit.seconds()
    }

    /// Sets of two to a dozen round dates between two times, the largest set first; none if the times are closer
    /// together than two seconds.
    #[must_use]
    pub fn round_dates(self, [begin, end]: [f64; 2]) -> Vec<RoundDates> {
        let years = [1, 2, 5].map(|digit| (0..7).map(move |power| digit * 10_i64.pow(power)));
        let mut years: Vec<i64> = years.into_iter().flatten().collect();
        years.sort_unstable();
        let years = years
            .into_iter()
            .map(|count| DateStep::Months(count * MONTHS_OF_YEAR));
        let steps = STEPS.into_iter().chain(years);
        let sets = steps.filter_map(|step| self.multiples([begin, end], step));
        sets.collect()
    }

    /// The multiples of a step between two times, if there are two to a dozen.
    fn multiples(self, [begin, end]: [f64; 2], step: DateStep) -> Option<RoundDates> {
        const MOST: usize = 12;
        let [begin_date, end_date] = [begin, end].map(|time| self.date(time));
        let length = end_date.seconds() - begin_date.seconds();
        if length / step.shortest() > 2 * MOST as i64 {
            return None;
        }
        let mut date = step.multiple_before(begin_date);
        let mut dates = Vec::new();
        while date.seconds() <= end_date.seconds() {
            let time = self.time(date);
            if (begin..=end).contains(&time) {
                dates.push((time, date));
            }
            date = step.after(date);
        }
        (2..=MOST)
            .contains(&dates.len())
            .then(|| self.labelled(&dates, step))
    }

    /// Dates with their labels.
    fn labelled(self, dates: &[(f64, Date)], step: DateStep) -> RoundDates {
        let (begin_date, end_date) = (dates[0].1, dates[dates.len() - 1].1);
        let is_in_one_year = begin_date.day()[0] == end_date.day()[0];
        let is_on_one_day = begin_date.day() == end_date.day();
        // The parts of `2026-01-05 13:00:00` that a label has.
        let part = match step {
            DateStep::Months(MONTHS_OF_YEAR..) => 0..4,
            DateStep::Months(_) => 0..7,
            DateStep::Seconds(DAY..) if is_in_one_year => 5..10,
            DateStep::Seconds(DAY..) => 0..10,
            DateStep::Seconds(MINUTE..) if is_on_one_day => 11..16,
            DateStep::Seconds(MINUTE..) if is_in_one_year => 5..16,
            DateStep::Seconds(MINUTE..) => 0..16,
            DateStep::Seconds(_) if is_on_one_day => 11..19,
            DateStep::Seconds(_) if is_in_one_year => 5..19,
            DateStep::Seconds(_) => 0..19,
        };
        let marks = dates.iter().map(|&(time, date)| {
            let text = text_of_date(date);
            let label = text.get(part.clone()).map(str::to_owned);
            (time, label.unwrap_or(text))
        });
        let begin_text = text_of_date(begin_date);
        let common = begin_text.get(..part.start).unwrap_or_default();
        let zone = if self.origin.has_zone() { "UTC" } else { "" };
        let notes = [common.trim_end_matches(['-', ' ']), zone];
        let notes = notes.into_iter().filter(|note| !note.is_empty());
        RoundDates {
            marks: marks.collect(),
            note: notes.collect::<Vec<_>>().join(", "),
        }
    }
}

/// A date to the second: `2026-01-05 13:00:00`.
fn text_of_date(date: Date) -> String {
    let [year, month, day] = date.day();
    let seconds = date.seconds().rem_euclid(DAY);
    let [hour, minute, second] = [seconds / HOUR, seconds / MINUTE % 60, seconds % 60];
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

impl DateStep {
    /// The seconds that the step has at least.
    fn shortest(self) -> i64 {
        match self {
            Self::Seconds(count) => count,
            Self::Months(count) => count * MONTH,
        }
    }

    /// The last multiple of the step that is not after a date. Weeks begin on Mondays.
    fn multiple_before(self, date: Date) -> Date {
        /// The fifth day of 1970 was a Monday.
        const MONDAY: i64 = 4 * DAY;
        match self {
            Self::Seconds(count) => {
                let origin = if count % (7 * DAY) == 0 { MONDAY } else { 0 };
                Date::of_seconds((date.seconds() - origin).div_euclid(count) * count + origin)
            }
            Self::Months(count) => {
                let [year, month, _] = date.day();
                Self::of_months((year * MONTHS_OF_YEAR + month - 1).div_euclid(count) * count)
            }
        }
    }

    /// The next multiple of the step.
    fn after(self, date: Date) -> Date {
        match self {
            Self::Seconds(count) => Date::of_seconds(date.seconds() + count),
            Self::Months(count) => {
                let [year, month, _] = date.day();
                Self::of_months(year * MONTHS_OF_YEAR + month - 1 + count)
            }
        }
    }

    /// The beginning of a month, counted from January of the year 0.
    fn of_months(number: i64) -> Date {
        let month = number.rem_euclid(MONTHS_OF_YEAR) + 1;
        Date::of_day([number.div_euclid(MONTHS_OF_YEAR), month, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(origin: &str, unit: TimeUnit) -> Calendar {
        Calendar::new(Date::parse(origin, None).unwrap(), unit)
    }

    #[test]
    fn axes_have_round_dates() {
        for (origin, unit, end, expected, note) in [
            (
                "2026-01-05 13:20",
                TimeUnit::H,
                10.0,
                "14:00 15:00 16:00 17:00 18:00 19:00 20:00 21:00 22:00 23:00",
                "2026-01-05",
            ),
            (
                "2026-01-05 18:00",
                TimeUnit::H,
                24.0,
                "01-05 18:00 01-05 21:00 01-06 00:00 01-06 03:00 01-06 06:00 01-06 09:00 01-06 12:00 01-06 15:00 01-06 18:00",
                "2026",
            ),
            (
                "2026-01-30",
                TimeUnit::D,
                5.0,
                "01-30 00:00 01-30 12:00 01-31 00:00 01-31 12:00 02-01 00:00 02-01 12:00 02-02 00:00 02-02 12:00 02-03 00:00 02-03 12:00 02-04 00:00",
                "2026",
            ),
            (
                "2025-12-31 12:00Z",
                TimeUnit::D,
                3.0,
                "2025-12-31 12:00 2026-01-01 00:00 2026-01-01 12:00 2026-01-02 00:00 2026-01-02 12:00 2026-01-03 00:00 2026-01-03 12:00",
                "UTC",
            ),
            (
                "1999-12-31 23:59:58",
                TimeUnit::S,
                3.0,
                "1999-12-31 23:59:58 1999-12-31 23:59:59 2000-01-01 00:00:00 2000-01-01 00:00:01",
                "",
            ),
            (
                "2026-01-15",
                TimeUnit::D,
                300.0,
                "2026-02 2026-03 2026-04 2026-05 2026-06 2026-07 2026-08 2026-09 2026-10 2026-11",
                "",
            ),
            (
                "1999-06-01",
                TimeUnit::D,
                36_525.0,
                "2000 2010 2020 2030 2040 2050 2060 2070 2080 2090",
                "",
            ),
            (
                "2026-01-05 13:00:00.5",
                TimeUnit::S,
                4.0,
                "13:00:01 13:00:02 13:00:03 13:00:04",
                "2026-01-05",
            ),
        ] {
            let sets = calendar(origin, unit).round_dates([0.0, end]);
            let labels: Vec<&str> = sets[0].marks.iter().map(|(_, label)| &**label).collect();
            assert_eq!((&*labels.join(" "), &*sets[0].note), (expected, note));
            assert!(sets.is_sorted_by(|one, next| one.marks.len() >= next.marks.len()));
        }
        let weeks = calendar("2026-01-01", TimeUnit::D).round_dates([0.0, 60.0]);
        assert_eq!(weeks[0].marks[0], (4.0, "01-05".to_owned()));
        for times in [
            [0.0, 0.5],
            [0.0, 0.0],
            [-1e300, 1e300],
            [f64::MIN, f64::MAX],
        ] {
            let sets = calendar("2026-01-05", TimeUnit::S).round_dates(times);
            assert!(sets.len() < 20, "{times:?}");
        }
    }
}
