//! The state before the first step.

mod peaks;

use super::{
    array::Array,
    geometry::Geometry,
    input::{Digests, Input},
    nodes::Nodes,
    picture::Picture,
    values::Values,
};
use crate::{
    field::Field,
    grid::Axis,
    params::{Function, Gaussian, InitialState, ParamsError, Precision, Profile, RawParams, Sine},
};
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::f64::consts::PI;

/// The state before the first step, without the walls.
#[derive(Debug, Clone, PartialEq)]
pub enum Initial {
    /// `a(y) a(x)` at interior nodes, 0 at the others.
    Peaks,
    /// A Gaussian: a product of a function of y and one of x.
    Gaussian(Gaussian),
    /// A sine: a product of a function of y and one of x.
    Sine(Sine),
    /// Values on the nodes.
    Values(Values),
}

impl Initial {
    /// The initial state of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values that are not finite at nodes that are neither masked nor held.
    pub fn new(
        state: &InitialState,
        precision: Precision,
        raw: &RawParams,
        geometry: &Geometry,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let check = |key: &'static str, value: f64| match precision.lacks(value) {
            Some(wanted) => Err(raw.refuse(key, format!("it must be {wanted}"))),
            None => Ok(()),
        };
        let (key, profile, number) = match state {
            InitialState::Peaks => return Ok(Self::Peaks),
            InitialState::Gaussian(gaussian) => {
                check("initial.amplitude", gaussian.amplitude)?;
                return Ok(Self::Gaussian(*gaussian));
            }
            InitialState::Sine(sine) => return Ok(Self::Sine(*sine)),
            InitialState::Image {
                path,
                range,
                interpolation,
                alpha,
            } => {
                range
                    .iter()
                    .try_for_each(|&value| check("initial.range", value))?;
                let profile = Profile::Image {
                    path: path.clone(),
                    range: *range,
                    interpolation: *interpolation,
                    alpha: *alpha,
                };
                ("initial.range", profile, None)
            }
            InitialState::Constant(value) => {
                let number = Function::Number(*value);
                ("initial.value", Profile::Function(number), None)
            }
            InitialState::Expression(function) => {
                ("initial.value", Profile::Function(function.clone()), None)
            }
            InitialState::File {
                path,
                snapshot,
                regrid,
            } => {
                let (path, regrid) = (path.clone(), *regrid);
                ("initial.path", Profile::File { path, regrid }, *snapshot)
            }
        };
        let grid = &geometry.grid;
        let values = Values::of_snapshot(&profile, number, "initial.path", raw, grid, digests)?;
        let kept_nodes: Vec<_> = geometry.kept().collect();
        values.check(grid, 0.0, &kept_nodes, key, raw, |value| {
            precision.lacks(value)
        })?;
        Ok(Self::Values(values))
    }

    /// The file with the initial state, if there is one.
    #[must_use]
    pub fn input(&self) -> Option<&Input> {
        match self {
            Self::Values(values) => values.input(),
            Self::Peaks | Self::Gaussian(_) | Self::Sine(_) => None,
        }
    }

    /// The array with the initial state, if there is one.
    #[must_use]
    pub fn array(&self) -> Option<&Array> {
        match self {
            Self::Values(Values::Array(array)) => Some(array),
            _ => None,
        }
    }

    /// The picture with the initial state, if there is one.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        match self {
            Self::Values(values) => values.picture(),
            _ => None,
        }
    }

    /// Writes the initial state to a field of zeros, which has the rows of the grid from `first` on.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if the file can no longer be read.
    pub fn fill<T: Real>(
        &self,
        field: &mut Field<T>,
        geometry: &Geometry,
        first: usize,
    ) -> Result<(), ParamsError> {
        let Geometry { grid, nodes, .. } = geometry;
        match *self {
            Self::Peaks => peaks::four_peaks(field, grid, nodes, first),
            Self::Gaussian(Gaussian {
                x0,
                y0,
                sigma,
                amplitude,
            }) => {
                fill_product(
                    field,
                    nodes,
                    first,
                    |y| amplitude * bell(y - y0, sigma),
                    |x| bell(x - x0, sigma),
                );
            }
            Self::Sine(Sine { kx, ky }) => {
                fill_product(
                    field,
                    nodes,
                    first,
                    |y| wave(ky, &grid.y, y),
                    |x| wave(kx, &grid.x, x),
                );
            }
            Self::Values(ref values) => {
                return values.fill(nodes, first, 0.0, 1.0, field.as_mut_slice());
            }
        }
        Ok(())
    }
}

fn bell(distance: f64, sigma: f64) -> f64 {
    let z = distance / sigma;
    libm::exp(-(z * z) / 2.0)
}

fn wave(k: f64, axis: &Axis, at: f64) -> f64 {
    let (lower, upper) = axis.domain();
    libm::sin(k * PI * (at - lower) / (upper - lower))
}

/// Writes `f(y) g(x)` to the rows of a field from `first` on.
fn fill_product<T: Real>(
    field: &mut Field<T>,
    nodes: &Nodes,
    first: usize,
    of_y: impl Fn(f64) -> f64,
    of_x: impl Fn(f64) -> f64,
) {
    let (rows, nx) = field.shape();
    let along_y = (first..first + rows).map(|j| of_y(nodes.y[nodes.row(j)]));
    let along_x = (0..nx).map(|i| of_x(nodes.x[nodes.column(i)]));
    let (along_y, along_x): (Vec<f64>, Vec<f64>) = (along_y.collect(), along_x.collect());
    let rows = field.as_mut_slice().par_chunks_exact_mut(nx);
    rows.zip(&along_y).for_each(|(row, of_y)| {
        for (value, of_x) in row.iter_mut().zip(&along_x) {
            *value = T::from_f64(of_y * of_x);
        }
    });
}
