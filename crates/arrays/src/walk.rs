//! The walk over arrays that are larger than memory: boxes of a [`Cut`] in their order, by several threads.
//!
//! A visitor reads the elements that it needs for a box: the box itself, with a rim for windows, or other indices of
//! another array. Every thread has a state of its own, for buffers and counters. The results of the boxes are joined in
//! the order of the boxes, so that they do not depend on threads.

use crate::npy::{Cut, Region};
use diff2d_sys::parallel_map;
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

/// Visits all boxes with up to `threads` threads, and returns the states of the threads.
///
/// # Errors
/// The first error of `visit`; then no further box is begun.
pub fn by_thread<S: Send, E: Send>(
    cut: &Cut,
    threads: u64,
    new_state: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, u64, Region) -> Result<(), E> + Sync,
) -> Result<Vec<S>, E> {
    visit_boxes(cut, 0..cut.count(), threads, new_state, visit)
}

/// Visits all boxes with up to `threads` threads. After every `at_once` boxes, their results are joined in the order of
/// the boxes.
///
/// # Errors
/// The first error of `visit` or `join`.
pub fn in_order<S: Default + Send, R: Send, V: Send, E: From<V>>(
    cut: &Cut,
    threads: u64,
    at_once: u64,
    visit: impl Fn(&mut S, u64, Region) -> Result<R, V> + Sync,
    mut join: impl FnMut(u64, R) -> Result<(), E>,
) -> Result<(), E> {
    let mut start = 0;
    while start < cut.count() {
        let numbers = start..cut.count().min(start.saturating_add(at_once.max(1)));
        start = numbers.end;
        let states = visit_boxes(
            cut,
            numbers,
            threads,
            || (S::default(), Vec::new()),
            |(state, results): &mut (S, Vec<(u64, R)>), number, region| {
                results.push((number, visit(state, number, region)?));
                Ok::<_, V>(())
            },
        )?;
        let mut results: Vec<(u64, R)> = states.into_iter().flat_map(|state| state.1).collect();
        results.sort_unstable_by_key(|(number, _)| *number);
        for (number, result) in results {
            join(number, result)?;
        }
    }
    Ok(())
}

/// Visits the boxes with the given numbers. After an error no thread begins another box.
fn visit_boxes<S: Send, E: Send>(
    cut: &Cut,
    numbers: Range<u64>,
    threads: u64,
    new_state: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, u64, Region) -> Result<(), E> + Sync,
) -> Result<Vec<S>, E> {
    let next_number = AtomicU64::new(numbers.start);
    let threads = threads.min(numbers.end - numbers.start);
    let states = parallel_map(usize::try_from(threads).unwrap_or(usize::MAX), |_| {
        let mut state = new_state();
        loop {
            let number = next_number.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return Ok(state);
            }
            let visited = visit(&mut state, number, cut.get(number));
            visited.inspect_err(|_| next_number.store(numbers.end, Ordering::Relaxed))?;
        }
    });
    states.into_iter().collect()
}
