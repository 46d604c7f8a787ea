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

use diff2d_stencil::real::Real;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};
use rayon::prelude::*;
use rustdct::{DctPlanner, TransformType2And3};
use rustfft::{FftPlanner, num_complex::Complex64};
use std::{f64::consts::PI, fmt, ops::Range, sync::Arc};

/// The walls at both ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndWalls {
    /// Fixed values.
    Fixed,
    /// Given fluxes.
    Flux,
    /// A fixed value at the first node, and a given flux at the last.
    FixedThenFlux,
    /// A given flux at the first node, and a fixed value at the last.
    FluxThenFixed,
    /// Periodic: the first and the last node are the same point.
    Periodic,
}

impl EndWalls {
    /// Whether the first and the last node are fixed.
    #[must_use]
    pub fn are_fixed(self) -> [bool; 2] {
        match self {
            Self::Fixed => [true, true],
            Self::FixedThenFlux => [true, false],
            Self::FluxThenFixed => [false, true],
            Self::Flux | Self::Periodic => [false, false],
        }
    }
}

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
    added: Option<Arc<Array2<f64>>>,
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
            added: None,
        };
        step.apply_decay();
        step
    }

    fn apply_decay(&mut self) {
        if self.decay != 0.0 {
            let factor = (-self.decay).exp();
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
            added: None,
        };
        step.apply_decay();
        step.added = self.added.as_ref().map(|added| {
            let filtered = self.filtered(Array2::clone(added), |z| {
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
        self.added = Some(Arc::new(self.filtered(array, phi)));
        self
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
        let rows = unfixed_nodes.outer_iter_mut().into_par_iter();
        rows.zip(&y.exponents).for_each(|(row, y_exponent)| {
            for (value, x_exponent) in row.into_iter().zip(&x.exponents) {
                *value *= y.scale * x.scale * factor(y_exponent + x_exponent - decay);
            }
        });
        y.transform_all(unfixed_nodes.view_mut(), Axis(0), Direction::Inverse);
        x.transform_all(unfixed_nodes, Axis(1), Direction::Inverse);
        for (filter, axis) in [(x, Axis(1)), (y, Axis(0))] {
            if filter.ends == EndWalls::Periodic {
                let (first_line, mut later_lines) = array.view_mut().split_at(axis, 1);
                let last_index = later_lines.len_of(axis) - 1;
                later_lines
                    .index_axis_mut(axis, last_index)
                    .assign(&first_line.index_axis(axis, 0));
            }
        }
        array
    }

    /// Advances a state by one step, in double precision, on the threads of the current rayon pool.
    ///
    /// # Panics
    /// If the shape of the state is wrong.
    pub fn advance<T: Real>(&self, mut state: ArrayViewMut2<'_, T>) {
        let Self { y, x, added, .. } = self;
        let (rows, columns) = (y.advanced(), x.advanced());
        x.apply_to_all(state.slice_mut(s![rows, ..]), Axis(1), None);
        let added = added.as_ref().map(|all| all.slice(s![.., columns.clone()]));
        y.apply_to_all(state.slice_mut(s![.., columns]), Axis(0), added);
    }
}

/// The function `(exp(z) - 1)/z`.
fn phi(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { z.exp_m1() / z }
}

/// The number of lines that a task transforms: as many as there are doubles in a cache line.
const LINES: usize = 8;

/// Bytes of memory of each thread for lines of `nodes` nodes: for their values, and for one line of complex numbers,
/// twice.
#[must_use]
pub fn memory_of_a_thread(nodes: usize) -> usize {
    (LINES * size_of::<f64>() + 2 * size_of::<Complex64>()) * nodes
}

/// The exact step along one axis.
#[derive(Clone)]
struct Filter {
    ends: EndWalls,
    nodes: usize,
    transform: Transform,
    /// The exponent `dt λ` of each coefficient.
    exponents: Vec<f64>,
    /// The reciprocal of the factor that a transform and its inverse apply together.
    scale: f64,
    /// The factor of each coefficient, which includes the factor of the transforms.
    factors: Vec<f64>,
}

#[derive(Clone)]
enum Transform {
    Sine(Arc<dyn rustdct::Dst1<f64>>),
    Cosine(Arc<dyn rustdct::Dct1<f64>>),
    /// A sine transform of the third type; its inverse is of the second type.
    MixedSine(Arc<dyn TransformType2And3<f64>>),
    /// A cosine transform of the third type; its inverse is of the second type.
    MixedCosine(Arc<dyn TransformType2And3<f64>>),
    /// A Fourier transform and its inverse.
    Fourier([Arc<dyn rustfft::Fft<f64>>; 2]),
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Inverse,
}

impl Filter {
    #[expect(clippy::cast_precision_loss, reason = "node numbers are below 2^31")]
    fn new(axis: SpectralAxis) -> Self {
        let SpectralAxis { ends, nodes, r } = axis;
        assert!(nodes > 2, "an axis has at least three nodes");
        let interval_count = nodes - 1;
        let intervals = interval_count as f64;
        let mut planner = DctPlanner::new();
        // Coefficients are numbered from `first_number` on, which may be half a number.
        let (transform, first_number) = match ends {
            EndWalls::Fixed => (Transform::Sine(planner.plan_dst1(interval_count - 1)), 1.0),
            EndWalls::Flux => (Transform::Cosine(planner.plan_dct1(nodes)), 0.0),
            EndWalls::FixedThenFlux => {
                (Transform::MixedSine(planner.plan_dst3(interval_count)), 0.5)
            }
            EndWalls::FluxThenFixed => (
                Transform::MixedCosine(planner.plan_dct3(interval_count)),
                0.5,
            ),
            EndWalls::Periodic => {
                let mut planner = FftPlanner::new();
                let transforms = [
                    planner.plan_fft_forward(interval_count),
                    planner.plan_fft_inverse(interval_count),
                ];
                (Transform::Fourier(transforms), 0.0)
            }
        };
        let (largest_angle, scale) = match ends {
            EndWalls::Periodic => (PI, 1.0 / intervals),
            _ => (PI / 2.0, 2.0 / intervals),
        };
        let mut filter = Self {
            ends,
            nodes,
            transform,
            exponents: Vec::new(),
            scale,
            factors: Vec::new(),
        };
        let numbers = (0..filter.transformed().len()).map(|k| first_number + k as f64);
        let exponents = numbers.map(|k| {
            let sine = (largest_angle * k / intervals).sin();
            -4.0 * r * sine * sine
        });
        filter.exponents = exponents.collect();
        let factors = filter.exponents.iter().map(|z| scale * z.exp());
        filter.factors = factors.collect();
        filter
    }

    /// A fraction of the step.
    fn part(&self, fraction: f64) -> Self {
        let exponents: Vec<f64> = self.exponents.iter().map(|z| fraction * z).collect();
        Self {
            factors: exponents.iter().map(|z| self.scale * z.exp()).collect(),
            exponents,
            ..self.clone()
        }
    }

    /// The nodes that are transformed.
    fn transformed(&self) -> Range<usize> {
        match self.ends {
            EndWalls::Periodic => 0..self.nodes - 1,
            ends => {
                let [fixed_at_start, fixed_at_end] = ends.are_fixed().map(usize::from);
                fixed_at_start..self.nodes - fixed_at_end
            }
        }
    }

    /// The nodes that are not fixed.
    fn advanced(&self) -> Range<usize> {
        let [fixed_at_start, fixed_at_end] = self.ends.are_fixed().map(usize::from);
        fixed_at_start..self.nodes - fixed_at_end
    }

    /// Replaces the lines along an axis by their values a step later, plus `added`.
    fn apply_to_all<T: Real>(
        &self,
        mut state: ArrayViewMut2<'_, T>,
        axis: Axis,
        added: Option<ArrayView2<'_, f64>>,
    ) {
        let mut lines: Vec<_> = state.lanes_mut(axis).into_iter().collect();
        let added: Vec<_> = added.iter().flat_map(|all| all.lanes(axis)).collect();
        let groups = lines.par_chunks_mut(LINES).enumerate();
        groups.for_each(|(group, lines)| {
            let added = added.get(group * LINES..).unwrap_or_default();
            self.apply(lines, added);
        });
    }

    /// Replaces lines of nodes by their values a step later, plus `added`.
    fn apply<T: Real>(&self, lines: &mut [ArrayViewMut1<'_, T>], added: &[ArrayView1<'_, f64>]) {
        let nodes = self.transformed();
        let node_count = nodes.len();
        // Node after node of all lines: lines of columns lie next to each other.
        let mut values = vec![0.0; node_count * lines.len()];
        for (k, node) in nodes.clone().enumerate() {
            for (l, line) in lines.iter().enumerate() {
                values[l * node_count + k] = line[node].to_f64();
            }
        }
        values
            .chunks_exact_mut(node_count)
            .for_each(|line| self.advance_line(line));
        for (k, node) in nodes.enumerate() {
            for (value, added) in values[k..].iter_mut().step_by(node_count).zip(added) {
                *value += added[node];
            }
            for (l, line) in lines.iter_mut().enumerate() {
                line[node] = T::from_f64(values[l * node_count + k]);
            }
        }
        if self.ends == EndWalls::Periodic {
            for line in lines {
                line[self.nodes - 1] = line[0];
            }
        }
    }

    fn advance_line(&self, line: &mut [f64]) {
        if let Transform::Fourier([forward, inverse]) = &self.transform {
            let mut values = complex(line);
            forward.process(&mut values);
            for (value, factor) in values.iter_mut().zip(&self.factors) {
                *value *= *factor;
            }
            inverse.process(&mut values);
            for (value, result) in line.iter_mut().zip(values) {
                *value = result.re;
            }
            return;
        }
        self.transform_line(line, Direction::Forward);
        for (value, factor) in line.iter_mut().zip(&self.factors) {
            *value *= factor;
        }
        self.transform_line(line, Direction::Inverse);
    }

    /// Transforms all lines along an axis, which contain only transformed nodes.
    fn transform_all(&self, mut lines: ArrayViewMut2<'_, f64>, axis: Axis, direction: Direction) {
        let mut lines: Vec<_> = lines.lanes_mut(axis).into_iter().collect();
        lines.par_chunks_mut(LINES).for_each(|lines| {
            let count = lines[0].len();
            let mut values = vec![0.0; count * lines.len()];
            for k in 0..count {
                for (l, line) in lines.iter().enumerate() {
                    values[l * count + k] = line[k];
                }
            }
            values
                .chunks_exact_mut(count)
                .for_each(|line| self.transform_line(line, direction));
            for k in 0..count {
                for (l, line) in lines.iter_mut().enumerate() {
                    line[k] = values[l * count + k];
                }
            }
        });
    }

    fn transform_line(&self, line: &mut [f64], direction: Direction) {
        match (&self.transform, direction) {
            (Transform::Sine(transform), _) => transform.process_dst1(line),
            (Transform::Cosine(transform), _) => transform.process_dct1(line),
            (Transform::MixedSine(transform), Direction::Forward) => transform.process_dst3(line),
            (Transform::MixedSine(transform), Direction::Inverse) => transform.process_dst2(line),
            (Transform::MixedCosine(transform), Direction::Forward) => transform.process_dct3(line),
            (Transform::MixedCosine(transform), Direction::Inverse) => transform.process_dct2(line),
            // Hartley's transform has real coefficients, and is its own inverse.
            (Transform::Fourier([forward, _]), _) => {
                let mut values = complex(line);
                forward.process(&mut values);
                for (value, result) in line.iter_mut().zip(values) {
                    *value = result.re - result.im;
                }
            }
        }
    }
}

fn complex(line: &[f64]) -> Vec<Complex64> {
    let values = line.iter().map(|&value| Complex64::new(value, 0.0));
    values.collect()
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
