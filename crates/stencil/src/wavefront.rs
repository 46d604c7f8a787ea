//! The wavefront: advances a tile by many levels in one walk over its rows.
//!
//! Source rows are lifted in bands of a few rows. After each band every level advances by equally many rows, each level
//! one row behind the level before, because a row needs the rows around it at the level before:
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
//! Each level keeps two rows for the next band. All levels share one ring of rows and overwrite the rows of the level
//! before ([`Ring`]). Whatever its number of rows, a tile occupies two rows for each step and the rows of a band, which
//! should fit the second-level cache. The kernel accesses a band and two or four more rows at a time, which should fit
//! the first-level cache. Some kinds of equation may be advanced by two levels at a time ([`super::twice`]).
//!
//! Source: wavefront temporal blocking as in G. Wellein, G. Hager, T. Zeiser,
//! M. Wittmann, H. Fehske, "Efficient temporal blocking for stencil
//! computations by multicore-aware wavefront parallelization", COMPSAC 2009;
//! here each thread runs a wavefront of its own.

use std::marker::PhantomData;
use std::ops::Range;

use super::band::Band;
use super::ends::{Ends, PresentLevel, RowsBeyond};
use super::kernel::LevelsPerSweep;
use super::kind::EquationKind;
use super::knowledge::TileOutcome;
use super::lanes::{Computation, Lanes};
use super::lifted::{Layout, Lifted};
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::rows::{ArrayRing, Staging, copy_row, look_at};
use super::scratch::Workspace;
use super::sweeps::{OuterRows, Sweeps};
use super::task::TileTask;

/// Writes the nodes of a task into its target, in bands of `R` rows. `None` if this kind of equation does not reproduce
/// the bits of the definition for this source; unfinished rows then have arbitrary values.
pub(super) struct Walk<'a, 'b, V: Lanes, K, const R: usize> {
    task: &'a TileTask<'b, V::Element>,
    scratch: &'a mut Workspace,
    kind: PhantomData<K>,
}

impl<'a, 'b, V: Lanes, K, const R: usize> Walk<'a, 'b, V, K, R> {
    /// A walk over a task. To run it, the promises of [`TileTask`] have to hold, its equation has to be of the kind
    /// `K`, and the task has to compute more columns than `V` has lanes.
    pub fn new(task: &'a TileTask<'b, V::Element>, scratch: &'a mut Workspace) -> Self {
        let kind = PhantomData;
        Self {
            task,
            scratch,
            kind,
        }
    }
}

impl<V: Lanes, K: EquationKind<V>, const R: usize> Computation for Walk<'_, '_, V, K, R> {
    type Output = Option<TileOutcome>;

    #[inline(always)]
    unsafe fn run(self) -> Option<TileOutcome> {
        // SAFETY: passed on.
        unsafe {
            let mut kind = K::new(self.task);
            let wavefront = Wavefront::<V, R>::new::<K>(self.task, self.scratch);
            wavefront.advance(&mut kind).then(|| kind.outcome())
        }
    }
}

/// The places of a wavefront's memory, in elements.
struct Room {
    /// The distance of lifted rows.
    pitch: usize,
    /// The slots of the ring.
    slots: usize,
    /// The slots of the rows of the equation's arrays.
    array_slots: usize,
    /// The end of the lifted rows: the ring and the rows beyond its ends, and the rows of the equation's arrays.
    lifted: usize,
    /// The end of the addresses of the slots.
    addresses: usize,
    /// The end of two rows in the order of the field.
    end: usize,
}

impl Room {
    #[inline(always)]
    fn of<V: Lanes, const R: usize>(task: &TileTask<'_, V::Element>) -> Self {
        let (steps, columns) = (task.steps, task.computed_columns().len());
        let pitch = Lifted::<V>::pitch(columns);
        let slots = 2 * steps + R;
        let array_slots = ArrayRing::<V>::count(task, steps + R);
        let lifted = (slots + 2 + array_slots + RowsBeyond::<V>::ROWS) * pitch;
        let address_bytes = (slots + R + 3).next_multiple_of(8) * size_of::<usize>();
        let addresses = lifted + address_bytes / size_of::<V::Element>();
        Self {
            pitch,
            slots,
            array_slots,
            lifted,
            addresses,
            end: addresses + 2 * columns + 3,
        }
    }
}

/// The number of elements of the workspace that a task takes in bands of `R` rows.
pub(super) fn elements<V: Lanes, const R: usize>(task: &TileTask<'_, V::Element>) -> usize {
    Room::of::<V, R>(task).end
}

