//! From a kernel's name to machine code: one entry point for each set of
//! instructions and element type, all of them the same text.

use super::kernel::Kernel;
use super::lanes::Lanes;
use super::portable::Portable;
use super::scratch::Scratch;
use super::task::Task;
use super::{scalar, wavefront};
use crate::real::Real;

/// An element type that the kernels are compiled for. Sealed, as [`Real`] is.
pub trait Element: Real {
    /// Writes the nodes of `task` into its target.
    ///
    /// # Safety
    /// The machine has the kernel; the promises of [`Task`] hold.
    #[allow(
        private_interfaces,
        reason = "sealed: called and implemented here alone"
    )]
    unsafe fn execute(kernel: Kernel, task: &Task<Self>, scratch: &mut Scratch);
}

/// One entry point: so many rows at a time, in such registers, with the
/// instructions that these need.
macro_rules! entry {
    ($name:ident, $rows:literal, $lanes:ty $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        pub(super) unsafe fn $name(task: &Task<<$lanes as Lanes>::Element>, scratch: &mut Scratch) {
            // SAFETY: the caller has checked the instructions and the width.
            unsafe { wavefront::advance::<$lanes, $rows>(task, scratch) }
        }
    };
}

entry!(portable_f64, 2, Portable<f64, 2>);
entry!(portable_f32, 2, Portable<f32, 4>);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;
    use crate::stencil::avx2::{F32x8, F64x4};
    use crate::stencil::avx512::{F32x16, F64x8};

    entry!(avx2_f64, 3, F64x4, "avx2,fma");
    entry!(avx2_f32, 3, F32x8, "avx2,fma");
    entry!(avx512_f64, 5, F64x8, "avx512f,fma");
    entry!(avx512_f32, 7, F32x16, "avx512f,fma");
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::*;
    use crate::stencil::neon::{F32x4, F64x2};

    entry!(neon_f64, 5, F64x2, "neon");
    entry!(neon_f32, 5, F32x4, "neon");
}

/// Panels narrower than this many columns go to the scalar kernel; a vector
/// kernel needs more columns than it has lanes.
const NARROW: usize = 16;

macro_rules! dispatch {
    ($element:ty, $portable:ident, $avx2:ident, $avx512:ident, $neon:ident) => {
        impl Element for $element {
            #[allow(
                private_interfaces,
                reason = "sealed: called and implemented here alone"
            )]
            unsafe fn execute(kernel: Kernel, task: &Task<Self>, scratch: &mut Scratch) {
                // SAFETY: the caller has the kernel; the panel is wide enough.
                unsafe {
                    match kernel {
                        _ if task.panel().len() <= NARROW => scalar::advance(task, scratch),
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx2 => x86::$avx2(task, scratch),
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx512 => x86::$avx512(task, scratch),
                        #[cfg(target_arch = "aarch64")]
                        Kernel::Neon => arm::$neon(task, scratch),
                        Kernel::Scalar => scalar::advance(task, scratch),
                        _ => $portable(task, scratch),
                    }
                }
            }
        }
    };
}

dispatch!(f64, portable_f64, avx2_f64, avx512_f64, neon_f64);
dispatch!(f32, portable_f32, avx2_f32, avx512_f32, neon_f32);
