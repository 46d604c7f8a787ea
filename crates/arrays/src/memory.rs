//! Limits the number of threads by memory.

use super::AnalysisError;

/// The smallest memory of a thread in bytes. With less it would read the file every few elements.
const LEAST: u64 = 1 << 16;

/// The number of threads that can work at once within `memory` bytes if each needs `bytes`, or [`LEAST`] if that is
/// more.
pub(super) fn threads_within(memory: u64, bytes: u64) -> Result<u64, AnalysisError> {
    let thread_bytes = bytes.max(LEAST);
    let threads = (rayon::current_num_threads() as u64).min(memory / thread_bytes);
    if threads == 0 {
        return Err(AnalysisError::memory(
            "a part of the array",
            thread_bytes,
            memory,
            "leave it at its default",
        ));
    }
    Ok(threads)
}

/// A number of elements as an index in memory. A number that does not fit makes the next access panic instead of
/// wrapping around.
pub(super) fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
