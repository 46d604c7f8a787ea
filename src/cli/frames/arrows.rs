//! Arrows over a frame of two components.

use super::array::{Frames, unread};
use crate::cli::error::Error;
use diff2d_arrays::labels::NamedAxis;
use diff2d_plot::Values;

/// About so many arrows lie along the longer side of a frame.
const ALONG_SIDE: f64 = 24.0;
/// The share of the distance between arrows that the longest ones have, and that below which none is drawn.
const LONGEST: f64 = 0.9;
const SHORTEST: f64 = 0.06;
/// The share of arrows that have a length of their own: those beyond, beside edges and corners, are as long as the longest of these.
const MEASURED: f64 = 0.9;
/// The length of each side of an arrow's head beside that of the arrow, along it and across.
const HEAD: [f64; 2] = [0.3, 0.15];

impl Frames<'_> {
    /// The arrows over a frame, each a line through points in fractions of its width and height; none where its values have
    /// no direction.
    pub(super) fn arrows(&self, index: u64) -> Result<Vec<Vec<[f64; 2]>>, Error> {
        let Some(components) = self.component_values(index) else {
            return Ok(Vec::new());
        };
        let (rows, columns) = self.shape();
        let [height, width] = [(2, rows), (1, columns)].map(|(from_last, nodes)| {
            let axes = &self.array.labels.axes;
            let axis = axes.len().checked_sub(from_last);
            let axis = axis.and_then(|axis| self.array.labels.axis(axis));
            let spacing = axis.and_then(NamedAxis::spacing).unwrap_or(1.0).abs();
            nodes as f64 * spacing
        });
        let wanted_distance = width.max(height) / ALONG_SIDE;
        let stride = |length: f64, nodes: usize| {
            let strides = wanted_distance * nodes as f64 / length;
            (strides.ceil() as usize).clamp(1, nodes)
        };
        let [row_stride, column_stride] = [stride(height, rows), stride(width, columns)];
        let mut vectors = Vec::new();
        let mut row_values = [vec![0.0; columns], vec![0.0; columns]];
        for row in (row_stride / 2..rows).step_by(row_stride) {
            for (values, component) in row_values.iter_mut().zip(&components) {
                // A row is read in parts as the memory allows.
                for (part, values) in values.chunks_mut(self.at_a_time).enumerate() {
                    let first_column = part * self.at_a_time;
                    let columns = first_column..first_column + values.len();
                    let read = component.read(row..row + 1, columns, values);
                    read.map_err(unread)?;
                }
            }
            for column in (column_stride / 2..columns).step_by(column_stride) {
                let vector = [row_values[0][column], row_values[1][column]];
                let middle = [
                    (column as f64 + 0.5) / columns as f64 * width,
                    (row as f64 + 0.5) / rows as f64 * height,
                ];
                vectors.push((middle, vector));
            }
        }
        let distance_of_rows = height / rows as f64 * row_stride as f64;
        let distance_of_columns = width / columns as f64 * column_stride as f64;
        let distance = distance_of_rows.min(distance_of_columns);
        // Masked nodes have no vector, and what is 0 has no direction.
        vectors.retain(|(_, [x, y])| x.hypot(*y).is_normal());
        let lengths = vectors.iter().map(|(_, [x, y])| x.hypot(*y));
        let mut lengths: Vec<f64> = lengths.collect();
        lengths.sort_by(f64::total_cmp);
        let longest = lengths.get((MEASURED * lengths.len() as f64) as usize);
        let longest = longest.copied().unwrap_or_default();
        let lines = vectors.into_iter().filter_map(|(middle, [x, y])| {
            let share = (x.hypot(y) / longest).min(1.0);
            let scale = LONGEST * distance * share / x.hypot(y);
            let line = arrow(middle, [scale * x, scale * y]);
            let line = line.map(|[x, y]| [x / width, y / height]).to_vec();
            (share > SHORTEST).then_some(line)
        });
        Ok(lines.collect())
    }
}

/// The points of an arrow: its tail, its tip, and the head from there.
fn arrow([x, y]: [f64; 2], [along_x, along_y]: [f64; 2]) -> [[f64; 2]; 5] {
    let tip = [x + 0.5 * along_x, y + 0.5 * along_y];
    let tail = [x - 0.5 * along_x, y - 0.5 * along_y];
    let [back, aside] = HEAD;
    let [left, right] = [aside, -aside].map(|aside| {
        [
            tip[0] - back * along_x - aside * along_y,
            tip[1] - back * along_y + aside * along_x,
        ]
    });
    [tail, tip, left, tip, right]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_points_along_its_vector() {
        let [tail, tip, left, _, right] = arrow([1.0, 2.0], [0.0, 2.0]);
        assert_eq!((tail, tip), ([1.0, 1.0], [1.0, 3.0]));
        assert_eq!((left, right), ([0.7, 2.4], [1.3, 2.4]));
    }
}
