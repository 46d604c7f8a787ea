//! [`Model`]: the values of a problem at the places and times of measurements, for any values of the unknowns.
//!
//! The steps are fixed, so that these values are smooth functions of the unknowns.

use super::{
    data::Series,
    error::FitError,
    memory::FitMemory,
    point::Point,
    rows::{at_times, columns_of, row_at, sums_of},
    smooth::check_smooth,
    steps::Steps,
    unknowns::Unknown,
};
use crate::{
    fault::Fault,
    params::{ParamsError, Place, RawParams},
    physics::input::Digests,
    problem::Problem,
    run::{self, RowSums},
};
use diff2d_arrays::progress::Progress;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A problem, its unknowns, and the measured values.
#[derive(Debug, Clone)]
pub struct Model {
    /// The parameters, with fixed steps and with rows at the times of the data.
    pub(super) raw: RawParams,
    /// The unknowns that are varied.
    pub unknowns: Vec<Unknown>,
    /// The measured values.
    pub series: Arc<[Series]>,
    /// The times of all values, each once.
    pub(super) times: Arc<[f64]>,
    /// The column of the rows for each series.
    pub(super) columns: Vec<usize>,
    /// The rule for columns that sum what has come in.
    pub(super) sums: RowSums,
    /// The steps of all runs.
    pub steps: Steps,
    pub(super) digests: Digests,
    /// The difference of scaled unknowns for numerical derivatives, relative to their size.
    pub(super) step: f64,
    /// A counter of the runs that were computed.
    pub runs: Progress,
    pub(super) threads: usize,
    pub(super) memory: FitMemory,
    /// The number of runs for which there is memory at the same time.
    pub(super) runs_at_once: usize,
    pub(super) stop: Arc<AtomicUsize>,
}

/// The problem of a file. Where nothing diffuses at the values of the file no step follows from these, but from others within the
/// bounds.
///
/// # Errors
/// [`ParamsError`] of the values of the file.
pub fn problem_of(
    raw: &RawParams,
    unknowns: &[Unknown],
    digests: &mut Digests,
) -> Result<Problem, ParamsError> {
    Problem::with_digests(raw, digests).or_else(|error| {
        let moved_raw = unknowns.iter().fold(raw.clone(), |raw, unknown| {
            unknown.set(raw, unknown.bounds[1])
        });
        Problem::with_digests(&moved_raw, digests).map_err(|_| error)
    })
}

/// The options for numerical derivatives and their threads.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// The difference of scaled unknowns, relative to their size.
    pub step: f64,
    /// The number of threads that compute.
    pub threads: usize,
    /// The memory that the fit may take.
    pub memory: FitMemory,
    /// A flag that stops all computations.
    pub stop: Arc<AtomicUsize>,
    /// A counter of the runs.
    pub runs: Progress,
}

impl Model {
    /// The model of a file with these unknowns and data.
    ///
    /// # Errors
    /// [`FitError`] if the problem cannot be run at a bound, or its record lacks a column.
    pub fn new(
        raw: &RawParams,
        unknowns: Vec<Unknown>,
        series: Vec<Series>,
        mut digests: Digests,
        options: ModelOptions,
    ) -> Result<Self, FitError> {
        let mut times: Vec<f64> = series
            .iter()
            .flat_map(|series| series.times().copied())
            .collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let problem = problem_of(raw, &unknowns, &mut digests)?;
        check_smooth(raw, &unknowns, &series, &problem, &mut digests)?;
        let columns = columns_of(&problem, &series)?;
        let sums = sums_of(&problem, &series);
        let mut model = Self {
            raw: at_times(raw, &problem, &times, sums)?,
            unknowns,
            columns,
            sums,
            series: series.into(),
            times: times.into(),
            steps: Steps::default(),
            digests,
            step: options.step,
            runs: options.runs,
            threads: options.threads,
            memory: options.memory,
            runs_at_once: 1,
            stop: options.stop,
        };
        model.runs_at_once = model.memory.runs_at_once(&problem, model.threads)?;
        model.freeze_steps(problem.params.method)?;
        model.check_steps()?;
        Ok(model)
    }

    /// The scaled unknowns at the values of the file.
    #[must_use]
    pub fn start(&self) -> Vec<f64> {
        let unknowns = self.unknowns.iter();
        unknowns
            .map(|unknown| unknown.scaled(unknown.start))
            .collect()
    }

    /// The values for scaled unknowns.
    #[must_use]
    pub fn values(&self, scaled: &[f64]) -> Vec<f64> {
        let pairs = self.unknowns.iter().zip(scaled);
        pairs
            .map(|(unknown, &scaled)| unknown.value(scaled))
            .collect()
    }

    /// Limits scaled unknowns to their bounds.
    pub fn clamp(&self, scaled: &mut [f64]) {
        for (unknown, value) in self.unknowns.iter().zip(scaled) {
            let [low, high] = unknown.scaled_bounds();
            *value = value.clamp(low, high);
        }
    }

    /// The parameters of the runs, with the values for scaled unknowns.
    pub fn raw_at(&self, scaled: &[f64]) -> RawParams {
        let pairs = self.unknowns.iter().zip(self.values(scaled));
        pairs.fold(self.raw.clone(), |raw, (unknown, value)| {
            unknown.set(raw, value)
        })
    }

