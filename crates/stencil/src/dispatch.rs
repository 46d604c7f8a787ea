//! [`Element`]: the number types that kernels are compiled for, and one entry
//! point for each kernel and type, all from the same source, and compiled in this package.

use std::io;

use super::equation::Operator;
use super::general::General;
use super::isotropic::Isotropic;
use super::kernel::{BandRows, Kernel};
use super::knowledge::TileOutcome;
#[cfg(target_arch = "aarch64")]
use super::lanes::neon;
use super::lanes::portable::Portable;
#[cfg(target_feature = "simd128")]
use super::lanes::wasm;
#[cfg(target_arch = "x86_64")]
use super::lanes::x86;
use super::lanes::{HAS_PORTABLE, Lanes};
use super::rkl2::{SharedStage, TargetRows, TileRows};
use super::scalar_tile;
use super::scaled::Scaled;
use super::scratch::Workspace;
use super::small_tile::{self, SmallTile};
use super::task::TileTask;
use super::wavefront::{self, Walk};
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
    unsafe fn execute(
        kernel: Kernel,
        task: &TileTask<'_, Self>,
        scratch: &mut Workspace,
    ) -> TileOutcome;

    /// The number of elements of the workspace that [`execute`](Self::execute) takes for a task.
    #[allow(
        private_interfaces,
        reason = "the trait is sealed and its function for this folder only"
    )]
    fn workspace_elements(kernel: Kernel, task: &TileTask<'_, Self>) -> usize;

    /// Computes the nodes of a tile of [`Rkl2`](crate::Rkl2) that begins at node `first` of the field.
    ///
    /// # Errors
    /// If the system has too little memory.
    #[allow(
        private_interfaces,
        reason = "the trait is sealed and its function for this folder only"
    )]
    fn take_stages<'a>(
        step: &'a SharedStage<'a, Self>,
        first: [usize; 2],
        target: TargetRows<'a, Self>,
    ) -> io::Result<()>;
}

/// Writes the nodes of `task` into its target with registers of type `V`, in bands of `R` rows, or of `WITH_ARRAYS` for
/// equations with arrays.
///
/// # Safety
/// The processor has the instructions of `V`; and as [`Element::execute`].
unsafe fn vectors<V: Lanes, const R: usize, const WITH_ARRAYS: usize>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Workspace,
) -> TileOutcome {
    if is_in_order(task) {
        // SAFETY: passed on.
        return unsafe {
            match (&task.equation.operator, &task.equation.terms[..]) {
                (Operator::Isotropic { .. }, []) => {
                    V::compiled(SmallTile::<V, Isotropic<V>>::new(task, scratch))
                }
                _ => V::compiled(SmallTile::<V, General<V, false>>::new(task, scratch)),
            }
        };
    }
    // SAFETY: passed on.
    let outcome = unsafe {
        match (&task.equation.operator, &task.equation.terms[..]) {
            (Operator::Isotropic { .. }, []) => {
                let scaled = match task.tries_scaled {
                    true => V::compiled(Walk::<V, Scaled<V>, R>::new(task, scratch)),
                    false => None,
                };
                scaled.or_else(|| {
                    let task = task.unfinished();
                    V::compiled(Walk::<V, Isotropic<V>, R>::new(&task, scratch))
                })
            }
            _ => V::compiled(Walk::<V, General<V, true>, WITH_ARRAYS>::new(task, scratch)),
        }
    };
    outcome.unwrap_or_default()
}

/// The number of elements of the workspace that [`vectors`] takes for a task.
fn elements<V: Lanes, const R: usize, const WITH_ARRAYS: usize>(
    task: &TileTask<'_, V::Element>,
) -> usize {
    match (&task.equation.operator, &task.equation.terms[..]) {
        _ if is_in_order(task) => small_tile::elements::<V>(task),
        (Operator::Isotropic { .. }, []) => wavefront::elements::<V, R>(task),
        _ => wavefront::elements::<V, WITH_ARRAYS>(task),
    }
}

/// Whether the rows of a tile are not lifted.
fn is_in_order<T: Real>(task: &TileTask<'_, T>) -> bool {
    /// The largest number of columns of such a tile: a lifted row needs more columns than there are lanes.
    const NARROW: usize = 16;
    task.is_small || task.computed_columns().len() <= NARROW
}

/// Calls a function with the registers and the rows of a band of a kernel, and with these arguments.
macro_rules! run {
    ($function:ident, $register:ty, $kernel:ident, $($argument:ident),*) => {{
        const ROWS: BandRows = Kernel::$kernel.band_rows();
        $function::<$register, { ROWS.plain }, { ROWS.with_arrays }>($($argument),*)
    }};
}

macro_rules! dispatch {
    ($element:ty, $portable:ty, $avx2:ident, $avx512:ident, $of_16_bytes:ident) => {
        impl Element for $element {
            #[allow(
                private_interfaces,
                reason = "the trait is sealed and its function for this folder only"
            )]
            unsafe fn execute(
                kernel: Kernel,
                task: &TileTask<'_, Self>,
                scratch: &mut Workspace,
            ) -> TileOutcome {
                // SAFETY: passed on.
                unsafe {
                    match kernel {
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx2 => run!(vectors, x86::$avx2, Avx2, task, scratch),
                        #[cfg(target_arch = "x86_64")]
                        Kernel::Avx512 => run!(vectors, x86::$avx512, Avx512, task, scratch),
                        #[cfg(target_arch = "aarch64")]
                        Kernel::Neon => run!(vectors, neon::$of_16_bytes, Neon, task, scratch),
                        #[cfg(target_feature = "simd128")]
                        Kernel::Simd128 => {
                            run!(vectors, wasm::$of_16_bytes, Simd128, task, scratch)
                        }
                        Kernel::Portable if HAS_PORTABLE => {
                            run!(vectors, $portable, Portable, task, scratch)
                        }
                        _ => scalar_tile::advance(task, scratch),
                    }
                }
            }

            #[allow(
                private_interfaces,
                reason = "the trait is sealed and its function for this folder only"
            )]
            fn workspace_elements(kernel: Kernel, task: &TileTask<'_, Self>) -> usize {
                match kernel {
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2 => run!(elements, x86::$avx2, Avx2, task),
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512 => run!(elements, x86::$avx512, Avx512, task),
                    #[cfg(target_arch = "aarch64")]
                    Kernel::Neon => run!(elements, neon::$of_16_bytes, Neon, task),
                    #[cfg(target_feature = "simd128")]
                    Kernel::Simd128 => run!(elements, wasm::$of_16_bytes, Simd128, task),
                    Kernel::Portable if HAS_PORTABLE => run!(elements, $portable, Portable, task),
                    _ => scalar_tile::elements(task),
                }
            }

            #[allow(
                private_interfaces,
                reason = "the trait is sealed and its function for this folder only"
            )]
            fn take_stages<'a>(
                step: &'a SharedStage<'a, Self>,
                first: [usize; 2],
                target: TargetRows<'a, Self>,
            ) -> io::Result<()> {
                TileRows::new(step, first, target)?.advance();
                Ok(())
            }
        }
    };
}

dispatch!(f64, Portable<f64, 2>, F64x4, F64x8, F64x2);
dispatch!(f32, Portable<f32, 4>, F32x8, F32x16, F32x4);
