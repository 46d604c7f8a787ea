//! [`Bitmap`]: a picture in pixels, and the shapes that are drawn on it.

use super::{
    error::Error,
    file::{PictureFile, write_error},
    text,
};
use plotters::prelude::{BLACK, BitMapBackend, Color, DrawingBackend, RGBColor};
use std::path::Path;

/// A finished picture: red, green and blue, one byte each, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Pixels `left..left + width` of the rows `top..top + height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

impl Rect {
    pub fn right(&self) -> usize {
        self.left + self.width
    }

    pub fn bottom(&self) -> usize {
        self.top + self.height
    }
}

/// Which point of a text lies at the place given; its height is that of the base line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Left,
    Centre,
    Right,
    /// The middle of a text that reads upward.
    Upright,
}

impl Bitmap {
    /// A white picture.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            rgb: vec![255; width * height * 3],
        }
    }

    /// Columns of pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes: red, green, blue of the top left pixel, then to the right.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour of a pixel, counted from the top left; none outside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        let at = (y * self.width + x) * 3;
        let inside = x < self.width && y < self.height;
        inside.then(|| [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]])
    }

    /// Mixes a share of a colour into a pixel.
    pub(super) fn mix(&mut self, x: usize, y: usize, colour: [u8; 3], share: f64) {
        let at = (y * self.width + x) * 3;
        if x < self.width
            && let Some(pixel) = self.rgb.get_mut(at..at + 3)
        {
            for (old, new) in pixel.iter_mut().zip(colour) {
                let mixed = f64::from(*old) + share * (f64::from(new) - f64::from(*old));
                *old = mixed.round() as u8;
            }
        }
    }

    /// The picture with another size: cut off, or with white beside and below.
    pub(super) fn resized(self, width: usize, height: usize) -> Self {
        if (self.width, self.height) == (width, height) {
            return self;
        }
        let mut resized = Self::new(width, height);
        let common = 3 * width.min(self.width);
        let rows = self.rgb.chunks_exact(3 * self.width);
        for (to, from) in resized.rgb.chunks_exact_mut(3 * width).zip(rows) {
            to[..common].copy_from_slice(&from[..common]);
        }
        resized
    }

    /// Writes a PNG file, which appears only when it is complete.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let mut file = PictureFile::create(path)?;
        self.encode(&mut file)
            .map_err(|error| write_error(path, error))?;
        file.commit_unsynced()
    }

    pub(super) fn encode(&self, to: impl std::io::Write) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(to, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()
    }

    fn backend(&mut self) -> Result<BitMapBackend<'_>, Error> {
        let size = (self.width as u32, self.height as u32);
        BitMapBackend::with_buffer_and_format(&mut self.rgb, size).map_err(draw_error)
    }

    /// Fills a rectangle.
    pub(super) fn fill(&mut self, rect: Rect, [red, green, blue]: [u8; 3]) -> Result<(), Error> {
        let corner = |x, y| (x as i32, y as i32);
        self.backend()?
            .draw_rect(
                corner(rect.left, rect.top),
                corner(rect.right(), rect.bottom()),
                &RGBColor(red, green, blue),
                true,
            )
            .map_err(draw_error)
    }

    /// Copies pixels into a rectangle of their size.
    pub(super) fn blit(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error> {
        let size = (rect.width as u32, rect.height as u32);
        self.backend()?
            .blit_bitmap((rect.left as i32, rect.top as i32), size, rgb)
            .map_err(draw_error)
    }

    /// Writes black text of `size` pixels an em.
    pub(super) fn write(
        &mut self,
        label: &str,
        size: f64,
        (x, y): (f64, f64),
        anchor: Anchor,
    ) -> Result<(), Error> {
        let length = text::width(label, size)?;
        let (x, y) = match anchor {
            Anchor::Left => (x, y),
            Anchor::Centre => (x - length / 2.0, y),
            Anchor::Right => (x - length, y),
            Anchor::Upright => (x, y + length / 2.0),
        };
        let (x, y) = (x.round() as i32, y.round() as i32);
        let mut backend = self.backend()?;
        let mut result = Ok(());
        text::glyphs(label, size, |right, down, coverage| {
            let at = match anchor {
                Anchor::Upright => (x + down, y - right),
                _ => (x + right, y + down),
            };
            let colour = BLACK.mix(f64::from(coverage)).to_backend_color();
            if let Err(error) = backend.draw_pixel(at, colour) {
                result = Err(draw_error(error));
            }
        })?;
        result
    }
}

fn draw_error(error: impl std::fmt::Display) -> Error {
    Error::Draw(error.to_string())
}
