//! [`Shifts`]: how far the steps and the spacing of a fit move its unknowns.

use super::{
    error::FitError,
    least_squares::Minimum,
    linear_errors::{errors_without_bounds, is_at_bound},
    matrix::Triangle,
    model::Model,
    unknowns::Unknown,
};
use crate::{
    accuracy::{TENTH, cells, coarser, spacing_of, updates_of},
    grid::Axis,
    params::{Layout, Place, RawParams, StepMethod, value::Value},
    problem::Problem,
};

/// The changes of scaled unknowns without the error of the steps, and without the error of the spacing; nothing where that
/// is not known.
///
/// The values at the estimate with half the step give the error δy of all values, for the order of the method is known. Values on
/// two other grids give the error of the spacing and its order, which is 2, or less where the problem is not smooth: of an amount
/// that leaves through a wall which suddenly cools, it is 1. The unknowns follow by -(JᵀJ)⁻¹Jᵀδy, those at bounds as far as that
/// leads inward.
#[derive(Debug, Clone)]
pub struct Shifts {
    /// The shift by the steps of each unknown.
    pub step: Option<Vec<Shift>>,
    /// The shift by the spacing of each unknown.
    pub spacing: Option<Vec<Shift>>,
    /// The time step.
    dt: f64,
    /// The spacings along x and y.
    spacings: [f64; 2],
    /// The standard error of each scaled unknown, of one at a bound as if there were none.
    errors: Vec<f64>,
}

/// The change of a scaled unknown without an error, and the order of that error in the step or in the spacing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shift {
    pub size: f64,
    order: f64,
}

/// The share of the runs of a fit that its shifts may take; what takes a tenth of a second is always affordable.
const SHARE: f64 = 0.2;

/// The shift in standard errors above which it is told and widens the interval, and the one that recommended steps and
/// spacings have.
const TOLD: f64 = 0.2;
const AIM: f64 = 0.1;
/// The part of a shift by which it may be wrong.
const DOUBT: f64 = 0.25;

/// Another grid for the same problem.
struct OtherGrid {
    raw: RawParams,
    /// The spacing relative to that of the problem's own grid.
    ratio: f64,
    /// The number of times by which the steps are shorter.
    shorter: f64,
}

/// The orders of errors of the spacing.
const ORDERS: [f64; 2] = [1.0, 2.0];

impl Shifts {
    /// The shifts at a minimum.
    ///
    /// # Errors
    /// [`FitError::Stopped`].
    pub fn of(model: &Model, best: &Minimum) -> Result<Self, FitError> {
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
        let grids = other_grids(&problem, &raw, model.runs.done());
        let grids = grids
            .into_iter()
            .filter(|grid| model.with_runs_of(&grid.raw).is_ok());
        let grids: Vec<OtherGrid> = grids.take(2).collect();
        let values = model.weighted_values(&best.point);
        let of_half_step = match &half_step {
            Some(raw) => differences(model, raw, &values)?,
            None => None,
        };
        let order = if method == StepMethod::Euler { 1 } else { 2 };
        let follow = Follow::new(model, best);
        let step = match (&of_half_step, method.is_exact_in_time()) {
            (_, true) => Some(vec![Shift::default(); model.unknowns.len()]),
            (None, _) => None,
            (Some(parts), _) => {
                let errors = parts
                    .iter()
                    .map(|part| part * step_share(order, f64::INFINITY));
                let errors: Vec<f64> = errors.collect();
                follow.within_bounds(|moving| {
                    let sizes = follow.changes(moving, &errors).into_iter();
                    let order = f64::from(order);
                    Some(sizes.map(|size| Shift { size, order }).collect())
                })
            }
        };
        let mut differences_of_grids = Vec::new();
        for grid in &grids {
            let Some(mut parts) = differences(model, &grid.raw, &values)? else {
                continue;
            };
            if let Some(of_steps) = &of_half_step {
                for (part, of_steps) in parts.iter_mut().zip(of_steps) {
                    *part -= of_steps * step_share(order, grid.shorter);
                }
            }
            differences_of_grids.push((grid.ratio, parts));
        }
        let spacing = follow.within_bounds(|moving| {
            let grids = differences_of_grids.iter();
            let changes = grids.map(|(ratio, parts)| (*ratio, follow.changes(moving, parts)));
            spacing_shifts(&changes.collect::<Vec<_>>())
        });
        Ok(Self {
            step,
            spacing,
            dt,
            spacings: [problem.grid.x.spacing, problem.grid.y.spacing],
            errors: errors_without_bounds(model, best),
        })
    }
}

