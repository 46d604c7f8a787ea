//! Values along a line of a frame, and the history of a node.

use super::array::{ArrayKind, Frames, unread};
use crate::cli::{axes::Axes, error::Error};
use diff2d_arrays::probe;
use diff2d_plot::{self as plot, Sampled, Values};

/// Indices that are looked up at a time.
const AT_A_TIME: usize = 1 << 14;

/// The two axes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum FrameAxis {
    Y,
    X,
}

impl FrameAxis {
    pub(in crate::cli) fn other(self) -> Self {
        match self {
            Self::Y => Self::X,
            Self::X => Self::Y,
        }
    }
}

/// A place along an axis of frames.
pub(in crate::cli) struct AxisPosition {
    pub index: u64,
    /// The position in full: `y = 0.4975124378109452 (node 12)`.
    pub told: String,
    /// The position for a title: `y = 0.49751`.
    pub title: String,
}

/// The coordinate of an index, or its number.
fn place(axes: &Axes<'_>, axis: usize, index: u64) -> f64 {
    axes.coordinate(axis, index).unwrap_or(index as f64)
}

impl Frames<'_> {
    /// The axes of the array, of which a frame has the last two; in a sweep, the axes of the scenario.
    fn axes(&self, index: u64) -> Axes<'_> {
        let (array, labels) = (self.array, self.labels(&self.facts(index)));
        Axes { array, labels }
    }

    /// The number of an axis of frames among the axes of the array.
    fn axis(&self, side: FrameAxis) -> usize {
        let x_axis = self.array.npy.shape.len() - 1;
        match side {
            FrameAxis::Y => x_axis - 1,
            FrameAxis::X => x_axis,
        }
    }

    /// The name that an axis of frames has, if it has one.
    pub(in crate::cli) fn name_of(&self, side: FrameAxis) -> Option<&str> {
        let named = self.array.labels.axis(self.axis(side));
        named.map(|named| named.name.as_str())
    }

    /// What an axis of frames is called: its name, or row and column as of a matrix.
    pub(in crate::cli) fn side_name(&self, side: FrameAxis) -> &str {
        self.name_of(side).unwrap_or(match side {
            FrameAxis::Y => "row",
            FrameAxis::X => "column",
        })
    }

    /// Whether nothing but their numbers is known of the nodes along an axis of frames.
    pub(super) fn is_counted(&self, side: FrameAxis) -> bool {
        let named = self.array.labels.axis(self.axis(side));
        matches!(self.kind, ArrayKind::Plain)
            && named.is_none_or(|named| named.coordinates().is_none())
    }

    /// The unit of the coordinates along an axis of frames, if it is known.
    pub(in crate::cli) fn side_unit(&self, side: FrameAxis) -> Option<&str> {
        self.unit(self.side_name(side))
            .filter(|_| !self.is_counted(side))
    }

    /// What stands beside an axis of frames.
    pub(in crate::cli) fn side_label(&self, side: FrameAxis) -> String {
        let name = self.side_name(side);
        if self.is_counted(side) {
            name.to_owned()
        } else {
            self.with_unit(name)
        }
    }

    /// The axis of frames that a word means: its name, or y, x, row and column.
    pub(in crate::cli) fn side(&self, word: &str) -> Option<FrameAxis> {
        let mut sides = [FrameAxis::Y, FrameAxis::X].into_iter();
        let named = sides.find(|&side| self.name_of(side) == Some(word));
        named.or(match word {
            "y" | "row" => Some(FrameAxis::Y),
            "x" | "column" => Some(FrameAxis::X),
            _ => None,
        })
    }

    /// The node of a frame that is nearest to a coordinate, or has a number, which counts from the end if it is negative.
    pub(in crate::cli) fn place(
        &self,
        frame: u64,
        side: FrameAxis,
        text: &str,
    ) -> Result<AxisPosition, Error> {
        let (axes, axis) = (self.axes(frame), self.axis(side));
        let name = self.side_name(side);
        let (index, description) = match axes.coordinate(axis, 0) {
            Some(_) => {
                let index = axes.nearest(axis, text)?;
                (index, axes.describe([(axis, index)]))
            }
            None => {
                let index = axes.index(axis, name, text)?;
                (index, format!("{name} {index}"))
            }
        };
        let coordinate_text = plot::short(place(&axes, axis, index), 5);
        let unit = self.side_unit(side).unwrap_or_default();
        let title = format!("{name} = {coordinate_text} {unit}");
        let title = title.trim_end().to_owned();
        Ok(AxisPosition {
            index,
            told: description,
            title,
        })
    }

    /// The title of a frame.
    pub(in crate::cli) fn title(&self, index: u64) -> String {
        let (values, facts) = (self.values(index, None), self.facts(index));
        self.frame(&values, &facts).title(self.cadence())
    }

    /// The values of a frame along the line on which one coordinate is fixed.
    pub(in crate::cli) fn line(
        &self,
        index: u64,
        fixed: FrameAxis,
        fixed_index: u64,
    ) -> Result<Vec<(f64, f64)>, Error> {
        let (rows, columns) = self.shape();
        let length = match fixed {
            FrameAxis::Y => columns,
            FrameAxis::X => rows,
        };
        let (axes, sampled_axis) = (self.axes(index), self.axis(fixed.other()));
        let fixed_index = usize::try_from(fixed_index).unwrap_or(usize::MAX);
        let interfaces = self.problem_with_interfaces().map(|problem| {
            let axis = usize::from(fixed == FrameAxis::X);
            problem.geometry().interfaces_on_line(axis, fixed_index)
        });
        // The number of the node behind each interface, and its coordinate.
        let jumps = interfaces.unwrap_or_default();
        let mut sampled = Sampled::new(length + 2 * jumps.len());
        let mut points_beside_jumps = Vec::new();
        let values = self.values(index, None).in_file_order();
        let mut buffer = Vec::new();
        for start in (0..length).step_by(self.at_a_time) {
            let piece = start..length.min(start + self.at_a_time);
            buffer.resize(piece.len(), 0.0);
            let (rows, columns) = match fixed {
                FrameAxis::Y => (fixed_index..fixed_index + 1, piece.clone()),
                FrameAxis::X => (piece.clone(), fixed_index..fixed_index + 1),
            };
            values.read(rows, columns, &mut buffer).map_err(unread)?;
            for (number, &value) in piece.zip(&buffer) {
                let point = (place(&axes, sampled_axis, number as u64), value);
                match jumps.is_empty() {
                    true => sampled.push(point),
                    false => points_beside_jumps.push(point),
                }
            }
        }
        for point in with_jumps(&points_beside_jumps, &jumps) {
            sampled.push(point);
        }
        Ok(sampled.finish())
    }

    /// The values of a node over some frames.
    pub(in crate::cli) fn history(
        &self,
        chosen: &[u64],
        [row, column]: [u64; 2],
    ) -> Result<Vec<(f64, f64)>, Error> {
        if self.array.npy.shape.len() != 3 || self.has_components {
            return Err(Error::Usage(format!(
                "--history: {} has no one history of a node{}",
                self.array.path.display(),
                match self.kind {
                    ArrayKind::Scenarios(..) =>
                        ", but one of each scenario, which `diff2d probe --series` prints",
                    _ if self.has_components =>
                        ", but one of each component, which [component=x] behind the name takes",
                    _ => ", as it is a single frame",
                }
            )));
        }
        let mut sampled = Sampled::new(chosen.len());
        for indices in chosen.chunks(AT_A_TIME) {
            let points: Vec<Vec<u64>> = indices
                .iter()
                .map(|&index| vec![self.facts(index).place, row, column])
                .collect();
            let values = probe::values(self.array, &points)?;
            for (&index, value) in indices.iter().zip(values) {
                let time = self.facts(index).commit.map(|commit| commit.simtime);
                let time = time.unwrap_or_else(|| self.time(index).unwrap_or(index as f64));
                sampled.push((self.shown_time(time), value.to_f64()));
            }
        }
        Ok(sampled.finish())
    }
}

