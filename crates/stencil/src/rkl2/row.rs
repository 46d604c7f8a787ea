//! [`StageRow`]: one row of a stage.

use diff2d_sys::vectorised;

use super::StageCoefficients;
use crate::equation::Weight;
use crate::real::Real;
use crate::scalar::{self, Star};

/// A part of one row in a stage, with names as in the module's formula.
pub(super) struct StageRow<'a, T> {
    /// The rows of `d(j-1)`, or of `Y0` in the first stage: north of this row, itself, and south of it; each has one
    /// more node at either end.
    pub lines: [&'a [T]; 3],
    pub diffusion: RowOperator<'a, T>,
    /// The coefficients of source, rate and loss, by the numbers of their weights; if there is a rate or a loss, all
    /// three are present. From the second stage on the source is its change, if it changes.
    pub coefficients: [Option<&'a [T]>; Weight::COUNT],
    /// Whether this is the first stage.
    pub is_first: bool,
    pub stage: StageCoefficients<T>,
    /// The increment `L(Y0)`, which the first stage writes.
    pub increment: &'a mut [T],
    /// The difference `d(j-2)`, which is replaced by `dj`; the first stage only writes.
    pub result: &'a mut [T],
}

/// The part of an [`Operator`](crate::equation::Operator) for some nodes of one row.
#[derive(Clone, Copy)]
pub(super) enum RowOperator<'a, T> {
    Isotropic {
        r: T,
    },
    Anisotropic {
        rx: T,
        ry: T,
    },
    Variable {
        /// The faces west of the nodes, and the face east of the last node.
        x: &'a [T],
        north: &'a [T],
        south: &'a [T],
    },
}

impl<T: Real> StageRow<'_, T> {
    /// Computes the row with the widest registers of this machine.
    pub fn compute(mut self) {
        vectorised(
            #[inline(always)]
            || self.compute_portable(),
        );
    }

    #[inline(always)]
    fn compute_portable(&mut self) {
        let n = self.result.len();
        match self.diffusion {
            RowOperator::Isotropic { r } => match self.coefficients[Weight::Change as usize] {
                None => self.write_with(
                    #[inline(always)]
                    |_, star| scalar::isotropic(r, star),
                ),
                Some(rate) => self.write_with(
                    #[inline(always)]
                    |i, star| (r * rate[i]) * scalar::paired(star),
                ),
            },
            RowOperator::Anisotropic { rx, ry } => self.write(
                #[inline(always)]
                |_, star| scalar::anisotropic(rx, ry, star),
            ),
            RowOperator::Variable { x, north, south } => {
                let (west, east) = (&x[..n], &x[1..=n]);
                let (north, south) = (&north[..n], &south[..n]);
                self.write(
                    #[inline(always)]
                    |i, star| {
                        let faces = Star {
                            north: north[i],
                            south: south[i],
                            west: west[i],
                            east: east[i],
                            centre: T::default(),
                        };
                        scalar::variable(faces, star)
                    },
                );
            }
        }
    }

    /// Writes the row; `increment` computes `L` at a node without its terms.
    #[inline(always)]
    fn write(&mut self, increment: impl Fn(usize, Star<T>) -> T) {
        let n = self.result.len();
        match self.coefficients.map(|row| row.map(|row| &row[..n])) {
            [Some(source), Some(rate), Some(loss)] => self.write_with(
                #[inline(always)]
                |i, star| {
                    let gain = increment(i, star) + source[i];
                    scalar::change(rate[i], Some(loss[i]), gain, star.centre)
                },
            ),
            [Some(source), ..] => self.write_with(
                #[inline(always)]
                |i, star| increment(i, star) + source[i],
            ),
            [None, ..] => self.write_with(increment),
        }
    }

    /// Writes the row; `increment` computes `L` at a node.
    #[inline(always)]
    fn write_with(&mut self, increment: impl Fn(usize, Star<T>) -> T) {
        let Self { stage, result, .. } = self;
        let n = result.len();
        let of_start = &mut self.increment[..n];
        let [north, centre, south] = self.lines.map(|line| &line[..n + 2]);
        if self.is_first {
            for i in 0..n {
                of_start[i] = increment(i, star_at([north, centre, south], i));
                result[i] = stage.m * of_start[i];
            }
            return;
        }
        for i in 0..n {
            let star = star_at([north, centre, south], i);
            let increments = [increment(i, star), of_start[i]];
            result[i] = stage.difference([star.centre, result[i]], increments);
        }
    }
}

/// The values at node `i` of a row and at its four neighbours; the lines begin one node west of the row.
#[inline(always)]
fn star_at<T: Real>([north, centre, south]: [&[T]; 3], i: usize) -> Star<T> {
    Star {
        north: north[i + 1],
        south: south[i + 1],
        west: centre[i],
        east: centre[i + 2],
        centre: centre[i + 1],
    }
}
