//! [`Ceiling`]: what the machine can do at most, of which a stencil has its share.

use super::{child, error::BenchError};
use diff2d_sys as sys;
use serde::Serialize;
use std::{
    collections::HashMap, path::Path, process::Command, sync::atomic::AtomicUsize, time::Duration,
};

/// Bytes of memory traffic of an update without temporal tiling: one value read, one written.
pub(super) const BYTES: f64 = 16.0;

/// Operations of an update as it is defined: five additions and subtractions, two multiplications.
pub(super) const OPERATIONS: f64 = 7.0;

/// The fewest operations that give its bits, in smooth fields where `r` is a quarter: the sum of the four neighbours.
pub(super) const ADDITIONS: f64 = 3.0;

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What the memory and the arithmetic of the machine give at most to a number of threads.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ceiling {
    /// Threads.
    pub threads: usize,
    /// What the triad of STREAM moves, two values read and one written for each element \[bytes/s\].
    pub bytes_per_second: f64,
    /// Independent operations in the registers, two multiplications to five additions \[1/s\].
    pub operations_per_second: f64,
    /// Independent additions in the registers \[1/s\].
    pub additions_per_second: f64,
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
            let rate = |name: &str| {
                let rate = printed.get(name).and_then(|rate| rate.parse().ok());
                rate.ok_or("the program that measures the ceilings printed none")
            };
            Ok(Self {
                threads,
                bytes_per_second: rate("bytes")?,
                operations_per_second: rate("operations")?,
                additions_per_second: rate("additions")?,
            })
        }))
    }

    /// What limits updates, how much of it there is, and the updates that it allows \[1/s\].
    pub(super) fn limits(&self) -> [(&'static str, String, f64); 3] {
        let limit = |name, rate: f64, unit, each: f64, of| {
            let what = format!("{:.1} {unit} by {each} {of}", rate / 1e9);
            (name, what, rate / each)
        };
        let [bytes, operations, additions] = [
            self.bytes_per_second,
            self.operations_per_second,
            self.additions_per_second,
        ];
        [
            limit("ceiling of the memory", bytes, "GB/s", BYTES, "bytes"),
            limit(
                "ceiling of the arithmetic",
                operations,
                "Gflop/s",
                OPERATIONS,
                "flops",
            ),
            limit(
                "ceiling of additions",
                additions,
                "Gflop/s",
                ADDITIONS,
                "additions",
            ),
        ]
    }
}
