//! Walls in the lifted layout: [`Ends`] completes rows at their two ends, [`Beyond`] makes the rows
//! beyond the first and the last.

use std::ops::Range;

use super::kind::Kind;
use super::lanes::Lanes;
use super::lifted::Lifted;
use super::rows::Staging;
use super::task::TileTask;
use super::walls::{Computed, Side};
use crate::real::Real;

/// The columns west and east of a tile's rows, where they are walls that a step changes.
pub(super) struct Ends<'a, T> {
    sides: [Option<&'a Side<T>>; 2],
    rows: &'a Computed,
    base: isize,
}

impl<'a, T: Real> Ends<'a, T> {
    /// For a tile that computes these columns; rows are counted from row `base` of the field.
    #[inline(always)]
    pub fn new(task: &TileTask<'a, T>, columns: &Range<isize>, base: isize) -> Self {
        let reached = task.reaches_walls(1, columns);
        let side = |side: &'a Side<T>, is_reached: bool| {
            (is_reached && !matches!(side, Side::Held)).then_some(side)
        };
        Self {
            sides: [
                side(&task.walls.left, reached[0]),
                side(&task.walls.right, reached[1]),
            ],
            rows: &task.domain[0],
            base,
        }
    }

    /// Whether there is anything to write.
    #[inline(always)]
    pub fn any(&self) -> bool {
        self.sides[0].is_some() || self.sides[1].is_some()
    }

    /// Writes the columns west and east of row `j` for the step after `step` steps.
    ///
    /// # Safety
    /// `row` is a lifted row. The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn write<V: Lanes<Element = T>>(
        &self,
        layout: &Lifted<V>,
        row: *mut T,
        j: usize,
        step: usize,
    ) {
        if !self.any() {
            return;
        }
        let node = self.rows.place(self.base + j as isize);
        let ends = [layout.west_end(), layout.east_end()];
        for k in 0..2 {
            let [beyond, outermost, inner] = ends[k];
            // SAFETY: these are elements of the row.
            unsafe {
                let value = match self.sides[k] {
                    Some(Side::Given(table)) => table.at(step)[node],
                    Some(Side::Ghost(ghost)) => {
                        ghost.value(step, node, *row.add(inner), *row.add(outermost))
                    }
                    Some(Side::Held | Side::Periodic) | None => continue,
                };
                // The whole register: a load of a register waits until an element that was just stored
                // into it is in the cache.
                let at = row.add(beyond / V::COUNT * V::COUNT);
                let (old, new) = (V::load(at), V::splat(value));
                let new = if k == 0 {
                    new.select(V::lanes_from(1), old)
                } else {
                    old.select(V::lanes_from(V::COUNT - 1), new)
                };
                new.store(at);
            }
        }
    }
}

/// The rows beyond the first and the last of a tile, where these are next to walls.
pub(super) struct Beyond<V: Lanes> {
    /// The rows' places in the scratch.
    rows: [*mut V::Element; 2],
    /// Which of them are walls.
    reached: [bool; 2],
    /// The number of rows between them.
    end: usize,
    /// Room for lifted rows of tables, or for those of held walls whose values are scaled.
    tables: [*mut V::Element; TABLES],
}

/// The tables of a ghost.
const TABLES: usize = 3;

impl<V: Lanes> Beyond<V> {
    /// Lifted rows that a ghost is computed from.
    pub const ROWS: usize = TABLES;

    /// For a tile that computes `rows`; there is room for two rows in `beyond` and for
    /// [`Self::ROWS`] in `memory`, `pitch` elements apart.
    #[inline(always)]
    pub fn new(
        task: &TileTask<'_, V::Element>,
        rows: &Range<isize>,
        beyond: [*mut V::Element; 2],
        memory: *mut V::Element,
        pitch: usize,
    ) -> Self {
        Self {
            rows: beyond,
            reached: task.reaches_walls(0, rows),
            end: rows.len(),
            tables: [0, 1, 2].map(|k| memory.wrapping_add(k * pitch)),
        }
    }

    /// Whether the first and the last row are next to walls.
    #[inline(always)]
    pub fn reached(&self) -> [bool; 2] {
        self.reached
    }

