//! [`StageRow`]: one row of a stage.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Stage;
use crate::equation::{Equation, Operator};
use crate::real::Real;
use crate::scalar::{self, Star};

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

    #[inline(always)]
    fn write(self, diffusion: impl Increment<T>) {
        match self.source {
            None => self.write_with(diffusion),
            Some(source) => {
                let source = &source[..self.lines[1].len()];
                self.write_with(WithSource { diffusion, source });
            }
        }
    }

    #[inline(always)]
    fn write_with(self, increment: impl Increment<T>) {
        let Self {
            lines,
            ends,
            columns,
            stage,
            ..
        } = self;
        let n = lines[1].len();
        let lines = lines.map(|line| &line[..n]);
        let (start, to, result) = (
            &self.start[..n],
            &mut self.increment[..n],
            &mut self.result[..n],
        );
        let centre = lines[1];
        // The nodes at both ends of the row, and those between them.
        let last = (n > 1).then_some(n - 1);
        let outer = [Some(0), last].map(|end| end.filter(|end| columns.contains(end)));
        let inner = columns.start.max(1)..columns.end.min(n - 1);
        if self.is_first {
            for i in inner {
                to[i] = increment.at(i, star(lines, i));
            }
            for i in outer.into_iter().flatten() {
                to[i] = increment.at(i, star_at_end(lines, ends, i));
            }
            for i in columns {
                result[i] = start[i] + stage.m * to[i];
            }
            return;
        }
        for i in inner {
            let increments = [increment.at(i, star(lines, i)), to[i]];
            result[i] = stage.value([centre[i], result[i], start[i]], increments);
        }
        for i in outer.into_iter().flatten() {
            let increments = [increment.at(i, star_at_end(lines, ends, i)), to[i]];
            result[i] = stage.value([centre[i], result[i], start[i]], increments);
        }
    }
}

/// A node that is not at an end of its row, and its neighbours.
#[inline(always)]
fn star<T: Real>([north, centre, south]: [&[T]; 3], i: usize) -> Star<T> {
    Star {
        north: north[i],
        south: south[i],
        west: centre[i - 1],
        east: centre[i + 1],
        centre: centre[i],
    }
}

/// A node at one end of its row, or at both.
#[inline(always)]
fn star_at_end<T: Real>(
    [north, centre, south]: [&[T]; 3],
    [west, east]: [T; 2],
    i: usize,
) -> Star<T> {
    Star {
        north: north[i],
        south: south[i],
        west: if i == 0 { west } else { centre[i - 1] },
        east: centre.get(i + 1).copied().unwrap_or(east),
        centre: centre[i],
    }
}

/// What `L` is at node `i` of a row. A trait, not a closure, as it has to be inlined into the loops that are
/// compiled for wide registers.
trait Increment<T>: Copy {
    fn at(self, i: usize, star: Star<T>) -> T;
}

#[derive(Clone, Copy)]
struct Isotropic<T>(T);

impl<T: Real> Increment<T> for Isotropic<T> {
    #[inline(always)]
    fn at(self, _: usize, star: Star<T>) -> T {
        scalar::isotropic(self.0, star)
    }
}

#[derive(Clone, Copy)]
struct Anisotropic<T>(T, T);

impl<T: Real> Increment<T> for Anisotropic<T> {
    #[inline(always)]
    fn at(self, _: usize, star: Star<T>) -> T {
        scalar::anisotropic(self.0, self.1, star)
    }
}

/// The faces around each node.
#[derive(Clone, Copy)]
struct Variable<'a, T> {
    west: &'a [T],
    east: &'a [T],
    north: &'a [T],
    south: &'a [T],
}

impl<T: Real> Increment<T> for Variable<'_, T> {
    #[inline(always)]
    fn at(self, i: usize, star: Star<T>) -> T {
        let faces = Star {
            north: self.north[i],
            south: self.south[i],
            west: self.west[i],
            east: self.east[i],
            centre: T::default(),
        };
        scalar::variable(faces, star)
    }
}

#[derive(Clone, Copy)]
struct WithSource<'a, T, D> {
    diffusion: D,
    source: &'a [T],
}

impl<T: Real, D: Increment<T>> Increment<T> for WithSource<'_, T, D> {
    #[inline(always)]
    fn at(self, i: usize, star: Star<T>) -> T {
        self.diffusion.at(i, star) + self.source[i]
    }
}

impl<T: Real> WithSimd for StageRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n = self.lines[1].len();
        match self.diffusion {
            Diffusion::Isotropic { r } => self.write(Isotropic(r)),
            Diffusion::Anisotropic { rx, ry } => self.write(Anisotropic(rx, ry)),
            Diffusion::Variable { x, north, south } => self.write(Variable {
                west: &x[..n],
                east: &x[1..=n],
                north: &north[..n],
                south: &south[..n],
            }),
        }
    }
}
