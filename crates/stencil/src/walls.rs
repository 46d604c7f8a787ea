//! [`Walls`]: the conditions at the four sides of an array.

use std::ops::Range;

use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, DataMut, Ix2};

use crate::real::Real;
use crate::scalar;

/// The sides of an array `[j, i]`.
///
/// If two given sides meet, the node in the corner has the value of the side that is written later, in the order of the
/// fields. No step reads that node.
#[derive(Clone, Debug, Default)]
pub struct Walls<T> {
    /// Column 0.
    pub left: Side<T>,
    /// The last column.
    pub right: Side<T>,
    /// Row 0, which is at the lower end of y.
    pub bottom: Side<T>,
    /// The last row.
    pub top: Side<T>,
}

/// The condition at one side, for a number of steps.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Side<T> {
    /// The outermost nodes keep their values: a wall with constant values, or the end of a slab.
    #[default]
    Held,
    /// The outermost nodes have the values of the table, entry `k` after `k` steps.
    Given(Table<T>),
    /// The outermost nodes are computed. Their neighbour beyond the wall is a ghost. Entry `k` of the
    /// tables holds for the step after `k` steps.
    Ghost(Ghost<T>),
    /// The first and the last node are the same point, and both are computed. The opposite side must be periodic as
    /// well.
    Periodic,
}

/// The value beyond a wall that imposes the wanted flux:
///
/// ```text
/// ghost = mirror * inner + (alpha - beta * outermost)
/// ```
///
/// where `inner` is the second node from the wall.
#[derive(Clone, Debug)]
pub struct Ghost<T> {
    /// The factor of the second node; 1 mirrors it.
    pub mirror: Table<T>,
    /// The constant part \[density\].
    pub alpha: Table<T>,
    /// The factor of the outermost node.
    pub beta: Table<T>,
}

/// Values along a side for consecutive steps; a single entry if they are constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<T> {
    nodes: usize,
    values: Vec<T>,
}

impl<T: Real> Table<T> {
    /// Entries of `nodes` values each, one after the other.
    ///
    /// # Panics
    /// If there is no entry, or if the last one is incomplete.
    #[must_use]
    pub fn new(nodes: usize, values: Vec<T>) -> Self {
        assert!(nodes > 0 && !values.is_empty() && values.len().is_multiple_of(nodes));
        Self { nodes, values }
    }

    /// A table with one value for every node and step.
    #[must_use]
    pub fn constant(nodes: usize, value: T) -> Self {
        Self::new(nodes, vec![value; nodes])
    }

    /// The number of nodes, and the values.
    #[must_use]
    pub fn parts(&self) -> (usize, &[T]) {
        (self.nodes, &self.values)
    }

    /// Entry `step`, or the only entry.
    #[inline(always)]
    pub(super) fn at(&self, step: usize) -> &[T] {
        let start = step * self.nodes;
        match self.values.len() == self.nodes {
            true => &self.values,
            false => &self.values[start..start + self.nodes],
        }
    }

    /// The change of a value from the first entry to entry `step`.
    #[inline(always)]
    fn change(&self, step: usize, node: usize) -> T {
        self.at(step)[node] - self.at(0)[node]
    }

    fn covers(&self, nodes: usize, steps: usize) -> bool {
        let entries = self.values.len() / self.nodes;
        self.nodes == nodes && (entries == 1 || entries >= steps)
    }
}

impl<T: Real> Ghost<T> {
    /// The value beyond the wall at one node of the side.
    #[inline(always)]
    pub(super) fn value(&self, step: usize, node: usize, inner: T, outermost: T) -> T {
        let Self {
            mirror,
            alpha,
            beta,
        } = self;
        let [mirror, alpha, beta] = [mirror, alpha, beta].map(|table| table.at(step)[node]);
        scalar::ghost(mirror, alpha, beta, inner, outermost)
    }

    /// The change of the value since the first of several stages.
    #[inline(always)]
    fn change(&self, step: usize, node: usize, start: [T; 2], now: [T; 2]) -> T {
        let tables = [&self.mirror, &self.alpha, &self.beta];
        let [mirror, alpha, beta] = tables.map(|table| table.change(step, node));
        let [of_inner, _, of_outermost] = tables.map(|table| table.at(step)[node]);
        let of_coefficients = scalar::ghost(mirror, alpha, beta, start[0], start[1]);
        scalar::ghost(of_inner, of_coefficients, of_outermost, now[0], now[1])
    }
}

impl<T: Real> Side<T> {
    /// Whether the outermost nodes are computed.
    pub(super) fn is_computed(&self) -> bool {
        matches!(self, Self::Ghost(_) | Self::Periodic)
    }

