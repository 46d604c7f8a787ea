//! [`FieldPlace`]: the position of the cells of a field on a picture.

use super::{
    canvas::{Point, Rect},
    reduced::{Cuts, Reduced},
};

/// A field and the panel that shows its cells.
#[derive(Clone, Copy)]
pub(super) struct FieldPlace<'a> {
    pub panel: &'a Rect,
    pub field: &'a Reduced,
    pub cuts: Cuts,
}

impl FieldPlace<'_> {
    /// Converts lines from cells to pixels.
    pub fn of(&self, mut lines: Vec<Vec<Point>>) -> Vec<Vec<Point>> {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        for (x, y) in lines.iter_mut().flatten() {
            *x = panel.left as f64 + self.cuts.x.share(*x, columns) * panel.width as f64;
            *y = panel.bottom() as f64 - self.cuts.y.share(*y, rows) * panel.height as f64;
        }
        lines
    }

    /// Whether a part of the panel shows only finite values.
    pub fn are_finite(&self, part: &Rect) -> bool {
        let (rows, columns) = self.field.dimensions();
        let panel = self.panel;
        let Cuts { x, y } = self.cuts;
        let row_at = |pixel: usize| y.cell_at(pixel.saturating_sub(panel.top), panel.height, rows);
        let column_at =
            |pixel: usize| x.cell_at(pixel.saturating_sub(panel.left), panel.width, columns);
        let (first_row, last_row) = (row_at(part.top), row_at(part.bottom()));
        let (first_column, last_column) = (column_at(part.left), column_at(part.right()));
        (first_row..=last_row).all(|row| {
            (first_column..=last_column)
                .all(|column| self.field.cell(rows - 1 - row, column).is_finite())
        })
    }
}
