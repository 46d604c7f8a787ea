//! The threads of commands other than runs, which start their own.

use diff2d_sys as sys;
use rayon::ThreadPoolBuilder;
use std::{iter, mem};

/// Makes the calling thread one of as many as there are processors, or of fewer where the system refuses
/// so many: every command can work alone.
pub(super) fn start() {
    let fewer = iter::successors(Some(sys::threads()), |&threads| {
        (threads > 1).then_some(threads / 2)
    });
    // 0 leaves the number to RAYON_NUM_THREADS.
    let _ = iter::once(0).chain(fewer).find(|&threads| join(threads));
}

/// Makes the calling thread work alone, unless it belongs to others.
pub(super) fn work_alone() {
    if rayon::current_thread_index().is_none() {
        join(1);
    }
}

/// Makes the calling thread one of so many, for the rest of its life; whether the system grants them.
fn join(threads: usize) -> bool {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build();
    pool.map(mem::forget).is_ok()
}
