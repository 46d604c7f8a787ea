//! Smooth lines on a [`Bitmap`].

use super::canvas::{Bitmap, Rect};

/// A point in pixels; (0, 0) is the upper left corner of the upper left pixel.
pub(super) type Point = (f64, f64);

/// Lines on a part of a picture: how much of each pixel they cover.
///
/// Where lines meet, the larger coverage counts, so that their joints are no darker than they are.
pub(super) struct Ink {
    rect: Rect,
    coverage: Vec<u8>,
}

impl Ink {
    pub fn new(rect: Rect) -> Self {
        Self {
            rect,
            coverage: vec![0; rect.width * rect.height],
        }
    }

    /// A line of some thickness in pixels, with round ends; what lies outside is left out.
    pub fn line(&mut self, (from, to): (Point, Point), thickness: f64) {
        let reach = thickness / 2.0 + 0.5;
        let origin = (self.rect.left as f64, self.rect.top as f64);
        let (a, b) = (
            (from.0 - origin.0, from.1 - origin.1),
            (to.0 - origin.0, to.1 - origin.1),
        );
        if ![a.0, a.1, b.0, b.1].into_iter().all(f64::is_finite) {
            return;
        }
        let pixels = |low: f64, high: f64, length: usize| {
            let bound = |at: f64| at.clamp(0.0, length as f64) as usize;
            bound((low - reach).floor())..bound((high + reach).ceil())
        };
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let squared = dx * dx + dy * dy;
        for y in pixels(a.1.min(b.1), a.1.max(b.1), self.rect.height) {
            for x in pixels(a.0.min(b.0), a.0.max(b.0), self.rect.width) {
                let (px, py) = (x as f64 + 0.5 - a.0, y as f64 + 0.5 - a.1);
                let along = match squared > 0.0 {
                    true => ((px * dx + py * dy) / squared).clamp(0.0, 1.0),
                    false => 0.0,
                };
                let distance = (px - along * dx).hypot(py - along * dy);
                let covered = (255.0 * (reach - distance).clamp(0.0, 1.0)).round() as u8;
                let pixel = &mut self.coverage[y * self.rect.width + x];
                *pixel = covered.max(*pixel);
            }
        }
    }

    /// Colours what the lines cover, up to `opacity` from 0 to 1.
    pub fn print(&self, bitmap: &mut Bitmap, colour: [u8; 3], opacity: f64) {
        let rows = self.coverage.chunks_exact(self.rect.width.max(1));
        for (y, row) in rows.enumerate() {
            for (x, &covered) in row.iter().enumerate().filter(|(_, covered)| **covered > 0) {
                let share = f64::from(covered) / 255.0 * opacity;
                bitmap.mix(self.rect.left + x, self.rect.top + y, colour, share);
            }
        }
    }
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
        let mut ink = Ink::new(rect);
        ink.line(((-100.0, 4.5), (100.0, 4.5)), 1.0);
        ink.line(((f64::NAN, 4.5), (100.0, 4.5)), 1.0);
        ink.print(&mut bitmap, [0; 3], 1.0);
        for (x, y) in (0..9).flat_map(|x| (0..9).map(move |y| (x, y))) {
            let is_inked = bitmap.pixel(x, y) == Some([0; 3]);
            assert_eq!(is_inked, y == 4 && (2..7).contains(&x), "{x} {y}");
        }
    }
}
