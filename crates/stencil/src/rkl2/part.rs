//! A tile of a step, advanced by all stages, each a row behind the one before.
//!
//! A tile also computes the nodes around it that its result depends on, as those of
//! [`TileTask`](crate::task::TileTask) do. Row `i` of stage `j` is computed when row `i + j` of `Y0`
//! has been read, so that a tile keeps only the last `s + 2` rows of four arrays, named as in
//! [`Rkl2Arrays`](super::Rkl2Arrays): `Y0`, `L(Y0)`, and the states after even and after odd stages.

use std::mem;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::Rkl2;
use super::row::{Diffusion, StageRow, line};
use crate::equation::{Equation, Operator};
use crate::real::Real;
use crate::walls::{Computed, Side, Walls};

/// Arrays of which a tile keeps rows: `Y0`, `L(Y0)`, and two of states.
pub(super) const ARRAYS: usize = 4;

/// What all tiles of a step share.
#[derive(Clone, Copy)]
pub(super) struct Step<'a, T> {
    pub(super) method: &'a Rkl2<T>,
    pub(super) walls: &'a Walls<T>,
    pub(super) domain: &'a [Computed; 2],
    pub(super) equation: &'a Equation<T>,
    pub(super) source: ArrayView2<'a, T>,
}

/// The last rows of an array, row `j` in slot `j mod slots`.
struct Ring<T> {
    memory: Vec<T>,
    columns: usize,
    slots: usize,
}

impl<T: Real> Ring<T> {
    fn new(slots: usize, columns: usize) -> Self {
        Self {
            memory: vec![T::default(); slots * columns],
            columns,
            slots,
        }
    }

    fn at(&self, j: isize) -> Range<usize> {
        let slot = j.rem_euclid(self.slots as isize) as usize;
        slot * self.columns..(slot + 1) * self.columns
    }

    fn row(&self, j: isize) -> &[T] {
        &self.memory[self.at(j)]
    }

    fn row_mut(&mut self, j: isize) -> &mut [T] {
        let at = self.at(j);
        &mut self.memory[at]
    }
}

/// A tile, and the rows that it keeps.
pub(super) struct Part<'a, T> {
    step: Step<'a, T>,
    /// Rows and columns that are written. Those of a periodic axis are numbered on beyond its ends.
    rows: Range<isize>,
    columns: Range<isize>,
    /// The columns that are kept.
    kept: Range<isize>,
    start: Ring<T>,
    increment: Ring<T>,
    even: Ring<T>,
    odd: Ring<T>,
    /// The faces west of the nodes and north of them, and the source; empty if the equation has none.
    faces: Option<[Ring<T>; 2]>,
    source: Option<Ring<T>>,
    /// Room for the rows beyond the first and the last.
    beyond: [Vec<T>; 2],
}

impl<'a, T: Real> Part<'a, T> {
    /// The tile that begins at a node of the field and has such a shape.
    pub(super) fn new(
        step: Step<'a, T>,
        [row, column]: [usize; 2],
        (ny, nx): (usize, usize),
    ) -> Self {
        let rows = row as isize..(row + ny) as isize;
        let columns = column as isize..(column + nx) as isize;
        let stages = step.method.stages();
        let kept = step.domain[1].around(&columns, stages as isize);
        let (slots, n) = (stages + 2, kept.len());
        let ring = || Ring::new(slots, n);
        let has_faces = matches!(step.equation.operator, Operator::Variable { .. });
        Self {
            step,
            rows,
            columns,
            start: ring(),
            increment: ring(),
            even: ring(),
            odd: ring(),
            faces: has_faces.then(|| [Ring::new(slots, n + 1), ring()]),
            source: step.equation.source.is_some().then(ring),
            beyond: [(); 2].map(|()| vec![T::default(); n]),
            kept,
        }
    }

    /// Computes the nodes of the tile.
    pub(super) fn advance(mut self, mut target: ArrayViewMut2<'_, T>) {
        let stages = self.step.method.stages();
        let read = self.around(0);
        // Walls, too, are rows around those that are computed.
        for newest in read.start - 1..self.rows.end + stages as isize {
            self.read(newest, &read);
            for stage in 1..=stages {
                let j = newest - stage as isize;
                if self.around(stage).contains(&j) {
                    self.compute(stage, j);
                }
            }
            let j = newest - stages as isize;
            if self.rows.contains(&j) {
                let result = if stages.is_multiple_of(2) {
                    &self.even
                } else {
                    &self.odd
                };
                let first = (self.columns.start - self.kept.start) as usize;
                let mut row = target.row_mut((j - self.rows.start) as usize);
                let result = &result.row(j)[first..first + row.len()];
                row.iter_mut()
                    .zip(result)
                    .for_each(|(to, value)| *to = *value);
            }
        }
    }

    /// The rows that the result depends on after a stage.
    fn around(&self, stage: usize) -> Range<isize> {
        let reach = self.step.method.stages() - stage;
        self.step.domain[0].around(&self.rows, reach as isize)
    }

