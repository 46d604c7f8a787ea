//! Kernels for one diffusion coefficient and equal spacings, for any `r` and any field, with six operations.

use super::equation::Operator;
use super::kernel::Additions;
use super::kind::{Advance, EquationKind};
use super::lanes::{Lanes, MAX_LANES};
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ArrayRows, Update, one, sum};
use crate::real::Real;

/// The update with six operations. `BOUNDED` promises that `4 p` does not overflow, which makes the fused form of
/// `sum - 4 p` exact; `FUSED` is as in [`sum`].
#[derive(Clone, Copy)]
struct Six<V, const BOUNDED: bool, const FUSED: usize> {
    r: V,
    four: V,
    one: V,
}

impl<V: Lanes, const BOUNDED: bool, const FUSED: usize> Update<V> for Six<V, BOUNDED, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
        _: V,
    ) -> V {
        let (sum, centre) = (sum::<V, FUSED>(&star, self.one, j), star.centre);
        let lapl = if BOUNDED {
            sum.sub_product(self.four, centre)
        } else {
            sum.subtract(self.four.multiply(centre))
        };
        centre.add(self.r.multiply(lapl))
    }
}

/// An isotropic tile.
pub(super) struct Isotropic<V> {
    r: V,
    four: V,
    one: V,
    additions: Additions,
    magnitude: V,
    magnitude_bound: f64,
    /// Whether `4 p` cannot overflow.
    is_bounded: bool,
}

impl<V: Lanes> EquationKind<V> for Isotropic<V> {
    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Isotropic { r } = task.equation.operator else {
            unreachable!("the equation is isotropic")
        };
        // Walls may add to the state.
        let magnitude_bound = match task.walls.add_nothing() {
            true => magnitude_bound(r, task.steps),
            false => -1.0,
        };
        // SAFETY: passed on.
        unsafe {
            Self {
                r: V::splat(r),
                four: V::splat(V::Element::FOUR),
                one: one(),
                additions: task.additions,
                magnitude: V::splat(V::Element::default()),
                magnitude_bound,
                is_bounded: true,
            }
        }
    }

    #[inline(always)]
    fn takes_notes(&self) -> bool {
        true
    }

    #[inline(always)]
    fn note(&mut self, register: V) {
        self.magnitude = register.magnitude().max(self.magnitude);
    }

    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        // Without the bound it always is.
        self.is_bounded = self.is_bounded
            && all_lanes(self.magnitude, |lane| lane.to_f64() <= self.magnitude_bound);
        true
    }

    #[inline(always)]
    unsafe fn advance(&mut self, _level: usize, rows: &mut impl Advance<V>) {
        let Self { r, four, one, .. } = *self;
        let is_fused = V::FUSED > 0 && self.additions == Additions::Fused;
        // SAFETY: passed on.
        unsafe {
            if !self.is_bounded {
                rows.by_one(Six::<V, false, 0> { r, four, one });
            } else if is_fused {
                rows.by_one(Six::<V, true, 1> { r, four, one });
            } else {
                rows.by_one(Six::<V, true, 0> { r, four, one });
            }
        }
    }
}

/// The largest magnitude of a state for which nothing in its next `steps` steps overflows, neither `4 p` nor the sum of
/// four neighbours; negative if there is none.
///
/// A step multiplies the largest magnitude by at most `|1 - 4r| + 4|r|`. The factor `1 + 2⁻¹⁰` for each step exceeds
/// the effect of rounding.
fn magnitude_bound<T: Real>(r: T, steps: usize) -> f64 {
    let r = r.to_f64();
    let growth = ((1.0 - 4.0 * r).abs() + 4.0 * r.abs()) * (1.0 + 1.0 / 1024.0);
    let bound = T::MAX.to_f64() / 16.0 / growth.powi(steps as i32);
    if bound >= 1.0 { bound } else { -1.0 }
}

/// The fold of all lanes of a register.
#[inline(always)]
pub(super) fn fold_lanes<V: Lanes>(register: V, fold: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    let numbers = lanes[..V::COUNT].iter().map(|lane| lane.to_f64());
    numbers.reduce(fold).unwrap_or_default()
}

/// Whether a condition holds for every lane.
#[inline(always)]
pub(super) fn all_lanes<V: Lanes>(register: V, holds: impl Fn(V::Element) -> bool) -> bool {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes[..V::COUNT].iter().all(|&lane| holds(lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_shrinks_with_every_step_and_with_growth() {
        assert!(magnitude_bound(0.25_f64, 1) < f64::MAX / 16.0);
        assert!(magnitude_bound(0.25_f64, 256) > f64::MAX / 32.0);
        assert!(magnitude_bound(1.0_f64, 2) < f64::MAX / (16.0 * 49.0));
    }

    #[test]
    fn growth_that_overflows_leaves_no_bound() {
        assert_eq!(magnitude_bound(1e30_f64, 64), -1.0);
        assert_eq!(magnitude_bound(f64::NAN, 1), -1.0);
        assert_eq!(magnitude_bound(f32::INFINITY, 1), -1.0);
    }
}
