//! [`Ceiling`]: what the machine can do at most, of which a stencil has its share.

use super::{child, error::BenchError};
use diff2d_sys as sys;
use serde::Serialize;
use std::{
    collections::HashMap, path::Path, process::Command, sync::atomic::AtomicUsize, time::Duration,
};

/// Bytes of memory traffic of an update without temporal tiling: one value read, one written.
pub(super) const BYTES: f64 = 16.0;

/// Operations of an update: five additions and subtractions, two multiplications.
pub(super) const OPERATIONS: f64 = 7.0;

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What the memory and the arithmetic of the machine give at most to a number of threads.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ceiling {
    /// Threads.
    pub threads: usize,
    /// What the triad of STREAM moves, two values read and one written for each element \[bytes/s\].
    pub bytes_per_second: f64,
    /// Independent multiply-adds, each of which is two operations \[1/s\].
    pub operations_per_second: f64,
}

impl Ceiling {
    /// Measured by the program that is built of `ceilings.cpp`; the inner error says why there is none.
    ///
    /// # Errors
    /// [`BenchError::Signalled`] when a signal asks to stop.
    pub(super) fn measure(
        program: &Path,
        threads: usize,
        signal: &AtomicUsize,
    ) -> Result<Result<Self, String>, BenchError> {
        // Four times what the caches hold, as STREAM asks, and no more than three arrays of 256 MiB.
        let elements = (4 * sys::caches().last / 8).clamp(1 << 21, 1 << 25);
        let mut command = Command::new(program);
        command
            .arg(elements.to_string())
            .env("OMP_NUM_THREADS", threads.to_string());
        let ended = child::run(&mut command, TIME_LIMIT, signal)?;
        Ok(ended.and_then(|finished| {
            let lines = finished.stdout.lines();
            let printed: HashMap<&str, &str> =
                lines.filter_map(|line| line.split_once('=')).collect();
            let rate = |name: &str| printed.get(name)?.parse().ok();
            let rates = rate("bytes").zip(rate("operations"));
            let (bytes_per_second, operations_per_second) =
                rates.ok_or("the program that measures the ceilings printed none")?;
            Ok(Self {
                threads,
                bytes_per_second,
                operations_per_second,
            })
        }))
    }

    /// What limits updates, how much of it there is, and the updates that it allows \[1/s\].
    pub(super) fn limits(&self) -> [(&'static str, String, f64); 2] {
        let (bytes, operations) = (self.bytes_per_second, self.operations_per_second);
        [
            (
                "ceiling of the memory",
                format!("{:.1} GB/s by {BYTES} bytes", bytes / 1e9),
                bytes / BYTES,
            ),
            (
                "ceiling of the arithmetic",
                format!("{:.1} Gflop/s by {OPERATIONS} flops", operations / 1e9),
                operations / OPERATIONS,
            ),
        ]
    }
}
