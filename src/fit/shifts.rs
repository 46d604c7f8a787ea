//! [`Shifts`]: how far the steps and the spacing of a fit move its unknowns.

use super::{
    error::FitError,
    least_squares::Minimum,
    matrix::{Matrix, Triangle},
    model::Model,
    unknowns::Unknown,
};
use crate::{
    grid::Axis,
    params::{Layout, Place, RawParams, StepMethod, value::Value},
    problem::Problem,
};

/// The changes of scaled unknowns without the error of the steps, and without the error of the spacing; nothing where that
/// is not known. Unknowns at bounds do not move.
///
/// The values at the estimate with half the step, and on a grid of half or twice the spacing, give the error δy of all values, for
/// the order of the method is known. The unknowns follow by -(JᵀJ)⁻¹Jᵀδy.
#[derive(Debug, Clone)]
pub struct Shifts {
    /// The shift by the steps of each unknown.
    pub step: Option<Vec<f64>>,
    /// The shift by the spacing of each unknown.
    pub spacing: Option<Vec<f64>>,
    /// The time step, and the order of the error of the method in it.
    pub dt: f64,
    pub order: i32,
    /// The spacings along x and y.
    pub spacings: [f64; 2],
}

/// The share of the runs of a fit that its shifts may take, and the number of node updates that take about a tenth of a
/// second, which are always affordable.
const SHARE: f64 = 0.2;
const TENTH: f64 = (1_u64 << 25) as f64;
/// The fewest cells of an axis that is made coarser.
const FEWEST_CELLS: usize = 6;

/// The shift in standard errors above which it is told and widens the interval, and the one that recommended steps and
/// spacings have.
const TOLD: f64 = 0.2;
const AIM: f64 = 0.1;
/// The part of a shift by which it may be wrong.
const DOUBT: f64 = 0.25;

/// Another grid for the same problem.
struct OtherGrid {
    raw: RawParams,
    /// The error of the problem's own grid relative to the difference between the two, which is of second order.
    share: f64,
    /// The number of times by which the steps are shorter.
    shorter: f64,
}

impl Shifts {
    /// The shifts at a minimum of which `free` unknowns are at no bound.
    ///
    /// # Errors
    /// [`FitError::Stopped`].
    pub fn of(model: &Model, best: &Minimum, free: &[usize]) -> Result<Self, FitError> {
        let raw = model.raw_at(&best.point.at);
        let problem = model.problem_at(&best.point.at)?;
        let (dt, method) = (problem.schedule.dt, problem.params.method);
        let half_step = match method {
            StepMethod::Euler | StepMethod::Rkl2 => Some(raw.clone().with(
                "dt",
                Value::Float(dt / 2.0),
                Place::Default,
            )),
            _ => None,
        };
        let grids = other_grids(&problem, &raw, model.runs.done()).into_iter();
        let mut grids = grids.filter_map(|grid| Some((model.with_runs_of(&grid.raw).ok()?, grid)));
        let (model, other_grid) = match grids.next() {
            Some((model, grid)) => (model, Some(grid)),
            None => (model.clone(), None),
        };
        let tasks = [half_step, other_grid.as_ref().map(|grid| grid.raw.clone())];
        // One after the other, each by all threads: the finer grid takes most of the time.
        let results = tasks.iter().flat_map(|task| {
            model.spread(std::slice::from_ref(task), |model, task| {
                task.as_ref()
                    .map(|raw| model.weighted_values_of(raw))
                    .transpose()
            })
        });
        let mut differences = Vec::new();
        let values = model.weighted_values(&best.point);
        for result in results {
            differences.push(match result {
                Ok(others) => others.map(|others| {
                    let pairs = others.iter().zip(&values);
                    pairs
                        .map(|(other, value)| other - value)
                        .collect::<Vec<f64>>()
                }),
                Err(FitError::Stopped) => return Err(FitError::Stopped),
                // What cannot be computed is not known.
                Err(_) => None,
            });
        }
        let (of_grid, of_half_step) = (differences.pop().flatten(), differences.pop().flatten());
        let order = if method == StepMethod::Euler { 1 } else { 2 };
        let error_of_steps = |part: f64, shorter: f64| {
            let remainder = |divisor: f64| 1.0 - divisor.powi(-order);
            part * remainder(shorter) / remainder(2.0)
        };
        let follow = Follow::new(&model, best, free);
        let step = match (&of_half_step, method.is_exact_in_time()) {
            (_, true) => Some(vec![0.0; model.unknowns.len()]),
            (None, _) => None,
            (Some(parts), _) => {
                let errors = parts
                    .iter()
                    .map(|part| error_of_steps(*part, f64::INFINITY));
                Some(follow.errors(errors.collect()))
            }
        };
        let spacing = of_grid.zip(other_grid).map(|(mut parts, grid)| {
            if let Some(of_steps) = &of_half_step {
                for (part, of_steps) in parts.iter_mut().zip(of_steps) {
                    *part -= error_of_steps(*of_steps, grid.shorter);
                }
            }
            follow.errors(parts.iter().map(|part| grid.share * part).collect())
        });
        Ok(Self {
            step,
            spacing,
            dt,
            order,
            spacings: [problem.grid.x.spacing, problem.grid.y.spacing],
        })
    }
}

