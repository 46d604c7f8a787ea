//! [`Assembled`]: the equation of a step, assembled from the slots.
//!
//! The face between two nodes has a mean of their coefficients. A node on a wall that is not fixed stands for half a
//! cell, so its one inner face counts twice:
//!
//! ```text
//!   dp/dt = 2 (De (p[i+1] - p[i])/dx + q)/dx        De ─┤ face between node 0 and node 1
//! ```
//!
//! The rate of a held node is 0.

use super::{
    Unready,
    between::Wrong,
    faces::beyond,
    geometry::Geometry,
    moving_source::MovingSource,
    slots::{Slot, Slots, weighted_quantities},
    values::{Values, first_where, value_at},
    zeros,
};
use crate::{
    dynamics::{FactorsAt, Halt, SourceAt},
    params::{Function, Quantity},
};
use diff2d_stencil::{Coefficient, Equation, Operator, Products, Weight, real::Real};
use ndarray::{Array2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// The equation of a step for some rows, and how to evaluate again its parts that depend on time.
pub struct Assembled<T> {
    /// The equation of a step with the source at time 0.
    pub equation: Equation<T>,
    /// Evaluates a source that depends on time at each node.
    pub source_at: Option<SourceAt<T>>,
    /// Evaluates the factors of the source's terms.
    pub factors_at: Option<FactorsAt<T>>,
}

/// The purpose of an equation, which decides about nodes that keep their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Steps, to which nodes that keep their values contribute nothing.
    Steps,
    /// Steps of the exact solution, whose source is added separately.
    ExactSteps,
    /// Rates of change, to which the cells of held nodes contribute as well.
    Rates,
}

impl Slots {
    /// The equation of a step of `dt` for some rows. For an empty range of rows it has no values and only shows its
    /// kind.
    ///
    /// # Errors
    /// [`Unready`] if memory is short, or a file can no longer be read.
    pub fn assemble<T: Real>(
        &self,
        rows: Range<usize>,
        dt: f64,
        purpose: Purpose,
    ) -> Result<Assembled<T>, Unready> {
        let share = self.share(dt);
        let operator = match self.uniform_operator(dt) {
            Some(operator) => operator,
            None => {
                let [x, y] = self.face_arrays(rows.clone(), share)?;
                Operator::Variable { x, y }
            }
        };
        let (mut terms, mut source_at, mut factors_at) = (Vec::new(), None, None);
        for (quantity, weight) in weighted_quantities() {
            if weight == Weight::One && purpose == Purpose::ExactSteps {
                continue;
            }
            let coefficient = self.coefficient(quantity, weight, &rows, share, purpose)?;
            let slot = self.slot(quantity);
            match &coefficient {
                Coefficient::Products(Products { arrays, .. }) => {
                    factors_at = Some(self.factors_at(slot, arrays, rows.start));
                }
                Coefficient::Array(_) if slot.depends_on_time() => {
                    source_at = Some(self.source_at(rows.start, share, purpose));
                }
                Coefficient::Array(_) | Coefficient::Number(_) => {}
            }
            terms.push((weight, coefficient));
        }
        Ok(Assembled {
            equation: Equation::new(operator, terms),
            source_at,
            factors_at,
        })
    }

    /// The coefficient of a quantity with weight `weight` in the step, for some rows; `share` is the time step, divided
    /// by the capacity if that is uniform.
    fn coefficient<T: Real>(
        &self,
        quantity: Quantity,
        weight: Weight,
        rows: &Range<usize>,
        share: f64,
        purpose: Purpose,
    ) -> Result<Coefficient<T>, Unready> {
        let Slot {
            values, products, ..
        } = self.slot(quantity);
        let number = values.uniform();
        let convert = |value: f64| match (weight, number) {
            // A capacity that does not vary is in the time step.
            (Weight::Change, Some(_)) => 1.0,
            (Weight::Change, None) => 1.0 / value,
            (Weight::One | Weight::Density, _) => share * value,
        };
        let is_number = match weight {
            Weight::One => number == Some(0.0),
            Weight::Change => !self.geometry.has_held(),
            Weight::Density => true,
        };
        match number {
            Some(number) if is_number => Ok(Coefficient::Number(T::from_f64(convert(number)))),
            _ if products.is_empty() => self
                .array(values, rows, purpose, convert)
                .map(Coefficient::Array),
            _ => {
                let arrays = products
                    .iter()
                    .map(|product| self.array(&product.values, rows, purpose, convert));
                let arrays = arrays.collect::<Result<_, _>>()?;
                Ok(Coefficient::Products(Products::with_factors_of_one(arrays)))
            }
        }
    }

