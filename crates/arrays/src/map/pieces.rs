//! [`MapPiece`]: the values of a variable for a box of the result.

use super::{calls::CallSource, input::MapInput};
use crate::{
    AnalysisError,
    memory::size,
    npy::{Region, elements},
};
use std::{borrow::Cow, ops::Range};

/// Values with their places along the axes of a box of the result.
pub(super) struct MapPiece<'a> {
    values: Cow<'a, [f64]>,
    /// The place of the first element of the box.
    first: usize,
    /// From one element of the box to the next along each axis; 0 where there is one for all.
    strides: Vec<usize>,
}

/// Memory that a thread has used and uses again; for each box it would be taken from the system and given back. What is
/// taken is given, so that there is as much as a box needs.
#[derive(Debug, Default)]
pub(super) struct FreeBuffers(Vec<Vec<f64>>);

impl FreeBuffers {
    /// An empty one.
    fn take(&mut self) -> Vec<f64> {
        let mut values = self.0.pop().unwrap_or_default();
        values.clear();
        values
    }

    /// What holds nothing is not worth keeping, and would be taken before what holds some.
    pub(super) fn give(&mut self, values: Vec<f64>) {
        if values.capacity() > 0 {
            self.0.push(values);
        }
    }
}

/// The values of a variable for a box of the result; `reduced` are those of a reduction, in the order of its file.
pub(super) fn piece<'a>(
    source: &CallSource,
    inputs: &[MapInput<'_>],
    region: &[Range<u64>],
    reduced: &'a [f64],
    free: &mut FreeBuffers,
) -> Result<MapPiece<'a>, AnalysisError> {
    let dimensions = region.len();
    let one_axis = |values: Vec<f64>, axis: usize| {
        let mut strides = vec![0; dimensions];
        strides[axis] = usize::from(values.len() > 1);
        MapPiece {
            values: values.into(),
            first: 0,
            strides,
        }
    };
    let input = match source {
        CallSource::Index(axis) => {
            #[expect(clippy::cast_precision_loss, reason = "formulas are in f64")]
            let indices = region[*axis].clone().map(|index| index as f64);
            let mut values = free.take();
            values.extend(indices);
            return Ok(one_axis(values, *axis));
        }
        CallSource::Coordinate { input, axis } => {
            let (input, from_end) = (&inputs[*input], inputs[*input].select.len() - axis);
            let along = &region[dimensions - from_end];
            let all = input.coordinates(*axis).unwrap_or_default();
            let mut values = free.take();
            values.extend_from_slice(match all.len() {
                1 => all,
                _ => &all[size(along.start)..size(along.end)],
            });
            return Ok(one_axis(values, dimensions - from_end));
        }
        CallSource::Array(input)
        | CallSource::Shifted { input, .. }
        | CallSource::Gradient { input, .. }
        | CallSource::Reduced { input, .. } => &inputs[*input],
    };
    let shape = source.shape(inputs).unwrap_or_default();
    let before = dimensions - shape.len();
    // What is needed of it: of an axis of one element always that.
    let here: Region = shape
        .iter()
        .zip(&region[before..])
        .map(|(&length, range)| if length == 1 { 0..1 } else { range.clone() })
        .collect();
    let (values, lengths, first) = match source {
        CallSource::Reduced { .. } => (Cow::Borrowed(reduced), shape, &here[..]),
        CallSource::Shifted { axis, by, .. } => {
            let mut values = free.take();
            shifted(input, &here, *axis, *by, &mut values)?;
            (Cow::Owned(values), lengths(&here), &[][..])
        }
        CallSource::Gradient { axis, .. } => {
            let mut values = free.take();
            gradient(input, &here, *axis, &mut values)?;
            (Cow::Owned(values), lengths(&here), &[][..])
        }
        _ => {
            let mut values = free.take();
            read(input, &here, &mut values)?;
            (Cow::Owned(values), lengths(&here), &[][..])
        }
    };
    let own = strides(&lengths, input.array.npy.fortran_order);
    let first = own.iter().zip(first);
    let first = first
        .map(|(stride, range)| stride * size(range.start))
        .sum();
    let mut strides = vec![0; before];
    strides.extend(own.iter().zip(&lengths).map(
        |(&stride, &length)| {
            if length == 1 { 0 } else { stride }
        },
    ));
    Ok(MapPiece {
        values,
        first,
        strides,
    })
}

