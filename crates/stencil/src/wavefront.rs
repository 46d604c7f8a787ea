//! The wavefront: a tile advanced by many levels in one walk over its rows.
//!
//! Source rows are lifted in bands of a few. After each band every level advances
//! by as many rows, each level one row behind the level before, because a row needs
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
//!          j-2       o o #      bands of 3 rows
//! ```
//!
//! Each level keeps two rows for the next band. All levels share one ring of
//! rows and overwrite the rows of the level before ([`Ring`]). However many rows
//! a tile has, it occupies two rows a step and those of a band, which are best in
//! the second-level cache. The kernel accesses a band and two rows more, or four, at
//! a time. These are best in the first-level cache ([`Heights`]). Some kinds of
//! equation may be advanced by two levels at a time ([`super::twice`]).
//!
//! Source: wavefront temporal blocking as in G. Wellein, G. Hager, T. Zeiser,
//! M. Wittmann, H. Fehske, "Efficient temporal blocking for stencil
//! computations by multicore-aware wavefront parallelization", COMPSAC 2009;
//! here each thread runs a wavefront of its own.

use std::marker::PhantomData;
use std::ops::Range;

use super::band::Band;
use super::ends::{Beyond, Ends, LevelEnds};
use super::kind::{Kind, Outcome};
use super::lanes::{Computation, Lanes};
use super::lifted::Lifted;
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::rows::{ArrayRing, Staging, copy_row, look_at};
use super::scratch::Scratch;
use super::sweeps::Sweeps;
use super::task::TileTask;

/// The heights of bands that a kernel is compiled for: the rows of a band are a group of
/// [`advance_rows`](super::level::advance_rows). The taller it is, the fewer rows are loaded for a row of results.
/// Bands have `TWICE` rows where they are advanced by two levels in one sweep, which takes more registers.
#[derive(Clone, Copy)]
pub(super) struct Heights<
    const TALL: usize,
    const MEDIUM: usize,
    const LOW: usize,
    const TWICE: usize,
>;

impl<const TALL: usize, const MEDIUM: usize, const LOW: usize, const TWICE: usize>
    Heights<TALL, MEDIUM, LOW, TWICE>
{
    /// The tallest band that, with the rows around it, leaves enough of the first-level cache, for rows of `row`
    /// bytes. The shares were measured on an Intel server processor.
    fn choose(row: usize, first_level: usize) -> usize {
        let leaves =
            |height: usize, eighths: usize| (height + 2) * row <= first_level / 8 * eighths;
        match () {
            () if leaves(TALL, 6) => TALL,
            () if leaves(MEDIUM, 7) => MEDIUM,
            () => LOW,
        }
    }
}

/// Writes the nodes of `task` into its target, in bands of one of the heights. `None` if this kind of equation does
/// not compute the bits of the definition for this source; rows that are not finished then have any values.
///
/// # Safety
/// The processor has the instructions of `V`, the promises of [`TileTask`]
/// hold, its equation is of the kind `K`, and the task computes more columns
/// than `V` has lanes.
#[inline(always)]
unsafe fn advance<
    V: Lanes,
    K: Kind<V>,
    const TALL: usize,
    const MEDIUM: usize,
    const LOW: usize,
    const TWICE: usize,
