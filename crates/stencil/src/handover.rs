//! [`Handover`]: rows that stay lifted between passes over a field that is one tile.
//!
//! Lifting and lowering rows takes as long as some eight steps of them. Where all passes have the same columns, only the
//! first one has to lift them, and only the last one has to lower them, in whichever threads.

use std::cell::Cell;
use std::mem;

use super::dispatch::NARROW;
use super::lanes::MAX_LANES;
use super::scratch::{self, Scratch};
use super::task::Plane;
use crate::real::Real;

thread_local! {
    /// What the last handover of this thread has left.
    static MEMORY: Cell<Scratch> = const { Cell::new(Scratch::new()) };
}

/// The most bytes of both arrays, in those of the second-level cache. On an Intel server processor, rows that stay lifted
/// gained nothing where both took six times that cache in f64, and a twentieth where they took four times it in f32.
const MOST: usize = 8;
/// The most elements in a cache line.
const LINE: usize = 16;

/// Elements from one lifted row to the next: whole cache lines, with room for any registers.
fn stride(columns: usize) -> usize {
    (columns + 3 * MAX_LANES).next_multiple_of(LINE)
}

/// Bytes of both arrays for a field of so many numbers of `size` bytes.
pub(super) fn bytes(rows: usize, columns: usize, size: usize) -> usize {
    let row = stride(columns).saturating_mul(2 * size);
    scratch::whole_pages(row.saturating_mul(rows))
}

/// Whether vector kernels compute such a field, with walls or without, and both arrays are small enough.
pub(super) fn fits(rows: usize, columns: usize, size: usize, second_level: usize) -> bool {
    columns > NARROW + 2 && bytes(rows, columns, size) <= MOST * second_level
}

/// Two arrays of lifted rows. Pass after pass, rows go from one to the other.
pub(super) struct Handover<T> {
    planes: [Plane<T>; 2],
    memory: Scratch,
}

impl<T: Real> Handover<T> {
    /// For a field of so many nodes.
    pub fn new(rows: usize, columns: usize) -> Self {
        let stride = stride(columns);
        let mut memory = MEMORY.replace(Scratch::new());
        let all: *mut T = memory.elements(2 * rows * stride);
        let planes = [0, rows].map(|first| Plane {
            base: all.wrapping_add(first * stride),
            rows,
            columns: stride,
            stride,
        });
        Self { planes, memory }
    }

    /// The arrays that every other pass reads, and those that it writes.
    pub fn planes(&self) -> [Plane<T>; 2] {
        self.planes
    }
}

impl<T> Drop for Handover<T> {
    fn drop(&mut self) {
        let memory = mem::replace(&mut self.memory, Scratch::new());
        // A thread that ends keeps nothing.
        let _ = MEMORY.try_with(|kept| kept.set(memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handovers_at_a_time_share_no_memory_and_one_after_the_other_do() {
        let first = Handover::<f64>::new(10, 100);
        let second = Handover::<f64>::new(10, 100);
        let begins = |handover: &Handover<f64>| handover.planes().map(|plane| plane.base.addr());
        let mut all = [begins(&first), begins(&second)].concat();
        all.sort_unstable();
        let bytes = 10 * stride(100) * size_of::<f64>();
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= bytes));
        drop(second);
        let before = begins(&first);
        drop(first);
        assert_eq!(begins(&Handover::new(10, 100)), before);
    }

    #[test]
    fn both_arrays_fit_eight_second_level_caches() {
        let second_level = 1 << 20;
        assert!(fits(301, 301, 8, second_level));
        assert!(!fits(1026, 1026, 8, second_level));
        // The scalar kernel computes narrow fields.
        assert!(!fits(301, NARROW + 2, 8, second_level));
        assert!(!fits(usize::MAX / 2, 301, 8, second_level));
    }
}
