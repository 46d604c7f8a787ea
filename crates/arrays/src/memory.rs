//! How many threads work within a limit of memory.

use super::AnalysisError;

/// Bytes below which a thread would read the file every few elements.
const LEAST: u64 = 1 << 16;

/// Threads that may work at once within `memory` bytes if each needs `bytes`, or [`LEAST`] if that is
/// more.
pub(super) fn threads_within(memory: u64, bytes: u64) -> Result<u64, AnalysisError> {
    let needed = bytes.max(LEAST);
    let threads = (rayon::current_num_threads() as u64).min(memory / needed);
    if threads == 0 {
        return Err(AnalysisError::Memory {
            what: "a part of the array",
            needed,
            allowed: memory,
            instead: "leave it at its default",
        });
    }
    Ok(threads)
}

/// A count of what lies in memory. One that does not fit makes the next access panic instead of
/// wrapping around.
pub(super) fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
