//! The definition of the step. Every kernel computes its bits.

use crate::real::Real;

/// One step at one node.
///
/// ```text
///                north
///                  |             lapl = south + north + east + west - 4 centre
///         west - centre - east   p'   = centre + r lapl
///                  |
///                south                                  (j, and south, go down)
/// ```
///
/// The order of the operations is part of the definition: sums run from left
/// to right, and nothing is contracted.
///
/// Units: `r = D dt / dx²` has none; the result has the unit of `p`.
///
/// Source: explicit Euler in time and the five-point Laplacian in space, in
/// the order in which NumPy evaluates the program of the course "High
/// Performance Scientific Computing with Python" (SciNet).
#[inline(always)]
pub fn step<T: Real>(r: T, north: T, south: T, west: T, east: T, centre: T) -> T {
    let lapl = (((south + north) + east) + west) - T::FOUR * centre;
    centre + r * lapl
}

/// One step of the interior of one row; its two ends are held constant.
///
/// # Panics
/// If the four rows differ in length.
#[inline(always)]
pub fn step_row<T: Real>(r: T, north: &[T], row: &[T], south: &[T], next: &mut [T]) {
    let n = row.len();
    assert!(north.len() == n && south.len() == n && next.len() == n);
    next[0] = row[0];
    next[n - 1] = row[n - 1];
    for i in 1..n - 1 {
        next[i] = step(r, north[i], south[i], row[i - 1], row[i + 1], row[i]);
    }
}
