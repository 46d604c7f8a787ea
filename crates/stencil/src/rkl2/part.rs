//! A tile advanced by stages, each a row behind the one before.
//!
//! A tile also computes the nodes around it that its result depends on, as those of
//! [`TileTask`](crate::task::TileTask) do. Row `i` after the `j`-th of its stages is computed when row `i + j` of the
//! state before them has been read. So a tile keeps only two rows more than it takes stages, of each array, with a
//! column more at either end:
//!
//! ```text
//!              ·  wall or ghost         what the walls hold, or a ghost's value
//!            · o o o o ·                `o` are the kept columns
//! ```

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, aview1, s};

use super::Rkl2;
use super::row::{RowOperator, StageRow};
use crate::equation::{Coefficient, Equation, Operator, Reaction};
use crate::real::Real;
use crate::walls::{Computed, Side, Walls};

/// Arrays of which a tile keeps rows: `Y0`, `L(Y0)`, and two of differences.
pub(super) const ARRAYS: usize = 4;

/// What all tiles share.
pub(crate) struct SharedStage<'a, T> {
    pub method: &'a Rkl2<T>,
    /// The number of stages taken before, and after: all of them at once, or one.
    pub stages: Range<usize>,
    pub walls: &'a Walls<T>,
    pub domain: [Computed; 2],
    pub equation: &'a Equation<T>,
    /// The difference before these stages, if these are not the first.
    pub latest: Option<ArrayView2<'a, T>>,
    /// `Y0`
    pub start: ArrayView2<'a, T>,
    /// What `dt S` has changed by since the first stage, if it does.
    pub change: Option<ArrayView2<'a, T>>,
}

/// The nodes that are written.
pub(crate) struct TargetRows<'a, T> {
    /// The difference after the stages, after the last one the state. Before one of several it holds the difference two
    /// stages before.
    pub result: ArrayViewMut2<'a, T>,
    /// `L(Y0)`, where stages are taken one by one.
    pub increment: Option<ArrayViewMut2<'a, T>>,
}

impl<T> TargetRows<'_, T> {
    /// A part of it.
    pub fn slice(self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let part = s![rows, columns];
        Self {
            result: self.result.slice_move(part),
            increment: self.increment.map(|array| array.slice_move(part)),
        }
    }

    /// The pieces of it, `length` nodes along an axis.
    pub fn cut(mut self, axis: Axis, length: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        while self.result.len_of(axis) > length {
            let (piece, rest) = self.result.split_at(axis, length);
            let increments = self.increment.map(|array| array.split_at(axis, length));
            let (increment, other) = increments.unzip();
            pieces.push(Self {
                result: piece,
                increment,
            });
            self = Self {
                result: rest,
                increment: other,
            };
        }
        pieces.push(self);
        pieces
    }
}

/// The last rows of an array, row `j` in slot `j mod slots`.
struct RowRing<T> {
    memory: Vec<T>,
    columns: usize,
    slots: usize,
}

impl<T: Real> RowRing<T> {
    fn new(slots: usize, columns: usize) -> Self {
        Self {
            memory: vec![T::default(); slots * columns],
            columns,
            slots,
        }
    }

    /// One row of a number, which stands for all.
    fn of_number(number: T, columns: usize) -> Self {
        Self {
            memory: vec![number; columns],
            columns,
            slots: 1,
        }
    }

    fn nodes(&self, j: isize) -> Range<usize> {
        let slot = j.rem_euclid(self.slots as isize) as usize;
        slot * self.columns..(slot + 1) * self.columns
    }

    fn row(&self, j: isize) -> &[T] {
        &self.memory[self.nodes(j)]
    }

    fn row_mut(&mut self, j: isize) -> &mut [T] {
        let nodes = self.nodes(j);
        &mut self.memory[nodes]
    }
}

