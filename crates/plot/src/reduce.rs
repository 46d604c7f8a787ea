//! Reduces a field by several threads, which read it once.

use super::{
    error::Error,
    reduced::{Extrema, Reduced},
    reduction::{CellWeight, LineMeans},
    values::{Values, for_each_part, layout},
};
use rayon::prelude::*;
use std::ops::Range;

/// The number of values below which one thread reduces a field.
const FEW: usize = 1 << 18;
/// The number of parts in which a larger field is reduced.
const PARTS: usize = 64;

impl Reduced {
    /// Reduces a field to at most `rows` by `columns` cells. Several threads read it, once; the
    /// result does not depend on their number.
    ///
    /// # Errors
    /// [`Error`] if the field cannot be read, or has no values.
    pub fn new(field: &dyn Values, rows: usize, columns: usize) -> Result<Self, Error> {
        let (field_rows, field_columns) = field.dimensions();
        let size = (rows.min(field_rows), columns.min(field_columns));
        if let Some(reduced) = field
            .reduced()
            .filter(|reduced| reduced.dimensions() == size)
        {
            return Ok(reduced.clone());
        }
        if field_rows == 0 || field_columns == 0 {
            return Err(Error::empty(field_rows, field_columns));
        }
        let in_columns = field.are_in_columns();
        let row_means = LineMeans::new(field_rows, rows);
        let column_means = LineMeans::new(field_columns, columns);
        let (line_means, means_in_line) = if in_columns {
            (column_means, row_means)
        } else {
            (row_means, column_means)
        };
        let (lines, length) = layout(field);
        let parts = match lines.saturating_mul(length) {
            0..FEW => 1,
            _ => PARTS.min(line_means.cells()),
        };
        let reduced: Vec<(Vec<f64>, Extrema)> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let start = part * line_means.cells() / parts;
                let end_cell = (part + 1) * line_means.cells() / parts;
                reduce(field, line_means, means_in_line, start..end_cell)
            })
            .collect::<Result<_, Error>>()?;
        let extrema = reduced.iter().map(|(_, extrema)| *extrema);
        let extrema = extrema.fold(Extrema::default(), Extrema::and);
        let cells: Vec<f64> = reduced.into_iter().flat_map(|(cells, _)| cells).collect();
        let (rows, columns) = (row_means.cells(), column_means.cells());
        let cells = if in_columns {
            (0..rows * columns)
                .map(|cell| cells[cell % columns * rows + cell / columns])
                .collect()
        } else {
            cells
        };
        Ok(Self {
            rows,
            columns,
            cells,
            ends: extrema,
        })
    }
}

