//! [`Real`]: `f32` and `f64` as numbers.

use std::{
    fmt::{Debug, Display, LowerExp},
    ops::{Add, Mul, Sub},
};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The element type of a field: `f32` or `f64`.
pub trait Real:
    sealed::Sealed
    + bytemuck::Pod
    + Debug
    + Display
    + LowerExp
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + 'static
{
    /// 1.
    const ONE: Self;
    /// 4.
    const FOUR: Self;
    /// The largest finite value.
    const MAX: Self;
    /// The distance from 1 to the next larger value.
    const EPSILON: Self;

    /// The value as an `f64`, which holds it exactly.
    fn to_f64(self) -> f64;

    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;

    /// The magnitude.
    #[must_use]
    fn abs(self) -> Self;

    /// `self * factor + addend`, rounded once.
    #[must_use]
    fn mul_add(self, factor: Self, addend: Self) -> Self;

    /// Whether the sign bit is set.
    #[must_use]
    fn is_sign_negative(self) -> bool;
}

macro_rules! real {
    ($element:ident) => {
        impl Real for $element {
            const ONE: Self = 1.0;
            const FOUR: Self = 4.0;
            const MAX: Self = Self::MAX;
            const EPSILON: Self = Self::EPSILON;

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(value: f64) -> Self {
                value as Self
            }

            fn abs(self) -> Self {
                self.abs()
            }

            fn mul_add(self, factor: Self, addend: Self) -> Self {
                self.mul_add(factor, addend)
            }

            fn is_sign_negative(self) -> bool {
                self.is_sign_negative()
            }
        }
    };
}

real!(f32);
real!(f64);
