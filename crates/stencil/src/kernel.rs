//! [`Kernel`]: the instructions that compute the step.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::lanes::HAS_PORTABLE;

/// An implementation of the step. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// The definition, row by row.
    Scalar,
    /// The vector kernel on arrays of two or four elements, for processors without the instructions of the kernels
    /// below.
    Portable,
    /// The vector kernel on NEON registers of 16 bytes.
    Neon,
    /// The vector kernel on registers of 16 bytes of WebAssembly.
    Simd128,
    /// The vector kernel on AVX2 registers of 32 bytes.
    Avx2,
    /// The vector kernel on AVX-512 registers of 64 bytes.
    Avx512,
}

impl Kernel {
    /// Every kernel, from the slowest to the fastest.
    const ALL: [Self; 6] = [
        Self::Scalar,
        Self::Portable,
        Self::Neon,
        Self::Simd128,
        Self::Avx2,
        Self::Avx512,
    ];

    /// The fastest kernel of this machine.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// The kernels of this machine, from the slowest to the fastest.
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
            Self::Simd128 => cfg!(target_feature = "simd128"),
            #[allow(unreachable_patterns, reason = "depends on the architecture")]
            _ => false,
        }
    }

    /// The number of rows of a band, which a sweep advances at once: as many as the registers allow.
    pub(super) const fn band_rows(self) -> BandRows {
        let [plain, with_arrays] = match self {
            Self::Scalar => [1, 1],
            Self::Portable => [2, 1],
            Self::Neon => [5, 4],
            Self::Simd128 => [4, 2],
            Self::Avx2 => [4, 3],
            Self::Avx512 => [6, 4],
        };
        BandRows { plain, with_arrays }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Simd128 => "simd128",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// The number of rows of a band.
#[derive(Clone, Copy, Debug)]
pub(super) struct BandRows {
    /// The number of rows for equations without arrays.
    pub plain: usize,
    /// The number of rows for equations with coefficients for each direction, or with arrays.
    pub with_arrays: usize,
}

impl BandRows {
    /// The number of rows for an equation with `arrays` arrays.
    pub fn with(self, arrays: usize) -> usize {
        match arrays {
            0 => self.plain,
            _ => self.with_arrays,
        }
    }
}

/// How the three additions of four neighbours are computed. Both ways give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Additions {
    /// Every addition is an instruction that adds.
    Plain,
    /// Some additions are fused with a multiplication by one, for processors with separate units for fused operations.
    Fused,
}

/// The number of levels that a kernel computes in one sweep over a few rows. Both numbers give the same bits.
///
/// Two levels need an `r` of about a quarter and strips of more than two columns. The first and the last rows of a
/// level are always computed one level at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LevelsPerSweep {
    /// A sweep computes one level.
    One,
    /// A sweep computes two levels.
    Two,
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error for a text that is not the name of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kernel '{0}': expected scalar, portable, neon, simd128, avx2 or avx512")]
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
