//! A tile, advanced many levels on while it streams through the caches.
//!
//! The tile's rows are read in bands of `R`. Behind each band the levels
//! follow, each one row further back, because a row of level `s` needs the
//! rows around it at level `s - 1`:
//!
//! ```text
//!     level        0 1 2 3 4
//!     row  j+4     # . . . .
//!          j+3     # # . . .        #  the band of each level that is
//!          j+2     # # # . .           advanced now, R = 4
//!          j+1     # # # # .        o  done, still needed
//!          j       o # # # #        .  to come
//!          j-1       o # # #
//!          j-2         o # #
//!          j-3           o #
//! ```
//!
//! Levels live in two rings of rows, even levels in one and odd ones in the
//! other: the row that is written replaces the same row two levels earlier,
//! which nothing needs any more. So a tile takes `2 (steps + R + 2)` rows of
//! memory, however tall it is.

use std::ops::Range;

use super::lanes::Lanes;
use super::panel::Panel;
use super::real::Real;
use super::scratch::Scratch;
use super::sweep::{Constants, Group, sweep};
use super::task::Task;

/// The ring of rows, and the first and last row of the array, which no level
/// changes.
struct Ring<T> {
    rows: *mut T,
    pitch: usize,
    slots: usize,
    walls: [*mut T; 2],
    last: usize,
}

impl<T> Ring<T> {
    /// Row `j` of a level that lags `lag` rows behind the hindmost level.
    #[inline(always)]
    fn row(&self, lead: usize, j: usize) -> *mut T {
        // Inside the scratch, as everything here.
        self.rows.wrapping_add((lead + j) % self.slots * self.pitch)
    }

    /// Rows `first..first + R` of the level before the one with `lead`.
    #[inline(always)]
    fn group<const R: usize>(&self, lead: usize, first: usize) -> Group<T, R> {
        let mut slot = (lead + first) % self.slots;
        let mut advance = || {
            let row = self.rows.wrapping_add(slot * self.pitch);
            slot = if slot + 1 == self.slots { 0 } else { slot + 1 };
            row
        };
        let next = advance();
        let mut rows = [next; R];
        for row in &mut rows {
            *row = advance();
        }
        let south = advance();
        Group {
            north: if first == 1 { self.walls[0] } else { next },
            rows,
            south: if first + R == self.last {
                self.walls[1]
            } else {
                south
            },
            next,
        }
    }
}

/// Source rows that will be read next, asked for a few cache lines at a time.
struct Ahead<T> {
    row: *const T,
    stride: usize,
    rows: usize,
    columns: usize,
    column: usize,
}

impl<T: Real> Ahead<T> {
    #[inline(always)]
    fn ask<V: Lanes<Element = T>>(&mut self, lines: usize) {
        for _ in 0..lines {
            if self.rows == 0 {
                return;
            }
            V::prefetch(self.row.wrapping_add(self.column));
            self.column += 64 / size_of::<T>();
            if self.column >= self.columns {
                self.column = 0;
                self.rows -= 1;
                self.row = self.row.wrapping_add(self.stride);
            }
        }
    }
}

