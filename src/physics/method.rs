//! What the methods other than explicit Euler are given.

use super::wall::Side;
use crate::params::{Boundary, Wall};
use diff2d_spectral::Ends;
use diff2d_stencil::rkl2_reach;

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
pub fn ends(walls: &Boundary) -> Result<[Ends; 2], (Side, &'static str)> {
    let end = |side: Side| match walls.wall(side) {
        Wall::Periodic => Ok(Ends::Periodic),
        Wall::Fixed(value) if value.constant() == Some(0.0) => Ok(Ends::Fixed),
        Wall::Flux(flux) if flux.constant() == Some(0.0) => Ok(Ends::Insulated),
        _ => Err((
            side,
            "method = \"exact\" needs walls fixed at 0, insulated ({ flux = 0.0 }) or periodic",
        )),
    };
    let pair = |first: Side, last: Side| {
        let (one, other) = (end(first)?, end(last)?);
        match one == other {
            true => Ok(one),
            false => Err((
                last,
                "method = \"exact\" needs the same kind of wall on both sides of a pair",
            )),
        }
    };
    Ok([
        pair(Side::Bottom, Side::Top)?,
        pair(Side::Left, Side::Right)?,
    ])
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
