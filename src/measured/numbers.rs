//! [`Measured`]: the numbers of a file.

use super::{
    error::TableError,
    file::MeasuredFile,
    reading::Between,
    rows::{SHOWN, refuse},
};
use diff2d_arrays::wording::excerpt;

/// The numbers of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The arguments of the rows; none if no column of arguments was named.
    pub arguments: Vec<f64>,
    /// The values of each wanted column; NaN for a missing value.
    pub values: Vec<Vec<f64>>,
    /// What the file holds, and how it was read.
    pub file: MeasuredFile,
    pub(super) line_numbers: LineNumbers,
}

impl Measured {
    /// The error for a row, counted from 0; for the last line of the file if there is no such row.
    #[must_use]
    pub fn refuse_row(&self, row: usize, reason: impl Into<String>) -> TableError {
        refuse(
            self.line_numbers.of(row.min(self.line_numbers.rows())),
            reason,
        )
    }

    /// The error for the value of a row, counted from 0, in the column of a name.
    #[must_use]
    pub fn refuse_value(&self, row: usize, name: &str, reason: String) -> TableError {
        TableError::Field {
            line: self.line_numbers.of(row),
            heading: format!("column {:?}", excerpt(name, SHOWN)),
            reason,
        }
    }

    /// The arguments at which values stand: if they are means over intervals, the middles of these.
    #[must_use]
    pub fn middles(&self, between: Between) -> Vec<f64> {
        if between != Between::Mean {
            return self.arguments.clone();
        }
        // The interval of the first value is as long as the next one.
        let middle = match self.arguments[..] {
            [argument, next_argument, ..] => Some(argument - (next_argument - argument) / 2.0),
            [argument] => Some(argument),
            [] => None,
        };
        let intervals = self.arguments.windows(2);
        let next_middles = intervals.map(|ends| ends[0] + (ends[1] - ends[0]) / 2.0);
        middle.into_iter().chain(next_middles).collect()
    }
}

/// The numbers of the lines of rows: where they do not follow one another, the row and its line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LineNumbers {
    rows: usize,
    starts: Vec<(usize, usize)>,
}

impl LineNumbers {
    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds the line of the next row.
    pub(super) fn push(&mut self, line: usize) {
        if self.of(self.rows) != line {
            self.starts.push((self.rows, line));
        }
        self.rows += 1;
    }

    /// Sets the line that complaints about the end of the file name.
    pub(super) fn end(&mut self, line: usize) {
        self.starts.push((self.rows, line));
    }

    /// The line of a row, or the line that would follow.
    fn of(&self, row: usize) -> usize {
        let count = self.starts.partition_point(|(start, _)| *start <= row);
        match count.checked_sub(1).map(|place| self.starts[place]) {
            Some((start, line)) => line + row - start,
            None => 0,
        }
    }
}
