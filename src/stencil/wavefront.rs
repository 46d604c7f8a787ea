//! The wavefront: a tile advanced by many levels in one walk over its rows.
//!
//! Source rows are lifted in bands of `R`. After each band every level advances
//! by `R` rows, each level one row behind the level before, because a row needs
//! the rows around it at the level before:
//!
//! ```text
//!     level      0 1 2 3 4
//!     row  j+4   # . . . .
//!          j+3   # # . . .      #  the band, at each level
//!          j+2   # # # . .      o  computed before, still needed
//!          j+1   o # # # .      .  not computed yet
//!          j     o o # # #
//!          j-1     o o # #
//!          j-2       o o #      R = 3
//! ```
//!
//! Each level keeps two rows for the next band. All levels share one ring of
//! rows and overwrite the rows of the level before ([`Ring`]). A tile therefore
//! occupies `2 steps + R` rows of cache, however many rows it has, and the
//! kernel accesses `R + 2` of them at a time.
//!
//! Source: wavefront temporal blocking as in G. Wellein, G. Hager, T. Zeiser,
//! M. Wittmann, H. Fehske, "Efficient temporal blocking for stencil
//! computations by multicore-aware wavefront parallelization", COMPSAC 2009;
//! here each thread runs a wavefront of its own.

use std::hint::black_box;
use std::ops::Range;

use super::lanes::{Lanes, MAX_LANES};
use super::level::{Constants, advance_rows};
use super::lifted::Lifted;
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::scratch::Scratch;
use super::task::TileTask;
use crate::real::Real;

/// Writes the nodes of `task` into its target, in bands of `R` rows.
///
/// # Safety
/// The processor has the instructions of `V`, the promises of [`TileTask`]
/// hold, and the task computes more columns than `V` has lanes.
#[inline(always)]
pub(super) unsafe fn advance<V: Lanes, const R: usize>(
    task: &TileTask<V::Element>,
    scratch: &mut Scratch,
) {
    let steps = task.steps;
    let (columns, rows) = (task.computed_columns(), task.rows_at(0));
    let pitch = Lifted::<V>::pitch(columns.len());
    let slots = 2 * steps + R;
    // The scratch holds the ring and the boundary rows, the addresses of the
    // slots, and one row in the order of the field.
    let lifted = (slots + 2) * pitch;
    let addresses =
        (slots + R + 1).next_multiple_of(8) * size_of::<usize>() / size_of::<V::Element>();
    let memory = scratch.elements::<V::Element>(lifted + addresses + columns.len() + 1);
    let addresses_at = memory.wrapping_add(lifted).cast();
    let plain = memory.wrapping_add(lifted + addresses);
    // SAFETY: in the whole function, source rows and columns come from
    // `rows_at` and `computed_columns`, which stay inside the arrays, and the
    // caller promises that nobody else accesses them; ring rows are inside the
    // scratch, and every row that is read was written before, because a level
    // follows the level before at a distance of one row.
    unsafe {
        let ring =
            Ring::<V::Element, R>::new(memory, pitch, slots, addresses_at, task.source.rows - 1);
        let layout = Lifted::<V>::new(columns.len());
        let k = Constants::<V>::new(task.r, black_box(V::Element::ONE));
        let west = columns.start - 1;
        let skipped = task.columns.start - columns.start;
        let mut magnitude = V::splat(V::Element::default());
        let mut fused = true;
        let mut band = rows.start;
        // The last level of a band is `steps` rows behind its source rows.
        while band < task.rows.end + steps {
            for j in band..(band + R).min(rows.end) {
                let source = task.source.node(j, west);
                magnitude = layout.lift(source, ring.source_row(steps, j), magnitude);
            }
            fused = fused && all_at_most(magnitude, task.magnitude_bound);
            let next_rows = band + R..(band + 2 * R).min(rows.end);
            let mut prefetch = SourcePrefetch::new(task, next_rows, west);
            let lines = prefetch.lines().div_ceil(steps);
            let full = full_levels::<R>(task, band);
            let mut slot = ring.slot(steps, band);
            for level in 1..=steps {
                prefetch.request::<V>(lines);
                slot = ring.two_before(slot);
                if full.contains(&level) {
                    let group = ring.inner_group(slot);
                    if fused {
                        advance_rows::<V, R, true>(&group, &layout, &k);
                    } else {
                        advance_rows::<V, R, false>(&group, &layout, &k);
                    }
                } else {
                    let rows = band_rows(band, R, level, task.rows_at(level));
                    if fused {
                        advance_outer::<V, R, true>(&ring, steps - level, rows, &layout, &k);
                    } else {
                        advance_outer::<V, R, false>(&ring, steps - level, rows, &layout, &k);
                    }
                }
            }
            for j in band_rows(band, R, steps, task.rows.clone()) {
                layout.lower(ring.row(0, j), plain);
                let target = task.target.node(j, task.columns.start);
                copy_row::<V>(plain.add(skipped), target, task.columns.len(), task.stream);
            }
            band += R;
        }
        if task.stream {
            V::fence();
        }
    }
}

