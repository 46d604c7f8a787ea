//! [`MapPiece`]: the values of a variable for a box of the result.

use super::{calls::CallSource, element::MapElement, input::MapInput};
use crate::{
    AnalysisError,
    memory::size,
    npy::{Region, elements},
};
use std::{borrow::Cow, ops::Range};

/// Values, and their positions along the axes of a box of the result.
pub(super) struct MapPiece<'a, T: Clone> {
    values: Cow<'a, [T]>,
    /// The position of the value for the first element of the box.
    first: usize,
    /// The distance between the values of neighbouring elements along each axis; 0 if all have the same value.
    strides: Vec<usize>,
}

/// The free buffers of a thread, which are reused from box to box. Every buffer that is taken is given back, so there
/// are as many as a box needs.
#[derive(Debug)]
pub(super) struct FreeBuffers<T>(Vec<Vec<T>>);

/// Creates no buffers.
impl<T> Default for FreeBuffers<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FreeBuffers<T> {
    /// An empty buffer, reused if possible.
    fn take(&mut self) -> Vec<T> {
        let mut values = self.0.pop().unwrap_or_default();
        values.clear();
        values
    }

    /// Keeps a buffer for reuse, unless it has no memory.
    pub(super) fn give(&mut self, values: Vec<T>) {
        if values.capacity() > 0 {
            self.0.push(values);
        }
    }
}

/// The values of a variable for a box of the result. `reduced` are the values of a reduction, in the order of its file.
pub(super) fn floats<'a>(
    source: &CallSource,
    inputs: &[MapInput<'_>],
    region: &[Range<u64>],
    reduced: &'a [f64],
    free: &mut FreeBuffers<f64>,
) -> Result<MapPiece<'a, f64>, AnalysisError> {
    let dimensions = region.len();
    match source {
        CallSource::Coordinate { input, axis } => {
            let (input, from_end) = (&inputs[*input], inputs[*input].select.len() - axis);
            let range = &region[dimensions - from_end];
            let coordinates = input.coordinates(*axis).unwrap_or_default();
            let mut values = free.take();
            values.extend_from_slice(match coordinates.len() {
                1 => coordinates,
                _ => &coordinates[size(range.start)..size(range.end)],
            });
            Ok(along_one_axis(values, dimensions - from_end, dimensions))
        }
        CallSource::Gradient { input, axis } => {
            let input = &inputs[*input];
            let part = part_of_array(&input.shape(), region);
            let mut values = free.take();
            gradient(input, &part, *axis, &mut values)?;
            Ok(of_part(values, input, &part, dimensions))
        }
        source => elements_of(source, inputs, region, reduced, free),
    }
}

/// The values of a variable that consists of elements of an array, or of indices.
pub(super) fn elements_of<'a, T: MapElement>(
    source: &CallSource,
    inputs: &[MapInput<'_>],
    region: &[Range<u64>],
    reduced: &'a [T],
    free: &mut FreeBuffers<T>,
) -> Result<MapPiece<'a, T>, AnalysisError> {
    let dimensions = region.len();
    if let CallSource::Index(axis) = source {
        let mut values = free.take();
        values.extend(region[*axis].clone().map(T::of_index));
        return Ok(along_one_axis(values, *axis, dimensions));
    }
    let shape = source.shape(inputs).unwrap_or_default();
    let part = part_of_array(&shape, region);
    let input = &inputs[source.array().unwrap_or_default()];
    if let CallSource::Reduced { .. } = source {
        let strides = strides(&shape, input.array.npy.fortran_order);
        let starts = strides.iter().zip(&part);
        return Ok(MapPiece {
            values: Cow::Borrowed(reduced),
            first: starts
                .map(|(stride, range)| stride * size(range.start))
                .sum(),
            strides: strides_in_box(&strides, &shape, dimensions),
        });
    }
    let mut values = free.take();
    match source {
        CallSource::Shifted { axis, by, .. } => shifted(input, &part, *axis, *by, &mut values)?,
        _ => read(input, &part, &mut values)?,
    }
    Ok(of_part(values, input, &part, dimensions))
}

/// The part of an array with this shape that a box needs. Along an axis of length 1 that is always its only element.
fn part_of_array(shape: &[u64], region: &[Range<u64>]) -> Region {
    let ranges = &region[region.len() - shape.len()..];
    let axes = shape.iter().zip(ranges);
    axes.map(|(&length, range)| if length == 1 { 0..1 } else { range.clone() })
        .collect()
}

