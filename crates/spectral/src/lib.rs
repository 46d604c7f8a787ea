//! [`Spectral`]: solves the five-point system exactly in time, by transforms along both axes.
//!
//! With one diffusion coefficient for each axis and walls of one kind along each side, the five-point
//! Laplacian is diagonal in the basis of a sine, cosine or Fourier transform:
//!
//! | walls | transform, and its inverse | nodes transformed | eigenvalue `k` |
//! |---|---|---|---|
//! | fixed | sine, DST-I, I | interior | `-(4 D/dx²) sin²(π k / 2n)`, k = 1 … n-1 |
//! | given flux | cosine, DCT-I, I | all | `-(4 D/dx²) sin²(π k / 2n)`, k = 0 … n |
//! | fixed, then flux | sine, DST-III, II | all but the first | `-(4 D/dx²) sin²(π (k + ½) / 2n)`, k = 0 … n-1 |
//! | flux, then fixed | cosine, DCT-III, II | all but the last | the same |
//! | periodic | Fourier | all but the last | `-(4 D/dx²) sin²(π k / n)`, k = 0 … n-1 |
//!
//! where `n` is the number of intervals between the nodes. A step of `dt` multiplies each coefficient by
//! `exp(dt (λx + λy)) = exp(dt λx) exp(dt λy)`, so the axes can be treated one after the other.
//!
//! With terms that do not depend on the state, such as wall values, fluxes and sources, the equation is
//! `dp/dt = A p + b`, and a step is
//!
//! ```text
//! p' = exp(dt A) p + dt φ(dt A) b        φ(z) = (exp(z) - 1)/z, φ(0) = 1
//! ```
//!
//! The second term is the same in every step. It is computed once, by transforms along both axes, and contains the
//! steady state if there is one: `-A⁻¹ b = φ(∞ A) b`. A coefficient whose eigenvalue is 0, such as the mean of a state
//! between closed walls, grows by `dt b`.
//!
//! Source: G. Strang, "The Discrete Cosine Transform", SIAM Review 41 (1999), for the bases.

// Modules also explain their private files; `cargo doc --document-private-items` follows these links.
#![allow(rustdoc::private_intra_doc_links)]

mod ends;
mod fourier;
mod transform;
mod values;

pub use ends::EndWalls;

use diff2d_stencil::real::Real;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use std::{f64::consts::PI, fmt, ops::Range, sync::Arc};
use transform::{Direction, Transform};
use values::{LINES, Value, Work};

/// An axis, and the diffusion number of a step along it.
#[derive(Debug, Clone, Copy)]
pub struct SpectralAxis {
    /// The walls at both ends.
    pub ends: EndWalls,
    /// The number of nodes.
    pub nodes: usize,
    /// The diffusion number `D dt / spacing²`.
    pub r: f64,
}

/// The exact step of a state along both axes.
#[derive(Debug, Clone)]
pub struct Spectral {
    y: Filter,
    x: Filter,
    /// The decay in a step, `dt k`.
    decay: f64,
    /// The increment of a step at each node, independent of the state.
    increment: Option<Arc<Array2<f64>>>,
}

impl Spectral {
    /// A step along y and along x. `decay` is `dt k` for a state with the decay rate `k`.
    ///
    /// # Panics
    /// If an axis has fewer than three nodes.
    #[must_use]
    pub fn new(y: SpectralAxis, x: SpectralAxis, decay: f64) -> Self {
        let mut step = Self {
            y: Filter::new(y),
            x: Filter::new(x),
            decay,
            increment: None,
        };
        step.apply_decay();
        step
    }

    fn apply_decay(&mut self) {
        if self.decay != 0.0 {
            let factor = libm::exp(-self.decay);
            self.x.factors.iter_mut().for_each(|value| *value *= factor);
        }
    }

