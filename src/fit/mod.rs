//! A fit: determines numbers of a parameter file from measured series, with reliable intervals.
//!
//! | file | content |
//! |---|---|
//! | `unknowns.rs`, `data.rs` | the tables `[fit]` and `[[fit.data]]` |
//! | `model.rs`, `rows.rs`, `steps.rs` | the values to compare with measurements, computed by runs in memory with fixed steps |
//! | `derivatives.rs`, `frozen.rs` | their derivatives, and the steps that are fixed |
//! | `memory.rs`, `parallel.rs` | how many runs are computed at the same time |
//! | `least_squares.rs`, `matrix.rs` | Marquardt's method, with QR decompositions |
//! | `identify.rs`, `smooth.rs`, `jumps.rs` | the unknowns that the data cannot determine, and those of which values are no smooth functions, found before the first step |
//! | `profile.rs`, `quantiles.rs` | intervals by profiles of the sum of squares |
//! | `shifts.rs` | what steps and spacing move the unknowns by |
//! | `starts.rs` | the places from which the fit starts, and the best minimum of all |
//! | `stage.rs` | what the fit is doing |
//! | `linear_errors.rs`, `widening.rs`, `influence.rs`, `drift.rs` | standard errors, the factors for misfit and correlation, and trends of residuals |
//! | `kink.rs` | least sums of squares that are kinks |
//! | `misfit.rs` | the measured values, for a gradient |
//! | `answer.rs`, `plan.rs` | the results of a fit and of a plan |

mod answer;
mod data;
mod derivatives;
mod drift;
mod error;
mod frozen;
mod identify;
mod influence;
mod jumps;
mod kink;
mod least_squares;
mod linear_errors;
mod matrix;
mod memory;
mod misfit;
mod model;
mod parallel;
mod plan;
mod point;
mod profile;
mod quantiles;
mod rows;
mod shifts;
mod smooth;
mod stage;
mod starts;
mod steps;
mod unknowns;
mod widening;

pub use answer::{ColumnAnswer, FitAnswer, ROWS_HEADING, StartsAnswer, UnknownAnswer};
pub use data::{DataFiles, files_of};
pub use error::FitError;
pub use misfit::misfit_of;
pub use plan::{PlanAnswer, PlannedUnknown};
pub use stage::{Stage, Tell};
pub use steps::Steps;

use crate::{
    cube::with_start,
    measured::{Calendar, MeasuredFile},
    params::{Params, ParamsError, RawParams, value::number},
    physics::input::Digests,
};
use derivatives::DifferenceOrder;
use diff2d_arrays::progress::Progress;
use kink::at_kink;
use least_squares::{KnownDerivatives, Minimum};
use linear_errors::{LinearErrors, half_width};
use matrix::Matrix;
use memory::FitMemory;
use model::{Model, ModelOptions, problem_of};
use point::Point;
use profile::{ProfileEnd, find_profile_end};
use shifts::Shifts;
use starts::{Starts, TOLERANCE, minimum_from};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use unknowns::Unknown;
use widening::Widening;

/// The options of a fit.
#[derive(Debug, Clone, Default)]
pub struct FitOptions {
    /// The number of threads that compute; at least one.
    pub threads: usize,
    /// The number of starting points of the fit, including the values in the file. By default it is one, and a few more as long as
    /// the model does not fit where they end.
    pub starts: Option<usize>,
    /// The most bytes of memory that runs and data may take, by default what the parameters allow.
    pub memory: Option<u64>,
    /// A counter of the runs that were computed.
    pub runs: Progress,
    /// A flag that makes the fit fail with [`FitError::Stopped`].
    pub stop: Arc<AtomicUsize>,
}

/// A fit whose unknowns are determined by its data.
#[derive(Debug, Clone)]
pub struct Fit {
    model: Model,
    data_files: Vec<(PathBuf, MeasuredFile)>,
    calendar: Option<Calendar>,
    start: Point,
    jacobian: Matrix,
    options: FitOptions,
}

/// The difference of scaled unknowns for numerical derivatives, relative to their size, unless the file gives another one.
const STEP: f64 = 3e-5;
/// The largest number of restarts from a smaller sum of squares that a profile has found.
const MOST_RESTARTS: usize = 3;

