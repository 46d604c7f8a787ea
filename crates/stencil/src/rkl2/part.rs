//! A tile advanced by stages, each a row behind the one before.
//!
//! Like a [`TileTask`](crate::task::TileTask), a tile also computes the nodes around it on which its result depends.
//! Row `i` after the `j`-th stage is computed when row `i + j` of the initial state has been read. So of each array a
//! tile keeps only two rows more than it takes stages, with one more column at either end:
//!
//! ```text
//!              ·  wall or ghost         what the walls hold, or a ghost's value
//!            · o o o o ·                `o` are the kept columns
//! ```

use std::{io, ops::Range};

use ndarray::{ArrayView2, ArrayViewMut2, Axis, aview1, s};

use super::Rkl2;
use super::row::{RowOperator, StageRow};
use crate::equation::{Coefficient, Equation, Operator, Weight};
use crate::real::Real;
use crate::walls::{Computed, Walls};

/// The number of arrays of which a tile keeps rows: `Y0`, `L(Y0)`, and two of differences.
pub(super) const ARRAYS: usize = 4;

/// The arrays and coefficients of a step that all tiles share.
pub(crate) struct SharedStage<'a, T> {
    pub method: &'a Rkl2<T>,
    /// The range of stages taken in this pass: all stages, or one.
    pub stages: Range<usize>,
    pub walls: &'a Walls<T>,
    pub domain: [Computed; 2],
    pub equation: &'a Equation<T>,
    /// The difference before these stages, unless they begin with the first stage.
    pub latest: Option<ArrayView2<'a, T>>,
    /// The state before the step, `Y0`.
    pub start: ArrayView2<'a, T>,
    /// The change of `dt S` since the first stage, if it changes.
    pub change: Option<ArrayView2<'a, T>>,
}

/// The rows that are written.
pub(crate) struct TargetRows<'a, T> {
    /// The difference after the stages, or the state after the last stage. On entry to a later single stage it holds
    /// the difference two stages before.
    pub result: ArrayViewMut2<'a, T>,
    /// The increment `L(Y0)`, if stages are taken one by one.
    pub increment: Option<ArrayViewMut2<'a, T>>,
}

impl<T> TargetRows<'_, T> {
    /// A part of the target.
    pub fn slice(self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let part = s![rows, columns];
        Self {
            result: self.result.slice_move(part),
            increment: self.increment.map(|array| array.slice_move(part)),
        }
    }

    /// The pieces of the target, `length` nodes along an axis.
    pub fn cut(mut self, axis: Axis, length: usize) -> Vec<Self> {
        let mut pieces = Vec::new();
        while self.result.len_of(axis) > length {
            let (piece, remaining_result) = self.result.split_at(axis, length);
            let increments = self.increment.map(|array| array.split_at(axis, length));
            let (increment, remaining_increment) = increments.unzip();
            pieces.push(Self {
                result: piece,
                increment,
            });
            self = Self {
                result: remaining_result,
                increment: remaining_increment,
            };
        }
        pieces.push(self);
        pieces
    }
}

/// A ring with the last rows of an array, row `j` in slot `j mod slots`.
struct RowRing<T> {
    memory: Vec<T>,
    columns: usize,
    slots: usize,
}

/// Memory that holds `count` times the same value.
///
/// # Errors
/// If the system has too little memory.
fn repeated<T: Real>(value: T, count: usize) -> io::Result<Vec<T>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(count)?;
    memory.resize(count, value);
    Ok(memory)
}

impl<T: Real> RowRing<T> {
    fn new(slots: usize, columns: usize) -> io::Result<Self> {
        Ok(Self {
            memory: repeated(T::default(), slots * columns)?,
            columns,
            slots,
        })
    }