    /// A fraction of the step, with the corresponding fraction of its increment, computed on the threads of the current
    /// rayon pool.
    #[must_use]
    pub fn part(&self, fraction: f64) -> Self {
        let mut step = Self {
            y: self.y.part(fraction),
            x: self.x.part(fraction),
            decay: fraction * self.decay,
            increment: None,
        };
        step.apply_decay();
        step.increment = self.increment.as_ref().map(|increment| {
            let filtered = self.filtered(Array2::clone(increment), |z| {
                fraction * phi(fraction * z) / phi(z)
            });
            Arc::new(filtered)
        });
        step
    }

    /// Adds terms that do not depend on the state: `dt b` at each node, 0 at fixed nodes. The array is replaced by the
    /// increment of a step, on the threads of the current rayon pool.
    ///
    /// # Panics
    /// If the shapes of the array and of states differ.
    #[must_use]
    pub fn with_forcing(mut self, array: Array2<f64>) -> Self {
        self.increment = Some(Arc::new(self.filtered(array, phi)));
        self
    }

    /// The step of the part of a state that is proportional to it.
    #[must_use]
    pub fn without_forcing(self) -> Self {
        Self {
            increment: None,
            ..self
        }
    }

    /// An array after its coefficients are multiplied by `factor` of their exponents.
    fn filtered(&self, mut array: Array2<f64>, factor: impl Fn(f64) -> f64 + Sync) -> Array2<f64> {
        let Self { y, x, decay, .. } = self;
        assert_eq!(
            array.dim(),
            (y.nodes, x.nodes),
            "the forcing has another shape"
        );
        let mut unfixed_nodes = array.slice_mut(s![y.transformed(), x.transformed()]);
        x.transform_all(unfixed_nodes.view_mut(), Axis(1), Direction::Forward);
        y.transform_all(unfixed_nodes.view_mut(), Axis(0), Direction::Forward);
        let scale = y.transform.scale() * x.transform.scale();
        let rows = unfixed_nodes.outer_iter_mut().into_par_iter();
        rows.zip(&y.exponents).for_each(|(row, y_exponent)| {
            for (value, x_exponent) in row.into_iter().zip(&x.exponents) {
                *value *= scale * factor(y_exponent + x_exponent - decay);
            }
        });
        y.transform_all(unfixed_nodes.view_mut(), Axis(0), Direction::Inverse);
        x.transform_all(unfixed_nodes, Axis(1), Direction::Inverse);
        array
    }

    /// Advances a state by one step, in double precision, on the threads of the current rayon pool.
    ///
    /// # Panics
    /// If the shape of the state is wrong.
    pub fn advance<T: Real>(&self, mut state: ArrayViewMut2<'_, T>) {
        let Self { y, x, .. } = self;
        assert_eq!(state.dim(), (y.nodes, x.nodes), "another shape");
        let unfixed_nodes = s![y.transformed(), x.transformed()];
        let increment = self.increment.as_ref();
        let increment = increment.map(|array| array.slice(unfixed_nodes));
        x.advance(state.slice_mut(unfixed_nodes), Axis(1), None);
        y.advance(state.slice_mut(unfixed_nodes), Axis(0), increment);
        x.copy_first_line(state.view_mut(), Axis(1));
        y.copy_first_line(state, Axis(0));
    }
}

/// The function `(exp(z) - 1)/z`.
fn phi(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { libm::expm1(z) / z }
}

/// The transform along one axis, and the exact step there.
#[derive(Clone)]
struct Filter {
    ends: EndWalls,
    nodes: usize,
    transform: Arc<Transform>,
    /// The exponent `dt λ` of each coefficient.
    exponents: Vec<f64>,
    /// The factor of each coefficient, which includes the factor of the transforms.
    factors: Vec<f64>,
}

