//! [`Microarchitecture`]: what the caches do not tell of a processor.

/// The design of the processor, as far as kernels and tiles depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Microarchitecture {
    /// AMD's Zen 3 and those before, also as built by Hygon: units for additions beside those for fused multiplications,
    /// of which two take as long as a store. Registers of AVX2. Measured on Zen 3.
    UpToZen3,
    /// AMD's Zen 4: the same with AVX-512, and a second-level cache nearly as fast as the first. Measured.
    Zen4,
    /// AMD's Zen 5 and those after: the same units, but whole registers of AVX-512 are stored, and move between the caches.
    /// Measured on Zen 5.
    FromZen5,
    /// Any other.
    Other,
}

impl Microarchitecture {
    /// That of this machine.
    pub fn detect() -> Self {
        match identity() {
            Some((name, family)) if [*b"AuthenticAMD", *b"HygonGenuine"].contains(&name) => {
                match family {
                    0x1A.. => Self::FromZen5,
                    _ if has_avx512() => Self::Zen4,
                    _ => Self::UpToZen3,
                }
            }
            _ => Self::Other,
        }
    }

    /// Whether it is one of AMD's.
    pub fn is_amd(self) -> bool {
        self != Self::Other
    }
}

/// Whether there is AVX-512, which tells Zen 4 from Zen 3: both are of one family.
fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// What an x86 processor calls its vendor, and its family.
fn identity() -> Option<([u8; 12], u32)> {
    #[cfg(target_arch = "x86_64")]
    {
        #[allow(unused_unsafe, reason = "older versions of Rust have it unsafe")]
        // SAFETY: every x86-64 processor has the instruction, with these leaves.
        let (vendor, version) =
            unsafe { (std::arch::x86_64::__cpuid(0), std::arch::x86_64::__cpuid(1)) };
        let words = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
        // The extended family is zero where the family does not have the largest number.
        let family = (version.eax >> 8 & 0xF) + (version.eax >> 20 & 0xFF);
        Some((words.as_flattened().try_into().ok()?, family))
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}