/// The strides of an array along the axes of a box: 0 along an axis of length 1, whose element is repeated.
fn strides_in_box(strides: &[usize], lengths: &[u64], dimensions: usize) -> Vec<usize> {
    let mut strides_in_box = vec![0; dimensions - lengths.len()];
    let axes = strides.iter().zip(lengths);
    strides_in_box.extend(axes.map(|(&stride, &length)| if length == 1 { 0 } else { stride }));
    strides_in_box
}

/// The values of a part of an array, in the order of its file.
fn of_part<'a, T: MapElement>(
    values: Vec<T>,
    input: &MapInput<'_>,
    part: &[Range<u64>],
    dimensions: usize,
) -> MapPiece<'a, T> {
    let lengths = lengths(part);
    let strides = strides(&lengths, input.array.npy.fortran_order);
    MapPiece {
        values: values.into(),
        first: 0,
        strides: strides_in_box(&strides, &lengths, dimensions),
    }
}

/// Values along one axis of a box with the given number of dimensions.
fn along_one_axis<'a, T: MapElement>(
    values: Vec<T>,
    axis: usize,
    dimensions: usize,
) -> MapPiece<'a, T> {
    let mut strides = vec![0; dimensions];
    strides[axis] = usize::from(values.len() > 1);
    MapPiece {
        values: values.into(),
        first: 0,
        strides,
    }
}

impl<T: MapElement> MapPiece<'_, T> {
    /// One value for each element of the box, in the order of its file.
    pub(super) fn spread(
        self,
        region: &[Range<u64>],
        fortran_order: bool,
        free: &mut FreeBuffers<T>,
    ) -> Vec<T> {
        let mut axes: Vec<(usize, usize)> = lengths(region)
            .into_iter()
            .map(size)
            .zip(self.strides)
            .collect();
        if fortran_order {
            axes.reverse();
        }
        let mut expected_stride = 1;
        let is_contiguous = axes.iter().rev().all(|&(length, stride)| {
            let is_expected = length == 1 || stride == expected_stride;
            expected_stride *= length;
            is_expected
        });
        let count: usize = axes.iter().map(|(length, _)| length).product();
        if is_contiguous
            && self.first == 0
            && self.values.len() == count
            && let Cow::Owned(values) = self.values
        {
            return values;
        }
        let mut out = free.take();
        out.reserve(count);
        append(&self.values, self.first, &axes, &mut out);
        if let Cow::Owned(values) = self.values {
            free.give(values);
        }
        out
    }
}

fn append<T: MapElement>(values: &[T], first: usize, axes: &[(usize, usize)], out: &mut Vec<T>) {
    match *axes {
        [] => out.push(values[first]),
        [(length, 0)] => out.extend(std::iter::repeat_n(values[first], length)),
        [(length, 1)] => out.extend_from_slice(&values[first..first + length]),
        [(length, stride), ref inner_axes @ ..] => {
            for number in 0..length {
                append(values, first + number * stride, inner_axes, out);
            }
        }
    }
}

fn lengths(region: &[Range<u64>]) -> Vec<u64> {
    region.iter().map(|range| range.end - range.start).collect()
}

/// The strides along each axis of an array without gaps.
fn strides(lengths: &[u64], fortran_order: bool) -> Vec<usize> {
    let mut strides = vec![0; lengths.len()];
    let mut stride = 1;
    for number in 0..lengths.len() {
        let axis = if fortran_order {
            number
        } else {
            lengths.len() - 1 - number
        };
        strides[axis] = stride;
        stride *= size(lengths[axis]);
    }
    strides
}

/// Reads a part of an array's selected box, in the order of its file.
fn read<T: MapElement>(
    input: &MapInput<'_>,
    part: &[Range<u64>],
    values: &mut Vec<T>,
) -> Result<(), AnalysisError> {
    let ranges = part.iter().zip(&input.select);
    let region: Region = ranges
        .map(|(part, select)| select.start + part.start..select.start + part.end)
        .collect();
    values.resize(size(elements(&region)), T::default());
    let region = input.array.npy.in_file_order(&region);
    Ok(T::read(input, &region, values)?)
}

