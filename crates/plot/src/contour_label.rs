//! [`ContourLabels`]: the values of contour lines, written on them.

use super::{
    canvas::{Anchor, Canvas, Point, Rect},
    decimal,
    error::Error,
    text::{DIGIT, width},
};

const WHITE: [u8; 3] = [255; 3];

/// Labels on contour lines. Each stands where its line is nearly horizontal, inside of the panel and beside the others.
pub(super) struct ContourLabels {
    panel: Rect,
    /// Size of the text: the em.
    size: f64,
    taken: Vec<Rect>,
}

impl ContourLabels {
    /// Labels in a panel beside whose axes text is so large.
    pub fn new(panel: Rect, em: f64) -> Self {
        Self {
            panel,
            size: 0.85 * em,
            taken: Vec::new(),
        }
    }

    /// Writes a value on its line, which is given as pieces of two points; not where the line is short, or there is no
    /// room.
    pub fn write(
        &mut self,
        canvas: &mut dyn Canvas,
        value: f64,
        line: &[Vec<Point>],
    ) -> Result<(), Error> {
        let label = decimal::short(value, 6);
        let across = width(&label, self.size)? + 0.5 * self.size;
        let up = (DIGIT + 0.5) * self.size;
        let length: f64 = line.iter().map(|piece| distance(piece)).sum();
        if length < 4.0 * across {
            return Ok(());
        }
        let places = line.iter().filter_map(|piece| {
            let [(x1, y1), (x2, y2)] = piece[..] else {
                return None;
            };
            // Slopes that nobody tells apart are one; of these the uppermost place.
            let slope = (8.0 * (y2 - y1).abs() / distance(piece)).round();
            let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
            let room = self.room((x - across / 2.0, y - up / 2.0), (across, up))?;
            slope.is_finite().then_some((slope, y, room))
        });
        let best = places.min_by(|one, two| {
            (one.0, one.1)
                .partial_cmp(&(two.0, two.1))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let Some((.., room)) = best else {
            return Ok(());
        };
        self.taken.push(room);
        canvas.fill(room, WHITE)?;
        let middle = room.left as f64 + room.width as f64 / 2.0;
        let base = room.top as f64 + (room.height as f64 + DIGIT * self.size) / 2.0;
        canvas.write(&label, self.size, (middle, base), Anchor::Centre)
    }

    /// The pixels of a label with this corner and size, if they are free.
    fn room(&self, (left, top): Point, (across, up): Point) -> Option<Rect> {
        let gap = self.size / 2.0;
        let panel = &self.panel;
        let is_inside = left >= panel.left as f64 + gap
            && top >= panel.top as f64 + gap
            && left + across + gap <= panel.right() as f64
            && top + up + gap <= panel.bottom() as f64;
        let room = Rect {
            left: left.max(0.0) as usize,
            top: top.max(0.0) as usize,
            width: across.ceil() as usize,
            height: up.ceil() as usize,
        };
        let gap = gap as usize;
        let is_apart = |other: &Rect| {
            room.right() + gap <= other.left
                || other.right() + gap <= room.left
                || room.bottom() + gap <= other.top
                || other.bottom() + gap <= room.top
        };
        (is_inside && self.taken.iter().all(is_apart)).then_some(room)
    }
}

fn distance(piece: &[Point]) -> f64 {
    match piece {
        [one, two] => (two.0 - one.0).hypot(two.1 - one.1),
        _ => 0.0,
    }
}
