//! [`Survey`]: the largest stable time step, and the coefficients along walls.

use super::{
    geometry::Geometry,
    robin::Robin,
    slots::{Place, Slots},
    wall::Side,
};
use crate::params::ParamsError;
use rayon::prelude::*;
use std::sync::Arc;

/// Coefficients at and beside the nodes of a side that is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rim {
    /// Of the nodes, across the side \[length²/time\].
    pub own: Vec<f64>,
    /// Of their inner faces \[length²/time\].
    pub inner: Vec<f64>,
    /// What other nodes and the decay weigh in c dp/dt, and walls not yet \[1/time\]: NaN where a node is not computed.
    pub rate: Vec<f64>,
    /// Of the nodes: c.
    pub capacity: Vec<f64>,
}

/// What follows from the coefficients on the whole grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The largest stable time step \[time\]; infinite where nothing diffuses.
    pub limit: f64,
    /// The largest k/c of a node that is computed \[1/time\].
    pub decay: f64,
    /// By side: the coefficients along walls that are not fixed, where any of them varies.
    pub rims: [Option<Rim>; 4],
}

impl Slots {
    /// The largest stable time step between walls: the one for which no weight of a new value is
    /// negative,
    ///
    /// ```text
    ///   1 / max [ ((De + Dw)/dx² + (Dn + Ds)/dy² + k + 2 D a/(b dx) on Robin walls)/c ]
    /// ```
    ///
    /// over all nodes that are computed; the course's `0.25*dx*dx/D` where that is the same. Where a mask leaves nothing
    /// that diffuses it is that of the domain without the mask.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn survey(&self, runtime: f64) -> Result<Survey, ParamsError> {
        let geometry = &*self.geometry;
        let robin = &Robin::new(geometry, runtime);
        let (Some([x, y]), Some((inside, capacity))) = (self.uniform_d(), self.uniform_rate())
        else {
            return self.survey_variable(robin);
        };
        let decay = self.uniform(Place::Decay).unwrap_or_default();
        let mut rate = inside;
        if robin.is_there() {
            let peaks = robin.peaks(inside / capacity);
            for node in robin.nodes().filter(|&node| !geometry.keeps(node)) {
                let own = |side: Side| if side.is_column() { x } else { y };
                rate = rate.max(inside + peaks.rate(node, rate - inside, own));
            }
        }
        let (dx, dy) = (geometry.grid.x.spacing, geometry.grid.y.spacing);
        let is_plain = x == y && dx == dy && rate == inside && decay == 0.0;
        let limit = match is_plain {
            true => 0.25 * dx * dx / x,
            false => 1.0 / rate,
        };
        Ok(Survey {
            limit: limit * capacity,
            decay: decay / capacity,
            rims: [const { None }; 4],
        })
    }

    /// What other nodes and the decay weigh in c dp/dt at a node that no wall adds to \[1/time\], and c, where none of
    /// them varies.
    #[must_use]
    pub fn uniform_rate(&self) -> Option<(f64, f64)> {
        let grid = &self.geometry.grid;
        let ([x, y], (dx, dy)) = (self.uniform_d()?, (grid.x.spacing, grid.y.spacing));
        let inside = 2.0 * x / (dx * dx) + 2.0 * y / (dy * dy) + self.uniform(Place::Decay)?;
        Some((inside, self.uniform(Place::Capacity)?))
    }

    fn survey_variable(&self, robin: &Robin) -> Result<Survey, ParamsError> {
        let geometry = &*self.geometry;
        let Geometry {
            grid, walls, nodes, ..
        } = geometry;
        let (ny, nx) = grid.shape();
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        let is_open = |side: Side| !walls.wall(side).is_fixed();
        let [left, right, bottom, top] = Side::ALL.map(is_open);
        let columns = usize::from(!left)..nx - usize::from(!right);
        let computed = usize::from(!bottom)..ny - usize::from(!top);
        let mut rims = Side::ALL.map(|side| {
            let nothing = vec![f64::NAN; side.nodes(grid)];
            is_open(side).then(|| Rim {
                own: nothing.clone(),
                inner: nothing.clone(),
                rate: nothing.clone(),
                capacity: nothing,
            })
        });
        let (mut rate, mut fastest) = (0.0_f64, 0.0_f64);
        let (mut capacity, mut decay) = (Vec::new(), Vec::new());
        self.faces(0..ny, |faces| {
            for (place, of) in [(Place::Capacity, &mut capacity), (Place::Decay, &mut decay)] {
                of.resize(faces.rows.len() * nx, 0.0);
                let values = &self.slot(place).values;
                values.rows(nodes, faces.rows.clone(), 0.0, of)?;
            }
            let at = |j: usize, i: usize| (j - faces.rows.start) * nx + i;
            let rate_of = |j: usize, i: usize| {
                let [east, west, south, north] = [
                    faces.x(j, i + 1),
                    faces.x(j, i),
                    faces.y(j + 1, i),
                    faces.y(j, i),
                ];
                (east + west) / (dx * dx) + (south + north) / (dy * dy) + decay[at(j, i)]
            };
            let rows: Vec<usize> = faces
                .rows
                .clone()
                .filter(|j| computed.contains(j))
                .collect();
            let most = rows.par_iter().map(|&j| {
                let nodes = columns.clone().filter(|&i| !geometry.keeps((j, i)));
                nodes.fold((0.0_f64, 0.0_f64), |(rate, fastest), i| {
                    let capacity = capacity[at(j, i)];
                    let fastest = fastest.max(decay[at(j, i)] / capacity);
                    match robin.has((j, i)) {
                        // What a Robin wall adds, which may be negative, follows below.
                        true => (rate, fastest),
                        false => (rate.max(rate_of(j, i) / capacity), fastest),
                    }
                })
            });
            let larger =
                |one: (f64, f64), other: (f64, f64)| (one.0.max(other.0), one.1.max(other.1));
            (rate, fastest) = larger((rate, fastest), most.reduce(|| (0.0, 0.0), larger));
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
                    rim.capacity[number] = capacity[at(j, i)];
                    let is_computed = computed.contains(&j) && columns.contains(&i);
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
                let number = |side: Side| if side.is_column() { j } else { i };
                let of = |side: Side, values: fn(&Rim) -> &[f64]| {
                    let rim = rims[side as usize].as_ref();
                    rim.map_or(f64::NAN, |rim| values(rim)[number(side)])
                };
                // All sides of a corner tell the same.
                let Some(side) = robin.sides_at((j, i)).next() else {
                    continue;
                };
                let base = of(side, |rim| &rim.rate);
                if base.is_nan() {
                    continue;
                }
                let capacity = of(side, |rim| &rim.capacity);
                let own = |side: Side| of(side, |rim| &rim.own);
                let all = base + peaks.rate((j, i), rate * capacity - base, own);
                rate = rate.max(all / capacity);
            }
        }
        let limit = match geometry.masked() {
            Some(_) if rate == 0.0 => {
                let whole = Self {
                    geometry: Arc::new(Geometry::none(grid, walls, geometry.start)),
                    ..self.clone()
                };
                whole.survey(robin.runtime)?.limit
            }
            _ => 1.0 / rate,
        };
        Ok(Survey {
            limit,
            decay: fastest,
            rims,
        })
    }
}
