//! The definition of the step. Every kernel computes the same bits.
//!
//! ```text
//!                north
//!                  |             p' = centre + increment          one coefficient, no source
//!         west - centre - east   p' = centre + (increment + source)      otherwise; source = dt S, or 0
//!                  |             p' = centre + rate ((increment + source) - loss centre)
//!                south                                            with a rate or a loss, see `change`
//!                                p' = centre + (r rate) lapl      one coefficient with a rate alone, see `rated`
//! ```
//!
//! The coefficients are those of the terms of an [`Equation`](crate::Equation), by their weights. A source of products,
//! arrays times factors of the step, is `(g1 a1 + g2 a2) + …`, see [`Products`](crate::Products). `j` increases to the
//! south. A loss of the number 0 counts as no loss, and nothing is subtracted. The order of the operations is part of
//! the definition: only `rated` contracts operations.

use crate::real::Real;

/// A node and its neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Star<T> {
    /// Node `[j-1, i]`.
    pub north: T,
    /// Node `[j+1, i]`.
    pub south: T,
    /// Node `[j, i-1]`.
    pub west: T,
    /// Node `[j, i+1]`.
    pub east: T,
    /// Node `[j, i]`.
    pub centre: T,
}

/// One step at one node: one diffusion coefficient, equal spacings, no source.
///
/// ```text
/// lapl = (((south + north) + east) + west) - 4 centre
/// p'   = centre + r lapl
/// ```
///
/// Units: `r = D dt / dx²` is dimensionless; the result has the unit of `p`.
///
/// Source: explicit Euler in time and the five-point Laplacian in space, in
/// the order in which NumPy evaluates the program of the course "High
/// Performance Scientific Computing with Python" (SciNet).
#[inline(always)]
pub fn step<T: Real>(r: T, star: Star<T>) -> T {
    star.centre + isotropic(r, star)
}

/// [`step`] in the interior of one row; its two ends are held constant.
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
        let star = Star {
            north: north[i],
            south: south[i],
            west: row[i - 1],
            east: row[i + 1],
            centre: row[i],
        };
        next[i] = step(r, star);
    }
}

/// The increment with one diffusion coefficient and equal spacings: `r lapl` as in [`step`].
#[inline(always)]
pub fn isotropic<T: Real>(r: T, star: Star<T>) -> T {
    let sum = ((star.south + star.north) + star.east) + star.west;
    r * (sum - T::FOUR * star.centre)
}

/// The increment with a coefficient for each direction.
///
/// ```text
/// rx ((east + west) - 2 centre) + ry ((south + north) - 2 centre)
/// ```
#[inline(always)]
pub fn anisotropic<T: Real>(rx: T, ry: T, star: Star<T>) -> T {
    let double_centre = star.centre + star.centre;
    rx * ((star.east + star.west) - double_centre)
        + ry * ((star.south + star.north) - double_centre)
}

/// The increment with a coefficient for each face.
///
/// ```text
/// (fe - fw) + (fs - fn)      fe = faces.east (east - centre), fw = faces.west (centre - west), …
/// ```
///
/// `faces.centre` is not used.
#[inline(always)]
pub fn variable<T: Real>(faces: Star<T>, star: Star<T>) -> T {
    let centre = star.centre;
    let x = faces.east * (star.east - centre) - faces.west * (centre - star.west);
    let y = faces.south * (star.south - centre) - faces.north * (centre - star.north);
    x + y
}

/// The new value of a node with a rate, and with a loss if there is one; `gain` is the sum of increment and source.
///
/// ```text
/// rate (gain - loss centre)                  rate = 1/c or 0, loss = dt k
/// ```
///
/// A node whose rate is 0 keeps its value, except for the sign of a zero.
#[inline(always)]
pub fn change<T: Real>(rate: T, loss: Option<T>, gain: T, centre: T) -> T {
    rate * match loss {
        Some(loss) => gain - loss * centre,
        None => gain,
    }
}

/// The Laplacian at a node for one diffusion coefficient and a rate, with two additions for each node because sums are
/// used twice.
///
/// ```text
/// ((south + east) + (north + west)) - 4 centre           the last product and sum are rounded once
/// ```
#[inline(always)]
pub fn paired<T: Real>(star: Star<T>) -> T {
    let sum = (star.south + star.east) + (star.north + star.west);
    (T::default() - T::FOUR).mul_add(star.centre, sum)
}

/// One step at one node: one diffusion coefficient, equal spacings and a rate, no source and no loss.
///
/// ```text
/// p' = centre + (r rate) lapl                            product and sum are rounded once; lapl is `paired`
/// ```
#[inline(always)]
pub fn rated<T: Real>(r: T, rate: T, star: Star<T>) -> T {
    (r * rate).mul_add(paired(star), star.centre)
}

/// The value beyond a wall, see [`Ghost`](super::Ghost).
#[inline(always)]
pub fn ghost<T: Real>(mirror: T, alpha: T, beta: T, inner: T, outermost: T) -> T {
    mirror * inner + (alpha - beta * outermost)
}
