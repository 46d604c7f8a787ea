//! The two element types.

use std::fmt::{Debug, Display};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// What a field is made of: `f32` or `f64`.
pub trait Real:
    sealed::Sealed
    + bytemuck::Pod
    + Debug
    + Display
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + super::dispatch::Dispatch
    + 'static
{
    /// 1.
    const ONE: Self;
    /// 4.
    const FOUR: Self;

    /// While every |p| stays below this, nothing in a step overflows, with
    /// room to spare: neither `4 p` nor the sum of four neighbours.
    const CALM: f64;

    /// The same value in `f64`.
    fn to_f64(self) -> f64;
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// Magnitude.
    fn abs(self) -> Self;
}

impl Real for f32 {
    const ONE: Self = 1.0;
    const FOUR: Self = 4.0;
    const CALM: f64 = (1_u128 << 124) as f64;

    fn to_f64(self) -> f64 {
        self.into()
    }
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn abs(self) -> Self {
        self.abs()
    }
}

impl Real for f64 {
    const ONE: Self = 1.0;
    const FOUR: Self = 4.0;
    const CALM: f64 = f64::MAX / 16.0;

    fn to_f64(self) -> f64 {
        self
    }
    fn from_f64(value: f64) -> Self {
        value
    }
    fn abs(self) -> Self {
        self.abs()
    }
}
