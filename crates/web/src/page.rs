//! What the module asks of the page, which has a clock, random numbers and somebody who may want to stop.

use getrandom::Error;
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// The time since any moment \[ms\].
    safe fn now() -> f64;
    /// Whether the run is to stop: not 0.
    safe fn is_stopped() -> u32;
    /// Fills memory with random bytes.
    fn random(bytes: *mut u8, length: usize);
    /// Takes a snapshot: its commit as a JSON text, and its values as in the cube.
    fn look(commit: *const u8, commit_length: usize, values: *const u8, length: usize);
}

/// Is set once the run is to stop.
pub(crate) static STOP: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// Gives the library the clock of the page.
pub(crate) fn prepare() {
    STOP.store(0, Ordering::Relaxed);
    #[cfg(target_arch = "wasm32")]
    diff2d_sys::set_clock(clock);
}

/// The time since any moment. The march asks for it about twenty times a second, and so does this for a wish to stop.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code))]
fn clock() -> Duration {
    if is_stopped() != 0 {
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
