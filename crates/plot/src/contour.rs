//! Contour lines: curves on which a field has one value.
//!
//! Between four neighbouring nodes the field is interpolated linearly along the sides, and the line runs
//! straight from side to side (marching squares). Where opposite corners are above and the others below,
//! the mean of the four decides which are connected. There is no line next to a value that is not finite,
//! and none along the rim.
//!
//! Source: W. E. Lorensen, H. E. Cline, Marching cubes, SIGGRAPH 1987, in two dimensions.

use super::{canvas::Point, range::Mapping, reduced::Reduced, ticks::TickScale};

/// At most `most` round values between the ends of the colours.
pub(super) fn levels(mapping: &Mapping, most: usize) -> Vec<f64> {
    let inside = |value: &f64| (1e-9..1.0 - 1e-9).contains(&mapping.fraction(*value));
    let within = |value: f64| Some(value).filter(inside);
    let axis: &dyn TickScale = mapping;
    axis.round_values()
        .map(|values| values.into_iter().filter_map(within).collect::<Vec<_>>())
        .find(|levels| levels.len() <= most)
        .unwrap_or_default()
}

/// Calls `line` with the pieces of the contour line of a level. Coordinates are in cells: the node of cell
/// (row, column) lies at `(column + 0.5, row + 0.5)`.
pub(super) fn trace(field: &Reduced, level: f64, mut line: impl FnMut(Point, Point)) {
    let (rows, columns) = field.dimensions();
    for (row, column) in (1..rows).flat_map(|row| (1..columns).map(move |column| (row, column))) {
        // Around the square: bottom left, bottom right, top right, top left.
        let corners = [
            (row - 1, column - 1),
            (row - 1, column),
            (row, column),
            (row, column - 1),
        ];
        let values = corners.map(|(row, column)| field.cell(row, column));
        let above = values.map(|value| value >= level);
        if above == [above[0]; 4] || !values.iter().all(|value| value.is_finite()) {
            continue;
        }
        // A crossing of the side from one corner to the next.
        let crossing = |side: usize| {
            let (from, to) = (side, (side + 1) % 4);
            let (a, b) = (values[from] / 2.0, values[to] / 2.0);
            let share = ((level / 2.0 - a) / (b - a)).clamp(0.0, 1.0);
            let place = |corner: usize| {
                let (row, column) = corners[corner];
                (column as f64 + 0.5, row as f64 + 0.5)
            };
            let (p, q) = (place(from), place(to));
            (p.0 + share * (q.0 - p.0), p.1 + share * (q.1 - p.1))
        };
        let crossed: Vec<usize> = (0..4)
            .filter(|&side| above[side] != above[(side + 1) % 4])
            .collect();
        match crossed[..] {
            [one, two] => line(crossing(one), crossing(two)),
            // A saddle: the line cuts off the corners that differ from the middle.
            [..] => {
                let middle = values.iter().map(|value| value / 4.0).sum::<f64>() >= level;
                let pairs = match middle == above[0] {
                    true => [(0, 1), (2, 3)],
                    false => [(3, 0), (1, 2)],
                };
                for (one, two) in pairs {
                    line(crossing(one), crossing(two));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Range;
    use ndarray::{Array2, array};

    fn lines(field: &Array2<f64>, level: f64) -> Vec<(Point, Point)> {
        let (rows, columns) = field.dim();
        let reduced = Reduced::new(&field.view(), rows, columns).expect("values");
        let mut lines = Vec::new();
        trace(&reduced, level, |from, to| lines.push((from, to)));
        lines
    }

    #[test]
    fn levels_are_round_and_not_more_than_asked_for() {
        let of = |low, high, log, most| {
            let range = Range::new(low, high).expect("a range");
            levels(&Mapping::new(range, log), most)
        };
        assert_eq!(of(0.0, 1.0, false, 4), [0.2, 0.4, 0.6, 0.8]);
        assert_eq!(of(0.0, 1.0, false, 5), [0.2, 0.4, 0.6, 0.8]);
        assert_eq!(of(0.0, 1.0, false, 1), [0.5]);
        assert_eq!(of(0.0, 0.93, false, 9).len(), 9);
        assert_eq!(of(1e-4, 1.0, true, 3), [1e-3, 1e-2, 1e-1]);
        assert_eq!(of(1e-4, 1.0, true, 2), [1e-2]);
        assert_eq!(of(1.0, 9.0, true, 2), [2.0, 5.0]);
        for most in 1..40 {
            for (low, high) in [(-1e300, 1e300), (1.0, 1.0 + 1e-12), (5e-324, f64::MAX)] {
                assert!(of(low, high, false, most).len() <= most);
                assert!(of(low.max(1e-3), high, true, most).len() <= most);
            }
        }
    }

    #[test]
    fn a_circle_is_closed_and_has_its_radius() {
        let field =
            Array2::from_shape_fn((41, 41), |(j, i)| (j as f64 - 20.0).hypot(i as f64 - 20.0));
        let lines = lines(&field, 10.25);
        for (from, to) in &lines {
            for point in [from, to] {
                let radius = (point.0 - 20.5).hypot(point.1 - 20.5);
                assert!((radius - 10.25).abs() < 0.02, "{radius}");
            }
        }
        let mut ends: Vec<_> = lines.iter().flat_map(|(from, to)| [from, to]).collect();
        ends.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        for pair in ends.chunks(2) {
            assert!((pair[0].0 - pair[1].0).abs() < 1e-12, "{pair:?}");
        }
    }

    #[test]
    fn saddles_are_connected_through_the_middle_and_nan_ends_a_line() {
        let high = lines(&array![[1.0, 0.0], [0.0, 1.0]], 0.4);
        assert_eq!(high.len(), 2);
        // The middle (0.5) is above: the corners at 0 are cut off.
        assert!(high.contains(&((1.1, 0.5), (1.5, 0.9))), "{high:?}");
        assert!(lines(&array![[1.0, f64::NAN], [0.0, 1.0]], 0.4).is_empty());
        assert!(lines(&array![[1.0, 2.0, 3.0]], 1.5).is_empty());
    }
}
