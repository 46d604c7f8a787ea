//! The outline of the part of a field that has no finite values.

use super::{canvas::Point, reduced::Reduced};

/// Where so many lines would lie, there is no outline to be seen.
const MOST: usize = 20_000;

/// Lines along the sides of cells between values that are finite and others, in cells; none where they are very many.
pub(super) fn outline(field: &Reduced) -> Vec<Vec<Point>> {
    let (rows, columns) = field.dimensions();
    let is_finite = |row: usize, column: usize| field.cell(row, column).is_finite();
    let mut lines = Vec::new();
    let across = |row: usize, column: usize| is_finite(row - 1, column) != is_finite(row, column);
    let up = |column: usize, row: usize| is_finite(row, column - 1) != is_finite(row, column);
    for row in 1..rows {
        let runs = runs(columns, |column| across(row, column));
        lines.extend(runs.map(|[from, to]| vec![(from, row as f64), (to, row as f64)]));
    }
    for column in 1..columns {
        let runs = runs(rows, |row| up(column, row));
        lines.extend(runs.map(|[from, to]| vec![(column as f64, from), (column as f64, to)]));
    }
    if lines.len() > MOST {
        lines.clear();
    }
    lines
}

/// Ends of the runs of numbers below `count` that are meant.
fn runs(count: usize, is_meant: impl Fn(usize) -> bool) -> impl Iterator<Item = [f64; 2]> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let from = (next..count).find(|&at| is_meant(at))?;
        let to = (from..count).find(|&at| !is_meant(at)).unwrap_or(count);
        next = to;
        Some([from as f64, to as f64])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_outline_of_a_hole_is_its_sides() {
        let field = Array2::from_shape_fn((4, 5), |(j, i)| match (j, i) {
            (1, 2 | 3) => f64::NAN,
            _ => 1.0,
        });
        let reduced = Reduced::new(&field.view(), 4, 5).expect("values");
        let mut lines = outline(&reduced);
        lines.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        assert_eq!(
            lines,
            [
                [(2.0, 1.0), (2.0, 2.0)],
                [(2.0, 1.0), (4.0, 1.0)],
                [(2.0, 2.0), (4.0, 2.0)],
                [(4.0, 1.0), (4.0, 2.0)],
            ]
        );
    }
}
