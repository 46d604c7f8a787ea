//! [`Starts`]: the places from which a fit starts, and the best minimum of all.

use super::{
    answer::StartsAnswer,
    error::FitError,
    least_squares::{KnownDerivatives, Minimum, minimise},
    linear_errors::{LinearErrors, half_width},
    matrix::Matrix,
    model::Model,
    point::Point,
    stage::{Stage, Tell},
    widening::{Widening, is_misfit},
};
use diff2d_arrays::expression::random;

/// The tolerance of the final fit, relative to the variance of a unit weight.
pub const TOLERANCE: f64 = 1e-14;
/// The seed of the random places from which fits start.
const SEED: u64 = 1;

/// The places from which a fit starts: that of the file, and others within the bounds.
#[derive(Debug, Clone, Copy)]
pub struct Starts<'a> {
    pub model: &'a Model,
    /// The point at the values of the file, and the derivatives there.
    pub first: &'a Point,
    pub jacobian: &'a Matrix,
    /// The number of starts. If there is none, a few more than one are made as long as the model does not fit.
    pub count: Option<usize>,
}

impl Starts<'_> {
    /// The best minimum of all starts, and the result of the starts if there are several. `tell` is called with each step.
    ///
    /// # Errors
    /// [`FitError`] if no start leads to a minimum.
    pub fn best_minimum(&self, tell: &Tell) -> Result<(Minimum, Option<StartsAnswer>), FitError> {
        let model = self.model;
        let minima = match self.count {
            Some(count) => {
                let numbers: Vec<usize> = (0..count.max(1)).collect();
                model.spread(&numbers, |model, &number| {
                    self.minimum_of_start(model, number, tell)
                })
            }
            None => self.minima_until_one_fits(tell),
        };
        let count = minima.len();
        let found_minima = minima.iter().zip(0..).filter_map(|(minimum, number)| {
            let minimum = minimum.as_ref().ok()?;
            Some((minimum, number))
        });
        let best_minimum =
            found_minima.min_by(|(m, _), (n, _)| m.point.square.total_cmp(&n.point.square));
        let Some((minimum, number)) =
            best_minimum.map(|(minimum, number)| (minimum.clone(), number))
        else {
            let error = minima.into_iter().find_map(Result::err);
            return Err(error.unwrap_or(FitError::Stopped));
        };
        if count == 1 {
            return Ok((minimum, None));
        }
        let least_square = minimum.point.square;
        let limit = least_square + 1e-3 * model.variance(least_square) + model.rounding();
        let have_led_there = minima.iter().map(|minimum| {
            minimum
                .as_ref()
                .is_ok_and(|other| other.point.square <= limit)
        });
        let have_led_there: Vec<bool> = have_led_there.collect();
        let starts = StartsAnswer {
            count,
            reached: have_led_there.iter().filter(|&&has_led| has_led).count(),
            first: have_led_there[0],
        };
        // Where the first start suffices, others change no digit.
        let minimum = match minima.into_iter().next() {
            Some(Ok(first)) if starts.first && first.is_converged => first,
            _ if self.count.is_some() => minimum,
            _ => {
                let derivatives = KnownDerivatives::Nothing;
                minimum_from(model, minimum.point, number, derivatives, TOLERANCE, tell)?
            }
        };
        Ok((minimum, Some(starts)))
    }

    /// The minimum of the first start and, as long as the model fits at none, rough minima of a few others, around it and then
    /// anywhere, which take about as many runs as the fit has taken before them.
    fn minima_until_one_fits(&self, tell: &Tell) -> Vec<Result<Minimum, FitError>> {
        const MOST_STARTS: usize = 8;
        const ROUGH_TOLERANCE: f64 = 1e-4;
        let model = self.model;
        let mut minima = vec![self.minimum_of_start(model, 0, tell)];
        let most_runs = 2 * model.runs.done();
        let places = match &minima[0] {
            Ok(minimum) if !self.fits(minimum) => self.places_around(minimum),
            _ => return minima,
        };
        let elsewhere = (1..).map(|number| self.place(number));
        for (number, place) in (1..MOST_STARTS).zip(places.into_iter().chain(elsewhere)) {
            let is_fitted = minima.iter().flatten().any(|minimum| self.fits(minimum));
            if is_fitted || model.runs.done() >= most_runs {
                break;
            }
            minima.push(model.point(place).and_then(|start| {
                let derivatives = KnownDerivatives::Nothing;
                minimum_from(model, start, number, derivatives, ROUGH_TOLERANCE, tell)
            }));
        }
        minima
    }

    /// Places some widened intervals away from a minimum at which the model does not fit. Those come first where the sum of
    /// squares differs most from what its derivatives at the minimum say: where it does as they say, it leads back.
    fn places_around(&self, minimum: &Minimum) -> Vec<Vec<f64>> {
        /// The distance in half widths of intervals.
        const DISTANCE: f64 = 6.0;
        let model = self.model;
        let factors = Widening::of(model, minimum).factors;
        let errors = LinearErrors::of(model, minimum).errors;
        let mut places: Vec<(f64, Vec<f64>)> = Vec::new();
        for (number, error) in errors.iter().enumerate() {
            let Some(error) = error else { continue };
            let half_width = half_width(model) * factors[number] * error;
            let [low, high] = model.unknowns[number].scaled_bounds();
            for direction in [-1.0, 1.0] {
                let mut place = minimum.point.at.clone();
                place[number] =
                    (place[number] + direction * DISTANCE * half_width).clamp(low, high);
                let distance = place[number] - minimum.point.at[number];
                let Ok(point) = model.point(place.clone()) else {
                    continue;
                };
                let slopes = &minimum.jacobian.columns()[number];
                let expected_rise: f64 =
                    slopes.iter().map(|slope| (slope * distance).powi(2)).sum();
                let rise = (point.square - minimum.point.square) / expected_rise;
                if !rise.is_nan() {
                    places.push((rise.max(0.0).ln().abs(), place));
                }
            }
        }
        places.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        places.into_iter().map(|(_, place)| place).collect()
    }

    /// Whether the residuals at a minimum are no larger than their standard deviations say, as far as these are given.
    fn fits(&self, minimum: &Minimum) -> bool {
        let (square, degrees) = (minimum.point.square, self.model.degrees_of_freedom());
        !self.model.has_sigma() || !is_misfit(square, degrees)
    }

    /// The minimum that is reached from start `number`.
    fn minimum_of_start(
        &self,
        model: &Model,
        number: usize,
        tell: &Tell,
    ) -> Result<Minimum, FitError> {
        let (start, derivatives) = if number == 0 {
            let derivatives = KnownDerivatives::AtStart(self.jacobian.clone());
            (self.first.clone(), derivatives)
        } else {
            (model.point(self.place(number))?, KnownDerivatives::Nothing)
        };
        minimum_from(model, start, number, derivatives, TOLERANCE, tell)
    }

    /// The scaled unknowns of start `number`: the first start is at the values of the file, the others at random places
    /// within the bounds.
    pub fn place(&self, number: usize) -> Vec<f64> {
        if number == 0 {
            return self.first.at.clone();
        }
        let count = self.model.unknowns.len();
        let unknowns = self.model.unknowns.iter().enumerate();
        let scaled = unknowns.map(|(place, unknown)| {
            let [low, high] = unknown.scaled_bounds();
            low + (high - low) * random(SEED, (number * count + place) as u64)
        });
        scaled.collect()
    }
}

/// The minimum that is reached from a point, that of start `number`, with all unknowns free.
///
/// # Errors
/// [`FitError`] if the model cannot be computed next to a point.
pub fn minimum_from(
    model: &Model,
    start: Point,
    number: usize,
    derivatives: KnownDerivatives,
    tolerance: f64,
    tell: &Tell,
) -> Result<Minimum, FitError> {
    let is_free = vec![true; model.unknowns.len()];
    minimise(
        model,
        start,
        derivatives,
        &is_free,
        tolerance,
        &|step, square| {
            tell(Stage::Step {
                start: number,
                step,
                square,
            });
        },
    )
}
