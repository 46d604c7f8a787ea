//! Sliding windows over any axes at once, in one pass and in bounded memory.
//!
//! The output is divided into parts ([`partition`]), each computed by one thread. A part is computed from a [`stream`]
//! of rows along the slowest axis of the file, which keeps only rows that later windows need. Along every axis, windows
//! [`slide`] at a cost that does not depend on their length. Axes are reduced one after the other, because a box is
//! reduced by reducing its lines first: an [`operation`] combines partial results. Order statistics and weighted sums
//! cannot be combined in this way, and are computed from whole [`boxes`]. The results of all threads go through one
//! [`writer`].
//!
//! An [`input`] with a rim ([`pad`]) has a window for every element. NaN that stands for missing values is left out by
//! [`skip`].

mod axis;
mod boxes;
mod footprint;
mod input;
mod lanes;
mod op;
mod operation;
mod pad;
mod partition;
mod request;
mod skip;
mod slide;
mod stream;
mod windows;
mod writer;

pub use boxes::Weights;
pub use op::Op;
pub use pad::Pad;
pub use request::Request;
pub use windows::Windows;
