//! [`Processor`]: what the caches do not tell of a processor.

use super::kernel::Additions;

/// A row of the table of processors: which way of computing is faster, and what steps and rows cost there. It changes
/// no bit of any result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Processor {
    /// What its maker calls the core.
    pub name: &'static str,
    /// How neighbours are added.
    pub additions: Additions,
    /// When a sweep with AVX-512 computes two levels.
    pub two_levels: TwoLevelUse,
    /// Lifting and lowering a row, in steps of the row.
    pub lift: Durations,
    /// The same where arrays are far beyond the second-level cache, relative to where they are not.
    pub lift_from_afar: f64,
    /// The relative duration of a step if the rows accessed at a time do not leave enough of the first-level cache.
    pub spill: Durations,
    /// Bytes of a row whose step takes as long as the ends of the row, of smooth fields and with arrays.
    pub row_ends: usize,
    /// The part of the second-level cache that the rows of all levels may take.
    pub share: f64,
    /// The relative duration of a step if these rows take more, up to an eighth of the last-level cache; `None` where that
    /// is never worth it.
    pub beyond: Option<Durations>,
    /// Whether lifting rows that another thread has just lowered takes longer where fields exceed the second-level cache.
    pub hands_over_slowly: bool,
}

/// When a sweep computes two levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TwoLevelUse {
    /// Where its rows leave enough of the first-level cache.
    IfShort,
    /// However long rows are.
    Always,
}

/// Of steps that take three operations, and of those that take more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Durations {
    pub three: f64,
    pub more: f64,
}

/// Both alike.
const fn durations(three: f64, more: f64) -> Durations {
    Durations { three, more }
}

/// Any that is not in the table.
pub(super) const OTHER: Processor = Processor {
    name: "other",
    additions: Additions::Plain,
    two_levels: TwoLevelUse::IfShort,
    lift: durations(8.0, 5.0),
    lift_from_afar: 2.0,
    spill: durations(1.5, 1.15),
    row_ends: 0,
    share: 2.0 / 3.0,
    beyond: None,
    hands_over_slowly: false,
};

/// AMD's cores without AVX-512, also as built by Hygon.
pub(super) const ZEN_3: Processor = Processor {
    name: "Zen 3",
    additions: Additions::Fused,
    lift: durations(8.0, 8.0),
    lift_from_afar: 1.25,
    spill: durations(1.05, 1.03),
    row_ends: 512,
    beyond: Some(durations(1.1, 1.06)),
    hands_over_slowly: true,
    ..OTHER
};

/// With AVX-512.
pub(super) const ZEN_4: Processor = Processor {
    name: "Zen 4",
    additions: Additions::Fused,
    two_levels: TwoLevelUse::Always,
    spill: durations(1.05, 1.15),
    row_ends: 512,
    share: 0.8,
    hands_over_slowly: true,
    ..OTHER
};

/// And those after it.
pub(super) const ZEN_5: Processor = Processor {
    name: "Zen 5",
    lift: durations(5.0, 5.0),
    share: 2.0 / 3.0,
    ..ZEN_4
};

impl Processor {
    /// That of this machine.
    pub fn detect() -> Self {
        match identity() {
            Some((name, family)) if [*b"AuthenticAMD", *b"HygonGenuine"].contains(&name) => {
                match family {
                    0x1A.. => ZEN_5,
                    _ if has_avx512() => ZEN_4,
                    _ => ZEN_3,
                }
            }
            _ => OTHER,
        }
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
