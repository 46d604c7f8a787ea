//! [`GridLevel`]: a level of the hierarchy with all coarser levels, and a cycle through them.

use crate::{
    aggregates::Aggregates,
    dense::Dense,
    matrix::{Matrix, Sparse},
};
use rayon::prelude::*;

/// Largest number of nodes of a level that is solved directly.
pub const DIRECT: usize = 500;

/// Weight of the outer sweeps of a cycle relative to the inner ones, which smooth the prolongation: two different sweeps
/// smooth more than two equal ones.
const OUTER: f64 = 1.25;

/// A level with its smoother, and its aggregates, which are the nodes of the next coarser level.
///
/// The smoother is damped Jacobi, `S: x → x + ω D⁻¹ (b - A x)`, with `ω` = 4/3 of the reciprocal of the largest
/// eigenvalue of `D⁻¹ A`. It smooths the prolongation as well: the matrix of the next level is `(S T)ᵀ A (S T)`, where
/// `T` gives all nodes of an aggregate one value. Because `Sᵀ A = A S`, a cycle needs no smoothed prolongation: it
/// applies a correction by `T` after two sweeps, and follows it by two more sweeps.
///
/// Source: Vaněk, Mandel, Brezina, Computing 56 (1996), 179–196.
#[derive(Debug)]
pub(crate) struct GridLevel<M> {
    pub(crate) matrix: M,
    /// The damping `ω/A[k, k]`; 0 for a node without conductances, whose value does not change.
    damping: Vec<f64>,
    aggregates: Aggregates,
    below: Below,
}

/// The next coarser level.
#[derive(Debug)]
enum Below {
    Level(Box<Coarse>),
    Dense(Dense),
}

/// A level below the finest with its right-hand side, its solution, and a vector between two sweeps.
#[derive(Debug)]
struct Coarse {
    level: GridLevel<Sparse>,
    b: Vec<f64>,
    x: Vec<f64>,
    between: Vec<f64>,
}

impl<M: Matrix> GridLevel<M> {
    /// A level with all coarser ones. `used` bytes are in use already, and at most `allowed` may be used.
    ///
    /// # Errors
    /// The number of bytes that the levels need, as far as it is known, if it exceeds `allowed`.
    pub(crate) fn of(matrix: M, used: usize, allowed: u64) -> Result<Self, u64> {
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
        let coarse_bytes = match len <= DIRECT {
            true => 8 * len * len,
            false => 32 * len + coarse.bytes(),
        };
        let needed_bytes = used + aggregates.bytes() + coarse_bytes;
        if needed_bytes as u64 > allowed {
            return Err(needed_bytes as u64);
        }
        let next_level = match len <= DIRECT {
            true => Below::Dense(Dense::of(&coarse)),
            false => Below::Level(Box::new(Coarse {
                level: GridLevel::of(coarse, needed_bytes, allowed)?,
                b: vec![0.0; len],
                x: vec![0.0; len],
                between: vec![0.0; len],
            })),
        };
        Ok(Self {
            matrix,
            damping,
            aggregates,
            below: next_level,
        })
    }

    /// Sets `x` to an approximate solution of `A x = b`, or improves the present one, by one cycle with `cycles` cycles
    /// of the next level.
    pub(crate) fn cycle(
        &mut self,
        b: &[f64],
        x: &mut [f64],
        has_solution: bool,
        between: &mut [f64],
        cycles: usize,
    ) {
        match has_solution {
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

    fn sweep(&self, factor: f64, b: &[f64], x: &[f64], next: &mut [f64]) {
        self.matrix.map(x, next, |rows, out| {
            let nodes = out.iter_mut().zip(&x[rows.clone()]);
            let nodes = nodes.zip(&self.damping[rows.clone()]).zip(&b[rows]);
            nodes.for_each(|(((out, x), d), b)| *out = x + factor * d * (b - *out));
        });
    }
}

impl Below {
    /// The solution for the residual of the finer level, by `cycles` cycles, each with two cycles of the next level.
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
