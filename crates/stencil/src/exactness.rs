//! Conditions under which fused instructions give the bits of the definition.

use crate::real::Real;

/// The magnitude up to which a state can start so that nothing in its next
/// `steps` steps overflows, neither `4 p` nor the sum of four neighbours; negative
/// if there is none.
///
/// A step multiplies the largest magnitude by at most `|1 - 4r| + 4|r|`. The
/// factor `1 + 2⁻¹⁰` a step is more than rounding can add.
pub(super) fn magnitude_bound<T: Real>(r: T, steps: usize) -> f64 {
    let r = r.to_f64();
    let growth = ((1.0 - 4.0 * r).abs() + 4.0 * r.abs()) * (1.0 + 1.0 / 1024.0);
    let bound = T::MAX.to_f64() / 16.0 / growth.powi(steps as i32);
    if bound >= 1.0 { bound } else { -1.0 }
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
