//! [`Level`]: a level of the hierarchy with those below it, and a cycle through them.

use crate::{
    aggregates::Aggregates,
    dense::Dense,
    matrix::{Matrix, Sparse},
};
use rayon::prelude::*;

/// Levels of at most so many nodes are solved directly.
pub const DIRECT: usize = 500;

/// The outer sweeps of a cycle by the inner ones, which smooth the prolongation: both together smooth more than two alike.
const OUTER: f64 = 1.25;

/// A level with its smoother, and its aggregates, which are the nodes of the next one.
///
/// The smoother is damped Jacobi, `S: x → x + ω D⁻¹ (b - A x)`, with `ω` = 4/3 of the reciprocal of the largest eigenvalue of
/// `D⁻¹ A`. It smooths the prolongation as well: the matrix of the next level is `(S T)ᵀ A (S T)`, where `T` gives all nodes of
/// an aggregate one value. As `Sᵀ A = A S`, a cycle needs no smoothed prolongation: the second of two sweeps before a correction
/// by `T` and the first of two after it stand for it.
///
/// Source: Vaněk, Mandel, Brezina, Computing 56 (1996), 179–196.
#[derive(Debug)]
pub(crate) struct Level<M> {
    pub(crate) matrix: M,
    /// `ω/A[k, k]`; 0 for a node without conductances, which stays as it is.
    damping: Vec<f64>,
    aggregates: Aggregates,
    below: Below,
}

/// The next level.
#[derive(Debug)]
enum Below {
    Level(Box<Coarse>),
    Dense(Dense),
}

/// A level below the finest with its right side, its solution, and the vector between two sweeps.
#[derive(Debug)]
struct Coarse {
    level: Level<Sparse>,
    b: Vec<f64>,
    x: Vec<f64>,
    between: Vec<f64>,
}

impl<M: Matrix> Level<M> {
    /// A level with those below it, where `needed` bytes are taken and no more than `allowed` may be.
    ///
    /// # Errors
    /// The bytes that they take, as far as they are known, where these are more.
    pub(crate) fn of(matrix: M, needed: usize, allowed: u64) -> Result<Self, u64> {
        let nodes = (0..matrix.len()).into_par_iter();
        let inverse = nodes.map(|k| match matrix.diagonal(k) {
            diagonal if diagonal > 0.0 => 1.0 / diagonal,
            _ => 0.0,
        });
        let mut damping: Vec<f64> = inverse.collect();
        let omega = 4.0 / 3.0 / matrix.radius(&damping);
        damping.par_iter_mut().for_each(|d| *d *= omega);
        let aggregates = Aggregates::of(&matrix);
        let coarse = aggregates.coarse(&matrix, &damping);
        let len = coarse.len();
        let below = match len <= DIRECT {
            true => 8 * len * len,
            false => 32 * len + coarse.bytes(),
        };
        let needed = needed + aggregates.bytes() + below;
        if needed as u64 > allowed {
            return Err(needed as u64);
        }
        let below = match len <= DIRECT {
            true => Below::Dense(Dense::of(&coarse)),
            false => Below::Level(Box::new(Coarse {
                level: Level::of(coarse, needed, allowed)?,
                b: vec![0.0; len],
                x: vec![0.0; len],
                between: vec![0.0; len],
            })),
        };
        Ok(Self {
            matrix,
            damping,
            aggregates,
            below,
        })
    }

    /// Sets `x` to an approximate solution of `A x = b`, or betters the one that is there, with so many cycles of the next level.
    pub(crate) fn cycle(
        &mut self,
        b: &[f64],
        x: &mut [f64],
        is_there: bool,
        between: &mut [f64],
        cycles: usize,
    ) {
        match is_there {
            true => self.sweep(OUTER, b, x, between),
            false => {
                let nodes = between.par_iter_mut().zip(b).zip(&self.damping);
                nodes.for_each(|((x, b), d)| *x = OUTER * d * b);
            }
        }
        self.sweep(1.0, b, between, x);
        self.matrix.map(x, between, |rows, out| {
            let nodes = out.iter_mut().zip(&b[rows]);
            nodes.for_each(|(out, b)| *out = b - *out);
        });
        let correction = self.below.solve(&self.aggregates, between, cycles);
        self.aggregates.spread(correction, x);
        self.sweep(1.0, b, x, between);
        self.sweep(OUTER, b, between, x);
    }

    fn sweep(&self, factor: f64, b: &[f64], from: &[f64], to: &mut [f64]) {
        self.matrix.map(from, to, |rows, out| {
            let nodes = out.iter_mut().zip(&from[rows.clone()]);
            let nodes = nodes.zip(&self.damping[rows.clone()]).zip(&b[rows]);
            nodes.for_each(|(((out, from), d), b)| *out = from + factor * d * (b - *out));
        });
    }
}

impl Below {
    /// The solution for the residual of the level above, by so many cycles, each with two of the next level.
    fn solve(&mut self, aggregates: &Aggregates, residual: &[f64], cycles: usize) -> &[f64] {
        match self {
            Self::Dense(dense) => {
                aggregates.gather(residual, &mut dense.x);
                dense.solve();
                &dense.x
            }
            Self::Level(coarse) => {
                let Coarse {
                    level,
                    b,
                    x,
                    between,
                } = &mut **coarse;
                aggregates.gather(residual, b);
                for cycle in 0..cycles {
                    level.cycle(b, x, cycle > 0, between, 2);
                }
                x
            }
        }
    }
}
