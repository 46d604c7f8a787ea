//! [`Element`]: the number types that kernels are compiled for, and one entry
//! point for each kernel and type, all from the same source.

use super::equation::Operator;
use super::general::{Anisotropic, Variable};
use super::isotropic::Isotropic;
use super::kernel::Kernel;
use super::kind::Outcome;
#[cfg(target_arch = "aarch64")]
use super::lanes::neon;
use super::lanes::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::lanes::x86;
use super::lanes::{HAS_PORTABLE, Lanes};
use super::scalar_tile;
use super::scaled::Scaled;
use super::scratch::Scratch;
use super::task::TileTask;
use super::wavefront::{Heights, Walk};
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

/// Writes the nodes of `task` into its target with registers of type `V`, in bands of heights, or of
/// `fewer` rows for equations with arrays.
///
/// # Safety
/// The processor has the instructions of `V`; and as [`Element::execute`], for tiles of more columns than
/// lanes.
unsafe fn vectors<
    V,
    const TALL: usize,
    const MEDIUM: usize,
    const LOW: usize,
    const TWICE: usize,
    const FEWER: usize,
>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Scratch,
    (may_scale, heights): (bool, Heights<TALL, MEDIUM, LOW, TWICE>),
    fewer: Heights<FEWER, FEWER, FEWER, FEWER>,
) -> Outcome
where
    V: Lanes,
{
    // SAFETY: passed on.
    let outcome = unsafe {
        match &task.equation.operator {
            Operator::Isotropic { .. } => {
                let scaled = match may_scale && task.tries_scaled {
                    true => V::compiled(Walk::<V, Scaled<V>, _>::new(task, scratch, heights)),
                    false => None,
                };
                scaled.or_else(|| {
                    let task = task.unfinished();
                    V::compiled(Walk::<V, Isotropic<V>, _>::new(&task, scratch, heights))
                })
            }
            Operator::Anisotropic { .. } => {
                V::compiled(Walk::<V, Anisotropic<V>, _>::new(task, scratch, fewer))
            }
            Operator::Variable { .. } => {
                V::compiled(Walk::<V, Variable, _>::new(task, scratch, fewer))
            }
        }
    };
    outcome.unwrap_or_default()
}

/// The scalar kernel computes tiles of up to this many columns: a vector kernel
/// needs more columns than lanes.
const NARROW: usize = 16;

macro_rules! dispatch {
    ($element:ty, [$tall:literal, $medium:literal, $low:literal, $twice:literal], $portable:ty, $avx2:ty, $avx512:ty, $neon:ty) => {
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
                        Kernel::Avx2 => {
                            vectors::<$avx2, 4, 4, 4, 4, 3>(task, scratch, (true, Heights), Heights)
                        }
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx512 => {
                            let heights = Heights::<$tall, $medium, $low, $twice>;
                            vectors::<$avx512, _, _, _, _, 4>(
                                task,
                                scratch,
                                (true, heights),
                                Heights,
                            )
                        }
                        #[cfg(target_arch = "aarch64")]
                        Kernel::Neon => {
                            vectors::<$neon, 5, 5, 5, 5, 4>(task, scratch, (true, Heights), Heights)
                        }
                        Kernel::Portable if HAS_PORTABLE => vectors::<$portable, 2, 2, 2, 2, 1>(
                            task,
                            scratch,
                            (false, Heights),
                            Heights,
                        ),
                        _ => scalar_tile::advance(task, scratch),
                    }
                }
            }
        }
    };
}

dispatch!(f64, [7, 6, 5, 6], Portable<f64, 2>, x86::F64x4, x86::F64x8, neon::F64x2);
dispatch!(f32, [7, 7, 7, 6], Portable<f32, 4>, x86::F32x8, x86::F32x16, neon::F32x4);
