//! [`Error`]: the reason why a picture was not drawn.

use std::path::PathBuf;

/// The reason why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The field has an axis of length 0.
    #[error("a field of {0} by {1} values has nothing to draw")]
    Empty(usize, usize),
    /// A frame differs in shape from the frames before it.
    #[error(
        "frames of one sheet or animation share a shape: the first frame has {first:?}, this one {this:?}"
    )]
    Shape {
        /// The numbers of rows and columns of the first frame.
        first: (usize, usize),
        /// The numbers of rows and columns of the differing frame.
        this: (usize, usize),
    },
    /// More frames were pushed than the sheet has panels.
    #[error("the sheet has room for {0} frames")]
    Full(usize),
    /// An animation was finished, or a sheet requested, without a single frame.
    #[error("there is no frame to draw")]
    NoFrames,
    /// There is no colour map of this name.
    #[error("no colour map is called '{name}'{}; there are {}", hint(.near), .known.join(", "))]
    Colormap {
        /// The name that was given.
        name: String,
        /// The most similar name, if there is one.
        near: Option<&'static str>,
        /// The names of all colour maps.
        known: &'static [&'static str],
    },
    /// A text is not a range of values.
    #[error(
        "'{0}' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1"
    )]
    Range(String),
    /// A text is not the size of a picture.
    #[error(
        "'{text}' is not a size of a picture: write width and height in pixels, such as 1200x800, each from {least} to {most}"
    )]
    Size {
        /// The text.
        text: String,
        /// The smallest length of a side.
        least: usize,
        /// The largest length of a side.
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
        /// The error of the system.
        source: std::io::Error,
    },
}

impl Error {
    /// The exit code of a program that ends with the error: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged
    /// data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Colormap { .. } | Self::Range(_) | Self::Size { .. } | Self::Empty(..) => 2,
            _ => 1,
        }
    }
}

fn hint(near: &Option<&'static str>) -> String {
    near.map(|name| format!(" (did you mean '{name}'?)"))
        .unwrap_or_default()
}
