//! Arrays larger than memory: any `.npy`, any size, in pieces.
//!
//! [`stats`] reduces an array, or one axis of it, to [`moments`]; [`window`] slides reductions over
//! any axes; [`probe`] picks elements; [`create`] fills new arrays from an [`expression`](crate::expression). [`twofold`]
//! is the arithmetic that keeps the digits, [`output`] the file that results go to.
//!
//! No result depends on the number of threads, the size of pieces, or the memory allowed.

pub mod create;
pub mod error;
pub mod measure;
pub mod moments;
pub mod output;
pub mod probe;
pub mod stats;
pub mod twofold;
mod vectorised;
pub mod window;

pub use error::AnalysisError;

/// Bytes of memory below which a thread would be at the file for every few elements.
const LEAST: u64 = 1 << 16;

/// Threads that may work at once within `memory` so that each has `bytes`, and [`LEAST`] in any case.
fn workers(bytes: u64, memory: u64) -> Result<u64, AnalysisError> {
    let needed = bytes.max(LEAST);
    let threads = (rayon::current_num_threads() as u64).min(memory / needed);
    if threads == 0 {
        return Err(AnalysisError::Memory {
            what: "one piece of the array",
            needed,
            allowed: memory,
            instead: "leave it at its default",
        });
    }
    Ok(threads)
}

/// Calls `$body` with `$number` standing for the [`Number`](crate::cube::number::Number) that holds
/// a kind of dtype.
macro_rules! with_number {
    ($kind:expr, $number:ident => $body:expr) => {
        match $kind {
            $crate::cube::npy::Kind::Float => {
                type $number = f64;
                $body
            }
            $crate::cube::npy::Kind::Signed | $crate::cube::npy::Kind::Bool => {
                type $number = i64;
                $body
            }
            $crate::cube::npy::Kind::Unsigned => {
                type $number = u64;
                $body
            }
        }
    };
}
pub(crate) use with_number;
