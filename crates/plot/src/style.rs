//! [`Style`]: the appearance of frames.

use super::{
    colormap::Colormap,
    error::Error,
    frame::{Frame, TIME},
    range::Range,
};
use diff2d_sys::Fault;
use std::{fmt, str::FromStr};

/// The common appearance of all frames of a series, so that they can be compared.
#[derive(Clone, Debug)]
pub struct Style {
    /// The colours, from the low end of the range to the high end.
    pub colormap: Colormap,
    /// The range of values that the colours cover; values outside it get the colour of the nearer end.
    pub range: Range,
    /// Whether every frame has a range of its own, see [`Frame::over`](super::Frame::over).
    pub own_ranges: bool,
    /// Whether colours are linear in the logarithm of the values. Values at or below 0 have no logarithm, and are
    /// white.
    pub log: bool,
    /// The kinds of values that the range leaves out, which the colour bar indicates.
    pub beyond: Beyond,
    /// The values of the contour lines.
    pub contours: Contours,
    /// Lines over every field, such as around masked nodes, through points in fractions of its width and height from
    /// its lower left corner.
    pub lines: Vec<Vec<[f64; 2]>>,
    /// The time between two frames, which determines the decimals of the titles; without a cadence, each title has as
    /// many decimals as its time needs.
    pub cadence: Option<f64>,
    /// The name of the quantity, written over the colour bar; may be empty.
    pub quantity: String,
    /// The names of the axes, x first; they replace the names from the frames.
    pub axes: [Option<String>; 2],
    /// A title that replaces the titles of the frames, with `{t}` for the time; on a sheet, a title over all frames. An
    /// empty text removes the title.
    pub title: Option<String>,
    /// Width and height in pixels; by default as large as the picture needs.
    pub size: Option<Size>,
    /// Pixels per inch of paper. The default size of a picture is scaled by this number divided by 100.
    pub dpi: Option<u32>,
}

/// The values of the contour lines of a field.
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
    /// Round values, at most the given number.
    Most(usize),
    /// The given values, if the colours cover them.
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
        if let Ok(most) = text.trim().parse() {
            return match most {
                1..=MOST => Ok(Self::Most(most)),
                0 => Err(
                    "without this option there are no lines; the line at the value 0 is 0.0"
                        .to_owned(),
                ),
                _ => Err(no_contours(text, MOST)),
            };
        }
        let values = text.trim().trim_end_matches(',').split(',');
        let values = values.map(|value| value.trim().parse::<f64>());
        let values: Vec<f64> = values
            .collect::<Result<_, _>>()
            .map_err(|_| no_contours(text, MOST))?;
        let is_valid = values.len() <= MOST && values.iter().all(|value| value.is_finite());
        if is_valid {
            Ok(Self::At(values))
        } else {
            Err(no_contours(text, MOST))
        }
    }
}

fn no_contours(text: &str, most: usize) -> String {
    format!(
        "{text:?} is neither a number of lines from 1 to {most} nor a list of values such as 22,24,30"
    )
}

/// The kinds of values that a range leaves out. The colour bar has an arrow for values beyond each of its ends, and a
/// white field for values without a logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Some values lie below the range.
    pub below: bool,
    /// Some values lie above the range.
    pub above: bool,
    /// Some values have no logarithm.
    pub not_positive: bool,
}

impl Style {
    /// A style with the default colours over `range`, and no name for the quantity.
    pub fn new(range: Range) -> Self {
        Self {
            colormap: Colormap::default(),
            range,
            own_ranges: false,
            log: false,
            beyond: Beyond::default(),
            contours: Contours::default(),
            lines: Vec::new(),
            cadence: None,
            quantity: String::new(),
            axes: [None, None],
            title: None,
            size: None,
            dpi: None,
        }
    }

    /// The title of a picture of many frames; may be empty.
    pub(super) fn title_of_all(&self) -> &str {
        let title = self.title.as_deref().unwrap_or_default();
        if title.contains(TIME) { "" } else { title }
    }

    /// The title of a frame beside others, which differ by their times.
    pub(super) fn title_beside_others(&self, frame: &Frame) -> String {
        match &self.title {
            Some(title) if title.contains(TIME) => frame.titled(title, self.cadence),
            _ => frame.title(self.cadence),
        }
    }

    /// The names of the axes as the style sets them, or else as the frames have them.
    pub(super) fn named<'a>(&'a self, frame_names: [&'a str; 2]) -> [&'a str; 2] {
        [0, 1].map(|axis| self.axes[axis].as_deref().unwrap_or(frame_names[axis]))
    }

    /// Converts a length at 100 pixels per inch to the resolution of the style.
    pub(super) fn scaled(&self, side: usize) -> usize {
        scaled(side, self.dpi)
    }
}

/// Converts a length at 100 pixels per inch to a resolution.
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
    /// The smallest length of a side: below it, axes and labels leave no space for a field.
    pub const LEAST: usize = 200;
    /// The largest length of a side.
    pub const MOST: usize = 4096;

    /// A size; `None` if a side is too short or too long.
    pub fn new(width: usize, height: usize) -> Option<Self> {
        let sides = Self::LEAST..=Self::MOST;
        (sides.contains(&width) && sides.contains(&height)).then_some(Self { width, height })
    }

    /// The number of columns of pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split_once(['x', 'X', '×'])
            .and_then(|(width, height)| {
                Self::new(width.trim().parse().ok()?, height.trim().parse().ok()?)
            })
            .ok_or_else(|| {
                Fault::refused(format!(
                    "'{text}' is not a size of a picture: write width and height in pixels, such as 1200x800, each from {} to {}",
                    Self::LEAST,
                    Self::MOST
                ))
                .into()
            })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}
