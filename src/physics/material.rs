//! Diffusion coefficients, capacity and decay, and the largest stable time step.
//!
//! Between two nodes holds a mean of their coefficients, of the face between them. A node on a wall that is
//! not fixed has half a cell, so its one inner face counts twice:
//!
//! ```text
//!   dp/dt = 2 (De (p[i+1] - p[i])/dx + q)/dx        De ─┤ face between node 0 and node 1
//! ```

use super::{
    Unready,
    faces::Faces,
    geometry::Geometry,
    input::Digests,
    nodes::{Nodes, Values},
    robin::Robin,
    wall::Side,
    zeros,
};
use crate::{
    grid::Grid,
    node_set::NodeSet,
    params::{Boundary, Face, Params, ParamsError, RawParams},
    summary::Summary,
};
use diff2d_stencil::{Coefficient, Reaction, real::Real};
use ndarray::{Array2, Axis, s};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// Rows of coefficients that are looked at together.
const TOGETHER: usize = 1 << 17;

/// The diffusion coefficients along x and y, the capacity c and the decay k.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    x: Values,
    y: Values,
    /// Whether x and y have the same.
    is_isotropic: bool,
    face: Face,
    /// Nodes that have none.
    masked: Option<Arc<NodeSet>>,
    capacity: Values,
    decay: Values,
}

/// What the step does with the coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coefficients {
    /// One D, and dx = dy.
    Isotropic(f64),
    /// One D along x and one along y.
    Anisotropic(f64, f64),
    /// They vary in space.
    Variable,
}

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

/// What lies beyond a wall that is computed: the share of the inner neighbour in the ghost, 1 or 0, and the coefficient
/// of the ghost's face, by that of the inner face.
///
/// The ghost mirrors the neighbour behind the same face. Where that face lets nothing through that could be seen, what
/// a flux adds to the ghost would be beyond all numbers: the ghost then stands on its own, behind a face of a small
/// weight in a step, so that the difference of ghost and node has the digits of the flux and not those of the node.
#[must_use]
pub fn beyond(inner: f64, spacing: f64, dt: f64) -> (f64, f64) {
    /// A weight in a step below which nothing is seen: 2⁻¹⁰⁰.
    const UNSEEN: f64 = 7.888_609_052_210_118e-31;
    /// The weight of a ghost on its own: 2⁻¹².
    const ALONE: f64 = 1.0 / 4096.0;
    let of_weight_1 = spacing * spacing / dt;
    match inner >= UNSEEN * of_weight_1 {
        true => (1.0, inner),
        false => (0.0, ALONE * of_weight_1),
    }
}

