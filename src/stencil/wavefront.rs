//! A tile, advanced many levels on while it streams through the caches.
//!
//! The tile's rows are read in bands of `R`. Behind each band the levels
//! follow, each one row further back, because a row of a level needs the rows
//! around it at the level before:
//!
//! ```text
//!     level      0 1 2 3 4
//!     row  j+4   # . . . .
//!          j+3   # # . . .      #  the band, at each level
//!          j+2   # # # . .      o  advanced before, still needed
//!          j+1   o # # # .      .  to come
//!          j     o o # # #
//!          j-1     o o # #
//!          j-2       o o #      R = 3
//! ```
//!
//! Each level needs two rows to go on, and the levels share one ring of rows,
//! the later ones at its hind end: a row of the next level is written where the
//! row before it was, which nothing needs any more. So what a tile keeps in the
//! caches is `2 steps + R` rows however tall it is, and what the kernel touches
//! at a time is `R + 2` of them.

use std::hint::black_box;
use std::ops::Range;

use super::lanes::{Lanes, MOST};
use super::panel::Panel;
use super::scratch::Scratch;
use super::sweep::{Constants, Group, sweep};
use super::task::Task;
use crate::real::Real;

/// Writes the nodes of `task` into its target, in bands of `R` rows.
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
    let (columns, rows) = (task.panel(), task.cone(0));
    let pitch = Panel::<V>::pitch(columns.len());
    let slots = 2 * steps + R;
    // Rows, the two walls, where the rows lie, and one row of the field.
    let lines = (slots + 2) * pitch;
    let places = (slots + R + 1).next_multiple_of(8) * size_of::<usize>() / size_of::<V::Element>();
    let memory = scratch.elements::<V::Element>(lines + places + columns.len() + 1);
    let places_at = memory.wrapping_add(lines).cast();
    let plain = memory.wrapping_add(lines + places);
    // SAFETY: in the whole function, source rows and columns come from `cone`
    // and `panel`, which stay inside the arrays, and the caller promises that
    // nobody else is there; ring rows are inside the scratch, and every row
    // read was written before, because a level follows the one before it at a
    // distance of one row.
    unsafe {
        let ring =
            Ring::<V::Element, R>::new(memory, pitch, slots, places_at, task.source.rows - 1);
        let panel = Panel::<V>::new(columns.len());
        let k = Constants::<V>::new(task.r, black_box(V::Element::ONE));
        let west = columns.start - 1;
        let skipped = task.columns.start - columns.start;
        let mut peak = V::splat(V::Element::default());
        let mut calm = true;
        let mut band = rows.start;
        // A band ends as far behind as there are levels.
        while band < task.rows.end + steps {
            for j in band..(band + R).min(rows.end) {
                peak = panel.gather(task.source.node(j, west), ring.incoming(steps, j), peak);
            }
            calm = calm && is_calm(peak, task.calm);
            let mut ahead = Ahead::new(task, band + R..(band + 2 * R).min(rows.end), west);
            let share = ahead.lines().div_ceil(steps);
            let whole = whole::<R>(task, band);
            let mut slot = ring.slot(steps + band);
            for level in 1..=steps {
                ahead.ask::<V>(share);
                // A level starts one row further back, and its slots are shifted by another one.
                slot = if slot < 2 { slot + slots - 2 } else { slot - 2 };
                if whole.contains(&level) {
                    let group = ring.inner(slot);
                    if calm {
                        sweep::<V, R, true>(&group, &panel, &k);
                    } else {
                        sweep::<V, R, false>(&group, &panel, &k);
                    }
                } else {
                    let rows = within(band, R, level, task.cone(level));
                    if calm {
                        advance_ends::<V, R, true>(&ring, steps - level, rows, &panel, &k);
                    } else {
                        advance_ends::<V, R, false>(&ring, steps - level, rows, &panel, &k);
                    }
                }
            }
            for j in within(band, R, steps, task.rows.clone()) {
                panel.scatter(ring.row(0, j), plain);
                let target = task.target.node(j, task.columns.start);
                put::<V>(plain.add(skipped), target, task.columns.len(), task.stream);
            }
            band += R;
        }
        if task.stream {
            V::fence();
        }
    }
}

/// The rows of a band that has fallen back by `level`, as far as they are in
/// `rows`.
#[inline(always)]
fn within(band: usize, height: usize, level: usize, rows: Range<usize>) -> Range<usize> {
    let start = band.saturating_sub(level).max(rows.start);
    let end = (band + height).saturating_sub(level).min(rows.end);
    start..end
}

/// The levels at which all rows of a band are to be advanced and none is next to a wall.
#[inline(always)]
fn whole<const R: usize>(task: &Task<impl Sized>, band: usize) -> Range<usize> {
    let (rows, steps, last) = (&task.rows, task.steps, task.source.rows - 1);
    if band + R > rows.end + steps {
        return 0..0;
    }
    let south = (band + R + 1).saturating_sub(last).max(1);
    let wall = band.saturating_sub(1);
    let cone = (band + steps + 2).saturating_sub(rows.start) / 2;
    south..wall.min(cone).min(steps + 1)
}

/// Advances the rows at an end of a level to it, the level with `lead`.
///
/// # Safety
/// As [`advance`].
#[inline(always)]
unsafe fn advance_ends<V: Lanes, const R: usize, const CALM: bool>(
    ring: &Ring<V::Element, R>,
    lead: usize,
    rows: Range<usize>,
    panel: &Panel<V>,
    k: &Constants<V>,
) {
    // SAFETY: passed on.
    unsafe {
        let mut j = rows.start;
        while j + 2 <= rows.end {
            sweep::<V, 2, CALM>(&ring.outer(lead, j), panel, k);
            j += 2;
        }
        if j < rows.end {
            sweep::<V, 1, CALM>(&ring.outer(lead, j), panel, k);
        }
    }
}