/// The numbers of elements of a part before, along and after an axis, in the order of the file.
fn around(input: &MapInput<'_>, part: &[Range<u64>], axis: usize) -> [usize; 3] {
    let npy = &input.array.npy;
    let in_file: Vec<usize> = npy
        .in_file_order(&lengths(part))
        .into_iter()
        .map(size)
        .collect();
    let place = if npy.fortran_order {
        part.len() - 1 - axis
    } else {
        axis
    };
    [
        in_file[..place].iter().product(),
        in_file[place],
        in_file[place + 1..].iter().product(),
    ]
}

/// The elements `by` indices further along an axis; absent beyond its ends.
fn shifted<T: MapElement>(
    input: &MapInput<'_>,
    part: &[Range<u64>],
    axis: usize,
    by: i64,
    values: &mut Vec<T>,
) -> Result<(), AnalysisError> {
    let length = i128::from(input.shape()[axis]);
    let [start, stop] = [part[axis].start, part[axis].end]
        .map(|index| (i128::from(index) + i128::from(by)).clamp(0, length));
    values.resize(size(elements(part)), T::ABSENT);
    if start == stop {
        return Ok(());
    }
    let skipped = start - i128::from(by) - i128::from(part[axis].start);
    let [start, stop, skipped] =
        [start, stop, skipped].map(|number| u64::try_from(number).unwrap_or_default());
    let mut source = part.to_vec();
    source[axis] = start..stop;
    let mut elements = Vec::new();
    read(input, &source, &mut elements)?;
    let [outer, length, inner] = around(input, part, axis);
    let [_, source_length, _] = around(input, &source, axis);
    for number in 0..outer {
        let row = (number * length + size(skipped)) * inner;
        let source_row = number * source_length * inner;
        values[row..][..source_length * inner]
            .copy_from_slice(&elements[source_row..][..source_length * inner]);
    }
    Ok(())
}

/// The derivative along an axis with respect to its coordinates, or to indices if it has none, as computed by
/// `numpy.gradient`.
fn gradient(
    input: &MapInput<'_>,
    part: &[Range<u64>],
    axis: usize,
    values: &mut Vec<f64>,
) -> Result<(), AnalysisError> {
    let last_index = input.shape()[axis] - 1;
    let range = &part[axis];
    let mut source = part.to_vec();
    source[axis] = range.start.saturating_sub(1)..(range.end + 1).min(last_index + 1);
    let mut source_values = Vec::new();
    read(input, &source, &mut source_values)?;
    let coordinates = input.coordinates(axis);
    // Coordinates that are equally far apart have the formula for one distance.
    let is_even = coordinates.is_none_or(|coordinates| {
        let mut distances = coordinates.windows(2).map(|pair| pair[1] - pair[0]);
        let first_distance = distances.next();
        distances.all(|distance| Some(distance) == first_distance)
    });
    let [outer, length, inner] = around(input, part, axis);
    let [_, source_length, _] = around(input, &source, axis);
    values.resize(size(elements(part)), 0.0);
    for number in 0..outer {
        for (step, index) in range.clone().enumerate() {
            let out = &mut values[(number * length + step) * inner..][..inner];
            let low_index = index.saturating_sub(1);
            let high_index = (index + 1).min(last_index);
            let [low_row, row, high_row] = [low_index, index, high_index].map(|index| {
                let place = number * source_length + size(index - source[axis].start);
                &source_values[place * inner..][..inner]
            });
            let low_distance = distance_behind(coordinates, low_index);
            let is_at_end = index == 0 || index == last_index;
            if is_at_end || is_even {
                let distance = if is_at_end {
                    low_distance
                } else {
                    2.0 * low_distance
                };
                for ((derivative, low), high) in out.iter_mut().zip(low_row).zip(high_row) {
                    *derivative = (high - low) / distance;
                }
            } else {
                let (distance_before, distance_after) =
                    (low_distance, distance_behind(coordinates, index));
                let low_weight =
                    -distance_after / (distance_before * (distance_before + distance_after));
                let weight =
                    (distance_after - distance_before) / (distance_before * distance_after);
                let high_weight =
                    distance_before / (distance_after * (distance_before + distance_after));
                let rows = low_row.iter().zip(row).zip(high_row);
                for (derivative, ((low, value), high)) in out.iter_mut().zip(rows) {
                    *derivative = low_weight * low + weight * value + high_weight * high;
                }
            }
        }
    }
    Ok(())
}

/// The distance between an index and the next one.
fn distance_behind(coordinates: Option<&[f64]>, index: u64) -> f64 {
    match coordinates {
        Some(coordinates) => coordinates[size(index + 1)] - coordinates[size(index)],
        None => 1.0,
    }
}