/// The differences of all weighted values with other parameters; nothing if these cannot be computed.
fn differences(
    model: &Model,
    raw: &RawParams,
    values: &[f64],
) -> Result<Option<Vec<f64>>, FitError> {
    // The finer grid may need more memory than the problem's own.
    let result = model.with_runs_of(raw).and_then(|model| {
        let mut results = model.spread(&[raw], |model, raw| model.weighted_values_of(raw));
        results.pop().unwrap_or(Err(FitError::Stopped))
    });
    match result {
        Ok(others) => {
            let pairs = others.iter().zip(values);
            Ok(Some(pairs.map(|(other, value)| other - value).collect()))
        }
        Err(FitError::Stopped) => Err(FitError::Stopped),
        Err(_) => Ok(None),
    }
}

/// The part of the error of steps that is gone where these are `shorter` times shorter, relative to the part that is gone with half
/// the step.
fn step_share(order: i32, shorter: f64) -> f64 {
    let [part, part_of_half] = [shorter, 2.0].map(|divisor| 1.0 - divisor.powi(-order));
    part / part_of_half
}

/// The shifts by the spacing, from the changes of all unknowns on other grids, each with its spacing relative to the problem's own.
fn spacing_shifts(changes: &[(f64, Vec<f64>)]) -> Option<Vec<Shift>> {
    let (ratio, nearest) = changes.first()?;
    let shifts = nearest.iter().enumerate().map(|(number, &change)| {
        let order = changes.get(1).map_or(ORDERS[1], |(other_ratio, others)| {
            spacing_order([*ratio, *other_ratio], others[number] / change)
        });
        Shift {
            size: change / (1.0 - ratio.powf(order)),
            order,
        }
    });
    Some(shifts.collect())
}

