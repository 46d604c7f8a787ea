//! [`StageRow`]: one row of a stage.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Stage;
use crate::real::Real;
use crate::stencil::equation::{Equation, Operator};
use crate::stencil::scalar::{self, Star};

/// One row of a stage, as named in the module's formula. All rows have the same columns.
pub(super) struct StageRow<'a, T> {
    /// Of `Y(j-1)`, the rows north of this one, itself, and south of it.
    pub lines: [&'a [T]; 3],
    /// The values beyond both ends of this row of `Y(j-1)`.
    pub ends: [T; 2],
    /// The columns to compute.
    pub columns: Range<usize>,
    pub diffusion: Diffusion<'a, T>,
    /// `dt S`, if there is a source.
    pub source: Option<&'a [T]>,
    /// Whether this is the first stage.
    pub is_first: bool,
    pub stage: Stage<T>,
    /// `Y0`
    pub start: &'a [T],
    /// `L(Y0)`, which the first stage writes.
    pub increment: &'a mut [T],
    /// `Y(j-2)`, which `Yj` replaces; the first stage writes only.
    pub result: &'a mut [T],
}

/// What [`Operator`] says of one row.
#[derive(Clone, Copy)]
pub(super) enum Diffusion<'a, T> {
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

impl<'a, T: Real> Diffusion<'a, T> {
    /// For row `j` of a whole field.
    pub fn of(equation: &'a Equation<T>, j: usize) -> Self {
        match &equation.operator {
            Operator::Isotropic { r } => Self::Isotropic { r: *r },
            Operator::Anisotropic { rx, ry } => Self::Anisotropic { rx: *rx, ry: *ry },
            Operator::Variable { x, y } => Self::Variable {
                x: line(x, j),
                north: line(y, j),
                south: line(y, j + 1),
            },
        }
    }
}

/// Row `j` of an array in standard layout.
pub(super) fn line<T>(array: &ndarray::Array2<T>, j: usize) -> &[T] {
    let n = array.ncols();
    &array.as_slice().unwrap_or_default()[j * n..(j + 1) * n]
}

impl<T: Real> StageRow<'_, T> {
    /// Computes the row with the widest registers of this machine.
    pub fn compute(self) {
        Arch::new().dispatch(self);
    }

    /// Writes the nodes, whose increments without the source `increment` gives.
    #[inline(always)]
    fn write(self, increment: impl Fn(usize, Star<T>) -> T) {
        match self.source {
            None => self.write_with(increment),
            Some(source) => {
                let source = &source[..self.lines[1].len()];
                self.write_with(|i, star| increment(i, star) + source[i]);
            }
        }
    }

    #[inline(always)]
    fn write_with(self, increment: impl Fn(usize, Star<T>) -> T) {
        let n = self.lines[1].len();
        let [north, centre, south] = self.lines.map(|line| &line[..n]);
        let star = |i: usize, west: T, east: T| Star {
            north: north[i],
            south: south[i],
            west,
            east,
            centre: centre[i],
        };
        let at_end = |i: usize| {
            let west = if i == 0 { self.ends[0] } else { centre[i - 1] };
            let east = centre.get(i + 1).copied().unwrap_or(self.ends[1]);
            increment(i, star(i, west, east))
        };
        let inside = |i: usize| increment(i, star(i, centre[i - 1], centre[i + 1]));
        let columns = self.columns;
        let inner = columns.start.max(1)..columns.end.min(n - 1);
        let last = (n > 1).then_some(n - 1);
        let outer = [Some(0), last].map(|end| end.filter(|end| columns.contains(end)));
        let (of_start, stage) = (&self.start[..n], self.stage);
        let (to, result) = (&mut self.increment[..n], &mut self.result[..n]);
        if self.is_first {
            set(to, inner, |i, _| inside(i));
            outer.into_iter().flatten().for_each(|i| to[i] = at_end(i));
            set(result, columns, |i, _| of_start[i] + stage.m * to[i]);
            return;
        }
        let value = |i: usize, older: T, increment: T| {
            stage.value([centre[i], older, of_start[i]], [increment, to[i]])
        };
        set(result, inner, |i, older| value(i, older, inside(i)));
        for i in outer.into_iter().flatten() {
            result[i] = value(i, result[i], at_end(i));
        }
    }
}

/// Replaces some values of a row; as a function of its own, which tells the compiler that nothing else
/// reads the row.
#[inline(always)]
fn set<T: Real>(row: &mut [T], columns: Range<usize>, value: impl Fn(usize, T) -> T) {
    for i in columns {
        row[i] = value(i, row[i]);
    }
}

impl<T: Real> WithSimd for StageRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n = self.lines[1].len();
        match self.diffusion {
            Diffusion::Isotropic { r } => self.write(|_, star| scalar::isotropic(r, star)),
            Diffusion::Anisotropic { rx, ry } => {
                self.write(|_, star| scalar::anisotropic(rx, ry, star));
            }
            Diffusion::Variable { x, north, south } => {
                let (west, east) = (&x[..n], &x[1..=n]);
                let (north, south) = (&north[..n], &south[..n]);
                self.write(|i, star| {
                    let faces = Star {
                        north: north[i],
                        south: south[i],
                        west: west[i],
                        east: east[i],
                        centre: T::default(),
                    };
                    scalar::variable(faces, star)
                });
            }
        }
    }
}