impl Filter {
    fn new(axis: SpectralAxis) -> Self {
        let SpectralAxis { ends, nodes, r } = axis;
        assert!(nodes > 2, "an axis has at least three nodes");
        let intervals = (nodes - 1) as f64;
        // Coefficients are numbered from `first_number` on, which may be half a number.
        let (largest_angle, first_number) = match ends {
            EndWalls::Fixed => (PI / 2.0, 1.0),
            EndWalls::Flux => (PI / 2.0, 0.0),
            EndWalls::FixedThenFlux | EndWalls::FluxThenFixed => (PI / 2.0, 0.5),
            EndWalls::Periodic => (PI, 0.0),
        };
        let numbers = (0..ends.transformed(nodes).len()).map(|k| first_number + k as f64);
        let exponents = numbers.map(|k| {
            let sine = libm::sin(largest_angle * k / intervals);
            -4.0 * r * sine * sine
        });
        let transform = Arc::new(Transform::new(ends, nodes));
        Self::with_exponents(ends, nodes, transform, exponents.collect())
    }

    fn with_exponents(
        ends: EndWalls,
        nodes: usize,
        transform: Arc<Transform>,
        exponents: Vec<f64>,
    ) -> Self {
        let factors = exponents.iter().map(|&z| transform.scale() * libm::exp(z));
        Self {
            ends,
            nodes,
            factors: factors.collect(),
            transform,
            exponents,
        }
    }

    /// A fraction of the step.
    fn part(&self, fraction: f64) -> Self {
        let exponents = self.exponents.iter().map(|z| fraction * z).collect();
        Self::with_exponents(self.ends, self.nodes, self.transform.clone(), exponents)
    }

    /// The nodes that are transformed.
    fn transformed(&self) -> Range<usize> {
        self.ends.transformed(self.nodes)
    }

    /// Replaces the lines along an axis, which contain only transformed nodes, by their values a step later, plus
    /// `increment`.
    fn advance<T: Real>(
        &self,
        lines: ArrayViewMut2<'_, T>,
        axis: Axis,
        increment: Option<ArrayView2<'_, f64>>,
    ) {
        for_groups(lines, axis, increment, |values, work| {
            self.transform.apply(values, Direction::Forward, work);
            for (value, factor) in values.iter_mut().zip(&self.factors) {
                *value = value.scaled(*factor);
            }
            self.transform.apply(values, Direction::Inverse, work);
        });
    }

    /// Transforms all lines along an axis, which contain only transformed nodes.
    fn transform_all(&self, lines: ArrayViewMut2<'_, f64>, axis: Axis, direction: Direction) {
        for_groups(lines, axis, None, |values, work| {
            self.transform.apply(values, direction, work);
        });
    }

    /// Copies the first line across a periodic axis to the last one, which is the same.
    fn copy_first_line<T: Real>(&self, mut state: ArrayViewMut2<'_, T>, axis: Axis) {
        if self.ends == EndWalls::Periodic {
            let (first_line, mut later_lines) = state.view_mut().split_at(axis, 1);
            let mut last_line = later_lines.index_axis_mut(axis, self.nodes - 2);
            last_line.assign(&first_line.index_axis(axis, 0));
        }
    }
}

