//! [`Tables`]: the walls in the form that the step needs.
//!
//! A wall with a given flux `q` acts through a ghost, a node beyond it, and the face of the ghost has the
//! coefficient `c` of the inner face. Half a cell at the wall, `dp/dt = 2 (c (inner - p)/h + q)/h`, is then
//! the step of any other node with
//!
//! ```text
//!   ghost = inner + 2 h q/c                                    h = dx or dy across the wall
//!   ghost = inner + (2 h D/c) (C/b - (a/b) p)                  a p + b dp/dn = C, so q = D (C - a p)/b
//! ```
//!
//! Around an axis of rotation `c`, `D` and `q` contain the radius of their face.
//!
//! Where `c` is 0 (a harmonic mean with a node of D = 0) or negligibly small, the ghost does not depend on the inner
//! node: `ghost = p + 2 h q/g` with the coefficient `g` of its face, which has a small weight in a step.

use super::{
    faces::{beyond, radius},
    geometry::Geometry,
    over_time::values_at,
    robin,
    slots::Slots,
    survey::{Rim, Survey},
    wall::Side,
};
use crate::{
    dynamics::Halt,
    params::{Function, SIDES, Wall},
};
use diff2d_stencil::real::Real;
use diff2d_stencil::{self as stencil, Ghost, Table};
use std::{borrow::Cow, ops::Range, sync::Arc};

/// The walls of a domain for some rows of it, with all data that determine their values.
#[derive(Debug, Clone)]
pub struct Tables {
    geometry: Arc<Geometry>,
    coefficients: Along,
    rows: Range<usize>,
    /// The time step, and the time step divided by the capacity if that is uniform \[time\].
    dt: f64,
    share: f64,
    /// The largest ratio of a step to the stability limit of explicit Euler.
    reach: f64,
}

/// The coefficients along the walls.
#[derive(Debug, Clone, PartialEq)]
struct Along {
    /// The diffusion coefficients across columns and across rows, if they are uniform.
    uniform: Option<[f64; 2]>,
    /// The weight of a node away from walls in its own c dp/dt, without its sign \[1/time\], and c, if both are
    /// uniform.
    rate: Option<(f64, f64)>,
    /// The coefficients along each computed side, if any coefficient varies.
    rims: Box<[Option<Rim>; 4]>,
}

impl Along {
    /// The diffusion coefficients of a node on a side, and of its inner face.
    fn own_and_inner(&self, side: Side, number: usize) -> [f64; 2] {
        match (self.uniform, &self.rims[side as usize]) {
            (Some(diffusivities), _) => [diffusivities[usize::from(!side.is_column())]; 2],
            (None, Some(rim)) => [rim.own[number], rim.inner[number]],
            (None, None) => [0.0; 2],
        }
    }

    /// The weight and the capacity of a node on a side, as in the field `rate`.
    fn rate(&self, side: Side, number: usize) -> (f64, f64) {
        match (self.rate, &self.rims[side as usize]) {
            (Some(rate), _) => rate,
            (None, Some(rim)) => (rim.rate[number], rim.capacity[number]),
            (None, None) => (0.0, 1.0),
        }
    }
}

/// What makes the ghost of one node: `mirror inner + (alpha - beta p)`.
#[derive(Clone)]
struct GhostRule {
    mirror: f64,
    alpha: f64,
    beta: f64,
}

/// The values of a function along a side, for each node a value for each time; a single node if all have the same.
struct SideValues(Vec<Vec<f64>>);

impl SideValues {
    /// The values of the node with a number among those of the side.
    fn of(&self, position: usize) -> &[f64] {
        &self.0[if self.0.len() == 1 { 0 } else { position }]
    }
}

impl Tables {
    /// The walls of the rows `rows`, for steps of `dt` that may be `reach` times longer than the stability limit of
    /// explicit Euler.
    #[must_use]
    pub fn new(slots: &Slots, survey: &Survey, rows: Range<usize>, dt: f64, reach: f64) -> Self {
        Self {
            geometry: Arc::clone(&slots.geometry),
            coefficients: Along {
                uniform: slots.uniform_d(),
                rate: slots.uniform_rate(),
                rims: Box::new(survey.rims.clone()),
            },
            rows,
            dt,
            share: slots.share(dt),
            reach,
        }
    }

