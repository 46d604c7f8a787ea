//! [`Bitmap`]: a picture in pixels.

use super::{
    canvas::{Anchor, Canvas, Pen, Point, Rect, Rgb},
    error::Error,
    file::{MARK, PictureFile, write_error},
    text,
};
use diff2d_sys::Destination;
use plotters::prelude::{BitMapBackend, Color, DrawingBackend, RGBColor};

/// A finished picture: red, green and blue, one byte each, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
    /// Pixels per inch of paper; `None` leaves the resolution out of files.
    dpi: Option<u32>,
}

impl Bitmap {
    /// A white picture.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            rgb: vec![255; width * height * 3],
            dpi: None,
        }
    }

    /// A picture of `width` by `height` pixels with the colours `rgb`, three bytes for each pixel.
    pub(super) fn of_pixels(width: usize, height: usize, rgb: &[u8]) -> Self {
        Self {
            width,
            height,
            rgb: rgb.to_vec(),
            dpi: None,
        }
    }

    /// The picture with a resolution in pixels per inch.
    pub(super) fn at_resolution(self, dpi: Option<u32>) -> Self {
        Self { dpi, ..self }
    }

    /// The number of columns of pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows of pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The bytes of all pixels: red, green and blue, row by row from the top left.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour of a pixel, counted from the top left; `None` outside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        let offset = (y * self.width + x) * 3;
        let is_inside = x < self.width && y < self.height;
        is_inside.then(|| [self.rgb[offset], self.rgb[offset + 1], self.rgb[offset + 2]])
    }

    /// Mixes a fraction of a colour into a pixel.
    pub(super) fn mix(&mut self, x: usize, y: usize, colour: [u8; 3], fraction: f64) {
        let offset = (y * self.width + x) * 3;
        if x < self.width
            && let Some(pixel) = self.rgb.get_mut(offset..offset + 3)
        {
            for (old, new) in pixel.iter_mut().zip(colour) {
                let mixed = f64::from(*old) + fraction * (f64::from(new) - f64::from(*old));
                *old = mixed.round() as u8;
            }
        }
    }

    /// The picture with another size, cropped or extended by white at its right and bottom.
    pub(super) fn resized(self, width: usize, height: usize) -> Self {
        if (self.width, self.height) == (width, height) {
            return self;
        }
        let mut resized = Self::new(width, height).at_resolution(self.dpi);
        let common = 3 * width.min(self.width);
        let rows = self.rgb.chunks_exact(3 * self.width);
        for (row, source_row) in resized.rgb.chunks_exact_mut(3 * width).zip(rows) {
            row[..common].copy_from_slice(&source_row[..common]);
        }
        resized
    }

    /// Writes a PNG file, which appears only when it is complete.
    ///
    /// # Errors
    ///
    /// [`Error`] if the file cannot be written.
    pub fn save(&self, to: &Destination) -> Result<(), Error> {
        self.write(to)?.commit_unsynced()
    }

    /// Writes a PNG file that has no name yet.
    pub(super) fn write(&self, to: &Destination) -> Result<PictureFile, Error> {
        let mut file = PictureFile::create(to)?;
        self.encode(&mut file)
            .map_err(|error| write_error(to.name(), error))?;
        Ok(file)
    }

    pub(super) fn encode(&self, to: impl std::io::Write) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(to, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_pixel_dims(self.dpi.map(|dpi| {
            let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
            png::PixelDimensions {
                xppu: per_metre,
                yppu: per_metre,
                unit: png::Unit::Meter,
            }
        }));
        encoder.add_text_chunk("Software".to_owned(), MARK.to_owned())?;
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgb)?;
        writer.finish()
    }

    fn backend(&mut self) -> Result<BitMapBackend<'_>, Error> {
        let size = (self.width as u32, self.height as u32);
        BitMapBackend::with_buffer_and_format(&mut self.rgb, size).map_err(draw_error)
    }
}

impl Canvas for Bitmap {
    fn width(&self) -> usize {
        self.width
    }

    fn fill(&mut self, rect: Rect, [red, green, blue]: Rgb) -> Result<(), Error> {
        self.backend()?
            .draw_rect(
                (rect.left as i32, rect.top as i32),
                (rect.right() as i32, rect.bottom() as i32),
                &RGBColor(red, green, blue),
                true,
            )
            .map_err(draw_error)
    }

