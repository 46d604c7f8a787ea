//! Loops compiled for several sets of vector instructions, of which the best is chosen at run time.

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` with the widest vectors of this processor.
///
/// Only what is inlined into `work` is compiled for them, so the closure and all functions that its
/// loops call must be `#[inline(always)]`.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnMut() -> R) -> R {
    Arch::new().dispatch(Work(work))
}

/// A closure that is called by reference. A call by value would go through a shim of the compiler, which
/// is not inlined.
struct Work<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
