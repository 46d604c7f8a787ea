//! [`Spectral`]: the five-point system solved exactly in time, by transforms along both axes.
//!
//! With one diffusion coefficient for each axis and walls of one kind at both ends of it, the five-point
//! Laplacian is diagonal in the basis of a sine, cosine or Fourier transform:
//!
//! | walls | transform | nodes transformed | eigenvalue `k` |
//! |---|---|---|---|
//! | fixed at 0 | sine, DST-I | interior | `-(4 D/dx²) sin²(π k / 2n)`, k = 1 … n-1 |
//! | insulated | cosine, DCT-I | all | `-(4 D/dx²) sin²(π k / 2n)`, k = 0 … n |
//! | periodic | Fourier | all but the last | `-(4 D/dx²) sin²(π k / n)`, k = 0 … n-1 |
//!
//! where `n` is the number of intervals between the nodes. A step of `dt` multiplies each coefficient by
//! `exp(dt (λx + λy)) = exp(dt λx) exp(dt λy)`, so the axes can be treated one after the other.
//!
//! Source: G. Strang, "The Discrete Cosine Transform", SIAM Review 41 (1999), for the bases.

// Modules also explain their private files; `cargo doc --document-private-items` follows these links.
#![allow(rustdoc::private_intra_doc_links)]

use diff2d_stencil::real::Real;
use ndarray::{ArrayViewMut1, ArrayViewMut2, Axis};
use rayon::prelude::*;
use rustdct::DctPlanner;
use rustfft::{FftPlanner, num_complex::Complex64};
use std::{f64::consts::PI, fmt, sync::Arc};

/// The walls at both ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Fixed at 0.
    Fixed,
    /// No flux.
    Insulated,
    /// The last node is the first one again.
    Periodic,
}

/// The exact step of a state along both axes.
#[derive(Debug, Clone)]
pub struct Spectral {
    y: Filter,
    x: Filter,
}

impl Spectral {
    /// A step along y and along x: for each the walls, the number of nodes, and `D dt / spacing²`.
    ///
    /// # Panics
    /// With fewer than three nodes.
    #[must_use]
    pub fn new(y: (Ends, usize, f64), x: (Ends, usize, f64)) -> Self {
        Self {
            y: Filter::new(y),
            x: Filter::new(x),
        }
    }

    /// Advances a state by one step, in double precision, on the threads of the current rayon pool.
    ///
    /// # Panics
    /// If its shape is another one.
    pub fn advance<T: Real>(&self, mut state: ArrayViewMut2<'_, T>) {
        self.advance_rows(state.view_mut());
        self.advance_columns(state);
    }

    /// The first part of a step, for some rows.
    ///
    /// # Panics
    /// If they have another number of nodes.
    pub fn advance_rows<T: Real>(&self, rows: ArrayViewMut2<'_, T>) {
        self.x.apply_to_all(rows, Axis(1));
    }

    /// The second part of a step, for some columns, after the first for all rows.
    ///
    /// # Panics
    /// If they have another number of nodes.
    pub fn advance_columns<T: Real>(&self, columns: ArrayViewMut2<'_, T>) {
        self.y.apply_to_all(columns, Axis(0));
    }
}

/// Lines that a task transforms: as many as there are doubles in a cache line.
const LINES: usize = 8;

/// Bytes of memory that each thread takes for lines of so many nodes: of their values, and of one line as complex
/// numbers, twice.
#[must_use]
pub fn memory_of_a_thread(nodes: usize) -> usize {
    (LINES * size_of::<f64>() + 2 * size_of::<Complex64>()) * nodes
}

/// The exact step along one axis.
#[derive(Clone)]
struct Filter {
    ends: Ends,
    nodes: usize,
    transform: Transform,
    /// The factor of each coefficient, with the transform's own.
    factors: Vec<f64>,
}

#[derive(Clone)]
enum Transform {
    Sine(Arc<dyn rustdct::Dst1<f64>>),
    Cosine(Arc<dyn rustdct::Dct1<f64>>),
    /// There and back.
    Fourier([Arc<dyn rustfft::Fft<f64>>; 2]),
}

impl Filter {
    #[expect(clippy::cast_precision_loss, reason = "node numbers are below 2^31")]
    fn new((ends, nodes, r): (Ends, usize, f64)) -> Self {
        assert!(nodes > 2, "an axis has at least three nodes");
        let intervals = (nodes - 1) as f64;
        let (transform, numbers, angle, scale) = match ends {
            Ends::Fixed => {
                let transform = Transform::Sine(DctPlanner::new().plan_dst1(nodes - 2));
                (transform, 1..nodes - 1, PI / 2.0, 2.0 / intervals)
            }
            Ends::Insulated => {
                let transform = Transform::Cosine(DctPlanner::new().plan_dct1(nodes));
                (transform, 0..nodes, PI / 2.0, 2.0 / intervals)
            }
            Ends::Periodic => {
                let mut planner = FftPlanner::new();
                let both = [
                    planner.plan_fft_forward(nodes - 1),
                    planner.plan_fft_inverse(nodes - 1),
                ];
                (Transform::Fourier(both), 0..nodes - 1, PI, 1.0 / intervals)
            }
        };
        let factors = numbers
            .map(|k| {
                let sine = (angle * k as f64 / intervals).sin();
                scale * (-4.0 * r * sine * sine).exp()
            })
            .collect();
        Self {
            ends,
            nodes,
            transform,
            factors,
        }
    }

