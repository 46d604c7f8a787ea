//! The step: explicit five-point diffusion, tiled in time, the same bits on
//! every machine.
//!
//! ```text
//! lapl    = (((p[j+1,i] + p[j-1,i]) + p[j,i+1]) + p[j,i-1]) - 4 p[j,i]
//! p'[j,i] = p[j,i] + r lapl                                r = D dt / dx²
//! ```
//!
//! From the outside in:
//!
//! | | |
//! |---|---|
//! | [`Stencil`] | cuts a field into tiles and a run of steps into passes |
//! | `crew` | threads take tiles, pass after pass, without a barrier |
//! | `wavefront` | a tile streams through the caches, all its levels at once |
//! | `panel` | rows change into a layout in which neighbours are whole registers |
//! | `sweep` | the kernel: a few rows of a panel, one level on |
//! | `lanes` | the vocabulary of the kernel; `avx512`, `avx2`, `neon`, `portable` speak it |
//! | [`scalar`] | the definition, which all of the above must equal bit for bit |
//!
//! # Why the bits are equal
//!
//! Every kernel does the six operations of the definition in their order. Two
//! of them use a fused instruction, which rounds once instead of twice:
//! `sum - 4 p` and one of the additions, as `west * 1 + sum`. Both products are
//! exact, whether normal or subnormal, so there is nothing that a second
//! rounding could change; signs of zero, infinities and NaN follow the same
//! rules. The one exception is a `4 p` that overflows, |p| ≥ 2¹⁰²² in `f64`:
//! the definition has an infinity there, the fused form may not. A tile
//! therefore looks for its largest magnitude as it reads the source, and as
//! soon as that could grow out of bounds within the pass it goes on with the
//! plain product.
//!
//! Which bits a NaN has is left open, as in Rust itself.

#![allow(unsafe_code, reason = "one of the two rooms where it is at home")]
#![allow(
    clippy::needless_range_loop,
    reason = "rows and lanes of several arrays are counted together"
)]

mod caches;
mod calibrate;
mod crew;
mod dispatch;
mod kernel;
mod lanes;
pub mod limit;
mod pages;
mod panel;
mod portable;
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
use std::mem;
use std::ops::Range;

use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, DataMut, Ix2, s};

pub use caches::Caches;
pub use dispatch::Element;
pub use kernel::{Kernel, UnknownKernel};
pub use tile::{InvalidTile, MAX_DEPTH, Tile};

use crew::Tiling;
use scratch::Scratch;
use task::{Plane, Task};

