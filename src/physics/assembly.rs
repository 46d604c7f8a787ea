//! [`Assembled`]: the equation of a step, from what stands in the slots.
//!
//! Between two nodes holds a mean of their coefficients, of the face between them. A node on a wall that is
//! not fixed has half a cell, so its one inner face counts twice:
//!
//! ```text
//!   dp/dt = 2 (De (p[i+1] - p[i])/dx + q)/dx        De ─┤ face between node 0 and node 1
//! ```
//!
//! A held node has the rate 0.

use super::{
    Unready,
    faces::beyond,
    geometry::Geometry,
    slots::{Place, Slot, Slots},
    values::{Values, first_where, value_at},
    zeros,
};
use crate::{
    dynamics::{FactorsAt, Halt, SourceAt},
    params::Function,
};
use diff2d_stencil::{Coefficient, Equation, Operator, Reaction, Terms, real::Real};
use ndarray::{Array2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// The equation of a step for some rows, and how what depends on time in it is evaluated again.
pub struct Assembled<T> {
    /// With the source at time 0.
    pub equation: Equation<T>,
    /// Of a source that is evaluated at each step.
    pub source_at: Option<SourceAt<T>>,
    /// Of the terms of the source.
    pub factors_at: Option<FactorsAt<T>>,
}

impl Slots {
    /// The equation of a step of `dt` for some rows; of none it has no values and shows its kind. The exact solution has its
    /// source elsewhere.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    pub fn assemble<T: Real>(
        &self,
        rows: Range<usize>,
        dt: f64,
        has_source: bool,
    ) -> Result<Assembled<T>, Unready> {
        let share = self.share(dt);
        let operator = match self.uniform_operator(dt) {
            Some(operator) => operator,
            None => {
                let [x, y] = self.face_arrays(rows.clone(), share)?;
                Operator::Variable { x, y }
            }
        };
        let array = |place, convert: &(dyn Fn(f64) -> f64 + Sync)| {
            let values = &self.slot(place).values;
            self.array(values, &rows, convert).map(Coefficient::Array)
        };
        let rate = match self.uniform(Place::Capacity) {
            Some(_) if self.geometry.has_held() => array(Place::Capacity, &|_| 1.0)?,
            Some(_) => Coefficient::Number(T::from_f64(1.0)),
            None => array(Place::Capacity, &|c| 1.0 / c)?,
        };
        let decay = match self.uniform(Place::Decay) {
            Some(k) => Coefficient::Number(T::from_f64(k * share)),
            None => array(Place::Decay, &|k| k * share)?,
        };
        let mut assembled = Assembled {
            equation: Equation {
                operator,
                source: None,
                terms: Terms::default(),
                reaction: Reaction::new(rate, decay),
            },
            source_at: None,
            factors_at: None,
        };
        let source = self.slot(Place::Source);
        if !has_source || !source.is_there() {
            return Ok(assembled);
        }
        let filled = |values: &Values| self.array(values, &rows, |source| share * source);
        if source.terms.is_empty() {
            assembled.equation.source = Some(filled(&source.values)?);
            let again = || self.source_at(rows.start, share);
            assembled.source_at = source.depends_on_time().then(again);
        } else {
            let arrays = source.terms.iter().map(|term| filled(&term.values));
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            assembled.factors_at = Some(self.factors_at(source, &arrays, rows.start));
            assembled.equation.terms = Terms {
                factors: vec![T::from_f64(1.0); arrays.len()],
                arrays,
            };
        }
        Ok(assembled)
    }

    /// `dt S` of all nodes when all begins, in double precision and whatever it is at nodes that keep their values, if there is a
    /// source; with `dt` by the capacity where that does not vary.
    ///
    /// # Errors
    /// As [`assemble`](Self::assemble).
    pub fn source_at_start(&self, dt: f64) -> Result<Option<Array2<f64>>, Unready> {
        let Slot { values, .. } = self.slot(Place::Source);
        if !self.slot(Place::Source).is_there() {
            return Ok(None);
        }
        let (share, Geometry { grid, nodes, .. }) = (self.share(dt), &*self.geometry);
        let mut array = zeros(grid.shape())?;
        if let Some(to) = array.as_slice_mut() {
            values.fill(nodes, 0, self.geometry.start, share, to)?;
        }
        Ok(Some(array))
    }

    /// The numbers that D is along x and along y; none where a face may let nothing through.
    #[must_use]
    pub fn uniform_d(&self) -> Option<[f64; 2]> {
        let both = [self.uniform(Place::X)?, self.uniform(Place::Y)?];
        let is_open = self.geometry.masked().is_none() && both.iter().all(|&d| d > 0.0);
        is_open.then_some(both)
    }

    /// The coefficients of a step of `dt` along x and y, `(D/(dx*dx))*dt` \[1\], with `dt/c` for dt if c does not vary: one
    /// where both are the same, none if D varies.
    #[must_use]
    pub fn steps(&self, dt: f64) -> Vec<f64> {
        let (dt, grid) = (self.share(dt), &self.geometry.grid);
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        match self.uniform_d() {
            Some([x, y]) if x == y && dx == dy => vec![(x / (dx * dx)) * dt],
            Some([x, y]) => vec![(x / (dx * dx)) * dt, (y / (dy * dy)) * dt],
            None => Vec::new(),
        }
    }

    /// The operator of a step of `dt`, if D does not vary.
    #[must_use]
    pub fn uniform_operator<T: Real>(&self, dt: f64) -> Option<Operator<T>> {
        match self.steps(dt)[..] {
            [r] => Some(Operator::Isotropic { r: T::from_f64(r) }),
            [rx, ry] => Some(Operator::Anisotropic {
                rx: T::from_f64(rx),
                ry: T::from_f64(ry),
            }),
            _ => None,
        }
    }

    /// Values of rows, each as `convert` makes it and rounded once; 0 at nodes that keep theirs, whatever it is there: 0
    /// times what is no number is none.
    fn array<T: Real>(
        &self,
        values: &Values,
        rows: &Range<usize>,
        convert: impl Fn(f64) -> f64 + Sync,
    ) -> Result<Array2<T>, Unready> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let mut array = zeros((rows.len(), grid.x.nodes))?;
        if let Some(to) = array.as_slice_mut() {
            values.fill_with(nodes, rows.start, 0.0, convert, to)?;
            self.geometry.fill_kept(rows.start, to, T::default());
        }
        Ok(array)
    }

    /// How the source is evaluated of rows from `first` on.
    fn source_at<T: Real>(&self, first: usize, share: f64) -> SourceAt<T> {
        let values = self.slot(Place::Source).values.clone();
        let geometry = Arc::clone(&self.geometry);
        Box::new(move |time, array| {
            let (nodes, to) = (&geometry.nodes, array.as_slice_mut()?);
            // Only formulas depend on time, and no formula reads a file.
            let _ = values.fill(nodes, first, time, share, to);
            geometry.fill_kept(first, to, T::default());
            let at = first_where(to, |value| !value.to_f64().is_finite())?;
            Some(not_finite(&geometry, first, at, time))
        })
    }

    /// The factors of the source's terms, whose arrays are those of rows from `first` on.
    fn factors_at<T: Real>(
        &self,
        source: &Slot,
        arrays: &[Array2<T>],
        first: usize,
    ) -> FactorsAt<T> {
        let factors: Vec<Function> = source
            .terms
            .iter()
            .map(|term| term.factor.clone())
            .collect();
        let largest: Vec<(f64, usize)> = arrays.iter().map(largest).collect();
        let geometry = Arc::clone(&self.geometry);
        Box::new(move |times| {
            let (mut values, mut wrong) = (Vec::new(), None);
            for &time in times {
                for (factor, &(most, at)) in factors.iter().zip(&largest) {
                    let value = T::from_f64(value_at(factor, &geometry.nodes, (0, 0), time));
                    values.push(value);
                    let product = value * T::from_f64(most);
                    if wrong.is_none() && !product.to_f64().is_finite() {
                        wrong = Some(not_finite(&geometry, first, at, time));
                    }
                }
            }
            (values, wrong)
        })
    }

    /// The coefficients of the step at the faces of rows, `(De/(dx*dx))*dt` and `(Dn/(dy*dy))*dt`,
    /// rounded once. Beyond a wall that is computed the face has the coefficient of [`beyond`].
    ///
    /// Shapes: `ny × (nx + 1)`, the faces west of the nodes; `(ny + 1) × nx`, those between the rows.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    fn face_arrays<T: Real>(&self, rows: Range<usize>, dt: f64) -> Result<[Array2<T>; 2], Unready> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let (ny, nx) = grid.shape();
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        let mut x = zeros((rows.len(), nx + 1))?;
        let mut y = zeros((rows.len() + usize::from(!rows.is_empty()), nx))?;
        let first = rows.start;
        let end = rows.end;
        let [columns, lines] = nodes.periodic;
        let of_step = |face: f64, spacing: f64, is_beyond: bool| {
            let face = match is_beyond {
                true => beyond(face, spacing, dt).1,
                false => face,
            };
            T::from_f64((face / (spacing * spacing)) * dt)
        };
        self.faces(rows, |faces| {
            let here = faces.rows.start - first..faces.rows.end - first;
            let last = usize::from(faces.rows.end == end);
            let start = faces.rows.start;
            fill(x.slice_mut(s![here.clone(), ..]), start, |j, i| {
                of_step(faces.x(j, i), dx, (i == 0 || i == nx) && !columns)
            });
            fill(
                y.slice_mut(s![here.start..here.end + last, ..]),
                start,
                |j, i| of_step(faces.y(j, i), dy, (j == 0 || j == ny) && !lines),
            );
            Ok(())
        })?;
        Ok([x, y])
    }
}

/// Sets elements of rows, of which the first is row `first` of all.
fn fill<T: Real>(mut to: ArrayViewMut2<T>, first: usize, value: impl Fn(usize, usize) -> T + Sync) {
    let rows = to.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    rows.for_each(|(row, mut to)| {
        for (i, to) in to.iter_mut().enumerate() {
            *to = value(first + row, i);
        }
    });
}

/// That the source is not finite at node `at` of rows from `first` on.
fn not_finite(geometry: &Geometry, first: usize, at: usize, time: f64) -> Halt {
    let Geometry { nodes, .. } = geometry;
    let nx = nodes.x.len();
    Halt::NotFinite {
        key: Place::Source.key(),
        place: nodes.describe(nodes.row(first + at / nx), at % nx),
        time,
    }
}

/// The largest magnitude of an array, and its place.
fn largest<T: Real>(array: &Array2<T>) -> (f64, usize) {
    let magnitudes = array.iter().map(|value| value.to_f64().abs()).enumerate();
    magnitudes.fold((0.0, 0), |(most, at), (place, value)| match value > most {
        true => (value, place),
        false => (most, at),
    })
}
