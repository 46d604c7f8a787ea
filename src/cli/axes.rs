//! Axes by name and in the units of a run: `t=2.5`, `x=0`, `y=-1:1`.

use super::{number, values};
use crate::{cube::JournalledArray, error::Error};
use diff2d_arrays::{
    labels::{AxisValues, Labels, NamedAxis},
    npy::Slice,
    wording::excerpt,
};
use std::{borrow::Cow, ops::Range};

/// An array's axes, which have names and coordinates if it is a cube or was made from one.
pub(super) struct Axes<'a> {
    pub(super) array: &'a JournalledArray,
    pub(super) labels: Cow<'a, Labels>,
}

impl<'a> Axes<'a> {
    pub(super) fn of(array: &'a JournalledArray) -> Self {
        let labels = Cow::Borrowed(&array.labels);
        Self { array, labels }
    }

    /// The axes that have coordinates, with their names.
    pub(super) fn with_coordinates(&self) -> Vec<(usize, &str)> {
        let axes = self.labels.axes.iter().enumerate();
        axes.filter_map(|(axis, named)| {
            let named = named.as_ref()?;
            named.spacing().map(|_| (axis, named.name.as_str()))
        })
        .collect()
    }

    /// Whether the first axis is time.
    pub(super) fn has_times(&self) -> bool {
        let first = self.with_coordinates().into_iter().next();
        first.is_some_and(|first| first == (0, "t"))
    }

    /// The coordinates of an index along the axes that have some, with the axes' names.
    pub(super) fn places(&self, index: &[u64]) -> Vec<(String, f64)> {
        let named = self.with_coordinates().into_iter();
        named
            .filter_map(|(axis, name)| Some((name.to_owned(), self.coordinate(axis, index[axis])?)))
            .collect()
    }

    /// The words for the indices of an axis, if it has some.
    fn labels(&self, axis: usize) -> Option<&[String]> {
        self.labels.axis(axis)?.labels()
    }

    fn name(&self, axis: usize) -> String {
        let named = self.labels.axis(axis);
        named.map_or_else(|| format!("axis {axis}"), |named| named.name.clone())
    }

    /// Several axes, separated by commas.
    pub(super) fn axes(&self, text: &str) -> Result<Vec<usize>, Error> {
        let mut axes = Vec::new();
        for part in text.split(',') {
            let axis = self.axis(part)?;
            if axes.contains(&axis) {
                return Err(Error::Usage(format!("--axis {text}: axis {axis} twice")));
            }
            axes.push(axis);
        }
        Ok(axes)
    }

    /// The axis of a number, negative from the end, or of a name.
    pub(super) fn axis(&self, text: &str) -> Result<usize, Error> {
        let dimensions = self.array.npy.shape.len();
        if text.contains(',') {
            return Err(Error::Usage(format!(
                "axis {}: one axis at a time",
                excerpt(text, 60)
            )));
        }
        let number = match text.trim().parse::<i64>() {
            Ok(number) if number < 0 => number + dimensions as i64,
            Ok(number) => number,
            Err(_) => return self.named(text.trim()),
        };
        usize::try_from(number)
            .ok()
            .filter(|&axis| axis < dimensions)
            .ok_or_else(|| {
                Error::Usage(format!(
                    "axis {}: {} has {dimensions} axes, 0 to {}",
                    text.trim(),
                    self.array.path.display(),
                    dimensions.saturating_sub(1)
                ))
            })
    }

    fn named(&self, name: &str) -> Result<usize, Error> {
        self.labels.position(name).ok_or_else(|| {
            let known: Vec<&str> = self.labels.names().collect();
            let path = self.array.path.display();
            Error::Usage(if self.array.run().is_some() {
                format!("axis {name}: the axes of a cube are 0 or t, 1 or y, 2 or x")
            } else if known.is_empty() {
                format!(
                    "axis {name}: the axes of {path} are numbers, as it is no cube with a journal, nor made from one"
                )
            } else {
                let known = known.join(", ");
                format!("axis {name}: the axes of {path} with a name are {known}")
            })
        })
    }