/// Replaces the lines along an axis, as many at a time as a [`Value`] has room for, by what an operation makes of them,
/// plus `increment`, on the threads of the current rayon pool.
fn for_groups<T: Real>(
    mut lines: ArrayViewMut2<'_, T>,
    axis: Axis,
    increment: Option<ArrayView2<'_, f64>>,
    operation: impl Fn(&mut [Value], &mut Work) + Sync,
) {
    let node_count = lines.len_of(axis);
    let mut lines: Vec<_> = lines.lanes_mut(axis).into_iter().collect();
    let increments = increment.iter().flat_map(|array| array.lanes(axis));
    let increments: Vec<_> = increments.collect();
    let groups = lines.par_chunks_mut(LINES).enumerate();
    let empty = (vec![Value::ZERO; node_count], Work::default());
    groups.for_each_with(empty, |(values, work), (group, lines)| {
        let increments = increments.get(group * LINES..).unwrap_or_default();
        // Node after node of all lines: lines of columns lie next to each other.
        for (node, value) in values.iter_mut().enumerate() {
            *value = Value::ZERO;
            for (number, line) in lines.iter().enumerate() {
                *value.of_line(number) = line[node].to_f64();
            }
        }
        operation(values, work);
        for (node, value) in values.iter_mut().enumerate() {
            for (number, increment) in increments.iter().take(lines.len()).enumerate() {
                *value.of_line(number) += increment[node];
            }
            for (number, line) in lines.iter_mut().enumerate() {
                line[node] = T::from_f64(*value.of_line(number));
            }
        }
    });
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} walls, {} nodes", self.ends, self.nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(ends: EndWalls, nodes: usize, r: f64) -> SpectralAxis {
        SpectralAxis { ends, nodes, r }
    }

    /// The mode with these wave numbers, which is an eigenvector of the five-point Laplacian.
    fn mode(ends: [EndWalls; 2], (ny, nx): (usize, usize), k: [f64; 2]) -> Array2<f64> {
        let factor = |ends: EndWalls, node: usize, nodes: usize, k: f64| {
            let x = node as f64 / (nodes - 1) as f64;
            match ends {
                EndWalls::Fixed => (k * PI * x).sin(),
                EndWalls::Flux => (k * PI * x).cos(),
                EndWalls::FixedThenFlux => ((k - 0.5) * PI * x).sin(),
                EndWalls::FluxThenFixed => ((k - 0.5) * PI * x).cos(),
                EndWalls::Periodic => (2.0 * k * PI * x).cos() + (2.0 * k * PI * x).sin(),
            }
        };
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            factor(ends[0], j, ny, k[0]) * factor(ends[1], i, nx, k[1])
        })
    }

    #[test]
    fn modes_decay_by_their_factors() {
        let all = [
            EndWalls::Fixed,
            EndWalls::Flux,
            EndWalls::FixedThenFlux,
            EndWalls::FluxThenFixed,
            EndWalls::Periodic,
        ];
        for (y, x) in all.into_iter().flat_map(|y| all.map(|x| (y, x))) {
            let (shape, k, r) = ((12, 17), [2.0, 3.0], [0.7, 1.3]);
            let start = mode([y, x], shape, k);
            let decay = |ends: EndWalls, nodes: usize, k: f64, r: f64| {
                let angle = match ends {
                    EndWalls::Periodic => PI * k,
                    EndWalls::FixedThenFlux | EndWalls::FluxThenFixed => PI * (k - 0.5) / 2.0,
                    _ => PI * k / 2.0,
                };
                let sine = (angle / (nodes - 1) as f64).sin();
                (-4.0 * r * sine * sine).exp()
            };
            let factor = decay(y, shape.0, k[0], r[0]) * decay(x, shape.1, k[1], r[1]);
            let factor = factor * (-0.3_f64).exp();
            let mut state = start.clone();
            let (y_axis, x_axis) = (axis(y, shape.0, r[0]), axis(x, shape.1, r[1]));
            Spectral::new(y_axis, x_axis, 0.3).advance(state.view_mut());
            for (is, was) in state.iter().zip(&start) {
                assert!((is - factor * was).abs() < 1e-13, "{y:?} {x:?}: {is} {was}");
            }
        }
    }

    #[test]
    fn two_steps_are_one_of_twice_the_length_and_a_constant_stays_between_closed_walls() {
        let start = Array2::from_shape_fn((9, 11), |(j, i)| ((j * 11 + i) as f64 * 0.7).sin());
        let step = |r: f64| {
            let (y, x) = (axis(EndWalls::Flux, 9, r), axis(EndWalls::Periodic, 11, r));
            Spectral::new(y, x, 0.0)
        };
        let mut start = start;
        (0..9).for_each(|j| start[[j, 10]] = start[[j, 0]]);
        let (mut twice, mut once) = (start.clone(), start.clone());
        step(0.4).advance(twice.view_mut());
        step(0.4).advance(twice.view_mut());
        step(0.8).advance(once.view_mut());
        assert!(twice.iter().zip(&once).all(|(a, b)| (a - b).abs() < 1e-14));
        let mut constant = Array2::from_elem((9, 11), 3.0);
        step(50.0).advance(constant.view_mut());
        assert!(
            constant
                .iter()
                .all(|value: &f64| (value - 3.0).abs() < 1e-14)
        );
    }
}
