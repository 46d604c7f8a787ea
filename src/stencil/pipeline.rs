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
//! A pass reads rows that the pass before has finished ([`Stage::wait`]). When it writes a row, it has read
//! all rows up to `steps` rows further on; the pass before finished those and so has read rows further on
//! yet. So no pass overwrites what another one still reads.
//!
//! A pass may begin again at the first row that it has not finished
//! ([`TileTask::unfinished`](super::task::TileTask::unfinished)), for which it reads as many rows before that one
//! as it has steps. Behind a pass of more steps than its own, a pass therefore stays as many rows further behind.

use std::sync::atomic::{AtomicUsize, Ordering::*};

use super::scheduler::Patience;
use diff2d_sys as sys;

/// How far a pass of so many steps is ahead of the next one, in the time that rows take. Its first rows have
/// fewer levels.
pub(super) fn distance(steps: usize) -> usize {
    steps / 2 + 16
}

/// How many passes of so many steps are under way at a time over so many rows, on so many threads.
pub(super) fn stages(rows: usize, steps: usize, threads: usize) -> usize {
    threads.min(rows / (2 * distance(steps))).max(1)
}

/// The rows before this one are finished.
#[derive(Default)]
#[repr(align(128))]
struct Finished(AtomicUsize);

/// A pass among those that are under way.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    before: Option<&'a Finished>,
    own: &'a Finished,
    /// The steps that the pass before has more.
    more: usize,
}

impl Stage<'_> {
    /// Waits until the pass before has finished all rows before row `end`, and needs no row that a pass
    /// overwrites after it has read those.
    #[inline]
    pub fn wait(&self, end: usize) {
        if let Some(before) = self.before {
            let mut patience = Patience::default();
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

/// Runs `work(pass, stage)` for every pass, of so many steps, on up to `threads` threads of the current pool.
///
/// Whoever is free takes the next pass, so passes finish with any number of the pool's threads.
pub(super) fn run(passes: &[usize], threads: usize, work: impl Fn(usize, Stage<'_>) + Sync) {
    let threads = threads.min(sys::threads()).min(passes.len());
    let finished: Vec<Finished> = passes.iter().map(|_| Finished::default()).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        loop {
            let pass = next.fetch_add(1, Relaxed);
            let Some(own) = finished.get(pass) else { break };
            let before = pass.checked_sub(1);
            let stage = Stage {
                before: before.map(|before| &finished[before]),
                own,
                more: before.map_or(0, |before| passes[before].saturating_sub(passes[pass])),
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
        let (passes, rows) = ([3; 40], 100);
        for threads in [1, 2, 5] {
            let done = Mutex::new(vec![0_usize; passes.len()]);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                run(&passes, threads, |pass, stage| {
                    for row in 0..rows {
                        stage.wait(row + 1);
                        let mut done = done.lock().unwrap();
                        assert!(pass == 0 || done[pass - 1] > row);
                        done[pass] = row + 1;
                        stage.finish(row + 1);
                    }
                });
            });
            assert_eq!(done.into_inner().unwrap(), vec![rows; passes.len()]);
        }
    }
}
