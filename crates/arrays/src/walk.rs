//! The walk over arrays that are larger than memory: boxes of a [`Cut`] in their order, by several threads.
//!
//! A visitor reads what it needs for a box of as many arrays as it has: the box itself, as much around it as
//! windows cover, or other indices of another array. Every thread has a state of its own, for buffers and
//! counters. What is found in a box is joined in the order of boxes, so that it does not depend on threads.

use crate::npy::{Cut, Region};
use rayon::prelude::*;
use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

/// Visits all boxes with so many threads; returns their states.
///
/// # Errors
/// The first one of `visit`; then no further box is begun.
pub fn by_thread<S: Send, E: Send>(
    cut: &Cut,
    threads: u64,
    begin: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, u64, Region) -> Result<(), E> + Sync,
) -> Result<Vec<S>, E> {
    some(cut, 0..cut.count(), threads, begin, visit)
}

/// Visits all boxes with so many threads, and joins what is found, of `at_once` boxes at a time, in their order.
///
/// # Errors
/// The first one of `visit` or `join`.
pub fn in_order<S: Default + Send, R: Send, V: Send, E: From<V>>(
    cut: &Cut,
    threads: u64,
    at_once: u64,
    visit: impl Fn(&mut S, u64, Region) -> Result<R, V> + Sync,
    mut join: impl FnMut(u64, R) -> Result<(), E>,
) -> Result<(), E> {
    let (count, mut first) = (cut.count(), 0);
    while first < count {
        let numbers = first..count.min(first.saturating_add(at_once.max(1)));
        first = numbers.end;
        let begin = || (S::default(), Vec::new());
        let visit = |(state, found): &mut (S, Vec<(u64, R)>), number, region| {
            found.push((number, visit(state, number, region)?));
            Ok(())
        };
        let states = some(cut, numbers, threads, begin, visit)?;
        let mut found: Vec<(u64, R)> = states.into_iter().flat_map(|state| state.1).collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        for (number, found) in found {
            join(number, found)?;
        }
    }
    Ok(())
}

/// Visits the boxes with some numbers.
fn some<S: Send, E: Send>(
    cut: &Cut,
    numbers: Range<u64>,
    threads: u64,
    begin: impl Fn() -> S + Sync,
    visit: impl Fn(&mut S, u64, Region) -> Result<(), E> + Sync,
) -> Result<Vec<S>, E> {
    let next = AtomicU64::new(numbers.start);
    let threads = threads.min(numbers.end - numbers.start);
    (0..threads)
        .into_par_iter()
        .map(|_| {
            let mut state = begin();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return Ok(state);
                }
                let visited = visit(&mut state, number, cut.get(number));
                visited.inspect_err(|_| next.store(numbers.end, Ordering::Relaxed))?;
            }
        })
        .collect()
}
