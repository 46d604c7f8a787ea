//! Axes by name and in the units of a run: `t=2.5`, `x=0`, `y=-1:1`.

use super::{
    number,
    rows::{Cell, Column},
    scenario,
    selection::{Entry, Selection, index_from_start},
    typed, values,
};
use crate::cli::error::Error;
use diff2d::{
    JournalledArray,
    program::{
        cube::telling,
        measured::{Date, TimeUnit},
        params::hint,
    },
};
use diff2d_arrays::{
    dates::unit_in_words,
    labels::{AxisValues, DateIndices, Labels, NamedAxis},
    wording::excerpt,
};
use std::{borrow::Cow, fmt::Display, iter, ops::Range};

/// The axes of an array, which have names and coordinates if the array is a cube or was made from a cube.
pub(super) struct Axes<'a> {
    pub(super) array: &'a JournalledArray,
    pub(super) labels: Cow<'a, Labels>,
}

impl<'a> Axes<'a> {
    pub(super) fn of(array: &'a JournalledArray) -> Self {
        Self {
            array,
            labels: Cow::Borrowed(&array.labels),
        }
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

    /// The columns of an index along some axes, and of the coordinates along those that have some.
    pub(super) fn columns(&self, axes: &[usize]) -> Vec<Column> {
        let located = self.with_coordinates().into_iter();
        let names = located.filter(|(axis, _)| axes.contains(axis));
        let names = names.map(|(_, name)| Column::new(name));
        iter::once(Column::index(axes.len())).chain(names).collect()
    }

    /// The cells of [`columns`](Self::columns) for the indices along some axes; of a part of a file the indices in the file are
    /// printed.
    pub(super) fn cells(&self, indices: &[(usize, u64)]) -> Vec<Cell> {
        let numbers = indices.iter();
        let numbers_in_file = numbers
            .map(|&(axis, index)| self.array.index_in_file(axis, index))
            .collect();
        let located = self.with_coordinates().into_iter();
        let coordinates = located.filter_map(|(axis, _)| {
            let mut indices = indices.iter().filter(|(other, _)| *other == axis);
            let (_, index) = indices.next()?;
            Some(Cell::from(
                self.coordinate(axis, *index).unwrap_or(f64::NAN),
            ))
        });
        iter::once(Cell::Index(numbers_in_file))
            .chain(coordinates)
            .collect()
    }

    /// Whether the first axis is time.
    pub(super) fn has_times(&self) -> bool {
        let leading_axis = self.with_coordinates().into_iter().next();
        leading_axis.is_some_and(|leading_axis| leading_axis == (0, "t"))
    }

    /// The coordinates of an index along the axes that have some, with the axes' names.
    pub(super) fn places(&self, index: &[u64]) -> Vec<(String, f64)> {
        let named = self.with_coordinates().into_iter();
        named
            .filter_map(|(axis, name)| Some((name.to_owned(), self.coordinate(axis, index[axis])?)))
            .collect()
    }

    /// The words for the indices of an axis, if it has some.
    pub(super) fn labels(&self, axis: usize) -> Option<&[String]> {
        self.labels.axis(axis)?.labels()
    }

    /// The name of an axis, or its number.
    pub(super) fn name(&self, axis: usize) -> String {
        let named = self.labels.axis(axis);
        named.map_or_else(|| format!("axis {axis}"), |named| named.name.clone())
    }

    /// Several axes, separated by commas.
    pub(super) fn axes(&self, text: &str) -> Result<Vec<usize>, Error> {
        let axes = typed::list(text).map(|part| self.axis(part));
        let axes = axes.collect::<Result<Vec<_>, Error>>()?;
        match typed::repeated(&axes) {
            Some(axis) => Err(Error::Usage(format!("--axis {text}: axis {axis} twice"))),
            None => Ok(axes),
        }
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
            let axis_names: Vec<&str> = self.labels.names().collect();
            let path = self.array.path.display();
            let name = excerpt(name, 60);
            Error::Usage(if let Some(header) = scenario::sweep(self.array) {
                let keys = telling(header);
                let keys_in_words = keys.join(", ");
                if keys.contains(&name) {
                    format!("'{name}' varies along the axis scenario, which is 0; the others are t, y and x")
                } else {
                    let names = keys.iter().map(String::as_str);
                    let hint = hint(&name, names.chain(axis_names));
                    format!("'{name}' does not vary in this sweep{hint}; what does is {keys_in_words}, then come t, y and x")
                }
            } else if self.array.run().is_some() {
                format!("axis {name}: the axes of a cube are 0 or t, 1 or y, 2 or x")
            } else if axis_names.is_empty() {
                format!(
                    "axis {name}: the axes of {path} are numbers, as it is no cube with a journal, nor made from one; --axes gives them names"
                )
            } else {
                let hint = hint(&name, axis_names.iter().copied());
                let axis_names = axis_names.join(", ");
                format!("axis {name}: the axes of {path} with a name are {axis_names}{hint}")
            })
        })
    }

    /// The entries of a selection: those that are listed, in the order of the axes, or with names one for each axis, in units;
    /// `None` where its name was not typed.
    pub(super) fn entries<'s>(
        &self,
        selection: &'s Selection,
    ) -> Result<Vec<Option<&'s Entry>>, Error> {
        if !selection.is_named() {
            return Ok(selection.entries().into_iter().map(Some).collect());
        }
        let params = scenario::sweep(self.array).map_or_else(Vec::new, telling);
        let mut entries = vec![None; self.array.npy.shape.len()];
        for (name, entry) in selection.named() {
            if params.iter().any(|key| key == name) {
                continue;
            }
            if name.parse::<i64>().is_ok() {
                return Err(selection.refused(
                    "axes before = have names; by their numbers, ranges of indices stand in the order of the axes, such as 1:5,:,2:8",
                ));
            }
            let axis = self
                .named(name)
                .map_err(|error| selection.refused(&error.to_string()))?;
            entries[axis] = Some(entry);
        }
        Ok(entries)
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
            let dated = || self.dated(axis, &Entry::single(text), labels.len() as u64);
            let place = match place {
                Some(place) => Some(place as u64),
                None => dated()?.map(|(range, _)| range.start),
            };
            return place.ok_or_else(|| {
                Error::Usage(format!(
                    "{}={text}: expected one of {}",
                    self.name(axis),
                    labels.join(", ")
                ))
            });
        }
        let (name, path) = (self.name(axis), self.array.path.display());
        if let Some((range, _)) =
            self.dated(axis, &Entry::single(text), self.array.shape()[axis])?
        {
            return Ok(range.start);
        }
        if self.takes_indices(axis) {
            return self.index(axis, &name, text);
        }
        let coordinate = finite(&name, text)?;
        let named_axis = self
            .labels
            .axis(axis)
            .filter(|axis| axis.coordinates().is_some());
        let Some(named_axis) = named_axis else {
            return Err(Error::Usage(format!(
                "{name}={text}: no coordinates are known along {name} of {path}; give ranges of indices for all axes, such as 2:8"
            )));
        };
        let committed = if axis == 0 && self.array.journal.is_some() {
            " committed"
        } else {
            ""
        };
        nearest_on(named_axis, coordinate, text, &path)
            .map_err(|sentence| Error::Usage(sentence + committed))
    }

    /// The index along an axis, which errors call `name`, that a whole number stands for: from the end, if it is negative.
    pub(super) fn index(&self, axis: usize, name: &str, text: &str) -> Result<u64, Error> {
        let length = self.array.npy.shape[axis];
        let index = index_from_start(text, length.into());
        let index = index.and_then(|index| u64::try_from(index).ok());
        index.filter(|index| *index < length).ok_or_else(|| {
            let typed = excerpt(text, 60);
            Error::Usage(match length.checked_sub(1) {
                Some(last_index) => format!(
                    "{name}={typed}: expected a whole number from -{length} to {last_index}"
                ),
                None => format!(
                    "{name}={typed}: {} has nothing along this axis, whose length is 0",
                    self.array.path.display()
                ),
            })
        })
    }

    /// The sentence that an axis does not have an index that was typed.
    pub(super) fn lies_outside(&self, axis: usize, text: &str) -> String {
        let committed = if axis == 0 && self.array.is_limited() {
            " committed so far"
        } else {
            ""
        };
        let length = match axis {
            0 => self.array.reach(),
            axis => self.array.npy.shape[axis],
        };
        let range_clause = length
            .checked_sub(1)
            .map_or_else(String::new, |last_index| {
                format!("expected a whole number from -{length} to {last_index}, as ")
            });
        format!(
            "{text} lies outside: {range_clause}axis {axis} of {} has {length}{committed}",
            self.array.path.display()
        )
    }

    /// The range of an axis of `length` from the index nearest to one coordinate to that nearest to another.
    pub(super) fn between(
        &self,
        axis: usize,
        entry: &Entry,
        length: u64,
    ) -> Result<Range<u64>, Error> {
        if let Some((range, _)) = self.dated(axis, entry, length)? {
            return Ok(range);
        }
        let decreases = self.labels.axis(axis).is_some_and(NamedAxis::decreases);
        entry.between(length, decreases, |text| self.nearest(axis, text))
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

    /// The dates of the indices along an axis, if it has some.
    pub(super) fn dates(&self, axis: usize) -> Result<Option<Vec<Date>>, Error> {
        let length = self.array.shape()[axis];
        let named = self.labels.axis(axis);
        let dates = named.map_or(Ok(None), |named| named.dates(length));
        dates.map_err(|sentence| Error::Usage(format!("{}: {sentence}", self.array.path.display())))
    }

    /// The indices along an axis of `length` that typed dates stand for, and whether they keep the axis, which one date does where
    /// it means a day or a month of several; `None` where no dates were typed, or the axis has none.
    pub(super) fn dated(
        &self,
        axis: usize,
        entry: &Entry,
        length: u64,
    ) -> Result<Option<(Range<u64>, bool)>, Error> {
        let Some(named) = self.labels.axis(axis) else {
            return Ok(None);
        };
        let found = match &entry.ends {
            Some([start, stop]) => {
                let range = named.indices_between([start, stop], length);
                range.map(|range| range.map(|range| (range, true)))
            }
            None => named.indices_on(&entry.text, length).map(|indices| {
                indices.map(|indices| match indices {
                    DateIndices::One(index) => (index..index + 1, false),
                    DateIndices::Span(range) => (range, true),
                })
            }),
        };
        found.map_err(Error::Usage)
    }

    /// The distance from one index to the next, in units.
    pub(super) fn spacing(&self, axis: usize) -> f64 {
        self.labels
            .axis(axis)
            .and_then(NamedAxis::spacing)
            .map_or(1.0, f64::abs)
    }

    /// How many indices a length in units spans, at least one.
    pub(super) fn span(&self, axis: usize, text: &str) -> Result<u64, Error> {
        let length = finite(&self.name(axis), text)?;
        let spacing = self.spacing(axis);
        if length <= 0.0 {
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
        Ok(((length / spacing).round() as u64).max(1))
    }

    /// `t = 2.5, x = 0.1` for the indices along some axes.
    pub(super) fn describe(&self, indices: impl IntoIterator<Item = (usize, u64)>) -> String {
        let places = indices.into_iter().map(|(axis, index)| {
            if let Some(labels) = self.labels(axis) {
                let label = usize::try_from(index)
                    .ok()
                    .and_then(|place| labels.get(place));
                return format!("{} {}", self.name(axis), label.map_or("", String::as_str));
            }
            let index_in_file = self.array.index_in_file(axis, index);
            if self.is_counted(axis) {
                return format!("{} {index_in_file}", self.name(axis));
            }
            let coordinate = self.coordinate(axis, index).unwrap_or(f64::NAN);
            let index_kind = if self.name(axis) == "t" {
                "snapshot"
            } else {
                "node"
            };
            format!(
                "{} = {coordinate:?} ({index_kind} {index_in_file})",
                self.name(axis)
            )
        });
        number::joined(places, ", ")
    }
}

/// The index nearest to a coordinate along an axis of `owner`, or the sentence that it has none there.
pub(super) fn nearest_on(
    axis: &NamedAxis,
    coordinate: f64,
    typed: &str,
    owner: &dyn Display,
) -> Result<u64, String> {
    let name = &axis.name;
    axis.nearest(coordinate).ok_or_else(|| match axis.ends() {
        Some((first, last)) => {
            format!("{name}={typed}: {owner} reaches from {first:?} to {last:?}")
        }
        None => format!("{name}={typed}: {owner} so far has nothing along {name}"),
    })
}

/// The unit of times from a date on, in the words of the CF conventions: `hours since 2023-01-01 00:00`.
pub(super) fn unit_since(unit: TimeUnit, date: Date) -> String {
    format!("{} since {date}", unit_in_words(unit.seconds()))
}

/// `t = 2.5, x = 0.1`
pub(super) fn in_words(places: &[(String, f64)]) -> String {
    let places = places.iter();
    let places = places.map(|(name, place)| format!("{name} = {}", number::python(*place)));
    number::joined(places, ", ")
}

/// The number that was typed along an axis of this name.
pub(super) fn finite(name: &str, text: &str) -> Result<f64, Error> {
    values::finite(text).ok_or_else(|| Error::Usage(format!("{name}={text}: expected a number without a unit, or where a range is meant two with ':' between them, such as {name}=0.5:1")))
}