    /// The walls at each of the times, for the steps from one time to the next; walls that do not depend on time hold
    /// for any number of steps. Also the first value that is not finite or makes a step unstable; values that no step
    /// uses do not count.
    #[must_use]
    pub fn at<T: Real>(&self, times: &[f64]) -> (stencil::Walls<T>, Option<Halt>) {
        let mut wrong = None;
        let [left, right, bottom, top] = Side::ALL.map(|side| self.side(side, times, &mut wrong));
        let walls = stencil::Walls {
            left,
            right,
            bottom,
            top,
        };
        (walls, wrong)
    }

    fn side<T: Real>(
        &self,
        side: Side,
        times: &[f64],
        wrong: &mut Option<Halt>,
    ) -> stencil::Side<T> {
        let wall = self.geometry.walls.wall(side);
        let times = if wall.depends_on_time() {
            times
        } else {
            &times[..1]
        };
        match wall {
            Wall::Periodic => stencil::Side::Periodic,
            Wall::Fixed(value) if !value.depends_on_time() => stencil::Side::Held,
            Wall::Fixed(_) => {
                let own_values = &self.terms(side, times)[0];
                let values = self.numbers(side).enumerate().map(|(position, number)| {
                    let node = side.node(&self.geometry.grid, number);
                    match (self.geometry.value(node), self.geometry.fixed_side(node)) {
                        (Some(kept_value), _) => Cow::Owned(vec![kept_value; times.len()]),
                        // A corner has the values of the side that is written last.
                        (None, Some(corner_side)) if corner_side != side => {
                            let function = &self.geometry.walls.wall(corner_side).functions()[0];
                            Cow::Owned(values_at(function, &self.geometry.nodes, node, times))
                        }
                        (None, _) => Cow::Borrowed(own_values.of(position)),
                    }
                });
                let values: Vec<Cow<'_, [f64]>> = values.collect();
                let table = table(times.len(), &values, |&value| value);
                *wrong = wrong
                    .take()
                    .or_else(|| self.not_finite(side, &table, times));
                stencil::Side::Given(table)
            }
            Wall::Flux(_) | Wall::Robin(_) => {
                let ghosts = self.ghosts(side, times);
                let ghost = Ghost {
                    mirror: table(1, &ghosts, |rule| rule.mirror),
                    alpha: table(times.len(), &ghosts, |rule| rule.alpha),
                    beta: table(times.len(), &ghosts, |rule| rule.beta),
                };
                // The last time is that after the last step, which reads no ghosts.
                let used = &times[..(times.len() - 1).max(1)];
                for table in [&ghost.alpha, &ghost.beta] {
                    *wrong = wrong.take().or_else(|| self.not_finite(side, table, used));
                }
                if wrong.is_none() && wall.depends_on_time() {
                    *wrong = self.unstable(side, used);
                }
                stencil::Side::Ghost(ghost)
            }
        }
    }

    /// The first value of a table that is not finite at one of the given times.
    fn not_finite<T: Real>(&self, side: Side, table: &Table<T>, times: &[f64]) -> Option<Halt> {
        let (nodes, values) = table.parts();
        let mut values = values[..nodes * times.len()].iter();
        let place = values.position(|value| !value.to_f64().is_finite())?;
        let number = self.numbers(side).start + place % nodes;
        let (j, i) = side.node(&self.geometry.grid, number);
        Some(Halt::NotFinite {
            key: SIDES[side as usize],
            place: self.geometry.nodes.describe(self.geometry.nodes.row(j), i),
            time: times[place / nodes],
        })
    }

