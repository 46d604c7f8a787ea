//! [`KeptPrecision`]: the number of mantissa bits in the copy of an array.

use super::{Dataset, ExportError};
use diff2d_arrays::{
    mantissa,
    npy::{NpyError, Region},
    progress::Progress,
    walk,
};

/// The precision of the copy of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeptPrecision {
    /// A given number of mantissa bits.
    Bits(u32),
    /// The number of mantissa bits needed to keep the change of every element below a bound.
    Error(f64),
}

impl KeptPrecision {
    /// The number of bits to which the elements of an array are rounded. For a largest error all elements are read
    /// once, at most `memory` bytes at a time.
    ///
    /// # Errors
    /// [`ExportError::Fault`] if the elements are not floats or have fewer bits, and errors of reading them.
    pub fn bits(
        self,
        dataset: &Dataset<'_>,
        memory: u64,
        progress: &Progress,
    ) -> Result<u32, ExportError> {
        let (least, error) = match self {
            Self::Bits(kept) => (kept, None),
            Self::Error(error) => (1, Some(error)),
        };
        mantissa::check(dataset.dtype(), least).map_err(|reason| {
            let path = dataset.array().path.display();
            ExportError::refused(format!("{path} cannot be rounded: {reason}"))
        })?;
        error.map_or(Ok(least), |error| {
            bits_within(dataset, error, memory, progress)
        })
    }
}

/// The smallest number of bits for which no element with data changes by more than `error`.
fn bits_within(
    dataset: &Dataset<'_>,
    error: f64,
    memory: u64,
    progress: &Progress,
) -> Result<u32, ExportError> {
    /// The largest useful number of bytes processed together.
    const MOST: u64 = 4 << 20;
    let dtype = dataset.dtype();
    let threads = rayon::current_num_threads() as u64;
    let elements = (memory / 2 / threads).min(MOST) / dtype.bytes as u64;
    let states = walk::by_thread(
        &dataset.bands(elements),
        threads,
        || (Vec::new(), 1),
        |(bytes, kept): &mut (Vec<u8>, u32), _, part: Region| {
            if dataset.is_present(dataset.frame_of(&part)) {
                dataset.read(&part, bytes)?;
                *kept = mantissa::bits_within(dtype, bytes, error, *kept);
                progress.add(bytes.len() as u64);
            }
            Ok::<(), NpyError>(())
        },
    )?;
    Ok(states.into_iter().map(|(_, kept)| kept).max().unwrap_or(1))
}
