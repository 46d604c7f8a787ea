//! [`NamedAxis`]: the name, the unit and the coordinates of an axis.

use crate::{
    dates::{CfCalendar, Date, DateSpan, Reference},
    npy::Slice,
};
use std::ops::Range;

/// An axis with a name, and coordinates or labels for its indices.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedAxis {
    /// The name: `t`, `y`, `x`, `statistic`.
    pub name: String,
    /// The unit of the coordinates, if it is known.
    pub unit: Option<String>,
    /// The calendar of the CF conventions by which times are counted, if it is not the usual one.
    pub calendar: Option<String>,
    /// The coordinates or labels of the indices.
    pub values: AxisValues,
}

/// The coordinates or labels of the indices of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisValues {
    /// A coordinate for each index, and their usual spacing \[time or length\].
    Listed {
        /// The coordinates, in increasing or in decreasing order.
        coordinates: Vec<f64>,
        /// The spacing of the coordinates, below 0 where they decrease.
        spacing: f64,
    },
    /// A label for each index.
    Labels(Vec<String>),
    /// No values: indices only.
    Counted,
}

/// The difference between coordinates, relative to the spacing, that rounding and the course's sums of steps may cause.
const NEARLY: f64 = 1e-6;

impl NamedAxis {
    /// An axis with a coordinate for every index.
    #[must_use]
    pub fn listed(name: &str, coordinates: Vec<f64>, spacing: f64) -> Self {
        Self {
            values: AxisValues::Listed {
                coordinates,
                spacing,
            },
            ..Self::counted(name)
        }
    }

