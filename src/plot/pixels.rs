//! The values of a field, and how they become the values of pixels.

use super::error::Error;
use ndarray::{ArrayView2, s};
use std::ops::Range;

/// A two-dimensional field that can be read in boxes, of which a few fit into memory.
///
/// It is implemented for every [`ArrayView2`] of an [`Element`]. Others, such as a frame in a file, can
/// implement it and are drawn without a copy.
pub trait Values {
    /// Rows (along y) and columns (along x).
    fn dimensions(&self) -> (usize, usize);

    /// Whether the values lie column after column, not row after row.
    fn are_in_columns(&self) -> bool {
        false
    }

    /// How many values are read at a time.
    fn at_a_time(&self) -> usize {
        1 << 16
    }

    /// Fills `into` with the values of a box, in the order in which they lie.
    ///
    /// # Errors
    /// [`Error::Values`] when they cannot be read.
    fn read(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        into: &mut [f64],
    ) -> Result<(), Error>;
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

    fn read(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        into: &mut [f64],
    ) -> Result<(), Error> {
        for (to, from) in into.iter_mut().zip(self.slice(s![rows, columns])) {
            *to = from.value();
        }
        Ok(())
    }
}

/// A box of a field: some lines, and a part of each.
///
/// A line is a row or a column, whichever the values lie in.
pub(super) struct Part<'a> {
    pub lines: Range<usize>,
    pub along: Range<usize>,
    pub values: &'a [f64],
}

/// Number of lines of a field, and their length.
fn layout(field: &dyn Values) -> (usize, usize) {
    match (field.are_in_columns(), field.dimensions()) {
        (false, (rows, columns)) => (rows, columns),
        (true, (rows, columns)) => (columns, rows),
    }
}

