//! [`misfit_of`]: the measured values of a parameter file, for whoever differentiates the sum of their squares.

use super::{
    data::{self, Series},
    error::FitError,
    rows::columns_of,
};
use crate::{gradient::Measured, params::RawParams, problem::Problem};

/// The values of `[[fit.data]]`, with the columns of the record that they are compared with.
///
/// # Errors
/// [`FitError`] for data that cannot be read, or that the record has no column for.
pub fn misfit_of(
    raw: &RawParams,
    problem: &Problem,
    memory: Option<u64>,
) -> Result<Vec<Measured>, FitError> {
    let series = data::read(raw, problem, false, memory)?.series;
    columns_of(problem, &series)?;
    let values_of = |series: &Series| {
        let column = series.column.clone();
        let points = series.points.clone().into_iter();
        points.map(move |[time, value, sigma]| Measured {
            column: column.clone(),
            time,
            value,
            sigma,
        })
    };
    Ok(series.iter().flat_map(values_of).collect())
}
