//! The two floating-point types the solver steps in.

use bytemuck::Pod;
use std::{
    fmt::Debug,
    ops::{Add, Mul, Sub},
};

/// `f32` or `f64`.
pub trait Real:
    Pod
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
{
    /// The value rounded once to this type.
    fn from_f64(value: f64) -> Self;
    /// The value, exactly.
    fn to_f64(self) -> f64;
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
}

impl Real for f32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding is what it is for"
    )]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    fn to_f64(self) -> f64 {
        self.into()
    }
}