    /// A ring with one row of equal numbers, which stands for all rows.
    fn of_number(number: T, columns: usize) -> io::Result<Self> {
        Ok(Self {
            memory: repeated(number, columns)?,
            columns,
            slots: 1,
        })
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

/// The rows of a term's coefficient that a tile keeps.
struct CoefficientRows<T> {
    /// A ring for each array of the coefficient; for a number a ring with a single row.
    rings: Vec<RowRing<T>>,
    /// The sum of products in a row of the present stage; empty for other coefficients.
    sum: Vec<T>,
}

impl<T: Real> CoefficientRows<T> {
    fn new(coefficient: &Coefficient<T>, slots: usize, columns: usize) -> io::Result<Self> {
        let rings = match coefficient {
            Coefficient::Number(number) => vec![RowRing::of_number(*number, columns)?],
            Coefficient::Array(_) | Coefficient::Products(_) => {
                let arrays = coefficient.arrays().iter();
                let rings = arrays.map(|_| RowRing::new(slots, columns));
                rings.collect::<io::Result<_>>()?
            }
        };
        let sum = match coefficient {
            Coefficient::Products(_) => repeated(T::default(), columns)?,
            Coefficient::Number(_) | Coefficient::Array(_) => Vec::new(),
        };
        Ok(Self { rings, sum })
    }

    /// Adds up the products for some nodes of row `j` in stage `number`.
    fn add_up(
        &mut self,
        coefficient: &Coefficient<T>,
        number: usize,
        j: isize,
        nodes: Range<usize>,
    ) {
        if let Coefficient::Products(products) = coefficient {
            let rows: Vec<&[T]> = self.rings.iter().map(|ring| ring.row(j)).collect();
            let factors = products.factors_of_stage(number);
            for i in nodes {
                self.sum[i] = products.sum(&factors, |product| rows[product][i]);
            }
        }
    }

    /// The coefficients in row `j`.
    fn row(&self, j: isize) -> &[T] {
        match &self.sum[..] {
            [] => self.rings[0].row(j),
            sum => sum,
        }
    }
}

/// A tile, and the rows that it keeps.
pub(crate) struct TileRows<'a, T> {
    step: &'a SharedStage<'a, T>,
    target: TargetRows<'a, T>,
    /// The rows and columns that are written. On a periodic axis they may be numbered beyond its ends.
    rows: Range<isize>,
    columns: Range<isize>,
    /// The columns of the kept rows.
    span: Range<isize>,
    /// The differences after even and after odd stages.
    differences: [RowRing<T>; 2],
    start: RowRing<T>,
    increment: RowRing<T>,
    /// The coefficients of the faces west of the nodes and north of them; empty if the equation has none.
    faces: [RowRing<T>; 2],
    /// The coefficients of the terms of the equation, in their order.
    terms: Vec<CoefficientRows<T>>,
    /// For each weight a row of its neutral number, which stands for a missing term.
    neutral: [Vec<T>; Weight::COUNT],
}

impl<'a, T: Real> TileRows<'a, T> {
    /// The tile of `target`, which begins at a node of the field.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(crate) fn new(
        step: &'a SharedStage<'a, T>,
        [row, column]: [usize; 2],
        target: TargetRows<'a, T>,
    ) -> io::Result<Self> {
        let (ny, nx) = target.result.dim();
        let rows = row as isize..(row + ny) as isize;
        let columns = column as isize..(column + nx) as isize;
        let stages = step.stages.len();
        let span = step.domain[1].around(&columns, stages as isize);
        let width = span.len() + 2;
        let slots = stages + 2;
        let slots_of_faces = match step.equation.operator {
            Operator::Variable { .. } => slots,
            Operator::Isotropic { .. } | Operator::Anisotropic { .. } => 0,
        };
        let terms = step.equation.terms.iter();
        let terms = terms.map(|term| CoefficientRows::new(&term.coefficient, slots, width));
        let mut neutral = Weight::ALL.map(|_| Vec::new());
        for (row, weight) in neutral.iter_mut().zip(Weight::ALL) {
            *row = repeated(weight.neutral(), width)?;
        }
        Ok(Self {
            step,
            target,
            rows,
            columns,
            differences: [RowRing::new(slots, width)?, RowRing::new(slots, width)?],
            start: RowRing::new(slots, width)?,
            increment: RowRing::new(slots, width)?,
            faces: [
                RowRing::new(slots_of_faces, width)?,
                RowRing::new(slots_of_faces, width)?,
            ],
            terms: terms.collect::<io::Result<_>>()?,
            neutral,
            span,
        })
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

    /// The rows on which the result depends after `stages` stages.
    fn around(&self, stages: usize) -> Range<isize> {
        let reach = self.step.stages.end - stages;
        self.step.domain[0].around(&self.rows, reach as isize)
    }

    /// The indices of columns in kept rows.
    fn places(&self, columns: &Range<isize>) -> Range<usize> {
        let [first_place, end_place] =
            [columns.start, columns.end].map(|i| i - self.span.start + 1);
        first_place as usize..end_place as usize
    }

    /// Reads row `j` of the states before the stages, and of the equation's arrays.
    fn read(&mut self, j: isize, read: &Range<isize>) {
        let (step, span) = (self.step, self.span.clone());
        let [y, x] = &step.domain;
        let is_computed = read.contains(&j);
        if is_computed || y.is_wall(j, step.start.nrows()) {
            let node = y.place(j);
            for differences in &mut self.differences {
                match &step.latest {
                    Some(latest) => {
                        copy_columns(line(latest, node), differences.row_mut(j), x, &span);
                    }
                    None => differences.row_mut(j).fill(T::default()),
                }
            }
            copy_columns(line(&step.start, node), self.start.row_mut(j), x, &span);
        }
        if let Operator::Variable { x: of_x, y: of_y } = &step.equation.operator {
            let [west, north] = &mut self.faces;
            if is_computed {
                let (faces, face_row) = (line(&of_x.view(), y.place(j)), west.row_mut(j));
                copy_columns(faces, face_row, x, &span);
                face_row[span.len() + 1] = faces[x.place(span.end - 1) + 1];
                copy_columns(line(&of_y.view(), y.place(j)), north.row_mut(j), x, &span);
            } else if j == read.end {
                // The last row has faces south of it, too.
                let faces = line(&of_y.view(), y.place(j - 1) + 1);
                copy_columns(faces, north.row_mut(j), x, &span);
            }
        }
        for (term, kept_rows) in step.equation.terms.iter().zip(&mut self.terms) {
            for (array, ring) in term.coefficient.arrays().iter().zip(&mut kept_rows.rings) {
                let array = match (term.weight, &term.coefficient, &step.latest) {
                    (Weight::One, Coefficient::Array(_), Some(_)) => step.change,
                    _ => Some(array.view()),
                };
                if let (Some(array), true) = (array, is_computed) {
                    copy_columns(line(&array, y.place(j)), ring.row_mut(j), x, &span);
                }
            }
        }
        if let (Some(increment), true) = (&self.target.increment, self.rows.contains(&j)) {
            let (row, places) = ((j - self.rows.start) as usize, self.places(&self.columns));
            let older = self.differences[(step.stages.start + 1) % 2].row_mut(j);
            older[places.clone()].copy_from_slice(line(&self.target.result.view(), row));
            self.increment.row_mut(j)[places].copy_from_slice(line(&increment.view(), row));
        }
    }

    /// Writes the values beyond the walls next to row `j` after `stages` stages. Values beyond a held side have been
    /// read already.
    fn surround(&mut self, stages: usize, j: isize) {
        let SharedStage {
            walls,
            domain: [y, x],
            ..
        } = self.step;
        let (start, differences) = (&mut self.start, &mut self.differences[stages % 2]);
        let n = self.span.len();
        for (side, is_here, [beyond, outermost, inner]) in [
            (&walls.left, self.span.start == x.nodes.start, [0, 1, 2]),
            (
                &walls.right,
                self.span.end == x.nodes.end,
                [n + 1, n, n - 1],
            ),
        ] {
            if !is_here {
                continue;
            }
            let [of_start, changes] =
                [&*start, &*differences].map(|ring| [inner, outermost].map(|i| ring.row(j)[i]));
            if let Some(value) = side.beyond_or_change(stages, y.place(j), of_start, changes) {
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
            for (k, i) in (1..).zip(self.span.clone()).filter(|_| is_here) {
                let [of_start, changes] =
                    [&*start, &*differences].map(|ring| [inner, j].map(|j| ring.row(j)[k]));
                if let Some(value) = side.beyond_or_change(stages, x.place(i), of_start, changes) {
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
        let nodes_and_neighbours = nodes.start - 1..nodes.end + 1;
        let [after_even, after_odd] = &mut self.differences;
        let (latest, result) = match number {
            1 => (&self.start, after_odd),
            _ if number.is_multiple_of(2) => (&*after_odd, after_even),
            _ => (&*after_even, after_odd),
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
        let mut coefficients = [None; Weight::COUNT];
        if step.equation.has_reaction() {
            for (row, neutral) in coefficients.iter_mut().zip(&self.neutral) {
                *row = Some(&neutral[nodes.clone()]);
            }
        }
        for (term, kept_rows) in step.equation.terms.iter().zip(&mut self.terms) {
            // From the second stage on a source is what it changes by.
            let is_constant = term.weight == Weight::One
                && !matches!(term.coefficient, Coefficient::Products(_))
                && step.change.is_none();
            if number == 1 || !is_constant {
                kept_rows.add_up(&term.coefficient, number, j, nodes.clone());
                coefficients[term.weight as usize] = Some(&kept_rows.row(j)[nodes.clone()]);
            }
        }
        let row = StageRow {
            lines: [j - 1, j, j + 1].map(|j| &latest.row(j)[nodes_and_neighbours.clone()]),
            diffusion,
            coefficients,
            is_first: number == 1,
            stage: step.method.stages[number - 1],
            increment: &mut self.increment.row_mut(j)[nodes.clone()],
            result: &mut result.row_mut(j)[nodes],
        };
        row.compute();
    }

    /// Writes row `j` of the result, if it belongs to the tile.
    fn write(&mut self, j: isize) {
        if !self.rows.contains(&j) {
            return;
        }
        let (row, places) = ((j - self.rows.start) as usize, self.places(&self.columns));
        let differences = &self.differences[self.step.stages.end % 2].row(j)[places.clone()];
        let mut result = self.target.result.row_mut(row);
        result.assign(&aview1(differences));
        if self.step.stages.end == self.step.method.stages() {
            let start = aview1(&self.start.row(j)[places.clone()]);
            result.zip_mut_with(&start, |value, start| *value = *start + *value);
        }
        if let Some(increment) = &mut self.target.increment {
            let values = &self.increment.row(j)[places];
            increment.row_mut(row).assign(&aview1(values));
        }
    }
}

/// Copies the kept columns of a row, and one more at either end if the row has it.
fn copy_columns<T: Real>(from: &[T], to: &mut [T], columns: &Computed, span: &Range<isize>) {
    match columns.period {
        None => {
            let first_column = (span.start - 1).max(0);
            let end_column = from.len().min(span.end as usize + 1);
            let values = &from[first_column as usize..end_column];
            to[(first_column + 1 - span.start) as usize..][..values.len()].copy_from_slice(values);
        }
        Some(_) => {
            for (to, i) in to.iter_mut().zip(span.start - 1..) {
                *to = from[columns.place(i)];
            }
        }
    }
}

/// Row `j` of an array whose rows are contiguous.
fn line<'a, T>(array: &ArrayView2<'a, T>, j: usize) -> &'a [T] {
    let row = array.index_axis_move(Axis(0), j);
    row.to_slice().unwrap_or_default()
}
