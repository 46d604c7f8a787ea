//! [`Style`]: how frames are drawn.

use super::{colormap::Colormap, error::Error, range::Range};
use std::{fmt, str::FromStr};

/// How to draw: the same for every frame of a series, so that frames can be compared.
#[derive(Clone, Debug)]
pub struct Style {
    /// Colours, from the low end of the range to the high one.
    pub colormap: Colormap,
    /// Values that the colours cover; what lies outside takes the colour of the nearer end.
    pub range: Range,
    /// Whether every frame has a range of its own, [`Frame::over`](super::Frame::over).
    pub own_ranges: bool,
    /// Whether colours follow the logarithm of the values. Values at or below 0, which have none, are
    /// white.
    pub log: bool,
    /// What the range leaves out, and the colour bar therefore shows.
    pub beyond: Beyond,
    /// At most so many contour lines, at round values.
    pub contours: usize,
    /// Time between two frames, which decides the decimals of the titles; each title for itself
    /// if absent.
    pub cadence: Option<f64>,
    /// Name of the quantity, over the colour bar; may be empty.
    pub quantity: String,
    /// A title over the whole picture; may be empty.
    pub title: String,
    /// Width and height in pixels; as large as it takes if absent.
    pub size: Option<Size>,
}

/// Which values a range leaves out. The colour bar has an arrow for those that lie beyond its ends, and a
/// white field for those without a logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Some values lie below the range.
    pub below: bool,
    /// Some values lie above it.
    pub above: bool,
    /// Some values have no logarithm.
    pub not_positive: bool,
}

impl Style {
    /// The default colours over `range`, no name for the quantity.
    pub fn new(range: Range) -> Self {
        Self {
            colormap: Colormap::default(),
            range,
            own_ranges: false,
            log: false,
            beyond: Beyond::default(),
            contours: 0,
            cadence: None,
            quantity: String::new(),
            title: String::new(),
            size: None,
        }
    }
}

/// Width and height of a picture in pixels.
///
/// ```
/// use diff2d_plot::Size;
///
/// let size: Size = "1200x800".parse()?;
/// assert_eq!((size.width(), size.height()), (1200, 800));
/// assert!("12000x8".parse::<Size>().is_err());
/// # Ok::<(), diff2d_plot::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    width: usize,
    height: usize,
}

impl Size {
    /// The shortest side: below it, axes and labels leave no room for a field.
    pub const LEAST: usize = 200;
    /// The longest side.
    pub const MOST: usize = 4096;

    /// A size; none where a side is too short or too long.
    pub fn new(width: usize, height: usize) -> Option<Self> {
        let sides = Self::LEAST..=Self::MOST;
        (sides.contains(&width) && sides.contains(&height)).then_some(Self { width, height })
    }

    /// Columns of pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let side = |text: &str| text.trim().parse().ok();
        text.split_once(['x', 'X', '×'])
            .and_then(|(width, height)| Self::new(side(width)?, side(height)?))
            .ok_or_else(|| Error::Size {
                text: text.to_owned(),
                least: Self::LEAST,
                most: Self::MOST,
            })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}
