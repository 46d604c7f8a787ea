//! Walls in the lifted layout: [`Ends`] writes the nodes on walls at both ends of rows, [`RowsBeyond`] the rows beyond
//! the first and the last row.

use std::ops::Range;

use super::kind::EquationKind;
use super::lanes::{Computation, Lanes};
use super::lifted::{Layout, Lifted};
use super::rows::Staging;
use super::task::TileTask;
use super::walls::{Computed, Side, Table, Walls};

/// The columns at the west and the east end of a tile's rows, if they are walls that a step changes.
pub(super) struct Ends<'a, V: Lanes> {
    ends: [Option<RowEnd<'a, V>>; 2],
    rows: &'a Computed,
    base: isize,
}

/// The west or the east end of a tile's rows, at a wall.
struct RowEnd<'a, V: Lanes> {
    side: &'a Side<V::Element>,
    /// The column of the wall.
    wall: Lane<V>,
    /// The elements of the column next to the wall, and of the column after that.
    outermost: usize,
    inner: usize,
}

impl<'a, V: Lanes> RowEnd<'a, V> {
    /// The end of rows at a wall, from the elements of the wall and of the two columns next to it. `None` if the tile
    /// does not reach the wall, or if the wall is held.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    unsafe fn at_wall(
        is_reached: bool,
        side: &'a Side<V::Element>,
        [wall, outermost, inner]: [usize; 3],
    ) -> Option<Self> {
        if !is_reached || matches!(side, Side::Held) {
            return None;
        }
        Some(Self {
            side,
            // SAFETY: passed on.
            wall: unsafe { Lane::new(wall) },
            outermost,
            inner,
        })
    }
}

/// The position of one node in lifted rows.
#[derive(Clone, Copy)]
struct Lane<V: Lanes> {
    /// The first element of its register.
    register: usize,
    /// The lanes from the node's lane on, and the lanes after it.
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

    /// Writes a value to the node. The whole register is stored, because loading a register would wait for the store of
    /// a single element.
    ///
    /// # Safety
    /// The row is lifted.
    #[inline(always)]
    unsafe fn write(&self, row: *mut V::Element, value: V) {
        // SAFETY: passed on.
        unsafe {
            let register = row.add(self.register);
            let present = V::load(register);
            let completed = present.select(self.from, value).select(self.after, present);
            completed.store(register);
        }
    }
}

impl<'a, V: Lanes> Ends<'a, V> {
    /// The walls at the two ends of a tile that computes `columns`. Rows are counted from row `base` of the field.
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
        // SAFETY: passed on.
        let wall_columns = unsafe {
            [
                RowEnd::at_wall(is_west, &task.walls.left, layout.west_end()),
                RowEnd::at_wall(is_east, &task.walls.right, layout.east_end()),
            ]
        };
        Self {
            ends: wall_columns,
            rows: &task.domain[0],
            base,
        }
    }

    /// Whether a column of a wall has to be written.
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

/// The level with which a step begins.
#[derive(Clone, Copy)]
pub(super) struct PresentLevel<V> {
    /// The number of the step.
    pub step: usize,
    /// The factor for the values of held walls in this level; `None` if it is 1.
    pub held_factor: Option<V>,
}

/// The rows beyond the first and the last row of a tile, if these rows are next to walls.
pub(super) struct RowsBeyond<V: Lanes> {
    /// The memory of the two rows.
    rows: [*mut V::Element; 2],
    /// Whether the first and the last row of the tile are next to walls.
    reached: [bool; 2],
    /// The number of rows between them.
    end: usize,
    /// The positions of the two rows in the field.
    places: [isize; 2],
    /// Memory for lifted rows of tables, or of held walls whose values are scaled.
    tables: [*mut V::Element; TABLES],
}

/// The number of tables of a ghost.
const TABLES: usize = 3;

impl<V: Lanes> RowsBeyond<V> {
    /// The number of lifted rows from which a ghost is computed.
    pub const ROWS: usize = TABLES;

    /// The rows beyond the ends of a tile that computes `rows`. `beyond` is memory for two rows, and `memory` for
    /// [`Self::ROWS`] rows, `pitch` elements apart.
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

    /// Lifts the rows of held walls, and lets `kind` note their values.
    ///
    /// # Safety
    /// The promises of [`TileTask`], to which the rows and columns belong.
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
                    let lifted_row = if is_scaled {
                        self.tables[k]
                    } else {
                        self.rows[k]
                    };
                    layout.lift(source, lifted_row, |register| {
                        kind.note(register);
                        register
                    });
                }
            }
        }
    }

    /// Computes the rows beyond the ends that `rows` need when they are advanced.
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
        let Self {
            reached,
            end: row_count,
            ..
        } = *self;
        // SAFETY: passed on; a computed wall has at least two rows.
        unsafe {
            if reached[0] && rows.start == 0 {
                let nearest_rows = [present(0), present(1)];
                self.make_row(0, &walls.bottom, level, layout, staging, nearest_rows);
            }
            if reached[1] && rows.end == row_count {
                let nearest_rows = [present(row_count - 1), present(row_count.saturating_sub(2))];
                self.make_row(1, &walls.top, level, layout, staging, nearest_rows);
            }
        }
    }

    /// Computes the row beyond the first row (0) or beyond the last row (1) from the two rows next to it, the outermost
    /// first.
    ///
    /// # Safety
    /// As [`prepare`](Self::prepare).
    #[inline(always)]
    unsafe fn make_row(
        &self,
        number: usize,
        side: &Side<V::Element>,
        level: PresentLevel<V>,
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
        [outermost, inner]: [*mut V::Element; 2],
    ) {
        // SAFETY: passed on.
        unsafe {
            V::compiled(RowBeyond {
                side,
                step: level.step,
                held_factor: level.held_factor,
                layout,
                staging,
                outermost,
                inner,
                tables: self.tables,
                held: self.tables[number],
                to: self.rows[number],
            });
        }
    }
}

/// The computation of a row beyond an end. It is not inlined, because it is seldom needed.
struct RowBeyond<'a, V: Lanes> {
    side: &'a Side<V::Element>,
    step: usize,
    held_factor: Option<V>,
    layout: &'a Lifted<V>,
    staging: &'a Staging<'a, V::Element>,
    /// The row next to the end, and the row after that.
    outermost: *const V::Element,
    inner: *const V::Element,
    /// Memory for lifted tables.
    tables: [*mut V::Element; TABLES],
    /// The lifted row of a held wall, if its values are scaled.
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
                        let offset = position * V::COUNT;
                        V::load(self.held.add(offset))
                            .multiply(factor)
                            .store(to.add(offset));
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
                        let offset = position * V::COUNT;
                        let outermost = V::load(self.outermost.add(offset));
                        let value = V::load(beta.add(offset)).multiply(outermost);
                        let value = V::load(alpha.add(offset)).subtract(value);
                        let mirrored =
                            V::load(mirror.add(offset)).multiply(V::load(self.inner.add(offset)));
                        mirrored.add(value).store(to.add(offset));
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