/// The points of a curve, and at each jump two more, to which those before it and those behind it lead in a straight line.
fn with_jumps(points: &[(f64, f64)], jumps: &[(usize, f64)]) -> Vec<(f64, f64)> {
    let mut curve = Vec::with_capacity(points.len() + 2 * jumps.len());
    for (number, &point) in points.iter().enumerate() {
        for &(_, place) in jumps
            .iter()
            .filter(|&&(cut, _)| cut == number && number > 0)
        {
            let before = (number > 1 && !is_cut(jumps, number - 1)).then(|| points[number - 2]);
            let after = points
                .get(number + 1)
                .filter(|_| !is_cut(jumps, number + 1));
            curve.push((place, continued(before, points[number - 1], place)));
            curve.push((place, continued(after.copied(), point, place)));
        }
        curve.push(point);
    }
    curve
}

/// Whether a jump lies before the point with a number.
fn is_cut(jumps: &[(usize, f64)], number: usize) -> bool {
    jumps.iter().any(|&(cut, _)| cut == number)
}

/// The value at a place on the straight line through two points; that of the nearer one if there is no other.
fn continued(farther: Option<(f64, f64)>, nearer: (f64, f64), place: f64) -> f64 {
    let slope = farther.map_or(0.0, |farther| {
        (nearer.1 - farther.1) / (nearer.0 - farther.0)
    });
    nearer.1 + slope * (place - nearer.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_jump_where_an_interface_lies() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, 7.0), (3.0, 6.0), (4.0, 0.0)];
        let jumps = [(2, 1.25), (4, 3.5)];
        let expected = [
            (0.0, 1.0),
            (1.0, 2.0),
            (1.25, 2.25),
            (1.25, 7.75),
            (2.0, 7.0),
            (3.0, 6.0),
            (3.5, 5.5),
            (3.5, 0.0),
            (4.0, 0.0),
        ];
        assert_eq!(with_jumps(&points, &jumps), expected);
    }
}
