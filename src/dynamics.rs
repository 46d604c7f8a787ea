//! [`Dynamics`]: how a state changes in time.

use diff2d_spectral::Spectral;
use diff2d_stencil::real::Real;
use diff2d_stencil::{Equation, Rkl2, Walls};
use ndarray::Array2;
use std::fmt;

/// The walls for the steps between consecutive times, and where their values are not finite.
pub type WallsAt<T> = Box<dyn Fn(&[f64]) -> (Walls<T>, Option<NotFinite>) + Send + Sync>;
/// Writes `dt S` at a time; says where it is not finite.
pub type SourceAt<T> = Box<dyn Fn(f64, &mut Array2<T>) -> Option<NotFinite> + Send + Sync>;

/// A formula that has no finite value at some time of a run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{key} has no finite value at {place} and t = {time:?}, where the run ends: a runtime below that, or another formula, can be run"
)]
pub struct NotFinite {
    /// The parameter.
    pub key: &'static str,
    /// The node, in words.
    pub place: String,
    /// The time \[time\].
    pub time: f64,
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
    /// Time step \[time\].
    pub dt: f64,
    /// How a step is taken.
    pub method: Method<T>,
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
            dt: 0.0,
            method: Method::Euler,
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
            .finish_non_exhaustive()
    }
}
