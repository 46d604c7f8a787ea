//! One coefficient for each direction, or for each face, with or without a source.

use super::equation::Operator;
use super::kind::{Advance, Kind};
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ArrayRows, Update};

/// One coefficient for each direction.
#[derive(Clone, Copy)]
pub(super) struct Anisotropic<V> {
    rx: V,
    ry: V,
}

impl<V: Lanes> Update<V> for Anisotropic<V> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let (centre, twice) = (star.centre, star.centre.add(star.centre));
        let x = self.rx.multiply(star.east.add(star.west).subtract(twice));
        let y = self.ry.multiply(star.south.add(star.north).subtract(twice));
        // SAFETY: the caller's promise.
        unsafe { finish::<V, R>(rows, (j, at), centre, x.add(y)) }
    }
}

impl<V: Lanes> Kind<V> for Anisotropic<V> {
    const ARRAYS: [bool; 2] = [false, true];

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Anisotropic { rx, ry } = task.equation.operator else {
            unreachable!("the equation is anisotropic")
        };
        // SAFETY: passed on.
        unsafe {
            Self {
                rx: V::splat(rx),
                ry: V::splat(ry),
            }
        }
    }

    #[inline(always)]
    unsafe fn advance(&mut self, _level: usize, rows: &mut impl Advance<V>) {
        // SAFETY: passed on.
        unsafe { rows.by_one(*self) };
    }
}

/// A coefficient for each face.
#[derive(Clone, Copy)]
pub(super) struct Variable;

impl<V: Lanes> Update<V> for Variable {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let centre = star.centre;
        let below = if j + 1 == R {
            rows.south
        } else {
            rows.y[j + 1]
        };
        // SAFETY: the caller's promise; the face east of a node is west of the next one.
        unsafe {
            let (to_west, to_east) = (
                V::load(rows.x[j].add(at)),
                V::load(rows.x[j].add(at + V::COUNT)),
            );
            let (to_north, to_south) = (V::load(rows.y[j].add(at)), V::load(below.add(at)));
            let x = to_east
                .multiply(star.east.subtract(centre))
                .subtract(to_west.multiply(centre.subtract(star.west)));
            let y = to_south
                .multiply(star.south.subtract(centre))
                .subtract(to_north.multiply(centre.subtract(star.north)));
            finish::<V, R>(rows, (j, at), centre, x.add(y))
        }
    }
}

impl<V: Lanes> Kind<V> for Variable {
    const ARRAYS: [bool; 2] = [true, true];

    #[inline(always)]
    unsafe fn new(_: &TileTask<'_, V::Element>) -> Self {
        Self
    }

    #[inline(always)]
    unsafe fn advance(&mut self, _level: usize, rows: &mut impl Advance<V>) {
        // SAFETY: passed on.
        unsafe { rows.by_one(*self) };
    }
}

/// `centre + (increment + s)`
///
/// # Safety
/// As [`Update::next`].
#[inline(always)]
unsafe fn finish<V: Lanes, const R: usize>(
    rows: &ArrayRows<V::Element, R>,
    (j, at): (usize, usize),
    centre: V,
    increment: V,
) -> V {
    // SAFETY: the caller's promise.
    let source = unsafe { V::load(rows.source[j].add(at)) };
    centre.add(increment.add(source))
}
