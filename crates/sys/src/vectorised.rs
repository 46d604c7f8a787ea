//! Loops compiled for several sets of vector instructions, of which the best is chosen at run time.

/// Runs `work` with the widest vectors of this processor for which it is compiled.
///
/// Only what is inlined into `work` is compiled for them, so the closure and all functions that its
/// loops call must be `#[inline(always)]`. Nothing is contracted: the bits are those of the same loop without vectors.
#[inline(always)]
pub fn vectorised<R>(mut work: impl FnMut() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        /// A closure that is called by reference. A call by value would go through a shim of the compiler, which
        /// is not inlined.
        #[target_feature(enable = "avx2,bmi1,bmi2,fma,lzcnt,popcnt")]
        fn avx2<R>(work: &mut impl FnMut() -> R) -> R {
            work()
        }

        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt")
        {
            #[expect(
                unsafe_code,
                reason = "calls code for instructions that have been detected"
            )]
            // SAFETY: this processor has all of these instructions; `popcnt` is older than AVX2.
            return unsafe { avx2(&mut work) };
        }
    }
    work()
}
