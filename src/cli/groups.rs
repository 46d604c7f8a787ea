//! Groups of the indices of an axis that recur: by the calendar, for `stats --by`, and by a period, for `map --repeat`.

use super::axes::{Axes, unit_since};
use crate::cli::error::Error;
use clap::ValueEnum;
use diff2d::{
    JournalledArray,
    program::measured::{Calendar, Date, TimeUnit},
};
use diff2d_arrays::{
    labels::{AxisValues, NamedAxis},
    wording::excerpt,
};
use std::{cmp::Reverse, collections::BTreeMap};

/// A part of a date by which indices are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CalendarPart {
    Year,
    Season,
    Month,
    Day,
    Hour,
}

/// The months from December to February, and so on, in the order of their letters.
const SEASONS: [&str; 4] = ["DJF", "JJA", "MAM", "SON"];

impl CalendarPart {
    const ALL: [Self; 5] = [Self::Year, Self::Season, Self::Month, Self::Day, Self::Hour];

    pub(super) fn name(self) -> &'static str {
        ["year", "season", "month", "day", "hour"][self as usize]
    }

    /// The number of the group of a date: of a season its place in [`SEASONS`].
    fn of(self, date: Date) -> i64 {
        let [year, month, day] = date.day();
        match self {
            Self::Year => year,
            Self::Season => match month {
                12 | 1 | 2 => 0,
                6..=8 => 1,
                3..=5 => 2,
                _ => 3,
            },
            Self::Month => month,
            Self::Day => day,
            Self::Hour => date.seconds().rem_euclid(86_400) / 3600,
        }
    }
}

/// The groups of the indices of an axis by a part of their dates.
pub(super) struct Groups {
    pub(super) part: CalendarPart,
    /// The number of each group that there is, and its indices.
    pub(super) indices: BTreeMap<i64, Vec<u64>>,
}

impl Groups {
    /// The groups along an axis, which must have dates. Errors begin with `option`.
    pub(super) fn of(
        axes: &Axes<'_>,
        axis: usize,
        part: CalendarPart,
        option: &str,
    ) -> Result<Self, Error> {
        let dates = axes.dates(axis)?.ok_or_else(|| {
            Error::Usage(format!(
                "{option}: no dates are known along axis {axis} of {}; --axes gives an array without names the date of its first index, such as t:h:since=2023-01-01",
                axes.array.path.display()
            ))
        })?;
        let mut indices: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        for (index, date) in (0..).zip(dates) {
            indices.entry(part.of(date)).or_default().push(index);
        }
        Ok(Self { part, indices })
    }

    /// The name of a group.
    pub(super) fn name(&self, number: i64) -> String {
        match self.part {
            CalendarPart::Season => {
                let season = usize::try_from(number).ok();
                let name = season.and_then(|season| SEASONS.get(season));
                name.map_or_else(String::new, |name| (*name).to_owned())
            }
            _ => number.to_string(),
        }
    }

    /// The axis of the groups.
    pub(super) fn axis(&self) -> NamedAxis {
        let (name, numbers) = (self.part.name(), self.indices.keys());
        match self.part {
            CalendarPart::Season => {
                NamedAxis::labelled(name, numbers.map(|&number| self.name(number)).collect())
            }
            _ => NamedAxis::listed(name, numbers.copied().map(coordinate_of).collect(), 1.0),
        }
    }
}

fn coordinate_of(number: i64) -> f64 {
    number as f64
}

/// Gives the times of a cube the date at which they are 0, if its parameters tell it.
pub(super) fn date_times(array: &mut JournalledArray) {
    let Some(origin) = array.calendar().map(Calendar::origin) else {
        return;
    };
    let mut labels = array.labels.clone();
    for axis in labels.axes.iter_mut().flatten() {
        if axis.name == "t" {
            let unit = axis.unit.as_deref().map_or(Some(TimeUnit::S), TimeUnit::of);
            axis.unit = unit
                .map(|unit| unit_since(unit, origin))
                .or(axis.unit.take());
        }
    }
    array.label(labels);
}

