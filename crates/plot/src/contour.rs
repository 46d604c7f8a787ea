//! Contour lines: curves on which a field has one value.
//!
//! Between four neighbouring nodes the field is interpolated linearly along the sides, and the line runs
//! straight from side to side (marching squares). Where opposite corners are above and the others below,
//! the mean of the four decides which are connected. There is no line next to a value that is not finite.
//!
//! Source: W. E. Lorensen, H. E. Cline, Marching cubes, SIGGRAPH 1987, in two dimensions.

use super::{canvas::Point, range::Mapping, reduced::Reduced, ticks::TickScale};
use std::collections::HashMap;

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

/// The contour line of a level, in its connected pieces. Coordinates are in cells: the node of cell (row, column) lies at
/// `(column + 0.5, row + 0.5)`, and the rim of the field half a cell beyond the outermost nodes, up to which lines go on straight.
pub(super) fn trace(field: &Reduced, level: f64) -> Vec<Vec<Point>> {
    let (rows, columns) = field.dimensions();
    let mut links = Vec::new();
    // The outermost cells once more, on the rim.
    for (row, column) in (0..=rows).flat_map(|row| (0..=columns).map(move |column| (row, column))) {
        // Around the square: bottom left, bottom right, top right, top left.
        let corners = [
            (row, column),
            (row, column + 1),
            (row + 1, column + 1),
            (row + 1, column),
        ];
        let inner = |number: usize, count: usize| number.clamp(1, count) - 1;
        let values =
            corners.map(|(row, column)| field.cell(inner(row, rows), inner(column, columns)));
        let above = values.map(|value| value >= level);
        if above == [above[0]; 4] || !values.iter().all(|value| value.is_finite()) {
            continue;
        }
        let crossing = |side: usize| {
            let (from, to) = (side, (side + 1) % 4);
            // Values on the rim decide where a line goes, not whether there is one.
            let on_rim = [from, to].map(|corner| beyond(field, corners[corner]));
            let is_same =
                |[a, b]: &[f64; 2]| [*a >= level, *b >= level] == [above[from], above[to]];
            let [a, b] = Some(on_rim)
                .filter(is_same)
                .unwrap_or([values[from], values[to]]);
            let (a, b) = (a / 2.0, b / 2.0);
            let share = ((level / 2.0 - a) / (b - a)).clamp(0.0, 1.0);
            let place = |corner: usize| {
                let (row, column) = corners[corner];
                let at =
                    |number: usize, count: usize| (number as f64 - 0.5).clamp(0.0, count as f64);
                (at(column, columns), at(row, rows))
            };
            let (p, q) = (place(from), place(to));
            (p.0 + share * (q.0 - p.0), p.1 + share * (q.1 - p.1))
        };
        // Of a side of the square: the square to whose left or bottom it is, and whether it lies along x.
        let name = |side: usize| match side {
            0 => (row, column, true),
            1 => (row, column + 1, false),
            2 => (row + 1, column, true),
            _ => (row, column, false),
        };
        let crossed: Vec<usize> = (0..4)
            .filter(|&side| above[side] != above[(side + 1) % 4])
            .collect();
        let pairs = match crossed[..] {
            [one, two] => vec![(one, two)],
            // A saddle: the line cuts off the corners that differ from the middle.
            [..] => {
                let middle = values.iter().map(|value| value / 4.0).sum::<f64>() >= level;
                match middle == above[0] {
                    true => vec![(0, 1), (2, 3)],
                    false => vec![(3, 0), (1, 2)],
                }
            }
        };
        let end = |side| (name(side), crossing(side));
        links.extend(pairs.into_iter().map(|(one, two)| [end(one), end(two)]));
    }
    joined(&links)
}

