//! [`solve`]: conjugate gradients with a multigrid cycle as preconditioner.

use crate::{
    hierarchy::Level,
    matrix::{Matrix, PART, dot},
    network::Network,
};
use rayon::prelude::*;
use thiserror::Error;

/// How far an iteration goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The residual at which it ends, `‖b - A x‖₂ / ‖b‖₂`.
    pub tolerance: f64,
    /// The most cycles.
    pub cycles: usize,
    /// The most bytes of memory that the levels below the finest may take, which depend on the network.
    pub bytes: u64,
}

/// How far an iteration has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// Cycles of multigrid, one for each step of the conjugate gradients.
    pub cycles: usize,
    /// `‖b - A x‖₂ / ‖b‖₂`.
    pub residual: f64,
}

/// Why there is no solution.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum Unsolved {
    /// The residual is still too large after the cycles that were allowed.
    #[error("{} cycles reach a residual of {:.1e} of the right side", .0.cycles, .0.residual)]
    NotConverged(Convergence),
    /// The caller did not let it go on.
    #[error("given up after {} cycles", .0.cycles)]
    GivenUp(Convergence),
    /// The levels below the finest are too large.
    #[error("the coarser levels take {needed} bytes of memory or more, and may take {allowed}")]
    Memory {
        /// Bytes that they take, as far as they are known.
        needed: u64,
        /// Bytes allowed.
        allowed: u64,
    },
    /// Something has a negative energy `xᵀ A x`: a conductance to the ground is negative, and the others do not hold it.
    #[error("the equations are not positive definite")]
    Indefinite,
}

/// The correction of a cycle, in tolerances of the solution, at which an iteration may end.
const CORRECTION: f64 = 10.0;

/// Solves `A x = b` for a network: from `x = 0`, until `‖b - A x‖₂` is `tolerance` times `‖b‖₂`, and until the largest
/// value that another cycle would correct is ten tolerances of the largest one of `x`. The second condition sees
/// what goes on in nodes of small conductances beside large ones.
///
/// In a piece of the network that has no conductance to the ground, `x` is known up to a constant, and `b` has to have the
/// sum 0 there.
///
/// `go_on` is called after each cycle, and says whether another one may follow. The result does not depend on the number of
/// threads.
///
/// # Shape
///
/// `b` and the solution are `ny * nx`, as the network's conductances.
///
/// # Errors
///
/// See [`Unsolved`].
///
/// Source: Hestenes, Stiefel, J. Res. Nat. Bur. Stand. 49 (1952), 409–436, with a preconditioner as in Saad, Iterative Methods for
/// Sparse Linear Systems (2003), Algorithm 9.1.
pub fn solve(
    network: Network,
    mut b: Vec<f64>,
    limits: Limits,
    go_on: &mut dyn FnMut(Convergence) -> bool,
) -> Result<(Vec<f64>, Convergence), Unsolved> {
    let Limits {
        tolerance,
        cycles,
        bytes: allowed,
    } = limits;
    // In units of its largest value, a power of two that costs no bit, the squares of b are numbers.
    let unit = power_of_two(largest(&b));
    b.par_iter_mut().for_each(|b| *b /= unit);
    let is_zero = b.par_iter().all(|&b| b == 0.0);
    if is_zero && network.ground.par_iter().any(|&ground| ground < 0.0) {
        // x = 0 is the solution only if nothing feeds itself, which another right side shows.
        b = network
            .ground
            .par_iter()
            .map(|ground| ground.abs())
            .collect();
    }
    let level = Level::of(network, 0, allowed);
    let mut level = level.map_err(|needed| Unsolved::Memory { needed, allowed })?;
    let new = || vec![0.0; b.len()];
    let (mut x, mut direction, mut z, mut product) = (new(), new(), new(), new());
    let r = &mut b;
    let norm = dot(r, r).sqrt();
    let mut reached = Convergence {
        cycles: 0,
        residual: 0.0,
    };
    if norm == 0.0 {
        return Ok((x, reached));
    }
    reached.residual = 1.0;
    let mut before = f64::INFINITY;
    loop {
        level.cycle(r, &mut z, false, &mut product, 1);
        let energy = dot(r, &z);
        if reached.residual <= tolerance && largest(&z) <= CORRECTION * tolerance * largest(&x) {
            if is_zero {
                x.fill(0.0);
                let nothing = Convergence {
                    cycles: 0,
                    residual: 0.0,
                };
                return Ok((x, nothing));
            }
            x.par_iter_mut().for_each(|x| *x *= unit);
            return Ok((x, reached));
        }
        if reached.cycles == cycles {
            return Err(Unsolved::NotConverged(reached));
        }
        let beta = energy / before;
        before = energy;
        direction
            .par_iter_mut()
            .zip(&z)
            .for_each(|(p, z)| *p = z + beta * *p);
        level.matrix.map(&direction, &mut product, |_, _| {});
        let curvature = dot(&direction, &product);
        if !(energy > 0.0 && curvature > 0.0) {
            return Err(Unsolved::Indefinite);
        }
        let alpha = energy / curvature;
        x.par_iter_mut()
            .zip(&direction)
            .for_each(|(x, p)| *x += alpha * p);
        r.par_iter_mut()
            .zip(&product)
            .for_each(|(r, ap)| *r -= alpha * ap);
        reached.cycles += 1;
        reached.residual = dot(r, r).sqrt() / norm;
        if !go_on(reached) {
            return Err(Unsolved::GivenUp(reached));
        }
    }
}

/// The power of two at or below a number; 1 for 0.
fn power_of_two(size: f64) -> f64 {
    let exponent = f64::from_bits(size.to_bits() & f64::INFINITY.to_bits());
    match size {
        0.0 => 1.0,
        _ => exponent.max(f64::MIN_POSITIVE),
    }
}

/// The largest magnitude.
fn largest(x: &[f64]) -> f64 {
    let magnitudes = x.par_iter().with_min_len(PART).map(|x| x.abs());
    magnitudes.reduce(|| 0.0, f64::max)
}
