//! One coefficient for each direction, or for each face, with or without a source, and with or without rate and decay.

use super::equation::Operator;
use super::kind::{Advance, Kind};
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ArrayRows, DECAY, RATE, SOURCE, Update, X, Y, opaque};

/// One coefficient for each direction.
#[derive(Clone, Copy)]
pub(super) struct Anisotropic<V, const RATES: bool, const DECAYS: bool> {
    rx: V,
    ry: V,
}

impl<V: Lanes, const RATES: bool, const DECAYS: bool> Update<V> for Anisotropic<V, RATES, DECAYS> {
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
        unsafe {
            let element = |array| rows.element(array, at);
            finish::<V, R, RATES, DECAYS>(rows, j, element, [centre, x.add(y)])
        }
    }
}

impl<V: Lanes, const RATES: bool, const DECAYS: bool> Kind<V> for Anisotropic<V, RATES, DECAYS> {
    const ARRAYS: [bool; 4] = [false, true, RATES, DECAYS];

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
pub(super) struct Variable<const RATES: bool, const DECAYS: bool>;

impl<V: Lanes, const RATES: bool, const DECAYS: bool> Update<V> for Variable<RATES, DECAYS> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let centre = star.centre;
        // SAFETY: the caller's promise; the face east of a node is west of the next one.
        unsafe {
            let (to_west, to_east): (V, V) =
                (rows.faces(X, (j, at)), rows.faces(X, (j, at + V::COUNT)));
            let (to_north, to_south): (V, V) = (rows.faces(Y, (j, at)), rows.faces(Y, (j + 1, at)));
            let x = to_east
                .multiply(star.east.subtract(centre))
                .subtract(to_west.multiply(centre.subtract(star.west)));
            let y = to_south
                .multiply(star.south.subtract(centre))
                .subtract(to_north.multiply(centre.subtract(star.north)));
            let element = |array| opaque(rows.element(array, at));
            finish::<V, R, RATES, DECAYS>(rows, j, element, [centre, x.add(y)])
        }
    }
}

impl<V: Lanes, const RATES: bool, const DECAYS: bool> Kind<V> for Variable<RATES, DECAYS> {
    const ARRAYS: [bool; 4] = [true, true, RATES, DECAYS];

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

/// `centre + (increment + s)`; with a rate `centre + rate (increment + s)`, and with a decay, too,
/// `centre + rate ((increment + s) - decay centre)`. `element` is the place in the row of an array.
///
/// # Safety
/// As [`Update::next`].
#[inline(always)]
unsafe fn finish<V: Lanes, const R: usize, const RATES: bool, const DECAYS: bool>(
    rows: &ArrayRows<V::Element, R>,
    j: usize,
    element: impl Fn(usize) -> usize,
    [centre, increment]: [V; 2],
) -> V {
    // SAFETY: the caller's promise.
    let load = |array: usize| unsafe { V::load(rows.slots[j].add(element(array))) };
    let mut change = increment.add(load(SOURCE));
    if DECAYS {
        change = change.subtract(load(DECAY).multiply(centre));
    }
    if RATES {
        change = load(RATE).multiply(change);
    }
    centre.add(change)
}
