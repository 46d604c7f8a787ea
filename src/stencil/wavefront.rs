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
use super::real::Real;
use super::scratch::Scratch;
use super::sweep::{Constants, Group, sweep};
use super::task::Task;

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
    let memory = scratch.elements::<V::Element>((slots + 2) * pitch + columns.len() + 1);
    let ring = Ring {
        rows: memory,
        pitch,
        slots,
        walls: [0, 1].map(|wall| memory.wrapping_add((slots + wall) * pitch)),
        last: task.source.rows - 1,
    };
    let plain = memory.wrapping_add((slots + 2) * pitch);

    // SAFETY: in the whole function, source rows and columns come from `cone`
    // and `panel`, which stay inside the arrays, and the caller promises that
    // nobody else is there; ring rows are inside the scratch, and every row
    // read was written before, because a level follows the one before it at a
    // distance of one row.
    unsafe {
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
            for level in 1..=steps {
                ahead.ask::<V>(share);
                let (lead, rows) = (steps - level, within(band, R, level, task.cone(level)));
                if calm {
                    advance_rows::<V, R, true>(&ring, lead, rows, &panel, &k);
                } else {
                    advance_rows::<V, R, false>(&ring, lead, rows, &panel, &k);
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

/// Advances `rows`, at most `R`, to the level with `lead`.
///
/// # Safety
/// As [`advance`].
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
        // The first and last band of a level may be cut.
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

/// The rows of all levels. The level that lags `lead` levels behind the last
/// one has its row `j` in slot `lead + j`, modulo the number of slots. The
/// first and the last row of the array, which no level changes, lie apart.
struct Ring<T> {
    rows: *mut T,
    pitch: usize,
    slots: usize,
    walls: [*mut T; 2],
    /// The array's last row.
    last: usize,
}

impl<T> Ring<T> {
    /// Row `j` of the level with `lead`.
    #[inline(always)]
    fn row(&self, lead: usize, j: usize) -> *mut T {
        self.rows.wrapping_add((lead + j) % self.slots * self.pitch)
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

    /// Rows `first..first + R`, to be advanced to the level with `lead`.
    #[inline(always)]
    fn group<const R: usize>(&self, lead: usize, first: usize) -> Group<T, R> {
        let slot = (lead + first) % self.slots;
        // Each by itself: a chain of pointers would be waited for.
        let row = |after: usize| {
            let beyond = slot + after;
            let wrapped = beyond.wrapping_sub(self.slots);
            let slot = if beyond < self.slots { beyond } else { wrapped };
            self.rows.wrapping_add(slot * self.pitch)
        };
        // The level before is one slot ahead: its row `first - 1` is here.
        let before = row(0);
        let mut rows = [before; R];
        for j in 0..R {
            rows[j] = row(j + 1);
        }
        let after = row(R + 1);
        Group {
            next: before,
            north: if first == 1 { self.walls[0] } else { before },
            rows,
            south: if first + R == self.last {
                self.walls[1]
            } else {
                after
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
