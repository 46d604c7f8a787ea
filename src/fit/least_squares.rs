//! [`minimise`]: Marquardt's method within bounds.

use super::{
    derivatives::DifferenceOrder,
    error::FitError,
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
};
use std::mem;

/// The point at which a minimum was found, or at which the iteration ended.
#[derive(Debug, Clone, Default)]
pub struct Minimum {
    /// The last point.
    pub point: Point,
    /// The derivatives of the residuals with respect to each free unknown, at the point or at one before it; 0 for unknowns
    /// that are not free.
    pub jacobian: Matrix,
    /// Whether the derivatives are those at the point.
    pub is_jacobian_here: bool,
    /// The decrease of the sum of squares that another step would bring.
    pub expected_gain: f64,
    /// Whether that decrease is below the tolerance.
    pub is_converged: bool,
    /// The unknowns in which the sum of squares has a kink there.
    pub kinks: Vec<usize>,
}

/// A function that is called with the number of a step and the sum of squares before it.
pub(super) type TellStep<'a> = dyn Fn(usize, f64) + Sync + 'a;

/// The largest number of steps.
const MOST_STEPS: usize = 200;
/// The damping of the first step, and the damping above which steps are too short to matter.
const FIRST_DAMPING: f64 = 1e-3;
const LAST_DAMPING: f64 = 1e12;
/// The factor by which damping rises after a step that gains nothing, and the one by which it falls after a step that gains what it
/// promised. Narrow valleys take half as many steps as with 10 for both.
const RISE: f64 = 3.0;
const FALL: f64 = 30.0;

/// Derivatives that are known before the first step.
#[derive(Debug, Clone, Default)]
pub enum KnownDerivatives {
    /// There are none.
    #[default]
    Nothing,
    /// Derivatives at the start.
    AtStart(Matrix),
    /// Derivatives near the start and the minimum. All steps are taken with them, unless one of them decreases the sum by
    /// much less than they promise.
    Nearby(Matrix),
}

/// The tolerance above which derivatives need one run each.
const ROUGH: f64 = 1e-5;

/// Finds the least sum of squares near a point. Unknowns that are not free keep their values. The iteration has
/// converged when a step would decrease the sum by less than `tolerance` times the sum per degree of freedom. Far from the
/// minimum, and with a rough tolerance, derivatives are of first order.
///
/// Source: D. W. Marquardt, J. SIAM 11, 431 (1963), with the QR decomposition of J. J. Moré, The Levenberg-Marquardt algorithm,
/// 1978, and steps that end at the bounds.
///
/// # Errors
/// [`FitError`] if the model cannot be computed next to a point.
pub fn minimise(
    model: &Model,
    start: Point,
    mut known_derivatives: KnownDerivatives,
    is_free: &[bool],
    tolerance: f64,
    tell: &TellStep,
) -> Result<Minimum, FitError> {
    let mut point = start;
    let mut damping = FIRST_DAMPING;
    let mut column_norms = vec![0.0_f64; is_free.len()];
    let mut last_step: Option<Vec<f64>> = None;
    let (mut is_far, is_rough) = (false, tolerance > ROUGH);
    for step in 0..MOST_STEPS {
        tell(step, point.square);
        let is_nearby = matches!(known_derivatives, KnownDerivatives::Nearby(_));
        let jacobian = match mem::take(&mut known_derivatives) {
            KnownDerivatives::Nothing if is_far || is_rough => {
                model.jacobian(&point, is_free, DifferenceOrder::First)?
            }
            KnownDerivatives::Nothing => {
                model.jacobian(&point, is_free, DifferenceOrder::Second)?
            }
            KnownDerivatives::AtStart(jacobian) | KnownDerivatives::Nearby(jacobian) => {
                is_far = false;
                jacobian
            }
        };
        for (most, norm) in column_norms.iter_mut().zip(jacobian.norms()) {
            *most = most.max(norm);
        }
        let active = active(model, &point, &jacobian, is_free);
        let active_columns = jacobian.of_columns(&active);
        let negative_residuals: Vec<f64> = point.residuals.iter().map(|value| -value).collect();
        let triangle = Triangle::of(&active_columns, &negative_residuals);
        let expected_gain = triangle.explained();
        let parts = triangle.solve().into_iter().zip(&active);
        let longest_part = parts
            .map(|(part, &number)| part.abs() / model.unknowns[number].size(point.at[number]))
            .fold(0.0_f64, f64::max);
        let is_found = expected_gain <= tolerance * model.variance(point.square)
            || point.square <= model.rounding()
            || longest_part <= f64::EPSILON;
        if is_found && is_far {
            is_far = false;
            continue;
        }
        if is_found {
            return Ok(Minimum {
                point,
                jacobian,
                is_jacobian_here: !is_nearby,
                expected_gain,
                is_converged: true,
                kinks: Vec::new(),
            });
        }
        let better_point = loop {
            let step_parts = damped_step(
                &active_columns,
                &negative_residuals,
                &active,
                &column_norms,
                damping,
            );
            let mut full_step = vec![0.0; is_free.len()];
            for (&number, part) in active.iter().zip(&step_parts) {
                full_step[number] = *part;
            }
            if let Some(stretch) = last_step
                .take()
                .and_then(|last_step| stretch(&last_step, &full_step, &column_norms))
            {
                let trial = model.point(moved(model, &point, &full_step, stretch));
                match trial {
                    Ok(trial) if trial.square < point.square => break Some(trial),
                    Err(FitError::Stopped) => return Err(FitError::Stopped),
                    _ => {}
                }
            }
            let trial_unknowns = moved(model, &point, &full_step, 1.0);
            let promise = promised_gain(&point, &trial_unknowns, &jacobian);
            // A trial that cannot be computed is too long a step.
            match model.point(trial_unknowns) {
                Ok(trial) if trial.square < point.square => break Some(trial),
                Err(FitError::Stopped) => return Err(FitError::Stopped),
                _ if is_nearby => break None,
                _ if damping > LAST_DAMPING || promise.abs() <= f64::EPSILON * point.square => {
                    break None;
                }
                _ => damping *= RISE,
            }
        };
        if is_nearby && better_point.is_none() {
            continue;
        }
        if is_far && better_point.is_none() {
            (is_far, damping) = (false, FIRST_DAMPING);
            continue;
        }
        let Some(better_point) = better_point else {
            // Rounding hides what is left.
            let is_converged = expected_gain <= 1e-6 * model.variance(point.square);
            return Ok(Minimum {
                point,
                jacobian,
                is_jacobian_here: true,
                expected_gain,
                is_converged,
                kinks: Vec::new(),
            });
        };
        let gain = point.square - better_point.square;
        let is_as_promised = gain > 0.5 * promised_gain(&point, &better_point.at, &jacobian);
        is_far = is_as_promised && gain > model.variance(better_point.square);
        if is_as_promised {
            damping = (damping / FALL).max(1e-12);
            if is_nearby {
                known_derivatives = KnownDerivatives::Nearby(jacobian);
            }
        }
        let parts = better_point.at.iter().zip(&point.at);
        last_step = Some(parts.map(|(to, from)| to - from).collect());
        point = better_point;
    }
    let jacobian = model.jacobian(&point, is_free, DifferenceOrder::Second)?;
    Ok(Minimum {
        point,
        jacobian,
        is_jacobian_here: true,
        expected_gain: f64::INFINITY,
        is_converged: false,
        kinks: Vec::new(),
    })
}

