//! One coefficient for each direction, or for each face, with or without a source, and with or without rate and decay.

use super::equation::Operator;
use super::kind::{Advance, Kind};
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ArrayRows, Update};

/// One coefficient for each direction.
#[derive(Clone, Copy)]
pub(super) struct Anisotropic<V, const REACTS: bool, const SCALES: bool> {
    rx: V,
    ry: V,
}

impl<V: Lanes, const REACTS: bool, const SCALES: bool> Update<V>
    for Anisotropic<V, REACTS, SCALES>
{
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
        unsafe { finish::<V, R, REACTS, SCALES>(rows, (j, at), centre, x.add(y)) }
    }
}

impl<V: Lanes, const REACTS: bool, const SCALES: bool> Kind<V> for Anisotropic<V, REACTS, SCALES> {
    const ARRAYS: [bool; 3] = [false, true, REACTS];

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
pub(super) struct Variable<const REACTS: bool, const SCALES: bool>;

impl<V: Lanes, const REACTS: bool, const SCALES: bool> Update<V> for Variable<REACTS, SCALES> {
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
            finish::<V, R, REACTS, SCALES>(rows, (j, at), centre, x.add(y))
        }
    }
}

impl<V: Lanes, const REACTS: bool, const SCALES: bool> Kind<V> for Variable<REACTS, SCALES> {
    const ARRAYS: [bool; 3] = [true, true, REACTS];

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

/// `centre + (increment + s)`, where `s` is the source, times a factor if it `SCALES`; or with rate and decay `centre + rate*((increment + s) - decay*centre)`
///
/// # Safety
/// As [`Update::next`].
#[inline(always)]
unsafe fn finish<V: Lanes, const R: usize, const REACTS: bool, const SCALES: bool>(
    rows: &ArrayRows<V::Element, R>,
    (j, at): (usize, usize),
    centre: V,
    increment: V,
) -> V {
    // SAFETY: the caller's promise.
    let load = |rows: &[*const V::Element; R]| unsafe { V::load(rows[j].add(at)) };
    let mut source = load(&rows.source);
    if SCALES {
        // SAFETY: the caller's promise.
        source = unsafe { V::splat(rows.factor) }.multiply(source);
    }
    let change = increment.add(source);
    if !REACTS {
        return centre.add(change);
    }
    let left = change.subtract(load(&rows.decay).multiply(centre));
    centre.add(load(&rows.rate).multiply(left))
}
