//! [`FitAnswer`]: the result of a fit, with its uncertainty.

use super::{
    least_squares::Minimum,
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
    profile::ProfileEnd,
    quantiles::chi_squared_tail,
    shifts::Shifts,
    steps::Steps,
};
use crate::measured::Calendar;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::fmt::Write;

/// The first line of the CSV of rows.
pub const ROWS_HEADING: &str = "t,column,measured,computed,residual\n";

/// The result of a fit for one unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnknownAnswer {
    /// The unknown's name.
    #[serde(skip)]
    pub name: String,
    /// The value in the parameter file.
    pub start: f64,
    /// The best-fit value.
    pub estimate: f64,
    /// The classical standard error; `None` at a bound.
    pub standard_error: Option<f64>,
    /// The 95 % interval of the profile, widened for misfit and correlation.
    pub interval: [Option<f64>; 2],
    /// The factor by which the interval is wider than for independent errors of the size that sigma says.
    pub widened_by: f64,
    /// The change of the best-fit value without the error of the time step; `None` if it is not known.
    pub step_shift: Option<f64>,
    /// The change of the best-fit value without the error of the spacing; `None` if it is not known.
    pub spacing_shift: Option<f64>,
    /// The 95 % interval from the standard error.
    pub linear_interval: Option<[f64; 2]>,
    /// Whether the best-fit value is a bound.
    pub at_bound: bool,
    /// The profile: values of the unknown, each with the root of the rise of the sum of squares in standard deviations,
    /// negative below the best-fit value.
    #[serde(skip)]
    pub profile: Vec<[f64; 2]>,
}

/// The residuals of a column of data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnAnswer {
    /// The column's name.
    #[serde(skip)]
    pub name: String,
    /// The column of the record with which the data are compared.
    pub record: String,
    /// The number of values that were used.
    pub values: usize,
    /// Root mean square of the residuals, in the unit of the column.
    pub rms: f64,
    /// The correlation of each residual with the one before; `None` for fewer than three.
    pub lag1: Option<f64>,
    /// Time, measured value and computed value, one row for each measurement.
    #[serde(skip)]
    pub rows: Vec<[f64; 3]>,
}

/// The number of starts, and how many of them led to the best fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StartsAnswer {
    /// The number of places from which the fit was started.
    pub count: usize,
    /// The number of starts that led to the best fit.
    pub reached: usize,
}

/// The result of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitAnswer {
    /// The unknowns, in the order of the file.
    #[serde(serialize_with = "by_name")]
    pub unknowns: Vec<UnknownAnswer>,
    /// The correlation of their errors, in the same order.
    pub correlation: Vec<Vec<Option<f64>>>,
    /// The sum of the squares of weighted residuals.
    pub sum_of_squares: f64,
    /// The number of residuals minus the number of unknowns.
    pub degrees_of_freedom: i64,
    /// The standard deviation of a weighted residual.
    pub deviation: f64,
    /// The largest factor by which an interval is wider than for independent errors.
    pub widened_by: f64,
    /// The columns of the data.
    #[serde(serialize_with = "columns_by_name")]
    pub columns: Vec<ColumnAnswer>,
    /// The number of runs that were computed.
    pub runs: u64,
    /// Whether the fit converged to a minimum of the sum of squares.
    pub converged: bool,
    /// The result of the starts, if there were several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<StartsAnswer>,
    /// Warnings on the reliability of the result.
    pub warnings: Vec<String>,
    /// The steps of all runs.
    #[serde(skip)]
    pub steps: Steps,
    /// The dates of times, if files of data or of functions have dates.
    #[serde(skip)]
    pub calendar: Option<Calendar>,
}

fn by_name<S: Serializer>(unknowns: &[UnknownAnswer], serializer: S) -> Result<S::Ok, S::Error> {
    let named = unknowns
        .iter()
        .map(|unknown| (unknown.name.clone(), json!(unknown)));
    Json::Object(named.collect::<Map<_, _>>()).serialize(serializer)
}

