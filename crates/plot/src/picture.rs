//! Pictures of single frames.

use super::{
    canvas::Bitmap, colormap, error::Error, frame::Frame, panel, reduced::Reduced, style::Style,
    template::Template,
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

/// Reads a frame once, and keeps what a [`picture`] of the usual size shows of it, with the ends of its
/// values.
///
/// # Errors
///
/// [`Error::Empty`] for a field without values, [`Error::Values`] where they cannot be read.
pub fn reduced_for_picture(frame: &Frame) -> Result<Reduced, Error> {
    let shape = frame.shape()?;
    let (x, y) = frame.extent.spans(shape);
    let (across, up) = panel::fit(shape, (&x, &y), SIDE);
    Reduced::new(frame.values, up, across)
}
