//! Arrays larger than memory: any `.npy` file of any size, read in parts.
//!
//! [`stats`] computes the [`statistics`] of an array or along one axis of it, [`window`] slides reductions over any
//! axes, [`probe`] picks elements, and [`create`] fills new arrays from an [`expression`]. They use [`moments`] of many
//! values, [`double_double`] arithmetic, and [`output`], the file for results.
//!
//! No result depends on the number of threads, on how an array is divided, or on the memory limit.

// Modules also explain their private files; `cargo doc --document-private-items` follows these links.
#![allow(rustdoc::private_intra_doc_links)]

pub mod compare;
pub mod create;
pub mod dates;
pub mod double_double;
mod error;
pub mod labels;
pub mod mantissa;
pub mod map;
mod memory;
pub mod moments;
pub mod npy;
pub mod output;
pub mod probe;
pub mod progress;
mod rank;
pub mod statistics;
pub mod stats;
pub mod summable;
pub mod walk;
pub mod window;
pub mod wording;

pub use diff2d_formulas as expression;
pub use error::AnalysisError;
pub use statistics::Statistics;
