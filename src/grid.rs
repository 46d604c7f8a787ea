//! [`Grid`]: the number of nodes and their coordinates.
//!
//! ```text
//!  grid = "slides"   x1-dx ·  ·  ·  ·  ·  · x2+dx      nrows + 2 nodes, NumPy's linspace
//!  grid = "files"    x1-dx ·  ·  ·  ·  ·  · x2         nrows + 2 nodes, dx apart
//!  grid = "walls"          x1 ·  ·  ·  ·  · x2         nrows + 1 nodes, dx apart
//! ```
//!
//! The first axis of every array is y (row `j`), the second x (column `i`).

use crate::params::{Coordinates, Layout, Params, ParamsError, RawParams};
use std::f64::consts::TAU;

/// The largest number of nodes along a side, 2³¹ − 1.
pub const MAX_NODES: usize = i32::MAX as usize;

/// The nodes along one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Number of nodes, the two boundary nodes included.
    pub nodes: usize,
    /// Distance of neighbouring nodes in the equation \[length\].
    pub spacing: f64,
    lower: f64,
    upper: f64,
    cells: f64,
    layout: Layout,
    /// Whether coordinates are distances from an axis of rotation.
    is_radius: bool,
}

impl Axis {
    /// `cells = int((upper - lower)/wanted)` cells between `lower` and `upper`.
    ///
    /// Source: the slides and the program files of the course; see [`Layout`].
    ///
    /// # Errors
    /// The limit, in words, when the axis would have no interior node or more than [`MAX_NODES`].
    pub fn new(layout: Layout, lower: f64, upper: f64, wanted: f64) -> Result<Self, String> {
        let length = upper - lower;
        let cells = (length / wanted).trunc();
        let (least, beyond) = match layout {
            Layout::Slides | Layout::Files => (1.0, 2),
            Layout::Walls => (2.0, 1),
        };
        if cells < least {
            return Err(format!(
                "no interior node fits between {lower:?} and {upper:?}; it may be at most {:?} here",
                length / least
            ));
        }
        #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53")]
        let most = (MAX_NODES - beyond) as f64;
        if cells.is_nan() || cells > most {
            return Err(format!(
                "it asks for more than {MAX_NODES} nodes a side, the most there can be; it must be larger than {:e} here",
                length / most
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let nodes = cells as usize + beyond;
        Ok(Self {
            nodes,
            spacing: length / cells,
            lower,
            upper,
            cells,
            layout,
            is_radius: false,
        })
    }

    /// The coordinate of node `i` \[length\].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "node numbers are below 2^31")]
    pub fn node(&self, i: usize) -> f64 {
        let (x1, x2, dx) = (self.lower, self.upper, self.spacing);
        let last = i + 1 == self.nodes;
        match self.layout {
            Layout::Slides => {
                let (start, stop) = (x1 - dx, x2 + dx);
                if last {
                    return stop;
                }
                i as f64 * ((stop - start) / (self.nodes - 1) as f64) + start
            }
            Layout::Files => x1 + ((i as f64 - 1.0) * (x2 - x1)) / self.cells,
            Layout::Walls if last => x2,
            Layout::Walls => x1 + i as f64 * dx,
        }
    }

    /// The coordinates of all nodes, in order \[length\].
    #[must_use]
    pub fn coordinates(&self) -> Vec<f64> {
        (0..self.nodes).map(|i| self.node(i)).collect()
    }

    /// The ends of the domain in this direction, `(x1, x2)` \[length\].
    #[must_use]
    pub fn domain(&self) -> (f64, f64) {
        (self.lower, self.upper)
    }

    /// The coordinates of the first and the last node \[length\].
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        (self.node(0), self.node(self.nodes - 1))
    }

    /// The share of a cell that node `i` stands for: ½ where the layout puts it on a wall, else 1.
    #[must_use]
    pub fn weight(&self, i: usize) -> f64 {
        let at_end = i == 0 || i + 1 == self.nodes;
        if self.layout == Layout::Walls && at_end {
            0.5
        } else {
            1.0
        }
    }

    /// Around an axis of rotation, the mean radius of the cell of node `i` as a share of x2; 1 where there is none.
    ///
    /// ```text
    ///   x1 ├────┤              mean x1 + dx/4: half a cell on a wall or on the axis
    ///      ·    ├────·────┤    mean x[i]
    /// ```
    #[must_use]
    pub fn radius(&self, i: usize) -> f64 {
        let (inside, quarter) = (self.node(i), self.spacing / 4.0);
        self.by_largest(|| match i {
            0 => inside + quarter,
            i if i + 1 == self.nodes => inside - quarter,
            _ => inside,
        })
    }

    /// As [`radius`](Self::radius), that of the face between nodes `i - 1` and `i`; those of number 0 and of the number of
    /// nodes lie on the walls.
    #[must_use]
    pub fn radius_of_face(&self, i: usize) -> f64 {
        self.by_largest(|| match i {
            0 => self.lower,
            i if i == self.nodes => self.upper,
            i => f64::midpoint(self.node(i - 1), self.node(i)),
        })
    }

    /// A radius as a share of the largest one: numbers of the equation depend on no unit of lengths.
    fn by_largest(&self, radius: impl FnOnce() -> f64) -> f64 {
        match self.is_radius {
            true => radius() / self.upper,
            false => 1.0,
        }
    }

    /// The length around the axis of rotation where the radius is largest \[length\]; 1 where there is none.
    fn around(&self) -> f64 {
        match self.is_radius {
            true => TAU * self.upper,
            false => 1.0,
        }
    }
}

/// The nodes of the whole domain, boundary included.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Along y: rows, the first axis of arrays.
    pub y: Axis,
    /// Along x: columns, the second axis.
    pub x: Axis,
}

impl Grid {
    /// The grid of the parameters.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] for a `dx` or `dy` that leaves no interior node, or too many nodes.
    pub fn new(params: &Params, raw: &RawParams) -> Result<Self, ParamsError> {
        let mut x = Axis::new(params.grid, params.x1, params.x2, params.dx)
            .map_err(|reason| raw.refuse("dx", reason))?;
        let y = Axis::new(params.grid, params.y1, params.y2, params.dy)
            .map_err(|reason| raw.refuse("dy", reason))?;
        x.is_radius = params.coordinates == Coordinates::Axisymmetric;
        Ok(Self { y, x })
    }

