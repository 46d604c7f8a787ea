//! Kernels for one diffusion coefficient and equal spacings, with `r` about a quarter: levels scaled by four, in three
//! or five operations. [`super::smooth`] has the proof and the conditions.

use super::equation::Operator;
use super::isotropic::{all_lanes, fold_lanes};
use super::kernel::Additions;
use super::kind::{Advance, EquationKind};
use super::knowledge::{Smoothness, TileOutcome};
use super::lanes::Lanes;
use super::scalar::Star;
use super::smooth::{SLACK, in_range_for, lasting, power_of_four, range};
use super::task::TileTask;
use super::update::{ArrayRows, Update, one, sum};
use crate::real::Real;

/// The known properties of a tile's field in a pass.
#[derive(Clone, Copy, PartialEq)]
enum Condition {
    /// The field is smooth during the whole pass, with the given smoothness.
    Smooth(Smoothness),
    /// The field has been smooth in all rows checked so far.
    SmoothSoFar,
    /// The field is not smooth.
    Rough,
}

/// An isotropic tile whose levels are scaled by four.
pub(super) struct Scaled<V: Lanes> {
    four: V,
    four_r: V,
    limit: V,
    one: V,
    additions: Additions,
    is_a_quarter: bool,
    steps: usize,
    /// The scales of the first and the last level, 4^-h and 4^-(T-h).
    scales: [V; 2],
    /// The largest magnitude, the least one except zero, and the signs of the values so far.
    largest: V,
    least: V,
    signs: V,
    /// A register with NaN in lanes where a value was infinite or NaN.
    poison: V,
    range: [f64; 3],
    condition: Condition,
    rows: [u64; 3],
}

impl<V: Lanes> Scaled<V> {
    /// The scale 4^exponent.
    #[inline(always)]
    fn scale(exponent: i32) -> V {
        let scale = power_of_four(exponent);
        // SAFETY: a value of this type exists.
        unsafe { V::splat(scale) }
    }

    /// An update that checks smoothness, before it has seen any values.
    #[inline(always)]
    fn checked(&self) -> SmoothCheck<V> {
        let Self {
            four,
            four_r,
            limit,
            ..
        } = *self;
        SmoothCheck {
            four,
            four_r,
            limit,
            excess: limit.subtract(limit),
        }
    }
}

