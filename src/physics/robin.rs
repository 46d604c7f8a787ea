//! [`Robin`]: what walls with `a p + b ∂p/∂n = c` add to the stability limit.

use super::{
    geometry::Geometry,
    over_time::{self, times},
    values::value_at,
    wall::Side,
};
use crate::params::{Function, Wall};
use std::{cell::OnceCell, ops::Range};

/// Values of coefficients that depend on t, at most, of all nodes together.
const MOST_LOOKS: usize = 1 << 22;
/// Of those of one node, at least.
const FEWEST_LOOKS: usize = 1 << 8;

/// The walls with `a p + b ∂p/∂n = c` of a domain.
#[derive(Debug, Clone)]
pub struct Robin<'a> {
    geometry: &'a Geometry,
    /// The length of the run \[time\].
    pub runtime: f64,
}

impl<'a> Robin<'a> {
    /// Those among all walls.
    #[must_use]
    pub fn new(geometry: &'a Geometry, runtime: f64) -> Self {
        Self { geometry, runtime }
    }

    /// From the beginning of the run to its end \[time\].
    fn span(&self) -> Range<f64> {
        let start = self.geometry.start;
        start..start + self.runtime
    }

    /// Whether there are any.
    #[must_use]
    pub fn is_there(&self) -> bool {
        Side::ALL.iter().any(|&side| self.is_on(side))
    }

    fn is_on(&self, side: Side) -> bool {
        matches!(self.geometry.walls.wall(side), Wall::Robin(_))
    }

    /// The nodes on these walls, `(j, i)`, that are computed.
    pub fn nodes(&self) -> impl Iterator<Item = (usize, usize)> {
        let sides = Side::ALL.into_iter().filter(|&side| self.is_on(side));
        let grid = &self.geometry.grid;
        let nodes = sides
            .flat_map(move |side| (0..side.nodes(grid)).map(move |number| side.node(grid, number)));
        nodes.filter(|&node| {
            let mut sides = Side::ALL
                .into_iter()
                .filter(|side| side.has(&self.geometry.grid, node));
            sides.all(|side| !self.geometry.walls.wall(side).is_fixed())
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
        sides.filter(move |&side| self.is_on(side) && side.has(&self.geometry.grid, node))
    }

    /// Whether a or b of a wall depends on t; and on the place.
    fn ratio_depends(&self, side: Side) -> (bool, bool) {
        let Wall::Robin([a, b, _]) = self.geometry.walls.wall(side) else {
            return (false, false);
        };
        let either = |of: fn(&Function) -> bool| of(a) || of(b);
        (
            either(Function::depends_on_time),
            either(Function::depends_on_place),
        )
    }

    /// Numbers of looks at each of so many nodes, at most.
    fn looks(nodes: usize, wanted: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded below"
        )]
        let wanted = wanted.ceil() as usize;
        let most = (MOST_LOOKS / nodes.max(1)).max(FEWEST_LOOKS);
        // A power of two, by which times have few digits.
        let looks = wanted.clamp(FEWEST_LOOKS, most);
        looks.checked_next_power_of_two().unwrap_or(MOST_LOOKS)
    }

    /// The first node and time of a run where a wall has a/b < 0: the more there is, the more comes in. Its side and its
    /// place.
    #[must_use]
    pub fn feeding(&self) -> Option<(Side, String, f64)> {
        /// Looks at all nodes together.
        const LOOKS: f64 = (1_u32 << 16) as f64;
        let all: Vec<_> = self.nodes().collect();
        let mut first: Option<(Side, (usize, usize), f64)> = None;
        for side in Side::ALL.into_iter().filter(|&side| self.is_on(side)) {
            let (in_time, in_place) = self.ratio_depends(side);
            let here = all
                .iter()
                .filter(|&&node| side.has(&self.geometry.grid, node));
            let here: Vec<_> = here.take(if in_place { usize::MAX } else { 1 }).collect();
            #[expect(clippy::cast_precision_loss, reason = "a number of looks")]
            let wanted = LOOKS / here.len().max(1) as f64;
            let times = match in_time {
                true => times(self.span(), Self::looks(here.len(), wanted)),
                false => vec![0.0],
            };
            let mut ratios = vec![0.0; times.len()];
            for &node in here {
                self.add_ratios(side, node, 1.0, &times, &mut ratios);
                let found = ratios.iter().position(|&ratio| ratio < 0.0);
                if let Some(time) = found.map(|at| times[at])
                    && first.is_none_or(|(_, _, earliest)| time < earliest)
                {
                    first = Some((side, node, time));
                }
                ratios.fill(0.0);
            }
        }
        first.map(|(side, (j, i), time)| (side, self.geometry.nodes.describe(j, i), time))
    }