/// The rows of a band at `level`, as far as they are in `rows`.
#[inline(always)]
fn band_rows(band: usize, height: usize, level: usize, rows: Range<usize>) -> Range<usize> {
    let start = band.saturating_sub(level).max(rows.start);
    let end = (band + height).saturating_sub(level).min(rows.end);
    start..end
}

/// The levels at which all `R` rows of a band are computed and none is next to
/// a boundary row.
#[inline(always)]
fn full_levels<const R: usize>(task: &TileTask<impl Sized>, band: usize) -> Range<usize> {
    let (rows, steps, last) = (&task.rows, task.steps, task.source.rows - 1);
    if band + R > rows.end + steps {
        return 0..0;
    }
    let below_boundary = band.saturating_sub(1);
    let above_boundary = (band + R + 1).saturating_sub(last).max(1);
    // The first row of the band, band - level, is in rows_at(level).
    let computed = (band + steps + 2).saturating_sub(rows.start) / 2;
    above_boundary..below_boundary.min(computed).min(steps + 1)
}

/// Computes rows at an end of the level with `remaining` steps to go, in pairs.
///
/// # Safety
/// As [`advance`].
#[inline(always)]
unsafe fn advance_outer<V: Lanes, const R: usize, const FUSED: bool>(
    ring: &Ring<V::Element, R>,
    remaining: usize,
    rows: Range<usize>,
    layout: &Lifted<V>,
    k: &Constants<V>,
) {
    // SAFETY: passed on.
    unsafe {
        let mut j = rows.start;
        while j + 2 <= rows.end {
            advance_rows::<V, 2, FUSED>(&ring.outer_group(remaining, j), layout, k);
            j += 2;
        }
        if j < rows.end {
            advance_rows::<V, 1, FUSED>(&ring.outer_group(remaining, j), layout, k);
        }
    }
}

/// Whether every lane is at most `bound`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn all_at_most<V: Lanes>(register: V, bound: f64) -> bool {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes.iter().all(|lane| lane.to_f64() <= bound)
}

/// Copies `count` elements, past the caches if `stream`.
///
/// # Safety
/// The processor has the instructions of `V`; both hold `count` elements, and
/// they do not overlap.
#[inline(always)]
unsafe fn copy_row<V: Lanes>(
    mut from: *const V::Element,
    mut to: *mut V::Element,
    mut count: usize,
    stream: bool,
) {
    // SAFETY: `from` and `to` advance together, by `count` elements in all.
    unsafe {
        if stream {
            let head = to.align_offset(size_of::<V>()).min(count);
            from.copy_to_nonoverlapping(to, head);
            (from, to, count) = (from.add(head), to.add(head), count - head);
            while count >= V::COUNT {
                V::load(from).stream(to);
                (from, to, count) = (from.add(V::COUNT), to.add(V::COUNT), count - V::COUNT);
            }
        }
        from.copy_to_nonoverlapping(to, count);
    }
}