    /// The integral over the domain of values with this sum over nodes, each by its [weight](Axis::weight); around an axis
    /// of rotation also by its [radius](Axis::radius), and over the whole ring.
    #[must_use]
    pub fn integral(&self, sum: f64) -> f64 {
        sum * self.x.spacing * self.y.spacing * self.x.around()
    }

    /// `(ny, nx)`, boundary nodes included.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.y.nodes, self.x.nodes)
    }

    /// Number of nodes, boundary included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.y.nodes as u64 * self.x.nodes as u64
    }

    /// Whether there are no nodes; never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of interior nodes: what one step updates.
    #[must_use]
    pub fn interior(&self) -> u64 {
        (self.y.nodes as u64 - 2) * (self.x.nodes as u64 - 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_place_the_first_and_last_nodes_differently() {
        let axis = |layout| Axis::new(layout, -10.0, 10.0, 5.0).unwrap();
        let nodes = Axis::coordinates;
        assert_eq!(
            nodes(&axis(Layout::Slides)),
            [-15.0, -9.0, -3.0, 3.0, 9.0, 15.0]
        );
        assert_eq!(
            nodes(&axis(Layout::Files)),
            [-15.0, -10.0, -5.0, 0.0, 5.0, 10.0]
        );
        assert_eq!(nodes(&axis(Layout::Walls)), [-10.0, -5.0, 0.0, 5.0, 10.0]);
    }

    #[test]
    fn the_number_of_cells_is_truncated_and_bounded() {
        let cells = |dx| Axis::new(Layout::Slides, -10.0, 10.0, dx).map(|axis| axis.nodes - 2);
        assert_eq!(cells(0.0667), Ok(299));
        assert_eq!(cells(20.0), Ok(1));
        assert!(cells(20.1).unwrap_err().contains("no interior node"));
        assert!(cells(1e-9).unwrap_err().contains("the most there can be"));
        assert!(
            cells(f64::MIN_POSITIVE / 4.0)
                .unwrap_err()
                .contains("the most there can be")
        );
        assert!(Axis::new(Layout::Walls, 0.0, 1.0, 0.6).is_err());
        assert_eq!(Axis::new(Layout::Walls, 0.0, 1.0, 0.5).unwrap().nodes, 3);
    }
}
