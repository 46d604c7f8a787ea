//! One stage of a step, over a whole field.

use std::ops::Range;

use rayon::prelude::*;

use super::Rkl2;
use super::row::{Diffusion, StageRow, line};
use crate::dispatch::Element;
use crate::five_point::Stencil;
use crate::real::Real;
use crate::walls::{Side, Walls};

/// The arrays of a step, row-major, each of the shape of the state.
pub struct Rkl2Arrays<'a, T> {
    /// `Y(j-1)`, the result of the stage before.
    pub latest: &'a [T],
    /// `Y0`
    pub start: &'a [T],
    /// `L(Y0)`, which the first stage writes.
    pub increment: &'a mut [T],
    /// `Y(j-2)`, which the stage replaces by `Yj`; the first stage writes only.
    pub result: &'a mut [T],
}

impl<T: Element> Stencil<T> {
    /// One stage of a step, from 1 on: writes the rows `rows` of its result, but for nodes on walls that
    /// are not computed.
    ///
    /// # Panics
    /// If arrays, walls or the equation do not fit the shape `(ny, nx)`.
    pub fn rkl2_stage(
        &self,
        (method, number): (&Rkl2<T>, usize),
        walls: &Walls<T>,
        (ny, nx): (usize, usize),
        arrays: Rkl2Arrays<'_, T>,
        rows: Range<usize>,
    ) {
        let equation = self.equation();
        assert!(equation.fits((ny, nx)) && walls.fit((ny, nx), method.stages()));
        let [computed, columns] = walls.domain((ny, nx)).map(|axis| axis.in_array());
        let rows = rows.start.max(computed.start)..rows.end.min(computed.end);
        let Rkl2Arrays {
            latest,
            start,
            increment,
            result,
        } = arrays;
        let stage = method.stages[number - 1];
        let latest = Latest {
            values: latest,
            shape: (ny, nx),
            walls,
            step: number - 1,
        };
        let held = rows.start * nx..rows.end.max(rows.start) * nx;
        let start = &start[held.clone()];
        let increment = &mut increment[held.clone()];
        let result = &mut result[held];
        // So many rows are a task for a thread.
        const ROWS: usize = 16;
        result
            .par_chunks_mut(ROWS * nx)
            .zip(increment.par_chunks_mut(ROWS * nx))
            .zip(start.par_chunks(ROWS * nx))
            .enumerate()
            .for_each(|(chunk, ((result, increment), start))| {
                let first = rows.start + chunk * ROWS;
                let mut beyond = vec![T::default(); nx];
                let lines = result
                    .chunks_exact_mut(nx)
                    .zip(increment.chunks_exact_mut(nx))
                    .zip(start.chunks_exact(nx));
                for (j, ((result, increment), start)) in (first..).zip(lines) {
                    let row = StageRow {
                        lines: latest.around(j, &mut beyond),
                        ends: latest.ends(j),
                        columns: columns.clone(),
                        diffusion: Diffusion::of(equation, j),
                        source: equation.source.as_ref().map(|source| line(source, j)),
                        is_first: number == 1,
                        stage,
                        start,
                        increment,
                        result,
                    };
                    row.compute();
                }
            });
    }
}

/// The state of the stage before, and what lies beyond its sides.
struct Latest<'a, T> {
    values: &'a [T],
    shape: (usize, usize),
    walls: &'a Walls<T>,
    step: usize,
}

impl<'a, T: Real> Latest<'a, T> {
    fn row(&self, j: usize) -> &'a [T] {
        let nx = self.shape.1;
        &self.values[j * nx..(j + 1) * nx]
    }

    /// The rows north of row `j`, itself, and south of it; ghosts are written to `beyond`.
    fn around<'b>(&self, j: usize, beyond: &'b mut [T]) -> [&'b [T]; 3]
    where
        'a: 'b,
    {
        let (ny, centre) = (self.shape.0, self.row(j));
        // Only one of the two rows can be a ghost: a computed wall has at least two rows.
        if j == 0 {
            let north = self.beyond(&self.walls.bottom, [0, 1, ny - 2], beyond);
            [north, centre, self.row(1)]
        } else if j + 1 == ny {
            let south = self.beyond(&self.walls.top, [j, j - 1, 1], beyond);
            [self.row(j - 1), centre, south]
        } else {
            [self.row(j - 1), centre, self.row(j + 1)]
        }
    }

    /// The row beyond a computed wall: the ghosts, or the row on the other side of the grid.
    fn beyond<'b>(
        &self,
        side: &Side<T>,
        [outermost, inner, opposite]: [usize; 3],
        ghosts: &'b mut [T],
    ) -> &'b [T]
    where
        'a: 'b,
    {
        let Side::Ghost(ghost) = side else {
            return self.row(opposite);
        };
        ghost.write(
            self.step,
            0..,
            [inner, outermost].map(|j| self.row(j)),
            ghosts,
        );
        ghosts
    }

    /// The values beyond both ends of row `j`.
    fn ends(&self, j: usize) -> [T; 2] {
        let (row, nx) = (self.row(j), self.shape.1);
        let end = |side: &Side<T>, outermost: usize, inner: usize, opposite: usize| match side {
            Side::Ghost(ghost) => ghost.value(self.step, j, row[inner], row[outermost]),
            _ => row[opposite],
        };
        [
            end(&self.walls.left, 0, 1, nx - 2),
            end(&self.walls.right, nx - 1, nx - 2, 1),
        ]
    }
}
