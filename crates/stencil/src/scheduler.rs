//! The tile scheduler: threads advance tiles pass by pass without a barrier.
//!
//! In pass `p` a tile reads itself and the tiles around it as pass `p - 1` left
//! them. It writes itself into the other array, which the tiles around it have
//! read in pass `p - 1`. Reading and writing are both safe once the tile and the
//! tiles around it have finished pass `p - 1`.
//!
//! A thread prefers tiles of its own part of the field, which may still be in its caches. If these are not ready, it
//! takes any other tile that is ready. It only ever waits for tiles that a running thread has already taken, so the
//! passes finish with any number of the pool's threads.

use diff2d_sys as sys;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::{hint, ops::Range, thread, time::Duration};

/// The interior divided into tiles: every row range combined with every column range.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TileGrid {
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
    /// Whether the first and the last tiles along each axis are next to each other.
    is_periodic: [bool; 2],
    reach: usize,
}

impl TileGrid {
    /// Divides `rows × columns` into tiles of equal size, at most `tile`, but at least `reach` in both directions.
    pub fn new(
        rows: Range<usize>,
        columns: Range<usize>,
        tile: (usize, usize),
        reach: usize,
    ) -> Self {
        Self {
            rows: cut(rows, tile.0, reach),
            columns: cut(columns, tile.1, reach),
            is_periodic: [false; 2],
            reach,
        }
    }

    /// This grid with the given axes periodic.
    pub fn periodic(mut self, is_periodic: [bool; 2]) -> Self {
        self.is_periodic = is_periodic;
        self
    }

    /// The smallest numbers of rows and columns of a tile, if there are several tiles.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// The number of tiles.
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// The rows and columns of a tile.
    pub fn ranges(&self, tile: usize) -> (Range<usize>, Range<usize>) {
        let columns = self.columns.len();
        (
            self.rows[tile / columns].clone(),
            self.columns[tile % columns].clone(),
        )
    }

    /// The tile and the up to eight tiles around it; some of them twice on short periodic axes.
    pub fn neighbourhood(&self, tile: usize) -> impl Iterator<Item = usize> {
        let (n, m) = (self.rows.len(), self.columns.len());
        let (j, i) = (tile / m, tile % m);
        let [rows, columns] = self.is_periodic;
        neighbours(j, n, rows).flat_map(move |j| neighbours(i, m, columns).map(move |i| j * m + i))
    }
}

/// The positions of a tile and its neighbours along an axis of `count` tiles.
fn neighbours(position: usize, count: usize, is_periodic: bool) -> impl Iterator<Item = usize> {
    let positions = match is_periodic {
        true => position + count - 1..position + count + 2,
        false => position.saturating_sub(1)..(position + 2).min(count),
    };
    positions.map(move |position| position % count)
}

/// Divides `range` into equal parts, at most `part` long but at least `reach`.
fn cut(range: Range<usize>, part: usize, reach: usize) -> Vec<Range<usize>> {
    let parts = range.len().div_ceil(part).min(range.len() / reach).max(1);
    (0..parts)
        .map(|k| boundary(&range, k, parts)..boundary(&range, k + 1, parts))
        .collect()
}

/// The beginning of part `k` of a range divided into equal parts; the end of the range for the part after the last.
fn boundary(range: &Range<usize>, k: usize, parts: usize) -> usize {
    range.start + range.len() * k / parts
}

/// The waiting of a thread: it first polls, then yields between polls, then sleeps between polls.
#[derive(Default)]
pub(super) struct Backoff(u32);

impl Backoff {
    const SPINS: u32 = 1_000;
    const YIELDS: u32 = 1_100;
    const NAP: Duration = Duration::from_micros(50);

    /// Waits a little, longer each time.
    pub fn wait(&mut self) {
        self.0 = self.0.saturating_add(1);
        match self.0 {
            0..Self::SPINS => hint::spin_loop(),
            Self::SPINS..Self::YIELDS => thread::yield_now(),
            Self::YIELDS.. => thread::sleep(Self::NAP),
        }
    }
}