impl Fit {
    /// The fit that a parameter file describes. For a plan, data need no values.
    ///
    /// # Errors
    /// [`FitError`] if the file describes no fit, or its data cannot determine the unknowns.
    pub fn new(raw: &RawParams, is_plan: bool, options: FitOptions) -> Result<Self, FitError> {
        let raw = &with_start(raw.clone())?;
        let mut digests = Digests::within(options.memory);
        let unknowns = Unknown::all(raw)?;
        if unknowns.is_empty() {
            // A slip in a name comes first.
            Params::from_raw(raw)?;
            return Err(FitError::refused(
                "nothing is varied: [fit] with vary = { h = [1, 100] } says what is to be found, and between which bounds".to_owned(),
            ));
        }
        let problem = problem_of(raw, &unknowns, &mut digests)?;
        let limit = options.memory.or(problem.params.memory);
        let data = data::read(raw, &problem, is_plan, limit)?;
        let time_unit = problem.params.canonical().unit("t");
        let origin = data.origin;
        let calendar = origin.and_then(|origin| Calendar::of_unit_named(origin, time_unit));
        let model_options = ModelOptions {
            memory: FitMemory::new(limit, &data.series, unknowns.len()),
            step: step(raw),
            threads: options.threads.max(1),
            stop: Arc::clone(&options.stop),
            runs: options.runs.clone(),
        };
        let model = Model::new(raw, unknowns, data.series, digests, model_options)?;
        model.check_jumps()?;
        if let (false, Some(unknown)) = (
            model.has_sigma(),
            model
                .unknowns
                .iter()
                .find(|unknown| unknown.prior.is_some()),
        ) {
            return Err(FitError::refused(format!(
                "the prior of {} is weighed against the data by their sigma, which [[fit.data]] must give then",
                unknown.name
            )));
        }
        let start = model.point(model.start())?;
        if !start.square.is_finite() {
            return Err(FitError::refused(
                "the sum of squares is beyond what a float holds at the values of the file: other units, or another start, make values smaller".to_owned(),
            ));
        }
        let is_free = vec![true; model.unknowns.len()];
        let jacobian = model.jacobian(&start, &is_free, DifferenceOrder::Second)?;
        if model.degrees_of_freedom() < 1.0 && !model.has_sigma() {
            return Err(FitError::refused(
                "there are as many unknowns as values, which leaves nothing to tell errors by: sigma in [[fit.data]] says them".to_owned(),
            ));
        }
        let fit = Self {
            model,
            data_files: data.files,
            calendar,
            start,
            jacobian,
            options,
        };
        fit.check_told(is_plan)?;
        Ok(fit)
    }

    /// Refuses data that cannot tell the unknowns at the values of the file. Where they can tell them elsewhere within the bounds,
    /// a fit from several places is a way out.
    fn check_told(&self, is_plan: bool) -> Result<(), FitError> {
        /// The number of places that are looked at.
        const PLACES: usize = 12;
        let untold = identify::untold(&self.model, &self.start, &self.jacobian);
        let sentences = untold.iter();
        let mut sentences: Vec<String> = sentences
            .map(|untold| untold.sentence(&self.model, &self.start))
            .collect();
        let Some(last_sentence) = sentences.last_mut() else {
            return Ok(());
        };
        let starts = self.options.starts.unwrap_or(1);
        for number in 1..PLACES.max(starts) {
            match self.is_told_at(self.starts().place(number)) {
                Err(FitError::Stopped) => return Err(FitError::Stopped),
                Ok(true) if number < starts => return Ok(()),
                Ok(true) => {
                    *last_sentence += "; so it is at the values of the file, while elsewhere within the bounds the data tell them: put others there";
                    if !is_plan {
                        let starts = number + 1;
                        *last_sentence +=
                            &format!(", or begin at several places with --starts {starts}");
                    }
                    break;
                }
                // What cannot be computed there tells nothing.
                Ok(false) | Err(_) => {}
            }
        }
        Err(FitError::refused(sentences.join("\n")))
    }

    /// Whether the data tell all unknowns at a place.
    fn is_told_at(&self, place: Vec<f64>) -> Result<bool, FitError> {
        let model = &self.model;
        let point = model.point(place)?;
        let is_free = vec![true; model.unknowns.len()];
        let jacobian = model.jacobian(&point, &is_free, DifferenceOrder::Second)?;
        Ok(identify::untold(model, &point, &jacobian).is_empty())
    }

    /// The files of measured values, in the order of their tables.
    #[must_use]
    pub fn data_files(&self) -> &[(PathBuf, MeasuredFile)] {
        &self.data_files
    }

