//! [`Grid`]: the number of nodes and their coordinates.
//!
//! ```text
//!  grid = "slides"   x1-dx ·  ·  ·  ·  ·  · x2+dx      nrows + 2 nodes, NumPy's linspace
//!  grid = "files"    x1-dx ·  ·  ·  ·  ·  · x2         nrows + 2 nodes, dx apart
//!  grid = "walls"          x1 ·  ·  ·  ·  · x2         nrows + 1 nodes, dx apart
//! ```
//!
//! The first axis of every array is y (row `j`), the second x (column `i`).

use crate::{
    fault::Fault,
    params::{Coordinates, Layout, Params, ParamsError, RawParams},
};
use diff2d_arrays::{npy::DATA_OFFSET, wording::bytes};
use diff2d_sys as sys;
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

/// The relative rounding error of a quotient that should be a whole number of cells.
const ROUNDING: f64 = 1e-9;

/// The whole number from which a quotient differs only by rounding, if there is one.
fn whole_but_for_rounding(quotient: f64) -> Option<f64> {
    let nearest = quotient.round();
    ((quotient - nearest).abs() <= ROUNDING * nearest).then_some(nearest)
}

impl Axis {
    /// `cells = int((upper - lower)/wanted)` cells between `lower` and `upper`. With [`Layout::Walls`] a quotient that
    /// differs from a whole number only by rounding, such as 0.3/0.05, counts as that number.
    ///
    /// Source: the slides and the program files of the course, which truncate; see [`Layout`].
    ///
    /// # Errors
    /// The limit, in words, if the axis would have no interior node or more than [`MAX_NODES`].
    pub fn new(layout: Layout, lower: f64, upper: f64, wanted: f64) -> Result<Self, String> {
        let length = upper - lower;
        let truncated = (length / wanted).trunc();
        let cells = match layout {
            Layout::Slides | Layout::Files => truncated,
            Layout::Walls => whole_but_for_rounding(length / wanted).unwrap_or(truncated),
        };
        let (fewest_cells, further_nodes) = match layout {
            Layout::Slides | Layout::Files => (1.0, 2),
            Layout::Walls => (2.0, 1),
        };
        if cells < fewest_cells {
            return Err(format!(
                "no interior node fits between {lower:?} and {upper:?}; it may be at most {:?} here",
                length / fewest_cells
            ));
        }
        let most_cells = (MAX_NODES - further_nodes) as f64;
        if cells.is_nan() || cells > most_cells {
            return Err(format!(
                "it asks for more than {MAX_NODES} nodes a side, the most there can be; it must be larger than {:e} here",
                length / most_cells
            ));
        }
        let nodes = cells as usize + further_nodes;
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

    /// The quotient and the number of cells for a wanted spacing, if truncation dropped a cell only because the
    /// quotient was rounded.
    #[must_use]
    pub fn cells_before_truncation(&self, wanted: f64) -> Option<(f64, f64)> {
        let quotient = (self.upper - self.lower) / wanted;
        let whole = whole_but_for_rounding(quotient)?;
        (whole > self.cells).then_some((quotient, whole))
    }

    /// The coordinate of node `i` \[length\].
    #[must_use]
    pub fn node(&self, i: usize) -> f64 {
        let (x1, x2, dx) = (self.lower, self.upper, self.spacing);
        let is_last = i + 1 == self.nodes;
        match self.layout {
            Layout::Slides => {
                let (start, stop) = (x1 - dx, x2 + dx);
                if is_last {
                    return stop;
                }
                i as f64 * ((stop - start) / (self.nodes - 1) as f64) + start
            }
            Layout::Files => x1 + ((i as f64 - 1.0) * (x2 - x1)) / self.cells,
            Layout::Walls if is_last => x2,
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

    /// A coordinate in the domain: that of an end or of a node, if it differs from it by no more than rounding, otherwise
    /// itself; `None` outside of the domain.
    #[must_use]
    pub fn within(&self, at: f64) -> Option<f64> {
        // As in comparisons of formulas.
        let rounding = 8.0 * f64::EPSILON * self.lower.abs().max(self.upper.abs());
        let mut known = (self.coordinates().into_iter()).chain([self.lower, self.upper]);
        let at = known.find(|end| (end - at).abs() < rounding).unwrap_or(at);
        self.has(at).then_some(at)
    }

    /// Whether a coordinate is in the domain.
    #[must_use]
    pub fn has(&self, at: f64) -> bool {
        (self.lower..=self.upper).contains(&at)
    }

    /// The fraction of a cell for which node `i` stands: ½ if the layout puts the node on a wall, otherwise 1.
    #[must_use]
    #[inline]
    pub fn weight(&self, i: usize) -> f64 {
        let is_at_end = i == 0 || i + 1 == self.nodes;
        if self.layout == Layout::Walls && is_at_end {
            0.5
        } else {
            1.0
        }
    }

    /// Around an axis of rotation, the mean radius of the cell of node `i` divided by x2; otherwise 1.
    ///
    /// ```text
    ///   x1 ├────┤              mean x1 + dx/4: half a cell on a wall or on the axis
    ///      ·    ├────·────┤    mean x[i]
    /// ```
    #[must_use]
    #[inline]
    pub fn radius(&self, i: usize) -> f64 {
        let (node, quarter) = (self.node(i), self.spacing / 4.0);
        self.by_largest(|| match i {
            0 => node + quarter,
            i if i + 1 == self.nodes => node - quarter,
            _ => node,
        })
    }

    /// The [`radius`](Self::radius) of each node, if there is an axis of rotation.
    #[must_use]
    pub fn radii(&self) -> Option<Vec<f64>> {
        self.is_radius
            .then(|| (0..self.nodes).map(|i| self.radius(i)).collect())
    }

    /// The radius of the face between nodes `i - 1` and `i`, divided by x2 like [`radius`](Self::radius). Face 0 and
    /// face number `nodes` lie on the walls.
    #[must_use]
    #[inline]
    pub fn radius_of_face(&self, i: usize) -> f64 {
        self.by_largest(|| match i {
            0 => self.lower,
            i if i == self.nodes => self.upper,
            i => f64::midpoint(self.node(i - 1), self.node(i)),
        })
    }

    /// A radius divided by the largest one, so that the numbers of the equation do not depend on the unit of length.
    fn by_largest(&self, radius: impl FnOnce() -> f64) -> f64 {
        if self.is_radius {
            radius() / self.upper
        } else {
            1.0
        }
    }

    /// The circumference at the largest radius around an axis of rotation \[length\]; otherwise 1.
    fn around(&self) -> f64 {
        if self.is_radius {
            TAU * self.upper
        } else {
            1.0
        }
    }
}

/// The nodes of the whole domain, boundary included.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The axis along y: rows, the first axis of arrays.
    pub y: Axis,
    /// The axis along x: columns, the second axis.
    pub x: Axis,
}

impl Grid {
    /// The grid of the parameters.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] for a `dx` or `dy` that leaves no interior node, or too many nodes;
    /// [`ParamsError`] if the coordinates do not fit into memory.
    pub fn new(params: &Params, raw: &RawParams) -> Result<Self, ParamsError> {
        let mut x = Axis::new(params.grid, params.x1, params.x2, params.dx)
            .map_err(|reason| raw.refuse("dx", reason))?;
        let y = Axis::new(params.grid, params.y1, params.y2, params.dy)
            .map_err(|reason| raw.refuse("dy", reason))?;
        x.is_radius = params.coordinates == Coordinates::Axisymmetric;
        let grid = Self { y, x };
        grid.check_size(params, raw)?;
        Ok(grid)
    }

    /// Refuses a grid with snapshots too large for a file, or with coordinates too large for memory, before they are
    /// allocated.
    fn check_size(&self, params: &Params, raw: &RawParams) -> Result<(), ParamsError> {
        /// The divisor of the available memory that gives the limit for coordinates.
        const PARTS: u64 = 4;
        let (ny, nx) = self.shape();
        // A run has its initial state and another one, at least.
        let snapshots = if params.runtime > 0.0 { 2 } else { 1 };
        let cube_bytes = snapshots * ny as u128 * nx as u128 * params.precision.bytes() as u128;
        if cube_bytes + u128::from(DATA_OFFSET) >= 1 << 63 {
            let reason = format!(
                "{snapshots} snapshots of {ny} × {nx} nodes take {cube_bytes} bytes, beyond the 2^63 bytes that a file can have; a larger dx takes fewer"
            );
            return Err(raw.refuse("dx", reason));
        }
        let bytes_needed = (ny as u64 + nx as u64) * size_of::<f64>() as u64;
        match sys::available_memory() {
            Some(available) if bytes_needed > available / PARTS => Err(Fault::failed(format!(
                "the coordinates of {ny} × {nx} nodes take {} of memory, and {} are available: a larger dx takes less",
                bytes(bytes_needed),
                bytes(available)
            ))
            .into()),
            _ => Ok(()),
        }
    }

    /// The integral over the domain, from a sum over nodes in which each value has its [weight](Axis::weight). Around
    /// an axis of rotation it also has its [radius](Axis::radius), and the integral is over the whole ring.
    #[must_use]
    pub fn integral(&self, sum: f64) -> f64 {
        sum * self.x.spacing * self.y.spacing * self.x.around()
    }

    /// The shape `(ny, nx)`, with boundary nodes.
    #[must_use]
    #[inline]
    pub fn shape(&self) -> (usize, usize) {
        (self.y.nodes, self.x.nodes)
    }

    /// Number of nodes, with boundary nodes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.y.nodes as u64 * self.x.nodes as u64
    }

    /// Whether there are no nodes; always false.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of interior nodes, which a step updates.
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
        let almost_half = 0.5 * (1.0 + 1e-10);
        assert_eq!(
            Axis::new(Layout::Walls, 0.0, 1.0, almost_half)
                .unwrap()
                .nodes,
            3
        );
        assert_eq!(Axis::new(Layout::Walls, 0.0, 1.0, 0.5).unwrap().nodes, 3);
    }

