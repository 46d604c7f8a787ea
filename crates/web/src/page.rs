//! What the module asks of the page, which has a clock, random numbers and somebody who may want to stop.

use diff2d::Progress;
use getrandom::Error;
use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// The time since any moment \[ms\].
    safe fn now() -> f64;
    /// Takes the number of steps of a run, or of runs of a fit, that are done. Returns whether the task is to stop: not 0.
    safe fn is_stopped(done: f64) -> u32;
    /// Fills memory with random bytes.
    fn random(bytes: *mut u8, length: usize);
    /// Takes a snapshot: its commit as a JSON text, and its values as in the cube.
    fn look(commit: *const u8, commit_length: usize, values: *const u8, length: usize);
}

/// Is set once the task is to stop.
pub(crate) static STOP: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// The work that the present task has done, which nobody else counts.
static PROGRESS: Mutex<Option<Progress>> = Mutex::new(None);

/// A counter of work for a task that begins, of which the page is told.
pub(crate) fn begin_progress() -> Progress {
    let progress = Progress::default();
    *PROGRESS.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress.clone());
    progress
}

/// Gives the library the clock of the page.
pub(crate) fn prepare() {
    STOP.store(0, Ordering::Relaxed);
    #[cfg(target_arch = "wasm32")]
    diff2d_sys::set_clock(clock);
}

/// The time since any moment. The march asks for it about twenty times a second, and so does this for a wish to stop, and tells
/// how far it is.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code))]
fn clock() -> Duration {
    let progress = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner);
    if is_stopped(progress.as_ref().map_or(0, Progress::done) as f64) != 0 {
        STOP.store(1, Ordering::Relaxed);
    }
    Duration::from_secs_f64(now().max(0.0) / 1000.0)
}

/// Shows a snapshot to the page.
pub(crate) fn show(commit: &str, values: &[u8]) {
    // SAFETY: the page reads both before it returns.
    unsafe { look(commit.as_ptr(), commit.len(), values.as_ptr(), values.len()) }
}

/// Random bytes for run ids.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(bytes: *mut u8, length: usize) -> Result<(), Error> {
    // SAFETY: the caller owns the bytes.
    unsafe { random(bytes, length) }
    Ok(())
}
