//! [`Dynamics`]: the change of a state in time.

use crate::schedule::Pace;
use diff2d_arrays::wording::bytes;
use diff2d_spectral::Spectral;
use diff2d_stencil::real::Real;
use diff2d_stencil::{Equation, Rkl2, Walls};
use ndarray::Array2;
use serde::Serialize;
use std::{fmt, ops::Range};

/// Evaluates the walls for the steps between consecutive times; also returns the reason why steps are impossible, if
/// there is one.
pub type WallsAt<T> = Box<dyn Fn(&[f64]) -> (Walls<T>, Option<Halt>) + Send + Sync>;
/// Writes `dt S` at a time; returns the reason why a step is impossible, if there is one.
pub type SourceAt<T> = Box<dyn Fn(f64, &mut Array2<T>) -> Option<Halt> + Send + Sync>;

/// The stepping of a shorter step with the given length.
pub type ShorterOf<T> = Box<dyn Fn(f64) -> Shorter<T> + Send + Sync>;

/// Evaluates the factors of a source's terms at times; also returns the reason why a step is impossible, if there is
/// one.
pub type FactorsAt<T> = Box<dyn Fn(&[f64]) -> (Vec<T>, Option<Halt>) + Send + Sync>;

/// The change of steps in time because D or decay depends on time.
pub struct Ageing<T> {
    /// The means of the functions of time in D and decay over a span. For the exact solution the only one is that of D,
    /// divided by the D of the method.
    pub factors: Box<dyn Fn(Range<f64>) -> Vec<f64> + Send + Sync>,
    /// The step with such means, which begins at a time. The exact solution does not use it.
    pub step: AgedStepOf<T>,
}

/// Evaluates a step from the means of functions of time, and the time at which it begins.
pub type AgedStepOf<T> = Box<dyn Fn(&[f64], f64) -> Result<AgedStep<T>, Halt> + Send + Sync>;

/// What differs from step to step because D or decay depends on time, as in [`Dynamics`].
pub struct AgedStep<T> {
    /// The equation of a full step.
    pub equation: Equation<T>,
    /// The walls, if they do not depend on time.
    pub walls: Walls<T>,
    /// The evaluation of the walls, if they depend on time.
    pub walls_at: Option<WallsAt<T>>,
    /// The stepping of shorter steps.
    pub shorter: ShorterOf<T>,
}

/// The distance of a state from the steady state, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Steadiness {
    /// The residual of a state that was solved for, relative to the right side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual: Option<f64>,
    /// The number of multigrid cycles of that solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

impl fmt::Display for Steadiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(residual), Some(cycles)) = (self.residual, self.cycles) {
            write!(f, "cycle {cycles}, residual {residual:.1e}")?;
        }
        Ok(())
    }
}