/// The rows of all levels. The level that lags `lead` levels behind the last
/// one has its row `j` in slot `lead + j`, modulo the number of slots. The
/// first and the last row of the array, which no level changes, lie apart.
struct Ring<T, const R: usize> {
    /// The row of each slot; behind the last one `R + 1` follow once more.
    rows: *const *mut T,
    slots: usize,
    walls: [*mut T; 2],
    /// The array's last row.
    last: usize,
}

impl<T, const R: usize> Ring<T, R> {
    /// A ring of `slots` rows in `memory`, `pitch` elements apart, and two more for the walls.
    ///
    /// # Safety
    /// There is room for so many rows in `memory`, and for `slots + R + 1` addresses at `places`.
    #[inline(always)]
    unsafe fn new(
        memory: *mut T,
        pitch: usize,
        slots: usize,
        places: *mut *mut T,
        last: usize,
    ) -> Self {
        for place in 0..slots + R + 1 {
            // SAFETY: the caller's promise.
            unsafe { places.add(place).write(memory.add(place % slots * pitch)) };
        }
        Self {
            rows: places,
            slots,
            walls: [0, 1].map(|wall| memory.wrapping_add((slots + wall) * pitch)),
            last,
        }
    }

    /// The slot of a place that may lie turns of the ring ahead.
    #[inline(always)]
    fn slot(&self, place: usize) -> usize {
        place % self.slots
    }

    /// The row in a slot, at most `R` beyond the last one.
    #[inline(always)]
    fn at(&self, slot: usize) -> *mut T {
        debug_assert!(slot < self.slots + R + 1);
        // SAFETY: there are so many.
        unsafe { *self.rows.add(slot) }
    }

    /// Row `j` of the level with `lead`.
    #[inline(always)]
    fn row(&self, lead: usize, j: usize) -> *mut T {
        self.at(self.slot(lead + j))
    }

    /// Where row `j` of the array goes, if level 0 has `lead`.
    #[inline(always)]
    fn incoming(&self, lead: usize, j: usize) -> *mut T {
        match j {
            0 => self.walls[0],
            _ if j == self.last => self.walls[1],
            _ => self.row(lead, j),
        }
    }

    /// The `R` rows whose next level begins in `slot`, none of them next to a wall.
    #[inline(always)]
    fn inner(&self, slot: usize) -> Group<T, R> {
        // The level before is one slot ahead: its row before the first is here.
        let before = self.at(slot);
        let mut rows = [before; R];
        for j in 0..R {
            rows[j] = self.at(slot + 1 + j);
        }
        Group {
            next: before,
            north: before,
            rows,
            south: self.at(slot + R + 1),
        }
    }

    /// Rows `first..first + N`, to be advanced to the level with `lead`.
    #[inline(always)]
    fn outer<const N: usize>(&self, lead: usize, first: usize) -> Group<T, N> {
        let old = |j: usize| self.row(lead + 1, j);
        let mut rows = [old(first); N];
        for j in 1..N {
            rows[j] = old(first + j);
        }
        let next = self.row(lead, first);
        Group {
            next,
            north: if first == 1 { self.walls[0] } else { next },
            rows,
            south: if first + N == self.last {
                self.walls[1]
            } else {
                old(first + N)
            },
        }
    }
}

/// Source rows that will be read next, asked for a few cache lines at a time
/// while the processor is busy with other rows.
struct Ahead<T> {
    row: *const T,
    stride: usize,
    rows: usize,
    columns: usize,
    column: usize,
}

impl<T: Real> Ahead<T> {
    /// Elements of a cache line.
    const LINE: usize = 64 / size_of::<T>();

    #[inline(always)]
    fn new(task: &Task<T>, rows: Range<usize>, west: usize) -> Self {
        let source = &task.source;
        Self {
            row: source.base.wrapping_add(rows.start * source.stride + west),
            stride: source.stride,
            rows: rows.len(),
            columns: task.panel().len() + 2,
            column: 0,
        }
    }

    #[inline(always)]
    fn lines(&self) -> usize {
        self.rows * self.columns.div_ceil(Self::LINE)
    }

    #[inline(always)]
    fn ask<V: Lanes<Element = T>>(&mut self, lines: usize) {
        for _ in 0..lines {
            if self.rows == 0 {
                return;
            }
            V::prefetch(self.row.wrapping_add(self.column));
            self.column += Self::LINE;
            if self.column >= self.columns {
                self.column = 0;
                self.rows -= 1;
                self.row = self.row.wrapping_add(self.stride);
            }
        }
    }
}

/// Whether every lane of `peak` is at most `limit`.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn is_calm<V: Lanes>(peak: V, limit: f64) -> bool {
    let mut lanes = [V::Element::default(); MOST];
    // SAFETY: no register has more lanes.
    unsafe { peak.store(lanes.as_mut_ptr()) };
    lanes.iter().all(|lane| lane.to_f64() <= limit)
}

/// Copies `count` elements, past the caches if `stream`.
///
/// # Safety
/// The processor has the instructions of `V`; both hold `count` elements, and
/// they do not overlap.
#[inline(always)]
unsafe fn put<V: Lanes>(
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
