//! Walls in the lifted layout: [`Ends`] completes rows at their two ends, [`RowsBeyond`] makes the rows
//! beyond the first and the last.

use std::ops::Range;

use super::kind::EquationKind;
use super::lanes::{Computation, Lanes};
use super::lifted::Lifted;
use super::rows::Staging;
use super::task::TileTask;
use super::walls::{Computed, Side, Table, Walls};

/// The columns west and east of a tile's rows, where they are walls that a step changes.
pub(super) struct Ends<'a, V: Lanes> {
    ends: [Option<End<'a, V>>; 2],
    rows: &'a Computed,
    base: isize,
}

/// One of them.
struct End<'a, V: Lanes> {
    side: &'a Side<V::Element>,
    /// The column of the wall.
    wall: Lane<V>,
    /// The elements of the column next to the wall, and of the one further on.
    outermost: usize,
    inner: usize,
}

/// An element of lifted rows.
#[derive(Clone, Copy)]
struct Lane<V: Lanes> {
    /// The first element of its register.
    register: usize,
    /// The lanes from this one on, and those after it.
    from: V::Mask,
    after: V::Mask,
}

impl<V: Lanes> Lane<V> {
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    unsafe fn new(element: usize) -> Self {
        let lane = element % V::COUNT;
        // SAFETY: passed on.
        unsafe {
            Self {
                register: element - lane,
                from: V::lanes_from(lane),
                after: V::lanes_from(lane + 1),
            }
        }
    }

    /// Writes it: the whole register, as a load of a register waits until an element that was just stored into it is
    /// in the cache.
    ///
    /// # Safety
    /// The row is lifted.
    #[inline(always)]
    unsafe fn write(&self, row: *mut V::Element, value: V) {
        // SAFETY: passed on.
        unsafe {
            let at = row.add(self.register);
            let old = V::load(at);
            let new = old.select(self.from, value).select(self.after, old);
            new.store(at);
        }
    }
}

impl<'a, V: Lanes> Ends<'a, V> {
    /// For a tile that computes these columns; rows are counted from row `base` of the field.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn new(
        task: &'a TileTask<'_, V::Element>,
        layout: &Lifted<V>,
        columns: &Range<isize>,
        base: isize,
    ) -> Self {
        let [is_west, is_east] = task.reaches_walls(1, columns);
        let end =
            |is_near: bool, side: &'a Side<V::Element>, [wall, outermost, inner]: [usize; 3]| {
                (is_near && !matches!(side, Side::Held)).then(|| End {
                    side,
                    // SAFETY: passed on.
                    wall: unsafe { Lane::new(wall) },
                    outermost,
                    inner,
                })
            };
        Self {
            ends: [
                end(is_west, &task.walls.left, layout.west_end()),
                end(is_east, &task.walls.right, layout.east_end()),
            ],
            rows: &task.domain[0],
            base,
        }
    }

    /// Whether there is anything to write.
    #[inline(always)]
    pub fn any(&self) -> bool {
        self.ends.iter().any(Option::is_some)
    }

    /// Writes the columns of the walls in row `j` of the level after `step` steps.
    ///
    /// # Safety
    /// `row` is a lifted row. The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn write(&self, row: *mut V::Element, j: usize, step: usize) {
        for end in self.ends.iter().flatten() {
            let node = self.rows.place(self.base + j as isize);
            // SAFETY: these are elements of the row.
            unsafe {
                let value = match end.side {
                    Side::Given(table) => table.at(step)[node],
                    Side::Ghost(ghost) => {
                        let (inner, outermost) = (*row.add(end.inner), *row.add(end.outermost));
                        ghost.value(step, node, inner, outermost)
                    }
                    Side::Held | Side::Periodic => continue,
                };
                end.wall.write(row, V::splat(value));
            }
        }
    }
}

/// The level that a step begins with.
#[derive(Clone, Copy)]
pub(super) struct PresentLevel<V> {
    /// The number of the step.
    pub step: usize,
    /// What held values are multiplied by in it, unless that is 1.
    pub held_factor: Option<V>,
}

/// The rows beyond the first and the last of a tile, where these are next to walls.
pub(super) struct RowsBeyond<V: Lanes> {
    /// The rows' places in the scratch.
    rows: [*mut V::Element; 2],
    /// Which of them are walls.
    reached: [bool; 2],
    /// The number of rows between them.
    end: usize,
    /// The rows of the field that they are.
    places: [isize; 2],
    /// Room for lifted rows of tables, or for those of held walls whose values are scaled.
    tables: [*mut V::Element; TABLES],
}