    /// Adds a/b of a wall at a node and times, each times a factor.
    fn add_ratios(
        &self,
        side: Side,
        node: (usize, usize),
        factor: f64,
        times: &[f64],
        to: &mut [f64],
    ) {
        let Wall::Robin([a, b, _]) = self.geometry.walls.wall(side) else {
            return;
        };
        let [of_a, of_b] = [a, b].map(|of| {
            let mut values = vec![0.0; times.len()];
            over_time::fill(of, &self.geometry.nodes, node, times, &mut values);
            values
        });
        for ((to, a), b) in to.iter_mut().zip(of_a).zip(of_b) {
            *to += factor * (a / b);
        }
    }

    /// The search for the times at which these walls allow the smallest step; a node that they add nothing to weighs
    /// `inside` in its own dp/dt \[1/time\].
    #[must_use]
    pub fn peaks(&self, inside: f64) -> Peaks<'_> {
        let nodes = self.nodes().count();
        Peaks {
            robin: self,
            // As dense as the steps, and twice that.
            wanted: 2.0 * self.runtime * inside,
            count: nodes,
            of_sides: [const { OnceCell::new() }; 4],
        }
    }

    /// `2 D a/(b dx)`, summed over these walls at a node; `own` is the node's D across a side.
    #[must_use]
    pub fn rate(&self, node: (usize, usize), time: f64, own: impl Fn(Side) -> f64) -> f64 {
        rate(self.geometry, node, time, own)
    }
}

/// When nodes on these walls weigh most in their own dp/dt.
#[derive(Debug)]
pub struct Peaks<'a> {
    robin: &'a Robin<'a>,
    /// Looks at a node that are worth while.
    wanted: f64,
    /// The number of nodes.
    count: usize,
    /// By side: the time of the largest a/b, where that is the same all along it.
    of_sides: [OnceCell<f64>; 4],
}

impl Peaks<'_> {
    /// The largest [`Robin::rate`] of a node in the run; where it is below `least`, any of its values.
    pub fn rate(&self, node: (usize, usize), least: f64, own: impl Fn(Side) -> f64) -> f64 {
        let robin = self.robin;
        let time = self.time(node, least, &own);
        robin.rate(node, time, own)
    }

    fn time(&self, node: (usize, usize), least: f64, own: impl Fn(Side) -> f64) -> f64 {
        let robin = self.robin;
        let sides: Vec<Side> = robin.sides_at(node).collect();
        let depends: Vec<_> = sides
            .iter()
            .map(|&side| robin.ratio_depends(side))
            .collect();
        if depends.iter().all(|&(in_time, _)| !in_time) {
            return 0.0;
        }
        if let ([side], [(true, false)]) = (&sides[..], &depends[..]) {
            let find = || {
                let looks = Robin::looks(1, self.wanted);
                over_time::largest(robin.span(), looks, f64::NEG_INFINITY, |times, to| {
                    robin.add_ratios(*side, node, 1.0, times, to);
                })
            };
            return *self.of_sides[*side as usize].get_or_init(find);
        }
        let looks = Robin::looks(self.count, self.wanted);
        over_time::largest(robin.span(), looks, least, |times, to| {
            for &side in &sides {
                let factor = 2.0 * own(side) / side.axis(&robin.geometry.grid).spacing;
                robin.add_ratios(side, node, factor, times, to);
            }
        })
    }
}

/// As [`Robin::rate`].
#[must_use]
pub fn rate(
    geometry: &Geometry,
    (j, i): (usize, usize),
    time: f64,
    own: impl Fn(Side) -> f64,
) -> f64 {
    let Geometry { grid, nodes, .. } = geometry;
    let sides = Side::ALL.into_iter().filter(|side| side.has(grid, (j, i)));
    sides
        .filter_map(|side| match geometry.walls.wall(side) {
            Wall::Robin([a, b, _]) => {
                let [a, b] = [a, b].map(|of| value_at(of, nodes, (j, i), time));
                let spacing = side.axis(grid).spacing;
                Some(2.0 * own(side) * a / (b * spacing))
            }
            _ => None,
        })
        .sum()
}