    /// `dt S` at all nodes at the start of the run, in double precision, if there is a source; `dt/c` replaces `dt` if
    /// the capacity is uniform. Nodes that keep their values have arbitrary entries.
    ///
    /// # Errors
    /// As [`assemble`](Self::assemble).
    pub fn source_at_start(&self, dt: f64) -> Result<Option<Array2<f64>>, Unready> {
        let Slot { values, .. } = self.slot(Quantity::Source);
        if !self.slot(Quantity::Source).is_there() {
            return Ok(None);
        }
        let (share, Geometry { grid, nodes, .. }) = (self.share(dt), &*self.geometry);
        let mut array = zeros(grid.shape())?;
        if let Some(to) = array.as_slice_mut() {
            values.fill(nodes, 0, self.geometry.start, share, to)?;
        }
        Ok(Some(array))
    }

    /// D along x and along y, if it is uniform; `None` otherwise, and if a face may be impermeable.
    #[must_use]
    pub fn uniform_d(&self) -> Option<[f64; 2]> {
        let diffusivities = [self.uniform(Quantity::X)?, self.uniform(Quantity::Y)?];
        let is_open = self.geometry.has_plain_faces() && diffusivities.iter().all(|&d| d > 0.0);
        is_open.then_some(diffusivities)
    }

    /// The coefficients of a step of `dt` along x and y, `(D/(dx*dx))*dt` \[1\], with `dt/c` for dt if c is uniform:
    /// one number if both are equal, none if D varies.
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

    /// The operator of a step of `dt`, if D is uniform.
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

    /// Values of rows, converted by `convert` and rounded once. Values that the purpose does not use are cleared.
    fn array<T: Real>(
        &self,
        values: &Values,
        rows: &Range<usize>,
        purpose: Purpose,
        convert: impl Fn(f64) -> f64 + Sync,
    ) -> Result<Array2<T>, Unready> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let mut array = zeros((rows.len(), grid.x.nodes))?;
        if let Some(to) = array.as_slice_mut() {
            values.fill_with(nodes, rows.start, 0.0, convert, to)?;
            clear_unused(&self.geometry, purpose, rows.start, to);
        }
        Ok(array)
    }

    /// The evaluation of the source for rows from `first` on.
    fn source_at<T: Real>(&self, first: usize, share: f64, purpose: Purpose) -> SourceAt<T> {
        let slots = self.clone();
        Box::new(move |time, array| {
            let (geometry, source_values) = (&*slots.geometry, array.as_slice_mut()?);
            let moving = slots.moving_source(time).filter(MovingSource::is_cheap);
            let integrated = match moving.map(|source| source.values()).transpose() {
                Ok(integrated) => integrated,
                Err(Wrong { at: [x, y], .. }) => {
                    return Some(Halt::NotFinite {
                        key: Quantity::Source.key(),
                        place: format!("x = {x:?}, y = {y:?}"),
                        time,
                    });
                }
            };
            let values = &slots.slot(Quantity::Source).values;
            let values = integrated.as_ref().unwrap_or(values);
            // Only formulas depend on time, and no formula reads a file.
            let _ = values.fill(&geometry.nodes, first, time, share, source_values);
            clear_unused(geometry, purpose, first, source_values);
            let place = first_where(source_values, |value| !value.to_f64().is_finite())?;
            Some(not_finite(geometry, first, place, time))
        })
    }

    /// The factors of the source's terms. The arrays of the terms belong to rows from `first` on.
    fn factors_at<T: Real>(
        &self,
        source: &Slot,
        arrays: &[Array2<T>],
        first: usize,
    ) -> FactorsAt<T> {
        let factors: Vec<Function> = source
            .products
            .iter()
            .map(|product| product.factor.clone())
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

    /// The coefficients of the step at the faces of rows, `(De/(dx*dx))*dt` and `(Dn/(dy*dy))*dt`, rounded once. A face
    /// beyond a computed wall has the coefficient from [`beyond`].
    ///
    /// Shapes: `ny × (nx + 1)` for the faces between columns; `(ny + 1) × nx` for the faces between rows.
    ///
    /// # Errors
    /// [`Unready`] if memory is short, or a file can no longer be read.
    fn face_arrays<T: Real>(&self, rows: Range<usize>, dt: f64) -> Result<[Array2<T>; 2], Unready> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let (ny, nx) = grid.shape();
        let (dx, dy) = (grid.x.spacing, grid.y.spacing);
        let mut x = zeros((rows.len(), nx + 1))?;
        let mut y = zeros((rows.len() + usize::from(!rows.is_empty()), nx))?;
        let first_row = rows.start;
        let rows_end = rows.end;
        let [columns, lines] = nodes.periodic;
        self.faces(rows, |faces| {
            let piece_rows = faces.rows.start - first_row..faces.rows.end - first_row;
            let rim_row = usize::from(faces.rows.end == rows_end);
            let start = faces.rows.start;
            fill(x.slice_mut(s![piece_rows.clone(), ..]), start, |j, i| {
                step_coefficient(faces.x(j, i), dx, dt, (i == 0 || i == nx) && !columns)
            });
            fill(
                y.slice_mut(s![piece_rows.start..piece_rows.end + rim_row, ..]),
                start,
                |j, i| step_coefficient(faces.y(j, i), dy, dt, (j == 0 || j == ny) && !lines),
            );
            Ok(())
        })?;
        Ok([x, y])
    }
}