/// A tile that is being advanced. Rows are counted from the first row that is lifted.
struct Wavefront<'a, V: Lanes, const R: usize> {
    task: &'a TileTask<'a, V::Element>,
    layout: Lifted<V>,
    ring: Ring<V::Element>,
    arrays: ArrayRing<'a, V>,
    staging: Staging<'a, V::Element>,
    ends: Ends<'a, V>,
    beyond: RowsBeyond<V>,
    /// Memory for a row in the order of the field, and the number of its columns that are not written.
    plain: *mut V::Element,
    skipped: usize,
    /// The row of the field that is counted as row 0.
    base: isize,
    /// The number of rows, and the range of rows that are written.
    end: usize,
    written: Range<usize>,
    /// The number of levels in a sweep.
    levels: usize,
}

// Source rows and columns come from `rows_at` and `computed_columns`, which stay inside of the arrays, and the
// task promises that nobody else accesses them; ring rows are inside of the scratch, and every row that is read was
// written before, because a level follows the level before at a distance of one row.
impl<'a, V: Lanes, const R: usize> Wavefront<'a, V, R> {
    /// # Safety
    /// As [`Walk::new`] has it; the processor has the instructions of `V`.
    #[inline(always)]
    unsafe fn new<K: EquationKind<V>>(
        task: &'a TileTask<'_, V::Element>,
        scratch: &mut Workspace,
    ) -> Self {
        let steps = task.steps;
        let (columns, rows) = (task.computed_columns(), task.rows_at(0));
        let (base, row_count) = (rows.start, rows.len());
        let Room {
            pitch,
            slots,
            array_slots,
            lifted,
            addresses,
            end,
        } = Room::of::<V, R>(task);
        let memory = scratch.elements::<V::Element>(end);
        let array_memory = memory.wrapping_add((slots + 2) * pitch);
        let wall_memory = array_memory.wrapping_add(array_slots * pitch);
        let addresses_at = memory.wrapping_add(lifted).cast();
        let plain = memory.wrapping_add(addresses);
        let staging = plain.wrapping_add(columns.len() + 1);
        // SAFETY: passed on; there is so much room.
        unsafe {
            let ring = Ring::new(memory, pitch, slots, R, addresses_at, row_count);
            let layout = Lifted::<V>::new(columns.len());
            let row_ends = Ends::new(task, &layout, &columns, base);
            let by_two = V::TWO_LEVELS
                && K::MAY_ADVANCE_TWICE
                && task.levels_per_sweep == LevelsPerSweep::Two
                // Nodes of walls on the left or right that are given or computed are seen to after each level.
                && !row_ends.any()
                // Strips have at least three columns.
                && columns.len() > 2 * V::COUNT;
            Self {
                arrays: ArrayRing::new(task, array_memory, pitch, steps + R),
                staging: Staging::new(task, staging),
                beyond: RowsBeyond::new(task, &rows, ring.beyond(), wall_memory, pitch),
                skipped: (task.columns.start as isize - columns.start) as usize,
                written: (task.rows.start as isize - base) as usize
                    ..(task.rows.end as isize - base) as usize,
                levels: if by_two { 2 } else { 1 },
                task,
                layout,
                ring,
                ends: row_ends,
                plain,
                base,
                end: row_count,
            }
        }
    }

    /// Advances the tile, band by band. Returns whether the result is valid.
    ///
    /// # Safety
    /// As [`new`](Self::new), here and below.
    #[inline(always)]
    unsafe fn advance(&self, kind: &mut impl EquationKind<V>) -> bool {
        let task = self.task;
        // SAFETY: passed on.
        unsafe {
            self.beyond
                .lift_held(task, &self.layout, &self.staging, kind);
            let takes_notes = kind.takes_notes();
            // The last level of a band is `steps` rows behind its source rows.
            for first in (0..self.written.end + task.steps).step_by(R) {
                let band = Band { first, height: R };
                if let Some(stage) = &task.stage {
                    // The rows of this band, and those that it prefetches.
                    let read = self.base + (first + 2 * R).min(self.end) as isize;
                    stage.wait((read as usize).min(task.rows.end));
                }
                self.lift(band, takes_notes, kind);
                if !kind.is_valid() {
                    return false;
                }
                self.advance_band(band, kind);
                // The levels may have found out that they must not be used.
                if !kind.is_valid() {
                    return false;
                }
                self.lower(band, kind);
            }
        }
        if task.stream {
            V::fence();
        }
        true
    }

    /// Lifts the rows of a band in the source and in the equation's arrays.
    #[inline(always)]
    unsafe fn lift(&self, band: Band, takes_notes: bool, kind: &mut impl EquationKind<V>) {
        let Self { task, layout, .. } = self;
        // SAFETY: passed on.
        unsafe {
            for j in band.rows(0, &(0..self.end)) {
                let row = self.ring.row(task.steps, j);
                let place = task.row_place(self.base + j as isize);
                let source = self.staging.row(&task.source, place);
                if takes_notes {
                    look_at(source, task.lifted_columns().len(), |register| {
                        kind.note(register);
                    });
                }
                layout.lift(source, row, |register| kind.lifted(register));
                self.ends.write(row, j, task.first);
            }
            let rows = band.rows(0, &(0..self.end + 1));
            self.arrays
                .lift(task, self.base, rows, layout, &self.staging);
        }
    }