impl Shifts {
    /// How far the interval of an unknown of this standard error reaches beyond its ends, the lower and the upper one, for
    /// shifts that are told.
    #[must_use]
    pub fn reach(&self, number: usize, error: f64) -> [f64; 2] {
        let shifts = [&self.step, &self.spacing].into_iter().flatten();
        let shifts = shifts.map(|shifts| shifts[number]);
        let shifts: Vec<f64> = shifts.filter(|shift| shift.abs() > TOLD * error).collect();
        let total: f64 = shifts.iter().sum();
        let doubt = DOUBT * shifts.iter().map(|shift| shift.abs()).sum::<f64>();
        [(total - doubt).min(0.0), (total + doubt).max(0.0)]
    }

    /// A sentence on the steps and one on the spacing, if they move unknowns of these standard errors far.
    #[must_use]
    pub fn warnings(&self, unknowns: &[Unknown], errors: &[Option<f64>]) -> Vec<String> {
        let of_steps = self.step.as_ref().and_then(|shifts| {
            let (moved, largest) = moved(shifts, unknowns, errors)?;
            let dt = self.dt * (AIM / largest).powf(1.0 / f64::from(self.order));
            Some(format!(
                "steps of {:?} {moved}; with dt = {dt:.1e} a tenth of an error is left",
                shown(self.dt)
            ))
        });
        let of_spacing = self.spacing.as_ref().and_then(|shifts| {
            let (moved, largest) = moved(shifts, unknowns, errors)?;
            let finer = (AIM / largest).sqrt();
            let names = match self.spacings {
                [dx, dy] if dx == dy => format!("dx = {:.1e}", finer * dx),
                [dx, dy] => format!("dx = {:.1e} and dy = {:.1e}", finer * dx, finer * dy),
            };
            Some(format!(
                "cells of {:?} {moved}; with {names} a tenth of an error is left",
                shown(self.spacings[0])
            ))
        });
        of_steps.into_iter().chain(of_spacing).collect()
    }
}

/// The end of a sentence on the unknowns that shifts move far, and the largest shift in standard errors.
fn moved(shifts: &[f64], unknowns: &[Unknown], errors: &[Option<f64>]) -> Option<(String, f64)> {
    let relative = shifts.iter().zip(errors).zip(unknowns);
    let relative = relative.filter_map(|((shift, error), unknown)| {
        let errors = shift.abs() / (*error)?;
        (errors > TOLD).then_some((unknown, errors))
    });
    let relative: Vec<(&Unknown, f64)> = relative.collect();
    let largest = relative
        .iter()
        .map(|(_, errors)| *errors)
        .reduce(f64::max)?;
    let parts = relative
        .iter()
        .map(|(unknown, errors)| format!("{} by {errors:.1} of its standard errors", unknown.name));
    let parts: Vec<String> = parts.collect();
    Some((
        format!(
            "move {}, and intervals reach as much further",
            parts.join(" and ")
        ),
        largest,
    ))
}

