//! One diffusion coefficient and equal spacings, for any `r` and any field: six operations.

use std::hint::black_box;

use super::equation::Operator;
use super::kind::{Kind, advance_with};
use super::lanes::{Lanes, MAX_LANES};
use super::level::RowGroup;
use super::lifted::Lifted;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ArrayRows, Update};
use crate::real::Real;

/// The six operations. `FUSED` promises that `4 p` does not overflow, which makes the fused form of
/// `sum - 4 p` exact.
#[derive(Clone, Copy)]
struct Six<V, const FUSED: bool> {
    r: V,
    four: V,
    one: V,
}

impl<V: Lanes, const FUSED: bool> Update<V> for Six<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        _: (usize, usize),
        star: Star<V>,
    ) -> V {
        let Star {
            north,
            south,
            west,
            east,
            centre,
        } = star;
        let sum = south.add(north).add(east).add_fused(self.one, west);
        let lapl = if FUSED {
            sum.sub_product(self.four, centre)
        } else {
            sum.subtract(self.four.multiply(centre))
        };
        centre.add(self.r.multiply(lapl))
    }
}

/// An isotropic tile: fused until a source value makes an overflow possible.
pub(super) struct Isotropic<V> {
    r: V,
    four: V,
    one: V,
    magnitude: V,
    magnitude_bound: f64,
    is_fused: bool,
}

impl<V: Lanes> Kind<V> for Isotropic<V> {
    const ARRAYS: [bool; 2] = [false, false];

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Isotropic { r } = task.equation.operator else {
            unreachable!("the equation is isotropic")
        };
        // The compiler must not know that `one` is 1: it would turn `add_fused` into an addition.
        let one = black_box(V::Element::ONE);
        // SAFETY: passed on.
        unsafe {
            Self {
                r: V::splat(r),
                four: V::splat(V::Element::FOUR),
                one: V::splat(one),
                magnitude: V::splat(V::Element::default()),
                magnitude_bound: task.magnitude_bound,
                is_fused: true,
            }
        }
    }

    #[inline(always)]
    fn note(&mut self, register: V) {
        self.magnitude = register.magnitude().max(self.magnitude);
    }

    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        // Without fusing it always is.
        self.is_fused = self.is_fused
            && all_lanes(self.magnitude, |lane| lane.to_f64() <= self.magnitude_bound);
        true
    }

    #[inline(always)]
    unsafe fn advance<const R: usize>(
        &mut self,
        _level: usize,
        group: &RowGroup<V::Element, R>,
        layout: &Lifted<V>,
        arrays: &ArrayRows<V::Element, R>,
    ) {
        let Self { r, four, one, .. } = *self;
        // SAFETY: passed on.
        unsafe {
            if self.is_fused {
                advance_with(Six::<V, true> { r, four, one }, group, layout, arrays);
            } else {
                advance_with(Six::<V, false> { r, four, one }, group, layout, arrays);
            }
        }
    }
}

/// Whether something holds for every lane.
#[inline(always)]
pub(super) fn all_lanes<V: Lanes>(register: V, holds: impl Fn(V::Element) -> bool) -> bool {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes[..V::COUNT].iter().all(|&lane| holds(lane))
}
