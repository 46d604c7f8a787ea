//! Sliding windows over any axes at once, in one pass and in bounded memory.
//!
//! The output is divided into parts ([`partition`]), each computed by one thread. A part is computed
//! from a [`stream`] of rows along the slowest axis of the file, of which only those are kept that later
//! windows need. Along every axis, windows [`slide`] at a cost that does not depend on their length.
//! Axes follow one another, since the reduction of a box is that of the reductions of its lines: an
//! [`operation`] combines partial results. The results of all threads go through one [`writer`].

mod axis;
mod lanes;
mod op;
mod operation;
mod partition;
mod slide;
mod stream;
mod windows;
mod writer;

pub use op::Op;
pub use windows::{Request, Windows};
