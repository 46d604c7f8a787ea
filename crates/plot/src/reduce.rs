//! How a field is reduced: by several threads, read once.

use super::{
    error::Error,
    reduced::{Extrema, Reduced},
    reduction::{CellShare, LineMeans},
    values::{Values, for_each_part, layout},
};
use rayon::prelude::*;
use std::ops::Range;

/// Fields of fewer values are reduced by one thread.
const FEW: usize = 1 << 18;
/// A larger field is reduced in so many parts.
const PARTS: usize = 64;

impl Reduced {
    /// Reduces a field to at most `rows` by `columns` cells. It is read once, by several threads; the
    /// result does not depend on their number.
    ///
    /// # Errors
    /// [`Error::Values`] when it cannot be read, [`Error::Empty`] when it has no values.
    pub fn new(field: &dyn Values, rows: usize, columns: usize) -> Result<Self, Error> {
        let (all_rows, all_columns) = field.dimensions();
        let size = (rows.min(all_rows), columns.min(all_columns));
        if let Some(reduced) = field.reduced().filter(|known| known.dimensions() == size) {
            return Ok(reduced.clone());
        }
        if all_rows == 0 || all_columns == 0 {
            return Err(Error::Empty(all_rows, all_columns));
        }
        let in_columns = field.are_in_columns();
        let up = LineMeans::new(all_rows, rows);
        let across = LineMeans::new(all_columns, columns);
        let (over_lines, along) = match in_columns {
            false => (up, across),
            true => (across, up),
        };
        let (lines, length) = layout(field);
        let parts = match lines.saturating_mul(length) {
            0..FEW => 1,
            _ => PARTS.min(over_lines.cells()),
        };
        let cuts = |part: usize| part * over_lines.cells() / parts;
        let reduced: Vec<(Vec<f64>, Extrema)> = (0..parts)
            .into_par_iter()
            .map(|part| reduce(field, over_lines, along, cuts(part)..cuts(part + 1)))
            .collect::<Result<_, Error>>()?;
        let ends = reduced.iter().map(|(_, ends)| *ends);
        let ends = ends.fold(Extrema::default(), Extrema::and);
        let cells: Vec<f64> = reduced.into_iter().flat_map(|(cells, _)| cells).collect();
        let (rows, columns) = (up.cells(), across.cells());
        let cells = match in_columns {
            false => cells,
            true => (0..rows * columns)
                .map(|at| cells[at % columns * rows + at / columns])
                .collect(),
        };
        Ok(Self {
            rows,
            columns,
            cells,
            ends,
        })
    }
}

/// Some cells of a field, line after line, with the ends of the values that they cover.
fn reduce(
    field: &dyn Values,
    over_lines: LineMeans,
    along: LineMeans,
    cells: Range<usize>,
) -> Result<(Vec<f64>, Extrema), Error> {
    let lines = over_lines.covered(cells.start).start..over_lines.covered(cells.end - 1).end;
    let mut reduced = vec![0.0; along.cells() * cells.len()];
    let mut line = vec![0.0; along.cells()];
    let (mut runs, mut of_runs): (Vec<CellShare>, _) = (Vec::new(), 0..0);
    let mut ends = Extrema::default();
    for_each_part(field, lines, |part| {
        if of_runs != part.along {
            (runs, of_runs) = (along.runs(&part.along), part.along.clone());
        }
        ends = ends.and(Extrema::of(part.values));
        let touched = along.reached(&part.along);
        let of_lines = part.values.chunks_exact(part.along.len());
        for (number, values) in part.lines.clone().zip(of_lines) {
            line[touched.clone()].fill(0.0);
            for run in &runs {
                let weighted = values[run.places.clone()].iter().map(|v| run.weight * v);
                line[run.cell] += weighted.sum::<f64>();
            }
            let reached = over_lines.reached(&(number..number + 1));
            for cell in reached.start.max(cells.start)..reached.end.min(cells.end) {
                let weight = over_lines.weight(number, cell);
                let sums = &mut reduced[(cell - cells.start) * along.cells()..][touched.clone()];
                for (sum, value) in sums.iter_mut().zip(&line[touched.clone()]) {
                    *sum += weight * value;
                }
            }
        }
    })?;
    Ok((reduced, ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ArrayView2, array, s};

    fn drawn(field: &dyn Values, width: usize, height: usize) -> Vec<f64> {
        let reduced = Reduced::new(field, height, width).expect("values in memory");
        reduced.pixels(width, height).collect()
    }

    /// A field that is read a few values at a time, in rows or in columns.
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
