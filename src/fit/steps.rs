//! [`Steps`]: the steps of all runs of a fit.

use crate::params::{Place, RawParams, value::Value};

/// The steps of all runs of a fit, of methods that take steps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Steps {
    /// The time step \[time\].
    pub dt: Option<f64>,
    /// The number of stages of a step of RKL2.
    pub stages: Option<usize>,
}

impl Steps {
    /// The parameters with these steps.
    #[must_use]
    pub fn set(&self, mut raw: RawParams) -> RawParams {
        if let Some(dt) = self.dt {
            raw = raw
                .without("safety")
                .with("dt", Value::Float(dt), Place::Default);
        }
        if let Some(stages) = self.stages {
            let stages = i64::try_from(stages).unwrap_or(i64::MAX);
            raw = raw.with("stages", Value::Integer(stages), Place::Default);
        }
        raw
    }
}