/// The order of an error of which the changes on grids of two ratios of spacings have this quotient, or the nearest one there is.
fn spacing_order(ratios: [f64; 2], quotient: f64) -> f64 {
    const HALVINGS: usize = 20;
    let [mut low, mut high] = ORDERS;
    let [at_low, at_high] = ORDERS.map(|order| quotient_of_changes(ratios, order) - quotient);
    let is_between = at_low * at_high < 0.0;
    if !is_between {
        return if at_low.abs() < at_high.abs() {
            low
        } else {
            high
        };
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if (quotient_of_changes(ratios, middle) - quotient) * at_low > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The quotient of the changes of an error of some order on grids of two ratios: an error a changes by a (ratioᵒʳᵈᵉʳ - 1).
fn quotient_of_changes(ratios: [f64; 2], order: f64) -> f64 {
    let [change, other_change] = ratios.map(|ratio| ratio.powf(order) - 1.0);
    other_change / change
}

impl Shifts {
    /// How far the interval of an unknown reaches beyond its ends, the lower and the upper one, for shifts that are told.
    #[must_use]
    pub fn reach(&self, number: usize) -> [f64; 2] {
        let shifts = [&self.step, &self.spacing].into_iter().flatten();
        let shifts = shifts.map(|shifts| shifts[number].size);
        let shifts: Vec<f64> = shifts
            .filter(|shift| shift.abs() > TOLD * self.errors[number])
            .collect();
        let total: f64 = shifts.iter().sum();
        let doubt = DOUBT * shifts.iter().map(|shift| shift.abs()).sum::<f64>();
        [(total - doubt).min(0.0), (total + doubt).max(0.0)]
    }

    /// A sentence on the steps and one on the spacing, if they move unknowns far.
    #[must_use]
    pub fn warnings(&self, unknowns: &[Unknown]) -> Vec<String> {
        let of_steps = self.step.as_ref().and_then(|shifts| {
            let (moved, share) = moved(shifts, unknowns, &self.errors)?;
            Some(format!(
                "steps of {:?} {moved}; with dt = {:.1e} a tenth of an error is left",
                shown(self.dt),
                share * self.dt
            ))
        });
        let of_spacing = self.spacing.as_ref().and_then(|shifts| {
            let (moved, share) = moved(shifts, unknowns, &self.errors)?;
            let names = match self.spacings {
                [dx, dy] if dx == dy => format!("dx = {:.1e}", share * dx),
                [dx, dy] => format!("dx = {:.1e} and dy = {:.1e}", share * dx, share * dy),
            };
            Some(format!(
                "cells of {:?} {moved}; with {names} a tenth of an error is left",
                shown(self.spacings[0])
            ))
        });
        of_steps.into_iter().chain(of_spacing).collect()
    }
}

/// The end of a sentence on the unknowns that shifts move far, and the share of the step or of the spacing that leaves a tenth of an
/// error.
fn moved(shifts: &[Shift], unknowns: &[Unknown], errors: &[f64]) -> Option<(String, f64)> {
    let mut parts = Vec::new();
    let mut share = f64::INFINITY;
    for ((shift, error), unknown) in shifts.iter().zip(errors).zip(unknowns) {
        let relative = shift.size.abs() / error;
        if relative > TOLD {
            parts.push(format!(
                "{} by {relative:.1} of its standard errors",
                unknown.name
            ));
            share = share.min((AIM / relative).powf(1.0 / shift.order));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let moved = parts.join(" and ");
    Some((
        format!("move {moved}, and intervals reach as much further"),
        share,
    ))
}

/// A number in three digits.
fn shown(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// The changes of unknowns that follow from changes of the values, in a linear model.
pub(super) struct Follow<'a> {
    model: &'a Model,
    best: &'a Minimum,
    /// The unknowns that are at no bound, and those that are.
    free: Vec<usize>,
    held: Vec<usize>,
}

impl<'a> Follow<'a> {
    pub fn new(model: &'a Model, best: &'a Minimum) -> Self {
        let numbers = 0..model.unknowns.len();
        let (held, free) = numbers.partition(|&number| is_at_bound(model, best, number));
        Self {
            model,
            best,
            free,
            held,
        }
    }

    /// The changes of all unknowns of which only `moving` ones can change, if all values change by their errors; priors do not.
    pub fn changes(&self, moving: &[usize], errors: &[f64]) -> Vec<f64> {
        let columns = self.best.jacobian.of_columns(moving);
        let mut opposite: Vec<f64> = errors.iter().map(|error| -error).collect();
        opposite.resize(columns.rows(), 0.0);
        let mut changes = vec![0.0; self.model.unknowns.len()];
        let solution = Triangle::of(&columns, &opposite).solve();
        for (&number, change) in moving.iter().zip(solution) {
            changes[number] = change;
        }
        changes
    }

    /// The shifts of all unknowns, from those which only `moving` unknowns would have without bounds. An unknown at a bound moves
    /// if the least sum of squares without its bound, which is outside, is then inside.
    fn within_bounds(
        &self,
        shifts_of: impl Fn(&[usize]) -> Option<Vec<Shift>>,
    ) -> Option<Vec<Shift>> {
        let mut moving = self.free.clone();
        let mut shifts = shifts_of(&moving)?;
        for &number in &self.held {
            let moving_too = [&moving[..], &[number]].concat();
            let mut shifts_too = shifts_of(&moving_too)?;
            let distances = self.changes(&moving_too, &self.best.point.residuals);
            for (shift, distance) in shifts_too.iter_mut().zip(distances) {
                shift.size += distance;
            }
            let mut of_held = self.held.iter().filter(|held| moving_too.contains(held));
            if of_held.all(|&held| shifts_too[held].size * self.inward(held) > 0.0) {
                (moving, shifts) = (moving_too, shifts_too);
            }
        }
        Some(shifts)
    }

    /// The sign of a change that leads from the bound of an unknown to values between its bounds.
    fn inward(&self, number: usize) -> f64 {
        let [low, _] = self.model.unknowns[number].scaled_bounds();
        if self.best.point.at[number] <= low {
            1.0
        } else {
            -1.0
        }
    }
}

/// Grids of half the spacing, unless it takes more than a share of `runs` runs, of twice and of four times the spacing, as far as there
/// are. Nothing for layouts with walls beside the domain and for arrays of values, which are of one grid.
#[expect(clippy::cast_precision_loss, reason = "estimates")]
fn other_grids(problem: &Problem, raw: &RawParams, runs: u64) -> Vec<OtherGrid> {
    if problem.params.grid != Layout::Walls || problem.reads_arrays() {
        return Vec::new();
    }
    let method = problem.params.method;
    let run = updates_of(problem);
    let finer_runs = match method {
        StepMethod::Euler => 16.0,
        StepMethod::Rkl2 => 8.0,
        StepMethod::Exact | StepMethod::Steady => 4.0,
    };
    let axes = [&problem.grid.x, &problem.grid.y];
    let cells = axes.map(cells);
    let is_affordable = finer_runs + 2.0 <= SHARE * runs as f64 || finer_runs * run <= TENTH;
    let mut grids = Vec::new();
    let mut coarse_cells = cells;
    for _ in 0..2 {
        let coarser = coarse_cells.map(coarser);
        if coarser == coarse_cells {
            break;
        }
        let ratios = cells
            .iter()
            .zip(coarser)
            .map(|(cells, coarser)| *cells as f64 / coarser as f64);
        grids.push(OtherGrid {
            raw: with_points_between_nodes(on_grid(raw, axes, coarser)),
            ratio: ratios.fold(1.0, f64::max),
            shorter: 1.0,
        });
        coarse_cells = coarser;
    }
    if !grids.is_empty() && !is_affordable {
        return grids;
    }
    let finer = on_grid(raw, axes, cells.map(|cells| 2 * cells)).without("stages");
    let (raw, shorter) = match method {
        StepMethod::Euler => {
            const SHORTER: f64 = 4.0;
            let dt = Value::Float(problem.schedule.dt / SHORTER);
            (finer.with("dt", dt, Place::Default), SHORTER)
        }
        _ => (finer, 1.0),
    };
    let finer = OtherGrid {
        raw,
        ratio: 0.5,
        shorter,
    };
    grids.insert(0, finer);
    grids
}

/// The parameters with points of the record where they are: the nearest node of a coarser grid may be elsewhere than that of the
/// problem's own.
fn with_points_between_nodes(raw: RawParams) -> RawParams {
    if raw.typed().first_entry_of("record.points").is_none() {
        return raw;
    }
    raw.with("record.interpolate", "linear".into(), Place::Default)
}

/// The parameters on a grid of so many cells along x and y.
fn on_grid(raw: &RawParams, axes: [&Axis; 2], cells: [u64; 2]) -> RawParams {
    let keys = ["dx", "dy"].into_iter().zip(axes).zip(cells);
    keys.fold(raw.clone(), |raw, ((key, axis), cells)| {
        let spacing = spacing_of(axis, cells);
        raw.with(key, Value::Float(spacing), Place::Default)
    })
}
