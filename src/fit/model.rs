//! [`Model`]: the values of a problem at the places and times of measurements, for any values of the unknowns.
//!
//! The steps are fixed, so that these values are smooth functions of the unknowns.

use super::{
    data::Series,
    error::FitError,
    matrix::Matrix,
    memory::Memory,
    point::Point,
    rows::{at_times, columns_of, row_at, sums_of},
    steps::Steps,
    unknowns::Unknown,
};
use crate::{
    params::{ParamsError, Place, RawParams, StepMethod},
    physics::input::Digests,
    problem::Problem,
    run::{self, RowSums},
};
use diff2d_arrays::progress::Progress;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A problem, its unknowns, and the measured values.
#[derive(Debug, Clone)]
pub struct Model {
    /// The parameters, with fixed steps and with rows at the times of the data.
    raw: RawParams,
    /// The unknowns that are varied.
    pub unknowns: Vec<Unknown>,
    /// The measured values.
    pub series: Arc<[Series]>,
    /// The times of all values, each once.
    times: Arc<[f64]>,
    /// The column of the rows for each series.
    columns: Vec<usize>,
    /// The rule for columns that sum what has come in.
    sums: RowSums,
    /// The steps of all runs.
    pub steps: Steps,
    digests: Digests,
    /// The difference of scaled unknowns for numerical derivatives, relative to their size.
    step: f64,
    /// A counter of the runs that were computed.
    pub runs: Progress,
    threads: usize,
    memory: Memory,
    /// The number of runs for which there is memory at the same time.
    runs_at_once: usize,
    stop: Arc<AtomicBool>,
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
        let other = unknowns.iter().fold(raw.clone(), |raw, unknown| {
            unknown.set(raw, unknown.bounds[1])
        });
        Problem::with_digests(&other, digests).map_err(|_| error)
    })
}

/// Refuses unknowns that move masks or held nodes, which are sets of whole nodes: p jumps where one of them changes.
fn check_areas(
    raw: &RawParams,
    unknowns: &[Unknown],
    problem: &Problem,
    digests: &mut Digests,
) -> Result<(), FitError> {
    for unknown in unknowns {
        for bound in unknown.bounds {
            let moved = Problem::with_digests(&unknown.set(raw.clone(), bound), digests);
            let is_smooth = moved.is_err()
                || moved.is_ok_and(|moved| {
                    moved.grid != problem.grid || moved.geometry().has_areas_of(problem.geometry())
                });
            if !is_smooth {
                return Err(FitError::Request(format!(
                    "p does not change smoothly with {}: it moves the mask or held nodes, of which a node is one or is none; the place of a layer, of a source or of an interface can be fitted",
                    unknown.name
                )));
            }
        }
    }
    Ok(())
}

/// The order of differences for numerical derivatives: the number of runs for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One run, for steps that are far from the end.
    First,
    /// Two runs.
    Second,
}

/// The options for numerical derivatives and their threads.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// The difference of scaled unknowns, relative to their size.
    pub step: f64,
    /// The number of threads that compute.
    pub threads: usize,
    /// The memory that the fit may take.
    pub memory: Memory,
    /// A flag that stops all computations.
    pub stop: Arc<AtomicBool>,
    /// A counter of the runs.
    pub runs: Progress,
}

