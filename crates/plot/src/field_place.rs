//! [`FieldPlace`]: the position of the cells of a field on a picture.

use super::{
    canvas::{Point, Rect},
    reduced::Reduced,
};

/// A field and the panel that shows its cells.
#[derive(Clone, Copy)]
pub(super) struct FieldPlace<'a> {
    pub panel: &'a Rect,
    pub field: &'a Reduced,
}

impl FieldPlace<'_> {
    /// Converts lines from cells to pixels.
    pub fn of(&self, mut lines: Vec<Vec<Point>>) -> Vec<Vec<Point>> {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        for (x, y) in lines.iter_mut().flatten() {
            *x = panel.left as f64 + *x / columns as f64 * panel.width as f64;
            *y = panel.bottom() as f64 - *y / rows as f64 * panel.height as f64;
        }
        lines
    }

    /// Whether a part of the panel shows only finite values.
    pub fn are_finite(&self, part: &Rect) -> bool {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        let first_row = cell_of(part.top, panel.top, panel.height, rows);
        let last_row = cell_of(part.bottom(), panel.top, panel.height, rows);
        let first_column = cell_of(part.left, panel.left, panel.width, columns);
        let last_column = cell_of(part.right(), panel.left, panel.width, columns);
        (first_row..=last_row).all(|row| {
            (first_column..=last_column)
                .all(|column| self.field.cell(rows - 1 - row, column).is_finite())
        })
    }
}

/// The cell of a pixel, along an axis whose `count` cells fill `length` pixels from `start` on.
fn cell_of(pixel: usize, start: usize, length: usize, count: usize) -> usize {
    (pixel.saturating_sub(start) * count / length).min(count - 1)
}
