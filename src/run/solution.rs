//! [`Solution`]: the snapshots of a run, kept in memory.

use crate::{codec::Codec, params::Precision, problem::Problem, schedule::Clock};
use bytemuck::cast_slice;
use diff2d_stencil::real::Real;
use std::collections::TryReserveError;

/// The snapshots of a run that writes no file, as its cube would hold them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Solution {
    /// The simulated time of each \[time\].
    pub times: Vec<f64>,
    /// Their values \[density\].
    pub states: States,
    codec: Codec,
}

/// The values of snapshots, one after the other, row by row, in the precision of their problem.
#[derive(Debug, Clone, PartialEq)]
pub enum States {
    /// `precision = "f64"`
    F64(Vec<f64>),
    /// `precision = "f32"`
    F32(Vec<f32>),
}

impl Solution {
    /// No snapshot yet.
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            times: Vec::new(),
            states: match problem.params.precision {
                Precision::F64 => States::F64(Vec::new()),
                Precision::F32 => States::F32(Vec::new()),
            },
            codec: problem.codec(),
        }
    }

    /// Makes room for the values of all snapshots, which are so many.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(super) fn reserve(&mut self, values: u64) -> Result<(), TryReserveError> {
        let values = usize::try_from(values).unwrap_or(usize::MAX);
        match &mut self.states {
            States::F64(states) => states.try_reserve_exact(values),
            States::F32(states) => states.try_reserve_exact(values),
        }
    }

    /// Takes the next rows of a snapshot, the first of which is row `first`.
    pub(super) fn rows<T: Real>(&mut self, first: usize, rows: &[T]) {
        let rows = self.codec.encoded(first, rows);
        match &mut self.states {
            States::F64(states) => states.extend_from_slice(cast_slice(&rows)),
            States::F32(states) => states.extend_from_slice(cast_slice(&rows)),
        }
    }

    /// All rows of a snapshot have come.
    pub(super) fn end(&mut self, now: Clock) {
        self.times.push(now.simtime);
    }

    /// The bytes of all snapshots.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.states {
            States::F64(states) => cast_slice(states),
            States::F32(states) => cast_slice(states),
        }
    }
}