/// The largest number of unknowns for which all corners of the bounds are examined.
const MOST_FOR_ALL_CORNERS: usize = 6;

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
        check_areas(raw, &unknowns, &problem, &mut digests)?;
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
        Ok(model)
    }

    /// Fixes the time step at the smallest that any point within the bounds needs, and the stages at the largest
    /// number.
    fn freeze_steps(&mut self, method: StepMethod) -> Result<(), FitError> {
        if !matches!(method, StepMethod::Euler | StepMethod::Rkl2) {
            return Ok(());
        }
        let (mut dt, mut stages) = (f64::INFINITY, 1);
        let mut corners_without_steps = Vec::new();
        for corner in self.corners() {
            match self.problem_at(&corner) {
                Ok(problem) => {
                    dt = dt.min(problem.schedule.dt);
                    stages = stages.max(problem.stages());
                }
                Err(error) => corners_without_steps.push((corner, error)),
            }
        }
        self.steps.dt = dt.is_finite().then_some(dt);
        self.raw = self.steps.set(self.raw.clone());
        // Where nothing diffuses no step follows from the problem, and any step is stable.
        for (corner, error) in corners_without_steps {
            if self.problem_at(&corner).is_err() {
                return Err(error);
            }
        }
        self.steps.stages = (method == StepMethod::Rkl2).then_some(stages);
        self.raw = self.steps.set(self.raw.clone());
        Ok(())
    }

    /// The corners of the bounds at which the shortest steps are searched. With few unknowns these are all corners;
    /// with many the two ends of each unknown alone, and the corner at which each unknown needs the shorter step.
    fn corners(&self) -> Vec<Vec<f64>> {
        let bounds: Vec<[f64; 2]> = self.unknowns.iter().map(Unknown::scaled_bounds).collect();
        let count = bounds.len();
        let mut corners = Vec::new();
        if count <= MOST_FOR_ALL_CORNERS {
            for mask in 0..1_usize << count {
                let ends = bounds.iter().enumerate();
                corners.push(
                    ends.map(|(number, ends)| ends[(mask >> number) & 1])
                        .collect(),
                );
            }
            return corners;
        }
        let mut shortest = self.start();
        for (number, ends) in bounds.iter().enumerate() {
            let pair = ends.map(|value| {
                let mut corner = self.start();
                corner[number] = value;
                corner
            });
            let [low, high] = [&pair[0], &pair[1]].map(|corner| {
                let problem = self.problem_at(corner);
                problem.map_or(f64::INFINITY, |problem| problem.schedule.dt)
            });
            shortest[number] = ends[usize::from(high <= low)];
            corners.extend(pair);
        }
        corners.push(shortest);
        corners
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
        self.set_in(&self.raw, scaled)
    }

    /// Parameters with the values for scaled unknowns.
    pub fn set_in(&self, raw: &RawParams, scaled: &[f64]) -> RawParams {
        let values = self.values(scaled);
        let pairs = self.unknowns.iter().zip(values);
        pairs.fold(raw.clone(), |raw, (unknown, value)| unknown.set(raw, value))
    }

    /// The times of all values, each once, in order.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The rule for columns that sum what has come in.
    pub(super) fn sums(&self) -> RowSums {
        self.sums
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
    /// [`FitError::At`] if these values make no problem.
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
                let last = self.series.iter().flat_map(Series::times);
                let last = last.copied().fold(f64::NEG_INFINITY, f64::max);
                return FitError::Request(format!(
                    "[[fit.data]] has a row of t = {last:?}, which {reason}"
                ));
            }
            let names = self.unknowns.iter().zip(self.values(scaled));
            let names: Vec<String> = names
                .map(|(unknown, value)| format!("{} = {value:?}", unknown.name))
                .collect();
            FitError::At {
                place: names.join(", "),
                error,
            }
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
        self.weighted_values_of_problem(&self.problem_of(raw)?)
    }

    /// The values of a problem at the places and times of the data, each divided by its standard deviation.
    ///
    /// # Errors
    /// [`FitError`] if the problem cannot be computed.
    pub fn weighted_values_of_problem(&self, problem: &Problem) -> Result<Vec<f64>, FitError> {
        let measured = self.series.iter().flat_map(Series::weighted);
        let values = self.values_of(problem)?.into_iter().zip(measured);
        Ok(values.map(|(value, (_, sigma))| value / sigma).collect())
    }

    /// The values of a problem at the places and times of the data.
    fn values_of(&self, problem: &Problem) -> Result<Vec<f64>, FitError> {
        if self.stop.load(Ordering::Relaxed) {
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
                    return Err(FitError::NotFinite {
                        column: series.column.clone(),
                        time,
                    });
                }
                values.push(value);
            }
        }
        Ok(values)
    }

    /// The weighted residuals, computed minus measured, followed by the weighted residuals of the priors.
    fn residuals(&self, scaled: &[f64]) -> Result<Vec<f64>, FitError> {
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

    /// The derivatives of the residuals; 0 for unknowns that are not free.
    ///
    /// A difference is a share of the unknown's size, which says nothing of an unknown near 0, or of one that hardly
    /// changes the values or changes them by far. There the difference is such that it changes the values by at least a
    /// thousandth of that share, and at most by that share. Bounds and units do not matter.
    ///
    /// # Errors
    /// [`FitError`] if the model cannot be computed.
    pub fn jacobian(
        &self,
        point: &Point,
        is_free: &[bool],
        order: Order,
    ) -> Result<Matrix, FitError> {
        /// The smallest share of the values' size by which an unknown may change them when it changes by its own size.
        const LEAST_EFFECT: f64 = 1e-3;
        /// The factor by which a size may be wrong, and the largest number of sizes that are tried.
        const WRONG: f64 = 3.0;
        const MOST_SIZES: usize = 5;
        let computed = Matrix::new(vec![self.weighted_values(point), point.residuals.clone()]);
        let norm_of_values = computed.norms().into_iter().fold(0.0, f64::max);
        let mut columns = vec![vec![0.0; point.residuals.len()]; is_free.len()];
        let mut tasks: Vec<(usize, f64)> = (0..is_free.len())
            .filter(|&number| is_free[number])
            .map(|number| (number, self.unknowns[number].size(point.at[number])))
            .collect();
        for _ in 0..MOST_SIZES {
            let found = self.differences(point, &tasks, order)?;
            let mut wrong_tasks = Vec::new();
            for (&(number, size), column) in tasks.iter().zip(found) {
                let norm = Matrix::new(vec![column.clone()]).norms()[0];
                columns[number] = column;
                let [low, high] = self.unknowns[number].scaled_bounds();
                let largest = (norm_of_values / norm).min(high - low);
                if !(largest > 0.0 && largest.is_finite()) {
                    continue;
                }
                let natural = self.unknowns[number].size(point.at[number]);
                let better = natural.clamp(LEAST_EFFECT * largest, largest);
                if better > WRONG * size || size > WRONG * better {
                    wrong_tasks.push((number, better));
                }
            }
            if wrong_tasks.is_empty() {
                break;
            }
            tasks = wrong_tasks;
        }
        Ok(Matrix::new(columns))
    }

    /// The derivatives of the residuals with respect to some unknowns, each with the size of which the difference is a share.
    fn differences(
        &self,
        point: &Point,
        tasks: &[(usize, f64)],
        order: Order,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        // Beside a bound both points are on its other side.
        let sides = tasks.iter().map(|&(number, size)| {
            let [low, high] = self.unknowns[number].scaled_bounds();
            let step = self.step * size;
            let both = match (
                point.at[number] - step < low,
                point.at[number] + step > high,
            ) {
                (true, _) => [1.0, 2.0],
                (_, true) => [-1.0, -2.0],
                _ => [1.0, -1.0],
            };
            match order {
                Order::First => vec![both[0]],
                Order::Second => both.to_vec(),
            }
        });
        let sides: Vec<Vec<f64>> = sides.collect();
        let places = tasks
            .iter()
            .zip(&sides)
            .flat_map(|(&(number, size), sides)| {
                sides.iter().map(move |side| {
                    let mut place = point.at.clone();
                    place[number] += side * self.step * size;
                    place
                })
            });
        let places: Vec<Vec<f64>> = places.collect();
        let residuals = self.each(&places)?;
        let mut runs = residuals.iter();
        let mut columns = Vec::new();
        for (&(_, size), sides) in tasks.iter().zip(&sides) {
            let step = self.step * size;
            let runs: Vec<&Vec<f64>> = runs.by_ref().take(sides.len()).collect();
            let rows = point.residuals.iter().enumerate();
            let column = rows.map(|(row, here)| match (&sides[..], &runs[..]) {
                ([1.0, -1.0], [near, far]) => (near[row] - far[row]) / (2.0 * step),
                ([side, _], [near, far]) => {
                    (4.0 * near[row] - far[row] - 3.0 * here) / (2.0 * side * step)
                }
                ([side], [near]) => (near[row] - here) / (side * step),
                _ => f64::NAN,
            });
            columns.push(column.collect());
        }
        Ok(columns)
    }

    /// The residuals at several places, computed in parallel. Their bits do not depend on the number of threads.
    ///
    /// # Errors
    /// The error of the first place at which the model cannot be computed.
    fn each(&self, places: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, FitError> {
        let residuals = self.spread(places, |model, place| model.residuals(place));
        residuals.into_iter().collect()
    }

    /// The model with as many runs at the same time as there is memory for runs of these parameters.
    ///
    /// # Errors
    /// [`FitError`] if there is too little memory for one, or the parameters are no problem.
    pub fn with_runs_of(&self, raw: &RawParams) -> Result<Self, FitError> {
        let problem = self.problem_of(raw)?;
        Ok(Self {
            runs_at_once: self.memory.runs_at_once(&problem, self.threads)?,
            ..self.clone()
        })
    }

    /// The results of tasks in order, carried out in parallel. The threads are divided among the tasks, and the bits of
    /// the results do not depend on their number.
    pub fn spread<T: Sync, R: Send>(
        &self,
        tasks: &[T],
        carry_out: impl Fn(&Self, &T) -> Result<R, FitError> + Sync,
    ) -> Vec<Result<R, FitError>> {
        let workers = self.threads.min(self.runs_at_once).min(tasks.len()).max(1);
        let worker = Self {
            threads: (self.threads / workers).max(1),
            runs_at_once: (self.runs_at_once / workers).max(1),
            ..self.clone()
        };
        if workers == 1 {
            let results = tasks.iter();
            return results
                .map(|task| worker.carry_out(task, &carry_out))
                .collect();
        }
        let next_task = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let number = next_task.fetch_add(1, Ordering::Relaxed);
                        let Some(task) = tasks.get(number) else { break };
                        let result = worker.carry_out(task, &carry_out);
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results.push((number, result));
                    }
                });
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// The result of a task, carried out by the threads of the model.
    fn carry_out<T: Sync, R: Send>(
        &self,
        task: &T,
        carry_out: &(impl Fn(&Self, &T) -> Result<R, FitError> + Sync),
    ) -> Result<R, FitError> {
        run::on_threads(Some(self.threads), || Ok(carry_out(self, task)))?
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
        self.series.iter().all(|series| series.sigma.is_some())
    }

    /// The number of residuals minus the number of unknowns.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are few")]
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
