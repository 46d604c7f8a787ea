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

use std::marker::PhantomData;
use std::ops::Range;

use super::ends::{Beyond, Ends};
use super::kind::{Kind, Outcome};
use super::lanes::{Computation, Lanes};
use super::lifted::Lifted;
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::rows::{ArrayRing, Staging};
use super::scratch::Scratch;
use super::task::TileTask;
use super::update::ArrayRows;

/// Writes the nodes of `task` into its target, in bands of `R` rows. `None` if this kind of equation does
/// not compute the bits of the definition for this source; the target's nodes then have any values.
///
/// # Safety
/// The processor has the instructions of `V`, the promises of [`TileTask`]
/// hold, its equation is of the kind `K`, and the task computes more columns
/// than `V` has lanes.
#[inline(always)]
unsafe fn advance<V: Lanes, K: Kind<V>, const R: usize>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Scratch,
) -> Option<Outcome> {
    let steps = task.steps;
    let (columns, rows) = (task.computed_columns(), task.rows_at(0));
    // Rows are counted from the first that is lifted.
    let base = rows.start;
    let relative = |rows: Range<isize>| (rows.start - base) as usize..(rows.end - base) as usize;
    let (end, written) = (rows.len(), task.rows.start as isize..task.rows.end as isize);
    let written = relative(written);
    let pitch = Lifted::<V>::pitch(columns.len());
    let slots = 2 * steps + R;
    // The scratch holds the ring and the rows beyond its ends, the rows of the
    // equation's arrays, the addresses of the slots, and rows in the order of
    // the field.
    let array_slots = ArrayRing::<V, K>::COUNT * (steps + R);
    let lifted = (slots + 2 + array_slots + Beyond::<V>::ROWS) * pitch;
    let addresses =
        (slots + R + 1).next_multiple_of(8) * size_of::<usize>() / size_of::<V::Element>();
    let memory = scratch.elements::<V::Element>(lifted + addresses + 2 * columns.len() + 3);
    let array_memory = memory.wrapping_add((slots + 2) * pitch);
    let wall_memory = array_memory.wrapping_add(array_slots * pitch);
    let addresses_at = memory.wrapping_add(lifted).cast();
    let plain = memory.wrapping_add(lifted + addresses);
    let staging = plain.wrapping_add(columns.len() + 1);
    // SAFETY: in the whole function, source rows and columns come from
    // `rows_at` and `computed_columns`, which stay inside the arrays, and the
    // caller promises that nobody else accesses them; ring rows are inside the
    // scratch, and every row that is read was written before, because a level
    // follows the level before at a distance of one row.
    unsafe {
        let ring = Ring::<V::Element, R>::new(memory, pitch, slots, addresses_at, end);
        let layout = Lifted::<V>::new(columns.len());
        let mut kind = K::new(task);
        let staging = Staging::new(columns.clone(), &task.domain[1], staging);
        let arrays = ArrayRing::<V, K>::new(task, array_memory, pitch, steps + R);
        let ends = Ends::new(task, &columns, base);
        let beyond = Beyond::<V>::new(task, &rows, ring.beyond(), wall_memory, pitch);
        let skipped = (task.columns.start as isize - columns.start) as usize;
        beyond.lift_held(task, &rows, &layout, &staging, &mut kind);
        let mut band = 0;
        // The last level of a band is `steps` rows behind its source rows.
        while band < written.end + steps {
            for j in band..(band + R).min(end) {
                let row = ring.row(steps, j);
                let source = staging.row(&task.source, task.row_place(base + j as isize));
                layout.lift(source, row, |register| {
                    kind.note(register);
                    kind.lifted(register)
                });
                ends.write::<V>(&layout, row, j, task.first);
            }
            arrays.lift(task, base, band..(band + R).min(end + 1), &layout, &staging);
            if !kind.is_valid() {
                return None;
            }
            let next_rows = (band + R).min(end)..(band + 2 * R).min(end);
            let next_rows = base + next_rows.start as isize..base + next_rows.end as isize;
            let mut prefetch = SourcePrefetch::new(task, next_rows, columns.start - 1);
            let lines = prefetch.lines().div_ceil(steps);
            let full = full_levels::<R>(&written, steps, beyond.reached(), end, band);
            let mut slot = ring.slot(steps, band);
            for level in 1..=steps {
                prefetch.request::<V>(lines);
                slot = ring.two_before(slot);
                if full.contains(&level) {
                    let group = ring.inner_group(slot);
                    let rows = arrays.rows::<R>(band - level);
                    kind.advance(level, &group, &layout, &rows);
                    if ends.any() && level < steps {
                        for j in 0..R {
                            let row = group.next(j);
                            ends.write::<V>(&layout, row, band - level + j, task.first + level);
                        }
                    }
                } else {
                    let rows = band_rows(band, R, level, relative(task.rows_at(level)));
                    let level = Level {
                        task,
                        ring: &ring,
                        layout: &layout,
                        staging: &staging,
                        arrays: &arrays,
                        ends: &ends,
                        beyond: &beyond,
                        number: level,
                    };
                    level.advance_outer(rows, &mut kind);
                }
            }
            for j in band_rows(band, R, steps, written.clone()) {
                layout.lower(ring.row(0, j), plain, |register| kind.lowered(register));
                let target = task
                    .target
                    .node(task.rows.start + j - written.start, task.columns.start);
                copy_row::<V>(plain.add(skipped), target, task.columns.len(), task.stream);
            }
            band += R;
        }
        if task.stream {
            V::fence();
        }
        kind.is_valid().then(|| kind.outcome())
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
/// a wall. Of the `end` rows, the first and the last are next to one if it is
/// `reached`.
#[inline(always)]
fn full_levels<const R: usize>(
    written: &Range<usize>,
    steps: usize,
    reached: [bool; 2],
    end: usize,
    band: usize,
) -> Range<usize> {
    if band + R > written.end + steps {
        return 0..0;
    }
    let below_first = if reached[0] { band } else { usize::MAX };
    let above_last = if reached[1] {
        (band + R + 1).saturating_sub(end)
    } else {
        0
    };
    // The first row of the band, band - level, is computed at that level.
    let computed = (band + steps + 2).saturating_sub(written.start) / 2;
    above_last.max(1)..below_first.min(computed).min(steps + 1)
}

/// One level of a tile, and all that is needed for rows at its ends.
struct Level<'a, V: Lanes, K: Kind<V>, const R: usize> {
    task: &'a TileTask<'a, V::Element>,
    ring: &'a Ring<V::Element, R>,
    layout: &'a Lifted<V>,
    staging: &'a Staging<'a, V::Element>,
    arrays: &'a ArrayRing<V, K>,
    ends: &'a Ends<'a, V::Element>,
    beyond: &'a Beyond<V>,
    number: usize,
}

impl<V: Lanes, K: Kind<V>, const R: usize> Level<'_, V, K, R> {
    /// Computes rows at an end of the level, one at a time.
    ///
    /// # Safety
    /// As [`advance`].
    #[inline(always)]
    unsafe fn advance_outer(&self, rows: Range<usize>, kind: &mut K) {
        let Self {
            task, ring, layout, ..
        } = self;
        let (remaining, step) = (task.steps - self.number, task.first + self.number);
        for j in rows {
            // SAFETY: passed on.
            unsafe {
                self.beyond.prepare(
                    task,
                    j..j + 1,
                    (step - 1, kind.held_factor(self.number - 1)),
                    layout,
                    self.staging,
                    |j| ring.row(remaining + 1, j),
                );
                let group = ring.outer_group::<1>(remaining, j);
                let arrays: ArrayRows<V::Element, 1> = self.arrays.rows(j);
                kind.advance(self.number, &group, layout, &arrays);
                if self.ends.any() && remaining > 0 {
                    self.ends.write::<V>(layout, group.next(0), j, step);
                }
            }
        }
    }
}

/// [`advance`] as a computation.
pub(super) struct Walk<'a, 'b, V: Lanes, K, const R: usize> {
    task: &'a TileTask<'b, V::Element>,
    scratch: &'a mut Scratch,
    kind: PhantomData<K>,
}

impl<'a, 'b, V: Lanes, K, const R: usize> Walk<'a, 'b, V, K, R> {
    pub fn new(task: &'a TileTask<'b, V::Element>, scratch: &'a mut Scratch) -> Self {
        Self {
            task,
            scratch,
            kind: PhantomData,
        }
    }
}

impl<V: Lanes, K: Kind<V>, const R: usize> Computation for Walk<'_, '_, V, K, R> {
    type Output = Option<Outcome>;

    #[inline(always)]
    unsafe fn run(self) -> Self::Output {
        // SAFETY: passed on.
        unsafe { advance::<V, K, R>(self.task, self.scratch) }
    }
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
