//! Dates along the horizontal axis of charts.

use diff2d::program::measured::{Calendar, RoundDates};
use diff2d_plot::{Chart, GivenTicks};

/// Gives the horizontal axis of a chart dates, where they are known and it is long enough. Times in the chart are the
/// calendar's times multiplied by `scale`.
pub(super) fn put_along(chart: &mut Chart, calendar: Option<Calendar>, scale: f64) {
    let Some(calendar) = calendar else {
        return;
    };
    let sets = calendar.round_dates(chart.extent().map(|time| time / scale));
    if sets.is_empty() {
        return;
    }
    chart.x = "date".to_owned();
    let ticks = sets
        .into_iter()
        .map(|RoundDates { marks, note }| GivenTicks {
            marks: marks
                .into_iter()
                .map(|(time, label)| (time * scale, label))
                .collect(),
            note,
        });
    chart.x_ticks = ticks.collect();
}
