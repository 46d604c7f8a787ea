//! [`Survey`]: the largest stable time step, and the coefficients along walls.

use super::{
    geometry::Geometry,
    robin::Robin,
    slots::{Slots, quantities_of},
    wall::Side,
};
use crate::params::{ParamsError, Quantity};
use diff2d_stencil::Weight;
use rayon::prelude::*;
use std::sync::Arc;

/// The coefficients at and beside the computed nodes of a side.
#[derive(Debug, Clone, PartialEq)]
pub struct Rim {
    /// The coefficients of the nodes, across the side \[length²/time\].
    pub own: Vec<f64>,
    /// The coefficients of the inner faces of the nodes \[length²/time\].
    pub inner: Vec<f64>,
    /// The weight of each node in its own c dp/dt from its neighbours and losses, without walls \[1/time\]; NaN at a
    /// node that is not computed.
    pub rate: Vec<f64>,
    /// The capacity c of the nodes.
    pub capacity: Vec<f64>,
}

/// Results of a survey of all coefficients on the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The largest stable time step \[time\]; infinite without diffusion.
    pub limit: f64,
    /// The largest fraction of its value that a computed node loses per time, k/c \[1/time\].
    pub fastest_loss: f64,
    /// The coefficients along each wall that is not fixed, if any of them varies.
    pub rims: [Option<Rim>; 4],
}

impl Survey {
    /// The coefficients along walls for multiples of D along x and along y. The weights of nodes in their own rates stay.
    #[must_use]
    pub fn scaled(&self, along: [f64; 2]) -> Self {
        let mut scaled = self.clone();
        for (rim, side) in scaled.rims.iter_mut().zip(Side::ALL) {
            let ratio = along[usize::from(!side.is_column())];
            if let Some(rim) = rim {
                let coefficients = rim.own.iter_mut().chain(&mut rim.inner);
                coefficients.for_each(|coefficient| *coefficient *= ratio);
            }
        }
        scaled
    }
}

