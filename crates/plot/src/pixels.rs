//! How the values of a field become the values of pixels.

use super::reduced::Reduced;

/// The cell whose node lies at the centre of a pixel: a magnified node covers equal pixels.
fn magnified(cells: usize, pixels: usize) -> impl Iterator<Item = usize> {
    (0..pixels).map(move |k| (2 * k + 1) * cells / (2 * pixels))
}

/// A field as `width` by `height` pixels, top row of the picture first.
pub(super) fn image(reduced: &Reduced, width: usize, height: usize) -> impl Iterator<Item = f64> {
    let (rows, columns) = reduced.dimensions();
    let rows: Vec<usize> = magnified(rows, height).collect();
    let columns: Vec<usize> = magnified(columns, width).collect();
    rows.into_iter().rev().flat_map(move |row| {
        let columns = columns.clone();
        columns
            .into_iter()
            .map(move |column| reduced.cell(row, column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Error, values::Values};
    use ndarray::{Array2, ArrayView2, array, s};
    use std::ops::Range;

    fn drawn(field: &dyn Values, width: usize, height: usize) -> Vec<f64> {
        let reduced = Reduced::new(field, height, width).expect("values in memory");
        image(&reduced, width, height).collect()
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
