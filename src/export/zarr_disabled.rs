//! Without the feature `zarr` nothing is exported to Zarr.

use super::{Dataset, ExportError, Format};
use crate::progress::Progress;
use std::path::Path;

/// Tells how to build it.
pub(super) fn write(
    _dataset: &Dataset<'_>,
    _output: (&Path, bool),
    _memory: u64,
    _progress: &Progress,
) -> Result<(), ExportError> {
    Err(ExportError::NotBuilt {
        format: Format::Zarr,
        needs: "",
    })
}
