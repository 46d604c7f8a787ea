//! Contour lines: curves on which a field has one value.
//!
//! Between four neighbouring nodes the field is interpolated linearly along the sides, and the line runs straight from
//! side to side (marching squares). If two opposite corners are above and the others below, the mean of the four
//! decides which are connected. There is no line next to a value that is not finite.
//!
//! Source: W. E. Lorensen, H. E. Cline, Marching cubes, SIGGRAPH 1987, in two dimensions.

use super::{canvas::Point, range::Mapping, reduced::Reduced, ticks::TickScale};
use std::collections::HashMap;

/// At most `most` round values between the ends of the colour range.
pub(super) fn levels(mapping: &Mapping, most: usize) -> Vec<f64> {
    let axis: &dyn TickScale = mapping;
    axis.round_values()
        .map(|values| {
            let values = values.into_iter();
            values
                .filter(|value| (1e-9..1.0 - 1e-9).contains(&mapping.fraction(*value)))
                .collect::<Vec<_>>()
        })
        .find(|levels| levels.len() <= most)
        .unwrap_or_default()
}

/// The connected pieces of the contour line of a level. Coordinates are in cells: the node of cell (row, column) lies
/// at `(column + 0.5, row + 0.5)`, and the rim of the field half a cell beyond the outermost nodes. Lines are extended
/// straight to the rim.
pub(super) fn trace(field: &Reduced, level: f64) -> Vec<Vec<Point>> {
    let (rows, columns) = field.dimensions();
    let mut links = Vec::new();
    // Squares at the rim have the outermost cells twice.
    for (row, column) in (0..=rows).flat_map(|row| (0..=columns).map(move |column| (row, column))) {
        if let Some(square) = Square::new(field, level, row, column) {
            links.extend(square.links());
        }
    }
    joined(&links)
}

/// A square between the nodes of four cells that a contour line crosses. Its corners and sides are numbered around it:
/// bottom left, bottom right, top right, top left; and bottom, right, top, left.
struct Square<'a> {
    field: &'a Reduced,
    level: f64,
    row: usize,
    column: usize,
    corners: [(usize, usize); 4],
    values: [f64; 4],
    /// Whether each corner's value is at or above the level.
    is_above: [bool; 4],
}

impl<'a> Square<'a> {
    /// The square, unless no line crosses it or a value is not finite.
    fn new(field: &'a Reduced, level: f64, row: usize, column: usize) -> Option<Self> {
        let (rows, columns) = field.dimensions();
        let corners = [
            (row, column),
            (row, column + 1),
            (row + 1, column + 1),
            (row + 1, column),
        ];
        let values = corners
            .map(|(row, column)| field.cell(row.clamp(1, rows) - 1, column.clamp(1, columns) - 1));
        let is_above = values.map(|value| value >= level);
        let is_crossed = is_above != [is_above[0]; 4];
        (is_crossed && values.iter().all(|value| value.is_finite())).then_some(Self {
            field,
            level,
            row,
            column,
            corners,
            values,
            is_above,
        })
    }

    /// The pieces of the contour line in the square, each from one side to another.
    fn links(&self) -> Vec<[Crossing; 2]> {
        let crossed: Vec<usize> = (0..4)
            .filter(|&side| self.is_above[side] != self.is_above[(side + 1) % 4])
            .collect();
        let pairs = match crossed[..] {
            [first_side, second_side] => vec![(first_side, second_side)],
            // A saddle: the line cuts off the corners that differ from the middle.
            [..] => {
                let middle = self.values.iter().map(|value| value / 4.0).sum::<f64>();
                if (middle >= self.level) == self.is_above[0] {
                    vec![(0, 1), (2, 3)]
                } else {
                    vec![(3, 0), (1, 2)]
                }
            }
        };
        pairs
            .into_iter()
            .map(|(first_side, second_side)| {
                [self.crossing(first_side), self.crossing(second_side)]
            })
            .collect()
    }

