//! One diffusion coefficient and equal spacings, with `r` about a quarter: levels scaled by four, in three or five
//! operations. [`super::smooth`] has the proof and the conditions.

use super::equation::Operator;
use super::isotropic::{all_lanes, fold_lanes};
use super::kernel::Additions;
use super::kind::{Kind, Outcome, advance_with};
use super::known::Known;
use super::lanes::Lanes;
use super::level::RowGroup;
use super::lifted::Lifted;
use super::quarter::{Checked, Five, Three};
use super::smooth::{SLACK, in_range_for, lasting, power_of_four, range};
use super::sweeps::{Once, Sweeps, Twice};
use super::task::TileTask;
use super::update::{ArrayRows, one};
use crate::real::Real;

/// What a tile's field is known to be.
#[derive(Clone, Copy, PartialEq)]
enum Knowledge {
    /// Smooth all through the pass, and perhaps in the range of it.
    Smooth(Known),
    /// Smooth as far as it was checked.
    SmoothSoFar,
    /// Not smooth.
    Rough,
}

/// An isotropic tile whose levels are scaled by four.
pub(super) struct Scaled<V: Lanes> {
    four: V,
    four_r: V,
    limit: V,
    /// What was found of the nodes that were checked before their first step.
    excess: V,
    one: V,
    additions: Additions,
    is_a_quarter: bool,
    steps: usize,
    /// 4^-h and 4^-(T-h).
    scales: [V; 2],
    /// The largest magnitude, the least but zero, and the signs of the values so far.
    largest: V,
    least: V,
    signs: V,
    /// NaN in lanes where a value was infinite or NaN.
    poison: V,
    range: [f64; 3],
    knowledge: Knowledge,
    rows: [u64; 3],
}

impl<V: Lanes> Scaled<V> {
    /// 4^exponent
    #[inline(always)]
    fn scale(exponent: i32) -> V {
        let scale = power_of_four(exponent);
        // SAFETY: a value of this type exists.
        unsafe { V::splat(scale) }
    }

    /// An update that checks, and has found nothing yet.
    #[inline(always)]
    fn checked(&self) -> Checked<V> {
        let Self {
            four,
            four_r,
            limit,
            ..
        } = *self;
        Checked {
            four,
            four_r,
            limit,
            excess: limit.subtract(limit),
        }
    }
}