impl<V: Lanes> EquationKind<V> for Scaled<V> {
    const MAY_ADVANCE_TWICE: bool = true;

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Isotropic { r } = task.equation.operator else {
            unreachable!("the equation is isotropic")
        };
        let (steps, half) = (task.steps as i32, task.steps as i32 / 2);
        // SAFETY: passed on.
        unsafe {
            let zero = V::splat(V::Element::default());
            Self {
                four: V::splat(V::Element::FOUR),
                four_r: V::splat(V::Element::FOUR * r),
                limit: V::splat(V::Element::from_f64(0.5 - SLACK)),
                one: one(),
                additions: task.additions,
                is_a_quarter: r.to_f64() == 0.25,
                steps: task.steps,
                scales: [Self::scale(-half), Self::scale(half - steps)],
                largest: zero,
                least: V::splat(V::Element::MAX),
                signs: zero,
                poison: zero,
                range: range::<V::Element>(task.steps),
                condition: match task.smoothness {
                    known if known.smooth_for >= task.steps as u64 => Condition::Smooth(known),
                    _ => Condition::SmoothSoFar,
                },
                rows: [0; 3],
            }
        }
    }

    #[inline(always)]
    fn takes_notes(&self) -> bool {
        match self.condition {
            Condition::Smooth(known) => known.in_range_for < self.steps as u64,
            _ => true,
        }
    }

    #[inline(always)]
    fn note(&mut self, register: V) {
        let magnitude = register.magnitude();
        self.largest = magnitude.max(self.largest);
        self.least = magnitude.replace_zeros(self.least).min(self.least);
        self.signs = register.signs(self.signs);
        let zero = register.subtract(register);
        self.poison = zero.add(self.poison);
    }

    #[inline(always)]
    fn lifted(&self, register: V) -> V {
        register.multiply(self.scales[0])
    }

    #[inline(always)]
    fn lowered(&self, register: V) -> V {
        register.multiply(self.scales[1])
    }

    #[inline(always)]
    fn held_factor(&self, level: usize) -> Option<V> {
        Some(Self::scale(level as i32 - self.steps as i32 / 2))
    }

    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        if !self.takes_notes() {
            return true;
        }
        if self.condition == Condition::SmoothSoFar
            && !all_lanes(self.signs, |lane| !lane.is_sign_negative())
        {
            self.condition = Condition::Rough;
        }
        let is_rough = self.condition == Condition::Rough;
        let [least_of_three, upper_bound, least_of_five] = self.range;
        let lower_bound = if is_rough {
            least_of_five
        } else {
            least_of_three
        };
        (self.is_a_quarter || !is_rough)
            && all_lanes(self.largest, |lane| lane.to_f64() <= upper_bound)
            && all_lanes(self.least, |lane| lane.to_f64() >= lower_bound)
            && all_lanes(self.poison, |lane| lane == V::Element::default())
    }

    #[inline(always)]
    fn is_checked(&self, level: usize) -> bool {
        level == 1 && self.condition == Condition::SmoothSoFar
    }

    #[inline(always)]
    unsafe fn advance(&mut self, level: usize, rows: &mut impl Advance<V>) {
        let Self { four, one, .. } = *self;
        if self.is_checked(level) {
            // SAFETY: passed on.
            let checked = unsafe { rows.by_one(self.checked()) };
            if !all_lanes(checked.excess, |lane| lane == V::Element::default()) {
                self.condition = Condition::Rough;
            }
            self.rows[2] += rows.count();
            return;
        }
        let is_rough = self.condition == Condition::Rough;
        let is_fused = V::FUSED > 0 && self.additions == Additions::Fused;
        self.rows[usize::from(is_rough)] += rows.count();
        // In a sweep of two levels, the second level has all additions that are fused.
        // SAFETY: passed on.
        unsafe {
            if V::TWO_LEVELS && rows.is_by_two() {
                match (is_rough, is_fused) {
                    (true, true) => {
                        rows.by_two(Five::<V, 0> { four, one }, Five::<V, 1> { four, one });
                    }
                    (true, false) => {
                        rows.by_two(Five::<V, 0> { four, one }, Five::<V, 0> { four, one });
                    }
                    (false, true) => rows.by_two(Three::<V, 0> { one }, Three::<V, 2> { one }),
                    (false, false) => rows.by_two(Three::<V, 0> { one }, Three::<V, 0> { one }),
                }
                return;
            }
            if is_rough {
                match is_fused {
                    true => _ = rows.by_one(Five::<V, 1> { four, one }),
                    false => _ = rows.by_one(Five::<V, 0> { four, one }),
                }
            } else {
                match is_fused {
                    true => _ = rows.by_one(Three::<V, 1> { one }),
                    false => _ = rows.by_one(Three::<V, 0> { one }),
                }
            }
        }
    }

    #[inline(always)]
    fn outcome(&self) -> TileOutcome {
        let smoothness = match self.condition {
            // Magnitudes may shrink faster where the field is rough.
            Condition::Rough => Smoothness::NONE,
            Condition::Smooth(known) if !self.takes_notes() => known,
            Condition::Smooth(known) => Smoothness {
                in_range_for: self.in_range_for(),
                ..known
            },
            Condition::SmoothSoFar => Smoothness {
                smooth_for: lasting::<V::Element>(),
                in_range_for: self.in_range_for(),
            },
        };
        TileOutcome {
            smoothness: smoothness.after(self.steps),
            rows: self.rows,
            is_scaled: true,
        }
    }
}

impl<V: Lanes> Scaled<V> {
    /// The number of levels for which the field is in range if it is smooth, from the noted magnitudes.
    fn in_range_for(&self) -> u64 {
        let largest = fold_lanes(self.largest, f64::max);
        let smallest = fold_lanes(self.least, f64::min);
        in_range_for::<V::Element>(smallest, largest)
    }
}

/// The update for smooth fields: a sum of four neighbours; `FUSED` is as in [`sum`].
#[derive(Clone, Copy)]
struct Three<V, const FUSED: usize> {
    one: V,
}

impl<V: Lanes, const FUSED: usize> Update<V> for Three<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
        _: V,
    ) -> V {
        sum::<V, FUSED>(&star, self.one, j)
    }

    #[inline(always)]
    fn held(&self, present: V) -> V {
        four_times(present)
    }
}

/// The update for any field in the range with `r = 1/4`; `FUSED` is as in [`sum`].
#[derive(Clone, Copy)]
struct Five<V, const FUSED: usize> {
    four: V,
    one: V,
}

impl<V: Lanes, const FUSED: usize> Update<V> for Five<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
        _: V,
    ) -> V {
        let lapl = sum::<V, FUSED>(&star, self.one, j).sub_product(self.four, star.centre);
        lapl.add_product(self.four, star.centre)
    }

    #[inline(always)]
    fn held(&self, present: V) -> V {
        four_times(present)
    }
}

/// The update for a checked level: six operations, and the largest excess of `|lapl|` over the bound for smooth fields.
#[derive(Clone, Copy)]
struct SmoothCheck<V> {
    four: V,
    four_r: V,
    limit: V,
    excess: V,
}

impl<V: Lanes> Update<V> for SmoothCheck<V> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        _: (usize, usize),
        star: Star<V>,
        _: V,
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
    let double = register.add(register);
    double.add(double)
}
