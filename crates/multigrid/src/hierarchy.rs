//! [`Hierarchy`]: levels, and a cycle through them.

use crate::{
    aggregates::Aggregates,
    dense::Dense,
    matrix::{Matrix, Sparse, dot},
    network::Network,
};
use rayon::prelude::*;

/// Levels of at most so many nodes are solved directly.
pub const DIRECT: usize = 500;

/// The outer sweeps of a cycle by the inner ones, which smooth the prolongation: both together smooth more than two alike.
const OUTER: f64 = 1.25;

/// The levels of a network, from itself to one that is solved directly.
///
/// The smoother is damped Jacobi, `S: x → x + ω D⁻¹ (b - A x)`, with `ω` = 4/3 of the reciprocal of the largest eigenvalue of
/// `D⁻¹ A`. It
/// smooths the prolongation as well: the matrix of the next level is `(S T)ᵀ A (S T)`, where `T` gives all nodes of
/// an aggregate one value. As `Sᵀ A = A S`, a cycle needs no smoothed prolongation: the second of
/// two sweeps before a correction by `T` and the first of two after it stand for it.
///
/// Source: Vaněk, Mandel, Brezina, Computing 56 (1996), 179–196.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    finest: TwoGrid<Network>,
    coarse: Vec<Coarse>,
    dense: Dense,
}

/// A level with its smoother, and its aggregates, which are the nodes of the next one.
#[derive(Debug)]
struct TwoGrid<M> {
    matrix: M,
    /// `ω/A[k, k]`; 0 for a node without conductances, which stays as it is.
    damping: Vec<f64>,
    aggregates: Aggregates,
}

/// A level below the finest with its right side, its solution, and the vector between two sweeps.
#[derive(Debug)]
struct Coarse {
    level: TwoGrid<Sparse>,
    b: Vec<f64>,
    x: Vec<f64>,
    between: Vec<f64>,
}

impl<M: Matrix> TwoGrid<M> {
    /// A level, and the matrix of the next one. `radius` is the largest eigenvalue of `D⁻¹ A` by `A` and `D⁻¹`.
    fn of(matrix: M, radius: impl Fn(&M, &[f64]) -> f64) -> (Self, Sparse) {
        let diagonal = (0..matrix.len())
            .into_par_iter()
            .map(|k| matrix.diagonal(k));
        let inverse: Vec<f64> = diagonal
            .map(|d| if d > 0.0 { 1.0 / d } else { 0.0 })
            .collect();
        let omega = 4.0 / 3.0 / radius(&matrix, &inverse);
        let damping: Vec<f64> = inverse
            .into_par_iter()
            .map(|inverse| omega * inverse)
            .collect();
        let aggregates = Aggregates::of(&matrix);
        let coarse = aggregates.coarse(&matrix, &damping);
        (
            Self {
                matrix,
                damping,
                aggregates,
            },
            coarse,
        )
    }

    /// Sets `x` to an approximate solution of `A x = b`, or betters the one that is there. `below` takes a right side of the next
    /// level, and returns its solution.
    fn cycle<'a>(
        &self,
        b: &[f64],
        (x, is_there): (&mut [f64], bool),
        between: &mut [f64],
        below: impl FnOnce(&Aggregates, &[f64]) -> &'a [f64],
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
            out.iter_mut()
                .zip(&b[rows])
                .for_each(|(out, b)| *out = b - *out);
        });
        let correction = below(&self.aggregates, between);
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

impl Hierarchy {
    /// The levels of a network; those below it may take so many bytes.
    ///
    /// # Errors
    /// The bytes that they take, as far as they are known, where these are more.
    pub(crate) fn of(network: Network, allowed: u64) -> Result<Self, u64> {
        // Of a network it is 2 at most, and hardly less.
        let (finest, mut next) = TwoGrid::of(network, |_, _| 2.0);
        let mut needed = finest.aggregates.bytes();
        let mut coarse = Vec::new();
        while next.len() > DIRECT {
            needed += next.bytes() + 32 * next.len();
            check(needed, allowed)?;
            let len = next.len();
            let (level, below) = TwoGrid::of(next, radius);
            needed += level.aggregates.bytes();
            let new = || vec![0.0; len];
            coarse.push(Coarse {
                level,
                b: new(),
                x: new(),
                between: new(),
            });
            next = below;
        }
        check(needed + 8 * next.len() * next.len(), allowed)?;
        Ok(Self {
            finest,
            coarse,
            dense: Dense::of(&next),
        })
    }

    pub(crate) fn network(&self) -> &Network {
        &self.finest.matrix
    }

    /// Sets `x` to an approximate solution of `A x = b`: a cycle that begins at 0.
    pub(crate) fn cycle(&mut self, b: &[f64], x: &mut [f64], between: &mut [f64]) {
        let (coarse, dense) = (&mut self.coarse[..], &mut self.dense);
        self.finest
            .cycle(b, (x, false), between, |aggregates, residual| {
                below(aggregates, residual, (coarse, 1), dense)
            });
    }
}

/// Refuses levels that take too much memory.
fn check(needed: usize, allowed: u64) -> Result<(), u64> {
    let needed = needed as u64;
    match needed > allowed {
        true => Err(needed),
        false => Ok(()),
    }
}

/// Solves the levels below one for its residual: the first of them by so many cycles, which have two of the next one each.
fn below<'a>(
    aggregates: &Aggregates,
    residual: &[f64],
    (coarse, cycles): (&'a mut [Coarse], usize),
    dense: &'a mut Dense,
) -> &'a [f64] {
    let Some((first, others)) = coarse.split_first_mut() else {
        aggregates.gather(residual, &mut dense.x);
        dense.solve();
        return &dense.x;
    };
    let Coarse {
        level,
        b,
        x,
        between,
    } = first;
    aggregates.gather(residual, b);
    for cycle in 0..cycles {
        level.cycle(b, (x, cycle > 0), between, |aggregates, residual| {
            below(aggregates, residual, (others, 2), dense)
        });
    }
    x
}

/// The largest eigenvalue of `D⁻¹ A`, from below and nearly: fifteen steps of the power method, and a Rayleigh quotient.
fn radius(matrix: &Sparse, inverse: &[f64]) -> f64 {
    // Digits without order, always the same: those of SplitMix64.
    let digits = |k: usize| {
        let mut digits = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        digits = (digits ^ (digits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (digits ^ (digits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 32
    };
    let mut x: Vec<f64> = (0..matrix.len())
        .map(|k| digits(k) as f64 - f64::from(1u32 << 31))
        .collect();
    let mut product = vec![0.0; x.len()];
    let mut radius = 1.0;
    for _ in 0..15 {
        matrix.map(&x, &mut product, |_, _| {});
        let energy = dot(&x, &product);
        let nodes = x.par_iter_mut().zip(&product).zip(inverse);
        nodes.for_each(|((x, product), d)| *x = d * product);
        let norm = dot(&x, &product);
        if energy <= 0.0 || norm <= 0.0 {
            break;
        }
        radius = norm / energy;
        let scale = 1.0 / norm.sqrt();
        x.par_iter_mut().for_each(|x| *x *= scale);
    }
    radius
}
