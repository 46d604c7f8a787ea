//! [`Survey`]: what a skewed tile has to know of the columns west of it.
//!
//! An overlapped tile lifts all values that its result depends on, and notes them as it does. The result of a skewed tile
//! also depends on columns of the tile to the west, two for each step, which it never lifts.

use std::ops::Range;

use super::kind::Kind;
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::walls::Side;

/// The nodes of the source that a skewed tile looks at and does not lift. Nothing for other tiles.
pub(super) struct Survey<'a, 'b, V: Lanes> {
    task: &'a TileTask<'b, V::Element>,
    /// The columns whose values are noted, unless the tile to the west has done so.
    noted: Range<usize>,
    /// The columns that are checked before their first step, those of the tile among them.
    checked: Range<usize>,
    /// The rows that are checked: all that take a step.
    rows: Range<isize>,
}

impl<'a, 'b, V: Lanes> Survey<'a, 'b, V> {
    #[inline(always)]
    pub fn new(task: &'a TileTask<'b, V::Element>, kind: &mut impl Kind<V>) -> Self {
        let west = task.skew.and_then(|skew| skew.west);
        let is_known = kind.inherit(west);
        let (noted, checked) = match task.skew {
            Some(skew) => {
                let (start, end) = skew.columns;
                let first = start - 2 * task.steps as isize;
                let nodes = &task.domain[1].nodes;
                (
                    first.max(0)..(start - 2).max(0),
                    first.max(nodes.start)..(end - 1).min(nodes.end),
                )
            }
            None => (0..0, 0..0),
        };
        let places = |columns: Range<isize>| {
            let end = columns.end.min(task.source.columns as isize);
            columns.start as usize..end.max(columns.start) as usize
        };
        Self {
            task,
            noted: if is_known { 0..0 } else { places(noted) },
            checked: places(checked),
            rows: task.rows_at(1),
        }
    }

    /// Looks at the rows of held walls, before and after `rows`, that are `reached`.
    ///
    /// # Safety
    /// As [`note`](Self::note).
    #[inline(always)]
    pub unsafe fn note_walls(
        &self,
        rows: &Range<isize>,
        reached: [bool; 2],
        kind: &mut impl Kind<V>,
    ) {
        let walls = self.task.walls;
        if reached[0] && matches!(walls.bottom, Side::Held) {
            // SAFETY: passed on.
            unsafe { self.note(rows.start - 1, kind) }
        }
        if reached[1] && matches!(walls.top, Side::Held) {
            // SAFETY: passed on.
            unsafe { self.note(rows.end, kind) }
        }
    }

    /// Looks at row `j`.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; the promises of [`TileTask`], whose row it is.
    #[inline(always)]
    pub unsafe fn note(&self, j: isize, kind: &mut impl Kind<V>) {
        /// So many elements at an address, or one in all lanes.
        macro_rules! load {
            ($at:expr, $whole:expr) => {
                if $whole { V::load($at) } else { V::splat(*$at) }
            };
        }
        // SAFETY: the columns are in the array, and so are those around checked ones.
        unsafe {
            let centre = self.row(j);
            let Range { start: mut i, end } = self.noted;
            while i < end {
                let whole = i + V::COUNT <= end;
                kind.note(load!(centre.add(i), whole));
                i += if whole { V::COUNT } else { 1 };
            }
            if self.checked.is_empty() || !self.rows.contains(&j) || !kind.wants_check() {
                return;
            }
            let (north, south) = (self.row(j - 1), self.row(j + 1));
            let Range { start: mut i, end } = self.checked;
            while i < end {
                let whole = i + V::COUNT <= end;
                kind.check(Star {
                    north: load!(north.add(i), whole),
                    south: load!(south.add(i), whole),
                    west: load!(centre.add(i - 1), whole),
                    east: load!(centre.add(i + 1), whole),
                    centre: load!(centre.add(i), whole),
                });
                i += if whole { V::COUNT } else { 1 };
            }
        }
    }

    /// Row `j` of the source.
    #[inline(always)]
    fn row(&self, j: isize) -> *const V::Element {
        let source = &self.task.source;
        let place = self.task.row_place(j) * source.stride;
        source.base.wrapping_add(place)
    }
}
