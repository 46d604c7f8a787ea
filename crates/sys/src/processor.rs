//! The name of the machine.

use super::{machine::threads, processor_name};

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