    /// An axis with only a name.
    #[must_use]
    pub fn counted(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: None,
            calendar: None,
            values: AxisValues::Counted,
        }
    }

    /// An axis with a label for every index.
    #[must_use]
    pub fn labelled(name: &str, labels: Vec<String>) -> Self {
        Self {
            values: AxisValues::Labels(labels),
            ..Self::counted(name)
        }
    }

    /// This axis with a unit for its coordinates.
    #[must_use]
    pub fn in_unit(self, unit: Option<&str>) -> Self {
        Self {
            unit: unit.map(str::to_owned),
            ..self
        }
    }

    /// An axis with the name and the unit of this one, and with other values.
    fn with(&self, values: AxisValues) -> Self {
        Self {
            values,
            calendar: self.calendar.clone(),
            ..Self::counted(&self.name).in_unit(self.unit.as_deref())
        }
    }

    /// The coordinates, if the axis has some \[time or length\].
    #[must_use]
    pub fn coordinates(&self) -> Option<&[f64]> {
        match &self.values {
            AxisValues::Listed { coordinates, .. } => Some(coordinates),
            _ => None,
        }
    }

    /// The labels of the indices, if the axis has some.
    #[must_use]
    pub fn labels(&self) -> Option<&[String]> {
        match &self.values {
            AxisValues::Labels(labels) => Some(labels),
            _ => None,
        }
    }

    /// The coordinate of an index \[time or length\].
    #[must_use]
    pub fn coordinate(&self, index: u64) -> Option<f64> {
        let index = usize::try_from(index).ok()?;
        self.coordinates()?.get(index).copied()
    }

    /// The coordinates of the first and the last index.
    #[must_use]
    pub fn ends(&self) -> Option<(f64, f64)> {
        let coordinates = self.coordinates()?;
        Some((*coordinates.first()?, *coordinates.last()?))
    }

    /// The spacing of the coordinates \[time or length\].
    #[must_use]
    pub fn spacing(&self) -> Option<f64> {
        match &self.values {
            AxisValues::Listed { spacing, .. } => Some(*spacing),
            _ => None,
        }
    }

    /// Whether all distances between coordinates equal [`spacing`](Self::spacing).
    #[must_use]
    pub fn is_even(&self) -> bool {
        let spacing = self.spacing().unwrap_or_default();
        let pairs = self.coordinates().unwrap_or_default().windows(2);
        let mut deviations = pairs.map(|pair| (pair[1] - pair[0] - spacing).abs());
        deviations.all(|deviation| deviation <= NEARLY * spacing.abs())
    }

    /// Whether coordinates decrease from index to index.
    #[must_use]
    pub fn decreases(&self) -> bool {
        self.ends().is_some_and(|(first, last)| first > last)
    }

    /// The index of the coordinate that is nearest to `value`, or the first of two that are equally near; `None` for a value
    /// more than half a step outside.
    #[must_use]
    pub fn nearest(&self, value: f64) -> Option<u64> {
        let (first, last) = self.ends()?;
        let coordinates = self.coordinates()?;
        let (lowest, highest) = (first.min(last), first.max(last));
        if (lowest - value).max(value - highest) > 0.5 * self.spacing()?.abs() {
            return None;
        }
        let is_before = |coordinate: f64| match first > last {
            true => coordinate > value,
            false => coordinate < value,
        };
        let next = coordinates.partition_point(|&coordinate| is_before(coordinate));
        let distance_to_next = coordinates
            .get(next)
            .map_or(f64::INFINITY, |coordinate| (coordinate - value).abs());
        let is_last_before_nearer =
            next > 0 && (value - coordinates[next - 1]).abs() <= distance_to_next;
        let nearest = if is_last_before_nearer {
            next - 1
        } else {
            next
        };
        Some(nearest as u64)
    }

    /// Whether the axis has no coordinates, and a unit that counts from a date, such as `hours since 2023-01-01`: its indices are
    /// the times then.
    fn has_indices_for_times(&self) -> bool {
        self.values == AxisValues::Counted && self.reference().is_some()
    }

    /// The axis with its indices as coordinates, if they are times.
    #[must_use]
    pub fn with_times(self, length: u64) -> Self {
        match self.has_indices_for_times() {
            true => self.of_windows(0, 1, 1, length).unwrap_or(self),
            false => self,
        }
    }

    /// The unit and the date from which times are counted, if the axis has such times.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        Reference::of(self.unit.as_deref()?, self.calendar.as_deref())
    }

    /// The dates of the first `length` indices, if the axis has dates: by its unit, such as `hours since 2023-01-01`, or in words.
    ///
    /// # Errors
    /// A sentence on the first index without a date among others that have one, or on the first time that no calendar holds.
    pub fn dates(&self, length: u64) -> Result<Option<Vec<Date>>, String> {
        if let Some(reference) = self.reference() {
            let times = (0..length).map(|index| self.coordinate_or_time(index));
            let Some(times) = times.collect::<Option<Vec<f64>>>() else {
                return Ok(None);
            };
            let dates = times.into_iter().enumerate().map(|(index, time)| {
                reference.date_within_calendars(time).ok_or_else(|| {
                    format!(
                        "the time {time:?} at index {index} along {} has no date: it lies more than ten million years from the date from \
                         which times are counted",
                        self.name
                    )
                })
            });
            return dates.collect::<Result<_, _>>().map(Some);
        }
        let words = self.labels().unwrap_or_default();
        let dates = words.iter().map(|word| Date::parse(word, None).ok());
        let dates: Vec<Option<Date>> = dates.collect();
        let Some(index) = dates.iter().position(Option::is_none) else {
            return Ok(dates
                .into_iter()
                .collect::<Option<Vec<Date>>>()
                .filter(|dates| !dates.is_empty()));
        };
        match dates.iter().any(Option::is_some) {
            true => Err(format!(
                "{:?} at index {index} along {} is no date",
                words[index], self.name
            )),
            false => Ok(None),
        }
    }

    /// The span of a typed date in the calendar of the axis; `None` if the text is none, or the axis has no dates.
    #[must_use]
    pub fn span(&self, text: &str) -> Option<DateSpan> {
        let calendar = self
            .calendar
            .as_deref()
            .map_or(Some(CfCalendar::Gregorian), CfCalendar::of);
        DateSpan::parse(text, calendar?)
    }

    /// The coordinate of an index, or its time.
    fn coordinate_or_time(&self, index: u64) -> Option<f64> {
        match self.has_indices_for_times() {
            true => Some(index as f64),
            false => self.coordinate(index),
        }
    }

    /// The axis of `count` windows over this one, beginning at index `start`. The coordinate of a window is the mean of
    /// the coordinates of its first and its last element.
    #[must_use]
    pub fn of_windows(&self, start: u64, window: u64, stride: u64, count: u64) -> Option<Self> {
        let spacing = match self.values {
            AxisValues::Listed { spacing, .. } => spacing * stride as f64,
            AxisValues::Labels(_) => return None,
            AxisValues::Counted if self.has_indices_for_times() => stride as f64,
            AxisValues::Counted => return Some(self.clone()),
        };
        let coordinates = (0..count).map(|number| {
            let window_start = start + number * stride;
            let first_coordinate = self.coordinate_or_time(window_start)?;
            let last_coordinate = self.coordinate_or_time(window_start + window - 1)?;
            Some(match window {
                1 => first_coordinate,
                _ => f64::midpoint(first_coordinate, last_coordinate),
            })
        });
        let coordinates = coordinates.collect::<Option<_>>()?;
        Some(self.with(AxisValues::Listed {
            coordinates,
            spacing,
        }))
    }

    /// The part of this axis at some indices.
    #[must_use]
    pub fn of_indices(&self, indices: &[u64]) -> Option<Self> {
        let spacing = match self.values {
            AxisValues::Listed { spacing, .. } => spacing,
            AxisValues::Labels(_) => return None,
            AxisValues::Counted if self.has_indices_for_times() => 1.0,
            AxisValues::Counted => return Some(self.clone()),
        };
        let coordinates = indices.iter().map(|&index| self.coordinate_or_time(index));
        let coordinates: Vec<f64> = coordinates.collect::<Option<_>>()?;
        let spacing = match coordinates[..] {
            [first, second, ..] => second - first,
            _ => spacing,
        };
        Some(self.with(AxisValues::Listed {
            coordinates,
            spacing,
        }))
    }

    /// The part of this axis in a range of indices.
    #[must_use]
    pub fn of_range(&self, range: &Range<u64>) -> Option<Self> {
        self.of_slice(Slice::new(range, 1))
    }

    /// The part of this axis that a slice selects.
    #[must_use]
    pub fn of_slice(&self, slice: Slice) -> Option<Self> {
        let AxisValues::Labels(labels) = &self.values else {
            return self.of_windows(slice.start, 1, slice.step, slice.count);
        };
        let words = slice
            .indices()
            .map(|index| labels.get(usize::try_from(index).ok()?).cloned())
            .collect::<Option<_>>()?;
        Some(self.with(AxisValues::Labels(words)))
    }

    /// The largest difference between a coordinate of each axis that may be due to rounding \[time or length\].
    #[must_use]
    pub fn tolerance_beside(&self, other: &Self) -> f64 {
        let [spacing, other_spacing] =
            [self, other].map(|axis| axis.spacing().unwrap_or(1.0).abs());
        NEARLY * spacing.min(other_spacing)
    }

    /// A sentence on the first pair of coordinates that differ by more than rounding, or on another difference of the
    /// axes.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.name != other.name {
            return Some(format!("{} and {}", self.name, other.name));
        }
        if self.calendar != other.calendar && self.reference().is_some() {
            return Some(format!("{} in two calendars", self.name));
        }
        let name = &self.name;
        match (&self.values, &other.values) {
            (
                AxisValues::Listed { coordinates, .. },
                AxisValues::Listed {
                    coordinates: other_coordinates,
                    ..
                },
            ) => {
                let mut pairs = coordinates.iter().zip(other_coordinates).enumerate();
                let tolerance = self.tolerance_beside(other);
                let (index, (value, other_value)) = pairs.find(|(_, (value, other_value))| {
                    value != other_value && (*value - *other_value).abs() > tolerance
                })?;
                Some(format!(
                    "{name} = {value:?} and {other_value:?} at index {index}"
                ))
            }
            (AxisValues::Labels(labels), AxisValues::Labels(other_labels)) => {
                let mut pairs = labels.iter().zip(other_labels);
                let (label, other_label) =
                    pairs.find(|(label, other_label)| label != other_label)?;
                Some(format!("{name} {label} and {other_label}"))
            }
            (AxisValues::Counted, _) | (_, AxisValues::Counted) => None,
            _ => Some(format!("{name} with numbers and with words")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NamedAxis;

    #[test]
    fn nearest_is_the_first_of_two_and_none_outside() {
        let axis = NamedAxis::listed("t", vec![0.0, 1.0, 2.5, 3.0], 1.0);
        for (wanted, index) in [
            (-0.5, Some(0)),
            (0.0, Some(0)),
            (0.5, Some(0)),
            (0.51, Some(1)),
            (1.75, Some(1)),
            (2.5, Some(2)),
            (3.5, Some(3)),
            (3.51, None),
            (-0.51, None),
        ] {
            assert_eq!(axis.nearest(wanted), index, "{wanted}");
        }
        assert_eq!(NamedAxis::listed("t", vec![], 1.0).nearest(0.0), None);
        let axis = NamedAxis::listed("lat", vec![3.0, 2.5, 1.0, 0.0], -1.0);
        for (wanted, index) in [
            (3.5, Some(0)),
            (2.75, Some(0)),
            (2.74, Some(1)),
            (0.6, Some(2)),
            (-0.5, Some(3)),
            (3.51, None),
            (-0.51, None),
        ] {
            assert_eq!(axis.nearest(wanted), index, "{wanted}");
        }
    }
}
