//! [`ContourLabels`]: the values of contour lines, written on them.

use super::{
    canvas::{Anchor, Canvas, Pen, Point, Rect},
    decimal,
    error::Error,
    field_place::FieldPlace,
    text::{DIGIT, width},
};

/// Labels on contour lines. Each stands where its line is nearly horizontal, inside of the panel, on values that are finite, and
/// beside the others.
pub(super) struct ContourLabels<'a> {
    field: FieldPlace<'a>,
    /// Size of the text: the em.
    size: f64,
    taken: Vec<Rect>,
}

impl<'a> ContourLabels<'a> {
    /// Labels in a panel beside whose axes text is so large.
    pub fn new(field: FieldPlace<'a>, em: f64) -> Self {
        Self {
            field,
            size: 0.85 * em,
            taken: Vec::new(),
        }
    }

    /// Draws the lines of a value, and in a gap of each its label; not where the line is short, or there is no room.
    pub fn draw(
        &mut self,
        canvas: &mut dyn Canvas,
        value: f64,
        lines: Vec<Vec<Point>>,
        pen: Pen,
    ) -> Result<(), Error> {
        let label = decimal::short(value, 6);
        let across = width(&label, self.size)? + 0.5 * self.size;
        let up = (DIGIT + 0.5) * self.size;
        let (mut rooms, mut drawn) = (Vec::new(), Vec::new());
        for line in lines {
            match self.place(&line, (across, up)) {
                None => drawn.push(line),
                Some(room) => {
                    drawn.extend(outside(&line, &room));
                    self.taken.push(room);
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

    /// The best place of a label of some size on a line.
    fn place(&self, line: &[Point], (across, up): (f64, f64)) -> Option<Rect> {
        let pieces = || line.windows(2);
        let length: f64 = pieces().map(|piece| distance(piece[0], piece[1])).sum();
        if length < 3.0 * across {
            return None;
        }
        let places = pieces().enumerate().filter_map(|(number, piece)| {
            let [(x1, y1), (x2, y2)] = [piece[0], piece[1]];
            let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
            let room = self.room((x - across / 2.0, y - up / 2.0), (across, up))?;
            // Slopes that nobody tells apart are one; of these the middle of the line, and on a closed one the uppermost.
            let slope = (8.0 * slope(line, number, (x, y), across)).round();
            let preferred = match line.first() == line.last() {
                true => y,
                false => (number as f64 - line.len() as f64 / 2.0).abs(),
            };
            slope.is_finite().then_some((slope, preferred, room))
        });
        let best = places.min_by(|one, two| {
            (one.0, one.1)
                .partial_cmp(&(two.0, two.1))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        best.map(|(.., room)| room)
    }

    /// The pixels of a label with this corner and size, if they are free.
    fn room(&self, (left, top): Point, (across, up): Point) -> Option<Rect> {
        let gap = self.size / 2.0;
        let panel = self.field.panel;
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
        let is_free = is_inside && self.taken.iter().all(is_apart);
        let around = Rect {
            left: room.left.saturating_sub(gap),
            top: room.top.saturating_sub(gap),
            width: room.width + 2 * gap,
            height: room.height + 2 * gap,
        };
        (is_free && self.field.are_finite(&around)).then_some(room)
    }
}

/// How much a line rises over the width of a label around a place, which follows point `number` of it: 0 of a horizontal line.
fn slope(line: &[Point], number: usize, (x, y): Point, across: f64) -> f64 {
    let is_near = |point: &&Point| distance(**point, (x, y)) <= across / 2.0;
    let (before, after) = line.split_at(number + 1);
    let near = before.iter().rev().take_while(is_near);
    let near = near.chain(after.iter().take_while(is_near));
    let ends = near.chain(&line[number..number + 2]);
    let rises = ends.map(|point| (point.1 - y).abs() / distance(*point, (x, y)).max(across / 2.0));
    rises.fold(0.0, f64::max)
}

/// What of a line lies outside of a rectangle.
fn outside(line: &[Point], room: &Rect) -> Vec<Vec<Point>> {
    let (left, right) = (room.left as f64, room.right() as f64);
    let (top, bottom) = (room.top as f64, room.bottom() as f64);
    let mut points = Vec::new();
    for piece in line.windows(2) {
        let [one, two] = [piece[0], piece[1]];
        points.push(one);
        let is_beside = one.0.max(two.0) < left
            || one.0.min(two.0) > right
            || one.1.max(two.1) < top
            || one.1.min(two.1) > bottom;
        let count = if is_beside { 0.0 } else { distance(one, two) } as usize;
        points.extend((1..count).map(|number| {
            let share = number as f64 / count as f64;
            (
                one.0 + share * (two.0 - one.0),
                one.1 + share * (two.1 - one.1),
            )
        }));
    }
    points.extend(line.last());
    let is_inside = |&(x, y): &Point| (left..=right).contains(&x) && (top..=bottom).contains(&y);
    let parts = points.split(is_inside).filter(|part| part.len() > 1);
    parts.map(<[Point]>::to_vec).collect()
}

fn distance(one: Point, two: Point) -> f64 {
    (two.0 - one.0).hypot(two.1 - one.1)
}