    #[test]
    fn a_quotient_that_is_whole_but_for_rounding_is_that_many_cells_between_walls() {
        let axis = |layout, wanted| Axis::new(layout, 0.0, 0.3, wanted).unwrap();
        let between_walls = axis(Layout::Walls, 0.05);
        assert_eq!(between_walls.nodes, 7);
        assert_eq!(between_walls.cells_before_truncation(0.05), None);
        for layout in [Layout::Slides, Layout::Files] {
            let truncated = axis(layout, 0.05);
            assert_eq!(truncated.nodes, 5 + 2);
            assert_eq!(
                truncated.cells_before_truncation(0.05),
                Some((0.3 / 0.05, 6.0))
            );
        }
        // A millionth is no rounding, and a quotient just above a whole number loses nothing.
        let wanted = 0.05 * (1.0 + 1e-6);
        assert_eq!(axis(Layout::Walls, wanted).nodes, 6);
        assert_eq!(
            axis(Layout::Slides, wanted).cells_before_truncation(wanted),
            None
        );
        let above_whole = axis(Layout::Slides, 0.05 * (1.0 - 1e-12));
        assert_eq!(above_whole.nodes, 6 + 2);
        assert_eq!(
            above_whole.cells_before_truncation(0.05 * (1.0 - 1e-12)),
            None
        );
    }
}
