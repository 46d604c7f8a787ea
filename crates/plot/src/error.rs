//! [`Error`]: the reason why a picture was not drawn.

use diff2d_sys::Fault;
use std::{fmt, path::Path};

/// The reason why a picture was not drawn. Callers distinguish its variants; any other fault is a [`Fault`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More frames were pushed than the sheet or the page has room for.
    #[error("the sheet has room for {0} frames")]
    Full(usize),
    /// The values of a field could not be read.
    #[error("could not draw: {0}")]
    Values(Box<dyn std::error::Error + Send + Sync>),
    /// Any other fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Error {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Fault(fault) => fault.exit_code(),
            Self::Full(_) | Self::Values(_) => 1,
        }
    }

    /// The error of a field with an axis of length 0.
    #[must_use]
    pub fn empty(rows: usize, columns: usize) -> Self {
        let sentence = format!("a field of {rows} by {columns} values has nothing to draw");
        Fault::refused(sentence).into()
    }

    /// The error of a sheet, an animation, a page or a chart without anything to draw.
    #[must_use]
    pub fn no_frames() -> Self {
        Fault::failed("there is no frame to draw").into()
    }

    /// The error of a frame whose shape differs from that of the frames before it.
    pub(super) fn other_shape(first: (usize, usize), this: (usize, usize)) -> Self {
        Fault::failed(format!(
            "frames of one sheet or animation share a shape: the first frame has {first:?}, this one {this:?}"
        ))
        .into()
    }

    /// The error of the drawing library.
    pub(super) fn undrawn(error: impl fmt::Display) -> Self {
        Fault::failed(format!("could not draw: {error}")).into()
    }

    /// The error of a picture that could not be written.
    pub(super) fn unwritten(path: &Path, error: impl fmt::Display) -> Self {
        Fault::failed(format!("could not write {}: {error}", path.display())).into()
    }
}