    fn is_periodic(&self) -> bool {
        matches!(self, Self::Periodic)
    }

    /// The value at or beyond the wall next to the outermost computed node, after `step` steps. `None` if nothing has
    /// to be written there, for a held or a periodic side.
    #[inline(always)]
    pub(super) fn beyond(&self, step: usize, node: usize, inner: T, outermost: T) -> Option<T> {
        match self {
            Self::Held | Self::Periodic => None,
            Self::Given(table) => Some(table.at(step)[node]),
            Self::Ghost(ghost) => Some(ghost.value(step, node, inner, outermost)),
        }
    }

    /// Writes the values at or beyond the wall next to consecutive nodes from number `node` on, as
    /// [`beyond`](Self::beyond) has them.
    #[inline(always)]
    pub(super) fn write_beyond(
        &self,
        step: usize,
        node: usize,
        beyond: &mut [T],
        outermost: &[T],
        inner: &[T],
    ) {
        let count = beyond.len();
        let nodes = node..node + count;
        match self {
            Self::Held | Self::Periodic => {}
            Self::Given(table) => beyond.copy_from_slice(&table.at(step)[nodes]),
            Self::Ghost(Ghost {
                mirror,
                alpha,
                beta,
            }) => {
                let tables = [mirror, alpha, beta].map(|table| &table.at(step)[nodes.clone()]);
                let [mirror, alpha, beta] = tables;
                let (outermost, inner) = (&outermost[..count], &inner[..count]);
                for i in 0..count {
                    beyond[i] = scalar::ghost(mirror[i], alpha[i], beta[i], inner[i], outermost[i]);
                }
            }
        }
    }

    /// The change of [`beyond`](Self::beyond) since the first of several stages, after `stages` stages; `start` is
    /// `[inner, outermost]` in the first stage, and `now` is the change of both.
    #[inline(always)]
    fn change(&self, stages: usize, node: usize, start: [T; 2], now: [T; 2]) -> Option<T> {
        match self {
            Self::Held | Self::Periodic => None,
            Self::Given(table) => Some(table.change(stages, node)),
            Self::Ghost(ghost) => Some(ghost.change(stages, node, start, now)),
        }
    }

    /// The value of [`beyond`](Self::beyond) before the first stage, and of [`change`](Self::change) after at least
    /// one.
    #[inline(always)]
    pub(super) fn beyond_or_change(
        &self,
        stages: usize,
        node: usize,
        start: [T; 2],
        now: [T; 2],
    ) -> Option<T> {
        match stages {
            0 => self.beyond(0, node, start[0], start[1]),
            _ => self.change(stages, node, start, now),
        }
    }

    fn covers(&self, nodes: usize, steps: usize) -> bool {
        match self {
            Self::Held | Self::Periodic => true,
            // The state after the last step has an entry, too.
            Self::Given(table) => table.covers(nodes, steps + 1),
            Self::Ghost(Ghost {
                mirror,
                alpha,
                beta,
            }) => [mirror, alpha, beta]
                .into_iter()
                .all(|table| table.covers(nodes, steps)),
        }
    }
}

impl<T: Real> Walls<T> {
    /// Walls whose nodes all keep their values.
    #[must_use]
    pub fn held() -> Self {
        Self::default()
    }

    fn sides(&self) -> [&Side<T>; 4] {
        [&self.left, &self.right, &self.bottom, &self.top]
    }

    /// Whether no value of the state can grow at a wall, because there are no prescribed values or fluxes.
    pub(super) fn add_nothing(&self) -> bool {
        self.sides()
            .iter()
            .all(|side| matches!(side, Side::Held | Side::Periodic))
    }

    /// The properties of the walls that matter for the choice of a tile.
    #[must_use]
    pub fn traits(&self) -> WallTraits {
        let is_periodic = [&self.bottom, &self.left].map(|side| matches!(side, Side::Periodic));
        WallTraits {
            is_periodic,
            add_nothing: self.add_nothing(),
        }
    }

    /// Whether the sides fit an array and a number of steps, and periodic sides come in pairs.
    pub(super) fn fit(&self, (ny, nx): (usize, usize), steps: usize) -> bool {
        let pairs = [(&self.left, &self.right), (&self.bottom, &self.top)];
        pairs
            .iter()
            .all(|(a, b)| a.is_periodic() == b.is_periodic())
            && [&self.left, &self.right]
                .iter()
                .all(|side| side.covers(ny, steps))
            && [&self.bottom, &self.top]
                .iter()
                .all(|side| side.covers(nx, steps))
    }

