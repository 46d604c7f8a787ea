//! [`PlanAnswer`]: the uncertainty that planned measurements would leave.

use super::{
    answer::object, linear_errors::LinearErrors, matrix::Matrix, model::Model, point::Point,
};
use serde::{Serialize, Serializer};
use serde_json::json;

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
    object(named, serializer)
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
