//! Measured values: CSV files as loggers and spreadsheets write them.
//!
//! All measured values are read here, so that a file means the same everywhere: `[function]`, `[[fit.data]]`,
//! `plot --data` and `probe --points`. A [`MeasuredTable`] has a heading and rows; its
//! [`arguments`](MeasuredTable::arguments) are numbers or dates that ascend, its [`values`](MeasuredTable::values) are
//! numbers, or NaN where a value is missing. No part of a file is ignored: a line without a clear meaning is refused,
//! and named in the error.

mod date;
mod dialect;
mod error;
mod gap;
mod heading;
mod table;
mod unit;

pub use date::Date;
pub use dialect::Dialect;
pub use error::TableError;
pub use gap::{duration_in_words, largest_gap};
pub use heading::{ColumnName, Heading};
pub use table::{ArgumentScale, MeasuredTable};
pub use unit::TimeUnit;
