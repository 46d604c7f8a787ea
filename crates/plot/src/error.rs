//! [`Error`]: why a picture was not drawn.

use std::path::PathBuf;

/// Why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The field has an axis of length 0.
    #[error("a field of {0} by {1} values has nothing to draw")]
    Empty(usize, usize),
    /// A frame differs in shape from the frames before it.
    #[error(
        "frames of one sheet or animation share a shape: the first has {first:?}, this {this:?}"
    )]
    Shape {
        /// Rows and columns of the first frame.
        first: (usize, usize),
        /// Rows and columns of the frame that does not fit.
        this: (usize, usize),
    },
    /// More frames were pushed than the sheet has panels.
    #[error("the sheet has room for {0} frames")]
    Full(usize),
    /// An animation was finished, or a sheet asked for, without a single frame.
    #[error("there is no frame to draw")]
    NoFrames,
    /// There is no colour map of this name.
    #[error("no colour map is called '{name}'{}; there are {}", hint(.near), .known.join(", "))]
    Colormap {
        /// What was asked for.
        name: String,
        /// The name that is most like it.
        near: Option<&'static str>,
        /// All names.
        known: &'static [&'static str],
    },
    /// A text that is no range of values.
    #[error(
        "'{0}' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1"
    )]
    Range(String),
    /// A text that is no size of a picture.
    #[error(
        "'{text}' is not a size of a picture: write width and height in pixels, such as 1200x800, each from {least} to {most}"
    )]
    Size {
        /// What was asked for.
        text: String,
        /// The shortest side.
        least: usize,
        /// The longest side.
        most: usize,
    },
    /// The values of a field could not be read.
    #[error("could not draw: {0}")]
    Values(Box<dyn std::error::Error + Send + Sync>),
    /// The drawing library failed.
    #[error("could not draw: {0}")]
    Draw(String),
    /// The picture could not be written.
    #[error("could not write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

fn hint(near: &Option<&'static str>) -> String {
    near.map(|name| format!(" (did you mean '{name}'?)"))
        .unwrap_or_default()
}
