//! [`at_kink`]: a least sum of squares that is a kink, as where the edge of a layer crosses a node.

use super::{
    derivatives::DifferenceOrder,
    error::FitError,
    least_squares::{KnownDerivatives, Minimum, minimise},
    model::Model,
    point::Point,
};

/// The minimum near the place at which a search has ended, if the sum of squares rises on both sides of some unknowns at once
/// there. These keep their values, and the others are fitted. `None` if there is no such unknown.
///
/// # Errors
/// [`FitError::Stopped`].
pub fn at_kink(
    model: &Model,
    ended: &Minimum,
    tolerance: f64,
) -> Result<Option<Minimum>, FitError> {
    let kinks = kinks(model, &ended.point)?;
    if kinks.is_empty() {
        return Ok(None);
    }
    let numbers = 0..model.unknowns.len();
    let is_free: Vec<bool> = numbers.map(|number| !kinks.contains(&number)).collect();
    let start = ended.point.clone();
    let derivatives = KnownDerivatives::Nothing;
    let result = minimise(model, start, derivatives, &is_free, tolerance, &|_, _| ());
    let minimum_beside = match result {
        Ok(minimum) if minimum.is_converged => minimum,
        Err(FitError::Stopped) => return Err(FitError::Stopped),
        _ => return Ok(None),
    };
    if self::kinks(model, &minimum_beside.point)? != kinks {
        return Ok(None);
    }
    let is_free = vec![true; model.unknowns.len()];
    Ok(Some(Minimum {
        jacobian: model.jacobian(&minimum_beside.point, &is_free, DifferenceOrder::Second)?,
        kinks,
        ..minimum_beside
    }))
}

/// The unknowns on both sides of which the sum of squares rises at once, and not only as that beside a smooth minimum does.
fn kinks(model: &Model, point: &Point) -> Result<Vec<usize>, FitError> {
    /// How many times the slope is larger than what the curvature of a smooth sum gives.
    const STEEP: f64 = 5.0;
    /// The distances, in those of differences for derivatives: beside the place at which a search has ended, and yet small.
    const DISTANCES: [f64; 4] = [0.01, 0.1, 1.0, 10.0];
    let mut kinks = Vec::new();
    for (number, unknown) in model.unknowns.iter().enumerate() {
        let [low, high] = unknown.scaled_bounds();
        for distance in DISTANCES {
            let length = distance * model.step * unknown.size(point.at[number]);
            let places = [-length, length].map(|change| {
                let mut place = point.at.clone();
                place[number] += change;
                place
            });
            if places[0][number] <= low || places[1][number] >= high {
                break;
            }
            let neighbours = match model.each(&places) {
                Ok(neighbours) => neighbours,
                Err(FitError::Stopped) => return Err(FitError::Stopped),
                Err(_) => break,
            };
            let rises_at_once = neighbours.iter().all(|residuals| {
                let pairs = residuals.iter().zip(&point.residuals);
                let (product, square) =
                    pairs.fold((0.0, 0.0), |(product, square), (there, here)| {
                        let change = there - here;
                        (product + change * here, square + change * change)
                    });
                product > STEEP * square && square > 0.0
            });
            if rises_at_once {
                kinks.push(number);
                break;
            }
        }
    }
    Ok(kinks)
}
