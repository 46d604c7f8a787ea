//! [`Paper`]: the canvas for a file, chosen by the name of the file.

use super::{
    bitmap::Bitmap, canvas::Canvas, error::Error, file::PictureFile, pdf::Pdf, style::Size,
    svg::Svg,
};
use diff2d_sys::Destination;

/// A white picture for a file: pixels, or lines and text if the name ends in `.svg` or `.pdf`.
pub(super) enum Paper {
    Pixels(Bitmap),
    Svg(Svg),
    Pdf(Box<Pdf>),
}

impl Paper {
    /// A picture of the given width and height in pixels, with `dpi` pixels per inch, and with a name as its
    /// description for readers who cannot see it.
    pub fn new(
        to: &Destination,
        (width, height): (usize, usize),
        dpi: Option<u32>,
        name: &str,
    ) -> Self {
        let name = name.trim();
        match to.name().extension().and_then(|end| end.to_str()) {
            Some("svg") => Self::Svg(Svg::new(width, height, name)),
            Some("pdf") => Self::Pdf(Box::new(Pdf::new(width, height, dpi.unwrap_or(100), name))),
            _ => Self::Pixels(Bitmap::new(width, height).at_resolution(dpi)),
        }
    }

    /// The canvas to draw on.
    pub fn canvas(&mut self) -> &mut dyn Canvas {
        match self {
            Self::Pixels(bitmap) => bitmap,
            Self::Svg(svg) => svg,
            Self::Pdf(pdf) => pdf.as_mut(),
        }
    }

    /// The picture in the size that the user gave, if it is larger because the drawing did not fit that size.
    pub fn resized(self, size: Option<Size>) -> Self {
        match (self, size) {
            (Self::Pixels(bitmap), Some(size)) => {
                Self::Pixels(bitmap.resized(size.width(), size.height()))
            }
            (paper, _) => paper,
        }
    }

    /// Writes the file, which appears only when it is complete.
    pub fn save(self, to: &Destination) -> Result<(), Error> {
        self.write(to)?.commit_unsynced()
    }

    /// Writes a file that has no name yet.
    pub fn write(self, to: &Destination) -> Result<PictureFile, Error> {
        match self {
            Self::Pixels(bitmap) => bitmap.write(to),
            Self::Svg(svg) => svg.write(to),
            Self::Pdf(pdf) => pdf.write(to),
        }
    }
}