>(
    task: &TileTask<'_, V::Element>,
    scratch: &mut Scratch,
    _: Heights<TALL, MEDIUM, LOW, TWICE>,
) -> Option<Outcome> {
    let steps = task.steps;
    let (columns, rows) = (task.computed_columns(), task.rows_at(0));
    // Rows are counted from the first that is lifted.
    let base = rows.start;
    let relative = |rows: Range<isize>| (rows.start - base) as usize..(rows.end - base) as usize;
    let (end, written) = (rows.len(), task.rows.start as isize..task.rows.end as isize);
    let written = relative(written);
    let pitch = Lifted::<V>::pitch(columns.len());
    let ends = Ends::new(task, &columns, base);
    let row =
        (1 + ArrayRing::<V, K>::COUNT) * Lifted::<V>::registers(columns.len()) * size_of::<V>();
    // Rows of a band, two of the level between, and one on each side.
    let accessed = (TWICE + 4) * row;
    // Nodes of walls on the left or right that are given or computed are seen to after each level.
    let may_sweep = !ends.any();
    // Strips have at least three columns.
    let advances_twice = K::MAY_ADVANCE_TWICE
        && task.levels_per_sweep.are_two(accessed, task.first_level)
        && may_sweep
        && columns.len() > 2 * V::COUNT;
    let (height, levels_per_sweep) = if advances_twice {
        (TWICE, 2)
    } else {
        let height = Heights::<TALL, MEDIUM, LOW, TWICE>::choose(row, task.first_level);
        (height, 1)
    };
    let slots = 2 * steps + height;
    // The scratch holds the ring and the rows beyond its ends, the rows of the
    // equation's arrays, the addresses of the slots, and rows in the order of
    // the field.
    let array_slots = ArrayRing::<V, K>::COUNT * (steps + height);
    let lifted = (slots + 2 + array_slots + Beyond::<V>::ROWS) * pitch;
    let addresses =
        (slots + height + 3).next_multiple_of(8) * size_of::<usize>() / size_of::<V::Element>();
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
        let ring = Ring::new(memory, pitch, (slots, height), addresses_at, end);
        let layout = Lifted::<V>::new(columns.len());
        let mut kind = K::new(task);
        let staging = Staging::new(task, staging);
        let arrays = ArrayRing::<V, K>::new(task, array_memory, pitch, steps + height);
        let beyond = Beyond::<V>::new(task, &rows, ring.beyond(), wall_memory, pitch);
        let skipped = (task.columns.start as isize - columns.start) as usize;
        beyond.lift_held(task, &layout, &staging, &mut kind);
        let first_ends = match ends.any() {
            true => Some(ends.after(&layout, task.first)),
            false => None,
        };
        let takes_notes = kind.takes_notes();
        // The last level of a band is `steps` rows behind its source rows.
        for first in (0..written.end + steps).step_by(height) {
            let band = Band { first, height };
            if let Some(stage) = &task.stage {
                // The rows of this band, and those that it prefetches.
                let read = base + (first + 2 * height).min(end) as isize;
                stage.wait((read as usize).min(task.rows.end));
            }
            for j in band.rows(0, &(0..end)) {
                let row = ring.row(steps, j);
                let place = task.row_place(base + j as isize);
                let source = staging.row(&task.source, place);
                if takes_notes {
                    look_at(source, task.lifted_columns().len(), |register| {
                        kind.note(register);
                    });
                }
                layout.lift(source, row, |register| kind.lifted(register));
                if let Some(first_ends) = &first_ends {
                    first_ends.write(row, j);
                }
            }
            arrays.lift(task, base, band.rows(0, &(0..end + 1)), &layout, &staging);
            if !kind.is_valid() {
                return None;
            }
            let next_rows = (first + height).min(end)..(first + 2 * height).min(end);
            let next_rows = base + next_rows.start as isize..base + next_rows.end as isize;
            let mut prefetch = SourcePrefetch::new(task, next_rows);
            let levels = band.levels(steps, end);
            let lines = prefetch.lines().div_ceil(levels.len().max(1));
            let full = band.full_levels(steps, &written, beyond.reached(), end);
            let before = levels.start - 1;
            let mut slot = ring.slot(steps - before, first - before);
            let mut number = levels.start;
            while number < levels.end {
                let count = match may_sweep && full.contains(&number) && kind.may_sweep(number) {
                    true => (full.end - number) / levels_per_sweep,
                    false => 0,
                };
                if count > 0 {
                    let mut sweeps = Sweeps {
                        ring: &ring,
                        slot,
                        count,
                        prefetch: &mut prefetch,
                        lines,
                    };
                    macro_rules! sweep {
                        ($height:ident) => {
                            kind.sweep::<$height>(advances_twice, &mut sweeps, &layout)
                        };
                    }
                    match height {
                        _ if advances_twice => sweep!(TWICE),
                        _ if height == TALL => sweep!(TALL),
                        _ if height == MEDIUM => sweep!(MEDIUM),
                        _ => sweep!(LOW),
                    }
                    slot = sweeps.slot;
                    number += levels_per_sweep * count;
                    continue;
                }
                prefetch.request::<V>(lines);
                slot = ring.two_before(slot);
                let level_ends = match number < steps && ends.any() {
                    true => Some(ends.after(&layout, task.first + number)),
                    false => None,
                };
                let level = Level {
                    task,
                    ring: &ring,
                    layout: &layout,
                    staging: &staging,
                    arrays: &arrays,
                    ends: level_ends.as_ref(),
                    beyond: &beyond,
                    number,
                };
                if !full.contains(&number) {
                    let rows = band.rows(number, &relative(task.rows_at(number)));
                    level.advance_outer(rows, &mut kind);
                } else if height == TALL {
                    level.advance_band::<TALL>(slot, first - number, &mut kind);
                } else if height == MEDIUM {
                    level.advance_band::<MEDIUM>(slot, first - number, &mut kind);
                } else if height == LOW {
                    level.advance_band::<LOW>(slot, first - number, &mut kind);
                } else {
                    level.advance_band::<TWICE>(slot, first - number, &mut kind);
                }
                number += 1;
            }
            // The levels may have found out that they must not be used.
            if !kind.is_valid() {
                return None;
            }
            let finished = band.rows(steps, &written);
            for j in finished.clone() {
                let row = ring.row(0, j);
                let place = task.rows.start + j - written.start;
                layout.lower(row, plain, |register| kind.lowered(register));
                let target = task.target.node(place, task.columns.start);
                copy_row::<V>(plain.add(skipped), target, task.columns.len(), task.stream);
            }
            if let Some(stage) = &task.stage
                && !finished.is_empty()
            {
                if task.stream {
                    V::fence();
                }
                stage.finish(task.rows.start + finished.end - written.start);
            }
        }
        if task.stream {
            V::fence();
        }
        Some(kind.outcome())
    }
}

