//! Passes pipelined over threads: each pass goes over all rows, close behind the preceding pass on another thread.
//!
//! ```text
//!            rows
//!    pass 0  ==============>          thread 0
//!    pass 1  ========>                thread 1
//!    pass 2  ===>                     thread 2
//!    pass 3                           thread 0, after pass 0
//! ```
//!
//! In contrast to tiles side by side, no row is computed twice, and no thread waits for all others after a pass.
//! Pipelining suits fields with few rows, whose tiles would be little longer than a pass is deep.
//!
//! A pass reads rows that the preceding pass has finished ([`PassUnderWay::wait`]). When it writes a row, it has read
//! all rows up to `steps` rows further on; the preceding pass has finished those, and has read even further. So no pass
//! overwrites rows that another one still reads.
//!
//! A pass may begin again at the first row that it has not finished
//! ([`TileTask::unfinished`](super::task::TileTask::unfinished)). It then reads as many rows before that row as it has
//! steps. So behind a pass with more steps, a pass stays further behind by the difference in rows.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering::*};

use super::scheduler::Backoff;
use diff2d_sys as sys;

/// The distance between a pass of `steps` steps and the next one, in units of the time for a row. The first rows of a
/// pass have fewer levels.
fn distance(steps: usize) -> usize {
    steps / 2 + 16
}

/// The number of passes of `steps` steps that are active at the same time over `rows` rows, on up to `threads` threads.
pub(super) fn stages(rows: usize, steps: usize, threads: usize) -> usize {
    threads.min(rows / (2 * distance(steps))).max(1)
}

/// The passes for `steps` steps, each of at most `depth` steps. The first passes are shallow, so that the next thread
/// begins early, and so are the last, so that all threads end together:
///
/// ```text
///    thread 0   #  ####  ####  ####     # a quarter of the steps of the deepest pass
///    thread 1   ####  ####  ####  #
/// ```
///
/// With more threads, the depths of the first passes are evenly spaced. `None` if there are too few steps.
pub(super) fn passes(steps: usize, depth: usize, stages: usize) -> Option<Vec<usize>> {
    let count = count(steps, depth, stages);
    // If there are fewer passes, the shallow first ones are also the last ones.
    if stages < 2 || count < 2 * stages {
        return None;
    }
    let sum = (stages - 1) * (4 * count - 3 * stages);
    let mut weights = 0;
    let passes = (0..count).map(|pass| {
        let steps_before = proportional_steps(steps, weights, sum);
        // Steps of a pass relative to others, the deepest having 4 (stages - 1).
        let from_end = pass.min(count - 1 - pass).min(stages - 1);
        weights += stages - 1 + 3 * from_end;
        proportional_steps(steps, weights, sum) - steps_before
    });
    // No pass is without steps.
    (steps >= 4 * count - 3 * stages).then(|| passes.collect())
}

/// The number of passes. The first and the last pass of a thread together take as many steps as one and a quarter of
/// the others.
fn count(steps: usize, depth: usize, stages: usize) -> usize {
    let quarters = (4 * steps).div_ceil(depth) + 3 * stages;
    quarters.div_ceil(4).next_multiple_of(stages)
}

/// The fraction `part / whole` of `steps`, rounded down.
pub(super) fn proportional_steps(steps: usize, part: usize, whole: usize) -> usize {
    (steps as u128 * part as u128 / whole as u128) as usize
}

/// The number of passes, and the idle time of a thread, in units of the time for a step of a row.
pub(super) fn count_and_waiting(
    rows: usize,
    steps: usize,
    depth: usize,
    stages: usize,
) -> (usize, f64) {
    let count = count(steps, depth, stages);
    let deepest = 4 * steps / (4 * count - 3 * stages);
    let delay_of_last_thread = delay(stages - 1, stages, deepest);
    let delay_of_next_pass = delay(stages, stages, deepest);
    // The first thread may have to wait for the last one.
    let duration_of_first_pass = initial_depth(0, stages, deepest) * rows;
    let waiting = delay_of_last_thread + delay_of_next_pass.saturating_sub(duration_of_first_pass);
    (count, waiting as f64)
}

/// The depth of one of the first passes, which grow evenly from a quarter of the deepest pass.
fn initial_depth(pass: usize, stages: usize, deepest: usize) -> usize {
    deepest / 4 + deepest * 3 * pass / (4 * (stages - 1).max(1))
}

/// The time that a pass waits for the first passes before it, in units of the time for a step of a row.
fn delay(pass: usize, stages: usize, deepest: usize) -> usize {
    (0..pass)
        .map(|earlier_pass| initial_depth(earlier_pass, stages, deepest))
        .map(|depth| depth * distance(depth))
        .sum()
}

/// The number of leading rows that are finished.
#[derive(Default)]
#[repr(align(128))]
struct RowsReady(AtomicUsize);

/// A pass among others that are active.
#[derive(Clone, Copy)]
pub(super) struct PassUnderWay<'a> {
    before: Option<&'a RowsReady>,
    own: &'a RowsReady,
    /// The number of rows by which this pass stays further behind.
    more: usize,
}

impl PassUnderWay<'_> {
    /// Waits until the preceding pass has finished all rows before row `end`, and no longer needs the rows that this
    /// pass overwrites after reading those.
    #[inline]
    pub fn wait(&self, end: usize) {
        if let Some(before) = self.before {
            let mut patience = Backoff::default();
            while before.0.load(Acquire) < end + self.more {
                patience.wait();
            }
        }
    }

    /// Tells the next pass that the rows before row `end` are finished.
    #[inline]
    pub fn finish(&self, end: usize) {
        self.own.0.store(end, Release);
    }

    /// The first row that is not finished; all rows before it are.
    pub fn finished(&self) -> usize {
        self.own.0.load(Relaxed)
    }
}

/// The number of rows by which each pass stays further behind the preceding one, if that has more steps. A pass may
/// begin again, and then reads rows of its source once more, which the next pass must not have overwritten.
pub(super) fn more_rows(passes: &[usize]) -> Vec<usize> {
    let extra_rows = passes
        .windows(2)
        .map(|pair| pair[0].saturating_sub(pair[1]));
    iter::once(0).chain(extra_rows).collect()
}

/// Runs `work(pass, stage)` for every pass on up to `threads` threads of the current pool. Each pass stays `more` rows
/// further behind the preceding one.
///
/// Any free thread takes the next pass, so passes finish with any number of the pool's threads.
pub(super) fn run(more: &[usize], threads: usize, work: impl Fn(usize, PassUnderWay<'_>) + Sync) {
    let threads = threads.min(sys::threads()).min(more.len());
    let finished: Vec<RowsReady> = more.iter().map(|_| RowsReady::default()).collect();
    let next_pass = AtomicUsize::new(0);
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                loop {
                    let pass = next_pass.fetch_add(1, Relaxed);
                    let Some(rows_ready) = finished.get(pass) else {
                        break;
                    };
                    let stage = PassUnderWay {
                        before: pass
                            .checked_sub(1)
                            .map(|pass_before| &finished[pass_before]),
                        own: rows_ready,
                        more: more[pass],
                    };
                    work(pass, stage);
                    stage.finish(usize::MAX);
                }
            });
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