/// A tile, and the rows that it keeps.
pub(crate) struct TileRows<'a, T> {
    step: &'a SharedStage<'a, T>,
    target: TargetRows<'a, T>,
    /// Rows and columns that are written. Those of a periodic axis are numbered on beyond its ends.
    rows: Range<isize>,
    columns: Range<isize>,
    /// The columns that are kept.
    kept: Range<isize>,
    /// Differences after even and after odd stages.
    differences: [RowRing<T>; 2],
    start: RowRing<T>,
    increment: RowRing<T>,
    /// The faces west of the nodes and north of them; empty if the equation has none.
    faces: [RowRing<T>; 2],
    /// The source, the rate and the decay; of numbers one row stands for all.
    source: RowRing<T>,
    /// The terms of the source, and the sum of a row in the present stage; zeros if there are none.
    terms: Vec<RowRing<T>>,
    sum: Vec<T>,
    reaction: [RowRing<T>; 2],
}

impl<'a, T: Real> TileRows<'a, T> {
    /// The tile of `target`, which begins at a node of the field.
    pub(crate) fn new(
        step: &'a SharedStage<'a, T>,
        [row, column]: [usize; 2],
        target: TargetRows<'a, T>,
    ) -> Self {
        let (ny, nx) = target.result.dim();
        let rows = row as isize..(row + ny) as isize;
        let columns = column as isize..(column + nx) as isize;
        let stages = step.stages.len();
        let kept = step.domain[1].around(&columns, stages as isize);
        let width = kept.len() + 2;
        let ring = || RowRing::new(stages + 2, width);
        let ring_if = |is_there| {
            if is_there {
                ring()
            } else {
                RowRing::new(0, width)
            }
        };
        let has_faces = matches!(step.equation.operator, Operator::Variable { .. });
        let numbers = Reaction {
            rate: Coefficient::Number(T::ONE),
            decay: Coefficient::Number(T::default()),
        };
        let Reaction { rate, decay } = step.equation.reaction.as_ref().unwrap_or(&numbers);
        let ring_of = |coefficient: &Coefficient<T>| match coefficient {
            Coefficient::Number(number) => RowRing::of_number(*number, width),
            Coefficient::Array(_) => ring(),
        };
        Self {
            step,
            target,
            rows,
            columns,
            differences: [ring(), ring()],
            start: ring(),
            increment: ring(),
            faces: [ring_if(has_faces), ring_if(has_faces)],
            source: match step.equation.source {
                Some(_) => ring(),
                None => RowRing::of_number(T::default(), width),
            },
            terms: step.equation.terms.arrays.iter().map(|_| ring()).collect(),
            sum: vec![T::default(); width],
            reaction: [ring_of(rate), ring_of(decay)],
            kept,
        }
    }

    /// Computes the nodes of the tile.
    pub(crate) fn advance(mut self) {
        let Range { start, end } = self.step.stages;
        let read = self.around(start);
        // Walls, too, are rows around those that are computed.
        for newest in read.start - 1..self.rows.end + (end - start) as isize {
            self.read(newest, &read);
            for number in start + 1..=end {
                let j = newest - (number - start) as isize;
                if self.around(number).contains(&j) {
                    self.surround(number - 1, j);
                    self.compute(number, j);
                }
            }
            self.write(newest - (end - start) as isize);
        }
    }

    /// The rows that the result depends on after so many stages.
    fn around(&self, stages: usize) -> Range<isize> {
        let reach = self.step.stages.end - stages;
        self.step.domain[0].around(&self.rows, reach as isize)
    }

    /// Where columns are in rows that are kept.
    fn places(&self, columns: &Range<isize>) -> Range<usize> {
        let [start, end] = [columns.start, columns.end].map(|i| i - self.kept.start + 1);
        start as usize..end as usize
    }