/// The coefficient of a face in a step of `dt`, rounded once.
fn step_coefficient<T: Real>(face: f64, spacing: f64, dt: f64, is_beyond: bool) -> T {
    let face = if is_beyond {
        beyond(face, spacing, dt).1
    } else {
        face
    };
    T::from_f64((face / (spacing * spacing)) * dt)
}

/// Clears values that a purpose does not use, in rows from `first` on. Values at nodes that keep their state are
/// arbitrary. For steps they become 0, because 0 times a NaN would not be 0; for rates only those of masked nodes and
/// infinite or NaN values of held nodes become 0.
fn clear_unused<T: Real>(geometry: &Geometry, purpose: Purpose, first: usize, values: &mut [T]) {
    if purpose != Purpose::Rates {
        return geometry.fill_kept(first, values, T::default());
    }
    geometry.fill_masked(first, values, T::default());
    if geometry.has_held() {
        let values = values.par_iter_mut().with_min_len(4096);
        values.for_each(|value| {
            if !value.to_f64().is_finite() {
                *value = T::default();
            }
        });
    }
}

/// Sets the elements of rows; the first row has the number `first`.
fn fill<T: Real>(mut to: ArrayViewMut2<T>, first: usize, value: impl Fn(usize, usize) -> T + Sync) {
    let rows = to.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    rows.for_each(|(row, mut to)| {
        for (i, to) in to.iter_mut().enumerate() {
            *to = value(first + row, i);
        }
    });
}

/// The error of a source that is not finite at position `at` in rows from `first` on.
fn not_finite(geometry: &Geometry, first: usize, at: usize, time: f64) -> Halt {
    let Geometry { nodes, .. } = geometry;
    let nx = nodes.x.len();
    Halt::NotFinite {
        key: Quantity::Source.key(),
        place: nodes.describe(nodes.row(first + at / nx), at % nx),
        time,
    }
}

/// The largest magnitude in an array, and its position.
fn largest<T: Real>(array: &Array2<T>) -> (f64, usize) {
    let magnitudes = array.iter().map(|value| value.to_f64().abs()).enumerate();
    magnitudes.fold((0.0, 0), |(most, at), (place, value)| {
        if value > most {
            (value, place)
        } else {
            (most, at)
        }
    })
}
