//! Inputs of the methods other than explicit Euler.

use super::wall::Side;
use crate::{
    grid::Grid,
    params::{Boundary, Wall},
};
use diff2d_spectral::EndWalls;
use diff2d_stencil::rkl2_reach;
use ndarray::Array2;

/// The smallest odd number of stages, at least 3, for which a step of `dt` is stable; `limit` is the stability limit of
/// explicit Euler.
#[must_use]
pub fn stages(dt: f64, limit: f64) -> usize {
    /// The tolerance on the limit, which is rounded itself.
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
/// The side whose wall has no such solution, and why.
pub fn ends(walls: &Boundary) -> Result<[EndWalls; 2], (Side, &'static str)> {
    Ok([
        end_walls(walls, Side::Bottom, Side::Top)?,
        end_walls(walls, Side::Left, Side::Right)?,
    ])
}

/// The kind of two opposite walls.
fn end_walls(
    walls: &Boundary,
    first: Side,
    second: Side,
) -> Result<EndWalls, (Side, &'static str)> {
    match walls.wall(first) {
        Wall::Periodic => Ok(EndWalls::Periodic),
        _ => Ok(match [is_fixed(walls, first)?, is_fixed(walls, second)?] {
            [true, true] => EndWalls::Fixed,
            [true, false] => EndWalls::FixedThenFlux,
            [false, true] => EndWalls::FluxThenFixed,
            [false, false] => EndWalls::Flux,
        }),
    }
}

/// Whether a wall is fixed at a constant; otherwise its flux is a constant.
fn is_fixed(walls: &Boundary, side: Side) -> Result<bool, (Side, &'static str)> {
    match walls.wall(side) {
        Wall::Fixed(value) if value.constant().is_some() => Ok(true),
        Wall::Flux(flux) if flux.constant().is_some() => Ok(false),
        _ => Err((
            side,
            "method = \"exact\" needs walls that are fixed at a number, have a number as their flux ({ flux = 0.0 }) or are periodic",
        )),
    }
}

/// Whether walls from [`ends`] contribute to the nodes next to them.
#[must_use]
pub fn walls_give(walls: &Boundary) -> bool {
    walls.sides().into_iter().any(|wall| match wall {
        Wall::Fixed(value) | Wall::Flux(value) => value.constant() != Some(0.0),
        Wall::Robin(_) | Wall::Periodic => false,
    })
}

/// Whether a flux other than 0 passes a wall from [`ends`].
#[must_use]
pub fn walls_have_flux(walls: &Boundary) -> bool {
    let mut sides = walls.sides().into_iter();
    sides.any(|wall| matches!(wall, Wall::Flux(value) if value.constant() != Some(0.0)))
}

/// Adds the contribution of constant walls in a step to the nodes next to them, in an array of all nodes; `share` is
/// the time step divided by the capacity, `diffusion` is `[Dx, Dy]`.
pub fn add_walls(
    array: &mut Array2<f64>,
    walls: &Boundary,
    grid: &Grid,
    share: f64,
    diffusion: [f64; 2],
) {
    for side in Side::ALL {
        let h = side.axis(grid).spacing;
        let diffusivity = diffusion[usize::from(!side.is_column())];
        let (depth, rate) = match walls.wall(side) {
            Wall::Fixed(value) => (1, diffusivity / (h * h) * value.constant().unwrap_or(0.0)),
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