fn columns_by_name<S: Serializer>(
    columns: &[ColumnAnswer],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = columns
        .iter()
        .map(|column| (column.name.clone(), json!(column)));
    Json::Object(named.collect::<Map<_, _>>()).serialize(serializer)
}

/// The probability of a larger χ² for a correct model below which a misfit is reported.
const MISFIT: f64 = 1e-3;
const WAY_OUT: &str = "a finer grid, another model or another sigma may be due";

/// The factors by which intervals are widened, and the reasons.
///
/// Each column has a factor for misfit and correlation of its residuals. An unknown is widened by what it feels of the columns: with
/// the factors F of all values, its variance is an element of C JᵀFJ C instead of one of C = (JᵀJ)⁻¹.
///
/// Source: H. White, Econometrica 48, 817 (1980), for the sandwich of matrices.
#[derive(Debug, Clone, Default)]
pub struct Widening {
    /// The factor of each unknown.
    pub factors: Vec<f64>,
    /// The reasons, one sentence each.
    pub reasons: Vec<String>,
}

impl Widening {
    /// The factors for misfit and for correlation of residuals.
    #[must_use]
    pub fn of(model: &Model, best: &Minimum) -> Self {
        let count = model.unknowns.len();
        let mut widening = Self {
            factors: vec![1.0; count],
            reasons: Vec::new(),
        };
        if model.is_exact(&best.point) {
            return widening;
        }
        let free = free(model, best);
        let rows = best.point.residuals.len();
        let influence = Influence::of(&best.jacobian.of_columns(&free), rows);
        let variance = model.variance(best.point.square);
        // Rows of priors are neither wrong nor correlated.
        let mut squares_of_rows = vec![1.0; rows];
        let (mut first_row, mut is_told) = (0, false);
        for (series, residuals) in model.series.iter().zip(residuals_of_series(model, best)) {
            let rows = first_row..first_row + residuals.len();
            let unknowns: f64 = influence.leverages[rows.clone()].iter().sum();
            let column = ColumnFactor::of(&residuals, unknowns, variance, model.has_sigma());
            widening.reasons.extend(column.reason(&series.name));
            squares_of_rows[rows.clone()].fill(column.square());
            is_told |= column.is_misfit;
            first_row = rows.end;
        }
        // Columns of a few values may be wrong together and not alone.
        let (square, degrees) = (best.point.square, model.degrees_of_freedom());
        if model.has_sigma() && !is_told && is_misfit(square, degrees) {
            let factor = square / degrees;
            squares_of_rows[..first_row]
                .iter_mut()
                .for_each(|square| *square *= factor);
            widening.reasons.push(format!(
                "the model does not fit: residuals are {:.3} times as large as sigma says, so intervals are widened by that; {WAY_OUT}",
                factor.sqrt()
            ));
        }
        let largest = squares_of_rows.iter().copied().fold(1.0, f64::max).sqrt();
        for number in 0..count {
            let place = free.iter().position(|&other| other == number);
            widening.factors[number] = place.map_or(largest, |place| {
                let parts = influence
                    .on_unknowns
                    .iter()
                    .map(|parts| parts[place] * parts[place]);
                let parts: Vec<f64> = parts.collect();
                let widened = parts
                    .iter()
                    .zip(&squares_of_rows)
                    .map(|(part, square)| part * square);
                let factor = (widened.sum::<f64>() / parts.iter().sum::<f64>()).sqrt();
                if factor.is_finite() { factor } else { largest }
            });
        }
        widening
    }

    /// The largest factor of an unknown.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.factors.iter().copied().fold(1.0, f64::max)
    }
}

