//! The indices along an axis that typed dates stand for.

use super::NamedAxis;
use crate::dates::{Date, DateSpan};
use std::ops::Range;

/// The indices that a typed date stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateIndices {
    /// The index whose date is nearest to it.
    One(u64),
    /// The indices whose dates lie in the day, the month or the year.
    Span(Range<u64>),
}

impl NamedAxis {
    /// The indices, of `length`, that a date stands for: those within its day, month or year where the dates of the axis are
    /// finer than that, else the nearest one. `None` for a text that is no date, and for an axis without dates.
    ///
    /// # Errors
    /// A sentence on a date that the axis does not have.
    pub fn indices_on(&self, text: &str, length: u64) -> Result<Option<DateIndices>, String> {
        let Some((span, dates)) = self.span(text).zip(self.dates(length)?) else {
            return Ok(None);
        };
        self.judge_zone(text, span, &dates)?;
        if span.seconds() > resolution(&dates) {
            let range = self.between(&dates, [Some(span); 2], text)?;
            return Ok(Some(DateIndices::Span(range)));
        }
        let distances = dates.iter().map(|&date| (date - span.first).abs());
        let nearest = (0..).zip(distances).min_by(|a, b| a.1.total_cmp(&b.1));
        let step = match dates[..] {
            [first, .., last] => (last - first).abs() / (dates.len() - 1) as f64,
            _ => span.seconds(),
        };
        match nearest {
            Some((index, distance)) if distance <= 0.5 * step => Ok(Some(DateIndices::One(index))),
            _ => Err(self.outside(&dates, text)),
        }
    }

    /// The indices, of `length`, between two dates, both included with all of their day, month or year; an end may be left open.
    /// `None` for texts that are no dates, and for an axis without dates.
    ///
    /// # Errors
    /// As [`indices_on`](Self::indices_on).
    pub fn indices_between(
        &self,
        ends: [&str; 2],
        length: u64,
    ) -> Result<Option<Range<u64>>, String> {
        let spans = ends.map(|text| self.span(text));
        let are_dates = ends
            .iter()
            .zip(&spans)
            .all(|(text, span)| text.is_empty() || span.is_some());
        if !are_dates || ends == ["", ""] {
            return Ok(None);
        }
        let Some(dates) = self.dates(length)? else {
            return Ok(None);
        };
        for (text, span) in ends.iter().zip(spans) {
            if let Some(span) = span {
                self.judge_zone(text, span, &dates)?;
            }
        }
        let text = ends.join(":");
        self.between(&dates, spans, &text).map(Some)
    }

    /// The indices of dates between the beginning of one span and the end of another. Where dates decrease, the later end may
    /// stand first.
    fn between(
        &self,
        dates: &[Date],
        [first, last]: [Option<DateSpan>; 2],
        text: &str,
    ) -> Result<Range<u64>, String> {
        let decreases = dates
            .first()
            .zip(dates.last())
            .is_some_and(|(a, b)| *b - *a < 0.0);
        let is_sorted = dates.is_sorted_by(|a, b| {
            if decreases {
                *b - *a < 0.0
            } else {
                *b - *a > 0.0
            }
        });
        if !is_sorted {
            let name = &self.name;
            return Err(format!(
                "{name}={text}: the dates along {name} neither all increase nor all decrease"
            ));
        }
        let is_turned = decreases && first.zip(last).is_none_or(|(a, b)| a.first - b.first > 0.0);
        let (first, last) = if is_turned {
            (last, first)
        } else {
            (first, last)
        };
        let is_within = |date: Date| {
            let is_behind_begin = first.is_none_or(|span| date - span.first >= 0.0);
            is_behind_begin
                && last.is_none_or(|span| {
                    date - span.end < 0.0 || span.seconds() == 0.0 && date == span.end
                })
        };
        let start = dates.iter().position(|&date| is_within(date));
        let count = dates.iter().filter(|&&date| is_within(date)).count() as u64;
        let start = start.ok_or_else(|| self.outside(dates, text))? as u64;
        Ok(start..start + count)
    }

    fn judge_zone(&self, text: &str, span: DateSpan, dates: &[Date]) -> Result<(), String> {
        let has_zone = dates.first().is_some_and(|date| date.has_zone());
        match span.first.has_zone() && !has_zone {
            true => Err(format!(
                "{}={text}: the dates along {} have no zone",
                self.name, self.name
            )),
            false => Ok(()),
        }
    }

    fn outside(&self, dates: &[Date], text: &str) -> String {
        let name = &self.name;
        match (dates.first(), dates.last()) {
            (Some(first), Some(last)) => {
                format!(
                    "{name}={text}: no date along {name} lies there; they go from {first} to {last}"
                )
            }
            _ => format!("{name}={text}: there is no date along {name}"),
        }
    }
}

/// The seconds of the coarsest unit of which all dates are multiples: a day, an hour, a minute, a second; 0 if there is none.
fn resolution(dates: &[Date]) -> f64 {
    let units = [86_400.0, 3600.0, 60.0, 1.0].into_iter();
    let epoch = dates
        .first()
        .map(|date| Date::of_day_in(date.day(), date.calendar()));
    let Some(epoch) = epoch else {
        return 0.0;
    };
    let mut units = units.filter(|unit| dates.iter().all(|&date| (date - epoch) % unit == 0.0));
    units.next().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_along_an_axis_are_found_as_in_xarray() {
        let axis = |unit: &str, step: f64, count: u32| {
            let times = (0..count).map(|number| step * f64::from(number)).collect();
            NamedAxis::listed("t", times, step).in_unit(Some(unit))
        };
        let hours = axis("hours since 2023-01-30", 1.0, 96);
        let days = axis("days since 2023-01-30", 1.0, 96);
        let one = |index| Ok(Some(DateIndices::One(index)));
        let span = |range| Ok(Some(DateIndices::Span(range)));
        for (axis, text, expected) in [
            (&hours, "2023-01-31", span(24..48)),
            (&hours, "2023-02", span(48..96)),
            (&hours, "2023-01-30T05:00", one(5)),
            (&hours, "2023-01-30 05:20", one(5)),
            (&days, "2023-02-01", one(2)),
            (&days, "2023-02", span(2..30)),
            (&days, "2", Ok(None)),
        ] {
            assert_eq!(axis.indices_on(text, 96), expected, "{text}");
        }
        for (axis, ends, expected) in [
            (&hours, ["2023-01-31", "2023-02-01"], 24..72),
            (&hours, ["2023-01-31 06:00", "2023-01-31 09:00"], 30..34),
            (&hours, ["", "2023-01-30"], 0..24),
            (
                &hours,
                ["2023-01-30T05:00:00.000", "2023-01-30T06:00:00.000"],
                5..7,
            ),
            (&days, ["2023-02-01", "2023-02-03"], 2..5),
        ] {
            assert_eq!(
                axis.indices_between(ends, 96),
                Ok(Some(expected)),
                "{ends:?}"
            );
        }
        assert!(hours.indices_on("2024-01-01", 96).is_err());
        assert!(hours.indices_on("2023-01-30T05:00Z", 96).is_err());
        let words = ["2023-02-01", "2023-02-03"].map(str::to_owned).to_vec();
        let words = NamedAxis::labelled("t", words);
        assert_eq!(words.indices_on("3 Feb 2023", 2), one(1));
    }
}
