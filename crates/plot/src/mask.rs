//! The outline of the part of a field without finite values.

use super::{canvas::Point, reduced::Reduced};

/// The number of lines above which no outline is drawn, because it could not be seen.
const MOST: usize = 20_000;

/// Lines along the sides of cells that separate finite values from others, in units of cells; empty if there are too
/// many lines.
pub(super) fn outline(field: &Reduced) -> Vec<Vec<Point>> {
    let (rows, columns) = field.dimensions();
    let mut lines = Vec::new();
    for row in 1..rows {
        let runs = runs(columns, |column| {
            field.cell(row - 1, column).is_finite() != field.cell(row, column).is_finite()
        });
        let y = row as f64;
        lines.extend(runs.map(|[start, end]| vec![(start, y), (end, y)]));
    }
    for column in 1..columns {
        let runs = runs(rows, |row| {
            field.cell(row, column - 1).is_finite() != field.cell(row, column).is_finite()
        });
        let x = column as f64;
        lines.extend(runs.map(|[start, end]| vec![(x, start), (x, end)]));
    }
    if lines.len() > MOST {
        lines.clear();
    }
    lines
}

/// The two ends of each run of numbers below `count` that satisfy a condition.
fn runs(count: usize, condition: impl Fn(usize) -> bool) -> impl Iterator<Item = [f64; 2]> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let start = (position..count).find(|&number| condition(number))?;
        position = (start..count)
            .find(|&number| !condition(number))
            .unwrap_or(count);
        Some([start as f64, position as f64])
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
