//! The state before the first step.

mod peaks;
mod picture;

use super::{
    input::{Digests, Input},
    nodes::{Array, Nodes, Values},
};
use crate::{
    field::Field,
    grid::{Axis, Grid},
    params::{Gaussian, InitialState, ParamsError, RawParams, Sine},
};
use diff2d_stencil::real::Real;
use picture::Picture;
use rayon::prelude::*;
use std::f64::consts::PI;

/// The state before the first step, but for the walls.
#[derive(Debug, Clone, PartialEq)]
pub struct Initial(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// `a(y) a(x)` at interior nodes, 0 at the others.
    Peaks,
    /// `f(y) g(x)`
    Product(Product),
    /// Values on the nodes.
    Values(Values),
    /// A picture.
    Picture(Picture),
}

/// A product of a function of y and one of x.
#[derive(Debug, Clone, PartialEq)]
enum Product {
    Gaussian(Gaussian),
    Sine(Sine),
}

impl Initial {
    /// The initial state of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values that are not finite.
    pub fn new(
        state: &InitialState,
        raw: &RawParams,
        grid: &Grid,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        const PATH: &str = "initial.path";
        let kind = match state {
            InitialState::Peaks => Kind::Peaks,
            InitialState::Gaussian(gaussian) => Kind::Product(Product::Gaussian(*gaussian)),
            InitialState::Sine(sine) => Kind::Product(Product::Sine(*sine)),
            InitialState::Constant(value) => Kind::Values(Values::Uniform(*value)),
            InitialState::Expression(function) => {
                Kind::Values(Values::of_function(function.clone()))
            }
            InitialState::File { path, snapshot } => {
                let input = Input::open(raw.input(PATH, path), digests)?;
                Kind::Values(Values::Array(Array::new(
                    input,
                    *snapshot,
                    (grid, digests.every),
                )?))
            }
            InitialState::Image { path, range } => {
                let input = Input::open(raw.input(PATH, path), digests)?;
                Kind::Picture(Picture::new(input, *range)?)
            }
        };
        let initial = Self(kind);
        if let Kind::Values(values) = &initial.0 {
            let key = match values {
                Values::Array(_) => PATH,
                _ => "initial.value",
            };
            values.check(grid, (key, raw), |value| {
                (!value.is_finite()).then_some("finite")
            })?;
        }
        Ok(initial)
    }

    /// The file that it comes from.
    #[must_use]
    pub fn input(&self) -> Option<&Input> {
        match &self.0 {
            Kind::Values(values) => values.input(),
            Kind::Picture(picture) => Some(picture.input()),
            Kind::Peaks | Kind::Product(_) => None,
        }
    }

    /// The array and the snapshot of it that it comes from.
    #[must_use]
    pub fn array(&self) -> Option<&Array> {
        match &self.0 {
            Kind::Values(Values::Array(array)) => Some(array),
            _ => None,
        }
    }

    /// Writes it to a field of zeros, whose rows are those of the grid from `first` on.
    ///
    /// # Errors
    /// [`ParamsError::Input`] when its file cannot be read any more.
    pub fn fill<T: Real>(
        &self,
        field: &mut Field<T>,
        (grid, periodic): (&Grid, [bool; 2]),
        first: usize,
    ) -> Result<(), ParamsError> {
        let nodes = Nodes::new(grid, periodic);
        match &self.0 {
            Kind::Peaks => peaks::four_peaks(field, (grid, &nodes), first),
            Kind::Product(product) => product.fill(field, (grid, &nodes), first),
            Kind::Values(values) => {
                return values.fill(&nodes, (first, 0.0), 1.0, field.as_mut_slice());
            }
            Kind::Picture(picture) => return picture.fill(field, &nodes, first),
        }
        Ok(())
    }
}

impl Product {
    /// Writes `f(y) g(x)` to the rows of a field from `first` on.
    fn fill<T: Real>(&self, field: &mut Field<T>, (grid, nodes): (&Grid, &Nodes), first: usize) {
        let (nx, rows) = (grid.x.nodes, field.shape().0);
        let bell = |distance: f64, sigma: f64| {
            let z = distance / sigma;
            libm::exp(-(z * z) / 2.0)
        };
        let wave = |k: f64, axis: &Axis, at: f64| {
            let (lower, upper) = axis.domain();
            libm::sin(k * PI * (at - lower) / (upper - lower))
        };
        let factors = |of_y: &dyn Fn(f64) -> f64, of_x: &dyn Fn(f64) -> f64| -> [Vec<f64>; 2] {
            let along_y = (first..first + rows).map(|j| of_y(nodes.y[nodes.row(j)]));
            let along_x = (0..nx).map(|i| of_x(nodes.x[nodes.column(i)]));
            [along_y.collect(), along_x.collect()]
        };
        let [along_y, along_x] = match *self {
            Self::Gaussian(Gaussian {
                x0,
                y0,
                sigma,
                amplitude,
            }) => factors(&|y| amplitude * bell(y - y0, sigma), &|x| {
                bell(x - x0, sigma)
            }),
            Self::Sine(Sine { kx, ky }) => {
                factors(&|y| wave(ky, &grid.y, y), &|x| wave(kx, &grid.x, x))
            }
        };
        let rows = field.as_mut_slice().par_chunks_exact_mut(nx);
        rows.zip(&along_y).for_each(|(row, of_y)| {
            for (value, of_x) in row.iter_mut().zip(&along_x) {
                *value = T::from_f64(of_y * of_x);
            }
        });
    }
}
