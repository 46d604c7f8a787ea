//! [`TableError`]: the fault of a CSV file, and its place.

use std::io;
use thiserror::Error;

/// The fault of a CSV file.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// There is too little memory for the numbers of the file.
    #[error("its {rows} rows take {needed} bytes, and {available} bytes may be used")]
    Memory {
        /// The number of rows that were read.
        rows: usize,
        /// The bytes of their numbers.
        needed: u64,
        /// The bytes that may be used.
        available: u64,
    },
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
    #[error("line {line}: {heading} is in {from} and cannot be taken as {to}; {way_out}")]
    Unit {
        /// The line of the headings.
        line: usize,
        /// The column.
        heading: String,
        /// The unit of the column.
        from: String,
        /// The unit that is wanted.
        to: String,
        /// What says that the column is to be taken as it stands.
        way_out: String,
    },
}

impl TableError {
    /// Whether the computer or its user's limits, not the file, are at fault.
    #[must_use]
    pub fn is_of_system(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Memory { .. })
    }
}
