//! The values of a field, and how they become the values of pixels.

use ndarray::ArrayView2;

/// A two-dimensional field that can be read row by row.
///
/// It is implemented for every [`ArrayView2`] of an [`Element`]. Others, such as a mapped file of another
/// byte order, can implement it and are drawn without a copy.
pub trait Values {
    /// Rows (along y) and columns (along x).
    fn dimensions(&self) -> (usize, usize);

    /// Fills `into`, which is one row long, with row `j`.
    fn read_row(&self, j: usize, into: &mut [f64]);
}

/// An element that a picture can show.
pub trait Element: Copy {
    /// Its value, perhaps rounded.
    fn value(self) -> f64;
}

macro_rules! numbers {
    ($($kind:ty)*) => {
        $(impl Element for $kind {
            fn value(self) -> f64 {
                self as f64
            }
        })*
    };
}

numbers!(f64 f32 i8 i16 i32 i64 u8 u16 u32 u64);

impl Element for bool {
    fn value(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl<T: Element> Values for ArrayView2<'_, T> {
    fn dimensions(&self) -> (usize, usize) {
        self.dim()
    }

    fn read_row(&self, j: usize, into: &mut [f64]) {
        for (to, from) in into.iter_mut().zip(self.row(j)) {
            *to = from.value();
        }
    }
}

/// How a line of nodes is resampled to a line of pixels.
enum Resampling {
    /// Magnified: the node whose cell holds the centre of each pixel.
    Nearest(Vec<usize>),
    /// Reduced: for each pixel its first node, and the weight of that node and of those after it.
    /// The weights of a pixel add up to 1, so that no sum of large values overflows.
    Mean(Vec<(usize, Vec<f64>)>),
}

impl Resampling {
    fn new(nodes: usize, pixels: usize) -> Self {
        if pixels >= nodes {
            let centre = |k| (2 * k + 1) * nodes / (2 * pixels);
            return Self::Nearest((0..pixels).map(centre).collect());
        }
        // In units of 1/pixels of a cell, cell i is [i, i+1)·pixels and pixel k is [k, k+1)·nodes.
        let overlap = |k: usize, i: usize| {
            let low = (i * pixels).max(k * nodes);
            let high = ((i + 1) * pixels).min((k + 1) * nodes);
            (high - low) as f64 / nodes as f64
        };
        let pixel = |k: usize| {
            let first = k * nodes / pixels;
            let end = ((k + 1) * nodes).div_ceil(pixels);
            (first, (first..end).map(|i| overlap(k, i)).collect())
        };
        Self::Mean((0..pixels).map(pixel).collect())
    }

    /// One row of nodes as one row of pixels.
    fn reduce(&self, row: &[f64], into: &mut [f64]) {
        match self {
            Self::Nearest(node) => {
                for (to, i) in into.iter_mut().zip(node) {
                    *to = row[*i];
                }
            }
            Self::Mean(pixels) => {
                for (to, (first, weights)) in into.iter_mut().zip(pixels) {
                    *to = row[*first..].iter().zip(weights).map(|(v, w)| v * w).sum();
                }
            }
        }
    }
}

/// The field as `width` by `height` pixels, top row of the picture first.
///
/// A pixel that covers several nodes shows their mean; one value that is not finite makes it not
/// finite, so that the first NaN of a field of any size stays visible.
pub(super) fn pixels(values: &dyn Values, width: usize, height: usize) -> Vec<f64> {
    let (rows, columns) = values.dimensions();
    let across = Resampling::new(columns, width);
    let mut row = vec![0.0; columns];
    let mut image = vec![0.0; width * height];
    let lines = image.chunks_exact_mut(width).rev();
    match Resampling::new(rows, height) {
        Resampling::Nearest(node) => {
            let mut shown = None;
            let mut reduced = vec![0.0; width];
            for (line, j) in lines.zip(node) {
                if shown != Some(j) {
                    values.read_row(j, &mut row);
                    across.reduce(&row, &mut reduced);
                    shown = Some(j);
                }
                line.copy_from_slice(&reduced);
            }
        }
        Resampling::Mean(pixels) => {
            // A row that two lines of pixels share is read twice: at most two rows a line.
            let mut reduced = vec![0.0; width];
            for (line, (first, weights)) in lines.zip(pixels) {
                for (j, weight) in (first..).zip(weights) {
                    values.read_row(j, &mut row);
                    across.reduce(&row, &mut reduced);
                    for (sum, value) in line.iter_mut().zip(&reduced) {
                        *sum += weight * value;
                    }
                }
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn the_first_row_lies_at_the_bottom() {
        let field = array![[1.0, 2.0], [3.0, 4.0]];
        assert_eq!(pixels(&field.view(), 2, 2), [3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_magnified_node_covers_equal_rectangles() {
        let field = array![[1u8, 2, 3]];
        let image = pixels(&field.view(), 9, 2);
        assert_eq!(image[..9], [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
        assert_eq!(image[..9], image[9..]);
    }

    #[test]
    fn reduced_nodes_are_means_that_weigh_shared_nodes() {
        let field = array![[0.0, 3.0, 6.0]];
        assert_eq!(pixels(&field.view(), 2, 1), [1.0, 5.0]);
        let field = Array2::from_shape_fn((101, 67), |(j, i)| (j * i) as f64);
        let image = pixels(&field.view(), 13, 17);
        let mean = image.iter().sum::<f64>() / image.len() as f64;
        let expected = field.mean().unwrap_or(f64::NAN);
        assert!((mean - expected).abs() < 1e-9 * expected);
    }

    #[test]
    fn huge_values_do_not_overflow_and_nan_is_not_averaged_away() {
        let mut field = Array2::from_elem((64, 64), 1.7e308);
        assert!(pixels(&field.view(), 5, 5).iter().all(|v| v.is_finite()));
        field[[0, 63]] = f64::NAN;
        let image = pixels(&field.view(), 5, 5);
        assert!(image[24].is_nan());
        assert_eq!(image.iter().filter(|v| v.is_nan()).count(), 1);
    }
}
