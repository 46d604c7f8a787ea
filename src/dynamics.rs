//! [`Dynamics`]: how a state changes in time.

use crate::schedule::Pace;
use diff2d_arrays::wording::bytes;
use diff2d_spectral::Spectral;
use diff2d_stencil::real::Real;
use diff2d_stencil::{Equation, Rkl2, Walls};
use ndarray::Array2;
use serde::Serialize;
use std::fmt;

/// The walls for the steps between consecutive times, and why steps with them cannot be taken.
pub type WallsAt<T> = Box<dyn Fn(&[f64]) -> (Walls<T>, Option<Halt>) + Send + Sync>;
/// Writes `dt S` at a time; says why a step with it cannot be taken.
pub type SourceAt<T> = Box<dyn Fn(f64, &mut Array2<T>) -> Option<Halt> + Send + Sync>;

/// How a step of a length is taken that is shorter than the others.
pub type ShorterOf<T> = Box<dyn Fn(f64) -> Shorter<T> + Send + Sync>;

/// The factors of a source's terms at times, and why a step with them cannot be taken.
pub type FactorsAt<T> = Box<dyn Fn(&[f64]) -> (Vec<T>, Option<Halt>) + Send + Sync>;

/// How near a state is to the one that time tends to, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Steadiness {
    /// The change per time since the snapshot before, of the last one of a run that ends by it \[density/time\].
    #[serde(rename = "steady", skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Of a state that was solved for: what is left of the right side, as a share of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residual: Option<f64>,
    /// The cycles of multigrid that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

impl Steadiness {
    /// Where no more than that is known.
    #[must_use]
    pub fn of_rate(rate: Option<f64>) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }
}

impl fmt::Display for Steadiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rate) = self.rate {
            write!(f, "changes by {rate:?} per time")?;
        }
        if let (Some(residual), Some(cycles)) = (self.residual, self.cycles) {
            write!(f, "cycle {cycles}, residual {residual:.1e}")?;
        }
        Ok(())
    }
}

/// Why steps cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// A formula that has no finite value at some time of a run.
    #[error(
        "{key} has no finite value at {place} and t = {time:?}, where the run ends: a runtime below that, or another formula, can be run"
    )]
    NotFinite {
        /// The parameter.
        key: &'static str,
        /// The node, in words.
        place: String,
        /// The time \[time\].
        time: f64,
    },
    /// A wall whose coefficients make steps of this length unstable at some time of a run.
    #[error(
        "{key} makes steps of dt = {dt:?} unstable at {place} and t = {time:?}, where the run ends: there they are stable up to {limit:?}, so dt = {limit:?} or less can be run"
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
        /// The largest stable one then \[time\].
        limit: f64,
    },
    /// A steady state that was not reached.
    #[error(
        "the steady state was not reached, and nothing is committed: {cycles} cycles of multigrid leave {residual:.1e} of the right side, and tolerance = {tolerance:?} is asked for; a larger tolerance, or method = \"rkl2\" with until = {{ steady = … }}, can be run"
    )]
    NotConverged {
        /// Cycles of multigrid.
        cycles: usize,
        /// What is left of the right side.
        residual: f64,
        /// What may be left of it.
        tolerance: f64,
    },
    /// A steady state that takes more memory than is allowed, as far as that is known.
    #[error(
        "the run needs {} of memory or more, and may take {}: materials like these have large coarser levels of multigrid; allow that much with --memory, or take method = \"rkl2\" with until",
        bytes(*needed), bytes(*memory)
    )]
    Memory {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        memory: u64,
    },
    /// A state with a value that is infinite or NaN.
    #[error(
        "p is {value:?} at {place} after step {step}, t = {time:?}, where the run ends and what was committed before stays: values have grown beyond what a float holds, as beside a Robin wall with a/b < 0; a shorter runtime, smaller values or precision = \"f64\" can be run"
    )]
    State {
        /// The value.
        value: f64,
        /// The node, in words.
        place: String,
        /// Steps taken.
        step: u64,
        /// The time \[time\].
        time: f64,
    },
}

/// How a state changes in time, for the rows of a slab: the equation, what lies beyond the sides, and
/// what of both depends on time.
pub struct Dynamics<T> {
    /// What a step adds to the state.
    pub equation: Equation<T>,
    /// What lies beyond the sides of the grid, if it does not depend on time.
    pub walls: Walls<T>,
    /// The walls, if they depend on time.
    pub walls_at: Option<WallsAt<T>>,
    /// The source, if it depends on time; the equation then has one.
    pub source_at: Option<SourceAt<T>>,
    /// The factors of the equation's terms, if it has any.
    pub factors_at: Option<FactorsAt<T>>,
    /// How simulated time goes on.
    pub pace: Pace,
    /// How a step is taken.
    pub method: Method<T>,
    /// How a step is taken that is shorter than the others.
    pub shorter: ShorterOf<T>,
}

/// How a step is taken that is shorter than the others.
///
/// Where the coefficients are arrays, those of a whole step serve both: the increments of a part `f` of a step are `f` times
/// those of the whole one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Shorter<T> {
    /// With an equation of its own, as long as that takes no array.
    Own(Box<Equation<T>>),
    /// As a part of a whole step: of explicit Euler by one stage.
    Part(Rkl2<T>),
}

/// How a step is taken.
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
    /// An equation between walls that keep their values.
    #[must_use]
    pub fn constant(equation: Equation<T>) -> Self {
        Self {
            equation,
            walls: Walls::held(),
            walls_at: None,
            source_at: None,
            factors_at: None,
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
            .finish_non_exhaustive()
    }
}
