//! Passes pipelined over threads: a pass goes over all rows, close behind the pass before, which another
//! thread makes.
//!
//! ```text
//!            rows
//!    pass 0  ==============>          thread 0
//!    pass 1  ========>                thread 1
//!    pass 2  ===>                     thread 2
//!    pass 3                           thread 0, after pass 0
//! ```
//!
//! Next to tiles side by side, no row is computed twice, and nobody waits for all others after a pass. It
//! suits fields of few rows, which are cut into tiles that are not much longer than a pass is deep.
//!
//! A pass reads rows that the pass before has finished ([`PassUnderWay::wait`]). When it writes a row, it has read
//! all rows up to `steps` rows further on; the pass before finished those and so has read rows further on
//! yet. So no pass overwrites what another one still reads.
//!
//! A pass may begin again at the first row that it has not finished
//! ([`TileTask::unfinished`](super::task::TileTask::unfinished)), for which it reads as many rows before that one
//! as it has steps. Behind a pass of more steps than its own, a pass therefore stays as many rows further behind.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering::*};

use super::scheduler::Backoff;
use diff2d_sys as sys;

/// How far a pass of so many steps is ahead of the next one, in the time that rows take. Its first rows have
/// fewer levels.
fn distance(steps: usize) -> usize {
    steps / 2 + 16
}

/// How many passes of so many steps are under way at a time over so many rows, on so many threads.
pub(super) fn stages(rows: usize, steps: usize, threads: usize) -> usize {
    threads.min(rows / (2 * distance(steps))).max(1)
}

/// `steps` steps in passes of at most `depth`. The first passes are shallow, so that the next thread begins early, and so
/// are the last, so that all threads end together:
///
/// ```text
///    thread 0   #  ####  ####  ####     # a quarter of the steps of the deepest pass
///    thread 1   ####  ####  ####  #
/// ```
///
/// With more threads, the depths of the first passes are evenly spaced. `None` if these are too few steps.
pub(super) fn passes(steps: usize, depth: usize, stages: usize) -> Option<Vec<usize>> {
    let count = count(steps, depth, stages);
    // Of fewer passes, shallow first ones would be last ones, too.
    if stages < 2 || count < 2 * stages {
        return None;
    }
    // Steps of a pass relative to others, the deepest having 4 (stages - 1).
    let weight = |pass: usize| {
        let from_end = pass.min(count - 1 - pass).min(stages - 1);
        stages - 1 + 3 * from_end
    };
    let sum = (stages - 1) * (4 * count - 3 * stages);
    let until = |weight: usize| (steps as u128 * weight as u128 / sum as u128) as usize;
    let mut weights = 0;
    let passes = (0..count).map(|pass| {
        let begin = until(weights);
        weights += weight(pass);
        until(weights) - begin
    });
    // No pass is without steps.
    (steps >= 4 * count - 3 * stages).then(|| passes.collect())
}

/// The number of these passes: those at the ends of a thread take as many steps as one and a quarter of the others.
fn count(steps: usize, depth: usize, stages: usize) -> usize {
    let quarters = (4 * steps).div_ceil(depth) + 3 * stages;
    quarters.div_ceil(4).next_multiple_of(stages)
}

/// The number of these passes, and how long a thread has nothing to do, in the time that a step of a row takes.
pub(super) fn count_and_waiting(
    rows: usize,
    steps: usize,
    depth: usize,
    stages: usize,
) -> (usize, f64) {
    let count = count(steps, depth, stages);
    let deepest = 4 * steps / (4 * count - 3 * stages);
    let depth = |pass: usize| deepest / 4 + deepest * 3 * pass / (4 * (stages - 1).max(1));
    let begin = |pass: usize| {
        (0..pass)
            .map(|pass| depth(pass) * distance(depth(pass)))
            .sum()
    };
    let (last, next): (usize, usize) = (begin(stages - 1), begin(stages));
    // The first thread may have to wait for the last one.
    let waiting = last + next.saturating_sub(depth(0) * rows);
    (count, waiting as f64)
}

/// The rows before this one are finished.
#[derive(Default)]
#[repr(align(128))]
struct RowsReady(AtomicUsize);

