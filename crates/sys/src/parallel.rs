//! [`parallel_map`]: a parallel loop that is compiled only once.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// The results of `task` for `0..count`, in this order, computed by the threads of the calling pool.
///
/// A parallel loop of rayon is compiled again for each closure, some kilobytes each time. This one is for tasks that
/// take longer than a function call and a lock: a row, a piece of an array, the share of a thread.
pub fn parallel_map<R: Send>(count: usize, task: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let results: Vec<Mutex<Option<R>>> = (0..count).map(|_| Mutex::new(None)).collect();
    carry_out(count, &|number| {
        *results[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(task(number));
    });
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// Carries out the tasks with the numbers `0..count`.
fn carry_out(count: usize, task: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(task);
}

#[cfg(test)]
mod tests {
    use super::parallel_map;

    #[test]
    fn results_are_in_the_order_of_their_tasks() {
        let squares = parallel_map(1000, |number| number * number);
        assert!(
            squares
                .into_iter()
                .eq((0..1000).map(|number| number * number))
        );
        assert!(parallel_map(0, |_| ()).is_empty());
    }
}