/// The tables of a ghost.
const TABLES: usize = 3;

impl<V: Lanes> RowsBeyond<V> {
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
            places: [rows.start - 1, rows.end],
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
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        kind: &mut impl EquationKind<V>,
    ) {
        let is_scaled = kind.held_factor(0).is_some();
        let sides = [&task.walls.bottom, &task.walls.top];
        for (k, side) in sides.into_iter().enumerate() {
            if self.reached[k] && matches!(side, Side::Held) {
                // SAFETY: a held wall is a row of the field that nobody writes.
                unsafe {
                    let source = staging.row(&task.source, self.places[k] as usize);
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

    /// Makes the rows beyond the ends that `rows`, which are about to be advanced, need.
    ///
    /// # Safety
    /// `present` tells where a row of the level is. The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn prepare(
        &self,
        walls: &Walls<V::Element>,
        rows: Range<usize>,
        level: PresentLevel<V>,
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        present: impl Fn(usize) -> *mut V::Element,
    ) {
        let Self { reached, end, .. } = *self;
        let PresentLevel { step, held_factor } = level;
        let make = |which: usize, side: &Side<V::Element>, [outermost, inner]: [usize; 2]| {
            // SAFETY: passed on; a computed wall has at least two rows.
            unsafe {
                V::compiled(RowBeyond {
                    side,
                    step,
                    held_factor,
                    layout,
                    staging,
                    outermost: present(outermost),
                    inner: present(inner),
                    tables: self.tables,
                    held: self.tables[which],
                    to: self.rows[which],
                });
            }
        };
        if reached[0] && rows.start == 0 {
            make(0, &walls.bottom, [0, 1]);
        }
        if reached[1] && rows.end == end {
            make(1, &walls.top, [end - 1, end.saturating_sub(2)]);
        }
    }
}

/// A row beyond an end, as a computation: a function of its own, as it is seldom made.
struct RowBeyond<'a, V: Lanes> {
    side: &'a Side<V::Element>,
    step: usize,
    held_factor: Option<V>,
    layout: &'a Lifted<V>,
    staging: &'a Staging<'a, V::Element>,
    /// The row next to it, and the one further on.
    outermost: *const V::Element,
    inner: *const V::Element,
    /// Room for lifted tables.
    tables: [*mut V::Element; TABLES],
    /// The lifted row of a held wall, where its values are scaled.
    held: *const V::Element,
    to: *mut V::Element,
}

impl<V: Lanes> Computation for RowBeyond<'_, V> {
    type Output = ();

    #[inline(always)]
    unsafe fn run(self) {
        let Self { layout, to, .. } = self;
        // SAFETY: passed on; the rows have so many positions.
        unsafe {
            match self.side {
                Side::Held => {
                    let Some(factor) = self.held_factor else {
                        return;
                    };
                    for position in 1..=layout.width {
                        let at = position * V::COUNT;
                        V::load(self.held.add(at))
                            .multiply(factor)
                            .store(to.add(at));
                    }
                }
                Side::Periodic => {}
                Side::Given(table) => self.lift(table, to),
                Side::Ghost(ghost) => {
                    let [mirror, alpha, beta] = self.tables;
                    for (table, to) in [
                        (&ghost.mirror, mirror),
                        (&ghost.alpha, alpha),
                        (&ghost.beta, beta),
                    ] {
                        self.lift(table, to);
                    }
                    for position in 1..=layout.width {
                        let at = position * V::COUNT;
                        let outermost = V::load(self.outermost.add(at));
                        let value = V::load(beta.add(at)).multiply(outermost);
                        let value = V::load(alpha.add(at)).subtract(value);
                        let mirrored =
                            V::load(mirror.add(at)).multiply(V::load(self.inner.add(at)));
                        mirrored.add(value).store(to.add(at));
                    }
                }
            }
        }
    }
}

impl<V: Lanes> RowBeyond<'_, V> {
    /// # Safety
    /// As [`Lifted::lift`], which lifts the values of the step along the side.
    #[inline(always)]
    unsafe fn lift(&self, table: &Table<V::Element>, to: *mut V::Element) {
        let values = table.at(self.step);
        // SAFETY: passed on.
        unsafe {
            let values = self.staging.gather(values.as_ptr(), values.len());
            self.layout.lift(values, to, |register| register);
        }
    }
}
