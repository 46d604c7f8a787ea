//! The steps where `r` is a quarter, of levels that are stored four times larger from one to the next. [`super::smooth`]
//! has the conditions.

use super::lanes::Lanes;
use super::scalar::Star;
use super::update::{ArrayRows, Update, sum};

/// A sum of four neighbours; `FUSED` is that of [`sum`].
#[derive(Clone, Copy)]
pub(super) struct Three<V, const FUSED: usize> {
    pub one: V,
}

impl<V: Lanes, const FUSED: usize> Update<V> for Three<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
    ) -> V {
        sum::<V, FUSED>(&star, self.one, j)
    }

    #[inline(always)]
    fn held(&self, present: V) -> V {
        four_times(present)
    }
}

/// Any field in the range, `r = 1/4`; `FUSED` is that of [`sum`].
#[derive(Clone, Copy)]
pub(super) struct Five<V, const FUSED: usize> {
    pub four: V,
    pub one: V,
}

impl<V: Lanes, const FUSED: usize> Update<V> for Five<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
    ) -> V {
        let lapl = sum::<V, FUSED>(&star, self.one, j).sub_product(self.four, star.centre);
        lapl.add_product(self.four, star.centre)
    }

    #[inline(always)]
    fn held(&self, present: V) -> V {
        four_times(present)
    }
}

/// A level that is checked: six operations, and the largest excess of `|lapl|` over what is smooth.
#[derive(Clone, Copy)]
pub(super) struct Checked<V> {
    pub four: V,
    pub four_r: V,
    pub limit: V,
    pub excess: V,
}

impl<V: Lanes> Update<V> for Checked<V> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        _: (usize, usize),
        star: Star<V>,
    ) -> V {
        let sum = star.south.add(star.north).add(star.east).add(star.west);
        let lapl = sum.sub_product(self.four, star.centre);
        let excess = lapl.magnitude().sub_product(self.limit, star.centre);
        self.excess = excess.max(self.excess);
        let increment = self.four_r.multiply(lapl);
        increment.add_product(self.four, star.centre)
    }

    #[inline(always)]
    fn held(&self, present: V) -> V {
        four_times(present)
    }

    #[inline(always)]
    fn forget(&mut self, before: Self, outside: V::Mask) {
        self.excess = self.excess.select(outside, before.excess);
    }
}

#[inline(always)]
fn four_times<V: Lanes>(register: V) -> V {
    let twice = register.add(register);
    twice.add(twice)
}