/// The influence of each residual on the estimates of a linear model.
struct Influence {
    /// For each residual the changes of the unknowns when it changes by 1, up to their sign.
    on_unknowns: Vec<Vec<f64>>,
    /// For each residual the part of it that the unknowns follow. The sum over all residuals is the number of unknowns.
    leverages: Vec<f64>,
}

impl Influence {
    /// The influence of `rows` residuals with these derivatives.
    fn of(jacobian: &Matrix, rows: usize) -> Self {
        let inverse = Triangle::of(jacobian, &vec![0.0; rows]).inverse_square();
        let mut influence = Self {
            on_unknowns: Vec::with_capacity(rows),
            leverages: Vec::with_capacity(rows),
        };
        for row in 0..rows {
            let slopes: Vec<f64> = jacobian
                .columns()
                .iter()
                .map(|column| column[row])
                .collect();
            let changes: Vec<f64> = inverse.iter().map(|line| product(line, &slopes)).collect();
            influence.leverages.push(product(&changes, &slopes));
            influence.on_unknowns.push(changes);
        }
        influence
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The factor of a column: its misfit and the correlation of its residuals.
struct ColumnFactor {
    values: f64,
    /// How many times larger the mean square of the residuals is than that of the errors, as far as it counts.
    size: f64,
    /// Whether the residuals are larger than sigma says, beyond their 99.9 % point.
    is_misfit: bool,
    /// The correlation of each residual with the one before, where it is more than chance.
    correlation: Option<f64>,
}

/// Whether weighted residuals are larger than errors of a correct model are by chance.
fn is_misfit(square: f64, degrees: f64) -> bool {
    /// The fewest degrees of freedom that say anything: residuals of data with fewer are 0 but for rounding.
    const FEWEST: f64 = 0.1;
    degrees > FEWEST && chi_squared_tail(square, degrees) < MISFIT
}

/// The factor by which the variance of a mean is larger for values of a correlation than for independent ones.
fn inflation(correlation: f64) -> f64 {
    (1.0 + correlation) / (1.0 - correlation)
}

impl ColumnFactor {
    /// The factor from weighted residuals, which follow `unknowns` unknowns.
    #[expect(clippy::cast_precision_loss, reason = "numbers of values")]
    fn of(residuals: &[f64], unknowns: f64, variance: f64, has_sigma: bool) -> Self {
        /// How many times smaller than their mean the squares of correlated residuals often are by chance.
        const CHANCE: f64 = 3.0;
        let values = residuals.len() as f64;
        let unknowns = if unknowns.is_finite() {
            unknowns.clamp(0.0, values)
        } else {
            0.0
        };
        let square: f64 = residuals.iter().map(|value| value * value).sum();
        let degrees = values - unknowns;
        let found = lag_product(residuals) / square;
        let mean_square = square / (variance * degrees);
        let is_misfit = has_sigma && is_misfit(square, degrees);
        // Correlated residuals count as far as they are of the size that sigma says.
        let is_correlated = residuals.len() > 2
            && found > 2.0 / values.sqrt()
            && (!has_sigma || mean_square * inflation(found) > 1.0);
        if !is_correlated {
            return Self {
                values,
                size: if is_misfit { mean_square } else { 1.0 },
                is_misfit,
                correlation: None,
            };
        }
        // The unknowns follow the residuals, so that what is left of these correlates less than they do: by (p(1+ρ) + 3ρ)/n
        // for p unknowns (M. G. Kendall, Biometrika 41, 403, 1954; p = 1 is a mean, p = 2 a straight line).
        let lost = (unknowns + 3.0) / values;
        let correlation = if lost < 1.0 {
            (found + unknowns / values) / (1.0 - lost)
        } else {
            1.0
        };
        let correlation = correlation.min(1.0 - 1.0 / values).max(found);
        // As many unknowns follow more of correlated residuals than of independent ones.
        let left = (values - unknowns * inflation(correlation)).max(values / 4.0);
        let mean_square = square / (variance * left);
        let size = match has_sigma {
            true if !is_misfit => (CHANCE * mean_square).min(1.0),
            _ => mean_square,
        };
        Self {
            values,
            size,
            is_misfit,
            correlation: Some(correlation),
        }
    }

    /// The square of the factor.
    fn square(&self) -> f64 {
        (self.size * self.correlation.map_or(1.0, inflation)).max(1.0)
    }

    /// A sentence on the column if it widens intervals.
    fn reason(&self, name: &str) -> Option<String> {
        let factor = self.square().sqrt();
        let size = self.size.sqrt();
        let misfit = format!(
            "the model does not fit {name}: its residuals are {size:.3} times as large as sigma says"
        );
        match self.correlation {
            _ if factor <= 1.0 => None,
            None => Some(format!(
                "{misfit}, so intervals are widened by that as far as {name} tells them; {WAY_OUT}"
            )),
            Some(correlation) => {
                let independent = self.values / inflation(correlation);
                let correlated = format!(
                    "residuals of {name} that follow one another correlate by {correlation:.2}: {} values tell as much as {independent:.1} independent ones, so intervals are widened by {factor:.3} as far as {name} tells them",
                    self.values
                );
                Some(if self.is_misfit {
                    format!("{misfit}, and {correlated}; {WAY_OUT}")
                } else {
                    correlated
                })
            }
        }
    }
}

/// The weighted residuals of each series, in the order of time.
fn residuals_of_series(model: &Model, best: &Minimum) -> Vec<Vec<f64>> {
    let mut residuals = best.point.residuals.iter().copied();
    let series = model.series.iter();
    series
        .map(|series| residuals.by_ref().take(series.points.len()).collect())
        .collect()
}

/// The sum of products of each value and the value before it.
fn lag_product(values: &[f64]) -> f64 {
    values.windows(2).map(|pair| pair[0] * pair[1]).sum()
}

/// The standard errors of scaled unknowns, except those at bounds, and the correlation of their errors.
#[derive(Debug, Clone, Default)]
pub struct LinearErrors {
    /// The standard error of each unknown; `None` at a bound.
    pub errors: Vec<Option<f64>>,
    /// The correlations.
    pub correlation: Vec<Vec<Option<f64>>>,
}

impl LinearErrors {
    /// The errors from s² (JᵀJ)⁻¹.
    #[must_use]
    pub fn of(model: &Model, best: &Minimum) -> Self {
        let free = free(model, best);
        Self::among(&free, model, &best.point, &best.jacobian)
    }

    /// The unknowns whose best-fit value is no bound.
    #[must_use]
    pub fn free(&self) -> Vec<usize> {
        let numbers = 0..self.errors.len();
        numbers
            .filter(|&number| self.errors[number].is_some())
            .collect()
    }

    /// The errors of the unknowns `free`, with all other unknowns regarded as known.
    fn among(free: &[usize], model: &Model, point: &Point, jacobian: &Matrix) -> Self {
        let count = model.unknowns.len();
        let columns = jacobian.of_columns(free);
        let inverse = Triangle::of(&columns, &vec![0.0; columns.rows()]).inverse_square();
        let variance = model.variance(point.square);
        let mut errors = vec![None; count];
        let mut correlation = vec![vec![None; count]; count];
        for (row, &number) in free.iter().enumerate() {
            errors[number] = Some((variance * inverse[row][row]).sqrt());
            for (column, &other) in free.iter().enumerate() {
                let squares = inverse[row][row] * inverse[column][column];
                correlation[number][other] = Some(inverse[row][column] / squares.sqrt());
            }
        }
        Self {
            errors,
            correlation,
        }
    }
}

/// The unknowns whose best-fit value is no bound.
fn free(model: &Model, best: &Minimum) -> Vec<usize> {
    let numbers = 0..model.unknowns.len();
    numbers
        .filter(|&number| !is_at_bound(model, best, number))
        .collect()
}

/// Whether the best-fit value of an unknown is a bound.
fn is_at_bound(model: &Model, best: &Minimum, number: usize) -> bool {
    let [low, high] = model.unknowns[number].scaled_bounds();
    !(low < best.point.at[number] && best.point.at[number] < high)
}

impl FitAnswer {
    /// The result of a fit, from its minimum and the ends of its profiles, two for each unknown. Linear intervals
    /// extend `distance` standard errors to each side.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a number of values")]
    pub fn new(
        model: &Model,
        best: &Minimum,
        linear: LinearErrors,
        ends: &[ProfileEnd],
        widening: Widening,
        shifts: &Shifts,
        distance: f64,
    ) -> Self {
        let degrees_of_freedom = model.degrees_of_freedom();
        let estimates = model.values(&best.point.at);
        let widened_by = widening.largest();
        let mut warnings = widening.reasons;
        let are_exact = model.is_exact(&best.point);
        if !are_exact {
            warnings.extend(shifts.warnings(&model.unknowns, &linear.errors));
        }
        let mut unknowns = Vec::new();
        for (number, (unknown, estimate)) in model.unknowns.iter().zip(estimates).enumerate() {
            let standard_error = linear.errors[number].map(|error| error * unknown.slope(estimate));
            let (lower, upper) = (&ends[2 * number], &ends[2 * number + 1]);
            let reach = match linear.errors[number] {
                Some(error) if !are_exact => shifts.reach(number, error),
                _ => [0.0, 0.0],
            };
            let interval = [(lower, reach[0]), (upper, reach[1])].map(|(end, reach)| {
                let value = unknown.value(end.scaled + reach);
                value.is_finite().then_some(value)
            });
            let [step_shift, spacing_shift] = [&shifts.step, &shifts.spacing].map(|shifts| {
                let shift = shifts.as_ref().filter(|_| standard_error.is_some())?[number];
                Some(unknown.value(best.point.at[number] + shift) - estimate)
            });
            let profile_points = lower
                .looks
                .iter()
                .map(|&[at, rise]| [unknown.value(at), -rise]);
            let profile_points = profile_points.chain(
                upper
                    .looks
                    .iter()
                    .map(|&[at, rise]| [unknown.value(at), rise]),
            );
            let mut profile: Vec<[f64; 2]> = profile_points.chain([[estimate, 0.0]]).collect();
            profile.sort_by(|one, other| one[0].total_cmp(&other[0]));
            let name = &unknown.name;
            let at_bound = is_at_bound(model, best, number);
            if at_bound {
                warnings.push(format!(
                    "{name} is at its bound {estimate:?}: the data want it beyond, and its interval is one-sided"
                ));
            }
            for (end, bound) in [lower, upper].into_iter().zip(unknown.bounds) {
                if end.is_bound && !at_bound {
                    warnings.push(format!(
                        "the interval of {name} reaches its bound {bound:?}: the data alone leave it open there"
                    ));
                }
                if end.scaled.is_nan() {
                    warnings.push(format!(
                        "the interval of {name} has no end there: the problem cannot be computed so far from the estimate"
                    ));
                }
            }
            unknowns.push(UnknownAnswer {
                name: name.clone(),
                start: unknown.start,
                estimate,
                standard_error,
                interval,
                widened_by: widening.factors[number],
                step_shift,
                spacing_shift,
                linear_interval: standard_error
                    .map(|error| [estimate - distance * error, estimate + distance * error]),
                at_bound,
                profile,
            });
        }
        if !best.is_converged {
            warnings.push(
                "the least sum of squares was not found: the answer is where the search ended, and its errors mean little".to_owned(),
            );
        }
        Self {
            unknowns,
            correlation: linear.correlation,
            sum_of_squares: best.point.square,
            degrees_of_freedom: degrees_of_freedom as i64,
            deviation: (best.point.square / degrees_of_freedom.max(1.0)).sqrt(),
            widened_by,
            columns: columns(model, best),
            runs: model.runs.done(),
            converged: best.is_converged,
            starts: None,
            calendar: None,
            warnings,
            steps: model.steps,
        }
    }

    /// Times, measured and computed values of all columns, as CSV: `t,column,measured,computed,residual`, where a
    /// residual is the measured minus the computed value.
    #[must_use]
    pub fn rows_as_csv(&self) -> String {
        let mut text = ROWS_HEADING.to_owned();
        for column in &self.columns {
            let name = if column.name.contains([',', '"', '\n']) {
                format!("\"{}\"", column.name.replace('"', "\"\""))
            } else {
                column.name.clone()
            };
            for &[time, measured, computed] in &column.rows {
                let residual = measured - computed;
                // A String takes anything.
                let _ = writeln!(
                    text,
                    "{time:?},{name},{measured:?},{computed:?},{residual:?}"
                );
            }
        }
        text
    }
}

/// The residuals of each column.
#[expect(clippy::cast_precision_loss, reason = "numbers of values")]
fn columns(model: &Model, best: &Minimum) -> Vec<ColumnAnswer> {
    let residuals = residuals_of_series(model, best);
    let columns = model
        .series
        .iter()
        .zip(residuals)
        .map(|(series, weighted)| {
            let squares: f64 = weighted.iter().map(|value| value * value).sum();
            let sigma = series.sigma.unwrap_or(1.0);
            let lag1 = lag_product(&weighted) / squares;
            let rows = series.points.iter().zip(&weighted);
            ColumnAnswer {
                name: series.name.clone(),
                record: series.column.clone(),
                values: weighted.len(),
                rms: sigma * (squares / weighted.len() as f64).sqrt(),
                lag1: (weighted.len() > 2 && lag1.is_finite()).then_some(lag1),
                rows: rows
                    .map(|(&[time, value], residual)| [time, value, value + sigma * residual])
                    .collect(),
            }
        });
    columns.collect()
}

/// The expected uncertainty of an unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedUnknown {
    /// The unknown's name.
    #[serde(skip)]
    pub name: String,
    /// The value in the parameter file.
    pub start: f64,
    /// The standard error that the data would give.
    pub standard_error: f64,
}

/// The expected uncertainty of a planned experiment, at the values in the parameter file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanAnswer {
    /// The unknowns, in the order of the file.
    #[serde(serialize_with = "planned_by_name")]
    pub unknowns: Vec<PlannedUnknown>,
    /// The correlation of their errors, in the same order.
    pub correlation: Vec<Vec<Option<f64>>>,
    /// The number of values that would be measured.
    pub values: usize,
    /// The number of runs that were computed.
    pub runs: u64,
}

fn planned_by_name<S: Serializer>(
    unknowns: &[PlannedUnknown],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = unknowns
        .iter()
        .map(|unknown| (unknown.name.clone(), json!(unknown)));
    Json::Object(named.collect::<Map<_, _>>()).serialize(serializer)
}

impl PlanAnswer {
    /// The plan, computed from the derivatives at the values in the parameter file.
    #[must_use]
    pub fn new(model: &Model, start: &Point, jacobian: &Matrix) -> Self {
        let numbers: Vec<usize> = (0..model.unknowns.len()).collect();
        let linear = LinearErrors::among(&numbers, model, start, jacobian);
        let unknowns = model.unknowns.iter().zip(&linear.errors);
        let unknowns = unknowns.map(|(unknown, error)| PlannedUnknown {
            name: unknown.name.clone(),
            start: unknown.start,
            standard_error: error.unwrap_or(f64::NAN) * unknown.slope(unknown.start),
        });
        Self {
            unknowns: unknowns.collect(),
            correlation: linear.correlation,
            values: model.series.iter().map(|series| series.points.len()).sum(),
            runs: model.runs.done(),
        }
    }
}