impl MapPiece<'_> {
    /// A value for each element of the box, in the order of its file.
    pub(super) fn spread(
        self,
        region: &[Range<u64>],
        fortran_order: bool,
        free: &mut FreeBuffers,
    ) -> Vec<f64> {
        let mut axes: Vec<(usize, usize)> = lengths(region)
            .into_iter()
            .map(size)
            .zip(self.strides)
            .collect();
        if fortran_order {
            axes.reverse();
        }
        let mut expected = 1;
        let is_whole = axes.iter().rev().all(|&(length, stride)| {
            let is_next = length == 1 || stride == expected;
            expected *= length;
            is_next
        });
        let count = expected;
        if is_whole
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

fn append(values: &[f64], first: usize, axes: &[(usize, usize)], out: &mut Vec<f64>) {
    match *axes {
        [] => out.push(values[first]),
        [(length, 0)] => out.extend(std::iter::repeat_n(values[first], length)),
        [(length, 1)] => out.extend_from_slice(&values[first..first + length]),
        [(length, stride), ref rest @ ..] => {
            for number in 0..length {
                append(values, first + number * stride, rest, out);
            }
        }
    }
}

fn lengths(region: &[Range<u64>]) -> Vec<u64> {
    region.iter().map(|range| range.end - range.start).collect()
}

/// From one element to the next along each axis of an array of its own.
fn strides(lengths: &[u64], fortran_order: bool) -> Vec<usize> {
    let mut strides = vec![0; lengths.len()];
    let mut next = 1;
    let mut take = |axis: usize| {
        strides[axis] = next;
        next *= size(lengths[axis]);
    };
    match fortran_order {
        true => (0..lengths.len()).for_each(&mut take),
        false => (0..lengths.len()).rev().for_each(&mut take),
    }
    strides
}

/// Reads a box of what is taken of an array, in the order of its file.
fn read(
    input: &MapInput<'_>,
    here: &[Range<u64>],
    values: &mut Vec<f64>,
) -> Result<(), AnalysisError> {
    let within = here.iter().zip(&input.select);
    let region: Region = within
        .map(|(here, all)| all.start + here.start..all.start + here.end)
        .collect();
    values.resize(size(elements(&region)), 0.0);
    let region = input.array.npy.in_file_order(&region);
    Ok(input.array.read_box(&region, values)?)
}

/// A box around an axis in the order of a file: elements before it, along it, and after it.
fn around(input: &MapInput<'_>, here: &[Range<u64>], axis: usize) -> [usize; 3] {
    let npy = &input.array.npy;
    let in_file: Vec<usize> = npy
        .in_file_order(&lengths(here))
        .into_iter()
        .map(size)
        .collect();
    let place = match npy.fortran_order {
        true => here.len() - 1 - axis,
        false => axis,
    };
    let product = |some: &[usize]| some.iter().product::<usize>();
    [
        product(&in_file[..place]),
        in_file[place],
        product(&in_file[place + 1..]),
    ]
}

/// The elements `by` places on; NaN where there are none.
fn shifted(
    input: &MapInput<'_>,
    here: &[Range<u64>],
    axis: usize,
    by: i64,
    values: &mut Vec<f64>,
) -> Result<(), AnalysisError> {
    let end = i128::from(input.shape()[axis]);
    let clipped = |index: u64| (i128::from(index) + i128::from(by)).clamp(0, end);
    let (from, to) = (clipped(here[axis].start), clipped(here[axis].end));
    values.resize(size(elements(here)), f64::NAN);
    if from == to {
        return Ok(());
    }
    let mut there = here.to_vec();
    let index = |number: i128| u64::try_from(number).unwrap_or_default();
    there[axis] = index(from)..index(to);
    let mut found = Vec::new();
    read(input, &there, &mut found)?;
    let ([outer, length, inner], [_, some, _]) =
        (around(input, here, axis), around(input, &there, axis));
    let first = size(index(from - i128::from(by) - i128::from(here[axis].start)));
    for number in 0..outer {
        let to = &mut values[(number * length + first) * inner..][..some * inner];
        to.copy_from_slice(&found[number * some * inner..][..some * inner]);
    }
    Ok(())
}

/// The derivative along an axis by its coordinates, or by indices where it has none, as `numpy.gradient` has it.
fn gradient(
    input: &MapInput<'_>,
    here: &[Range<u64>],
    axis: usize,
    values: &mut Vec<f64>,
) -> Result<(), AnalysisError> {
    let end = input.shape()[axis];
    let along = &here[axis];
    let mut there = here.to_vec();
    there[axis] = along.start.saturating_sub(1)..(along.end + 1).min(end);
    let mut found = Vec::new();
    read(input, &there, &mut found)?;
    let coordinates = input.coordinates(axis);
    let distance = |from: u64| match coordinates {
        Some(all) => all[size(from + 1)] - all[size(from)],
        None => 1.0,
    };
    // Coordinates that are all as far apart have the formula of one distance.
    let is_even = coordinates.is_none_or(|all| {
        let mut pairs = all.windows(2).map(|pair| pair[1] - pair[0]);
        let first = pairs.next();
        pairs.all(|pair| Some(pair) == first)
    });
    let ([outer, length, inner], [_, some, _]) =
        (around(input, here, axis), around(input, &there, axis));
    values.resize(size(elements(here)), 0.0);
    for number in 0..outer {
        let row = |index: u64| {
            &found[(number * some + size(index - there[axis].start)) * inner..][..inner]
        };
        for (step, index) in along.clone().enumerate() {
            let to = &mut values[(number * length + step) * inner..][..inner];
            let (low, high) = (index.saturating_sub(1), (index + 1).min(end - 1));
            let (before, at, after) = (row(low), row(index), row(high));
            if index == 0 || index == end - 1 {
                let distance = distance(low);
                for ((to, before), after) in to.iter_mut().zip(before).zip(after) {
                    *to = (after - before) / distance;
                }
            } else if is_even {
                let distance = 2.0 * distance(low);
                for ((to, before), after) in to.iter_mut().zip(before).zip(after) {
                    *to = (after - before) / distance;
                }
            } else {
                let (left, right) = (distance(low), distance(index));
                let of_before = -right / (left * (left + right));
                let of_here = (right - left) / (left * right);
                let of_after = left / (right * (left + right));
                let rows = before.iter().zip(at).zip(after);
                for (to, ((before, at), after)) in to.iter_mut().zip(rows) {
                    *to = of_before * before + of_here * at + of_after * after;
                }
            }
        }
    }
    Ok(())
}