    /// The first node of a Robin wall whose own weight is negative in a step that begins at one of the given times.
    fn unstable(&self, side: Side, times: &[f64]) -> Option<Halt> {
        /// The tolerance on the limit at a moment, because its minimum is only known to some digits between samples.
        const ABOVE: f64 = 1e-6;
        // Where a and b are constant, so is the weight, and the schedule has examined it.
        if !self.geometry.walls.wall(side).has_moving_weight() {
            return None;
        }
        let Self { dt, reach, .. } = *self;
        let places = times
            .iter()
            .flat_map(|&time| self.numbers(side).map(move |number| (number, time)));
        for (number, time) in places {
            let (j, i) = side.node(&self.geometry.grid, number);
            let limit = reach / self.rate(side, (j, i), time);
            if limit > 0.0 && dt > limit * (1.0 + ABOVE) {
                return Some(Halt::Unstable {
                    key: SIDES[side as usize],
                    place: self
                        .geometry
                        .nodes
                        .describe(self.geometry.nodes.row(j), self.geometry.nodes.column(i)),
                    time,
                    dt,
                    limit,
                });
            }
        }
        None
    }

    /// The weight of a computed node on a side in its own dp/dt, without its sign \[1/time\].
    fn rate(&self, side: Side, node: (usize, usize), time: f64) -> f64 {
        let is_on_fixed = Side::ALL.into_iter().any(|side| {
            side.has(&self.geometry.grid, node) && self.geometry.walls.wall(side).is_fixed()
        });
        if is_on_fixed || self.geometry.keeps(node) {
            return 0.0;
        }
        let number = self.geometry.number_along(side, node);
        let (inner_rate, capacity) = self.coefficients.rate(side, number);
        let walls = robin::rate(&self.geometry, node, time, |side| {
            let number = self.geometry.number_along(side, node);
            self.coefficients.own_and_inner(side, number)[0]
        });
        (inner_rate + walls) / capacity
    }

    /// The numbers of the nodes along a side.
    fn numbers(&self, side: Side) -> Range<usize> {
        if side.is_column() {
            self.rows.clone()
        } else {
            0..self.geometry.grid.x.nodes
        }
    }

    /// The flux of a side's wall, or c/b and a/b of a Robin wall, over the half cells of its nodes. What is the same at
    /// all nodes is evaluated at one.
    fn terms(&self, side: Side, times: &[f64]) -> Vec<SideValues> {
        let wall = self.geometry.walls.wall(side);
        let quotients = match wall.functions() {
            [a, b, c] => vec![(c, Some(b)), (a, Some(b))],
            functions => functions.iter().map(|function| (function, None)).collect(),
        };
        if self.geometry.cut_walls[side as usize].is_moving && times.len() > 1 {
            let at_times = times.iter().map(|&time| self.terms(side, &[time]));
            let joined = at_times.reduce(|mut terms, later_terms| {
                for (SideValues(term), SideValues(later)) in terms.iter_mut().zip(later_terms) {
                    let of_nodes = term.iter_mut().zip(later);
                    of_nodes.for_each(|(values, later_values)| values.extend(later_values));
                }
                terms
            });
            return joined.unwrap_or_default();
        }
        let cut_wall = self.geometry.cut_wall(side, times[0]);
        let terms = quotients.into_iter().map(|quotient| {
            let mut functions = [Some(quotient.0), quotient.1].into_iter().flatten();
            let (depends_on_place, count) = match functions.any(Function::depends_on_place) {
                true => (true, usize::MAX),
                false => (false, 1),
            };
            let of_nodes = self.numbers(side).take(count).map(|number| {
                let node = side.node(&self.geometry.grid, number);
                let cut = cut_wall.node(self.geometry.number_along(side, node));
                let cut = cut.filter(|_| depends_on_place);
                self.geometry.quotients(node, cut, quotient, times)
            });
            SideValues(of_nodes.collect())
        });
        terms.collect()
    }

    /// The inflow during a step through a wall of given flux or of Robin's kind, over a length of one spacing, at each
    /// node of a side: a constant part, and a part to be multiplied by the value of the node and subtracted. Empty for
    /// other walls.
    ///
    /// ```text
    ///   q dt/h = given - taken p          q of a flux; D C/b and D a/b of Robin's kind
    /// ```
    #[must_use]
    pub fn inflows(&self, side: Side, time: f64) -> Vec<[f64; 2]> {
        match self.geometry.walls.wall(side) {
            Wall::Fixed(_) | Wall::Periodic => Vec::new(),
            Wall::Flux(_) | Wall::Robin(_) => {
                let values = self.terms(side, &[time]);
                let inflows = self.numbers(side).enumerate().map(|(position, number)| {
                    let node = side.node(&self.geometry.grid, number);
                    let values: Vec<f64> =
                        values.iter().map(|values| values.of(position)[0]).collect();
                    self.inflow(side, node, &values)
                });
                inflows.collect()
            }
        }
    }