/// One level of a tile, and all that its rows need.
struct Level<'a, V: Lanes, K> {
    task: &'a TileTask<'a, V::Element>,
    ring: &'a Ring<V::Element>,
    layout: &'a Lifted<V>,
    staging: &'a Staging<'a, V::Element>,
    arrays: &'a ArrayRing<V, K>,
    ends: Option<&'a LevelEnds<'a, V>>,
    beyond: &'a Beyond<V>,
    number: usize,
}

impl<V: Lanes, K: Kind<V>> Level<'_, V, K> {
    /// Computes a band of `R` rows from row `first` on, whose next level begins in `slot`, none of them next to
    /// a wall.
    ///
    /// # Safety
    /// As [`advance`].
    #[inline(always)]
    unsafe fn advance_band<const R: usize>(&self, slot: usize, first: usize, kind: &mut K) {
        let group = self.ring.inner_group::<R>(slot);
        let arrays = self.arrays.rows::<R>(first);
        // SAFETY: passed on.
        unsafe {
            kind.advance(self.number, &group, self.layout, &arrays);
            if let Some(ends) = self.ends {
                for j in 0..R {
                    ends.write(group.next(j), first + j);
                }
            }
        }
    }

    /// Computes rows at an end of the level, two at a time.
    ///
    /// # Safety
    /// As [`advance`].
    #[inline(always)]
    unsafe fn advance_outer(&self, rows: Range<usize>, kind: &mut K) {
        for first in rows.clone().step_by(2) {
            // SAFETY: passed on.
            unsafe {
                if first + 1 < rows.end {
                    self.advance_outer_group::<2>(first, kind);
                } else {
                    self.advance_outer_group::<1>(first, kind);
                }
            }
        }
    }

    /// Computes a group of rows at an end of the level.
    ///
    /// # Safety
    /// As [`advance`].
    #[inline(always)]
    unsafe fn advance_outer_group<const R: usize>(&self, first: usize, kind: &mut K) {
        let Self {
            task, ring, layout, ..
        } = self;
        let (remaining, before) = (task.steps - self.number, self.number - 1);
        // SAFETY: passed on.
        unsafe {
            self.beyond.prepare(
                task,
                first..first + R,
                (task.first + before, kind.held_factor(before)),
                layout,
                self.staging,
                |j| ring.row(remaining + 1, j),
            );
            let group = ring.outer_group::<R>(remaining, first);
            let arrays = self.arrays.rows::<R>(first);
            kind.advance(self.number, &group, layout, &arrays);
            if let Some(ends) = self.ends {
                for j in 0..R {
                    ends.write(group.next(j), first + j);
                }
            }
        }
    }
}

/// [`advance`] as a computation.
pub(super) struct Walk<'a, 'b, V: Lanes, K, H> {
    task: &'a TileTask<'b, V::Element>,
    scratch: &'a mut Scratch,
    heights: H,
    kind: PhantomData<K>,
}

impl<'a, 'b, V: Lanes, K, H> Walk<'a, 'b, V, K, H> {
    pub fn new(task: &'a TileTask<'b, V::Element>, scratch: &'a mut Scratch, heights: H) -> Self {
        Self {
            task,
            scratch,
            heights,
            kind: PhantomData,
        }
    }
}

impl<
    V: Lanes,
    K: Kind<V>,
    const TALL: usize,
    const MEDIUM: usize,
    const LOW: usize,
    const TWICE: usize,
> Computation for Walk<'_, '_, V, K, Heights<TALL, MEDIUM, LOW, TWICE>>
{
    type Output = Option<Outcome>;

    #[inline(always)]
    unsafe fn run(self) -> Self::Output {
        // SAFETY: passed on.
        unsafe { advance::<V, K, TALL, MEDIUM, LOW, TWICE>(self.task, self.scratch, self.heights) }
    }
}
