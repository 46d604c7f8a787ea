//! [`Style`]: how frames are drawn.

use super::{colormap::Colormap, range::Range};

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