    /// The inflow of a node: with one value through a wall of that flux, with two through a Robin wall.
    fn inflow(&self, side: Side, node: (usize, usize), values: &[f64]) -> [f64; 2] {
        let [gain, loss] = if let &[gain, loss] = values {
            let number = self.geometry.number_along(side, node);
            let [own_coefficient, _] = self.coefficients.own_and_inner(side, number);
            [gain, loss].map(|term| own_coefficient * term)
        } else {
            let flux = values[0];
            [radius(&self.geometry.grid, side, node.1) * flux, 0.0]
        };
        let factor = self.share / side.axis(&self.geometry.grid).spacing;
        // A wall may have no value where a node keeps its own, and nothing passes it where the node is masked.
        let is_there = (gain.is_finite() && loss.is_finite()) || !self.geometry.keeps(node);
        if is_there && !self.geometry.masks(node) {
            [factor * gain, factor * loss]
        } else {
            [0.0; 2]
        }
    }

    /// The rules of the ghosts of a side, for each node at each time.
    fn ghosts(&self, side: Side, times: &[f64]) -> Vec<Vec<GhostRule>> {
        let values = self.terms(side, times);
        let nodes = self.numbers(side).enumerate();
        let ghosts = nodes.map(|(position, number)| {
            let node = side.node(&self.geometry.grid, number);
            let values: Vec<&[f64]> = values.iter().map(|values| values.of(position)).collect();
            self.ghosts_of(side, node, &values, times.len())
        });
        ghosts.collect()
    }

    /// The rules of the ghost of one node at `count` times. `values` has the fluxes of its wall, or c/b and a/b of a Robin
    /// wall, for each time.
    fn ghosts_of(
        &self,
        side: Side,
        node: (usize, usize),
        values: &[&[f64]],
        count: usize,
    ) -> Vec<GhostRule> {
        if self.geometry.keeps(node) {
            // Whatever the wall's formulas give there.
            let no_ghost = GhostRule {
                mirror: 0.0,
                alpha: 0.0,
                beta: 0.0,
            };
            return vec![no_ghost; count];
        }
        let h = side.axis(&self.geometry.grid).spacing;
        let number = self.geometry.number_along(side, node);
        let [own_coefficient, inner] = self.coefficients.own_and_inner(side, number);
        let (mirror, coefficient) = match self.coefficients.uniform {
            Some(_) => (1.0, inner),
            None => beyond(inner, h, self.share),
        };
        // Without a mirror the ghost begins with the node itself.
        let itself = 1.0 - mirror;
        let times = 0..count;
        if let [gains, losses] = values {
            let factor = 2.0 * h * (own_coefficient / coefficient);
            let rules = times.map(|time| GhostRule {
                mirror,
                alpha: factor * gains[time],
                beta: factor * losses[time] - itself,
            });
            rules.collect()
        } else {
            let (fluxes, radius) = (values[0], radius(&self.geometry.grid, side, node.1));
            let rules = times.map(|time| GhostRule {
                mirror,
                alpha: 2.0 * h * (radius * fluxes[time]) / coefficient,
                beta: -itself,
            });
            rules.collect()
        }
    }
}

/// A table of values for each node of a side, at the first `count` times; `values` has the values of each node.
fn table<T: Real, V>(
    count: usize,
    values: &[impl AsRef<[V]>],
    value: impl Fn(&V) -> f64,
) -> Table<T> {
    let mut entries = Vec::with_capacity(count * values.len());
    for time in 0..count {
        let of_nodes = values.iter().map(|values| value(&values.as_ref()[time]));
        entries.extend(of_nodes.map(T::from_f64));
    }
    Table::new(values.len(), entries)
}
