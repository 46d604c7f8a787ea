//! [`StageRow`]: one row of a stage.

use diff2d_sys::vectorised;

use super::StageCoefficients;
use crate::real::Real;
use crate::scalar::{self, Star};

/// Some nodes of one row of a stage, as named in the module's formula.
pub(super) struct StageRow<'a, T> {
    /// Of `d(j-1)`, in the first stage of `Y0`, the rows north of this one, itself, and south of it; with a node more at
    /// either end.
    pub lines: [&'a [T]; 3],
    pub diffusion: RowOperator<'a, T>,
    /// `dt S`, if there is a source; from the second stage on what that changes by, if it does.
    pub source: Option<&'a [T]>,
    /// Rate and decay, if there is either; then there is a source, too.
    pub reaction: Option<[&'a [T]; 2]>,
    /// Whether this is the first stage.
    pub is_first: bool,
    pub stage: StageCoefficients<T>,
    /// `L(Y0)`, which the first stage writes.
    pub increment: &'a mut [T],
    /// `d(j-2)`, which `dj` replaces; the first stage writes only.
    pub result: &'a mut [T],
}

/// What [`Operator`](crate::equation::Operator) says of some nodes of one row.
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
        /// The faces west of the nodes, and the one east of the last.
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
            RowOperator::Isotropic { r } => match self.reaction {
                None => self.write_with(
                    #[inline(always)]
                    |_, star| scalar::isotropic(r, star),
                ),
                Some([rate, _]) => self.write_with(
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

    /// `increment` is `L` of a node, but for its source and its reaction.
    #[inline(always)]
    fn write(&mut self, increment: impl Fn(usize, Star<T>) -> T) {
        let n = self.result.len();
        let Some(source) = self.source.map(|source| &source[..n]) else {
            return self.write_with(increment);
        };
        let Some([rate, decay]) = self.reaction.map(|both| both.map(|row| &row[..n])) else {
            return self.write_with(
                #[inline(always)]
                |i, star| increment(i, star) + source[i],
            );
        };
        self.write_with(
            #[inline(always)]
            |i, star| {
                let change = increment(i, star) + source[i];
                scalar::reacting(rate[i], Some(decay[i]), change, star.centre)
            },
        );
    }

    /// The same with all of `L`.
    #[inline(always)]
    fn write_with(&mut self, increment: impl Fn(usize, Star<T>) -> T) {
        let Self { stage, result, .. } = self;
        let n = result.len();
        let of_start = &mut self.increment[..n];
        let [north, centre, south] = self.lines.map(|line| &line[..n + 2]);
        let star = |i: usize| Star {
            north: north[i + 1],
            south: south[i + 1],
            west: centre[i],
            east: centre[i + 2],
            centre: centre[i + 1],
        };
        if self.is_first {
            for i in 0..n {
                of_start[i] = increment(i, star(i));
                result[i] = stage.m * of_start[i];
            }
            return;
        }
        for i in 0..n {
            let star = star(i);
            let increments = [increment(i, star), of_start[i]];
            result[i] = stage.difference([star.centre, result[i]], increments);
        }
    }
}
