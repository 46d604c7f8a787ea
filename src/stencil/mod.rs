//! The step: explicit five-point diffusion, tiled in time.

#![allow(unsafe_code)]

mod caches;
mod crew;
mod dispatch;
mod kernel;
mod lanes;
pub mod limit;
mod panel;
mod portable;
mod real;
pub mod scalar;
mod scratch;
mod sweep;
mod task;
mod tile;
mod wavefront;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use std::cell::RefCell;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

pub use caches::Caches;
pub use kernel::{Kernel, UnknownKernel};
pub use real::Real;
pub use tile::{InvalidTile, MAX_DEPTH, Tile};

use crew::Tiling;
use scratch::Scratch;
use task::{Plane, Task};

thread_local! {
    /// Kept from one tile to the next.
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

/// The step with everything that decides how, not what, it computes.
#[derive(Clone, Debug)]
pub struct Stencil<T: Real> {
    r: T,
    kernel: Kernel,
    tile: Option<Tile>,
    caches: Caches,
}

impl<T: Real> Stencil<T> {
    pub fn new(r: T) -> Self {
        Self {
            r,
            kernel: Kernel::detect(),
            tile: None,
            caches: Caches::detect(),
        }
    }

    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        assert!(
            kernel.is_available(),
            "this machine has no {kernel} instructions"
        );
        self.kernel = kernel;
        self
    }

    pub fn with_tile(mut self, tile: Tile) -> Self {
        self.tile = Some(tile);
        self
    }

    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The tile for a field of `rows × columns` nodes, boundary ring included.
    pub fn tile(&self, rows: usize, columns: usize, threads: usize) -> Tile {
        self.tile.unwrap_or_else(|| {
            let interior = (rows.saturating_sub(2), columns.saturating_sub(2));
            Tile::choose(self.caches, interior, threads, size_of::<T>())
        })
    }

    pub fn depth(&self, rows: usize, columns: usize, threads: usize) -> usize {
        self.tile(rows, columns, threads).depth
    }

    pub fn advance(
        &self,
        source: ArrayView2<'_, T>,
        mut target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
        steps: usize,
    ) {
        assert_eq!(
            source.dim(),
            target.dim(),
            "source and target differ in shape"
        );
        let (ny, nx) = source.dim();
        assert!(rows.end <= ny, "rows {rows:?} of a field of {ny}");
        let rows = rows.start.max(1)..rows.end.min(ny.saturating_sub(1));
        if rows.is_empty() || nx < 3 {
            return;
        }
        if steps == 0 {
            for j in rows {
                target.row_mut(j).assign(&source.row(j));
            }
            return;
        }
        let source = plane(source.as_ptr().cast_mut(), source.dim(), source.strides());
        let target = plane(target.as_mut_ptr(), target.dim(), target.strides());
        // SAFETY: both borrows last until the call returns; the target's is exclusive.
        unsafe { self.passes([source, target], rows, &[steps]) }
    }

    /// newest state in `field`.
    pub fn advance_many(
        &self,
        mut field: ArrayViewMut2<'_, T>,
        mut spare: ArrayViewMut2<'_, T>,
        steps: usize,
    ) -> usize {
        assert_eq!(field.dim(), spare.dim(), "the two arrays differ in shape");
        let (ny, nx) = field.dim();
        if ny < 3 || nx < 3 || steps == 0 {
            return 0;
        }
        for axis in [Axis(0), Axis(1)] {
            for end in [0, field.len_of(axis) - 1] {
                spare
                    .index_axis_mut(axis, end)
                    .assign(&field.index_axis(axis, end));
            }
        }
        let depth = self.depth(ny, nx, rayon::current_num_threads());
        let count = steps.div_ceil(depth);
        let passes: Vec<usize> = (0..count)
            .map(|pass| steps * (pass + 1) / count - steps * pass / count)
            .collect();
        let planes = [
            plane(field.as_mut_ptr(), field.dim(), field.strides()),
            plane(spare.as_mut_ptr(), spare.dim(), spare.strides()),
        ];
        // SAFETY: both arrays are borrowed exclusively until the call returns.
        unsafe { self.passes(planes, 1..ny - 1, &passes) }
        count
    }

    /// Passes from `planes[0]` to `planes[1]`, back, and so on.
    ///
    /// # Safety
    /// Nobody else writes the first plane nor touches the second; with more
    /// than one pass nobody else touches either.
    unsafe fn passes(&self, planes: [Plane<T>; 2], rows: Range<usize>, passes: &[usize]) {
        let (ny, nx) = (planes[0].rows, planes[0].columns);
        let tile = self.tile(ny, nx, rayon::current_num_threads());
        let deepest = passes.iter().copied().max().unwrap_or(0);
        let tiling = Tiling::new(rows, 1..nx - 1, (tile.rows, tile.columns), deepest);
        let bytes = 2 * ny * nx * size_of::<T>();
        crew::run(&tiling, passes.len(), |pass, rows, columns| {
            let steps = passes[pass];
            let task = Task {
                source: planes[pass % 2],
                target: planes[(pass + 1) % 2],
                rows,
                columns,
                steps,
                r: self.r,
                calm: calm(self.r, steps),
                stream: bytes > self.caches.last,
            };
            SCRATCH.with_borrow_mut(|scratch| {
                // SAFETY: the kernel is this machine's; the crew keeps tiles
                // apart as `Task` asks, because none is smaller than a pass is
                // deep.
                unsafe { T::execute(self.kernel, &task, scratch) }
            });
        });
    }
}

/// Magnitude up to which a state stays so small for `steps` steps that nothing
/// in a step overflows; negative if there is none.
///
/// A step multiplies the largest magnitude by at most `|1 - 4r| + 4|r|`, and
/// by a few roundings, for which a factor of `1 + 2⁻¹⁰` is plenty.
fn calm<T: Real>(r: T, steps: usize) -> f64 {
    let r = r.to_f64();
    let growth = ((1.0 - 4.0 * r).abs() + 4.0 * r.abs()) * (1.0 + 1.0 / 1024.0);
    let limit = T::CALM / growth.powi(steps as i32);
    if limit >= 1.0 { limit } else { -1.0 }
}

fn plane<T>(base: *mut T, (rows, columns): (usize, usize), strides: &[isize]) -> Plane<T> {
    assert!(
        strides[1] == 1 && strides[0] >= columns as isize,
        "the rows of a field must be contiguous and in order"
    );
    Plane {
        base,
        rows,
        columns,
        stride: strides[0] as usize,
    }
}
