//! [`Exporter`]: a format, and what writes it.

use super::{Dataset, ExportError, Format, Storage, Target};
use diff2d_arrays::progress::Progress;
use std::path::Path;

/// A format, and what writes it. Each stands in a file of its own, and all in [`EXPORTERS`](super::EXPORTERS).
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// The format.
    pub format: Format,
    pub(super) writer: ExportWriter,
}

/// Writes a text.
type WriteText = fn(&Dataset<'_>, Target<'_>, u64, &Progress) -> Result<(), ExportError>;
/// Writes to a name, which may replace what has it.
type WriteTo = fn(&Dataset<'_>, (&Path, bool), &Storage, u64, &Progress) -> Result<(), ExportError>;

/// What writes an export, with so many bytes of memory for elements.
#[derive(Debug, Clone, Copy)]
pub(super) enum ExportWriter {
    /// A text.
    Text(WriteText),
    /// A file or a directory.
    Path(WriteTo),
    /// Nothing in this build, for lack of something.
    #[cfg(not(feature = "hdf5"))]
    NotBuilt(&'static str),
}
