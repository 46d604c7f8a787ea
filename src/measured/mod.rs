//! Measured values: CSV files as loggers and spreadsheets write them.
//!
//! All measured values are read here, so that a file means the same everywhere: `[function]`, `[[fit.data]]`,
//! `plot --data` and `probe --points`. A [`ReadRequest`] says what is wanted of a file, and [`Reading`] has the keys that
//! say how the file is read; the answer is [`Measured`], numbers and what is to be told of them. No part of a file is
//! ignored: a line without a clear meaning is refused, and named in the error. Files are read in pieces.

mod argument;
mod calendar;
mod dialect;
mod error;
mod file;
mod gap;
mod heading;
mod lines;
mod numbers;
mod reading;
mod request;
mod rows;
mod unit;
mod values;

use diff2d_arrays::dates::{self as date, text as date_text};

pub use argument::ArgumentColumn;
pub use calendar::{Calendar, RoundDates};
pub use date::Date;
pub use error::TableError;
pub use file::{MeasuredFile, common_origin};
pub use heading::{ColumnName, Heading, WantedNames};
pub use numbers::Measured;
pub use reading::{BETWEEN, Between, Doubles, Reading, column, date, text};
pub use request::{ReadRequest, date_order, headings};
pub use rows::{CsvRows, Head};
pub use unit::TimeUnit;
pub use values::WantedColumn;
