//! [`solve`]: conjugate gradients with a multigrid cycle as preconditioner.

use crate::{
    hierarchy::GridLevel,
    matrix::{Matrix, PART, dot},
    network::Network,
};
use rayon::prelude::*;
use thiserror::Error;

/// The limits of an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The relative residual at which the iteration ends, `‖b - A x‖₂ / ‖b‖₂`.
    pub tolerance: f64,
    /// Largest number of cycles.
    pub cycles: usize,
    /// Largest number of bytes of the coarser levels; the number that they need depends on the network.
    pub bytes: u64,
}

/// The progress of an iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Convergence {
    /// The number of multigrid cycles, one for each step of the conjugate gradients.
    pub cycles: usize,
    /// The relative residual `‖b - A x‖₂ / ‖b‖₂`.
    pub residual: f64,
}

/// The reason why there is no solution.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum Unsolved {
    /// The residual is still too large after the largest number of cycles.
    #[error("{} cycles reach a residual of {:.1e} of the right side", .0.cycles, .0.residual)]
    NotConverged(Convergence),
    /// The caller has stopped the iteration.
    #[error("given up after {} cycles", .0.cycles)]
    GivenUp(Convergence),
    /// The coarser levels are too large.
    #[error("the coarser levels take {needed} bytes of memory or more, and may take {allowed}")]
    Memory {
        /// The number of bytes that they need, as far as it is known.
        needed: u64,
        /// The number of bytes that are allowed.
        allowed: u64,
    },
    /// A vector has a negative energy `xᵀ A x`: a conductance to the ground is negative, and the others do not balance it.
    #[error("the equations are not positive definite")]
    Indefinite,
}

/// The largest correction of a cycle, in tolerances of the solution, with which an iteration may end.
const CORRECTION: f64 = 10.0;

/// Solves `A x = b` for a network, from `x = 0` until `‖b - A x‖₂` is at most `tolerance` times `‖b‖₂`, and until the
/// largest correction by another cycle is at most ten tolerances of the largest value of `x`. The second condition
/// covers nodes with small conductances beside large ones.
///
/// In a piece of the network without conductance to the ground, `x` is determined up to a constant, and the sum of `b`
/// must be 0.
///
/// `go_on` is called after each cycle, and returns whether another one may follow. The result does not depend on the
/// number of threads.
///
/// # Shape
///
/// `b` and the solution have `ny * nx` elements, like the network's conductances.
///
/// # Errors
///
/// [`Unsolved`].
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
        cycles: most_cycles,
        bytes: allowed,
    } = limits;
    // In units of a power of two near the largest value, which costs no bit, the squares of b neither overflow nor vanish.
    let unit = power_of_two(largest(&b));
    b.par_iter_mut().for_each(|b| *b /= unit);
    let is_b_zero = b.par_iter().all(|&b| b == 0.0);
    if is_b_zero && network.ground.par_iter().any(|&ground| ground < 0.0) {
        // x = 0 is the solution unless a piece of the network feeds itself, which another right side shows.
        b = network
            .ground
            .par_iter()
            .map(|ground| ground.abs())
            .collect();
    }
    let level = GridLevel::of(network, 0, allowed);
    let mut level = level.map_err(|needed| Unsolved::Memory { needed, allowed })?;
    let len = b.len();
    let [mut x, mut direction, mut preconditioned, mut product] = [(); 4].map(|()| vec![0.0; len]);
    // From here on b is the residual b - A x, as x begins at 0.
    let residual = &mut b;
    let norm = dot(residual, residual).sqrt();
    let mut convergence = Convergence {
        cycles: 0,
        residual: 0.0,
    };
    if norm == 0.0 {
        return Ok((x, convergence));
    }
    convergence.residual = 1.0;
    let mut previous_energy = f64::INFINITY;
    loop {
        level.cycle(residual, &mut preconditioned, false, &mut product, 1);
        let energy = dot(residual, &preconditioned);
        if convergence.residual <= tolerance
            && largest(&preconditioned) <= CORRECTION * tolerance * largest(&x)
        {
            if is_b_zero {
                x.fill(0.0);
                let no_cycles = Convergence {
                    cycles: 0,
                    residual: 0.0,
                };
                return Ok((x, no_cycles));
            }
            x.par_iter_mut().for_each(|x| *x *= unit);
            return Ok((x, convergence));
        }
        if convergence.cycles == most_cycles {
            return Err(Unsolved::NotConverged(convergence));
        }
        let beta = energy / previous_energy;
        previous_energy = energy;
        direction
            .par_iter_mut()
            .zip(&preconditioned)
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
        residual
            .par_iter_mut()
            .zip(&product)
            .for_each(|(r, ap)| *r -= alpha * ap);
        convergence.cycles += 1;
        convergence.residual = dot(residual, residual).sqrt() / norm;
        if !go_on(convergence) {
            return Err(Unsolved::GivenUp(convergence));
        }
    }
}

/// The largest power of two that is at most a number; 1 for 0.
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