/// The value of a corner of a square; on the rim it follows from those of two nodes.
fn beyond(field: &Reduced, (row, column): (usize, usize)) -> f64 {
    let (rows, columns) = field.dimensions();
    // The outermost node, and the one before it.
    let inner = |number: usize, count: usize| match number {
        0 => (0, 1.min(count - 1)),
        _ if number > count => (count - 1, count.saturating_sub(2)),
        _ => (number - 1, number - 1),
    };
    let ((row, next_row), (column, next_column)) = (inner(row, rows), inner(column, columns));
    let (here, next) = (field.cell(row, column), field.cell(next_row, next_column));
    match next.is_finite() {
        true => here + (here - next) / 2.0,
        false => here,
    }
}

/// A side of a square that a line crosses, and where.
type Crossing = ((usize, usize, bool), Point);

/// Links with common ends as lines, closed ones with their first point at the end once more.
fn joined(links: &[[Crossing; 2]]) -> Vec<Vec<Point>> {
    let mut at_side: HashMap<_, Vec<usize>> = HashMap::new();
    for (number, link) in links.iter().enumerate() {
        for (side, _) in link {
            at_side.entry(*side).or_default().push(number);
        }
    }
    let mut is_used = vec![false; links.len()];
    // From an end of a link as far as others follow.
    let follow = |is_used: &mut Vec<bool>, from: Crossing, points: &mut Vec<Point>| {
        let mut end = from.0;
        while let Some(&next) = at_side[&end].iter().find(|&&next| !is_used[next]) {
            is_used[next] = true;
            let [one, two] = links[next];
            let far = if one.0 == end { two } else { one };
            points.push(far.1);
            end = far.0;
        }
    };
    let mut lines = Vec::new();
    for first in 0..links.len() {
        if is_used[first] {
            continue;
        }
        is_used[first] = true;
        let [back, ahead] = links[first];
        let (mut before, mut points) = (Vec::new(), vec![back.1, ahead.1]);
        follow(&mut is_used, ahead, &mut points);
        follow(&mut is_used, back, &mut before);
        before.reverse();
        before.extend(points);
        lines.push(before);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Range;
    use ndarray::{Array2, array};

    fn lines(field: &Array2<f64>, level: f64) -> Vec<Vec<Point>> {
        let (rows, columns) = field.dim();
        let reduced = Reduced::new(&field.view(), rows, columns).expect("values");
        trace(&reduced, level)
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
        let [line] = &lines[..] else {
            panic!("{} lines", lines.len());
        };
        for point in line {
            let radius = (point.0 - 20.5).hypot(point.1 - 20.5);
            assert!((radius - 10.25).abs() < 0.02, "{radius}");
        }
        let (first, last) = (line[0], line[line.len() - 1]);
        assert!(
            (first.0 - last.0).abs() + (first.1 - last.1).abs() < 1e-12,
            "{first:?} {last:?}"
        );
    }

    #[test]
    fn lines_reach_the_rim() {
        let field = Array2::from_shape_fn((3, 5), |(_, i)| i as f64);
        assert_eq!(
            lines(&field, 1.25),
            [[
                (1.75, 0.0),
                (1.75, 0.5),
                (1.75, 1.5),
                (1.75, 2.5),
                (1.75, 3.0)
            ]]
        );
    }

    #[test]
    fn saddles_are_connected_through_the_middle_and_nan_ends_a_line() {
        let high = lines(&array![[1.0, 0.0], [0.0, 1.0]], 0.4);
        assert_eq!(high.len(), 2);
        // The middle (0.5) is above: the corners at 0 are cut off.
        let cuts = |line: &Vec<Point>| {
            line.windows(2)
                .any(|ends| ends == [(1.1, 0.5), (1.5, 0.9)] || ends == [(1.5, 0.9), (1.1, 0.5)])
        };
        assert!(high.iter().any(cuts), "{high:?}");
        assert!(
            lines(
                &array![[f64::NAN, 0.0, f64::NAN], [0.0, f64::NAN, 1.0]],
                0.4
            )
            .is_empty()
        );
    }
}
