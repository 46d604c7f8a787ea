//! [`TableError`]: the fault of a CSV file, and its place.

use thiserror::Error;

/// The fault of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TableError {
    /// The file is not a table.
    #[error("{0}")]
    NoTable(&'static str),
    /// A line cannot be read.
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, counted from 1.
        line: usize,
        /// The reason.
        reason: String,
    },
    /// A field cannot be read.
    #[error("line {line}, {heading}: {reason}")]
    Field {
        /// The number of the line, counted from 1.
        line: usize,
        /// The column.
        heading: String,
        /// The reason.
        reason: String,
    },
    /// A column has a unit that cannot be converted to the wanted one.
    #[error("line {line}: {heading} is in {from} and cannot be taken as {to}")]
    Unit {
        /// The line of the headings.
        line: usize,
        /// The column.
        heading: String,
        /// The unit in the heading.
        from: String,
        /// The unit that is wanted.
        to: String,
    },
}
