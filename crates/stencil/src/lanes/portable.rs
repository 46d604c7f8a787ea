//! No intrinsics: arrays of two or four elements, which the compiler maps to
//! the 16-byte registers of any 64-bit processor.

use super::{Computation, Lanes, MAX_LANES, transpose_by_zips};
use crate::real::Real;

/// `N` lanes as an array.
#[derive(Clone, Copy)]
pub(crate) struct Portable<T, const N: usize>([T; N]);

impl<T: Real, const N: usize> Portable<T, N> {
    #[inline(always)]
    fn zip_with(self, other: Self, operation: impl Fn(T, T) -> T) -> Self {
        let mut lanes = self.0;
        for (lane, other) in lanes.iter_mut().zip(other.0) {
            *lane = operation(*lane, other);
        }
        Self(lanes)
    }
}

impl<T: Real, const N: usize> Lanes for Portable<T, N> {
    type Element = T;
    type Mask = usize;

    const COUNT: usize = N;
    const FUSED: usize = 0;
    const TWO_LEVELS: bool = cfg!(debug_assertions);

    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Self([value; N])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller promises N readable elements.
        Self(unsafe { from.cast::<[T; N]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller promises N writable elements.
        unsafe { to.cast::<[T; N]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn lanes_from(first: usize) -> usize {
        first
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip_with(other, |a, b| a + b)
    }

    #[inline(always)]
    fn subtract(self, other: Self) -> Self {
        self.zip_with(other, |a, b| a - b)
    }

    #[inline(always)]
    fn multiply(self, other: Self) -> Self {
        self.zip_with(other, |a, b| a * b)
    }

    #[inline(always)]
    fn multiply_add(self, factor: Self, other: Self) -> Self {
        let mut lanes = self.0;
        for l in 0..N {
            lanes[l] = lanes[l].mul_add(factor.0[l], other.0[l]);
        }
        Self(lanes)
    }

    #[inline(always)]
    fn sub_product(self, four: Self, centre: Self) -> Self {
        self.subtract(four.multiply(centre))
    }

    #[inline(always)]
    fn add_product(self, four: Self, centre: Self) -> Self {
        self.add(four.multiply(centre))
    }

    #[inline(always)]
    fn magnitude(self) -> Self {
        self.zip_with(self, |a, _| a.abs())
    }

    #[inline(always)]
    fn max(self, so_far: Self) -> Self {
        self.zip_with(so_far, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, so_far: Self) -> Self {
        self.zip_with(so_far, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn replace_zeros(self, other: Self) -> Self {
        self.zip_with(other, |a, b| if a == T::default() { b } else { a })
    }

    #[inline(always)]
    fn signs(self, so_far: Self) -> Self {
        self.zip_with(so_far, |a, b| if a.is_sign_negative() { a } else { b })
    }

    #[inline(always)]
    unsafe fn compiled<C: Computation>(computation: C) -> C::Output {
        #[inline(never)]
        unsafe fn run<C: Computation>(computation: C) -> C::Output {
            // SAFETY: passed on.
            unsafe { computation.run() }
        }
        // SAFETY: passed on.
        unsafe { run(computation) }
    }

    #[inline(always)]
    fn shift_up(self, first: Self) -> Self {
        let mut lanes = first.0;
        lanes[1..].copy_from_slice(&self.0[..N - 1]);
        Self(lanes)
    }

    #[inline(always)]
    fn shift_down(self, last: Self) -> Self {
        let mut lanes = last.0;
        lanes[..N - 1].copy_from_slice(&self.0[1..]);
        Self(lanes)
    }

    #[inline(always)]
    fn select(self, mask: usize, other: Self) -> Self {
        let mut lanes = self.0;
        for l in 0..N {
            if l >= mask {
                lanes[l] = other.0[l];
            }
        }
        Self(lanes)
    }

    #[inline(always)]
    fn transpose(block: [Self; MAX_LANES]) -> [Self; MAX_LANES] {
        transpose_by_zips(block, |a: Self, b: Self| {
            let (mut low, mut high) = (a, b);
            for l in 0..N / 2 {
                (low.0[2 * l], low.0[2 * l + 1]) = (a.0[l], b.0[l]);
                (high.0[2 * l], high.0[2 * l + 1]) = (a.0[N / 2 + l], b.0[N / 2 + l]);
            }
            (low, high)
        })
    }
}