/// A number in three digits.
fn shown(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// The changes of unknowns that follow from changes of the values, in a linear model.
pub(super) struct Follow<'a> {
    columns: Matrix,
    free: &'a [usize],
    count: usize,
}

impl<'a> Follow<'a> {
    pub fn new(model: &Model, best: &Minimum, free: &'a [usize]) -> Self {
        Self {
            columns: best.jacobian.of_columns(free),
            free,
            count: model.unknowns.len(),
        }
    }

    /// The changes of all unknowns if all values change by their errors; priors do not.
    pub fn errors(&self, errors: Vec<f64>) -> Vec<f64> {
        let mut opposite: Vec<f64> = errors.into_iter().map(|error| -error).collect();
        opposite.resize(self.columns.rows(), 0.0);
        let mut changes = vec![0.0; self.count];
        let solution = Triangle::of(&self.columns, &opposite).solve();
        for (&number, change) in self.free.iter().zip(solution) {
            changes[number] = change;
        }
        changes
    }
}

/// A grid of half the spacing, unless it takes more than a share of `runs` runs, and one of twice the spacing. Nothing for layouts
/// with walls beside the domain and for arrays of values, which are of one grid.
#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn other_grids(problem: &Problem, raw: &RawParams, runs: u64) -> Vec<OtherGrid> {
    if problem.params.grid != Layout::Walls || problem.reads_arrays() {
        return Vec::new();
    }
    let method = problem.params.method;
    let steps = problem.schedule.last_step().max(1) as f64 * problem.stages() as f64;
    let run = problem.grid.len() as f64 * steps;
    let finer_runs = match method {
        StepMethod::Euler => 16.0,
        StepMethod::Rkl2 => 8.0,
        StepMethod::Exact | StepMethod::Steady => 4.0,
    };
    let axes = [&problem.grid.x, &problem.grid.y];
    let cells = axes.map(|axis| axis.nodes - 1);
    let coarser = cells.map(|cells| {
        if cells < FEWEST_CELLS {
            cells
        } else {
            cells.div_ceil(2)
        }
    });
    let ratio = cells
        .iter()
        .zip(coarser)
        .map(|(cells, coarser)| *cells as f64 / coarser as f64);
    let ratio = ratio.fold(1.0, f64::max);
    let is_affordable = finer_runs + 2.0 <= SHARE * runs as f64 || finer_runs * run <= TENTH;
    let coarser = (ratio > 1.0).then(|| OtherGrid {
        raw: on_grid(raw, axes, coarser),
        share: -1.0 / (ratio * ratio - 1.0),
        shorter: 1.0,
    });
    if coarser.is_some() && !is_affordable {
        return coarser.into_iter().collect();
    }
    let finer = on_grid(raw, axes, cells.map(|cells| 2 * cells)).without("stages");
    let shorter = if method == StepMethod::Euler {
        4.0
    } else {
        1.0
    };
    let raw = match method {
        StepMethod::Euler => {
            let dt = Value::Float(problem.schedule.dt / shorter);
            finer.with("dt", dt, Place::Default)
        }
        _ => finer,
    };
    let finer = OtherGrid {
        raw,
        share: 4.0 / 3.0,
        shorter,
    };
    [finer].into_iter().chain(coarser).collect()
}

/// The parameters on a grid of so many cells along x and y.
#[expect(clippy::cast_precision_loss, reason = "numbers of cells are small")]
fn on_grid(raw: &RawParams, axes: [&Axis; 2], cells: [usize; 2]) -> RawParams {
    let keys = ["dx", "dy"].into_iter().zip(axes).zip(cells);
    keys.fold(raw.clone(), |raw, ((key, axis), cells)| {
        let (lower, upper) = axis.domain();
        // A quarter more, so that truncation gives this number.
        let spacing = (upper - lower) / (cells as f64 + 0.25);
        raw.with(key, Value::Float(spacing), Place::Default)
    })
}
