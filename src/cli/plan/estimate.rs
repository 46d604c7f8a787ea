//! What writing takes for a plan: time, and room on the disk.

use crate::cli::error::Error;
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use std::path::Path;

/// Time in which `snapshots` are digested, written and synced.
pub(super) fn writing(snapshots: u64, bytes: u64) -> f64 {
    /// Seconds for a small snapshot; several snapshots share a sync.
    const EACH: f64 = 4e-4;
    /// Bytes that are written in a second.
    const SPEED: f64 = 5e8;
    snapshots as f64 * EACH + bytes as f64 / SPEED
}

/// Refuses what the filesystem that cubes go to has no room for; `work` needs it.
pub(super) fn check_space(work: &str, needed_bytes: u64) -> Result<(), Error> {
    let output = Path::new("output");
    let output = if output.is_dir() {
        output
    } else {
        Path::new(".")
    };
    match sys::free_space(output) {
        Some(free) if free < needed_bytes => Err(Error::System(format!(
            "the {work} needs {} and the filesystem of {} has {} free: write elsewhere with -o, or take fewer snapshots (a larger outtime)",
            bytes(needed_bytes),
            output.display(),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}
