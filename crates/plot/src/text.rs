//! Text in the font that is part of the program.
//!
//! The crate plotters rounds the position of every glyph to a pixel and drops its left bearing. Here glyphs have the
//! positions given by the font, and only the base line is on a whole pixel.

use super::error::Error;
use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point, PxScale, ScaleFont, point};
use std::sync::LazyLock;

static BYTES: &[u8] = include_bytes!("font/DejaVuSans.ttf");
static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(BYTES).ok());

/// The height of a digit in a text of size 1.
pub(super) const DIGIT: f64 = 0.729;

fn font() -> Result<&'static FontRef<'static>, Error> {
    FONT.as_ref()
        .ok_or_else(|| Error::undrawn("the built-in font is damaged"))
}

/// The scale for an em of `size` pixels.
fn scale(font: &FontRef, size: f64) -> PxScale {
    let em = font.units_per_em().unwrap_or(font.height_unscaled());
    PxScale::from(size as f32 * font.height_unscaled() / em)
}

/// The length of a text with an em of `size` pixels.
pub(super) fn width(text: &str, size: f64) -> Result<f64, Error> {
    along(text, size, |_, _, _| ())
}

/// Calls `dot(right, down, coverage)` for every pixel that a text touches, counted from the start
/// of its base line, and returns its length.
pub(super) fn glyphs(
    text: &str,
    size: f64,
    mut dot: impl FnMut(i32, i32, f32),
) -> Result<f64, Error> {
    along(text, size, |font, id, place| {
        let scale = scale(font, size);
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, place)) {
            let corner = outline.px_bounds().min;
            let (corner_x, corner_y) = (corner.x as i32, corner.y as i32);
            outline.draw(|x, y, coverage| dot(corner_x + x as i32, corner_y + y as i32, coverage));
        }
    })
}

/// Calls `curve` for every piece of the outlines of a text, in pixels to the right of the start of its base line and
/// above it, and returns its length.
pub(super) fn outlines(
    text: &str,
    size: f64,
    mut curve: impl FnMut(OutlineCurve),
) -> Result<f64, Error> {
    along(text, size, |font, id, place| {
        let unit = size as f32 / font.units_per_em().unwrap_or(font.height_unscaled());
        let outline = font.outline(id);
        for piece in outline.map(|outline| outline.curves).unwrap_or_default() {
            curve(match piece {
                OutlineCurve::Line(a, b) => {
                    let [a, b] = [a, b].map(|end| in_pixels(place, unit, end));
                    OutlineCurve::Line(a, b)
                }
                OutlineCurve::Quad(a, b, c) => {
                    let [a, b, c] = [a, b, c].map(|end| in_pixels(place, unit, end));
                    OutlineCurve::Quad(a, b, c)
                }
                OutlineCurve::Cubic(a, b, c, d) => {
                    let [a, b, c, d] = [a, b, c, d].map(|end| in_pixels(place, unit, end));
                    OutlineCurve::Cubic(a, b, c, d)
                }
            });
        }
    })
}

/// Converts a point of a glyph at a position to pixels; a unit of the font is `unit` pixels.
fn in_pixels(place: Point, unit: f32, outline_point: Point) -> Point {
    point(place.x + unit * outline_point.x, unit * outline_point.y)
}

/// Calls `glyph` for every glyph of a text with its position, and returns the length of the text.
fn along(
    text: &str,
    size: f64,
    mut glyph: impl FnMut(&FontRef<'_>, GlyphId, Point),
) -> Result<f64, Error> {
    let font = font()?;
    let scaled = font.as_scaled(scale(font, size));
    let mut pen = 0.0;
    let mut previous = None;
    for id in text.chars().map(|letter| font.glyph_id(letter)) {
        pen += previous.map_or(0.0, |previous| scaled.kern(previous, id));
        previous = Some(id);
        glyph(font, id, point(pen, 0.0));
        pen += scaled.h_advance(id);
    }
    Ok(f64::from(pen))
}
