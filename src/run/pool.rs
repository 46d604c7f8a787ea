//! The threads that compute.

use super::error::RunError;
use crate::fault::Fault;
use diff2d_sys as sys;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::OnceCell;

thread_local! {
    /// The pool that this thread has joined; it lives as long as the thread.
    static POOL: OnceCell<ThreadPool> = const { OnceCell::new() };
}

/// Calls `work` on a pool of `threads` threads, by default the current pool; on the calling thread where there are no
/// others.
pub fn install<T: Send>(
    threads: Option<usize>,
    work: impl FnOnce() -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    match threads.map(worthwhile) {
        _ if !sys::HAS_THREADS => work(),
        Some(threads) if !is_member_of_pool_of(threads) => {
            build(ThreadPoolBuilder::new(), threads)?.install(work)
        }
        Some(_) => work(),
        // Enters the global pool where the thread belongs to none.
        None => rayon::join(work, || ()).0,
    }
}

/// Makes the calling thread a member of a pool with the requested number of threads, by default the number that
/// `otherwise` returns. The work stays on the calling thread, because only that thread may communicate.
///
/// A thread that belongs to a pool already stays in it.
pub(super) fn join(
    threads: Option<usize>,
    otherwise: impl FnOnce() -> usize,
) -> Result<(), RunError> {
    if !sys::HAS_THREADS {
        return Ok(());
    }
    let threads = threads.map(worthwhile);
    if rayon::current_thread_index().is_some() {
        return match threads {
            Some(asked) if !is_member_of_pool_of(asked) => Err(Fault::failed(format!(
                "the calling thread belongs to a pool of {} threads, so a run on it cannot use {asked} threads",
                rayon::current_num_threads()
            ))
            .into()),
            _ => Ok(()),
        };
    }
    let threads = threads.unwrap_or_else(otherwise);
    let pool = build(ThreadPoolBuilder::new().use_current_thread(), threads)?;
    // It is not set yet: this thread belonged to no pool.
    let _ = POOL.with(|own| own.set(pool));
    Ok(())
}

/// The requested number of threads, limited to a useful number: thousands of threads cost time to start and to search
/// for work.
pub fn worthwhile(threads: usize) -> usize {
    const ON_ANY_MACHINE: usize = 64;
    threads.min(sys::threads().max(ON_ANY_MACHINE))
}

fn is_member_of_pool_of(threads: usize) -> bool {
    rayon::current_thread_index().is_some() && rayon::current_num_threads() == threads
}

fn build(builder: ThreadPoolBuilder, threads: usize) -> Result<ThreadPool, RunError> {
    let built = builder.num_threads(threads).build();
    built.map_err(RunError::no_threads)
}