    fn image(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error> {
        let size = (rect.width as u32, rect.height as u32);
        self.backend()?
            .blit_bitmap((rect.left as i32, rect.top as i32), size, rgb)
            .map_err(draw_error)
    }

    fn stroke(&mut self, lines: &[Vec<Point>], pen: Pen, within: Rect) -> Result<(), Error> {
        let mut ink = Ink::new(within);
        for line in lines {
            for ends in line.windows(2) {
                ink.line(ends[0], ends[1], pen.thickness);
            }
        }
        ink.print(self, pen);
        Ok(())
    }

    fn write_in(
        &mut self,
        [red, green, blue]: Rgb,
        label: &str,
        size: f64,
        (x, y): Point,
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
            let pixel = match anchor {
                Anchor::Upright => (x + down, y - right),
                _ => (x + right, y + down),
            };
            let colour = RGBColor(red, green, blue)
                .mix(f64::from(coverage))
                .to_backend_color();
            if let Err(error) = backend.draw_pixel(pixel, colour) {
                result = Err(draw_error(error));
            }
        })?;
        result
    }
}

fn draw_error(error: impl std::fmt::Display) -> Error {
    Error::undrawn(error)
}

/// The coverage by lines of each pixel in a part of a picture.
///
/// Where lines meet, the larger coverage counts, so that joints are no darker than the lines.
struct Ink {
    rect: Rect,
    coverage: Vec<u8>,
}

impl Ink {
    fn new(rect: Rect) -> Self {
        Self {
            rect,
            coverage: vec![0; rect.width * rect.height],
        }
    }

    /// Adds a line of `thickness` pixels, with round ends. Only pixels within the part are covered.
    fn line(&mut self, from: Point, to: Point, thickness: f64) {
        let reach = thickness / 2.0 + 0.5;
        let origin = (self.rect.left as f64, self.rect.top as f64);
        let (a, b) = (
            (from.0 - origin.0, from.1 - origin.1),
            (to.0 - origin.0, to.1 - origin.1),
        );
        if ![a.0, a.1, b.0, b.1].into_iter().all(f64::is_finite) {
            return;
        }
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let squared = dx * dx + dy * dy;
        for y in pixels_between(a.1.min(b.1) - reach, a.1.max(b.1) + reach, self.rect.height) {
            for x in pixels_between(a.0.min(b.0) - reach, a.0.max(b.0) + reach, self.rect.width) {
                let (px, py) = (x as f64 + 0.5 - a.0, y as f64 + 0.5 - a.1);
                // The nearest point of the line, as a fraction of its length.
                let nearest = if squared > 0.0 {
                    ((px * dx + py * dy) / squared).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let distance = (px - nearest * dx).hypot(py - nearest * dy);
                let covered = (255.0 * (reach - distance).clamp(0.0, 1.0)).round() as u8;
                let pixel = &mut self.coverage[y * self.rect.width + x];
                *pixel = covered.max(*pixel);
            }
        }
    }

    /// Colours the pixels that the lines cover.
    fn print(&self, bitmap: &mut Bitmap, pen: Pen) {
        let rows = self.coverage.chunks_exact(self.rect.width.max(1));
        for (y, row) in rows.enumerate() {
            for (x, &covered) in row.iter().enumerate().filter(|(_, covered)| **covered > 0) {
                let fraction = f64::from(covered) / 255.0 * pen.opacity;
                bitmap.mix(self.rect.left + x, self.rect.top + y, pen.colour, fraction);
            }
        }
    }
}

/// The pixels of a row or column of `length` pixels from `low` to `high`.
fn pixels_between(low: f64, high: f64, length: usize) -> std::ops::Range<usize> {
    let start = low.floor().clamp(0.0, length as f64) as usize;
    start..high.ceil().clamp(0.0, length as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_covers_its_pixels_and_no_others() {
        let mut bitmap = Bitmap::new(9, 9);
        let rect = Rect {
            left: 2,
            top: 2,
            width: 5,
            height: 5,
        };
        let line = |from: f64| vec![(from, 4.5), (100.0, 4.5)];
        bitmap
            .stroke(&[line(-100.0), line(f64::NAN)], Pen::black(1.0), rect)
            .expect("drawn");
        for (x, y) in (0..9).flat_map(|x| (0..9).map(move |y| (x, y))) {
            let is_inked = bitmap.pixel(x, y) == Some([0; 3]);
            assert_eq!(is_inked, y == 4 && (2..7).contains(&x), "{x} {y}");
        }
    }
}