impl<V: Lanes> Kind<V> for Scaled<V> {
    const ARRAYS: [bool; 2] = [false, false];
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
                excess: zero,
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
                knowledge: match task.known {
                    known if known.smooth_for >= task.steps as u64 => Knowledge::Smooth(known),
                    _ => Knowledge::SmoothSoFar,
                },
                rows: [0; 3],
            }
        }
    }

    #[inline(always)]
    fn takes_notes(&self) -> bool {
        match self.knowledge {
            Knowledge::Smooth(known) => known.in_range_for < self.steps as u64,
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
        if self.knowledge == Knowledge::SmoothSoFar
            && !(all_lanes(self.signs, |lane| !lane.is_sign_negative())
                && all_lanes(self.excess, |lane| lane == V::Element::default()))
        {
            self.knowledge = Knowledge::Rough;
        }
        let is_rough = self.knowledge == Knowledge::Rough;
        let [three, most, five] = self.range;
        let least = if is_rough { five } else { three };
        (self.is_a_quarter || !is_rough)
            && all_lanes(self.largest, |lane| lane.to_f64() <= most)
            && all_lanes(self.least, |lane| lane.to_f64() >= least)
            && all_lanes(self.poison, |lane| lane == V::Element::default())
    }

    #[inline(always)]
    unsafe fn advance<const R: usize>(
        &mut self,
        level: usize,
        group: &RowGroup<V::Element, R>,
        layout: &Lifted<V>,
        arrays: &ArrayRows<V::Element, R>,
    ) {
        let Self { four, one, .. } = *self;
        macro_rules! advance {
            ($update:expr) => {
                advance_with($update, group, layout, arrays)
            };
        }
        if self.wants_check() && level == 1 {
            // SAFETY: passed on.
            let checked = unsafe { advance!(self.checked()) };
            if !all_lanes(checked.excess, |lane| lane == V::Element::default()) {
                self.knowledge = Knowledge::Rough;
            }
            self.rows[2] += R as u64;
            return;
        }
        // SAFETY: passed on.
        unsafe {
            match (self.knowledge, self.additions) {
                (Knowledge::Rough, Additions::Plain) => {
                    advance!(Five::<V, 0> { four, one });
                }
                (Knowledge::Rough, _) => {
                    advance!(Five::<V, 1> { four, one });
                }
                (_, Additions::Plain) => {
                    advance!(Three::<V, 0> { one });
                }
                (_, Additions::Fused6) => {
                    advance!(Three::<V, 1> { one });
                }
                (_, _) => {
                    advance!(Three::<V, 2> { one });
                }
            }
        }
        self.rows[usize::from(self.knowledge == Knowledge::Rough)] += R as u64;
    }

    #[inline(always)]
    fn may_sweep(&self, level: usize) -> bool {
        // The first level may be checked.
        level > 1 || !self.wants_check()
    }

    #[inline(always)]
    unsafe fn sweep<const R: usize>(
        &mut self,
        by_two: bool,
        sweeps: &mut Sweeps<'_, V::Element>,
        layout: &Lifted<V>,
    ) {
        let Self { four, one, .. } = *self;
        let is_rough = self.knowledge == Knowledge::Rough;
        macro_rules! three {
            ($fused:literal) => {
                sweeps.make::<V, R>(Once(Three::<V, $fused> { one }), layout)
            };
            ($first:literal, $second:literal) => {{
                let twice = Twice(Three::<V, $first> { one }, Three::<V, $second> { one });
                sweeps.make::<V, R>(twice, layout);
            }};
        }
        macro_rules! five {
            ($fused:literal) => {
                sweeps.make::<V, R>(Once(Five::<V, $fused> { four, one }), layout)
            };
            ($first:literal, $second:literal) => {{
                let first = Five::<V, $first> { four, one };
                let second = Five::<V, $second> { four, one };
                sweeps.make::<V, R>(Twice(first, second), layout);
            }};
        }
        // SAFETY: passed on.
        unsafe {
            match (is_rough, by_two, self.additions) {
                (true, false, Additions::Plain) => five!(0),
                (true, false, _) => five!(1),
                (true, true, Additions::Plain) => five!(0, 0),
                (true, true, _) => five!(0, 2),
                (false, false, Additions::Plain) => three!(0),
                (false, false, Additions::Fused6) => three!(1),
                (false, false, _) => three!(2),
                (false, true, Additions::Plain) => three!(0, 0),
                (false, true, Additions::Fused6) => three!(1, 1),
                (false, true, Additions::Fused12) => three!(0, 4),
                (false, true, Additions::Fused15) => three!(1, 4),
            }
        }
        let levels = if by_two { 2 } else { 1 };
        self.rows[usize::from(is_rough)] += (levels * R * sweeps.count) as u64;
    }

    #[inline(always)]
    fn outcome(&self) -> Outcome {
        let known = match self.knowledge {
            // Where it is rough, magnitudes may shrink faster.
            Knowledge::Rough => Known::NOTHING,
            Knowledge::Smooth(known) if !self.takes_notes() => known,
            Knowledge::Smooth(known) => Known {
                in_range_for: self.in_range_for(),
                ..known
            },
            Knowledge::SmoothSoFar => Known {
                smooth_for: lasting::<V::Element>(),
                in_range_for: self.in_range_for(),
            },
        };
        Outcome {
            known: known.after(self.steps),
            rows: self.rows,
            is_scaled: true,
        }
    }
}

impl<V: Lanes> Scaled<V> {
    /// For how many levels the field is in range if it is smooth, from what was noted.
    fn in_range_for(&self) -> u64 {
        let largest = fold_lanes(self.largest, f64::max);
        let least = fold_lanes(self.least, f64::min);
        in_range_for::<V::Element>(least, largest)
    }

    /// Whether the first level has to be checked.
    #[inline(always)]
    fn wants_check(&self) -> bool {
        self.knowledge == Knowledge::SmoothSoFar
    }
}
