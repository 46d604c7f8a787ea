//! [`FitAnswer`]: the result of a fit, with its uncertainty.

use super::{
    least_squares::Minimum,
    linear_errors::{LinearErrors, is_at_bound},
    model::Model,
    profile::ProfileEnd,
    shifts::Shifts,
    steps::Steps,
    widening::{Widening, lag_product, residuals_of_series},
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
    /// The distances to both sides at which the sum of squares rises by one standard deviation, where its least value is a kink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_sided_errors: Option<[f64; 2]>,
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
    /// Whether the start at the values of the file is one of these.
    pub first: bool,
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
    object(named, serializer)
}

fn columns_by_name<S: Serializer>(
    columns: &[ColumnAnswer],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = columns
        .iter()
        .map(|column| (column.name.clone(), json!(column)));
    object(named, serializer)
}

/// Serialises named values as one object.
pub(super) fn object<S: Serializer>(
    named: impl Iterator<Item = (String, Json)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Json::Object(named.collect::<Map<_, _>>()).serialize(serializer)
}

impl FitAnswer {
    /// The result of a fit, from its minimum and the ends of its profiles, two for each unknown. Linear intervals
    /// extend `distance` standard errors to each side.
    #[must_use]
    pub fn new(
        model: &Model,
        best: &Minimum,
        linear: LinearErrors,
        ends: &[ProfileEnd],
        widening: &Widening,
        shifts: &Shifts,
        distance: f64,
    ) -> Self {
        let degrees_of_freedom = model.degrees_of_freedom();
        let estimates = model.values(&best.point.at);
        let widened_by = widening.largest();
        let mut warnings = widening.reasons.clone();
        let are_exact = model.is_exact(&best.point);
        if !are_exact {
            warnings.extend(shifts.warnings(&model.unknowns));
        }
        let mut unknowns = Vec::new();
        for (number, (unknown, estimate)) in model.unknowns.iter().zip(estimates).enumerate() {
            let standard_error = linear.errors[number].map(|error| error * unknown.slope(estimate));
            let (lower, upper) = (&ends[2 * number], &ends[2 * number + 1]);
            let reach = if are_exact {
                [0.0, 0.0]
            } else {
                let [[of_shifts, to_shifts], [of_trends, to_trends]] =
                    [shifts.reach(number), widening.reach[number]];
                [of_shifts + of_trends, to_shifts + to_trends]
            };
            let interval = [(lower, reach[0]), (upper, reach[1])].map(|(end, reach)| {
                let [lower_bound, upper_bound] = unknown.scaled_bounds();
                let value = unknown.value((end.scaled + reach).clamp(lower_bound, upper_bound));
                value.is_finite().then_some(value)
            });
            let [step_shift, spacing_shift] = [&shifts.step, &shifts.spacing].map(|shifts| {
                let shift = shifts.as_ref()?[number];
                Some(unknown.value(best.point.at[number] + shift.size) - estimate)
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
                one_sided_errors: None,
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

    /// Takes the errors of unknowns at kinks to both sides into account, and tells them. Linear intervals extend `distance`
    /// of them.
    pub(super) fn tell_kinks(&mut self, errors_at_kinks: &[(usize, [f64; 2])], distance: f64) {
        for &(number, errors) in errors_at_kinks {
            let unknown = &mut self.unknowns[number];
            let [lower, upper] = errors;
            let estimate = unknown.estimate;
            unknown.one_sided_errors = Some(errors);
            unknown.standard_error = Some(lower.max(upper));
            unknown.linear_interval =
                Some([estimate - distance * lower, estimate + distance * upper]);
            self.warnings.push(format!(
                "the least sum of squares is a kink at {} = {estimate:.6}, as where an edge crosses a node: it rises at once on both sides, and errors are one-sided, -{lower:.2e} and +{upper:.2e}; a finer grid has smaller kinks",
                unknown.name
            ));
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
fn columns(model: &Model, best: &Minimum) -> Vec<ColumnAnswer> {
    let residuals = residuals_of_series(model, best);
    let columns = model
        .series
        .iter()
        .zip(residuals)
        .map(|(series, weighted)| {
            let squares: f64 = weighted.iter().map(|value| value * value).sum();
            let rows = series.points.iter().zip(&weighted);
            let residuals = rows.map(|([.., sigma], residual)| sigma * residual);
            let mean_square =
                residuals.map(|residual| residual * residual).sum::<f64>() / weighted.len() as f64;
            let lag1 = lag_product(&weighted) / squares;
            let rows = series.points.iter().zip(&weighted);
            ColumnAnswer {
                name: series.name.clone(),
                record: series.column.clone(),
                values: weighted.len(),
                rms: mean_square.sqrt(),
                lag1: (weighted.len() > 2 && lag1.is_finite()).then_some(lag1),
                rows: rows
                    .map(|(&[time, value, sigma], residual)| {
                        [time, value, value + sigma * residual]
                    })
                    .collect(),
            }
        });
    columns.collect()
}