/// A pass among those that are under way.
#[derive(Clone, Copy)]
pub(super) struct PassUnderWay<'a> {
    before: Option<&'a RowsReady>,
    own: &'a RowsReady,
    /// The rows that this pass stays further behind.
    more: usize,
}

impl PassUnderWay<'_> {
    /// Waits until the pass before has finished all rows before row `end`, and needs no row that a pass
    /// overwrites after it has read those.
    #[inline]
    pub fn wait(&self, end: usize) {
        if let Some(before) = self.before {
            let mut patience = Backoff::default();
            while before.0.load(Acquire) < end + self.more {
                patience.wait();
            }
        }
    }

    /// The rows before row `end` are finished.
    #[inline]
    pub fn finish(&self, end: usize) {
        self.own.0.store(end, Release);
    }

    /// The first row that is not finished, at most.
    pub fn finished(&self) -> usize {
        self.own.0.load(Relaxed)
    }
}

/// How many more rows each pass stays behind the one before, if that has more steps. A pass may begin again, and then
/// reads rows of its source once more, which the pass behind must not have overwritten.
pub(super) fn more_rows(passes: &[usize]) -> Vec<usize> {
    let more = passes
        .windows(2)
        .map(|pair| pair[0].saturating_sub(pair[1]));
    iter::once(0).chain(more).collect()
}

/// Runs `work(pass, stage)` for every pass, which stays so many more rows behind the one before, on up to `threads`
/// threads of the current pool.
///
/// Whoever is free takes the next pass, so passes finish with any number of the pool's threads.
pub(super) fn run(more: &[usize], threads: usize, work: impl Fn(usize, PassUnderWay<'_>) + Sync) {
    let threads = threads.min(sys::threads()).min(more.len());
    let finished: Vec<RowsReady> = more.iter().map(|_| RowsReady::default()).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        loop {
            let pass = next.fetch_add(1, Relaxed);
            let Some(own) = finished.get(pass) else { break };
            let before = pass.checked_sub(1);
            let stage = PassUnderWay {
                before: before.map(|before| &finished[before]),
                own,
                more: more[pass],
            };
            work(pass, stage);
            stage.finish(usize::MAX);
        }
    };
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| worker());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn a_pass_follows_the_pass_before() {
        let (passes, rows) = (40, 100);
        for threads in [1, 2, 5] {
            let done = Mutex::new(vec![0_usize; passes]);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                run(&vec![0; passes], threads, |pass, stage| {
                    for row in 0..rows {
                        stage.wait(row + 1);
                        let mut done = done.lock().unwrap();
                        assert!(pass == 0 || done[pass - 1] > row);
                        done[pass] = row + 1;
                        stage.finish(row + 1);
                    }
                });
            });
            assert_eq!(done.into_inner().unwrap(), vec![rows; passes]);
        }
    }

    #[test]
    fn passes_begin_and_end_with_shallow_ones_and_threads_take_as_many_steps() {
        let of = |steps, depth, stages| passes(steps, depth, stages).unwrap();
        assert_eq!(of(90, 20, 2), [5, 20, 20, 20, 20, 5]);
        assert_eq!(of(60, 16, 3), [4, 10, 16, 16, 10, 4]);
        for stages in 2..9 {
            for (steps, depth) in [(447, 79), (1000, 40), (5000, 256), (300, 16)] {
                let Some(passes) = passes(steps, depth, stages) else {
                    continue;
                };
                assert_eq!(passes.iter().sum::<usize>(), steps);
                assert!(passes.iter().all(|&steps| (1..=depth).contains(&steps)));
                let sums: Vec<usize> = (0..stages)
                    .map(|thread| passes.iter().skip(thread).step_by(stages).sum())
                    .collect();
                let rounded = passes.len() / stages;
                assert!(
                    sums.iter()
                        .all(|sum| sum.abs_diff(steps / stages) <= rounded),
                    "{sums:?}"
                );
            }
        }
        assert_eq!(passes(20, 2, 8), None);
        assert_eq!(passes(32, 16, 8), None);
        assert_eq!(passes(20, 16, 1), None);
    }

    #[test]
    fn shallow_passes_stay_behind_deep_ones_whose_source_they_overwrite() {
        assert_eq!(more_rows(&[16, 5, 20, 20, 5]), [0, 11, 0, 0, 15]);
    }
}