/// The number of passes of a tile that threads have taken, and the number of finished passes.
#[derive(Default)]
#[repr(align(128))]
struct PassCount {
    taken: AtomicUsize,
    done: AtomicUsize,
}

/// Runs `work(pass, tile)` for every pass and tile on the threads of
/// the current pool.
///
/// `work` for a tile starts after the tiles around it have finished the preceding pass, and sees their results.
pub(super) fn run(tiles: &TileGrid, passes: usize, work: impl Fn(usize, usize) + Sync) {
    // More threads than processors would only keep one another waiting.
    let threads = rayon::current_num_threads().min(sys::threads());
    run_on(threads, tiles, passes, work);
}

/// Runs `work` as [`run`] does, on up to `threads` threads of the current pool.
fn run_on(threads: usize, tiles: &TileGrid, passes: usize, work: impl Fn(usize, usize) + Sync) {
    let progress: Vec<PassCount> = (0..tiles.len()).map(|_| PassCount::default()).collect();
    let threads = threads.min(tiles.len());
    if threads <= 1 {
        work_on_tiles(tiles, &progress, passes, threads, &work);
    } else {
        rayon::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| work_on_tiles(tiles, &progress, passes, threads, &work));
            }
        });
    }
}

/// Takes tiles and works on them on the present thread, until all passes are taken.
fn work_on_tiles(
    tiles: &TileGrid,
    progress: &[PassCount],
    passes: usize,
    threads: usize,
    work: &impl Fn(usize, usize),
) {
    let number = rayon::current_thread_index().unwrap_or(0);
    let number = number.min(threads.max(1) - 1);
    let mut patience = Backoff::default();
    while let Some(taken) = take(tiles, progress, passes, number, threads) {
        if let Some((tile, pass)) = taken {
            work(pass, tile);
            progress[tile].done.store(pass + 1, Release);
            patience = Backoff::default();
        } else {
            patience.wait();
        }
    }
}

/// Takes the ready tile with the fewest passes for a thread. `None` if all passes of all tiles are taken, `Some(None)`
/// if no tile is ready.
fn take(
    tiles: &TileGrid,
    progress: &[PassCount],
    passes: usize,
    thread: usize,
    threads: usize,
) -> Option<Option<(usize, usize)>> {
    let count = progress.len();
    let own_tiles = count * thread / threads..count * (thread + 1) / threads;
    let mut is_pass_left = false;
    for part in [own_tiles.clone(), own_tiles.end..count, 0..own_tiles.start] {
        let mut candidate: Option<(usize, usize)> = None;
        for tile in part {
            let pass = progress[tile].taken.load(Relaxed);
            is_pass_left |= pass < passes;
            if pass < candidate.map_or(passes, |(_, pass)| pass)
                && tiles
                    .neighbourhood(tile)
                    .all(|near| progress[near].done.load(Acquire) >= pass)
            {
                candidate = Some((tile, pass));
            }
        }
        if let Some((tile, pass)) = candidate
            && progress[tile]
                .taken
                .compare_exchange(pass, pass + 1, Relaxed, Relaxed)
                .is_ok()
        {
            return Some(candidate);
        }
    }
    is_pass_left.then_some(None)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn parts_cover_the_range_and_have_at_least_the_reach() {
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
    fn every_tile_runs_once_a_pass_and_after_the_tiles_around_it() {
        let (passes, tiles) = (20, TileGrid::new(0..40, 0..30, (10, 10), 1));
        for threads in [1, 2, 5] {
            let done = Mutex::new(vec![0; tiles.len()]);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map(|pool| {
                pool.install(|| {
                    run_on(threads, &tiles, passes, |pass, tile| {
                        let Ok(mut done) = done.lock() else { return };
                        assert!(tiles.neighbourhood(tile).all(|near| done[near] >= pass));
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