    /// The times of all values, each once, in order.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The problem of parameters, whose files were read before.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn problem_of(&self, raw: &RawParams) -> Result<Problem, ParamsError> {
        Problem::with_digests(raw, &mut self.digests.clone())
    }

    /// The problem with the values for scaled unknowns.
    ///
    /// # Errors
    /// [`FitError`] if these values make no problem.
    pub fn problem_at(&self, scaled: &[f64]) -> Result<Problem, FitError> {
        let problem = self.problem_of(&self.raw_at(scaled));
        problem.map_err(|error| {
            if let ParamsError::Refused {
                place: Place::Default,
                key,
                reason,
                ..
            } = &error
                && key == "outtimes"
            {
                // The times of the data stand under this key, which nobody has typed.
                let end_time = self.times.last().copied().unwrap_or(f64::NAN);
                return FitError::refused(format!(
                    "[[fit.data]] has a row of t = {end_time:?}, which {reason}"
                ));
            }
            let names = self.unknowns.iter().zip(self.values(scaled));
            let names: Vec<String> = names
                .map(|(unknown, value)| format!("{} = {value:?}", unknown.name))
                .collect();
            FitError::refused(format!("with {}: {error}", names.join(", ")))
        })
    }

    /// The computed counterparts of all measured values, in order.
    fn computed(&self, scaled: &[f64]) -> Result<Vec<f64>, FitError> {
        self.values_of(&self.problem_at(scaled)?)
    }

    /// The values of the problem of parameters, each divided by its standard deviation.
    ///
    /// # Errors
    /// [`FitError`] if the problem cannot be computed.
    pub fn weighted_values_of(&self, raw: &RawParams) -> Result<Vec<f64>, FitError> {
        let measured = self.series.iter().flat_map(Series::weighted);
        let values = self.values_of(&self.problem_of(raw)?)?;
        let values = values.into_iter().zip(measured);
        Ok(values.map(|(value, (_, sigma))| value / sigma).collect())
    }

    /// The values of a problem at the places and times of the data.
    fn values_of(&self, problem: &Problem) -> Result<Vec<f64>, FitError> {
        if self.stop.load(Ordering::Relaxed) != 0 {
            return Err(FitError::Stopped);
        }
        let rows = run::record_rows(problem, self.sums, &self.stop)?.rows;
        self.runs.add(1);
        let mut values = Vec::new();
        for (series, &column) in self.series.iter().zip(&self.columns) {
            for &time in series.times() {
                let value = row_at(&rows, time)
                    .and_then(|row| row.number(column))
                    .unwrap_or(f64::NAN);
                if !value.is_finite() {
                    return Err(Fault::failed(format!(
                        "the column {} has no finite value at t = {time:?}: other starts or narrower bounds may give one",
                        series.column
                    ))
                    .into());
                }
                values.push(value);
            }
        }
        Ok(values)
    }

    /// The weighted residuals, computed minus measured, followed by the weighted residuals of the priors.
    pub(super) fn residuals(&self, scaled: &[f64]) -> Result<Vec<f64>, FitError> {
        let computed = self.computed(scaled)?;
        let measured = self.series.iter().flat_map(Series::weighted);
        let residuals = computed.iter().zip(measured);
        let residuals =
            residuals.map(|(computed, (measured, sigma))| (computed - measured) / sigma);
        let priors = self.unknowns.iter().zip(self.values(scaled));
        let priors = priors.filter_map(|(unknown, value)| {
            let [mean, deviation] = unknown.prior?;
            Some((value - mean) / deviation)
        });
        Ok(residuals.chain(priors).collect())
    }

    /// Computes the model at a point.
    ///
    /// # Errors
    /// [`FitError`] if the model cannot be computed.
    pub fn point(&self, scaled: Vec<f64>) -> Result<Point, FitError> {
        let mut residuals = self.each(std::slice::from_ref(&scaled))?;
        Ok(Point::new(scaled, residuals.pop().unwrap_or_default()))
    }

    /// The variance of a unit weight: 1 if the weights are known, otherwise the variance of the residuals.
    #[must_use]
    pub fn variance(&self, square: f64) -> f64 {
        if self.has_sigma() {
            1.0
        } else {
            square / self.degrees_of_freedom().max(1.0)
        }
    }

    /// Whether the weights of all data are known.
    #[must_use]
    pub fn has_sigma(&self) -> bool {
        self.series.iter().all(|series| series.has_sigma)
    }

    /// The number of residuals minus the number of unknowns.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> f64 {
        let values: usize = self.series.iter().map(|series| series.points.len()).sum();
        let priors = self
            .unknowns
            .iter()
            .filter(|unknown| unknown.prior.is_some())
            .count();
        (values + priors) as f64 - self.unknowns.len() as f64
    }

    /// The computed values at a point, each divided by its standard deviation.
    #[must_use]
    pub fn weighted_values(&self, point: &Point) -> Vec<f64> {
        let measured = self.series.iter().flat_map(Series::weighted);
        let values = point.residuals.iter().zip(measured);
        values
            .map(|(residual, (value, sigma))| residual + value / sigma)
            .collect()
    }

    /// Whether the residuals are rounding errors, and nothing says how accurate the data are.
    #[must_use]
    pub fn is_exact(&self, point: &Point) -> bool {
        !self.has_sigma() && point.square <= self.rounding()
    }

    /// The sum of squares below which residuals are rounding errors of the measured values.
    #[must_use]
    pub fn rounding(&self) -> f64 {
        let measured = self.series.iter().flat_map(Series::weighted);
        let squares = measured.map(|(value, sigma)| (value / sigma).powi(2));
        1e-26 * squares.sum::<f64>()
    }
}
