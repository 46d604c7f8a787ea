//! The threads of commands other than runs, which start their own.

use diff2d::program::run::worthwhile_threads;
use diff2d_sys as sys;
use rayon::ThreadPoolBuilder;
use std::{env, iter, mem};

/// Makes the calling thread one of as many as RAYON_NUM_THREADS says or as there are processors, or of fewer
/// where the system refuses so many: every command can work alone.
pub(super) fn start() {
    let requested_count = env::var("RAYON_NUM_THREADS").ok();
    let requested_count = requested_count
        .and_then(|text| text.parse().ok())
        .filter(|&requested_count: &usize| requested_count > 0);
    let most_threads = requested_count.map_or_else(sys::threads, worthwhile_threads);
    let mut fewer = iter::successors(Some(most_threads), |&threads| {
        (threads > 1).then_some(threads / 2)
    });
    let _ = fewer.find(|&threads| join(threads));
}

/// Makes the calling thread work alone, unless it belongs to others.
pub(super) fn work_alone() {
    if rayon::current_thread_index().is_none() {
        join(1);
    }
}

/// Makes the calling thread part of a pool of this size for the rest of its life; whether the system grants the threads.
fn join(threads: usize) -> bool {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build();
    pool.map(mem::forget).is_ok()
}
