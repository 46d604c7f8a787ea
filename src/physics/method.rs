//! What the methods other than explicit Euler are given.

use super::wall::Side;
use crate::{
    grid::Grid,
    params::{Boundary, Wall},
};
use diff2d_spectral::EndWalls;
use diff2d_stencil::rkl2_reach;
use ndarray::Array2;

/// The smallest odd number of stages, from 3 on, for which a step of `dt` is stable where one of explicit
/// Euler is up to `limit`.
#[must_use]
pub fn stages(dt: f64, limit: f64) -> usize {
    /// How far a step may exceed the limit, which is rounded itself.
    const ABOVE: f64 = 1.0 + 1e-12;
    let mut stages = 3;
    while dt > limit * rkl2_reach(stages) * ABOVE {
        stages += 2;
    }
    stages
}

/// The walls across y and across x, if the system between them has an exact solution by transforms.
///
/// # Errors
/// The side that has none, and why.
pub fn ends(walls: &Boundary) -> Result<[EndWalls; 2], (Side, &'static str)> {
    let is_fixed = |side: Side| match walls.wall(side) {
        Wall::Fixed(value) if value.constant().is_some() => Ok(true),
        Wall::Flux(flux) if flux.constant().is_some() => Ok(false),
        _ => Err((
            side,
            "method = \"exact\" needs walls that are fixed at a number, have a number as their flux ({ flux = 0.0 }) or are periodic",
        )),
    };
    let pair = |first: Side, last: Side| match walls.wall(first) {
        Wall::Periodic => Ok(EndWalls::Periodic),
        _ => Ok(match [is_fixed(first)?, is_fixed(last)?] {
            [true, true] => EndWalls::Fixed,
            [true, false] => EndWalls::FixedThenFlux,
            [false, true] => EndWalls::FluxThenFixed,
            [false, false] => EndWalls::Flux,
        }),
    };
    Ok([
        pair(Side::Bottom, Side::Top)?,
        pair(Side::Left, Side::Right)?,
    ])
}

/// Whether walls that [`ends`] has give anything to the nodes next to them.
#[must_use]
pub fn walls_give(walls: &Boundary) -> bool {
    let gives = |wall: &Wall| match wall {
        Wall::Fixed(value) | Wall::Flux(value) => value.constant() != Some(0.0),
        Wall::Robin(_) | Wall::Periodic => false,
    };
    walls.sides().into_iter().any(gives)
}

/// Adds what constant walls give to the nodes next to them in a step, to an array of all nodes; `share` is the time step
/// by the capacity, `diffusion` is `[Dx, Dy]`.
pub fn add_walls(
    array: &mut Array2<f64>,
    walls: &Boundary,
    grid: &Grid,
    share: f64,
    diffusion: [f64; 2],
) {
    for side in Side::ALL {
        let h = side.axis(grid).spacing;
        let across = diffusion[usize::from(!side.is_column())];
        let (depth, rate) = match walls.wall(side) {
            Wall::Fixed(value) => (1, across / (h * h) * value.constant().unwrap_or(0.0)),
            Wall::Flux(flux) => (0, 2.0 * flux.constant().unwrap_or(0.0) / h),
            Wall::Robin(_) | Wall::Periodic => continue,
        };
        let (ny, nx) = array.dim();
        let mut line = match side {
            Side::Left => array.column_mut(depth),
            Side::Right => array.column_mut(nx - 1 - depth),
            Side::Bottom => array.row_mut(depth),
            Side::Top => array.row_mut(ny - 1 - depth),
        };
        line += share * rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_stages_is_the_smallest_odd_one_that_is_stable() {
        for (ratio, expected) in [(0.5, 3), (2.5, 3), (2.51, 5), (7.0, 5), (7.001, 7)] {
            assert_eq!(stages(ratio * 0.1, 0.1), expected, "{ratio}");
        }
    }
}
