//! [`Copied`]: a copy of a tile in the order of the field, advanced level by level.

use std::ops::Range;

use super::rows::Staging;
use super::task::TileTask;
use super::walls::{Computed, Side};
use crate::real::Real;

/// The place of a tile's nodes, and of the nodes around it, in a copy.
///
/// Rows are whole registers. The computed columns begin at the second register; the column west of them is the last one
/// of the first register.
pub(super) struct Copied<'a, T> {
    pub task: &'a TileTask<'a, T>,
    /// The copied rows: the computed ones, and one more on each side.
    rows: Range<isize>,
    /// The computed columns.
    columns: Range<isize>,
    /// The number of elements in a register.
    lanes: usize,
    /// The distance of rows in elements.
    pub pitch: usize,
}

impl<'a, T: Real> Copied<'a, T> {
    /// The copy of a task's nodes in rows of registers with `lanes` elements.
    #[inline(always)]
    pub fn new(task: &'a TileTask<'a, T>, lanes: usize) -> Self {
        let (rows, columns) = (task.rows_at(0), task.computed_columns());
        Self {
            pitch: (columns.len().div_ceil(lanes) + 2) * lanes,
            rows: rows.start - 1..rows.end + 1,
            columns,
            lanes,
            task,
        }
    }

    /// The number of elements of a state.
    #[inline(always)]
    pub fn elements(&self) -> usize {
        self.rows.len() * self.pitch
    }

    /// The number of computed columns.
    #[inline(always)]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The number of a row, counted from the first one that is copied.
    #[inline(always)]
    pub fn number(&self, j: isize) -> usize {
        (j - self.rows.start) as usize
    }

    /// The element of the first computed column in row `j`.
    #[inline(always)]
    pub fn begin(&self, j: isize) -> usize {
        self.number(j) * self.pitch + self.lanes
    }

    /// Copies the source. All else becomes 0, because elements around the columns take part in computations, which is
    /// slow for subnormal numbers.
    ///
    /// # Safety
    /// The promises of [`TileTask`].
    #[inline(always)]
    pub unsafe fn fill(&self, state: &mut [T]) {
        let Self { task, pitch, .. } = self;
        let (source, y) = (&task.source, &task.domain[0]);
        let computed = self.rows.start + 1..self.rows.end - 1;
        state.fill(T::default());
        for (row, j) in state.chunks_exact_mut(*pitch).zip(self.rows.clone()) {
            // Only walls are read of the rows around the computed ones, because other threads may write the rest meanwhile.
            if computed.contains(&j) || y.is_wall(j, source.rows) {
                let staging = Staging::new(task, row[self.lanes - 1..].as_mut_ptr());
                // SAFETY: the row has room for the computed columns and one on each side; the nodes are those that the task
                // speaks of.
                unsafe { staging.gather(source.node(y.place(j), 0), source.columns) };
            }
        }
    }

    /// Writes the state after all steps into the target.
    ///
    /// # Safety
    /// The promises of [`TileTask`].
    #[inline(always)]
    pub unsafe fn write(&self, state: &[T]) {
        let task = self.task;
        let skipped = (task.columns.start as isize - self.columns.start) as usize;
        for j in task.rows.clone() {
            let first_element = self.begin(j as isize) + skipped;
            let result = &state[first_element..first_element + task.columns.len()];
            // SAFETY: the nodes of the target are those of the tile.
            unsafe {
                let target = task.target.node(j, task.columns.start);
                target.copy_from_nonoverlapping(result.as_ptr(), result.len());
            }
        }
    }

    /// Writes the outermost nodes of given walls, and the ghosts beyond other walls, for the step to a level.
    #[inline(always)]
    pub fn prepare_walls(&self, state: &mut [T], level: usize) {
        let Self { task, pitch, .. } = *self;
        let (walls, step) = (task.walls, task.first + level - 1);
        let computed = self.rows.start + 1..self.rows.end - 1;
        let [is_left_reached, is_right_reached] = task.reaches_walls(1, &self.columns);
        let last_column = self.columns.len() as isize - 1;
        // For each side the outermost column, the one within and the one beyond it.
        for (side, is_reached, columns) in [
            (&walls.left, is_left_reached, [0, 1, -1]),
            (
                &walls.right,
                is_right_reached,
                [last_column, last_column - 1, last_column + 1],
            ),
        ] {
            if !is_reached || matches!(side, Side::Held) {
                continue;
            }
            for j in computed.clone() {
                let (row_begin, node) = (self.begin(j), task.row_place(j));
                let [outermost, inner, ghost] =
                    columns.map(|column| row_begin.wrapping_add_signed(column));
                if let Some(value) = side.beyond(step, node, state[inner], state[outermost]) {
                    state[ghost] = value;
                }
            }
        }
        let [is_bottom_reached, is_top_reached] = task.reaches_walls(0, &computed);
        if is_bottom_reached {
            let (ghosts, rows) = state.split_at_mut(pitch);
            let (outermost, inner) = rows.split_at(pitch);
            self.prepare_row(&walls.bottom, step, ghosts, [outermost, inner]);
        }
        if is_top_reached {
            let (rows, ghosts) = state.split_at_mut(self.number(computed.end) * pitch);
            let (rows, outermost) = rows.split_at(rows.len() - pitch);
            let inner = &rows[rows.len() - pitch..];
            self.prepare_row(&walls.top, step, ghosts, [outermost, inner]);
        }
    }

    /// Writes the row beyond the first or the last row from the two rows next to it.
    #[inline(always)]
    fn prepare_row(&self, side: &Side<T>, step: usize, ghosts: &mut [T], rows: [&[T]; 2]) {
        let (x, count): (&Computed, _) = (&self.task.domain[1], self.task.source.columns);
        let mut i = self.columns.start;
        // The columns of a periodic axis may begin again.
        while i < self.columns.end {
            let length = x.adjacent(i, count).min((self.columns.end - i) as usize);
            let start = self.lanes + (i - self.columns.start) as usize;
            let [outermost, inner] = rows.map(|row| &row[start..start + length]);
            let ghosts = &mut ghosts[start..start + length];
            side.write_beyond(step, x.place(i), ghosts, outermost, inner);
            i += length as isize;
        }
    }
}
