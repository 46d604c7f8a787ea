//! [`Kernel`]: the instructions that compute the step.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::lanes::HAS_PORTABLE;
use super::microarchitecture::Microarchitecture;

/// An implementation of the step. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// The definition, row by row.
    Scalar,
    /// The vector kernel on arrays of two or four elements, for processors without any of those below.
    Portable,
    /// The vector kernel on NEON registers of 16 bytes.
    Neon,
    /// The vector kernel on AVX2 registers of 32 bytes.
    Avx2,
    /// The vector kernel on AVX-512 registers of 64 bytes.
    Avx512,
}

impl Kernel {
    /// From the slowest to the fastest.
    const ALL: [Self; 5] = [
        Self::Scalar,
        Self::Portable,
        Self::Neon,
        Self::Avx2,
        Self::Avx512,
    ];

    /// The fastest kernel of this machine.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// The kernels of this machine, the fastest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available())
    }

    /// Whether this machine has the kernel's instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Portable => HAS_PORTABLE,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns, reason = "depends on the architecture")]
            _ => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// How the three additions of four neighbours are computed: how many of the 36 of six rows and two levels in one sweep
/// are fused multiplications by one and additions. All ways give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Additions {
    /// None.
    Plain,
    /// Six; of those of one level every sixth.
    Fused6,
    /// Twelve.
    Fused12,
    /// Fifteen.
    Fused15,
}

impl Additions {
    /// The fastest way on a processor. AMD's use their units for additions and those for fused multiplications at a
    /// time, but stores delay fused multiplications. On others the units for multiplications are those for additions.
    ///
    /// Cycles of a loop of 36 operations of AVX-512, eight stores, and as many loads as a kernel has:
    ///
    /// | fused | 0 | 9 | 12 | 15 | 18 |
    /// |---|---|---|---|---|---|
    /// | Zen 5 | 17.4 | 13.5 | 13.2 | 13.3 | 15.9 |
    /// | Zen 4 | | | | 20 | 26 |
    ///
    /// Zen 3 starts two additions a cycle, and two fused multiplications take the place of a store. Cycles of a loop of
    /// twelve operations of AVX2 and four stores, as for four rows and one level:
    ///
    /// | fused | 0 | 2 | 3 | 4 | 6 |
    /// |---|---|---|---|---|---|
    /// | Zen 3 | 6.0 | 5.0 | 5.1 | 5.3 | 6.7 |
    ///
    /// In steps, twelve are 1.03 to 1.08 times as fast as 15 on Zen 5, and 15 are 1.01 to 1.03 times as fast as twelve
    /// on Zen 4.
    pub(super) fn on(microarchitecture: Microarchitecture) -> Self {
        match microarchitecture {
            Microarchitecture::UpToZen3 => Self::Fused6,
            Microarchitecture::Zen4 => Self::Fused15,
            Microarchitecture::FromZen5 => Self::Fused12,
            Microarchitecture::Other => Self::Plain,
        }
    }
}

/// How many levels a kernel computes in one sweep over a few rows. All ways give the same bits.
///
/// Two need an `r` of about a quarter, and strips of more than two columns. The first and the
/// last rows of a level are computed by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LevelsPerSweep {
    /// One.
    One,
    /// Two where the rows that a sweep accesses leave enough of the first-level cache, otherwise one.
    TwoIfShort,
    /// Two, however long rows are.
    Two,
}

impl LevelsPerSweep {
    /// The faster way on a processor. A core of Zen 4 stores half a register of AVX-512 a cycle, and its
    /// caches exchange as much; two levels in one sweep take fewer of both. There AVX2 was slower, which has half as many
    /// registers. On Zen 5 they are 1.15 to 1.4 times as fast.
    ///
    /// An Intel server processor starts three instructions of 512 bits a cycle, two of them operations. Two levels in one
    /// sweep take fewer loads and stores. They are 1.07 to 1.23 times as fast where rows are short, but 0.8 to 0.9 times
    /// where those of a sweep do not fit the first-level cache. Sweeps over four rows instead of six were slower.
    pub(super) fn on(microarchitecture: Microarchitecture, kernel: Kernel) -> Self {
        match kernel {
            Kernel::Avx512 if microarchitecture.is_amd() => Self::Two,
            Kernel::Avx512 => Self::TwoIfShort,
            _ => Self::One,
        }
    }

    /// Whether they are two where sweeps of two access so many bytes.
    pub(super) fn are_two(self, bytes: usize, first_level: usize) -> bool {
        match self {
            Self::One => false,
            Self::TwoIfShort => bytes <= first_level / 8 * 7,
            Self::Two => true,
        }
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is not the name of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kernel '{0}': expected scalar, portable, neon, avx2 or avx512")]
pub struct UnknownKernel(String);

impl FromStr for Kernel {
    type Err = UnknownKernel;

    fn from_str(text: &str) -> Result<Self, UnknownKernel> {
        Self::ALL
            .into_iter()
            .find(|kernel| kernel.name() == text)
            .ok_or_else(|| UnknownKernel(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_name_is_read_again() {
        for kernel in Kernel::ALL {
            assert_eq!(kernel.to_string().parse(), Ok(kernel));
        }
        let error = "sse".parse::<Kernel>().map_err(|error| error.to_string());
        assert!(error.is_err_and(|sentence| sentence.contains("'sse'")));
    }

    #[test]
    fn the_detected_kernel_is_available_and_not_the_slowest() {
        assert!(Kernel::detect().is_available());
        assert_ne!(Kernel::detect(), Kernel::Scalar);
    }
}
