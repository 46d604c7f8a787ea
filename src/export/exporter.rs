//! [`Exporter`]: a format, and what writes it.

use super::{Dataset, ExportError, Format, Storage, Target};
use diff2d_arrays::progress::Progress;
use std::{ops::Range, path::Path};

/// A format, and what writes it. Each stands in a file of its own, and all in [`EXPORTERS`](super::EXPORTERS).
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// The format.
    pub format: Format,
    pub(super) writer: ExportWriter,
}

impl Exporter {
    /// Refuses a format whose exports cannot grow.
    ///
    /// # Errors
    /// [`ExportError::Request`].
    pub fn can_grow(self) -> Result<(), ExportError> {
        if let ExportWriter::Growing(..) = self.writer {
            return Ok(());
        }
        Err(ExportError::Request(format!(
            "--follow: an export to {} appears under its name once it is whole: export to zarr, which grows, or again with --force once there are more snapshots",
            self.format
        )))
    }
}

/// Writes a text.
type WriteText = fn(&Dataset<'_>, Target<'_>, u64, &Progress) -> Result<(), ExportError>;
/// Adds the snapshots with some numbers to an export that is there.
type Append = fn(&Dataset<'_>, &Path, Range<u64>, &Storage, u64) -> Result<(), ExportError>;
/// Writes to a name, which may replace what has it.
type WriteTo = fn(&Dataset<'_>, &Path, bool, &Storage, u64, &Progress) -> Result<(), ExportError>;

/// What writes an export, with so many bytes of memory for elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum ExportWriter {
    /// A text.
    Text(WriteText),
    /// A file or a directory.
    Path(WriteTo),
    /// A directory that can grow.
    Growing(WriteTo, Append),
    /// Nothing in this build, for lack of something.
    #[cfg(not(feature = "hdf5"))]
    NotBuilt(&'static str),
}