    /// Advances all levels of a band, and requests the source rows of the next one meanwhile.
    #[inline(always)]
    unsafe fn advance_band(&self, band: Band, kind: &mut impl EquationKind<V>) {
        let (task, first_row) = (self.task, band.first);
        let next_rows =
            [first_row + R, first_row + 2 * R].map(|j| self.base + j.min(self.end) as isize);
        let mut prefetch = SourcePrefetch::new(task, next_rows[0]..next_rows[1]);
        let levels = band.levels(task.steps, self.end);
        let lines_per_level = prefetch.lines().div_ceil(levels.len().max(1));
        let full_levels =
            band.full_levels(task.steps, &self.written, self.beyond.reached(), self.end);
        let mut level = levels.start;
        while level < levels.end {
            if !full_levels.contains(&level) {
                prefetch.request::<V>(lines_per_level);
                let rows = task.rows_at(level);
                let rows = (rows.start - self.base) as usize..(rows.end - self.base) as usize;
                // SAFETY: passed on.
                unsafe { self.advance_outer(level, band.rows(level, &rows), kind) };
                level += 1;
                continue;
            }
            let levels_left = full_levels.end - level;
            let (sweep_count, levels) = match levels_left / self.levels {
                _ if self.ends.any() || kind.is_checked(level) => (1, 1),
                0 => (levels_left, 1),
                sweep_count => (sweep_count, self.levels),
            };
            let levels_before = level - 1;
            let mut sweeps = Sweeps::<V, R> {
                layout: &self.layout,
                ring: &self.ring,
                arrays: &self.arrays,
                slot: self
                    .ring
                    .slot(task.steps - levels_before, first_row - levels_before),
                first: first_row - levels_before,
                count: sweep_count,
                levels,
                step: task.first + levels_before,
                prefetch: &mut prefetch,
                lines: lines_per_level,
            };
            // SAFETY: passed on.
            unsafe {
                kind.advance(level, &mut sweeps);
                level += sweep_count * levels;
                if self.ends.any() && level <= task.steps {
                    for j in 0..R {
                        let row = self.ring.at(sweeps.slot + j);
                        self.ends
                            .write(row, sweeps.first + j, task.first + level - 1);
                    }
                }
            }
        }
    }

    /// Advances rows at an end of a level, two at a time.
    #[inline(always)]
    unsafe fn advance_outer(
        &self,
        number: usize,
        rows: Range<usize>,
        kind: &mut impl EquationKind<V>,
    ) {
        for first in rows.clone().step_by(2) {
            // SAFETY: passed on.
            unsafe {
                if first + 1 < rows.end {
                    self.advance_outer_group::<2>(number, first, kind);
                } else {
                    self.advance_outer_group::<1>(number, first, kind);
                }
            }
        }
    }

    /// Advances `N` rows at an end of a level.
    #[inline(always)]
    unsafe fn advance_outer_group<const N: usize>(
        &self,
        number: usize,
        first: usize,
        kind: &mut impl EquationKind<V>,
    ) {
        let Self {
            task, ring, layout, ..
        } = self;
        let (remaining, levels_before) = (task.steps - number, number - 1);
        // SAFETY: passed on.
        unsafe {
            self.beyond.prepare(
                task.walls,
                first..first + N,
                PresentLevel {
                    step: task.first + levels_before,
                    held_factor: kind.held_factor(levels_before),
                },
                layout,
                &self.staging,
                |j| ring.row(remaining + 1, j),
            );
            let mut rows = OuterRows {
                layout,
                group: ring.outer_group::<N>(remaining, first),
                arrays: &self.arrays,
                first,
                step: task.first + levels_before,
            };
            kind.advance(number, &mut rows);
            if number < task.steps {
                for j in 0..N {
                    self.ends
                        .write(rows.group.next(j), first + j, task.first + number);
                }
            }
        }
    }

    /// Lowers the finished rows of a band into the target.
    #[inline(always)]
    unsafe fn lower(&self, band: Band, kind: &mut impl EquationKind<V>) {
        let (task, written) = (self.task, &self.written);
        let finished = band.rows(task.steps, written);
        for j in finished.clone() {
            let row = self.ring.row(0, j);
            let place = task.rows.start + j - written.start;
            // SAFETY: passed on.
            unsafe {
                self.layout
                    .lower(row, self.plain, |register| kind.lowered(register));
                let target = task.target.node(place, task.columns.start);
                let plain = self.plain.add(self.skipped);
                copy_row::<V>(plain, target, task.columns.len(), task.stream);
            }
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
}