    /// Replaces the lines along an axis by their values a step later.
    fn apply_to_all<T: Real>(&self, mut state: ArrayViewMut2<'_, T>, axis: Axis) {
        let mut lines: Vec<_> = state.lanes_mut(axis).into_iter().collect();
        lines
            .par_chunks_mut(LINES)
            .for_each(|lines| self.apply(lines));
    }

    /// Replaces lines of nodes by their values a step later.
    fn apply<T: Real>(&self, lines: &mut [ArrayViewMut1<'_, T>]) {
        // The nodes that are transformed.
        let nodes = match self.ends {
            Ends::Fixed => 1..self.nodes - 1,
            Ends::Insulated => 0..self.nodes,
            Ends::Periodic => 0..self.nodes - 1,
        };
        let count = nodes.len();
        // Node after node of all lines: lines of columns lie next to each other.
        let mut values = vec![0.0; count * lines.len()];
        for (k, node) in nodes.clone().enumerate() {
            for (l, line) in lines.iter().enumerate() {
                values[l * count + k] = line[node].to_f64();
            }
        }
        values
            .chunks_exact_mut(count)
            .for_each(|line| self.transform_line(line));
        for (k, node) in nodes.enumerate() {
            for (l, line) in lines.iter_mut().enumerate() {
                line[node] = T::from_f64(values[l * count + k]);
            }
        }
        if self.ends == Ends::Periodic {
            for line in lines {
                line[self.nodes - 1] = line[0];
            }
        }
    }

    fn transform_line(&self, line: &mut [f64]) {
        let scale = |line: &mut [f64]| {
            for (value, factor) in line.iter_mut().zip(&self.factors) {
                *value *= factor;
            }
        };
        match &self.transform {
            Transform::Sine(transform) => {
                transform.process_dst1(line);
                scale(line);
                transform.process_dst1(line);
            }
            Transform::Cosine(transform) => {
                transform.process_dct1(line);
                scale(line);
                transform.process_dct1(line);
            }
            Transform::Fourier([there, back]) => {
                let mut values: Vec<Complex64> = line
                    .iter()
                    .map(|&value| Complex64::new(value, 0.0))
                    .collect();
                there.process(&mut values);
                for (value, factor) in values.iter_mut().zip(&self.factors) {
                    *value *= *factor;
                }
                back.process(&mut values);
                for (value, result) in line.iter_mut().zip(values) {
                    *value = result.re;
                }
            }
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} walls, {} nodes", self.ends, self.nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// The mode with these numbers, which is an eigenvector of the five-point Laplacian.
    fn mode(ends: [Ends; 2], (ny, nx): (usize, usize), k: [f64; 2]) -> Array2<f64> {
        let factor = |ends: Ends, node: usize, nodes: usize, k: f64| {
            let x = node as f64 / (nodes - 1) as f64;
            match ends {
                Ends::Fixed => (k * PI * x).sin(),
                Ends::Insulated => (k * PI * x).cos(),
                Ends::Periodic => (2.0 * k * PI * x).cos() + (2.0 * k * PI * x).sin(),
            }
        };
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            factor(ends[0], j, ny, k[0]) * factor(ends[1], i, nx, k[1])
        })
    }

    #[test]
    fn modes_decay_by_their_factors() {
        let all = [Ends::Fixed, Ends::Insulated, Ends::Periodic];
        for (y, x) in all.into_iter().flat_map(|y| all.map(|x| (y, x))) {
            let (shape, k, r) = ((12, 17), [2.0, 3.0], [0.7, 1.3]);
            let start = mode([y, x], shape, k);
            let decay = |ends: Ends, nodes: usize, k: f64, r: f64| {
                let half = if ends == Ends::Periodic { 1.0 } else { 0.5 };
                let sine = (half * PI * k / (nodes - 1) as f64).sin();
                (-4.0 * r * sine * sine).exp()
            };
            let factor = decay(y, shape.0, k[0], r[0]) * decay(x, shape.1, k[1], r[1]);
            let mut state = start.clone();
            Spectral::new((y, shape.0, r[0]), (x, shape.1, r[1])).advance(state.view_mut());
            for (is, was) in state.iter().zip(&start) {
                assert!((is - factor * was).abs() < 1e-13, "{y:?} {x:?}: {is} {was}");
            }
        }
    }

    #[test]
    fn two_steps_are_one_of_twice_the_length_and_a_constant_stays_between_insulated_walls() {
        let start = Array2::from_shape_fn((9, 11), |(j, i)| ((j * 11 + i) as f64 * 0.7).sin());
        let step = |r: f64| Spectral::new((Ends::Insulated, 9, r), (Ends::Periodic, 11, r));
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
