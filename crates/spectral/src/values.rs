//! [`Value`]: a number of each of several lines.

use std::ops::{Add, Sub};

/// The number of complex numbers in a value: registers of up to 32 bytes are full.
const LANES: usize = 4;

/// The number of lines whose values are together: as many as there are doubles in a cache line.
pub(crate) const LINES: usize = 2 * LANES;

/// A complex number in each lane.
///
/// Two real lines share a lane, as its real and its imaginary part: a transform is linear, and leaves them apart.
/// Loops over lanes are vectorised where functions that take closures, such as `map`, are called instead.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Value {
    re: [f64; LANES],
    im: [f64; LANES],
}

/// Buffers that transforms use, whatever is in them.
#[derive(Clone, Default)]
pub(crate) struct Work {
    pub(crate) extended: Vec<Value>,
    pub(crate) padded: Vec<Value>,
    pub(crate) scratch: Vec<Value>,
}

impl Value {
    pub(crate) const ZERO: Self = Self {
        re: [0.0; LANES],
        im: [0.0; LANES],
    };

    /// A value with one complex number in all lanes.
    pub(crate) fn uniform([re, im]: [f64; 2]) -> Self {
        Self {
            re: [re; LANES],
            im: [im; LANES],
        }
    }

    /// The complex number in the first lane.
    pub(crate) fn first(&self) -> [f64; 2] {
        [self.re[0], self.im[0]]
    }

    /// The number of a line.
    #[inline(always)]
    pub(crate) fn of_line(&mut self, number: usize) -> &mut f64 {
        if number < LANES {
            &mut self.re[number]
        } else {
            &mut self.im[number - LANES]
        }
    }

    #[inline(always)]
    pub(crate) fn scaled(mut self, factor: f64) -> Self {
        for lane in 0..LANES {
            self.re[lane] *= factor;
            self.im[lane] *= factor;
        }
        self
    }

    /// The product with a complex number.
    #[inline(always)]
    pub(crate) fn times(self, [re, im]: [f64; 2]) -> Self {
        let mut product = Self::ZERO;
        for lane in 0..LANES {
            product.re[lane] = self.re[lane] * re - self.im[lane] * im;
            product.im[lane] = self.re[lane] * im + self.im[lane] * re;
        }
        product
    }

    /// The product with the imaginary unit.
    #[inline(always)]
    pub(crate) fn times_i(self) -> Self {
        let mut product = self.exchanged();
        for lane in 0..LANES {
            product.re[lane] = -product.re[lane];
        }
        product
    }

    /// The product of its conjugate with the imaginary unit: real and imaginary parts, exchanged.
    #[inline(always)]
    pub(crate) fn exchanged(self) -> Self {
        Self {
            re: self.im,
            im: self.re,
        }
    }
}

impl Add for Value {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.re[lane] += other.re[lane];
            self.im[lane] += other.im[lane];
        }
        self
    }
}

impl Sub for Value {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for lane in 0..LANES {
            self.re[lane] -= other.re[lane];
            self.im[lane] -= other.im[lane];
        }
        self
    }
}
