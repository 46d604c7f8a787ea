//! [`Robin`]: the effect of walls with `a p + b ∂p/∂n = c` on the stability limit.

use super::{
    geometry::Geometry,
    over_time::{self, times},
    values::value_at,
    wall::Side,
};
use crate::params::{ParamsError, RawParams, SIDES, Wall};
use std::{cell::OnceCell, ops::Range};

/// The largest number of samples in time, over all nodes together.
const MOST_SAMPLES: usize = 1 << 22;
/// The smallest number of samples in time at one node.
const FEWEST_SAMPLES: usize = 1 << 8;

/// The walls with `a p + b ∂p/∂n = c` of a domain.
#[derive(Debug, Clone)]
pub struct Robin<'a> {
    geometry: &'a Geometry,
    /// The length of the run \[time\].
    pub runtime: f64,
}

impl<'a> Robin<'a> {
    /// The walls with `a p + b ∂p/∂n = c` among the walls of a geometry.
    #[must_use]
    pub fn new(geometry: &'a Geometry, runtime: f64) -> Self {
        Self { geometry, runtime }
    }

    /// The time from the beginning of the run to its end \[time\].
    fn span(&self) -> Range<f64> {
        let start = self.geometry.start;
        start..start + self.runtime
    }

    /// Whether there are such walls.
    #[must_use]
    pub fn is_there(&self) -> bool {
        Side::ALL.iter().any(|&side| self.is_on(side))
    }

    fn is_on(&self, side: Side) -> bool {
        matches!(self.geometry.walls.wall(side), Wall::Robin(_))
    }

    /// The computed nodes `(j, i)` on these walls.
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

    /// Whether a node lies on a Robin wall.
    #[must_use]
    pub fn has(&self, node: (usize, usize)) -> bool {
        self.sides_at(node).next().is_some()
    }

    /// The sides with these walls on which a node lies.
    pub fn sides_at(&self, node: (usize, usize)) -> impl Iterator<Item = Side> {
        let sides = Side::ALL.into_iter();
        sides.filter(move |&side| self.is_on(side) && side.has(&self.geometry.grid, node))
    }

    /// Refuses walls whose b is 0 at a computed node at the start.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] with the first such node.
    pub fn check(&self, raw: &RawParams) -> Result<(), ParamsError> {
        let Geometry {
            grid, nodes, start, ..
        } = self.geometry;
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            let Wall::Robin([_, b, _]) = self.geometry.walls.wall(side) else {
                continue;
            };
            let on_side = self.nodes().filter(|&node| side.has(grid, node));
            let computed = on_side.filter(|&node| !self.geometry.keeps(node));
            let values = computed.map(|node| (node, value_at(b, nodes, node, *start).abs()));
            let values: Vec<_> = values.collect();
            let largest = values
                .iter()
                .fold(0.0, |largest: f64, (_, b)| largest.max(*b));
            // As comparisons of formulas allow for rounding.
            let rounding = 8.0 * f64::EPSILON * largest;
            if let Some(&((j, i), _)) = values.iter().find(|(_, b)| *b <= rounding) {
                let place = nodes.describe(j, i);
                let reason = format!("b is 0 at {place}, where p = c/a is that of a fixed wall");
                return Err(raw.refuse(key, reason));
            }
        }
        Ok(())
    }

    /// Whether the ratio a/b of a wall depends on time, and whether it depends on the position.
    fn ratio_depends(&self, side: Side) -> (bool, bool) {
        let Wall::Robin([a, b, _]) = self.geometry.walls.wall(side) else {
            return (false, false);
        };
        (
            a.depends_on_time() || b.depends_on_time(),
            a.depends_on_place() || b.depends_on_place(),
        )
    }

    /// The number of samples in time at each of `nodes` nodes.
    fn samples(nodes: usize, desired_samples: f64) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "bounded below"
        )]
        let desired_samples = desired_samples.ceil() as usize;
        let most_samples = (MOST_SAMPLES / nodes.max(1)).max(FEWEST_SAMPLES);
        // A power of two, by which times have few digits.
        let samples = desired_samples.clamp(FEWEST_SAMPLES, most_samples);
        samples.checked_next_power_of_two().unwrap_or(MOST_SAMPLES)
    }

    /// The first time in a run at which a wall has a/b < 0, so that inflow grows with p: the side, the position in
    /// words, and the time. `None` if there is no such time.
    #[must_use]
    pub fn feeding(&self) -> Option<(Side, String, f64)> {
        /// The number of samples in time, over all nodes together.
        const SAMPLES: f64 = (1_u32 << 16) as f64;
        let nodes: Vec<_> = self.nodes().collect();
        let mut first_feeding: Option<(Side, (usize, usize), f64)> = None;
        for side in Side::ALL.into_iter().filter(|&side| self.is_on(side)) {
            let (in_time, in_place) = self.ratio_depends(side);
            let side_nodes = nodes
                .iter()
                .filter(|&&node| side.has(&self.geometry.grid, node));
            let side_nodes: Vec<_> = side_nodes
                .take(if in_place { usize::MAX } else { 1 })
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
            let node_samples = SAMPLES / side_nodes.len().max(1) as f64;
            let times = if in_time {
                times(self.span(), Self::samples(side_nodes.len(), node_samples))
            } else {
                vec![0.0]
            };
            let mut ratios = vec![0.0; times.len()];
            for &node in side_nodes {
                self.add_ratios(side, node, 1.0, &times, &mut ratios);
                let place = ratios.iter().position(|&ratio| ratio < 0.0);
                if let Some(time) = place.map(|place| times[place])
                    && first_feeding.is_none_or(|(_, _, earliest)| time < earliest)
                {
                    first_feeding = Some((side, node, time));
                }
                ratios.fill(0.0);
            }
        }
        first_feeding.map(|(side, (j, i), time)| (side, self.geometry.nodes.describe(j, i), time))
    }

    /// Adds a/b of a wall at a node, times `factor`, for each of the times.
    fn add_ratios(
        &self,
        side: Side,
        node: (usize, usize),
        factor: f64,
        times: &[f64],
        sums: &mut [f64],
    ) {
        let Wall::Robin([a, b, _]) = self.geometry.walls.wall(side) else {
            return;
        };
        let wall = &self.geometry.cut_walls[side as usize];
        // Where places move, each node is inside of them at some time.
        let cut = wall.node(self.geometry.number_along(side, node));
        let cut = cut.filter(|_| !wall.is_moving);
        let ratios = self.geometry.quotients(node, cut, (a, Some(b)), times);
        sums.iter_mut()
            .zip(ratios)
            .for_each(|(sum, ratio)| *sum += factor * ratio);
    }

    /// The search for the times at which these walls allow only the smallest step; `inner_weight` is the weight in its own
    /// dp/dt of a node away from these walls \[1/time\].
    #[must_use]
    pub fn peaks(&self, inner_weight: f64) -> Peaks<'_> {
        Peaks {
            robin: self,
            // As dense as the steps, and twice that.
            desired_samples: 2.0 * self.runtime * inner_weight,
            node_count: self.nodes().count(),
            side_times: [const { OnceCell::new() }; 4],
        }
    }

    /// `2 D a/(b dx)`, summed over these walls at a node; `d_across` gives the node's D across a side.
    #[must_use]
    pub fn rate(&self, node: (usize, usize), time: f64, d_across: impl Fn(Side) -> f64) -> f64 {
        rate(self.geometry, node, time, d_across)
    }
}

