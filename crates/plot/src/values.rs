//! The values of a field, to be read in boxes.

use super::{error::Error, reduced::Reduced};
use ndarray::{ArrayView2, s};
use std::ops::Range;

/// A two-dimensional field that can be read in boxes, of which a few fit into memory.
///
/// It is implemented for every [`ArrayView2`] of numbers that an f64 holds. Others, such as a frame in a file, can
/// implement it and are drawn without a copy. Several threads read it at a time.
pub trait Values: Sync {
    /// Rows (along y) and columns (along x).
    fn dimensions(&self) -> (usize, usize);

    /// Whether the values lie column after column, not row after row.
    fn are_in_columns(&self) -> bool {
        false
    }

    /// How many values are read at a time.
    fn at_a_time(&self) -> usize {
        1 << 16
    }

    /// The field as it was reduced before, if it was.
    fn reduced(&self) -> Option<&Reduced> {
        None
    }

    /// Fills `into` with the values of a box, in the order in which they lie.
    ///
    /// # Errors
    /// [`Error::Values`] when they cannot be read.
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
        for (to, from) in into.iter_mut().zip(self.slice(s![rows, columns])) {
            *to = (*from).into();
        }
        Ok(())
    }
}

/// A box of a field: some lines, and a part of each.
///
/// A line is a row or a column, whichever the values lie in.
pub(super) struct ValueLine<'a> {
    pub lines: Range<usize>,
    pub along: Range<usize>,
    pub values: &'a [f64],
}

/// Number of lines of a field, and their length.
pub(super) fn layout(field: &dyn Values) -> (usize, usize) {
    match (field.are_in_columns(), field.dimensions()) {
        (false, (rows, columns)) => (rows, columns),
        (true, (rows, columns)) => (columns, rows),
    }
}

/// Reads some lines of a field part by part, in the order in which they lie.
pub(super) fn for_each_part(
    field: &dyn Values,
    lines: Range<usize>,
    mut take: impl FnMut(ValueLine<'_>),
) -> Result<(), Error> {
    let (_, length) = layout(field);
    if lines.is_empty() || length == 0 {
        return Ok(());
    }
    let most = field.at_a_time().max(1);
    let along_each = length.min(most);
    let lines_each = (most / along_each).min(lines.len());
    let mut values = Vec::new();
    values
        .try_reserve_exact(lines_each * along_each)
        .map_err(|refused| Error::Values(refused.into()))?;
    for first in lines.clone().step_by(lines_each) {
        let some = first..lines.end.min(first + lines_each);
        for begin in (0..length).step_by(along_each) {
            let along = begin..length.min(begin + along_each);
            values.resize(some.len() * along.len(), 0.0);
            let (rows, columns) = match field.are_in_columns() {
                false => (some.clone(), along.clone()),
                true => (along.clone(), some.clone()),
            };
            field.read(rows, columns, &mut values)?;
            take(ValueLine {
                lines: some.clone(),
                along,
                values: &values,
            });
        }
    }
    Ok(())
}