    /// Lifts the rows of held walls, which `kind` takes note of.
    ///
    /// # Safety
    /// The promises of [`TileTask`], whose rows and columns these are.
    #[inline(always)]
    pub unsafe fn lift_held(
        &self,
        task: &TileTask<'_, V::Element>,
        rows: &Range<isize>,
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        kind: &mut impl Kind<V>,
    ) {
        let is_scaled = kind.held_factor(0).is_some();
        let sides = [
            (&task.walls.bottom, rows.start - 1),
            (&task.walls.top, rows.end),
        ];
        for (k, (side, j)) in sides.into_iter().enumerate() {
            if self.reached[k] && matches!(side, Side::Held) {
                // SAFETY: a held wall is a row of the field that nobody writes.
                unsafe {
                    let source = staging.row(&task.source, j as usize);
                    let to = if is_scaled {
                        self.tables[k]
                    } else {
                        self.rows[k]
                    };
                    layout.lift(source, to, |register| {
                        kind.note(register);
                        register
                    });
                }
            }
        }
    }

    /// Makes the rows beyond for the step after `step` steps, with held values times `held_factor`, where
    /// the first or the last row is among `rows`, which are about to be advanced.
    ///
    /// # Safety
    /// `present` tells where a row of the present level is. The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn prepare(
        &self,
        task: &TileTask<'_, V::Element>,
        rows: Range<usize>,
        (step, held_factor): (usize, Option<V>),
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        present: impl Fn(usize) -> *mut V::Element,
    ) {
        let Self { reached, end, .. } = *self;
        // SAFETY: passed on; a computed wall has at least two rows.
        unsafe {
            if reached[0] && rows.start == 0 {
                let nearest = [present(0), present(1)];
                let how = (step, held_factor);
                self.make(0, &task.walls.bottom, how, layout, staging, nearest);
            }
            if reached[1] && rows.end == end {
                let nearest = [present(end - 1), present(end.saturating_sub(2))];
                let how = (step, held_factor);
                self.make(1, &task.walls.top, how, layout, staging, nearest);
            }
        }
    }

    /// # Safety
    /// As [`prepare`](Self::prepare), with the outermost row and the one next to it.
    #[inline(always)]
    unsafe fn make(
        &self,
        which: usize,
        side: &Side<V::Element>,
        (step, held_factor): (usize, Option<V>),
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        [outermost, inner]: [*mut V::Element; 2],
    ) {
        let row = self.rows[which];
        // SAFETY: passed on; the rows have so many positions.
        unsafe {
            match side {
                Side::Held => {
                    let Some(factor) = held_factor else { return };
                    for position in 1..=layout.width {
                        let at = position * V::COUNT;
                        let value = V::load(self.tables[which].add(at));
                        value.multiply(factor).store(row.add(at));
                    }
                }
                Side::Periodic => {}
                Side::Given(table) => lift_table(layout, staging, table.at(step), row),
                Side::Ghost(ghost) => {
                    let [mirror, alpha, beta] = self.tables;
                    lift_table(layout, staging, ghost.mirror.at(step), mirror);
                    lift_table(layout, staging, ghost.alpha.at(step), alpha);
                    lift_table(layout, staging, ghost.beta.at(step), beta);
                    for position in 1..=layout.width {
                        let at = position * V::COUNT;
                        let value = V::load(beta.add(at)).multiply(V::load(outermost.add(at)));
                        let value = V::load(alpha.add(at)).subtract(value);
                        let mirrored = V::load(mirror.add(at)).multiply(V::load(inner.add(at)));
                        mirrored.add(value).store(row.add(at));
                    }
                }
            }
        }
    }
}

/// # Safety
/// As [`Lifted::lift`], which lifts these values along a side.
#[inline(always)]
unsafe fn lift_table<V: Lanes>(
    layout: &Lifted<V>,
    staging: &Staging<'_, V::Element>,
    values: &[V::Element],
    to: *mut V::Element,
) {
    // SAFETY: passed on.
    unsafe {
        let values = staging.gather(values.as_ptr(), values.len());
        layout.lift(values, to, |register| register);
    }
}