impl Material {
    /// The coefficients of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        grid: &Grid,
        geometry: &Geometry,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let [of_x, of_y] = &params.diffusivity;
        let mut values = |key, profile| Values::new(profile, key, raw, grid, digests);
        let material = Self {
            x: values("Dx", of_x)?,
            y: values("Dy", of_y)?,
            is_isotropic: of_x == of_y,
            face: params.face,
            masked: geometry.masked().cloned(),
            capacity: values("capacity", &params.capacity)?,
            decay: values("decay", &params.decay)?,
        };
        let masked = material.masked.as_deref();
        let masked = masked.as_slice();
        let is_wrong = |value: f64| {
            let sound = value.is_finite() && value >= 0.0;
            (!sound).then_some("a finite number, 0 or greater,")
        };
        material.x.check(grid, masked, "Dx", raw, is_wrong)?;
        if !material.is_isotropic {
            material.y.check(grid, masked, "Dy", raw, is_wrong)?;
        }
        material.decay.check(grid, masked, "decay", raw, is_wrong)?;
        material
            .capacity
            .check(grid, masked, "capacity", raw, |value| {
                match value > 0.0 && value.is_finite() {
                    false => Some("a finite number greater than 0"),
                    true => (params.precision.lacks(1.0 / value))
                        .map(|_| "a number whose inverse is finite, too,"),
                }
            })?;
        Ok(material)
    }

    /// Those of them that may come from files, by their keys.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Values)> {
        let diffusion = match self.is_isotropic {
            true => vec![("D", &self.x)],
            false => vec![("Dx", &self.x), ("Dy", &self.y)],
        };
        let others = [("capacity", &self.capacity), ("decay", &self.decay)];
        diffusion.into_iter().chain(others)
    }

    /// The capacity that all nodes have.
    #[must_use]
    pub fn uniform_capacity(&self) -> Option<f64> {
        self.capacity.uniform()
    }

    /// The decay that all nodes have \[1/time\].
    #[must_use]
    pub fn uniform_decay(&self) -> Option<f64> {
        self.decay.uniform()
    }

    /// A time step by the capacity, where that does not vary: then the coefficients of the step have it in them.
    #[must_use]
    pub fn share(&self, dt: f64) -> f64 {
        dt / self.capacity.uniform().unwrap_or(1.0)
    }

    /// What takes and keeps the change of a node of some rows in a step of `dt`, if that is anything.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    pub fn reaction<T: Real>(
        &self,
        grid: &Grid,
        walls: &Boundary,
        rows: Range<usize>,
        dt: f64,
    ) -> Result<Option<Reaction<T>>, Unready> {
        let nodes = Nodes::new(grid, walls.periodic());
        let coefficient = |values: &Values, of: &(dyn Fn(f64) -> f64 + Sync)| {
            if let Some(value) = values.uniform() {
                return Ok(Coefficient::Number(T::from_f64(of(value))));
            }
            let mut array = zeros((rows.len(), grid.x.nodes))?;
            if let Some(to) = array.as_slice_mut() {
                values.fill_with(&nodes, rows.start, 0.0, of, to)?;
            }
            Ok::<_, Unready>(Coefficient::Array(array))
        };
        let is_uniform = self.capacity.uniform().is_some();
        let share = self.share(dt);
        let rate = coefficient(&self.capacity, &|c| if is_uniform { 1.0 } else { 1.0 / c })?;
        let decay = coefficient(&self.decay, &|k| k * share)?;
        Ok(Reaction::new(rate, decay))
    }

    /// The capacity at every node, row by row.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn capacities(&self, grid: &Grid, walls: &Boundary) -> Result<Vec<f64>, ParamsError> {
        let (nodes, (ny, nx)) = (Nodes::new(grid, walls.periodic()), grid.shape());
        let mut values = vec![0.0; ny * nx];
        self.capacity.rows(&nodes, 0..ny, 0.0, &mut values)?;
        Ok(values)
    }

    /// Turns the sums of rows of p, from row `first` on, into those of c p.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn weigh<T: Real>(
        &self,
        grid: &Grid,
        walls: &Boundary,
        (first, values): (usize, &[T]),
        sums: &mut [Summary],
    ) -> Result<(), ParamsError> {
        if let Some(capacity) = self.capacity.uniform() {
            sums.iter_mut().for_each(|row| row.mass *= capacity);
            return Ok(());
        }
        let nodes = Nodes::new(grid, walls.periodic());
        let nx = grid.x.nodes;
        let together = (TOGETHER / nx).max(1);
        let mut weighed = Vec::new();
        let pieces = values.chunks(together * nx).zip(sums.chunks_mut(together));
        for (piece, (values, sums)) in pieces.enumerate() {
            let start = first + piece * together;
            weighed.resize(values.len(), 0.0);
            self.capacity
                .rows(&nodes, start..start + sums.len(), 0.0, &mut weighed)?;
            let both = weighed.par_iter_mut().zip(values).with_min_len(4096);
            both.for_each(|(to, value)| match value.to_f64() {
                // Whatever the capacity is there.
                0.0 => *to = 0.0,
                value => *to *= value,
            });
            let weighed = Summary::of_each_row(&weighed, (start, None), grid);
            sums.iter_mut()
                .zip(weighed)
                .for_each(|(row, weighed)| row.mass = weighed.mass);
        }
        Ok(())
    }

    /// What the step does with them on a grid.
    #[must_use]
    pub fn coefficients(&self, grid: &Grid) -> Coefficients {
        match self.uniform() {
            Some([x, y]) if x == y && grid.x.spacing == grid.y.spacing => {
                Coefficients::Isotropic(x)
            }
            Some([x, y]) => Coefficients::Anisotropic(x, y),
            None => Coefficients::Variable,
        }
    }

    /// The two numbers that they are; none where a face may let nothing through.
    #[must_use]
    pub fn uniform(&self) -> Option<[f64; 2]> {
        let both = [self.x.uniform()?, self.y.uniform()?];
        let is_open = self.masked.is_none() && both.iter().all(|&d| d > 0.0);
        is_open.then_some(both)
    }

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
    pub fn survey(
        &self,
        grid: &Grid,
        walls: &Boundary,
        robin: &Robin,
        geometry: &Geometry,
    ) -> Result<Survey, ParamsError> {
        let dx = grid.x.spacing;
        let (Some([x, y]), Some((inside, capacity))) = (self.uniform(), self.uniform_rate(grid))
        else {
            return self.survey_variable(grid, walls, robin, geometry);
        };
        let mut rate = inside;
        if robin.is_there() {
            let peaks = robin.peaks(inside / capacity);
            for node in robin.nodes().filter(|&node| !geometry.keeps(node)) {
                let own = |side: Side| if side.is_column() { x } else { y };
                rate = rate.max(inside + peaks.rate(node, rate - inside, own));
            }
        }
        let limit = match self.coefficients(grid) {
            Coefficients::Isotropic(d) if rate == inside && self.uniform_decay() == Some(0.0) => {
                0.25 * dx * dx / d
            }
            _ => 1.0 / rate,
        };
        Ok(Survey {
            limit: limit * capacity,
            decay: self.uniform_decay().unwrap_or_default() / capacity,
            rims: [const { None }; 4],
        })
    }

    /// What other nodes and the decay weigh in c dp/dt at a node that no wall adds to \[1/time\], and c, where none of
    /// them varies.
    #[must_use]
    pub fn uniform_rate(&self, grid: &Grid) -> Option<(f64, f64)> {
        let ([x, y], (dx, dy)) = (self.uniform()?, (grid.x.spacing, grid.y.spacing));
        let inside = 2.0 * x / (dx * dx) + 2.0 * y / (dy * dy) + self.decay.uniform()?;
        Some((inside, self.capacity.uniform()?))
    }

    /// The coefficients of rows along x and along y; nodes that are the same have the same.
    fn rows(
        &self,
        nodes: &Nodes,
        rows: Range<usize>,
        of_x: &mut Vec<f64>,
        of_y: &mut Vec<f64>,
    ) -> Result<(), ParamsError> {
        let count = rows.len() * nodes.x.len();
        of_x.resize(count, 0.0);
        of_y.resize(count, 0.0);
        self.x.rows(nodes, rows.clone(), 0.0, of_x)?;
        match self.is_isotropic {
            true => of_y.copy_from_slice(of_x),
            false => self.y.rows(nodes, rows.clone(), 0.0, of_y)?,
        }
        if let Some(masked) = &self.masked {
            let nx = nodes.x.len();
            for of in [of_x, of_y] {
                for (row, j) in of.chunks_exact_mut(nx).zip(rows.clone()) {
                    masked.fill((nodes.row(j) * nx) as u64, row, f64::NAN);
                }
            }
        }
        Ok(())
    }

    /// Passes the coefficients of the faces of rows to `take`, a piece of the rows at a time.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn faces(
        &self,
        grid: &Grid,
        walls: &Boundary,
        rows: Range<usize>,
        mut take: impl FnMut(Faces<'_>) -> Result<(), ParamsError>,
    ) -> Result<(), ParamsError> {
        let nodes = Nodes::new(grid, walls.periodic());
        let (ny, nx) = grid.shape();
        let together = (TOGETHER / nx).max(1);
        let (mut of_x, mut of_y) = (Vec::new(), Vec::new());
        // Rows of a periodic grid are numbered one period on: each has one before it.
        let period = if walls.periodic()[1] { ny - 1 } else { 0 };
        // Pictures are decoded from the top.
        for start in rows.clone().step_by(together).rev() {
            let piece = start..(start + together).min(rows.end);
            let held = match period {
                0 => piece.start.saturating_sub(1)..(piece.end + 1).min(ny),
                period => piece.start + period - 1..piece.end + period + 1,
            };
            self.rows(&nodes, held.clone(), &mut of_x, &mut of_y)?;
            take(Faces {
                face: self.face,
                nodes: &nodes,
                rows: piece,
                first: held.start,
                period,
                of_x: &of_x,
                of_y: &of_y,
            })?;
        }
        Ok(())
    }

    /// The coefficients of the step at the faces of rows, `(De/(dx*dx))*dt` and `(Dn/(dy*dy))*dt`,
    /// rounded once. Beyond a wall that is computed the face has the coefficient of [`beyond`].
    ///
    /// Shapes: `ny × (nx + 1)`, the faces west of the nodes; `(ny + 1) × nx`, those between the rows.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    pub fn face_arrays<T: Real>(
        &self,
        grid: &Grid,
        walls: &Boundary,
        rows: Range<usize>,
        dt: f64,
    ) -> Result<[Array2<T>; 2], Unready> {
        let (ny, nx) = grid.shape();
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        let mut x = zeros((rows.len(), nx + 1))?;
        let mut y = zeros((rows.len() + 1, nx))?;
        let first = rows.start;
        let end = rows.end;
        let is_periodic = walls.periodic();
        self.faces(grid, walls, rows, |faces| {
            let here = faces.rows.start - first..faces.rows.end - first;
            let mut lines = x.slice_mut(s![here.clone(), ..]);
            let lines = lines.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
            lines.for_each(|(row, mut line)| {
                let j = faces.rows.start + row;
                for (i, to) in line.iter_mut().enumerate() {
                    let face = faces.x(j, i);
                    let face = match i {
                        i if (i == 0 || i == nx) && !is_periodic[0] => beyond(face, dx, dt).1,
                        _ => face,
                    };
                    *to = T::from_f64((face / (dx * dx)) * dt);
                }
            });
            let last = usize::from(faces.rows.end == end);
            let mut lines = y.slice_mut(s![here.start..here.end + last, ..]);
            let lines = lines.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
            lines.for_each(|(row, mut line)| {
                let j = faces.rows.start + row;
                for (i, to) in line.iter_mut().enumerate() {
                    let face = faces.y(j, i);
                    let face = match j {
                        j if (j == 0 || j == ny) && !is_periodic[1] => beyond(face, dy, dt).1,
                        _ => face,
                    };
                    *to = T::from_f64((face / (dy * dy)) * dt);
                }
            });
            Ok(())
        })?;
        Ok([x, y])
    }

    fn survey_variable(
        &self,
        grid: &Grid,
        walls: &Boundary,
        robin: &Robin,
        geometry: &Geometry,
    ) -> Result<Survey, ParamsError> {
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
        let nodes = Nodes::new(grid, walls.periodic());
        let (mut capacity, mut decay) = (Vec::new(), Vec::new());
        self.faces(grid, walls, 0..ny, |faces| {
            for (values, of) in [(&self.capacity, &mut capacity), (&self.decay, &mut decay)] {
                of.resize(faces.rows.len() * nx, 0.0);
                values.rows(&nodes, faces.rows.clone(), 0.0, of)?;
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
        let limit = match &self.masked {
            Some(_) if rate == 0.0 => {
                let whole = Self {
                    masked: None,
                    ..self.clone()
                };
                let survey = whole.survey(grid, walls, robin, &Geometry::none(grid, walls))?;
                survey.limit
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