/// Reads a field part by part, in the order in which it lies.
pub(super) fn for_each_part(
    field: &dyn Values,
    mut take: impl FnMut(Part<'_>),
) -> Result<(), Error> {
    let (lines, length) = layout(field);
    if lines == 0 || length == 0 {
        return Ok(());
    }
    let most = field.at_a_time().max(1);
    let along_each = length.min(most);
    let lines_each = (most / along_each).min(lines);
    let mut values = Vec::new();
    values
        .try_reserve_exact(lines_each * along_each)
        .map_err(|refused| Error::Values(refused.into()))?;
    for first in (0..lines).step_by(lines_each) {
        let lines = first..lines.min(first + lines_each);
        for begin in (0..length).step_by(along_each) {
            let along = begin..length.min(begin + along_each);
            values.resize(lines.len() * along.len(), 0.0);
            let (rows, columns) = match field.are_in_columns() {
                false => (lines.clone(), along.clone()),
                true => (along.clone(), lines.clone()),
            };
            field.read(rows, columns, &mut values)?;
            take(Part {
                lines: lines.clone(),
                along,
                values: &values,
            });
        }
    }
    Ok(())
}

/// How a line of nodes becomes a line of at most as many cells: by means of the nodes that a cell covers.
#[derive(Clone, Copy)]
struct Reduction {
    nodes: u128,
    cells: u128,
}

impl Reduction {
    fn new(nodes: usize, cells: usize) -> Self {
        Self {
            nodes: nodes as u128,
            cells: cells.min(nodes) as u128,
        }
    }

    fn cells(self) -> usize {
        self.cells as usize
    }

    /// The cells that some nodes reach into.
    ///
    /// In units of 1/cells of a node, node i is [i, i+1)·cells and cell k is [k, k+1)·nodes.
    fn reached(self, nodes: &Range<usize>) -> Range<usize> {
        let (low, high) = (
            nodes.start as u128 * self.cells,
            nodes.end as u128 * self.cells,
        );
        (low / self.nodes) as usize..high.div_ceil(self.nodes) as usize
    }

    /// The weight of a node in a cell that it reaches into. The weights of a cell add up to 1, so that no
    /// sum of large values overflows.
    fn weight(self, node: usize, cell: usize) -> f64 {
        let (node, cell) = (node as u128, cell as u128);
        let low = (node * self.cells).max(cell * self.nodes);
        let high = ((node + 1) * self.cells).min((cell + 1) * self.nodes);
        (high - low) as f64 / self.nodes as f64
    }

    /// What some nodes are to the cells that they reach into: neighbours of one weight are together.
    fn runs(self, nodes: &Range<usize>) -> Vec<Run> {
        let run = |cell: usize, some: Range<usize>| Run {
            cell,
            weight: self.weight(some.start, cell),
            places: some.start - nodes.start..some.end - nodes.start,
        };
        let of_cell = |cell: usize| {
            let first = (cell as u128 * self.nodes / self.cells) as usize;
            let end = ((cell as u128 + 1) * self.nodes).div_ceil(self.cells) as usize;
            let inside = first + 1..(end - 1).max(first + 1);
            [first..inside.start, inside.clone(), inside.end..end]
                .map(|some| some.start.max(nodes.start)..some.end.min(nodes.end))
                .into_iter()
                .filter(|some| !some.is_empty())
                .map(move |some| run(cell, some))
                .collect::<Vec<_>>()
        };
        self.reached(nodes).flat_map(of_cell).collect()
    }
}

/// Neighbours of one weight in one cell, by their places in what was read.
struct Run {
    cell: usize,
    weight: f64,
    places: Range<usize>,
}

/// The cell whose node lies at the centre of a pixel: a magnified node covers equal pixels.
fn magnified(cells: usize, pixels: usize) -> impl Iterator<Item = usize> {
    (0..pixels).map(move |k| (2 * k + 1) * cells / (2 * pixels))
}

/// The field as `width` by `height` pixels, top row of the picture first.
///
/// A pixel that covers several nodes shows their mean; one value that is not finite makes it not
/// finite, so that the first NaN of a field of any size stays visible. The field is read once.
pub(super) fn pixels(field: &dyn Values, width: usize, height: usize) -> Result<Vec<f64>, Error> {
    let in_columns = field.are_in_columns();
    let (lines, length) = layout(field);
    let (across, up) = match in_columns {
        false => (length, lines),
        true => (lines, length),
    };
    let (across, up) = (Reduction::new(across, width), Reduction::new(up, height));
    let (over_lines, along) = match in_columns {
        false => (up, across),
        true => (across, up),
    };
    let mut reduced = vec![0.0; along.cells() * over_lines.cells()];
    let mut line = vec![0.0; along.cells()];
    let (mut runs, mut of_runs) = (Vec::new(), 0..0);
    for_each_part(field, |part| {
        if of_runs != part.along {
            (runs, of_runs) = (along.runs(&part.along), part.along.clone());
        }
        let touched = along.reached(&part.along);
        let of_lines = part.values.chunks_exact(part.along.len());
        for (number, values) in part.lines.clone().zip(of_lines) {
            line[touched.clone()].fill(0.0);
            for run in &runs {
                let weighted = values[run.places.clone()].iter().map(|v| run.weight * v);
                line[run.cell] += weighted.sum::<f64>();
            }
            for cell in over_lines.reached(&(number..number + 1)) {
                let weight = over_lines.weight(number, cell);
                let sums = &mut reduced[cell * along.cells()..][touched.clone()];
                for (sum, value) in sums.iter_mut().zip(&line[touched.clone()]) {
                    *sum += weight * value;
                }
            }
        }
    })?;
    let place = |row: usize, column: usize| match in_columns {
        false => row * along.cells() + column,
        true => column * along.cells() + row,
    };
    let mut image = Vec::with_capacity(width * height);
    let rows: Vec<usize> = magnified(up.cells(), height).collect();
    for &row in rows.iter().rev() {
        image.extend(magnified(across.cells(), width).map(|column| reduced[place(row, column)]));
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn drawn(field: &dyn Values, width: usize, height: usize) -> Vec<f64> {
        pixels(field, width, height).expect("values in memory")
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
    fn a_field_of_2_to_the_62_columns_has_weights_that_add_up() {
        let row = Reduction::new(1 << 62, 840);
        assert_eq!(row.reached(&(0..1)), 0..1);
        let last = (1 << 62) - 1;
        assert_eq!(row.reached(&(last..last + 1)), 839..840);
        assert_eq!(row.weight(0, 0), 840.0 / 2_f64.powi(62));
        let one = Reduction::new(1000, 3);
        let runs = one.runs(&(0..1000)).into_iter().filter(|run| run.cell == 1);
        let sum: f64 = runs.map(|run| run.weight * run.places.len() as f64).sum();
        assert!((sum - 1.0).abs() < 1e-15, "{sum}");
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