/// The reason why steps cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// A formula has no finite value at some time of a run.
    #[error(
        "{key} has no finite value at {place} and t = {time:?}, so the run ends there: a shorter runtime, or another formula, can be run"
    )]
    NotFinite {
        /// The parameter.
        key: &'static str,
        /// The node, in words.
        place: String,
        /// The time \[time\].
        time: f64,
    },
    /// D or decay has a value that is out of range at some time of a run.
    #[error(
        "{key} is negative, not finite, or larger than the time step allows at {place} and t = {time:?}, so the run ends there: a shorter runtime, or another formula, can be run"
    )]
    Material {
        /// The parameter.
        key: &'static str,
        /// The node, in words.
        place: String,
        /// The time \[time\].
        time: f64,
    },
    /// The coefficients of a wall make steps of this length unstable at some time of a run.
    #[error(
        "{key} makes steps of dt = {dt:?} unstable at {place} and t = {time:?}, so the run ends there: the largest stable step is {limit:?}, so dt = {limit:?} or less can be run"
    )]
    Unstable {
        /// The parameter.
        key: &'static str,
        /// The node, in words.
        place: String,
        /// The time \[time\].
        time: f64,
        /// The time step \[time\].
        dt: f64,
        /// The largest stable time step at that time \[time\].
        limit: f64,
    },
    /// The steady state was not reached.
    #[error(
        "the steady state was not reached, and nothing is committed: after {cycles} cycles of multigrid the residual is {residual:.1e} of the right side, above tolerance = {tolerance:?}; a larger tolerance, or method = \"rkl2\" with until = {{ steady = … }}, can be run"
    )]
    NotConverged {
        /// The number of multigrid cycles.
        cycles: usize,
        /// The residual relative to the right side.
        residual: f64,
        /// The largest accepted residual.
        tolerance: f64,
    },
    /// The coefficients of a step cannot be evaluated.
    #[error("{0}")]
    Unready(String),
    /// The system refuses memory that a step takes beside the state.
    #[error(
        "the system refuses the memory that a step takes beside the state: fewer threads or a larger dx take less"
    )]
    TileMemory,
    /// The steady state takes more memory than is allowed.
    #[error(
        "the run needs {} of memory or more, and may take {}: materials like these have large coarser levels of multigrid; allow that much with --memory, or take method = \"rkl2\" with until",
        bytes(*needed), bytes(*memory)
    )]
    Memory {
        /// The bytes that are needed.
        needed: u64,
        /// The bytes that are allowed.
        memory: u64,
    },
    /// The state has a value that is infinite or NaN.
    #[error(
        "p is {value:?} at {place} after step {step}, t = {time:?}, so the run ends there, and committed snapshots stay: values have exceeded the range of floats, as beside a Robin wall with a/b < 0; a shorter runtime, smaller values or precision = \"f64\" can be run"
    )]
    State {
        /// The value.
        value: f64,
        /// The node, in words.
        place: String,
        /// The number of steps taken.
        step: u64,
        /// The time \[time\].
        time: f64,
    },
}

/// The change of a state in time, for the rows of a slab: the equation, the walls, and their dependence on time.
pub struct Dynamics<T> {
    /// The equation, which gives the increment of a step.
    pub equation: Equation<T>,
    /// The walls on the sides of the grid, if they do not depend on time.
    pub walls: Walls<T>,
    /// The evaluation of the walls, if they depend on time.
    pub walls_at: Option<WallsAt<T>>,
    /// The evaluation of the source, if it depends on time at each node; the equation then has an array for it.
    pub source_at: Option<SourceAt<T>>,
    /// The evaluation of the factors of the source's terms, if there are any.
    pub factors_at: Option<FactorsAt<T>>,
    /// The evaluation of all of this for a step, if D or decay depends on time.
    pub ageing: Option<Ageing<T>>,
    /// The relation of steps to simulated time.
    pub pace: Pace,
    /// The time-stepping method.
    pub method: Method<T>,
    /// The stepping of shorter steps.
    pub shorter: ShorterOf<T>,
}

/// The stepping of a step that is shorter than the others.
///
/// Coefficients that are arrays are shared with the full step: the increments of a fraction `f` of a step are `f` times
/// the increments of the full step.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Shorter<T> {
    /// An equation for the shorter step, if it needs no array.
    Own(Box<Equation<T>>),
    /// A fraction of a full step; a step of explicit Euler is written as one stage.
    Part(Rkl2<T>),
}

/// The time-stepping method.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Method<T> {
    /// Explicit Euler.
    Euler,
    /// Runge-Kutta-Legendre super-time-stepping of second order: many stages a step.
    Rkl2(Rkl2<T>),
    /// The exact solution in time of the five-point system.
    Exact(Spectral),
}

impl<T: Real> Dynamics<T> {
    /// The dynamics of an equation between walls with constant values.
    pub fn constant(equation: Equation<T>) -> Self {
        Self {
            equation,
            walls: Walls::held(),
            walls_at: None,
            source_at: None,
            factors_at: None,
            ageing: None,
            pace: Pace::added_up(0.0),
            method: Method::Euler,
            shorter: Box::new(|_| Shorter::Part(Rkl2::part_of_euler(1.0))),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Dynamics<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dynamics")
            .field("equation", &self.equation)
            .field("walls", &self.walls)
            .field("method", &self.method)
            .field("walls depend on time", &self.walls_at.is_some())
            .field("source depends on time", &self.source_at.is_some())
            .field("factors depend on time", &self.factors_at.is_some())
            .field("coefficients depend on time", &self.ageing.is_some())
            .finish_non_exhaustive()
    }
}
