//! Pictures of single frames.

use super::{
    canvas::Bitmap, colormap, error::Error, frame::Frame, style::Style, template::Template,
};

/// Side in pixels that the longer axis of a single picture aims at.
pub(super) const SIDE: usize = 840;

/// Draws one frame with axes, colour bar and title.
///
/// # Errors
///
/// [`Error::Empty`] for a field without values.
pub fn picture(frame: &Frame, style: &Style) -> Result<Bitmap, Error> {
    Template::new(frame, style, SIDE, colormap::LEVELS)?.print(frame)
}
