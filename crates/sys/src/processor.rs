//! Threads and the machine's name.

use super::processor_name;
use std::{sync::OnceLock, thread};

/// Threads that can run at once, as far as this process is allowed to use them.
#[must_use]
pub fn threads() -> usize {
    // The system reads several files for the answer.
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// The processor's name, the number of threads and the operating system, for reports.
#[must_use]
pub fn machine_name() -> String {
    let processor = processor_name().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!(
        "{processor}, {} threads, {}",
        threads(),
        std::env::consts::OS
    )
}