    /// The places from which the fit starts.
    fn starts(&self) -> Starts<'_> {
        Starts {
            model: &self.model,
            first: &self.start,
            jacobian: &self.jacobian,
            count: self.options.starts,
        }
    }

    /// Finds the best-fit values and their uncertainty. `tell` is called with each stage.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn solve(&self, tell: &Tell) -> Result<FitAnswer, FitError> {
        let model = &self.model;
        let (mut minimum, starts) = self.starts().best_minimum(tell)?;
        let distance = half_width(model);
        let mut restarts = 0;
        loop {
            if !minimum.is_converged
                && let Some(found) = at_kink(model, &minimum, TOLERANCE)?
            {
                minimum = found;
            }
            let widening = Widening::of(model, &minimum);
            let distances = widening.factors.iter().map(|factor| distance * factor);
            let profile_ends = self.profile_ends(&minimum, &distances.collect::<Vec<_>>(), tell)?;
            let better_points = profile_ends.iter().filter_map(|end| end.better.as_ref());
            let better_point = better_points.min_by(|p, q| p.square.total_cmp(&q.square));
            if let Some(better_point) = better_point.filter(|_| restarts < MOST_RESTARTS) {
                restarts += 1;
                let start = better_point.clone();
                let derivatives = KnownDerivatives::Nothing;
                minimum = minimum_from(model, start, 0, derivatives, TOLERANCE, tell)?;
                continue;
            }
            let one_sided_errors = self.one_sided_errors(&minimum)?;
            let linear = LinearErrors::of(model, &minimum);
            tell(Stage::Shifts);
            let shifts = Shifts::of(model, &minimum)?;
            let mut answer = FitAnswer::new(
                model,
                &minimum,
                linear,
                &profile_ends,
                &widening,
                &shifts,
                distance,
            );
            answer.tell_kinks(&one_sided_errors, distance);
            answer.starts = starts;
            if self.options.starts.is_none() && starts.is_some_and(|starts| !starts.first) {
                answer.warnings.push(
                    "from the values of the file the fit ends where the model does not fit, so that it began again elsewhere within the bounds: this answer is a better one".to_owned(),
                );
            }
            answer.calendar = self.calendar;
            return Ok(answer);
        }
    }

    /// The unknowns at kinks of a minimum, with the distances to both sides at which the sum of squares exceeds its least value
    /// by the variance of a unit weight.
    fn one_sided_errors(&self, best: &Minimum) -> Result<Vec<(usize, [f64; 2])>, FitError> {
        let kinks = best.kinks.iter().map(|&number| {
            let unknown = &self.model.unknowns[number];
            let estimate = unknown.value(best.point.at[number]);
            let mut errors = [0.0; 2];
            for (error, direction) in errors.iter_mut().zip([-1.0, 1.0]) {
                let end = find_profile_end(&self.model, best, number, direction, 1.0)?;
                *error = (unknown.value(end.scaled) - estimate).abs();
            }
            Ok((number, errors))
        });
        kinks.collect()
    }

    /// The ends of the intervals of all unknowns, the lower and the upper end for each, at the unknowns' distances.
    fn profile_ends(
        &self,
        best: &Minimum,
        distances: &[f64],
        tell: &Tell,
    ) -> Result<Vec<ProfileEnd>, FitError> {
        let numbers = 0..self.model.unknowns.len();
        let tasks = numbers.flat_map(|number| [(number, -1.0), (number, 1.0)]);
        let tasks: Vec<(usize, f64)> = tasks.collect();
        let found_count = AtomicUsize::new(0);
        let results = self.model.spread(&tasks, |model, &(number, direction)| {
            let profile_end = find_profile_end(model, best, number, direction, distances[number])?;
            let unknown = &model.unknowns[number];
            tell(Stage::ProfileEnd {
                name: &unknown.name,
                value: unknown.value(profile_end.scaled),
                found: [found_count.fetch_add(1, Ordering::Relaxed) + 1, tasks.len()],
            });
            Ok(profile_end)
        });
        results.into_iter().collect()
    }

    /// The standard errors to be expected from the times, places and deviations of the data, at the values of the file.
    #[must_use]
    pub fn plan(&self) -> PlanAnswer {
        PlanAnswer::new(&self.model, &self.start, &self.jacobian)
    }
}

/// The difference of scaled unknowns that a parameter file states, relative to their size.
fn step(raw: &RawParams) -> f64 {
    let typed_step = raw.typed().get("fit.step");
    let typed_step = typed_step.and_then(|entry| number(&entry.value));
    typed_step.unwrap_or(STEP)
}

/// The first line of a parameter file with fitted numbers.
pub const FITTED_HEADING: &str = "# The parameters of a fit with the numbers that it has found.\n";

/// The text of the parameter file with the fitted numbers, and with the steps of the fit, for a file in `directory`.
///
/// # Errors
/// [`ParamsError`] if the parameters describe no fit.
pub fn fitted(
    raw: &RawParams,
    answer: &FitAnswer,
    directory: &Path,
) -> Result<String, ParamsError> {
    let unknowns = Unknown::all(raw)?;
    let fitted = unknowns.iter().zip(&answer.unknowns);
    let raw = fitted.fold(raw.clone(), |raw, (unknown, found)| {
        unknown.set(raw, found.estimate)
    });
    let raw = answer.steps.set(raw);
    Ok(FITTED_HEADING.to_owned() + &raw.to_toml(directory)?)
}