    /// One entry an axis: a list in the order of the axes, or `name=value` in any order, the rest
    /// `None`. Errors begin with what was typed.
    pub(super) fn entries(&self, typed: &str, text: &str) -> Result<Entries, Error> {
        let dimensions = self.array.npy.shape.len();
        let parts: Vec<&str> = match text.trim() {
            "" => Vec::new(),
            text => text.split(',').map(str::trim).collect(),
        };
        if !parts.iter().any(|part| part.contains('=')) {
            return Ok(Entries::Listed(
                parts.into_iter().map(str::to_owned).collect(),
            ));
        }
        let mut entries = vec![None; dimensions];
        for part in parts {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                Error::Usage(format!(
                    "{typed}: '{part}' has no name; either all have one or none"
                ))
            })?;
            let axis = self.named(name.trim())?;
            if entries[axis].replace(value.trim().to_owned()).is_some() {
                return Err(Error::Usage(format!("{typed}: {name} twice")));
            }
        }
        Ok(Entries::Named(entries))
    }

    /// The coordinate of an index \[time or length\].
    pub(super) fn coordinate(&self, axis: usize, index: u64) -> Option<f64> {
        self.labels.axis(axis)?.coordinate(index)
    }

    /// The committed snapshot or node nearest to a coordinate: the first of two equally near. An error
    /// for a coordinate that lies more than half a step outside.
    pub(super) fn nearest(&self, axis: usize, text: &str) -> Result<u64, Error> {
        if let Some(labels) = self.labels(axis) {
            let place = labels.iter().position(|label| label == text.trim());
            return place.map(|place| place as u64).ok_or_else(|| {
                Error::Usage(format!(
                    "{}={text}: expected one of {}",
                    self.name(axis),
                    labels.join(", ")
                ))
            });
        }
        let (name, path) = (self.name(axis), self.array.path.display());
        if self.takes_indices(axis) {
            let length = self.array.npy.shape[axis];
            let index = slice(text, length).filter(|_| !text.contains(':'));
            return index.map(|range| range.start).ok_or_else(|| {
                Error::Usage(format!("{name}={text}: {path} has {length} along {name}, with the numbers 0 to {}, or from the end -1 and so on", length.saturating_sub(1)))
            });
        }
        let wanted = finite(&name, text)?;
        let known = self
            .labels
            .axis(axis)
            .filter(|axis| axis.coordinates().is_some());
        let Some(known) = known else {
            return Err(Error::Usage(format!(
                "{name}={text}: no coordinates are known along {name} of {path}; give ranges of indices for all axes, such as 2:8"
            )));
        };
        let Some((first, last)) = known.ends() else {
            return Err(Error::Usage(format!(
                "{name}={text}: {path} holds no committed snapshot yet"
            )));
        };
        known.nearest(wanted).ok_or_else(|| {
            let committed = match axis == 0 && self.array.journal.is_some() {
                true => " committed",
                false => "",
            };
            Error::Usage(format!(
                "{name}={text}: {path} reaches from {first:?} to {last:?}{committed}"
            ))
        })
    }

    /// The range from the index nearest to one coordinate to that nearest to another, both included, of an axis of `length`, and
    /// a step in indices: `0:12`, `:12`, `::3`, or one coordinate.
    pub(super) fn between(
        &self,
        axis: usize,
        text: &str,
        length: u64,
    ) -> Result<(Range<u64>, u64), Error> {
        let parts: Vec<&str> = text.split(':').collect();
        let step = step(parts.get(2)).filter(|_| parts.len() < 4);
        let step = step.ok_or_else(|| {
            let name = self.name(axis);
            Error::Usage(format!(
                "{name}={text}: expected a range, such as 0:12 or, with every third index of it, 0:12:3; the step is at least 1"
            ))
        })?;
        let from = parts[0].trim();
        let to = parts.get(1).map_or(from, |to| to.trim());
        let start = match from {
            "" => 0,
            from => self.nearest(axis, from)?,
        };
        let end = match to {
            "" => length,
            to => self.nearest(axis, to)? + 1,
        };
        Ok((start..end, step))
    }

    /// Whether an axis has a name, and its indices nothing but their numbers.
    fn is_counted(&self, axis: usize) -> bool {
        let values = self.labels.axis(axis).map(|named| &named.values);
        values == Some(&AxisValues::Counted)
    }

    /// Whether a number along an axis is an index. Times and places of a sweep may differ from scenario to scenario: an index is
    /// none of them.
    pub(super) fn takes_indices(&self, axis: usize) -> bool {
        let is_of_scenarios = self.array.journal.is_some() && self.name(axis) != "scenario";
        self.is_counted(axis) && !is_of_scenarios
    }

    /// From one index to the next, in units.
    pub(super) fn spacing(&self, axis: usize) -> f64 {
        self.labels
            .axis(axis)
            .and_then(NamedAxis::spacing)
            .unwrap_or(1.0)
    }

    /// How many indices a length in units spans, at least one.
    pub(super) fn span(&self, axis: usize, text: &str) -> Result<u64, Error> {
        let wanted = finite(&self.name(axis), text)?;
        let spacing = self.spacing(axis);
        if wanted <= 0.0 {
            return Err(Error::Usage(format!(
                "{}={text}: expected a length above 0",
                self.name(axis)
            )));
        }
        if !self.labels.axis(axis).is_none_or(NamedAxis::is_even) {
            let name = self.name(axis);
            return Err(Error::Usage(format!(
                "{name}={text}: the coordinates along {name} are not equally far apart, so that a length has no number of them: give numbers of indices for all axes"
            )));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and saturating"
        )]
        Ok(((wanted / spacing).round() as u64).max(1))
    }

    /// `t = 2.5, x = 0.1` for the indices along some axes.
    pub(super) fn describe(&self, indices: impl IntoIterator<Item = (usize, u64)>) -> String {
        indices
            .into_iter()
            .map(|(axis, index)| {
                if let Some(labels) = self.labels(axis) {
                    let label = usize::try_from(index).ok().and_then(|at| labels.get(at));
                    return format!("{} {}", self.name(axis), label.map_or("", String::as_str));
                }
                if self.is_counted(axis) {
                    return format!("{} {index}", self.name(axis));
                }
                let coordinate = self.coordinate(axis, index).unwrap_or(f64::NAN);
                let what = if self.name(axis) == "t" {
                    "snapshot"
                } else {
                    "node"
                };
                format!("{} = {coordinate:?} ({what} {index})", self.name(axis))
            })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// `t = 2.5, x = 0.1`
pub(super) fn in_words(places: &[(String, f64)]) -> String {
    let places = places.iter();
    let places: Vec<String> = places
        .map(|(name, at)| format!("{name} = {}", number::python(*at)))
        .collect();
    places.join(", ")
}

/// One entry an axis.
pub(super) enum Entries {
    /// In the order of the axes.
    Listed(Vec<String>),
    /// By name, in units.
    Named(Vec<Option<String>>),
}

fn finite(name: &str, text: &str) -> Result<f64, Error> {
    values::finite(text).ok_or_else(|| Error::Usage(format!("{name}={text}: expected a number")))
}

/// The indices that a Python slice `a:b:c`, with a step `c` of at least 1, takes of `length`, or the one that a plain index takes.
pub(super) fn slice(text: &str, length: u64) -> Option<Slice> {
    let signed = i128::from(length);
    let from_start = |text: &str| {
        let index: i128 = text.trim().parse().ok()?;
        Some(if index < 0 { index + signed } else { index })
    };
    let bound = |text: &str, default| match text.trim() {
        "" => Some(default),
        text => Some(from_start(text)?.clamp(0, signed)),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let (start, end) = match parts[..] {
        [index] => {
            let index = from_start(index)?;
            if !(0..signed).contains(&index) {
                return None;
            }
            (index, index + 1)
        }
        [start, end] | [start, end, _] => (bound(start, 0)?, bound(end, signed)?),
        _ => return None,
    };
    let [start, end] = [start, end.max(start)].map(|index| u64::try_from(index).unwrap_or(length));
    Some(Slice::new(&(start..end), step(parts.get(2))?))
}

/// The step of a range, 1 if none is given; of none that does not go forwards.
fn step(text: Option<&&str>) -> Option<u64> {
    match text.map_or("", |text| text.trim()) {
        "" => Some(1),
        text => text.parse().ok().filter(|&step| step > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Slice, slice};

    #[test]
    fn slices_are_those_of_python() {
        let range = |text| slice(text, 5).and_then(Slice::range);
        for (text, expected) in [
            (":", 0..5),
            ("1:3", 1..3),
            (":2", 0..2),
            ("-2:", 3..5),
            ("-99:99", 0..5),
            ("4:1", 4..4),
            ("-1", 4..5),
            ("2", 2..3),
        ] {
            assert_eq!(range(text), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("::", vec![0, 1, 2, 3, 4]),
            ("::2", vec![0, 2, 4]),
            ("1::2", vec![1, 3]),
            ("-4:-1:2", vec![1, 3]),
            (":4:3", vec![0, 3]),
            ("3::9", vec![3]),
            ("4:1:2", vec![]),
        ] {
            let found = slice(text, 5).unwrap();
            let all: Vec<u64> = (0..9).filter(|&index| found.contains(index)).collect();
            assert_eq!(found.indices().collect::<Vec<u64>>(), expected, "{text}");
            assert_eq!(all, expected, "{text}");
        }
        for text in ["", "5", "-6", "a:b", "1.5", "::0", "::-1", "1:2:3:4", "::x"] {
            assert_eq!(slice(text, 5), None, "{text}");
        }
    }
}
