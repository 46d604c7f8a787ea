//! Loops compiled for the best vector instructions of the machine they run on.

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` with the widest vectors there are.
///
/// Only what is inlined into `work` is compiled for them: the closure and all it calls in its loops
/// must be `#[inline(always)]`.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnMut() -> R) -> R {
    Arch::new().dispatch(Work(work))
}

/// A closure that is called by reference: called by value it would go through a function of the
/// compiler's own, which is not inlined.
struct Work<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
