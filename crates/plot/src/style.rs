//! [`Style`]: how frames are drawn.

use super::{
    colormap::Colormap,
    error::Error,
    frame::{Frame, TIME},
    range::Range,
};
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
    /// Where the contour lines are.
    pub contours: Contours,
    /// Time between two frames, which decides the decimals of the titles; each title for itself
    /// if absent.
    pub cadence: Option<f64>,
    /// Name of the quantity, over the colour bar; may be empty.
    pub quantity: String,
    /// Names of the axes, x first, in place of those that the frames have.
    pub axes: [Option<String>; 2],
    /// A title in place of those that the frames have, where `{t}` stands for the time; of a sheet over all of them. None if
    /// it is empty.
    pub title: Option<String>,
    /// Width and height in pixels; as large as it takes if absent.
    pub size: Option<Size>,
    /// Pixels of an inch of paper. A picture whose size nobody asks for has as many pixels as its size at 100 asks for.
    pub dpi: Option<u32>,
}

/// Where the contour lines of a field are.
///
/// ```
/// use diff2d_plot::Contours;
///
/// assert_eq!("9".parse(), Ok(Contours::Most(9)));
/// assert_eq!("22,24.5".parse(), Ok(Contours::At(vec![22.0, 24.5])));
/// assert_eq!("0.5".parse(), Ok(Contours::At(vec![0.5])));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Contours {
    /// At round values, at most so many.
    Most(usize),
    /// At these values, as far as the colours cover them.
    At(Vec<f64>),
}

impl Default for Contours {
    fn default() -> Self {
        Self::Most(0)
    }
}

impl FromStr for Contours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const MOST: usize = 100;
        let wrong = || {
            format!(
                "{text:?} is neither a number of lines from 1 to {MOST} nor a list of values such as 22,24,30"
            )
        };
        if let Ok(most) = text.trim().parse() {
            return match most {
                1..=MOST => Ok(Self::Most(most)),
                0 => Err(
                    "without this option there are no lines; the line at the value 0 is 0.0"
                        .to_owned(),
                ),
                _ => Err(wrong()),
            };
        }
        let values = text.trim().trim_end_matches(',').split(',');
        let values = values.map(|value| value.trim().parse::<f64>());
        let values: Vec<f64> = values.collect::<Result<_, _>>().map_err(|_| wrong())?;
        let is_right = values.len() <= MOST && values.iter().all(|value| value.is_finite());
        is_right.then_some(Self::At(values)).ok_or_else(wrong)
    }
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
            contours: Contours::default(),
            cadence: None,
            quantity: String::new(),
            axes: [None, None],
            title: None,
            size: None,
            dpi: None,
        }
    }

    /// The title of what shows many frames; may be empty.
    pub(super) fn title_of_all(&self) -> &str {
        let title = self.title.as_deref().unwrap_or_default();
        if title.contains(TIME) { "" } else { title }
    }

    /// The title of a frame beside others, whose times tell them apart.
    pub(super) fn title_beside_others(&self, frame: &Frame) -> String {
        match &self.title {
            Some(asked) if asked.contains(TIME) => frame.titled(asked, self.cadence),
            _ => frame.title(self.cadence),
        }
    }

    /// Names of the axes of frames that have these.
    pub(super) fn named<'a>(&'a self, own: [&'a str; 2]) -> [&'a str; 2] {
        let name = |axis: usize| self.axes[axis].as_deref().unwrap_or(own[axis]);
        [name(0), name(1)]
    }

    /// A length in pixels, in as many pixels as the resolution asks for.
    pub(super) fn scaled(&self, side: usize) -> usize {
        scaled(side, self.dpi)
    }
}

/// A length in pixels, in as many pixels as a resolution asks for.
pub(super) fn scaled(side: usize, dpi: Option<u32>) -> usize {
    dpi.map_or(side, |dpi| (side * dpi as usize / 100).max(1))
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