    /// The crossing of the line with a side.
    fn crossing(&self, side: usize) -> Crossing {
        let (start, end) = (side, (side + 1) % 4);
        // Values on the rim decide where a line goes, not whether there is one.
        let rim_values = [start, end].map(|corner| value_at_rim(self.field, self.corners[corner]));
        let rim_is_above = rim_values.map(|value| value >= self.level);
        let [start_value, end_value] = if rim_is_above == [self.is_above[start], self.is_above[end]]
        {
            rim_values
        } else {
            [self.values[start], self.values[end]]
        };
        // Half of the values, so that no difference overflows.
        let (a, b) = (start_value / 2.0, end_value / 2.0);
        let fraction = ((self.level / 2.0 - a) / (b - a)).clamp(0.0, 1.0);
        let (p, q) = (self.corner_place(start), self.corner_place(end));
        let place = (p.0 + fraction * (q.0 - p.0), p.1 + fraction * (q.1 - p.1));
        (self.side_name(side), place)
    }

    fn corner_place(&self, corner: usize) -> Point {
        let (rows, columns) = self.field.dimensions();
        let (row, column) = self.corners[corner];
        (
            (column as f64 - 0.5).clamp(0.0, columns as f64),
            (row as f64 - 0.5).clamp(0.0, rows as f64),
        )
    }

    /// A name of a side that is the same in both adjacent squares: the square of which it is the bottom or left side,
    /// and whether it lies along x.
    fn side_name(&self, side: usize) -> (usize, usize, bool) {
        match side {
            0 => (self.row, self.column, true),
            1 => (self.row, self.column + 1, false),
            2 => (self.row + 1, self.column, true),
            _ => (self.row, self.column, false),
        }
    }
}

/// The value at a corner of a square. On the rim it is extrapolated from the values of two nodes.
fn value_at_rim(field: &Reduced, (row, column): (usize, usize)) -> f64 {
    let (rows, columns) = field.dimensions();
    let (row, inner_row) = outermost_nodes(row, rows);
    let (column, inner_column) = outermost_nodes(column, columns);
    let value = field.cell(row, column);
    let inner_value = field.cell(inner_row, inner_column);
    if inner_value.is_finite() {
        value + (value - inner_value) / 2.0
    } else {
        value
    }
}

/// The outermost node before a corner of a square and the node before that, along an axis of `count` nodes; for a
/// corner that is not on the rim its own node twice.
fn outermost_nodes(corner: usize, count: usize) -> (usize, usize) {
    match corner {
        0 => (0, 1.min(count - 1)),
        _ if corner > count => (count - 1, count.saturating_sub(2)),
        _ => (corner - 1, corner - 1),
    }
}

/// The name of a side of a square that a line crosses, and the point of the crossing.
type Crossing = ((usize, usize, bool), Point);

/// Joins links with common ends to lines. A closed line ends with its first point.
fn joined(links: &[[Crossing; 2]]) -> Vec<Vec<Point>> {
    let mut at_side: HashMap<_, Vec<usize>> = HashMap::new();
    for (number, link) in links.iter().enumerate() {
        for (side, _) in link {
            at_side.entry(*side).or_default().push(number);
        }
    }
    let mut is_used = vec![false; links.len()];
    let mut lines = Vec::new();
    for number in 0..links.len() {
        if is_used[number] {
            continue;
        }
        is_used[number] = true;
        let [back, ahead] = links[number];
        let points_ahead = followed(links, &at_side, &mut is_used, ahead);
        let mut points = followed(links, &at_side, &mut is_used, back);
        points.reverse();
        points.extend([back.1, ahead.1]);
        points.extend(points_ahead);
        lines.push(points);
    }
    lines
}

/// The points of the links that follow from a crossing. Links are marked as used.
fn followed(
    links: &[[Crossing; 2]],
    at_side: &HashMap<(usize, usize, bool), Vec<usize>>,
    is_used: &mut [bool],
    start: Crossing,
) -> Vec<Point> {
    let mut points = Vec::new();
    let mut side = start.0;
    while let Some(&number) = at_side[&side].iter().find(|&&number| !is_used[number]) {
        is_used[number] = true;
        let [first_end, second_end] = links[number];
        let far_end = if first_end.0 == side {
            second_end
        } else {
            first_end
        };
        points.push(far_end.1);
        side = far_end.0;
    }
    points
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
