//! [`KeptPrecision`]: how many bits of the mantissa a copy keeps.

use super::{Dataset, ExportError};
use diff2d_arrays::{
    mantissa,
    npy::{NpyError, Region},
    progress::Progress,
    walk,
};

/// How precise the copy of an array is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KeptPrecision {
    /// So many bits of the mantissa.
    Bits(u32),
    /// As many bits as it takes for no element to change by more than this.
    Error(f64),
}

impl KeptPrecision {
    /// The bits that the elements of an array are rounded to. For an error all of them are read once, at most
    /// `memory` bytes at a time.
    ///
    /// # Errors
    /// [`ExportError::Request`] of elements that have no such bits, and those of reading them.
    pub fn bits(
        self,
        dataset: &Dataset<'_>,
        memory: u64,
        progress: &Progress,
    ) -> Result<u32, ExportError> {
        let (path, dtype) = (dataset.array().path.display(), dataset.dtype());
        let Some(stored) = mantissa::stored_bits(dtype) else {
            return Err(ExportError::Request(format!(
                "{path} holds {dtype}, which has no mantissa to round: leave --keep-bits and --max-error out"
            )));
        };
        match self {
            Self::Bits(kept) if (1..=stored).contains(&kept) => Ok(kept),
            Self::Bits(kept) => Err(ExportError::Request(format!(
                "--keep-bits {kept}: the mantissa of {dtype}, of which {path} is, has 1 to {stored} bits"
            ))),
            Self::Error(error) => bits_within(dataset, error, memory, progress),
        }
    }
}

/// The fewest bits with which no element that holds data changes by more than `error`.
fn bits_within(
    dataset: &Dataset<'_>,
    error: f64,
    memory: u64,
    progress: &Progress,
) -> Result<u32, ExportError> {
    /// More bytes at a time make nothing faster.
    const MOST: u64 = 4 << 20;
    let dtype = dataset.dtype();
    let threads = rayon::current_num_threads() as u64;
    let elements = (memory / 2 / threads).min(MOST) / dtype.bytes as u64;
    let begin = || (Vec::new(), 1);
    let visit = |(bytes, kept): &mut (Vec<u8>, u32), _, part: Region| {
        if dataset.is_present(dataset.frame_of(&part)) {
            dataset.read(&part, bytes)?;
            *kept = mantissa::bits_within(dtype, bytes, error, *kept);
            progress.add(bytes.len() as u64);
        }
        Ok::<(), NpyError>(())
    };
    let states = walk::by_thread(&dataset.bands(elements), threads, begin, visit)?;
    Ok(states.into_iter().map(|(_, kept)| kept).max().unwrap_or(1))
}