    /// Reads row `j` of the state before the step and of the equation's arrays.
    fn read(&mut self, j: isize, read: &Range<isize>) {
        let Step {
            domain: [y, x],
            equation,
            source,
            ..
        } = self.step;
        let copy = |to: &mut [T], from: &[T]| match x.period {
            None => to.copy_from_slice(&from[self.kept.start as usize..][..to.len()]),
            Some(_) => {
                for (to, i) in to.iter_mut().zip(self.kept.start..) {
                    *to = from[x.place(i)];
                }
            }
        };
        let is_computed = read.contains(&j);
        if is_computed || y.is_wall(j, source.nrows()) {
            let row = source.row(y.place(j));
            copy(self.start.row_mut(j), row.as_slice().unwrap_or_default());
            self.even.row_mut(j).copy_from_slice(self.start.row(j));
        }
        if let (Some([west, north]), Operator::Variable { x: of_x, y: of_y }) =
            (&mut self.faces, &equation.operator)
        {
            if is_computed {
                let (from, to) = (line(of_x, y.place(j)), west.row_mut(j));
                let n = to.len() - 1;
                copy(&mut to[..n], from);
                to[n] = from[x.place(self.kept.end - 1) + 1];
                copy(north.row_mut(j), line(of_y, y.place(j)));
            } else if j == read.end {
                // The last row has faces south of it, too.
                copy(north.row_mut(j), line(of_y, y.place(j - 1) + 1));
            }
        }
        if let (Some(ring), Some(source), true) = (&mut self.source, &equation.source, is_computed)
        {
            copy(ring.row_mut(j), line(source, y.place(j)));
        }
    }

    /// Computes row `j` after stage `number`.
    fn compute(&mut self, number: usize, j: isize) {
        let Step {
            method,
            equation,
            domain: [y, x],
            ..
        } = self.step;
        let reach = method.stages() - number;
        let columns = x.around(&self.columns, reach as isize);
        let [first, end] = [columns.start, columns.end].map(|i| (i - self.kept.start) as usize);
        let mut beyond = mem::take(&mut self.beyond);
        let (latest, result) = match number.is_multiple_of(2) {
            true => (&self.odd, &mut self.even),
            false => (&self.even, &mut self.odd),
        };
        let at = At {
            step: self.step,
            kept: &self.kept,
            latest,
            held: &self.start,
            number,
            j,
        };
        let lines = at.lines(&mut beyond);
        let diffusion = match &self.faces {
            Some([west, north]) => Diffusion::Variable {
                x: west.row(j),
                north: north.row(j),
                south: north.row(j + 1),
            },
            None => Diffusion::of(equation, y.place(j)),
        };
        let row = StageRow {
            lines,
            ends: at.ends(),
            columns: first..end,
            diffusion,
            source: self.source.as_ref().map(|ring| ring.row(j)),
            is_first: number == 1,
            stage: method.stages[number - 1],
            start: self.start.row(j),
            increment: self.increment.row_mut(j),
            result: result.row_mut(j),
        };
        row.compute();
        self.beyond = beyond;
    }
}

/// A row of the stage before, and what is around it.
struct At<'a, 's, T> {
    step: Step<'s, T>,
    kept: &'a Range<isize>,
    latest: &'a Ring<T>,
    /// The state before the step, which held walls keep.
    held: &'a Ring<T>,
    /// The stage to compute.
    number: usize,
    j: isize,
}

impl<T: Real> At<'_, '_, T> {
    /// The rows north of it, itself, and south of it; `beyond` has room for those that are walls or ghosts.
    fn lines<'b>(&'b self, beyond: &'b mut [Vec<T>; 2]) -> [&'b [T]; 3] {
        let walls = self.step.walls;
        let [north, south] = beyond;
        let computed = &self.step.domain[0];
        let has_walls = computed.period.is_none();
        let (first, last) = (computed.nodes.start, computed.nodes.end - 1);
        let line = |is_beyond: bool, side, [outer, inner]: [isize; 2], room| match is_beyond {
            true => self.beyond(side, [outer, inner], room),
            false => self.latest.row(outer),
        };
        let j = self.j;
        [
            line(
                has_walls && j == first,
                &walls.bottom,
                [j - 1, j + 1],
                north,
            ),
            self.latest.row(j),
            line(has_walls && j == last, &walls.top, [j + 1, j - 1], south),
        ]
    }

    /// A row that is not computed: a wall, or ghosts beyond one.
    fn beyond<'b>(
        &'b self,
        side: &Side<T>,
        [outer, inner]: [isize; 2],
        room: &'b mut Vec<T>,
    ) -> &'b [T] {
        let (step, x) = (self.number - 1, &self.step.domain[1]);
        let mut nodes = self.kept.clone().map(|i| x.place(i));
        match side {
            Side::Held | Side::Periodic => return self.held.row(outer),
            Side::Given(table) => room.fill_with(|| table.at(step)[nodes.next().unwrap_or(0)]),
            Side::Ghost(ghost) => {
                let adjacent = [inner, self.j].map(|j| self.latest.row(j));
                ghost.write(step, nodes, adjacent, room);
            }
        }
        room
    }

    /// The values beyond both ends of the row, where these are at walls.
    fn ends(&self) -> [T; 2] {
        let Step {
            walls,
            domain: [y, x],
            source,
            ..
        } = self.step;
        let (row, node, step) = (self.latest.row(self.j), y.place(self.j), self.number - 1);
        let n = row.len();
        let value = |is_end: bool, side: &Side<T>, wall: isize, outermost: usize, inner: usize| {
            match side {
                _ if !is_end || x.period.is_some() => T::default(),
                Side::Held | Side::Periodic => source[[node, wall as usize]],
                Side::Given(table) => table.at(step)[node],
                Side::Ghost(ghost) => ghost.value(step, node, row[inner], row[outermost]),
            }
        };
        let Range { start, end } = x.nodes;
        [
            value(self.kept.start == start, &walls.left, start - 1, 0, 1),
            value(
                self.kept.end == end,
                &walls.right,
                end,
                n - 1,
                n.wrapping_sub(2),
            ),
        ]
    }
}
