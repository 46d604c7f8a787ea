//! [`Storage`]: chunks and compression, in the formats that have them.

use super::{Dataset, ExportError, Format};

/// Deflate's usual compromise between time and size.
pub(super) const DEFLATE: u8 = 4;

/// Chunks, and whether they are compressed.
#[derive(Debug, Clone, Default)]
pub struct Storage {
    /// The lengths of a chunk along the last axes; `None` for the default of the format.
    pub chunks: Option<Vec<u64>>,
    /// Whether Zarr is compressed; HDF5 always is.
    pub compress: bool,
}

impl Storage {
    /// Refuses options that a format does not have.
    ///
    /// # Errors
    /// [`ExportError::Fault`].
    pub fn fit(&self, format: Format) -> Result<(), ExportError> {
        let option = match (&self.chunks, self.compress) {
            _ if format.has_chunks => return Ok(()),
            (Some(_), _) => "--chunks",
            (None, true) => "--compress",
            (None, false) => return Ok(()),
        };
        Err(ExportError::refused(format!(
            "{option}: {format} has no chunks: export to zarr or hdf5, or leave it out"
        )))
    }

    /// The shape of chunks, which have at most `usual` bytes by default, and never more than `most`.
    pub(super) fn chunk(
        &self,
        dataset: &Dataset<'_>,
        width: u64,
        usual: u64,
        most: u64,
    ) -> Result<Vec<u64>, ExportError> {
        let chunk = dataset.chunk(self.chunks.as_deref(), usual / width)?;
        let elements = chunk
            .iter()
            .fold(1_u64, |product, &length| product.saturating_mul(length));
        let bytes = elements.saturating_mul(width);
        if bytes <= most {
            return Ok(chunk);
        }
        Err(ExportError::refused(format!(
            "--chunks: a chunk of {bytes} bytes is larger than the {most} that readers take: choose smaller ones"
        )))
    }
}