    /// Reads row `j` of the states before the stages and of the equation's arrays.
    fn read(&mut self, j: isize, read: &Range<isize>) {
        let (step, kept) = (self.step, self.kept.clone());
        let [y, x] = &step.domain;
        let copy = |from: &[T], to: &mut [T]| match x.period {
            None => {
                let first = (kept.start - 1).max(0);
                let end = from.len().min(kept.end as usize + 1);
                let from = &from[first as usize..end];
                to[(first + 1 - kept.start) as usize..][..from.len()].copy_from_slice(from);
            }
            Some(_) => {
                for (to, i) in to.iter_mut().zip(kept.start - 1..) {
                    *to = from[x.place(i)];
                }
            }
        };
        let is_computed = read.contains(&j);
        if is_computed || y.is_wall(j, step.start.nrows()) {
            let node = y.place(j);
            for differences in &mut self.differences {
                match &step.latest {
                    Some(latest) => copy(line(latest, node), differences.row_mut(j)),
                    None => differences.row_mut(j).fill(T::default()),
                }
            }
            copy(line(&step.start, node), self.start.row_mut(j));
        }
        if let Operator::Variable { x: of_x, y: of_y } = &step.equation.operator {
            let [west, north] = &mut self.faces;
            if is_computed {
                let (from, to) = (line(&of_x.view(), y.place(j)), west.row_mut(j));
                copy(from, to);
                to[kept.len() + 1] = from[x.place(kept.end - 1) + 1];
                copy(line(&of_y.view(), y.place(j)), north.row_mut(j));
            } else if j == read.end {
                // The last row has faces south of it, too.
                copy(line(&of_y.view(), y.place(j - 1) + 1), north.row_mut(j));
            }
        }
        let source = match step.latest {
            None => step.equation.source.as_ref().map(|source| source.view()),
            Some(_) => step.change,
        };
        if let (Some(source), true) = (source, is_computed) {
            copy(line(&source, y.place(j)), self.source.row_mut(j));
        }
        for (term, array) in self.terms.iter_mut().zip(&step.equation.terms.arrays) {
            if is_computed {
                copy(line(&array.view(), y.place(j)), term.row_mut(j));
            }
        }
        if let (Some(Reaction { rate, decay }), true) = (&step.equation.reaction, is_computed) {
            for (coefficient, ring) in [rate, decay].into_iter().zip(&mut self.reaction) {
                if let Some(array) = coefficient.array() {
                    copy(line(&array.view(), y.place(j)), ring.row_mut(j));
                }
            }
        }
        if let (Some(increment), true) = (&self.target.increment, self.rows.contains(&j)) {
            let (row, own) = ((j - self.rows.start) as usize, self.places(&self.columns));
            let older = self.differences[(step.stages.start + 1) % 2].row_mut(j);
            older[own.clone()].copy_from_slice(line(&self.target.result.view(), row));
            self.increment.row_mut(j)[own].copy_from_slice(line(&increment.view(), row));
        }
    }

    /// Writes what lies beyond the walls next to row `j` after so many stages. Where it is held, it has been read.
    fn surround(&mut self, stages: usize, j: isize) {
        let SharedStage {
            walls,
            domain: [y, x],
            ..
        } = self.step;
        let (start, differences) = (&mut self.start, &mut self.differences[stages % 2]);
        let value = |side: &Side<T>, node, of_start: [T; 2], now: [T; 2]| match stages {
            0 => side.beyond(0, node, of_start[0], of_start[1]),
            _ => side.change(stages, node, of_start, now),
        };
        let n = self.kept.len();
        for (side, is_here, [beyond, outermost, inner]) in [
            (&walls.left, self.kept.start == x.nodes.start, [0, 1, 2]),
            (
                &walls.right,
                self.kept.end == x.nodes.end,
                [n + 1, n, n - 1],
            ),
        ] {
            let at = |ring: &RowRing<T>| [inner, outermost].map(|i| ring.row(j)[i]);
            let value = || value(side, y.place(j), at(start), at(differences));
            if let Some(value) = is_here.then(value).flatten() {
                let ring = if stages == 0 {
                    &mut *start
                } else {
                    &mut *differences
                };
                ring.row_mut(j)[beyond] = value;
            }
        }
        for (side, is_here, [beyond, inner]) in [
            (&walls.bottom, j == y.nodes.start, [j - 1, j + 1]),
            (&walls.top, j == y.nodes.end - 1, [j + 1, j - 1]),
        ] {
            for (k, i) in (1..).zip(self.kept.clone()).filter(|_| is_here) {
                let at = |ring: &RowRing<T>| [inner, j].map(|j| ring.row(j)[k]);
                if let Some(value) = value(side, x.place(i), at(start), at(differences)) {
                    let ring = if stages == 0 {
                        &mut *start
                    } else {
                        &mut *differences
                    };
                    ring.row_mut(beyond)[k] = value;
                }
            }
        }
    }

