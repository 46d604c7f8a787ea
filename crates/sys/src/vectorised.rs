//! Compiles loops for several sets of vector instructions, the best of which is chosen at run time.

/// Runs `work` with the widest vectors of this processor.
///
/// Only code inlined into `work` is compiled for them, so the closure and all functions that its loops call must be
/// `#[inline(always)]`. No operations are contracted: the results equal the results of the same loop without vectors,
/// bit for bit.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code for instructions that this processor has")
)]
pub fn vectorised<R>(mut work: impl FnMut() -> R) -> R {
    // The closure is called by reference: a call by value would go through a shim of the compiler, which is not inlined.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,fma")]
    fn avx512<R>(work: &mut impl FnMut() -> R) -> R {
        work()
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,fma")]
    fn avx2<R>(work: &mut impl FnMut() -> R) -> R {
        work()
    }

    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("fma")
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: this processor has these instructions.
            return unsafe { avx512(&mut work) };
        }
        // SAFETY: this processor has these instructions.
        return unsafe { avx2(&mut work) };
    }
    work()
}
