//! [`Element`]: the number types that kernels are compiled for, and one entry
//! point for each kernel and type, all from the same source.

use super::equation::Operator;
use super::general::{Anisotropic, Variable};
use super::isotropic::Isotropic;
use super::kernel::Kernel;
use super::kind::{Kind, Outcome};
use super::lanes::Lanes;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable::Portable;
use super::scalar_tile;
use super::scratch::Scratch;
use super::smooth::Scaled;
use super::task::TileTask;
use super::wavefront::Walk;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
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
    unsafe fn execute(kernel: Kernel, task: &TileTask<'_, Self>, scratch: &mut Scratch) -> Outcome;
}

/// Writes the nodes of `task` into its target with registers of type `V`, in groups of `ROWS` rows, or
/// of `FEWER` for equations with arrays.
///
/// # Safety
/// The processor has the instructions of `V`; and as [`Element::execute`], for tiles of more columns than
/// lanes.
unsafe fn vectors<V: Lanes, const ROWS: usize, const FEWER: usize, const SCALED: bool>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Scratch,
) -> Outcome {
    // SAFETY: passed on.
    let outcome = unsafe {
        match &task.equation.operator {
            Operator::Isotropic { .. } => {
                let scaled = match SCALED && task.tries_scaled {
                    true => walk::<V, Scaled<V>, ROWS>(task, scratch),
                    false => None,
                };
                scaled.or_else(|| walk::<V, Isotropic<V>, ROWS>(task, scratch))
            }
            Operator::Anisotropic { .. } => walk::<V, Anisotropic<V>, FEWER>(task, scratch),
            Operator::Variable { .. } => walk::<V, Variable, FEWER>(task, scratch),
        }
    };
    outcome.unwrap_or_default()
}

/// # Safety
/// As [`vectors`]; the equation is of this kind.
unsafe fn walk<V: Lanes, K: Kind<V>, const R: usize>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Scratch,
) -> Option<Outcome> {
    // SAFETY: passed on.
    unsafe { V::compiled(Walk::<V, K, R>::new(task, scratch)) }
}

/// The scalar kernel computes tiles of up to this many columns: a vector kernel
/// needs more columns than lanes.
const NARROW: usize = 16;

macro_rules! dispatch {
    ($element:ty, $rows:literal, $portable:ty, $avx2:ty, $avx512:ty, $neon:ty) => {
        impl Element for $element {
            #[allow(
                private_interfaces,
                reason = "the trait is sealed and its function for this folder only"
            )]
            unsafe fn execute(
                kernel: Kernel,
                task: &TileTask<'_, Self>,
                scratch: &mut Scratch,
            ) -> Outcome {
                // SAFETY: passed on; vector kernels have enough columns.
                unsafe {
                    match kernel {
                        _ if task.computed_columns().len() <= NARROW => {
                            scalar_tile::advance(task, scratch)
                        }
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx2 => vectors::<$avx2, 3, 2, true>(task, scratch),
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx512 => vectors::<$avx512, $rows, 4, true>(task, scratch),
                        #[cfg(target_arch = "aarch64")]
                        Kernel::Neon => vectors::<$neon, 5, 4, true>(task, scratch),
                        Kernel::Scalar => scalar_tile::advance(task, scratch),
                        _ => vectors::<$portable, 2, 1, false>(task, scratch),
                    }
                }
            }
        }
    };
}

dispatch!(f64, 5, Portable<f64, 2>, avx2::F64x4, avx512::F64x8, neon::F64x2);
dispatch!(f32, 7, Portable<f32, 4>, avx2::F32x8, avx512::F32x16, neon::F32x4);
