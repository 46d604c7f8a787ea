//! Text in the font that is part of the program.
//!
//! The crate plotters rounds the position of every glyph to a pixel and drops its left bearing. Here
//! glyphs have the positions of the font, and only the base line is on a whole pixel.

use super::error::Error;
use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point, PxScale, ScaleFont, point};
use std::sync::LazyLock;

static BYTES: &[u8] = include_bytes!("font/DejaVuSans.ttf");
static FONT: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(BYTES).ok());

/// Height of a digit in a text of size 1.
pub(super) const DIGIT: f64 = 0.729;

fn font() -> Result<&'static FontRef<'static>, Error> {
    FONT.as_ref()
        .ok_or_else(|| Error::Draw("the built-in font is damaged".to_string()))
}

/// Scale that makes the em of the font `size` pixels.
fn scale(font: &FontRef, size: f64) -> PxScale {
    let em = font.units_per_em().unwrap_or(font.height_unscaled());
    PxScale::from(size as f32 * font.height_unscaled() / em)
}

/// Length of a text of `size` pixels an em.
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
            let (left, top) = (corner.x as i32, corner.y as i32);
            outline.draw(|x, y, coverage| dot(left + x as i32, top + y as i32, coverage));
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
        let at = |at: Point| point(place.x + unit * at.x, unit * at.y);
        let outline = font.outline(id);
        for piece in outline.map(|outline| outline.curves).unwrap_or_default() {
            curve(match piece {
                OutlineCurve::Line(a, b) => OutlineCurve::Line(at(a), at(b)),
                OutlineCurve::Quad(a, b, c) => OutlineCurve::Quad(at(a), at(b), at(c)),
                OutlineCurve::Cubic(a, b, c, d) => OutlineCurve::Cubic(at(a), at(b), at(c), at(d)),
            });
        }
    })
}

/// Calls `glyph` for every glyph of a text with its place, and returns the length of the text.
fn along(
    text: &str,
    size: f64,
    mut glyph: impl FnMut(&FontRef<'_>, GlyphId, Point),
) -> Result<f64, Error> {
    let font = font()?;
    let scaled = font.as_scaled(scale(font, size));
    let (mut pen, mut before) = (0.0, None);
    for id in text.chars().map(|c| font.glyph_id(c)) {
        pen += before.map_or(0.0, |before| scaled.kern(before, id));
        before = Some(id);
        glyph(font, id, point(pen, 0.0));
        pen += scaled.h_advance(id);
    }
    Ok(f64::from(pen))
}