thread_local! {
    /// Kept from one tile to the next.
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

/// The step, with everything that decides how, but not what, it computes.
///
/// Shape: a field is `ny × nx` nodes, the boundary ring included. Its rows must
/// be contiguous; they may be further apart than `nx`.
///
/// Units: none in `r = D dt / dx²`; the field has any.
///
/// ```
/// use diff2d::stencil::Stencil;
/// use ndarray::Array2;
///
/// let mut field = Array2::<f64>::zeros((5, 5));
/// field[[2, 2]] = 1.0;
/// let mut spare = field.clone();
/// Stencil::new(0.25).advance_many(&mut field, &mut spare, 2);
/// assert_eq!(field[[2, 2]], 0.25);
/// assert_eq!(field[[1, 1]], 0.125);
/// ```
#[derive(Clone, Debug)]
pub struct Stencil<T: Element> {
    r: T,
    kernel: Kernel,
    tile: Option<Tile>,
    caches: Caches,
}

impl<T: Element> Stencil<T> {
    /// The step with this machine's fastest kernel and tiles that suit its
    /// caches.
    pub fn new(r: T) -> Self {
        Self {
            r,
            kernel: Kernel::detect(),
            tile: None,
            caches: Caches::detect(),
        }
    }

    /// The same with another kernel.
    ///
    /// # Panics
    /// If this machine does not have it, see [`Kernel::is_available`].
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        assert!(kernel.is_available(), "this machine has no {kernel} kernel");
        self.kernel = kernel;
        self
    }

    /// The same with tiles of a given size for every field.
    ///
    /// # Panics
    /// If a side of the tile is zero.
    #[must_use]
    pub fn with_tile(mut self, tile: Tile) -> Self {
        assert!(
            tile.rows > 0 && tile.columns > 0 && tile.depth > 0,
            "a tile of {tile} is empty"
        );
        self.tile = Some(tile);
        self
    }

    /// The kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The tile for a field of `rows × columns` nodes, boundary ring included,
    /// on so many threads.
    pub fn tile(&self, rows: usize, columns: usize, threads: usize) -> Tile {
        self.tile.unwrap_or_else(|| {
            let interior = (rows.saturating_sub(2), columns.saturating_sub(2));
            Tile::choose(self.caches, interior, threads, size_of::<T>())
        })
    }

    /// How many steps one pass over such a field should take: the depth of its
    /// tile. A slab does well to have halos of this many rows.
    pub fn depth(&self, rows: usize, columns: usize, threads: usize) -> usize {
        self.tile(rows, columns, threads).depth
    }

    /// Writes into `target` the rows `rows` of the state `steps` steps after
    /// `source`, on the threads of the current rayon pool.
    ///
    /// The first and last row and the first and last column of the arrays are
    /// held constant and are not written: the target's must equal the source's.
    /// Other rows outside `rows` are not touched. What the rows depend on is
    /// clipped at the ends of the array: a slab with halos `h` deep that asks
    /// for the rows `h..ny - h` and at most `h` steps never sees that.
    ///
    /// # Panics
    /// If the arrays differ in shape, if their rows are not contiguous, or if
    /// `rows` reaches beyond them.
    #[allow(clippy::needless_pass_by_value, reason = "views are passed by value")]
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
        assert!(rows.end <= ny, "a field of {ny} rows has no rows {rows:?}");
        let rows = rows.start.max(1)..rows.end.min(ny.saturating_sub(1));
        if rows.is_empty() || nx < 3 {
            return;
        }
        if steps == 0 {
            let inner = s![rows, 1..nx - 1];
            target.slice_mut(inner).assign(&source.slice(inner));
            return;
        }
        let planes = [
            Plane::new(source.as_ptr().cast_mut(), source.dim(), source.strides()),
            Plane::new(target.as_mut_ptr(), target.dim(), target.strides()),
        ];
        // SAFETY: both arrays are borrowed until the call returns, the target
        // exclusively; one pass writes the target alone.
        unsafe { self.passes(planes, rows, &[steps]) }
    }

    /// Advances `field` by `steps` steps, using `spare` as room, on the threads
    /// of the current rayon pool. The boundary ring is held constant.
    ///
    /// The two arrays may change places: the newest state is in `field`, what is
    /// in `spare` means nothing. Returns whether they have, for callers whose
    /// arrays are views of memory that stays where it is. Tiles go from pass to pass as soon as their
    /// neighbours allow, so this is faster than a loop over [`Self::advance`],
    /// by much on small fields.
    ///
    /// # Panics
    /// If the arrays differ in shape, or if their rows are not contiguous.
    pub fn advance_many<S: DataMut<Elem = T>>(
        &self,
        field: &mut ArrayBase<S, Ix2>,
        spare: &mut ArrayBase<S, Ix2>,
        steps: usize,
    ) -> bool {
        assert_eq!(field.dim(), spare.dim(), "field and spare differ in shape");
        let (ny, nx) = field.dim();
        if ny < 3 || nx < 3 || steps == 0 {
            return false;
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
        let until = |pass: usize| (steps as u128 * pass as u128 / count as u128) as usize;
        let passes: Vec<usize> = (0..count)
            .map(|pass| until(pass + 1) - until(pass))
            .collect();
        let planes = [
            Plane::new(field.as_mut_ptr(), field.dim(), field.strides()),
            Plane::new(spare.as_mut_ptr(), spare.dim(), spare.strides()),
        ];
        // SAFETY: both arrays are borrowed exclusively until the call returns.
        unsafe { self.passes(planes, 1..ny - 1, &passes) }
        let swapped = count % 2 == 1;
        if swapped {
            mem::swap(field, spare);
        }
        swapped
    }

    /// Passes from `planes[0]` to `planes[1]`, back, and so on.
    ///
    /// # Safety
    /// Nobody else writes the first plane nor touches the second; with more
    /// than one pass nobody else touches either.
    unsafe fn passes(&self, planes: [Plane<T>; 2], rows: Range<usize>, passes: &[usize]) {
        let (ny, nx) = (planes[0].rows, planes[0].columns);
        let tile = self.tile(ny, nx, rayon::current_num_threads());
        // Between passes a tile waits for the tiles around it and no others.
        let deepest = passes.iter().copied().max().unwrap_or(1);
        let reach = if passes.len() > 1 { deepest } else { 1 };
        let tiling = Tiling::new(rows, 1..nx - 1, (tile.rows, tile.columns), reach);
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
                // SAFETY: the kernel is this machine's. In a single pass nobody
                // writes what others read. Otherwise no tile is smaller than a
                // pass is deep, so what one reads lies in the tiles around it,
                // which the crew keeps from being overwritten meanwhile.
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
fn calm<T: Element>(r: T, steps: usize) -> f64 {
    let r = r.to_f64();
    let growth = ((1.0 - 4.0 * r).abs() + 4.0 * r.abs()) * (1.0 + 1.0 / 1024.0);
    let limit = T::MAX.to_f64() / 16.0 / growth.powi(steps as i32);
    if limit >= 1.0 { limit } else { -1.0 }
}