/// Writes the nodes of `task` into its target, `R` rows at a time.
///
/// # Safety
/// The processor has the instructions of `V`, the promises of [`Task`] hold,
/// and the task's panel has more columns than `V` has lanes.
#[inline(always)]
pub(super) unsafe fn advance<V: Lanes, const R: usize>(
    task: &Task<V::Element>,
    scratch: &mut Scratch,
) {
    let steps = task.steps;
    let (panel_columns, loaded) = (task.panel(), task.cone(0));
    let columns = panel_columns.len();
    let pitch = Panel::<V>::pitch(columns);
    let slots = 2 * steps + R;
    let rows = scratch.elements::<V::Element>((slots + 2) * pitch + columns + 1);
    let wall = rows.wrapping_add(slots * pitch);
    let ring = Ring {
        rows,
        pitch,
        slots,
        walls: [wall, wall.wrapping_add(pitch)],
        last: task.source.rows - 1,
    };
    let staging = wall.wrapping_add(2 * pitch);
    let lines_a_level = (R * columns * size_of::<V::Element>() / 64).div_ceil(steps) + 1;

    // SAFETY, for the whole function: the caller's promises; source rows and
    // columns come from `cone` and `panel`, which stay inside the arrays; ring
    // rows are inside the scratch, and every row read was written before,
    // because levels follow each other at a distance of one row.
    unsafe {
        let panel = Panel::<V>::new(columns);
        let k = Constants {
            r: V::splat(task.r),
            four: V::splat(V::Element::FOUR),
            one: V::splat(std::hint::black_box(V::Element::ONE)),
        };
        let mut peak = V::splat(V::Element::default());
        let mut calm = true;
        let mut band = loaded.start;
        while band < task.rows.end + steps {
            for j in band..(band + R).min(loaded.end) {
                let from = task.source.node(j, panel_columns.start - 1);
                let to = match j {
                    0 => ring.walls[0],
                    _ if j == ring.last => ring.walls[1],
                    _ => ring.row(steps, j),
                };
                peak = panel.gather(from, to, peak);
            }
            calm = calm && is_calm(peak, task.calm);
            let mut ahead = Ahead {
                row: task
                    .source
                    .node(0, panel_columns.start - 1)
                    .wrapping_add((band + R) * task.source.stride),
                stride: task.source.stride,
                rows: R.min(loaded.end.saturating_sub(band + R)),
                columns: columns + 2,
                column: 0,
            };
            for level in 1..=steps {
                ahead.ask::<V>(lines_a_level);
                let cone = task.cone(level);
                let first = band.saturating_sub(level).max(cone.start);
                let end = (band + R).saturating_sub(level).min(cone.end);
                if first >= end {
                    continue;
                }
                if calm {
                    advance_rows::<V, R, true>(&ring, steps - level, first..end, &panel, &k);
                } else {
                    advance_rows::<V, R, false>(&ring, steps - level, first..end, &panel, &k);
                }
            }
            let first = band.saturating_sub(steps).max(task.rows.start);
            let end = (band + R).saturating_sub(steps).min(task.rows.end);
            for j in first..end {
                panel.scatter(ring.row(0, j), staging);
                let skip = task.columns.start - panel_columns.start;
                put::<V>(
                    staging.add(skip),
                    task.target.node(j, task.columns.start),
                    task.columns.len(),
                    task.stream,
                );
            }
            band += R;
        }
        if task.stream {
            V::fence();
        }
    }
}

/// Advances `rows`, at most `R`, to the level with `lead`.
#[inline(always)]
unsafe fn advance_rows<V: Lanes, const R: usize, const CALM: bool>(
    ring: &Ring<V::Element>,
    lead: usize,
    rows: Range<usize>,
    panel: &Panel<V>,
    k: &Constants<V>,
) {
    // SAFETY: passed on.
    unsafe {
        if rows.len() == R {
            return sweep::<V, R, CALM>(&ring.group(lead, rows.start), panel, k);
        }
        let mut j = rows.start;
        while j + 2 <= rows.end {
            sweep::<V, 2, CALM>(&ring.group(lead, j), panel, k);
            j += 2;
        }
        if j < rows.end {
            sweep::<V, 1, CALM>(&ring.group(lead, j), panel, k);
        }
    }
}

/// Whether every lane of `peak` is at most `limit`.
#[inline(always)]
unsafe fn is_calm<V: Lanes>(peak: V, limit: f64) -> bool {
    let mut lanes = [V::Element::default(); 16];
    // SAFETY: no register has more than 16 lanes.
    unsafe { peak.store(lanes.as_mut_ptr()) };
    lanes.iter().all(|lane| lane.to_f64() <= limit)
}

/// Copies `count` elements, past the caches if `stream`.
#[inline(always)]
unsafe fn put<V: Lanes>(
    mut from: *const V::Element,
    mut to: *mut V::Element,
    mut count: usize,
    stream: bool,
) {
    // SAFETY: `from` and `to` hold `count` elements and do not overlap.
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