    /// Computes row `j` after stage `number`.
    fn compute(&mut self, number: usize, j: isize) {
        let step = self.step;
        let reach = (step.stages.end - number) as isize;
        let nodes = self.places(&step.domain[1].around(&self.columns, reach));
        let around = nodes.start - 1..nodes.end + 1;
        let [even, odd] = &mut self.differences;
        let (latest, result) = match number {
            1 => (&self.start, odd),
            _ if number.is_multiple_of(2) => (&*odd, even),
            _ => (&*even, odd),
        };
        let [west, north] = &self.faces;
        let diffusion = match step.equation.operator {
            Operator::Isotropic { r } => RowOperator::Isotropic { r },
            Operator::Anisotropic { rx, ry } => RowOperator::Anisotropic { rx, ry },
            Operator::Variable { .. } => RowOperator::Variable {
                x: &west.row(j)[nodes.start..=nodes.end],
                north: &north.row(j)[nodes.clone()],
                south: &north.row(j + 1)[nodes.clone()],
            },
        };
        let Equation {
            terms, reaction, ..
        } = step.equation;
        let has_source = match number {
            1 => step.equation.has_source(),
            _ => step.change.is_some() || !terms.is_empty(),
        };
        if !terms.is_empty() {
            let rows: Vec<&[T]> = self.terms.iter().map(|term| term.row(j)).collect();
            let factors = terms.of_stage(number);
            for i in nodes.clone() {
                self.sum[i] = terms.sum(&factors, |term| rows[term][i]);
            }
        }
        let source = match number {
            _ if !terms.is_empty() || !has_source => &self.sum,
            _ => self.source.row(j),
        };
        let row = StageRow {
            lines: [j - 1, j, j + 1].map(|j| &latest.row(j)[around.clone()]),
            diffusion,
            source: (has_source || reaction.is_some()).then_some(&source[nodes.clone()]),
            reaction: reaction.as_ref().map(|_| {
                self.reaction
                    .each_ref()
                    .map(|ring| &ring.row(j)[nodes.clone()])
            }),
            is_first: number == 1,
            stage: step.method.stages[number - 1],
            increment: &mut self.increment.row_mut(j)[nodes.clone()],
            result: &mut result.row_mut(j)[nodes],
        };
        row.compute();
    }

    /// Writes row `j` of the result, if it is one of the tile.
    fn write(&mut self, j: isize) {
        if !self.rows.contains(&j) {
            return;
        }
        let (row, own) = ((j - self.rows.start) as usize, self.places(&self.columns));
        let last = &self.differences[self.step.stages.end % 2].row(j)[own.clone()];
        let mut result = self.target.result.row_mut(row);
        result.assign(&aview1(last));
        if self.step.stages.end == self.step.method.stages() {
            let start = aview1(&self.start.row(j)[own.clone()]);
            result.zip_mut_with(&start, |value, start| *value = *start + *value);
        }
        if let Some(increment) = &mut self.target.increment {
            let values = &self.increment.row(j)[own];
            increment.row_mut(row).assign(&aview1(values));
        }
    }
}

/// Row `j` of an array whose rows are contiguous.
fn line<'a, T>(array: &ArrayView2<'a, T>, j: usize) -> &'a [T] {
    let row = array.index_axis_move(Axis(0), j);
    row.to_slice().unwrap_or_default()
}