impl Slots {
    /// The largest stable time step between the walls, for which no weight of an old value in a new one is negative,
    ///
    /// ```text
    ///   1 / max [ ((De + Dw)/dx² + (Dn + Ds)/dy² + k + 2 D a/(b dx) on Robin walls)/c ]
    /// ```
    ///
    /// over all computed nodes; evaluated as the course's `0.25*dx*dx/D` if that is equal. If a mask leaves no
    /// diffusing node, it is the step of the domain without the mask.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn survey(&self, runtime: f64) -> Result<Survey, ParamsError> {
        let geometry = &*self.geometry;
        let robin = &Robin::new(geometry, runtime);
        let (Some([x, y]), Some((inner_rate, capacity))) = (self.uniform_d(), self.uniform_rate())
        else {
            return self.survey_variable(robin);
        };
        let loss = self.uniform_loss().unwrap_or_default();
        let mut rate = inner_rate;
        if robin.is_there() {
            let peaks = robin.peaks(inner_rate / capacity);
            for node in robin.nodes().filter(|&node| !geometry.keeps(node)) {
                let node_rate = peaks.rate(node, rate - inner_rate, |side| {
                    if side.is_column() { x } else { y }
                });
                rate = rate.max(inner_rate + node_rate);
            }
        }
        let (dx, dy) = (geometry.grid.x.spacing, geometry.grid.y.spacing);
        let is_plain = x == y && dx == dy && rate == inner_rate && loss == 0.0;
        let limit = if is_plain {
            0.25 * dx * dx / x
        } else {
            1.0 / rate
        };
        Ok(Survey {
            limit: limit * capacity,
            fastest_loss: loss / capacity,
            rims: [const { None }; 4],
        })
    }

    /// The weight of a node away from walls in its own c dp/dt \[1/time\], and c, if both are uniform.
    #[must_use]
    pub fn uniform_rate(&self) -> Option<(f64, f64)> {
        let grid = &self.geometry.grid;
        let ([x, y], (dx, dy)) = (self.uniform_d()?, (grid.x.spacing, grid.y.spacing));
        let inner_rate = 2.0 * x / (dx * dx) + 2.0 * y / (dy * dy) + self.uniform_loss()?;
        Some((inner_rate, self.uniform(Quantity::Capacity)?))
    }

    fn survey_variable(&self, robin: &Robin) -> Result<Survey, ParamsError> {
        let geometry = &*self.geometry;
        let Geometry {
            grid, walls, nodes, ..
        } = geometry;
        let (ny, nx) = grid.shape();
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        let is_open = Side::ALL.map(|side| !walls.wall(side).is_fixed());
        let [left, right, bottom, top] = is_open;
        let computed_columns = usize::from(!left)..nx - usize::from(!right);
        let computed_rows = usize::from(!bottom)..ny - usize::from(!top);
        let mut rims = Side::ALL.map(|side| {
            let unknown_values = vec![f64::NAN; side.nodes(grid)];
            is_open[side as usize].then(|| Rim {
                own: unknown_values.clone(),
                inner: unknown_values.clone(),
                rate: unknown_values.clone(),
                capacity: unknown_values,
            })
        });
        let (mut rate, mut fastest_loss) = (0.0_f64, 0.0_f64);
        let (mut capacity, mut loss, mut term) = (Vec::new(), Vec::new(), Vec::new());
        self.faces(0..ny, |faces| {
            for values in [&mut capacity, &mut loss, &mut term] {
                values.resize(faces.rows.len() * nx, 0.0);
            }
            let capacities = &self.slot(Quantity::Capacity).values;
            capacities.rows(nodes, faces.rows.clone(), 0.0, &mut capacity)?;
            loss.fill(0.0);
            for quantity in quantities_of(Weight::Density) {
                let values = &self.slot(quantity).values;
                values.rows(nodes, faces.rows.clone(), 0.0, &mut term)?;
                for (loss, term) in loss.iter_mut().zip(&term) {
                    *loss += term;
                }
            }
            let place = |j: usize, i: usize| (j - faces.rows.start) * nx + i;
            let rate_of = |j: usize, i: usize| {
                let [east, west, south, north] = [
                    faces.x(j, i + 1),
                    faces.x(j, i),
                    faces.y(j + 1, i),
                    faces.y(j, i),
                ];
                (east + west) / (dx * dx) + (south + north) / (dy * dy) + loss[place(j, i)]
            };
            let rows: Vec<usize> = faces
                .rows
                .clone()
                .filter(|j| computed_rows.contains(j))
                .collect();
            let row_maxima = rows.par_iter().map(|&j| {
                let nodes = computed_columns
                    .clone()
                    .filter(|&i| !geometry.keeps((j, i)));
                nodes.fold((0.0_f64, 0.0_f64), |(rate, fastest_loss), i| {
                    let capacity = capacity[place(j, i)];
                    let fastest_loss = fastest_loss.max(loss[place(j, i)] / capacity);
                    match robin.has((j, i)) {
                        // What a Robin wall adds, which may be negative, follows below.
                        true => (rate, fastest_loss),
                        false => (rate.max(rate_of(j, i) / capacity), fastest_loss),
                    }
                })
            });
            let piece_maxima = row_maxima.reduce(|| (0.0, 0.0), larger);
            (rate, fastest_loss) = larger((rate, fastest_loss), piece_maxima);
            for side in Side::ALL {
                let Some(rim) = &mut rims[side as usize] else {
                    continue;
                };
                for number in 0..side.nodes(grid) {
                    let (j, i) = side.node(grid, number);
                    if !faces.rows.contains(&j) {
                        continue;
                    }
                    rim.own[number] = faces.own(side, j, i);
                    rim.inner[number] = faces.inner(side, j, i);
                    rim.capacity[number] = capacity[place(j, i)];
                    let is_computed = computed_rows.contains(&j) && computed_columns.contains(&i);
                    if is_computed && !geometry.keeps((j, i)) {
                        rim.rate[number] = rate_of(j, i);
                    }
                }
            }
            Ok(())
        })?;
        if robin.is_there() {
            let peaks = robin.peaks(rate);
            for (j, i) in robin.nodes() {
                let coefficient = |side: Side, values: fn(&Rim) -> &[f64]| {
                    let number = if side.is_column() { j } else { i };
                    let rim = rims[side as usize].as_ref();
                    rim.map_or(f64::NAN, |rim| values(rim)[number])
                };
                // All sides of a corner tell the same.
                let Some(side) = robin.sides_at((j, i)).next() else {
                    continue;
                };
                let base_rate = coefficient(side, |rim| &rim.rate);
                if base_rate.is_nan() {
                    continue;
                }
                let capacity = coefficient(side, |rim| &rim.capacity);
                let wall_rate = peaks.rate((j, i), rate * capacity - base_rate, |side| {
                    coefficient(side, |rim| &rim.own)
                });
                let total_rate = base_rate + wall_rate;
                rate = rate.max(total_rate / capacity);
            }
        }
        let limit = match geometry.masked() {
            Some(_) if rate == 0.0 => {
                let unmasked = Self {
                    geometry: Arc::new(Geometry::none(grid, walls, geometry.start)),
                    ..self.clone()
                };
                unmasked.survey(robin.runtime)?.limit
            }
            _ => 1.0 / rate,
        };
        Ok(Survey {
            limit,
            fastest_loss,
            rims,
        })
    }
}

/// The larger value at each position of two pairs.
fn larger(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.max(other.0), one.1.max(other.1))
}
