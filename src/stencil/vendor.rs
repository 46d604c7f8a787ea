//! [`Vendor`]: what the caches do not tell of a processor.

/// Who made the processor, as far as kernels and tiles depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    /// AMD, and Hygon, which builds AMD's designs: units for additions beside those for fused multiplications,
    /// and a second-level cache nearly as fast as the first.
    Amd,
    /// Any other.
    Other,
}

impl Vendor {
    /// That of this machine.
    pub fn detect() -> Self {
        let is_amd = |name| [*b"AuthenticAMD", *b"HygonGenuine"].contains(&name);
        match name().is_some_and(is_amd) {
            true => Self::Amd,
            false => Self::Other,
        }
    }
}

/// What x86 processors call their vendor.
fn name() -> Option<[u8; 12]> {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(unused_unsafe, reason = "older versions of Rust have it unsafe")]
        // SAFETY: every x86-64 processor has the instruction.
        let registers = unsafe { std::arch::x86_64::__cpuid(0) };
        let words = [registers.ebx, registers.edx, registers.ecx].map(u32::to_le_bytes);
        words.as_flattened().try_into().ok()
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}
