//! [`Handover`]: rows that stay lifted between passes over a field that is one tile.
//!
//! Lifting and lowering rows takes as long as some eight steps of them. Where all passes have the same columns, only the
//! first one has to lift them, and only the last one has to lower them, in whichever threads.

use std::array;
use std::cell::Cell;

use super::dispatch::NARROW;
use super::lanes::MAX_LANES;
use super::scratch::Scratch;
use super::task::Plane;
use crate::real::Real;

thread_local! {
    /// What the last handover of this thread has left.
    static MEMORY: Cell<Option<[Scratch; 2]>> = const { Cell::new(None) };
}

/// The most bytes of both arrays, in those of the second-level cache. Rows of larger fields go through memory, which
/// takes longer than lifting them.
const MOST: usize = 8;
/// The most elements in a cache line.
const LINE: usize = 16;

/// Elements from one lifted row to the next: whole cache lines, with room for any registers.
fn stride(columns: usize) -> usize {
    (columns + 3 * MAX_LANES).next_multiple_of(LINE)
}

/// Bytes of both arrays, for numbers of `size` bytes.
pub(super) fn bytes(rows: usize, columns: usize, size: usize) -> usize {
    stride(columns)
        .saturating_mul(2 * size)
        .saturating_mul(rows)
}

/// Whether vector kernels compute so many columns, and both arrays are small enough.
pub(super) fn fits(rows: usize, columns: usize, size: usize, second_level: usize) -> bool {
    columns > NARROW && bytes(rows, columns, size) <= MOST * second_level
}

/// Two arrays of lifted rows. Pass after pass, rows go from one to the other.
pub(super) struct Handover<T> {
    planes: [Plane<T>; 2],
    memory: Option<[Scratch; 2]>,
}

impl<T: Real> Handover<T> {
    /// For `rows` rows of which vector kernels compute `columns` columns.
    pub fn new(rows: usize, columns: usize) -> Self {
        let stride = stride(columns);
        let mut memory = MEMORY
            .take()
            .unwrap_or_else(|| array::from_fn(|_| Scratch::new()));
        let planes = memory.each_mut().map(|memory| Plane {
            base: memory.elements(rows * stride),
            rows,
            columns: stride,
            stride,
        });
        Self {
            planes,
            memory: Some(memory),
        }
    }

    /// The arrays that every other pass reads, and those that it writes.
    pub fn planes(&self) -> [Plane<T>; 2] {
        self.planes
    }
}

impl<T> Drop for Handover<T> {
    fn drop(&mut self) {
        MEMORY.set(self.memory.take());
    }
}
