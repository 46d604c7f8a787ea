//! [`FieldPlace`]: where the cells of a field lie on a picture.

use super::{
    canvas::{Point, Rect},
    reduced::Reduced,
};

/// Where the cells of a field lie on a picture.
#[derive(Clone, Copy)]
pub(super) struct FieldPlace<'a> {
    pub panel: &'a Rect,
    pub field: &'a Reduced,
}

impl FieldPlace<'_> {
    /// Lines in cells as lines in pixels.
    pub fn of(&self, lines: Vec<Vec<Point>>) -> Vec<Vec<Point>> {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        let place = |(x, y): Point| {
            (
                panel.left as f64 + x / columns as f64 * panel.width as f64,
                panel.bottom() as f64 - y / rows as f64 * panel.height as f64,
            )
        };
        let line = |line: Vec<Point>| line.into_iter().map(place).collect();
        lines.into_iter().map(line).collect()
    }

    /// Whether a part of the panel shows finite values alone.
    pub fn are_finite(&self, part: &Rect) -> bool {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        let cells = |from: usize, to: usize, start: usize, length: usize, count: usize| {
            let cell = |at: usize| (at.saturating_sub(start) * count / length).min(count - 1);
            cell(from)..=cell(to)
        };
        let down = cells(part.top, part.bottom(), panel.top, panel.height, rows);
        let across = cells(part.left, part.right(), panel.left, panel.width, columns);
        down.flat_map(|row| across.clone().map(move |column| (rows - 1 - row, column)))
            .all(|(row, column)| self.field.cell(row, column).is_finite())
    }
}
