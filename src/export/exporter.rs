//! [`Exporter`]: a format with the functions that write it.

use super::{Dataset, ExportError, Format, Storage, Target};
use diff2d_arrays::progress::Progress;
use std::{ops::Range, path::Path};

/// A format with the functions that write it. Each format has a file of its own, and all are listed in
/// [`EXPORTERS`](super::EXPORTERS).
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// The format.
    pub format: Format,
    pub(super) writer: ExportWriter,
}

impl Exporter {
    /// Refuses a format whose exports cannot grow by further snapshots.
    ///
    /// # Errors
    /// [`ExportError::Fault`].
    pub fn can_grow(self) -> Result<(), ExportError> {
        if let ExportWriter::Growing(..) = self.writer {
            return Ok(());
        }
        Err(ExportError::refused(format!(
            "--follow: an export to {} appears under its name once it is whole: export to zarr, which grows, or again with --force once there are more snapshots",
            self.format
        )))
    }
}

/// A function that writes an export as text.
type WriteText = fn(&Dataset<'_>, Target<'_>, u64, &Progress) -> Result<(), ExportError>;
/// A function that adds a range of snapshots to an existing export.
type Append = fn(&Dataset<'_>, &Path, Range<u64>, &Storage, u64) -> Result<(), ExportError>;
/// A function that writes an export to a path, which may replace an existing one.
type WriteTo = fn(&Dataset<'_>, &Path, bool, &Storage, u64, &Progress) -> Result<(), ExportError>;

/// The functions that write an export. Their number argument is the memory for elements in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum ExportWriter {
    /// An export to a text file.
    Text(WriteText),
    /// An export to a single file.
    #[cfg(feature = "hdf5")]
    Path(WriteTo),
    /// An export to a directory, which can grow.
    Growing(WriteTo, Append),
    /// A format that this build does not support, for the given reason.
    #[cfg(not(feature = "hdf5"))]
    NotBuilt(&'static str),
}
