//! [`Gradient`]: the answer, and what it is computed from.

use super::{fields::FieldKey, numbers::NumberKey};
use crate::cube::Cube;
use ndarray::Array2;
use serde::Serialize;

/// What a gradient is computed from, beside the problem.
#[derive(Debug, Clone, Copy, Default)]
pub struct GradientOptions<'c> {
    /// A cube of the problem, whose snapshots are checkpoints.
    pub cube: Option<&'c Cube>,
    /// The most bytes of memory, by default what the parameters allow.
    pub memory: Option<u64>,
}

/// Derivatives by the values on the nodes, NaN at masked nodes. Shape: `(ny, nx)`.
pub type NodeDerivatives = Array2<f64>;

/// The derivative by an unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Derivative {
    /// The derivatives by the value on each node.
    Field(FieldKey, NodeDerivatives),
    /// The derivative by a number.
    Number(NumberKey, f64),
}

/// The derivatives of a number.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Gradient {
    /// The number.
    pub value: f64,
    /// The derivatives of the number, in the order of the unknowns.
    pub by: Vec<Derivative>,
    /// What it took.
    pub cost: Cost,
}

/// What a gradient took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Cost {
    /// The number of steps up to the last reading.
    pub steps: u64,
    /// The number of steps that were taken forwards.
    pub forwards: u64,
    /// The number of states that were in memory at the same time, at most.
    pub states: u64,
    /// The number of intervals that were computed again.
    pub intervals: u64,
}
