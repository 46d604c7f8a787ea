//! The definition of the step.

use super::Real;

/// One step of the interior of a row: `p' = p + r*lapl`, in exactly this order of operations.
///
/// Source: the course's slides; the order is that of its NumPy program.
pub fn step_row<T: Real>(r: T, south: &[T], p: &[T], north: &[T], new: &mut [T]) {
    let four = T::from_f64(4.0);
    for i in 1..p.len() - 1 {
        let lapl = (((north[i] + south[i]) + p[i + 1]) + p[i - 1]) - four * p[i];
        new[i] = p[i] + r * lapl;
    }
}
