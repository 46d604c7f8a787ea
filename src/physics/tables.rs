//! [`Tables`]: the walls as the step takes them.
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
//! Around an axis of rotation `c`, `D` and `q` have the radius of their face in them.
//!
//! Where `c` is 0 (a harmonic mean with a node of D = 0) or so small that nothing is seen of it, the ghost stands on its
//! own: `ghost = p + 2 h q/g` with the coefficient `g` of its face, which has a small weight in a step.

use super::{
    faces::{beyond, radius},
    geometry::Geometry,
    robin,
    slots::Slots,
    survey::{Rim, Survey},
    values::value_at,
    wall::Side,
};
use crate::{
    dynamics::Halt,
    params::{Function, SIDES, Wall},
};
use diff2d_stencil::real::Real;
use diff2d_stencil::{self as stencil, Ghost, Table};
use std::{ops::Range, sync::Arc};

/// The walls of a domain for some rows of it, with all that their values follow from.
#[derive(Debug, Clone)]
pub struct Tables {
    geometry: Arc<Geometry>,
    coefficients: Along,
    rows: Range<usize>,
    /// The time step, and the same by the capacity where that does not vary \[time\].
    dt: f64,
    share: f64,
    /// How many times longer than those of explicit Euler steps may be.
    reach: f64,
}

/// The coefficients along the walls.
#[derive(Debug, Clone, PartialEq)]
struct Along {
    /// The diffusion coefficients across columns and across rows, where they do not vary.
    uniform: Option<[f64; 2]>,
    /// What a node that no wall adds to has as weight in its own c dp/dt, but for the sign \[1/time\], and c, where
    /// neither varies.
    rate: Option<(f64, f64)>,
    /// Along each side that is computed, where any coefficient varies.
    rims: Box<[Option<Rim>; 4]>,
}

impl Along {
    /// The diffusion coefficients of a node on a side, and of its inner face.
    fn own_and_inner(&self, side: Side, number: usize) -> [f64; 2] {
        match (self.uniform, &self.rims[side as usize]) {
            (Some(both), _) => [both[usize::from(!side.is_column())]; 2],
            (None, Some(rim)) => [rim.own[number], rim.inner[number]],
            (None, None) => [0.0; 2],
        }
    }

    /// As `rate`, of a node on a side.
    fn rate(&self, side: Side, number: usize) -> (f64, f64) {
        match (self.rate, &self.rims[side as usize]) {
            (Some(rate), _) => rate,
            (None, Some(rim)) => (rim.rate[number], rim.capacity[number]),
            (None, None) => (0.0, 1.0),
        }
    }
}

/// What makes the ghost of one node: `mirror inner + (alpha - beta p)`.
struct Beyond {
    mirror: f64,
    alpha: f64,
    beta: f64,
}

impl Tables {
    /// The walls of the rows `rows`, in steps of `dt` that may be `reach` times longer than those of explicit Euler.
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