/// Repeats along an axis all arrays that are shorter along it than the array with the most axes: results of `stats --by` by the dates
/// of that array, others one period after the other. Returns whether there are such arrays.
pub(super) fn repeat(
    arrays: &mut [(&str, JournalledArray)],
    axis_text: &str,
) -> Result<bool, Error> {
    let mut named: Option<(Vec<u64>, usize, usize)> = None;
    let mut refusal = None;
    for (number, (_, array)) in arrays.iter().enumerate() {
        match Axes::of(array).axis(axis_text) {
            Ok(axis) => {
                let size = vec![array.npy.shape.len() as u64, array.shape()[axis]];
                if named.as_ref().is_none_or(|(other, ..)| size > *other) {
                    named = Some((size, number, axis));
                }
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    let Some((_, named, axis)) = named else {
        return Err(refusal.unwrap_or_else(|| {
            Error::Usage(format!(
                "--repeat {}: there is no array",
                excerpt(axis_text, 60)
            ))
        }));
    };
    // Axes are counted from the last one, and an array without names may be the longest along this one.
    let from_end = arrays[named].1.npy.shape.len() - axis;
    let sizes = arrays
        .iter()
        .enumerate()
        .filter_map(|(number, (_, array))| {
            let axis = array.npy.shape.len().checked_sub(from_end)?;
            Some((array.npy.shape.len(), array.shape()[axis], number, axis))
        });
    let longest =
        sizes.max_by_key(|&(dimensions, length, number, _)| (dimensions, length, Reverse(number)));
    let Some((_, length, whole, axis)) = longest else {
        return Ok(false);
    };
    date_times(&mut arrays[whole].1);
    let mut is_any = false;
    for number in 0..arrays.len() {
        let dimensions = arrays[number].1.npy.shape.len();
        let Some(own_axis) = dimensions.checked_sub(from_end).filter(|_| number != whole) else {
            continue;
        };
        let own_length = arrays[number].1.shape()[own_axis];
        let axes = Axes::of(&arrays[number].1);
        let whole_axes = Axes::of(&arrays[whole].1);
        let indices = match calendar_part(&axes, own_axis) {
            Some(part) => by_dates(&whole_axes, axis, &axes, own_axis, part)?,
            None if own_length == length || own_length < 2 => continue,
            None => by_period(&whole_axes, axis, &axes, own_axis)?,
        };
        let (_, array) = &mut arrays[number];
        array.pick(own_axis, indices, None);
        is_any = true;
    }
    Ok(is_any)
}

/// The part of a date by which `stats` has made the groups along an axis, by its name.
fn calendar_part(axes: &Axes<'_>, axis: usize) -> Option<CalendarPart> {
    let named = axes.labels.axis(axis)?;
    let mut parts = CalendarPart::ALL.into_iter();
    parts.find(|part| part.name() == named.name && named.values != AxisValues::Counted)
}

/// For each index along an axis with dates, the index of its group along the axis of another array.
fn by_dates(
    axes: &Axes<'_>,
    axis: usize,
    group_axes: &Axes<'_>,
    group_axis: usize,
    part: CalendarPart,
) -> Result<Vec<u64>, Error> {
    let groups = Groups::of(axes, axis, part, "--repeat")?;
    let length = axes.array.shape()[axis];
    let mut group_of_index = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    for (&number, indices) in &groups.indices {
        let name = groups.name(number);
        let group = group_axes.nearest(group_axis, &name).ok().filter(|&group| {
            let coordinate = group_axes.coordinate(group_axis, group);
            coordinate.is_none_or(|coordinate| coordinate == coordinate_of(number))
        });
        let group = group.ok_or_else(|| {
            Error::Usage(format!(
                "--repeat: {} has the {} {name}, and {} has not",
                axes.array.path.display(),
                part.name(),
                group_axes.array.path.display()
            ))
        })?;
        for &index in indices {
            group_of_index[usize::try_from(index).unwrap_or(usize::MAX)] = group;
        }
    }
    Ok(group_of_index)
}

/// For each index along an axis, the index along the axis of an array that is repeated: by the distance from the first coordinate of
/// that array, or by the number in the file.
fn by_period(
    axes: &Axes<'_>,
    axis: usize,
    period_axes: &Axes<'_>,
    period_axis: usize,
) -> Result<Vec<u64>, Error> {
    let [length, period] = [
        axes.array.shape()[axis],
        period_axes.array.shape()[period_axis],
    ];
    if period > length {
        let whole = axes.array.path.display();
        return Err(Error::Usage(format!(
            "--repeat: {} has {period} indices along the axis, and {whole}, which has more axes, no more than {length}; {whole}[0] is a part of it with one axis less",
            period_axes.array.path.display()
        )));
    }
    let first = period_axes.coordinate(period_axis, 0);
    let indices = (0..length).map(|index| {
        let (Some(coordinate), Some(first)) = (axes.coordinate(axis, index), first) else {
            return Ok(axes.array.index_in_file(axis, index) % period);
        };
        let distance = (coordinate - first) / period_axes.spacing(period_axis);
        if (distance - distance.round()).abs() > 0.01 {
            return Err(Error::Usage(format!(
                "--repeat: {coordinate:?} along axis {axis} of {} is no whole number of steps from {first:?}, with which {} begins",
                axes.array.path.display(),
                period_axes.array.path.display()
            )));
        }
        Ok(distance.round().rem_euclid(period as f64) as u64)
    });
    indices.collect()
}
