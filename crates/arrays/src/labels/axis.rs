//! [`NamedAxis`]: the name, the unit and the coordinates of an axis.

use crate::npy::Slice;
use std::ops::Range;

/// An axis with a name, and what is known of its indices.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedAxis {
    /// `t`, `y`, `x`, `statistic`.
    pub name: String,
    /// The unit of its coordinates, if that is known.
    pub unit: Option<String>,
    /// What is known of its indices.
    pub values: AxisValues,
}

/// What is known of the indices of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisValues {
    /// A coordinate for each, and the usual distance from one to the next \[time or length\].
    Listed {
        /// In increasing order.
        coordinates: Vec<f64>,
        /// From one to the next.
        spacing: f64,
    },
    /// A word for each.
    Labels(Vec<String>),
    /// Nothing but their number.
    Counted,
}

impl NamedAxis {
    /// An axis of which every index has a coordinate.
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

    /// An axis of which the name is known.
    #[must_use]
    pub fn counted(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: None,
            values: AxisValues::Counted,
        }
    }

    /// An axis with a word for every index.
    #[must_use]
    pub fn labelled(name: &str, labels: Vec<String>) -> Self {
        Self {
            values: AxisValues::Labels(labels),
            ..Self::counted(name)
        }
    }

    /// The same axis with its coordinates in a unit.
    #[must_use]
    pub fn in_unit(self, unit: Option<&str>) -> Self {
        Self {
            unit: unit.map(str::to_owned),
            ..self
        }
    }

    /// The same axis with other indices.
    fn with(&self, values: AxisValues) -> Self {
        Self {
            values,
            ..Self::counted(&self.name).in_unit(self.unit.as_deref())
        }
    }

    /// All coordinates, if it has some \[time or length\].
    #[must_use]
    pub fn coordinates(&self) -> Option<&[f64]> {
        match &self.values {
            AxisValues::Listed { coordinates, .. } => Some(coordinates),
            _ => None,
        }
    }

    /// The words for its indices, if it has some.
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

    /// From one index to the next \[time or length\].
    #[must_use]
    pub fn spacing(&self) -> Option<f64> {
        match &self.values {
            AxisValues::Listed { spacing, .. } => Some(*spacing),
            _ => None,
        }
    }

    /// Whether its indices are as far from one another as [`spacing`](Self::spacing) says.
    #[must_use]
    pub fn is_even(&self) -> bool {
        /// What roundings and the course's sums change, as a share.
        const NEARLY: f64 = 1e-6;
        let spacing = self.spacing().unwrap_or_default();
        let pairs = self.coordinates().unwrap_or_default().windows(2);
        let mut off = pairs.map(|pair| (pair[1] - pair[0] - spacing).abs());
        off.all(|off| off <= NEARLY * spacing.abs())
    }

    /// The index of the nearest coordinate, the first of two equally near; of none that lies more than half a step
    /// outside.
    #[must_use]
    pub fn nearest(&self, wanted: f64) -> Option<u64> {
        let (first, last) = self.ends()?;
        let coordinates = self.coordinates()?;
        if (first - wanted).max(wanted - last) > 0.5 * self.spacing()? {
            return None;
        }
        let above = coordinates.partition_point(|&at| at < wanted);
        let nearer_below = |above: usize| {
            let here = coordinates
                .get(above)
                .map_or(f64::INFINITY, |at| at - wanted);
            wanted - coordinates[above - 1] <= here
        };
        let nearest = if above > 0 && nearer_below(above) {
            above - 1
        } else {
            above
        };
        Some(nearest as u64)
    }

    /// The axis of `count` windows over this one, the first of them from `start` on: each has the mean of
    /// the coordinates of its first and its last element.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn of_windows(&self, start: u64, window: u64, stride: u64, count: u64) -> Option<Self> {
        let spacing = match self.values {
            AxisValues::Listed { spacing, .. } => spacing * stride as f64,
            AxisValues::Labels(_) => return None,
            AxisValues::Counted => return Some(self.clone()),
        };
        let middle = |number: u64| {
            let begin = start + number * stride;
            let first = self.coordinate(begin)?;
            let last = self.coordinate(begin + window - 1)?;
            Some(if window == 1 {
                first
            } else {
                f64::midpoint(first, last)
            })
        };
        let coordinates = (0..count).map(middle).collect::<Option<_>>()?;
        Some(self.with(AxisValues::Listed {
            coordinates,
            spacing,
        }))
    }

    /// This axis at some indices.
    #[must_use]
    pub fn of_indices(&self, indices: &[u64]) -> Option<Self> {
        let Some(spacing) = self.spacing() else {
            return (self.values == AxisValues::Counted).then(|| self.clone());
        };
        let coordinates = indices.iter().map(|&index| self.coordinate(index));
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

    /// The part of this axis that a slice takes.
    #[must_use]
    pub fn of_slice(&self, slice: Slice) -> Option<Self> {
        let AxisValues::Labels(labels) = &self.values else {
            return self.of_windows(slice.start, 1, slice.step, slice.count);
        };
        let word = |index| labels.get(usize::try_from(index).ok()?).cloned();
        let words = slice.indices().map(word).collect::<Option<_>>()?;
        Some(self.with(AxisValues::Labels(words)))
    }

    /// The first pair in which two axes differ, in words.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self.name != other.name {
            return Some(format!("{} and {}", self.name, other.name));
        }
        let name = &self.name;
        match (&self.values, &other.values) {
            (
                AxisValues::Listed { coordinates, .. },
                AxisValues::Listed {
                    coordinates: others,
                    ..
                },
            ) => {
                let mut pairs = coordinates.iter().zip(others).enumerate();
                let (index, (one, other)) = pairs.find(|(_, (one, other))| one != other)?;
                Some(format!("{name} = {one:?} and {other:?} at index {index}"))
            }
            (AxisValues::Labels(labels), AxisValues::Labels(others)) => {
                let mut pairs = labels.iter().zip(others);
                let (one, other) = pairs.find(|(one, other)| one != other)?;
                Some(format!("{name} {one} and {other}"))
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
    }
}