/// Reduces the lines of a field that the given cells cover. Returns the cells line after line, with the extrema of the
/// values that they cover.
fn reduce(
    field: &dyn Values,
    line_means: LineMeans,
    means_in_line: LineMeans,
    cells: Range<usize>,
) -> Result<(Vec<f64>, Extrema), Error> {
    let lines = line_means.covered(cells.start).start..line_means.covered(cells.end - 1).end;
    let mut reduced = vec![0.0; means_in_line.cells() * cells.len()];
    let mut line = vec![0.0; means_in_line.cells()];
    // The runs of the part of lines that was read last; parts of successive lines are mostly the same.
    let (mut runs, mut part_of_runs): (Vec<CellWeight>, _) = (Vec::new(), 0..0);
    let mut extrema = Extrema::default();
    for_each_part(field, lines, |part| {
        if part_of_runs != part.along {
            runs = means_in_line.runs(&part.along);
            part_of_runs = part.along.clone();
        }
        extrema = extrema.and(Extrema::of(part.values));
        let touched = means_in_line.reached(&part.along);
        let values_of_lines = part.values.chunks_exact(part.along.len());
        for (number, values) in part.lines.clone().zip(values_of_lines) {
            line[touched.clone()].fill(0.0);
            for run in &runs {
                let weighted = values[run.places.clone()]
                    .iter()
                    .map(|value| run.weight * value);
                line[run.cell] += weighted.sum::<f64>();
            }
            let reached = line_means.reached(&(number..number + 1));
            for cell in reached.start.max(cells.start)..reached.end.min(cells.end) {
                let weight = line_means.weight(number, cell);
                let row = (cell - cells.start) * means_in_line.cells();
                let sums = &mut reduced[row..][touched.clone()];
                for (sum, value) in sums.iter_mut().zip(&line[touched.clone()]) {
                    *sum += weight * value;
                }
            }
        }
    })?;
    Ok((reduced, extrema))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduced::{CutEnds, Cuts};
    use ndarray::{Array2, ArrayView2, array, s};

    fn drawn(field: &dyn Values, width: usize, height: usize) -> Vec<f64> {
        let reduced = Reduced::new(field, height, width).expect("values in memory");
        reduced.pixels(width, height, Cuts::default()).collect()
    }

    /// A field that is read a few values at a time, by rows or by columns.
    struct InParts<'a>(ArrayView2<'a, f64>, bool, usize);

    impl Values for InParts<'_> {
        fn dimensions(&self) -> (usize, usize) {
            self.0.dim()
        }

        fn are_in_columns(&self) -> bool {
            self.1
        }

        fn at_a_time(&self) -> usize {
            self.2
        }

        fn read(
            &self,
            rows: Range<usize>,
            columns: Range<usize>,
            into: &mut [f64],
        ) -> Result<(), Error> {
            assert!(into.len() <= self.2);
            let part = self.0.slice(s![rows, columns]);
            let part = if self.1 { part.reversed_axes() } else { part };
            into.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            Ok(())
        }
    }

    #[test]
    fn a_field_of_any_order_is_drawn_from_a_few_values_at_a_time() {
        let field = Array2::from_shape_fn((29, 53), |(j, i)| (7 * j * j + 3 * i) as f64);
        for (width, height) in [(13, 17), (53, 29), (106, 17), (7, 87)] {
            let whole = drawn(&field.view(), width, height);
            for (in_columns, most) in [(false, 1), (false, 60), (true, 1), (true, 7), (true, 200)] {
                let parts = InParts(field.view(), in_columns, most);
                let image = drawn(&parts, width, height);
                let mut pairs = image.iter().zip(&whole);
                assert!(
                    pairs.all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs()),
                    "{most}"
                );
            }
        }
    }

    #[test]
    fn the_first_row_lies_at_the_bottom() {
        let field = array![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(drawn(&field.view(), 2, 2), [3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_magnified_node_covers_equal_rectangles() {
        let field = array![[1u8, 2, 3]];
        let image = drawn(&field.view(), 9, 2);
        assert_eq!(image[..9], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
        assert_eq!(image[..9], image[9..]);
    }

    #[test]
    fn cells_that_are_cut_show_a_half() {
        let field = array![[1.0, 2.0, 3.0]];
        let reduced = Reduced::new(&field.view(), 1, 8).expect("values in memory");
        let cuts = Cuts {
            x: CutEnds(true),
            y: CutEnds(false),
        };
        let image: Vec<f64> = reduced.pixels(8, 1, cuts).collect();
        assert_eq!(image, [1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(
            [0.5, 1.5, 2.5].map(|place| cuts.x.share(place, 3)),
            [0.0, 0.5, 1.0]
        );
    }

    #[test]
    fn reduced_nodes_are_means_that_weigh_shared_nodes() {
        let field = array![[0.0, 3.0, 6.0]];
        assert_eq!(drawn(&field.view(), 2, 1), [1.0, 5.0]);
        let field = Array2::from_shape_fn((101, 67), |(j, i)| (j * i) as f64);
        let image = drawn(&field.view(), 13, 17);
        let mean = image.iter().sum::<f64>() / image.len() as f64;
        let expected = field.mean().unwrap_or(f64::NAN);
        assert!((mean - expected).abs() < 1e-9 * expected);
    }

    #[test]
    fn huge_values_do_not_overflow_and_nan_is_not_averaged_away() {
        let mut field = Array2::from_elem((64, 64), 1.7e308);
        assert!(drawn(&field.view(), 5, 5).iter().all(|v| v.is_finite()));
        field[[0, 63]] = f64::NAN;
        let image = drawn(&field.view(), 5, 5);
        assert!(image[24].is_nan());
        assert_eq!(image.iter().filter(|v| v.is_nan()).count(), 1);
    }
}
