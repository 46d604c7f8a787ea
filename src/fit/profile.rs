//! [`profile`]: how far an unknown can move from its best-fit value while the other unknowns are fitted again.
//!
//! Source: D. M. Bates, D. G. Watts, Nonlinear Regression Analysis and Its Applications, 1988, section 6.1.

use super::{
    error::FitError,
    least_squares::{KnownDerivatives, Minimum, minimise},
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
};

/// One end of the interval of an unknown.
#[derive(Debug, Clone, Default)]
pub struct ProfileEnd {
    /// The scaled unknown at the end; NaN if the model cannot be computed that far away.
    pub scaled: f64,
    /// Whether the end is a bound.
    pub is_bound: bool,
    /// The points of the profile. Each has the value of the scaled unknown at which the other unknowns were fitted, and
    /// the root of the difference between the sum of squares there and the least one, in standard deviations.
    pub looks: Vec<[f64; 2]>,
    /// A point with a smaller sum of squares than the best fit, if one was found.
    pub better: Option<Point>,
}

/// The largest number of values of the unknown that are tried.
const MOST_LOOKS: usize = 40;
/// The accuracy of an end, relative to its distance.
const ACCURACY: f64 = 3e-5;
/// The change of the distance from the best fit, relative to it, for which derivatives are taken to stay the same.
const SAME: f64 = 0.01;
/// The tolerance of the fits of the other unknowns, relative to the variance of a unit weight.
const TOLERANCE: f64 = 1e-4;

/// The end of the interval of an unknown in a direction, `-1.0` or `1.0`: the point at which the sum of squares, with
/// the other unknowns fitted, exceeds its least value by the square of `distance` standard deviations.
///
/// # Errors
/// [`FitError::Stopped`].
pub fn find_profile_end(
    model: &Model,
    best: &Minimum,
    number: usize,
    direction: f64,
    distance: f64,
) -> Result<ProfileEnd, FitError> {
    let estimate = best.point.at[number];
    let [low, high] = model.unknowns[number].scaled_bounds();
    let distance_to_bound = if direction > 0.0 {
        high - estimate
    } else {
        estimate - low
    };
    let is_exact = model.is_exact(&best.point);
    let mut interval_end = ProfileEnd {
        scaled: estimate,
        is_bound: !is_exact,
        ..ProfileEnd::default()
    };
    if distance_to_bound <= 0.0 || is_exact {
        return Ok(interval_end);
    }
    let is_free: Vec<bool> = (0..model.unknowns.len())
        .map(|other| other != number)
        .collect();
    let (slopes, standard_error) = linear_path(model, best, number, &is_free);
    let variance = model.variance(best.point.square);
    let mut near_trial = [0.0, 0.0];
    let mut far_trial: Option<[f64; 2]> = None;
    let mut last_fit = best.point.at.clone();
    let mut length = (distance * standard_error).min(distance_to_bound);
    // Derivatives, and the length at which they were computed: rough ones suffice on the way to the end.
    let mut derivatives = Some((best.jacobian.clone(), 0.0_f64));
    for _ in 0..MOST_LOOKS {
        // The others start where a straight line from the last look leads them.
        let mut start: Vec<f64> = last_fit.clone();
        let change = direction * length - (last_fit[number] - estimate);
        for (value, slope) in start.iter_mut().zip(&slopes) {
            *value += slope * change;
        }
        start[number] = estimate + direction * length;
        model.clamp(&mut start);
        let scaled = start[number];
        let known_derivatives = match &derivatives {
            Some((jacobian, _)) => KnownDerivatives::Nearby(jacobian.clone()),
            None => KnownDerivatives::Nothing,
        };
        let look = model.point(start).and_then(|start| {
            minimise(
                model,
                start,
                known_derivatives,
                &is_free,
                TOLERANCE,
                &|_, _| (),
            )
        });
        let minimum = match look {
            Ok(minimum) => minimum,
            Err(FitError::Stopped) => return Err(FitError::Stopped),
            Err(_) => {
                // A shorter way may be open.
                far_trial = Some([length, f64::INFINITY]);
                length = f64::midpoint(near_trial[0], length);
                if length - near_trial[0] < ACCURACY * length {
                    interval_end.scaled = f64::NAN;
                    return Ok(interval_end);
                }
                continue;
            }
        };
        if minimum.point.square < best.point.square - 1e-3 * variance {
            interval_end.better = Some(minimum.point);
            return Ok(interval_end);
        }
        let least_square = minimum.point.square - minimum.expected_gain.min(minimum.point.square);
        let rise = ((least_square - best.point.square).max(0.0) / variance).sqrt();
        last_fit.clone_from(&minimum.point.at);
        if minimum.is_jacobian_here {
            derivatives = Some((minimum.jacobian, length));
        }
        let is_end = (rise - distance).abs() <= ACCURACY * distance
            || (rise < distance && length >= distance_to_bound);
        let are_rough = derivatives
            .as_ref()
            .is_none_or(|(_, place)| (place - length).abs() > SAME * length);
        if is_end && are_rough {
            (derivatives, near_trial, far_trial) = (None, [0.0, 0.0], None);
            continue;
        }
        interval_end.looks.push([scaled, rise]);
        interval_end.scaled = scaled;
        if (rise - distance).abs() <= ACCURACY * distance {
            interval_end.is_bound = false;
            return Ok(interval_end);
        }
        if rise < distance {
            if length >= distance_to_bound {
                return Ok(interval_end);
            }
            near_trial = [length, rise];
        } else {
            far_trial = Some([length, rise]);
        }
        length = next_length(near_trial, far_trial, distance, distance_to_bound);
    }
    interval_end.is_bound = false;
    Ok(interval_end)
}

/// The next length to try: on the straight line between two points of the profile, or beyond the farthest point.
fn next_length(near_look: [f64; 2], far_look: Option<[f64; 2]>, distance: f64, room: f64) -> f64 {
    let [near, low] = near_look;
    match far_look {
        Some([far, high]) if high.is_finite() => {
            let share = ((distance - low) / (high - low)).clamp(0.02, 0.98);
            near + share * (far - near)
        }
        Some([far, _]) => f64::midpoint(near, far),
        None if low > 0.0 => (near * (distance / low).min(4.0)).min(room),
        None => (near * 4.0).min(room),
    }
}

/// The changes of the other unknowns when one unknown changes, and the standard error of that unknown, both in a linear
/// model.
fn linear_path(model: &Model, best: &Minimum, number: usize, is_free: &[bool]) -> (Vec<f64>, f64) {
    let numbers: Vec<usize> = (0..is_free.len()).filter(|&other| is_free[other]).collect();
    let column = &best.jacobian.columns()[number];
    let columns = best.jacobian.of_columns(&numbers);
    let opposite: Vec<f64> = column.iter().map(|value| -value).collect();
    let triangle = Triangle::of(&columns, &opposite);
    let mut follow = vec![0.0; is_free.len()];
    for (&other, slope) in numbers.iter().zip(triangle.solve()) {
        follow[other] = if slope.is_finite() { slope } else { 0.0 };
    }
    let norm = Matrix::new(vec![column.clone()]).norms()[0];
    let unexplained = (norm * norm - triangle.explained()).max(0.0).sqrt();
    let error = model.variance(best.point.square).sqrt() / unexplained;
    (follow, if error.is_finite() { error } else { 1.0 })
}
