//! [`ContourLabels`]: the values of contour lines, written on them.

use super::{
    canvas::{Anchor, Canvas, Pen, Point, Rect},
    decimal,
    error::Error,
    field_place::FieldPlace,
    text::{DIGIT, width},
};

/// Labels on contour lines. Each label is placed where its line is nearly horizontal, within the panel, on finite
/// values, and apart from other labels.
pub(super) struct ContourLabels<'a> {
    field: FieldPlace<'a>,
    /// The size of the text, its em.
    size: f64,
    occupied: Vec<Rect>,
}

impl<'a> ContourLabels<'a> {
    /// Labels in a panel. `em` is the size of the text beside its axes.
    pub fn new(field: FieldPlace<'a>, em: f64) -> Self {
        Self {
            field,
            size: 0.85 * em,
            occupied: Vec::new(),
        }
    }

    /// Draws the lines of a value, each with its label in a gap. A short line, or one without space, has no label.
    pub fn draw(
        &mut self,
        canvas: &mut dyn Canvas,
        value: f64,
        lines: Vec<Vec<Point>>,
        pen: Pen,
    ) -> Result<(), Error> {
        let label = decimal::short(value, 6);
        let label_width = width(&label, self.size)? + 0.5 * self.size;
        let label_height = (DIGIT + 0.5) * self.size;
        let (mut rooms, mut drawn) = (Vec::new(), Vec::new());
        for line in lines {
            match self.place(&line, (label_width, label_height)) {
                None => drawn.push(line),
                Some(room) => {
                    drawn.extend(outside(&line, &room));
                    self.occupied.push(room);
                    rooms.push(room);
                }
            }
        }
        canvas.stroke(&drawn, pen, *self.field.panel)?;
        for room in rooms {
            let middle = room.left as f64 + room.width as f64 / 2.0;
            let base = room.top as f64 + (room.height as f64 + DIGIT * self.size) / 2.0;
            canvas.write_in(
                pen.colour,
                &label,
                self.size,
                (middle, base),
                Anchor::Centre,
            )?;
        }
        Ok(())
    }

    /// The best position on a line for a label of the given width and height.
    fn place(&self, line: &[Point], (width, height): (f64, f64)) -> Option<Rect> {
        let length: f64 = line
            .windows(2)
            .map(|piece| distance(piece[0], piece[1]))
            .sum();
        if length < 3.0 * width {
            return None;
        }
        let places = line.windows(2).enumerate().filter_map(|(number, piece)| {
            let [(x1, y1), (x2, y2)] = [piece[0], piece[1]];
            let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
            let room = self.room((x - width / 2.0, y - height / 2.0), (width, height))?;
            // Among slopes that nobody tells apart, the middle of a line is preferred, and the uppermost place of a
            // closed line.
            let slope = (8.0 * slope(line, number, (x, y), width)).round();
            let is_closed = line.first() == line.last();
            let preference = if is_closed {
                y
            } else {
                (number as f64 - line.len() as f64 / 2.0).abs()
            };
            slope.is_finite().then_some((slope, preference, room))
        });
        let best_place = places.min_by(|left, right| {
            (left.0, left.1)
                .partial_cmp(&(right.0, right.1))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        best_place.map(|(.., room)| room)
    }

    /// The rectangle of a label with this upper left corner and size, if it is free.
    fn room(&self, (left, top): Point, (width, height): Point) -> Option<Rect> {
        let gap = self.size / 2.0;
        let panel = self.field.panel;
        let is_inside = left >= panel.left as f64 + gap
            && top >= panel.top as f64 + gap
            && left + width + gap <= panel.right() as f64
            && top + height + gap <= panel.bottom() as f64;
        let room = Rect {
            left: left.max(0.0) as usize,
            top: top.max(0.0) as usize,
            width: width.ceil() as usize,
            height: height.ceil() as usize,
        };
        let gap = gap as usize;
        let is_free = self.occupied.iter().all(|other| {
            room.right() + gap <= other.left
                || other.right() + gap <= room.left
                || room.bottom() + gap <= other.top
                || other.bottom() + gap <= room.top
        });
        let surroundings = Rect {
            left: room.left.saturating_sub(gap),
            top: room.top.saturating_sub(gap),
            width: room.width + 2 * gap,
            height: room.height + 2 * gap,
        };
        (is_inside && is_free && self.field.are_finite(&surroundings)).then_some(room)
    }
}

/// The rise of a line over the width of a label around a position, which follows point `number` of the line; 0 for a
/// horizontal line.
fn slope(line: &[Point], number: usize, (x, y): Point, width: f64) -> f64 {
    let (points_before, points_after) = line.split_at(number + 1);
    let nearby_points = points_before
        .iter()
        .rev()
        .take_while(|point| distance(**point, (x, y)) <= width / 2.0)
        .chain(
            points_after
                .iter()
                .take_while(|point| distance(**point, (x, y)) <= width / 2.0),
        )
        .chain(&line[number..number + 2]);
    let rises =
        nearby_points.map(|point| (point.1 - y).abs() / distance(*point, (x, y)).max(width / 2.0));
    rises.fold(0.0, f64::max)
}

/// The parts of a line outside a rectangle.
fn outside(line: &[Point], room: &Rect) -> Vec<Vec<Point>> {
    let columns = room.left as f64..=room.right() as f64;
    let rows = room.top as f64..=room.bottom() as f64;
    let mut points = Vec::new();
    for piece in line.windows(2) {
        let (start, end) = (piece[0], piece[1]);
        points.push(start);
        let is_beside = start.0.max(end.0) < *columns.start()
            || start.0.min(end.0) > *columns.end()
            || start.1.max(end.1) < *rows.start()
            || start.1.min(end.1) > *rows.end();
        // A piece that may cross the rectangle gets a point every pixel.
        let count = if is_beside { 0.0 } else { distance(start, end) } as usize;
        points.extend((1..count).map(|number| {
            let fraction = number as f64 / count as f64;
            (
                start.0 + fraction * (end.0 - start.0),
                start.1 + fraction * (end.1 - start.1),
            )
        }));
    }
    points.extend(line.last());
    let parts = points.split(|(x, y)| columns.contains(x) && rows.contains(y));
    parts
        .filter(|part| part.len() > 1)
        .map(<[Point]>::to_vec)
        .collect()
}

fn distance(start: Point, end: Point) -> f64 {
    (end.0 - start.0).hypot(end.1 - start.1)
}