/// Finds the times at which nodes on these walls have the largest weight in their own dp/dt.
#[derive(Debug)]
pub struct Peaks<'a> {
    robin: &'a Robin<'a>,
    /// The desired number of samples in time at a node.
    desired_samples: f64,
    /// The number of nodes.
    node_count: usize,
    /// The time of the largest a/b along each side, if it is the same all along the side.
    side_times: [OnceCell<f64>; 4],
}

impl Peaks<'_> {
    /// The largest [`Robin::rate`] of a node during the run; if the largest rate is below `least`, any rate of the node
    /// during the run.
    pub fn rate(&self, node: (usize, usize), least: f64, d_across: impl Fn(Side) -> f64) -> f64 {
        let robin = self.robin;
        let time = self.time(node, least, &d_across);
        robin.rate(node, time, d_across)
    }

    fn time(&self, node: (usize, usize), least: f64, d_across: impl Fn(Side) -> f64) -> f64 {
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
            let time = &self.side_times[*side as usize];
            return *time.get_or_init(|| {
                let samples = Robin::samples(1, self.desired_samples);
                over_time::largest(robin.span(), samples, f64::NEG_INFINITY, |times, sums| {
                    robin.add_ratios(*side, node, 1.0, times, sums);
                })
            });
        }
        let samples = Robin::samples(self.node_count, self.desired_samples);
        over_time::largest(robin.span(), samples, least, |times, sums| {
            for &side in &sides {
                let factor = 2.0 * d_across(side) / side.axis(&robin.geometry.grid).spacing;
                robin.add_ratios(side, node, factor, times, sums);
            }
        })
    }
}

/// The sum over Robin walls at a node that [`Robin::rate`] returns.
#[must_use]
pub fn rate(
    geometry: &Geometry,
    (j, i): (usize, usize),
    time: f64,
    d_across: impl Fn(Side) -> f64,
) -> f64 {
    let Geometry { grid, nodes, .. } = geometry;
    let sides = Side::ALL.into_iter().filter(|side| side.has(grid, (j, i)));
    sides
        .filter_map(|side| match geometry.walls.wall(side) {
            Wall::Robin([a, b, _]) => {
                let wall = geometry.cut_wall(side, time);
                let [a, b] = match wall.node(geometry.number_along(side, (j, i))) {
                    None => [a, b].map(|function| value_at(function, nodes, (j, i), time)),
                    cut => [
                        geometry.quotients((j, i), cut, (a, Some(b)), &[time])[0],
                        1.0,
                    ],
                };
                let spacing = side.axis(grid).spacing;
                Some(2.0 * d_across(side) * a / (b * spacing))
            }
            _ => None,
        })
        .sum()
}
