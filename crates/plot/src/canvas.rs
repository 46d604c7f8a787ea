//! [`Canvas`]: the surface on which pictures are drawn, made of pixels or of lines.

use super::error::Error;

/// A white picture with shapes and text, a [`Bitmap`](super::Bitmap) or an [`Svg`](super::svg::Svg).
pub(super) trait Canvas {
    /// The width in pixels.
    fn width(&self) -> usize;

    /// Fills a rectangle.
    fn fill(&mut self, rect: Rect, colour: Rgb) -> Result<(), Error>;

    /// Copies pixels into a rectangle of their size: red, green and blue, row by row from the top left.
    fn image(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error>;

    /// Draws lines through points, with round ends, clipped to a rectangle. They are no darker where they meet.
    fn stroke(&mut self, lines: &[Vec<Point>], pen: Pen, within: Rect) -> Result<(), Error>;

    /// Writes text with an em of `size` pixels.
    fn write_in(
        &mut self,
        colour: Rgb,
        label: &str,
        size: f64,
        at: Point,
        anchor: Anchor,
    ) -> Result<(), Error>;

    /// Writes black text with an em of `size` pixels.
    fn write(&mut self, label: &str, size: f64, at: Point, anchor: Anchor) -> Result<(), Error> {
        self.write_in([0; 3], label, size, at, anchor)
    }
}

/// A rectangle of pixels: the columns `left..left + width` of the rows `top..top + height`.
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

/// A point in pixels; (0, 0) is the upper left corner of the upper left pixel.
pub(super) type Point = (f64, f64);

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

/// The colour, thickness and opacity of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub colour: Rgb,
    /// Thickness in pixels.
    pub thickness: f64,
    /// Opacity from 0 to 1.
    pub opacity: f64,
}

impl Pen {
    pub fn black(thickness: f64) -> Self {
        Self {
            colour: [0; 3],
            thickness,
            opacity: 1.0,
        }
    }
}

/// The point of a text that is placed at a given position. The height of that position is the base line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Left,
    Centre,
    Right,
    /// The middle of a text that reads upwards.
    Upright,
}

/// The part of a canvas below a number of pixel rows.
pub(super) struct Lowered<'c> {
    pub canvas: &'c mut dyn Canvas,
    pub down: usize,
}

impl Lowered<'_> {
    fn rect(&self, rect: Rect) -> Rect {
        Rect {
            top: rect.top + self.down,
            ..rect
        }
    }

    fn point(&self, (x, y): Point) -> Point {
        (x, y + self.down as f64)
    }
}

impl Canvas for Lowered<'_> {
    fn width(&self) -> usize {
        self.canvas.width()
    }

    fn fill(&mut self, rect: Rect, colour: Rgb) -> Result<(), Error> {
        self.canvas.fill(self.rect(rect), colour)
    }

    fn image(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error> {
        self.canvas.image(self.rect(rect), rgb)
    }

    fn stroke(&mut self, lines: &[Vec<Point>], pen: Pen, within: Rect) -> Result<(), Error> {
        let lines = lines
            .iter()
            .map(|line| line.iter().map(|&at| self.point(at)).collect());
        let lines: Vec<Vec<Point>> = lines.collect();
        self.canvas.stroke(&lines, pen, self.rect(within))
    }

    fn write_in(
        &mut self,
        colour: Rgb,
        label: &str,
        size: f64,
        at: Point,
        anchor: Anchor,
    ) -> Result<(), Error> {
        let at = self.point(at);
        self.canvas.write_in(colour, label, size, at, anchor)
    }
}
