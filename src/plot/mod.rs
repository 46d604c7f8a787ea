//! Pictures of two-dimensional fields: single frames, contact sheets, animations.
//!
//! A [`Frame`] says what to draw: numbers, where their nodes lie, and when. A [`Style`] says how:
//! colours and the range of values they cover. [`picture`] turns both into a [`Bitmap`],
//! [`Sheet`] gathers many frames on one page under one colour bar, [`Animation`] writes a GIF one
//! frame at a time. Files appear under their name only when they are whole.
//!
//! ```text
//!            t = 2.4975              the frame's time
//!        ┌───────────────┐  ┌┐
//!     10 ┤               │  ││ 1.0    colour bar: one range for all frames
//!   y  0 ┤    pixels     │  ││
//!    -10 ┤               │  ││ 0.0
//!        └┬──────┬──────┬┘  └┘
//!       -10      0     10
//!                x
//! ```
//!
//! The first axis of an array is y and is drawn upward: row 0 lies at the bottom. Node i covers
//! half a spacing to each side, so a picture shows `nx` by `ny` equal cells, each around its node.
//! Small grids are magnified into crisp blocks by a whole factor, large ones reduced by area means;
//! no picture is much larger than a screen, whatever the field.
//!
//! ```
//! # use ndarray::Array2;
//! use diff2d::plot::{Axes, Frame, Range, Style, picture};
//!
//! let field = Array2::from_shape_fn((40, 60), |(j, i)| (i as f64 / 9.0).sin() + j as f64 / 40.0);
//! let view = field.view();
//! let range = Range::of([&view as _]).unwrap_or_default();
//! let frame = Frame::new(&view, Axes::nodes((0.0, 5.9), (0.0, 3.9))).at(2.4975);
//! let bitmap = picture(&frame, &Style::new(range))?;
//! assert!(bitmap.width() > bitmap.height());
//! # Ok::<(), diff2d::plot::Error>(())
//! ```

mod animation;
mod axes;
mod bar;
mod bars;
mod canvas;
mod colormap;
mod number;
mod panel;
mod part;
mod plate;
mod range;
mod scale;
mod sheet;
mod text;
mod values;

pub use animation::Animation;
pub use axes::Axes;
pub use bars::{BarChart, Group, Section, Shade};
pub use canvas::Bitmap;
pub use colormap::Colormap;
pub use number::short;
pub use range::Range;
pub use sheet::{Sheet, spread};
pub use values::{Number, Values};

use std::path::PathBuf;

/// Side in pixels that the longer axis of a single picture aims at.
const PICTURE_SIDE: usize = 840;

/// Why a picture could not be made.
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
    /// Nobody knows a colour map of this name.
    #[error("no colour map is called '{name}'{}; there are {}", hint(.near), Colormap::NAMES.join(", "))]
    Colormap {
        /// What was asked for.
        name: String,
        /// A name that was perhaps meant.
        near: Option<&'static str>,
    },
    /// Text that is no range of values.
    #[error(
        "'{0}' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1"
    )]
    Range(String),
    /// The drawing library refused.
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

/// What to draw: one field, where its nodes lie, and when it was.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    values: &'a dyn Values,
    axes: Axes,
    time: Option<f64>,
    index: Option<usize>,
    name: Option<&'a str>,
}

impl<'a> Frame<'a> {
    /// A frame without a title.
    pub fn new(values: &'a dyn Values, axes: Axes) -> Self {
        Self {
            values,
            axes,
            time: None,
            index: None,
            name: None,
        }
    }

    /// The frame with its simulated time as title: `t = 2.4975`.
    pub fn at(self, time: f64) -> Self {
        Self {
            time: Some(time),
            ..self
        }
    }

    /// The frame with its number as title, where no time is known: `snapshot 5`.
    pub fn numbered(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// The frame with a title of its own.
    pub fn named(self, name: &'a str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Rows and columns; an error where one of them is 0.
    fn shape(&self) -> Result<(usize, usize), Error> {
        match self.values.dimensions() {
            (rows, columns) if rows == 0 || columns == 0 => Err(Error::Empty(rows, columns)),
            shape => Ok(shape),
        }
    }

    fn title(&self, cadence: Option<f64>) -> String {
        match (self.name, self.time, self.index) {
            (Some(name), ..) => name.to_owned(),
            (_, Some(time), _) => format!("t = {}", number::time(time, cadence)),
            (_, _, Some(index)) => format!("snapshot {index}"),
            (None, None, None) => String::new(),
        }
    }
}

/// How to draw: the same for every frame of a series, so that frames can be compared.
#[derive(Clone, Debug)]
pub struct Style {
    /// Colours, from the low end of the range to the high one.
    pub colormap: Colormap,
    /// Values that the colours cover; what lies outside takes the colour of the nearer end.
    pub range: Range,
    /// Time between two frames, which decides the decimals of the titles; each title for itself
    /// if absent.
    pub cadence: Option<f64>,
    /// Name of the quantity, over the colour bar; may be empty.
    pub quantity: String,
}

impl Style {
    /// The default colours over `range`, no name for the quantity.
    pub fn new(range: Range) -> Self {
        Self {
            colormap: Colormap::default(),
            range,
            cadence: None,
            quantity: String::new(),
        }
    }
}

/// Draws one frame with axes, colour bar and title.
///
/// # Errors
///
/// [`Error::Empty`] for a field without values.
pub fn picture(frame: &Frame, style: &Style) -> Result<Bitmap, Error> {
    let plate = plate::Plate::new(frame, style, PICTURE_SIDE, colormap::LEVELS)?;
    plate.print(frame)
}

#[cfg(test)]
mod tests;