/// The free unknowns that are not at a bound beyond which the sum of squares would decrease.
fn active(model: &Model, point: &Point, jacobian: &Matrix, is_free: &[bool]) -> Vec<usize> {
    let numbers = (0..is_free.len()).filter(|&number| is_free[number]);
    let active = numbers.filter(|&number| {
        let column = jacobian.columns()[number].iter();
        let slope: f64 = column
            .zip(&point.residuals)
            .map(|(part, value)| part * value)
            .sum();
        let [low, high] = model.unknowns[number].scaled_bounds();
        let is_held =
            (point.at[number] <= low && slope > 0.0) || (point.at[number] >= high && slope < 0.0);
        !is_held
    });
    active.collect()
}

/// The scaled unknowns after a step of which so many are taken, within the bounds.
fn moved(model: &Model, point: &Point, step: &[f64], stretch: f64) -> Vec<f64> {
    let parts = point.at.iter().zip(step);
    let mut unknowns: Vec<f64> = parts.map(|(from, part)| from + stretch * part).collect();
    model.clamp(&mut unknowns);
    unknowns
}

/// How many times a step is to be taken where it and the one before are of one geometric series: such series are the way of
/// least-squares steps to a minimum with large residuals. Nothing if they are not.
///
/// Source: A. C. Aitken, Proc. R. Soc. Edinburgh 46, 289 (1926), along the line of both steps.
fn stretch(last_step: &[f64], step: &[f64], column_norms: &[f64]) -> Option<f64> {
    /// The cosine of the angle between two steps of one series, and the quotients of series that converge slowly.
    const ALONG: f64 = 0.99;
    const QUOTIENTS: [f64; 2] = [0.4, 0.9];
    let scaled = [last_step, step].map(|step| {
        let parts = step.iter().zip(column_norms);
        parts.map(|(part, norm)| part * norm).collect::<Vec<f64>>()
    });
    let [last_square, square] = [0, 1].map(|number| dot(&scaled[number], &scaled[number]));
    let common = dot(&scaled[0], &scaled[1]);
    let (cosine, quotient) = (common / (last_square * square).sqrt(), common / last_square);
    let is_series = cosine.abs() > ALONG && (QUOTIENTS[0]..QUOTIENTS[1]).contains(&quotient.abs());
    is_series.then(|| 1.0 / (1.0 - quotient))
}

/// The sum of products.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The decrease of the sum of squares that a step would bring in a linear model. Damped steps and steps that end at a
/// bound promise less than the least-squares step.
fn promised_gain(point: &Point, at: &[f64], jacobian: &Matrix) -> f64 {
    let mut residuals = point.residuals.clone();
    let changes = at.iter().zip(&point.at).map(|(to, from)| to - from);
    for (change, column) in changes.zip(jacobian.columns()) {
        for (residual, part) in residuals.iter_mut().zip(column) {
            *residual += change * part;
        }
    }
    point.square - residuals.iter().map(|value| value * value).sum::<f64>()
}

/// The least-squares step, shortened by a damping that is scaled for each unknown.
fn damped_step(
    columns: &Matrix,
    opposite: &[f64],
    active: &[usize],
    scale: &[f64],
    damping: f64,
) -> Vec<f64> {
    let extended = columns.columns().iter().zip(active).enumerate();
    let extended = extended.map(|(place, (column, &number))| {
        let mut longer = column.clone();
        longer.resize(column.len() + active.len(), 0.0);
        longer[column.len() + place] = damping.sqrt() * scale[number];
        longer
    });
    let extended = Matrix::new(extended.collect());
    let mut right_side = opposite.to_vec();
    right_side.resize(opposite.len() + active.len(), 0.0);
    Triangle::of(&extended, &right_side).solve()
}
