//! [`FitAnswer`]: the result of a fit, with its uncertainty.

use super::{
    least_squares::Minimum,
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
    profile::ProfileEnd,
    quantiles::chi_squared_tail,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::fmt::Write;

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
    /// The factor by which intervals are wider than for independent errors.
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

/// The factor by which intervals are widened, and the reasons.
#[derive(Debug, Clone, Default)]
pub struct Widening {
    /// The factor.
    pub factor: f64,
    /// The reasons, one sentence each.
    pub reasons: Vec<String>,
}

impl Widening {
    /// The factor for misfit and for correlation of residuals.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of values")]
    pub fn of(model: &Model, best: &Minimum) -> Self {
        let mut widening = Self {
            factor: 1.0,
            reasons: Vec::new(),
        };
        let (square, degrees) = (best.point.square, model.degrees_of_freedom());
        if model.has_sigma() && degrees > 0.0 && chi_squared_tail(square, degrees) < MISFIT {
            let factor = (square / degrees).sqrt();
            widening.factor *= factor;
            widening.reasons.push(format!(
                "the model does not fit: residuals are {factor:.3} times as large as sigma says, so intervals are widened by that; a finer grid, another model or another sigma may be due"
            ));
        }
        let (mut products, mut squares, mut count) = (0.0, 0.0, 0_usize);
        for residuals in residuals_of_series(model, best) {
            if residuals.len() > 2 {
                products += lag_product(&residuals);
                squares += residuals.iter().map(|value| value * value).sum::<f64>();
                count += residuals.len();
            }
        }
        let correlation = products / squares;
        if count > 0 && correlation > 2.0 / (count as f64).sqrt() {
            let correlation = correlation.min(0.999);
            let factor = ((1.0 + correlation) / (1.0 - correlation)).sqrt();
            widening.factor *= factor;
            widening.reasons.push(format!(
                "residuals that follow one another correlate by {correlation:.2}: {count} values tell as much as {:.0} independent ones, so intervals are widened by {factor:.3}",
                count as f64 / (factor * factor)
            ));
        }
        widening
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
        let free = (0..model.unknowns.len()).filter(|&number| !is_at_bound(model, best, number));
        Self::among(
            &free.collect::<Vec<_>>(),
            model,
            &best.point,
            &best.jacobian,
        )
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
        distance: f64,
    ) -> Self {
        let degrees_of_freedom = model.degrees_of_freedom();
        let estimates = model.values(&best.point.at);
        let mut warnings = widening.reasons;
        let mut unknowns = Vec::new();
        for (number, (unknown, estimate)) in model.unknowns.iter().zip(estimates).enumerate() {
            let standard_error = linear.errors[number].map(|error| error * unknown.slope(estimate));
            let (lower, upper) = (&ends[2 * number], &ends[2 * number + 1]);
            let interval = [lower, upper].map(|end| {
                let [low, high] = unknown.bounds;
                let value = unknown.value(end.scaled).clamp(low, high);
                value.is_finite().then_some(value)
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
            widened_by: widening.factor,
            columns: columns(model, best),
            runs: model.runs.done(),
            converged: best.is_converged,
            starts: None,
            warnings,
        }
    }

    /// Times, measured and computed values of all columns, as CSV: `t,column,measured,computed,residual`, where a
    /// residual is the measured minus the computed value.
    #[must_use]
    pub fn rows_as_csv(&self) -> String {
        let mut text = "t,column,measured,computed,residual\n".to_owned();
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
