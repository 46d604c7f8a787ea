//! [`Robin`]: what walls with `a p + b ∂p/∂n = c` add to the stability limit.

use super::{
    nodes::{Nodes, value_at},
    wall::Side,
};
use crate::{
    grid::Grid,
    params::{Boundary, Params, Wall},
};

/// Times at which coefficients that depend on t are looked at, at most.
const MOST_TIMES: f64 = 4096.0;

/// The walls with `a p + b ∂p/∂n = c` of a domain.
#[derive(Debug, Clone)]
pub struct Robin<'a> {
    params: &'a Params,
    grid: &'a Grid,
}

impl<'a> Robin<'a> {
    /// Those among all walls.
    #[must_use]
    pub fn new(params: &'a Params, grid: &'a Grid) -> Self {
        Self { params, grid }
    }

    /// Whether there are any.
    #[must_use]
    pub fn is_there(&self) -> bool {
        Side::ALL.iter().any(|&side| self.is_on(side))
    }

    fn is_on(&self, side: Side) -> bool {
        matches!(self.params.boundary.wall(side), Wall::Robin(_))
    }

    /// The times at which the coefficients are looked at: 0, and where they depend on t eight times per
    /// `outtime`. Longer runs look at the same times and more.
    pub fn times(&self) -> impl Iterator<Item = f64> + use<> {
        let (runtime, outtime) = (self.params.runtime, self.params.outtime);
        let mut interval = if outtime > 0.0 {
            outtime / 8.0
        } else {
            runtime / MOST_TIMES
        };
        while runtime > MOST_TIMES * interval {
            interval *= 2.0;
        }
        let depends = Side::ALL
            .iter()
            .any(|&side| self.is_on(side) && self.params.boundary.wall(side).depends_on_time());
        let times = std::iter::successors(Some(0_u32), |number| number.checked_add(1));
        times
            .map(move |number| f64::from(number) * interval)
            .take_while(move |&time| time == 0.0 || (depends && time <= runtime && interval > 0.0))
            .take(if depends { usize::MAX } else { 1 })
    }

    /// The nodes on these walls, `(j, i)`, that are computed.
    pub fn nodes(&self) -> impl Iterator<Item = (usize, usize)> {
        let sides = Side::ALL.into_iter().filter(|&side| self.is_on(side));
        let grid = self.grid;
        let nodes = sides
            .flat_map(move |side| (0..side.nodes(grid)).map(move |number| side.node(grid, number)));
        nodes.filter(|&node| {
            let mut sides = Side::ALL
                .into_iter()
                .filter(|side| side.has(self.grid, node));
            sides.all(|side| !self.params.boundary.wall(side).is_fixed())
        })
    }

    /// Whether a node lies on one of these walls.
    #[must_use]
    pub fn has(&self, node: (usize, usize)) -> bool {
        self.sides_at(node).next().is_some()
    }

    /// The sides with these walls on which a node lies.
    pub fn sides_at(&self, node: (usize, usize)) -> impl Iterator<Item = Side> {
        let sides = Side::ALL.into_iter();
        sides.filter(move |&side| self.is_on(side) && side.has(self.grid, node))
    }

    /// The first node, among the times that are looked at, where a wall has a/b < 0: the more there is, the more
    /// comes in. Its side, its place and the time.
    #[must_use]
    pub fn feeding(&self) -> Option<(Side, String, f64)> {
        let nodes = Nodes::new(self.grid, self.params.boundary.periodic());
        let feeds = |side: Side, node: (usize, usize), time: f64| {
            let Wall::Robin([a, b, _]) = self.params.boundary.wall(side) else {
                return false;
            };
            let [a, b] = [a, b].map(|of| value_at(of, &nodes, node, time));
            a / b < 0.0
        };
        for time in self.times() {
            for (j, i) in self.nodes() {
                if let Some(side) = self
                    .sides_at((j, i))
                    .find(|&side| feeds(side, (j, i), time))
                {
                    return Some((side, nodes.describe(j, i), time));
                }
            }
        }
        None
    }

    /// `2 D a/(b dx)`, summed over these walls at a node; `own` is the node's D across a side.
    #[must_use]
    pub fn rate(
        &self,
        nodes: &Nodes,
        node: (usize, usize),
        time: f64,
        own: impl Fn(Side) -> f64,
    ) -> f64 {
        rate(&self.params.boundary, (self.grid, nodes), node, time, own)
    }
}

/// As [`Robin::rate`].
#[must_use]
pub fn rate(
    walls: &Boundary,
    (grid, nodes): (&Grid, &Nodes),
    (j, i): (usize, usize),
    time: f64,
    own: impl Fn(Side) -> f64,
) -> f64 {
    let sides = Side::ALL.into_iter().filter(|side| side.has(grid, (j, i)));
    sides
        .filter_map(|side| match walls.wall(side) {
            Wall::Robin([a, b, _]) => {
                let [a, b] = [a, b].map(|of| value_at(of, nodes, (j, i), time));
                let spacing = side.axis(grid).spacing;
                Some(2.0 * own(side) * a / (b * spacing))
            }
            _ => None,
        })
        .sum()
}