    /// The walls at times, for the steps from each to the next; those that do not depend on time are for
    /// any number of steps. Also the first side whose values are not finite at one of these times, or make
    /// steps unstable; those that no step uses do not count.
    #[must_use]
    pub fn at<T: Real>(&self, times: &[f64]) -> (stencil::Walls<T>, Option<Halt>) {
        let mut wrong = None;
        let mut side = |side| self.side(side, times, &mut wrong);
        let walls = stencil::Walls {
            left: side(Side::Left),
            right: side(Side::Right),
            bottom: side(Side::Bottom),
            top: side(Side::Top),
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
        let times = match wall.depends_on_time() {
            true => times,
            false => &times[..1],
        };
        let mut check = |table: &Table<T>, times: &[f64]| {
            let (nodes, values) = table.parts();
            let values = &values[..nodes * times.len()];
            let found = values.iter().position(|value| !value.to_f64().is_finite());
            if let Some(at) = found
                && wrong.is_none()
            {
                let number = self.numbers(side).start + at % nodes;
                let (j, i) = side.node(&self.geometry.grid, number);
                *wrong = Some(Halt::NotFinite {
                    key: SIDES[side as usize],
                    place: self.geometry.nodes.describe(self.geometry.nodes.row(j), i),
                    time: times[at / nodes],
                });
            }
        };
        match wall {
            Wall::Periodic => stencil::Side::Periodic,
            Wall::Fixed(value) if !value.depends_on_time() => stencil::Side::Held,
            Wall::Fixed(_) => {
                let fixed = |node, time| {
                    let value = || self.geometry.fixed_value(node, time);
                    self.geometry.value(node).or_else(value).unwrap_or(f64::NAN)
                };
                let values: Vec<f64> = self.along(side, times, fixed).collect();
                let table = self.table(side, values.into_iter());
                check(&table, times);
                stencil::Side::Given(table)
            }
            Wall::Flux(_) | Wall::Robin(_) => {
                let beyond = |node, time| self.beyond(side, node, time);
                let all: Vec<Beyond> = self.along(side, times, beyond).collect();
                let table = |part: fn(&Beyond) -> f64| self.table(side, all.iter().map(part));
                let ghost = Ghost {
                    mirror: table(|beyond| beyond.mirror),
                    alpha: table(|beyond| beyond.alpha),
                    beta: table(|beyond| beyond.beta),
                };
                // The last time is that after the last step, which reads no ghosts.
                let used = &times[..(times.len() - 1).max(1)];
                for table in [&ghost.alpha, &ghost.beta] {
                    check(table, used);
                }
                if wrong.is_none() && wall.depends_on_time() {
                    *wrong = self.unstable(side, used);
                }
                stencil::Side::Ghost(ghost)
            }
        }
    }

    /// The first node of a Robin wall whose own weight in a step that begins at one of these times is negative.
    fn unstable(&self, side: Side, times: &[f64]) -> Option<Halt> {
        /// How far a step may exceed the limit of a moment: between looks, its least is known to so many digits.
        const ABOVE: f64 = 1e-6;
        let Wall::Robin(_) = self.geometry.walls.wall(side) else {
            return None;
        };
        let Self { dt, reach, .. } = *self;
        for (place, rate) in self.along(side, times, |node, time| {
            ((node, time), self.rate(side, node, time))
        }) {
            let limit = reach / rate;
            if limit > 0.0 && dt > limit * (1.0 + ABOVE) {
                let ((j, i), time) = place;
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

    /// The weight of a computed node of a side in its own dp/dt, but for the sign \[1/time\].
    fn rate(&self, side: Side, node: (usize, usize), time: f64) -> f64 {
        let on = |side: &Side| side.has(&self.geometry.grid, node);
        let is_fixed = |side: Side| self.geometry.walls.wall(side).is_fixed();
        if Side::ALL.into_iter().filter(on).any(is_fixed) || self.geometry.keeps(node) {
            return 0.0;
        }
        let number = |side: Side| match side.is_column() {
            true => self.geometry.nodes.row(node.0),
            false => self.geometry.nodes.column(node.1),
        };
        let (inside, capacity) = self.coefficients.rate(side, number(side));
        let own = |side: Side| self.coefficients.own_and_inner(side, number(side))[0];
        let walls = robin::rate(&self.geometry, node, time, own);
        (inside + walls) / capacity
    }

    /// The numbers of the nodes along a side.
    fn numbers(&self, side: Side) -> Range<usize> {
        match side.is_column() {
            true => self.rows.clone(),
            false => 0..self.geometry.grid.x.nodes,
        }
    }

    /// Something for each node of a side, at each time.
    fn along<V>(
        &self,
        side: Side,
        times: &[f64],
        value: impl Fn((usize, usize), f64) -> V,
    ) -> impl Iterator<Item = V> {
        let places = times
            .iter()
            .flat_map(move |&time| self.numbers(side).map(move |number| (number, time)));
        places.map(move |(number, time)| value(side.node(&self.geometry.grid, number), time))
    }

    /// Values for each node of a side, at each time.
    fn table<T: Real>(&self, side: Side, values: impl Iterator<Item = f64>) -> Table<T> {
        Table::new(self.numbers(side).len(), values.map(T::from_f64).collect())
    }

    fn beyond(&self, side: Side, node: (usize, usize), time: f64) -> Beyond {
        if self.geometry.keeps(node) {
            // Whatever the wall's formulas give there.
            return Beyond {
                mirror: 0.0,
                alpha: 0.0,
                beta: 0.0,
            };
        }
        let value = |function: &Function| value_at(function, &self.geometry.nodes, node, time);
        let h = side.axis(&self.geometry.grid).spacing;
        let number = match side.is_column() {
            true => self.geometry.nodes.row(node.0),
            false => self.geometry.nodes.column(node.1),
        };
        let [own, inner] = self.coefficients.own_and_inner(side, number);
        let (mirror, coefficient) = match self.coefficients.uniform {
            Some(_) => (1.0, inner),
            None => beyond(inner, h, self.share),
        };
        // Without a mirror the ghost begins with the node itself.
        let itself = 1.0 - mirror;
        match self.geometry.walls.wall(side) {
            Wall::Robin([a, b, c]) => {
                let factor = 2.0 * h * (own / coefficient);
                let [a, b, c] = [value(a), value(b), value(c)];
                Beyond {
                    mirror,
                    alpha: factor * (c / b),
                    beta: factor * (a / b) - itself,
                }
            }
            Wall::Flux(flux) => Beyond {
                mirror,
                alpha: 2.0 * h * (radius(&self.geometry.grid, side, node.1) * value(flux))
                    / coefficient,
                beta: -itself,
            },
            Wall::Fixed(_) | Wall::Periodic => Beyond {
                mirror,
                alpha: 0.0,
                beta: -itself,
            },
        }
    }
}
