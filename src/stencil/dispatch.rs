//! [`Element`]: the number types that kernels are compiled for, and one entry
//! point for each kernel and type, all from the same source.

use super::equation::Operator;
use super::kernel::Kernel;
use super::lanes::Lanes;
use super::portable::Portable;
use super::scratch::Scratch;
use super::task::TileTask;
use super::update::{Anisotropic, Isotropic, Variable};
use super::{scalar_tile, wavefront};
use crate::real::Real;

/// A number type that kernels are compiled for. Sealed, as [`Real`] is.
pub trait Element: Real {
    /// Writes the nodes of `task` into its target.
    ///
    /// # Safety
    /// The machine has the kernel; the promises of [`TileTask`] hold.
    #[allow(
        private_interfaces,
        reason = "the trait is sealed and its function for this folder only"
    )]
    unsafe fn execute(kernel: Kernel, task: &TileTask<'_, Self>, scratch: &mut Scratch);
}

/// An entry point for each kind of equation: the wavefront with groups of `$rows` rows in registers of
/// type `$lanes`, compiled for `$features`. Equations with arrays take groups of `$fewer` rows.
macro_rules! entry {
    ($name:ident, $rows:literal, $fewer:literal, $lanes:ty $(, $features:literal)?) => {
        pub(super) mod $name {
            use super::*;

            entry!(@kind isotropic, $rows, $lanes, Isotropic<$lanes, true> $(, $features)?);
            entry!(@kind anisotropic, $fewer, $lanes, Anisotropic<$lanes> $(, $features)?);
            entry!(@kind variable, $fewer, $lanes, Variable $(, $features)?);

            /// # Safety
            /// As [`Element::execute`].
            pub unsafe fn execute(
                task: &TileTask<'_, <$lanes as Lanes>::Element>,
                scratch: &mut Scratch,
            ) {
                // SAFETY: passed on.
                unsafe {
                    match &task.equation.operator {
                        Operator::Isotropic { .. } => isotropic(task, scratch),
                        Operator::Anisotropic { .. } => anisotropic(task, scratch),
                        Operator::Variable { .. } => variable(task, scratch),
                    }
                }
            }
        }
    };
    (@kind $name:ident, $rows:literal, $lanes:ty, $kind:ty $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn $name(task: &TileTask<'_, <$lanes as Lanes>::Element>, scratch: &mut Scratch) {
            // SAFETY: passed on.
            unsafe { wavefront::advance::<$lanes, $kind, $rows>(task, scratch) }
        }
    };
}

entry!(portable_f64, 2, 1, Portable<f64, 2>);
entry!(portable_f32, 2, 1, Portable<f32, 4>);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use crate::stencil::avx2::{F32x8, F64x4};
    use crate::stencil::avx512::{F32x16, F64x8};

    entry!(avx2_f64, 3, 2, F64x4, "avx2,fma");
    entry!(avx2_f32, 3, 2, F32x8, "avx2,fma");
    entry!(avx512_f64, 5, 4, F64x8, "avx512f,fma");
    entry!(avx512_f32, 7, 4, F32x16, "avx512f,fma");
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::*;
    use crate::stencil::neon::{F32x4, F64x2};

    entry!(neon_f64, 5, 4, F64x2, "neon");
    entry!(neon_f32, 5, 4, F32x4, "neon");
}

/// The scalar kernel computes tiles of up to this many columns: a vector kernel
/// needs more columns than lanes.
const NARROW: usize = 16;

macro_rules! dispatch {
    ($element:ty, $portable:ident, $avx2:ident, $avx512:ident, $neon:ident) => {
        impl Element for $element {
            #[allow(
                private_interfaces,
                reason = "the trait is sealed and its function for this folder only"
            )]
            unsafe fn execute(kernel: Kernel, task: &TileTask<'_, Self>, scratch: &mut Scratch) {
                // SAFETY: passed on; vector kernels have enough columns.
                unsafe {
                    match kernel {
                        _ if task.computed_columns().len() <= NARROW => {
                            scalar_tile::advance(task, scratch)
                        }
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx2 => x86::$avx2::execute(task, scratch),
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx512 => x86::$avx512::execute(task, scratch),
                        #[cfg(target_arch = "aarch64")]
                        Kernel::Neon => arm::$neon::execute(task, scratch),
                        Kernel::Scalar => scalar_tile::advance(task, scratch),
                        _ => $portable::execute(task, scratch),
                    }
                }
            }
        }
    };
}

dispatch!(f64, portable_f64, avx2_f64, avx512_f64, neon_f64);
dispatch!(f32, portable_f32, avx2_f32, avx512_f32, neon_f32);