    /// The rows and columns of an array that are computed.
    pub(super) fn domain(&self, (ny, nx): (usize, usize)) -> [Computed; 2] {
        [
            Computed::new(&self.bottom, &self.top, ny),
            Computed::new(&self.left, &self.right, nx),
        ]
    }

    /// Copies the nodes of held sides from one array to another.
    pub fn copy_held(&self, from: &ArrayView2<'_, T>, to: &mut ArrayViewMut2<'_, T>) {
        let (ny, nx) = from.dim();
        for (side, axis, node) in [
            (&self.left, Axis(1), 0),
            (&self.right, Axis(1), nx - 1),
            (&self.bottom, Axis(0), 0),
            (&self.top, Axis(0), ny - 1),
        ] {
            if matches!(side, Side::Held) {
                let mut target = to.index_axis_mut(axis, node);
                target.assign(&from.index_axis(axis, node));
            }
        }
    }

    /// Writes the values of given sides after `step` steps to the nodes of an array.
    ///
    /// # Panics
    /// If a table has another length than its side.
    pub fn write_given<S: DataMut<Elem = T>>(&self, array: &mut ArrayBase<S, Ix2>, step: usize) {
        let (ny, nx) = array.dim();
        for (side, column) in [(&self.left, 0), (&self.right, nx - 1)] {
            if let Side::Given(table) = side {
                let values = table.at(step);
                (0..ny).for_each(|j| array[[j, column]] = values[j]);
            }
        }
        for (side, row) in [(&self.bottom, 0), (&self.top, ny - 1)] {
            if let Side::Given(table) = side {
                let values = table.at(step);
                (0..nx).for_each(|i| array[[row, i]] = values[i]);
            }
        }
    }
}

/// The properties of walls that matter for the choice of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallTraits {
    /// Whether the field is periodic along y (axis 0), and along x (axis 1).
    pub is_periodic: [bool; 2],
    /// Whether all sides are held or periodic, so that no value of the state can grow at a wall.
    pub add_nothing: bool,
}

impl WallTraits {
    /// The traits of walls that are held.
    pub const HELD: Self = Self {
        is_periodic: [false; 2],
        add_nothing: true,
    };
}

/// The nodes that a step computes along one axis.
///
/// On a periodic axis, numbers beyond the ends stand for the nodes `period` numbers before or after.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    /// The first and the end of the nodes that have to be computed.
    pub nodes: Range<isize>,
    /// The number of different nodes, on a periodic axis.
    pub period: Option<isize>,
}

impl Computed {
    fn new<T: Real>(first: &Side<T>, last: &Side<T>, nodes: usize) -> Self {
        let nodes = nodes as isize;
        let first_node = isize::from(!first.is_computed());
        Self {
            nodes: first_node..nodes - isize::from(!last.is_computed()),
            period: first.is_periodic().then_some(nodes - 1),
        }
    }

    /// The range of computed nodes in an array.
    pub fn in_array(&self) -> Range<usize> {
        self.nodes.start as usize..self.nodes.end as usize
    }

    /// The nodes within `reach` of `nodes` that can be computed.
    #[inline(always)]
    pub fn around(&self, nodes: &Range<isize>, reach: isize) -> Range<isize> {
        let surroundings = nodes.start - reach..nodes.end + reach;
        match self.period {
            Some(_) => surroundings,
            None => surroundings.start.max(self.nodes.start)..surroundings.end.min(self.nodes.end),
        }
    }

    /// Whether an array with `nodes` nodes along the axis contains a node.
    pub fn is_in(&self, node: isize, nodes: usize) -> bool {
        self.period.is_some() || (0..nodes as isize).contains(&node)
    }

    /// Whether a node is in such an array and no step writes it.
    pub fn is_wall(&self, node: isize, nodes: usize) -> bool {
        self.is_in(node, nodes) && self.period.is_none() && !self.nodes.contains(&node)
    }

    /// The index in an array of a node that may be beyond its ends.
    #[inline(always)]
    pub fn place(&self, node: isize) -> usize {
        match self.period {
            Some(period) => node.rem_euclid(period) as usize,
            None => node as usize,
        }
    }

    /// The number of consecutive nodes, from this one on, that are contiguous in an array with `nodes` nodes along the
    /// axis.
    pub fn adjacent(&self, node: isize, nodes: usize) -> usize {
        let distinct_nodes = self.period.map_or(nodes, |period| period as usize);
        distinct_nodes - self.place(node)
    }
}
