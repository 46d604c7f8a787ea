//! Threads that advance tiles, pass after pass, without a barrier.
//!
//! In pass `p` a tile reads itself and its neighbours as pass `p - 1` left
//! them, and writes itself into the other array, where the neighbours read in
//! pass `p - 1`. Both are safe as soon as the tile and its neighbours have
//! finished pass `p - 1`; nobody needs to wait for anybody else.
//!
//! A thread takes tiles of its own part of the field, so that they stay in its
//! caches, and a tile of another's part when its own have to wait. It waits
//! only for tiles that a running thread has already taken, so the crew
//! finishes with however many of its threads the pool can spare.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// How the interior is cut: row ranges times column ranges.
pub(super) struct Tiling {
    pub rows: Vec<Range<usize>>,
    pub columns: Vec<Range<usize>>,
}

impl Tiling {
    /// Cuts `rows × columns` into equal parts of at most the given size, unless
    /// that makes them smaller than `reach`.
    pub fn new(
        rows: Range<usize>,
        columns: Range<usize>,
        tile: (usize, usize),
        reach: usize,
    ) -> Self {
        Self {
            rows: cut(rows, tile.0, reach),
            columns: cut(columns, tile.1, reach),
        }
    }

    fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The tile and those around it.
    fn neighbourhood(&self, tile: usize) -> impl Iterator<Item = usize> {
        let (n, m) = (self.rows.len(), self.columns.len());
        let (j, i) = (tile / m, tile % m);
        let around = |at: usize, n: usize| at.saturating_sub(1)..(at + 2).min(n);
        around(j, n).flat_map(move |j| around(i, m).map(move |i| j * m + i))
    }
}

/// `range` in equal parts, at most `part` long but at least `reach`.
fn cut(range: Range<usize>, part: usize, reach: usize) -> Vec<Range<usize>> {
    let parts = range.len().div_ceil(part).min(range.len() / reach).max(1);
    let at = |k: usize| range.start + range.len() * k / parts;
    (0..parts).map(|k| at(k)..at(k + 1)).collect()
}

/// Passes of a tile that somebody has taken, and that are finished.
#[derive(Default)]
#[repr(align(128))]
struct Progress {
    taken: AtomicUsize,
    done: AtomicUsize,
}

/// Runs `work(pass, rows, columns)` for every pass and tile on the threads of
/// the current pool.
///
/// `work` for a tile starts when the tiles around it have finished the pass
/// before, and sees what they wrote.
pub(super) fn run(
    tiling: &Tiling,
    passes: usize,
    work: impl Fn(usize, Range<usize>, Range<usize>) + Sync,
) {
    let progress: Vec<Progress> = (0..tiling.len()).map(|_| Progress::default()).collect();
    let threads = rayon::current_num_threads().min(tiling.len());
    let worker = || {
        let thread = rayon::current_thread_index()
            .unwrap_or(0)
            .min(threads.max(1) - 1);
        let mut idle = 0_u32;
        while let Some(taken) = take(tiling, &progress, passes, thread, threads) {
            if let Some((tile, pass)) = taken {
                let columns = tiling.columns.len();
                work(
                    pass,
                    tiling.rows[tile / columns].clone(),
                    tiling.columns[tile % columns].clone(),
                );
                progress[tile].done.store(pass + 1, Release);
                idle = 0;
            } else {
                idle += 1;
                if idle < 1_000 {
                    std::hint::spin_loop();
                } else {
                    std::thread::yield_now();
                }
            }
        }
    };
    if threads <= 1 {
        worker();
    } else {
        rayon::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| worker());
            }
        });
    }
}

/// Takes a tile for a thread: `None` when all are taken for good, `Some(None)`
/// when those that are left have to wait.
fn take(
    tiling: &Tiling,
    progress: &[Progress],
    passes: usize,
    thread: usize,
    threads: usize,
) -> Option<Option<(usize, usize)>> {
    let tiles = progress.len();
    let own = tiles * thread / threads..tiles * (thread + 1) / threads;
    let mut left = false;
    for part in [own.clone(), own.end..tiles, 0..own.start] {
        let mut best: Option<(usize, usize)> = None;
        for tile in part {
            let pass = progress[tile].taken.load(Relaxed);
            left |= pass < passes;
            if pass < best.map_or(passes, |(_, pass)| pass)
                && tiling
                    .neighbourhood(tile)
                    .all(|near| progress[near].done.load(Acquire) >= pass)
            {
                best = Some((tile, pass));
            }
        }
        if let Some((tile, pass)) = best
            && progress[tile]
                .taken
                .compare_exchange(pass, pass + 1, Relaxed, Relaxed)
                .is_ok()
        {
            return Some(best);
        }
    }
    left.then_some(None)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn parts_cover_the_range_and_are_not_too_small() {
        for (length, part, reach) in [(1, 1, 9), (10, 3, 1), (10, 3, 4), (97, 8, 8), (5, 100, 2)] {
            let parts = cut(3..3 + length, part, reach);
            assert_eq!(
                (parts[0].start, parts[parts.len() - 1].end),
                (3, 3 + length)
            );
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(parts.len() == 1 || parts.iter().all(|part| part.len() >= reach));
        }
    }

    #[test]
    fn every_tile_once_a_pass_and_after_those_around_it() {
        let (passes, tiling) = (20, Tiling::new(0..40, 0..30, (10, 10), 1));
        for threads in [1, 2, 5] {
            let done = Mutex::new(vec![0; tiling.len()]);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map(|pool| {
                pool.install(|| {
                    run(&tiling, passes, |pass, rows, columns| {
                        let tile = rows.start / 10 * 3 + columns.start / 10;
                        let Ok(mut done) = done.lock() else { return };
                        assert!(tiling.neighbourhood(tile).all(|near| done[near] >= pass));
                        assert_eq!(done[tile], pass);
                        done[tile] += 1;
                    });
                });
            })
            .ok();
            assert!(
                done.into_inner()
                    .is_ok_and(|done| done.iter().all(|&d| d == passes))
            );
        }
    }
}
