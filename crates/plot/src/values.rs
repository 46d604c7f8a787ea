//! The values of a field, which are read in boxes.

use super::{error::Error, reduced::Reduced};
use ndarray::{ArrayView2, s};
use std::ops::Range;

/// A two-dimensional field that is read in boxes, a few of which fit into memory.
///
/// It is implemented for every [`ArrayView2`] of numbers that an f64 holds. Other types, such as a frame in a file, can
/// implement it and are drawn without a copy. Several threads read a field at a time.
pub trait Values: Sync {
    /// The numbers of rows (along y) and columns (along x).
    fn dimensions(&self) -> (usize, usize);

    /// Whether the values are stored column after column, not row after row.
    fn are_in_columns(&self) -> bool {
        false
    }

    /// The number of values that are read at a time.
    fn at_a_time(&self) -> usize {
        1 << 16
    }

    /// The field in reduced form, if it has been reduced before.
    fn reduced(&self) -> Option<&Reduced> {
        None
    }

    /// Fills `into` with the values of a box, in storage order.
    ///
    /// # Errors
    /// [`Error::Values`] if the values cannot be read.
    fn read(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        into: &mut [f64],
    ) -> Result<(), Error>;
}

impl<T: Copy + Sync + Into<f64>> Values for ArrayView2<'_, T> {
    fn dimensions(&self) -> (usize, usize) {
        self.dim()
    }

    fn read(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        into: &mut [f64],
    ) -> Result<(), Error> {
        for (number, value) in into.iter_mut().zip(self.slice(s![rows, columns])) {
            *number = (*value).into();
        }
        Ok(())
    }
}

/// A box of a field: the same part of some lines.
///
/// A line is a row or a column, depending on the order of the values.
pub(super) struct ValueLine<'a> {
    pub lines: Range<usize>,
    pub along: Range<usize>,
    pub values: &'a [f64],
}

/// The number of lines of a field, and their length.
pub(super) fn layout(field: &dyn Values) -> (usize, usize) {
    match (field.are_in_columns(), field.dimensions()) {
        (false, (rows, columns)) => (rows, columns),
        (true, (rows, columns)) => (columns, rows),
    }
}

/// Reads some lines of a field part by part, in storage order.
pub(super) fn for_each_part(
    field: &dyn Values,
    lines: Range<usize>,
    mut take: impl FnMut(ValueLine<'_>),
) -> Result<(), Error> {
    let (_, length) = layout(field);
    if lines.is_empty() || length == 0 {
        return Ok(());
    }
    let value_limit = field.at_a_time().max(1);
    let part_length = length.min(value_limit);
    let part_lines = (value_limit / part_length).min(lines.len());
    let mut values = Vec::new();
    values
        .try_reserve_exact(part_lines * part_length)
        .map_err(|error| Error::Values(error.into()))?;
    for first_line in lines.clone().step_by(part_lines) {
        let lines = first_line..lines.end.min(first_line + part_lines);
        for start in (0..length).step_by(part_length) {
            let range = start..length.min(start + part_length);
            values.resize(lines.len() * range.len(), 0.0);
            let (rows, columns) = if field.are_in_columns() {
                (range.clone(), lines.clone())
            } else {
                (lines.clone(), range.clone())
            };
            field.read(rows, columns, &mut values)?;
            take(ValueLine {
                lines: lines.clone(),
                along: range,
                values: &values,
            });
        }
    }
    Ok(())
}
