//! Floored division, as Python and NumPy define it, and powers.

/// `(a // b, a % b)` of floats: the quotient rounded towards minus infinity, and a remainder with the sign of `b`. Both
/// are computed from the exact quotient, not from the rounded `a / b`: `1 // 0.1` is 9.
///
/// For `b = 0` the quotient is `a / b` and the remainder NaN, as in NumPy; Python raises an error.
///
/// Source: CPython, `float_divmod` in Objects/floatobject.c; NumPy, `npy_divmod`.
pub(super) fn divide_floored(a: f64, b: f64) -> (f64, f64) {
    // Exact: Rust's `%` is C's fmod.
    let remainder = a % b;
    if b == 0.0 {
        return (a / b, remainder);
    }
    // Within rounding of a whole number.
    let quotient = (a - remainder) / b;
    let (quotient, remainder) = if remainder == 0.0 {
        (quotient, 0.0_f64.copysign(b))
    } else if (b < 0.0) == (remainder < 0.0) {
        (quotient, remainder)
    } else {
        (quotient - 1.0, remainder + b)
    };
    let floor = quotient.floor();
    let quotient = if quotient == 0.0 {
        0.0_f64.copysign(a / b)
    } else if quotient - floor > 0.5 {
        floor + 1.0
    } else {
        floor
    };
    (quotient, remainder)
}

/// Eight units in the last place of a value: two results of that size that differ by less may differ only by rounding.
pub(super) fn roundings(value: f64) -> f64 {
    8.0 * f64::EPSILON * value
}

/// The quotient and the remainder of [`divide_floored`]. If `a` lies below a multiple of `b` by less than its
/// [`roundings`] or its error, it counts as that multiple.
pub(super) fn divide_rounded(a: f64, b: f64, error: f64) -> (f64, f64) {
    let (quotient, remainder) = divide_floored(a, b);
    let bound = roundings(a.abs()).max(error.abs());
    if (b - remainder).abs() < bound && b.abs() > 2.0 * bound {
        (quotient + 1.0, 0.0_f64.copysign(b))
    } else {
        (quotient, remainder)
    }
}

/// The quotient `a // b` of integers, rounded towards minus infinity; `None` for `b = 0`.
pub(super) fn floor_quotient(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    let rounded_up = a % b != 0 && (a < 0) != (b < 0);
    Some(quotient - i128::from(rounded_up))
}

/// The remainder `a % b` of integers, with the sign of `b`; `None` for `b = 0`.
pub(super) fn floor_remainder(a: i128, b: i128) -> Option<i128> {
    let remainder = a.checked_rem(b)?;
    let other_sign = remainder != 0 && (remainder < 0) != (b < 0);
    Some(remainder + if other_sign { b } else { 0 })
}

/// The power `a ** b` of floats. The square is `a * a`, which is correctly rounded.
pub(super) fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { libm::pow(a, b) }
}

/// The power `a ** b` of integers; `None` for negative exponents and results beyond 127 bits.
pub(super) fn integer_power(a: i128, b: i128) -> Option<i128> {
    match (a, u32::try_from(b)) {
        (_, Ok(exponent)) => a.checked_pow(exponent),
        (0 | 1, Err(_)) if b > 0 => Some(a),
        (-1, Err(_)) if b > 0 => Some(if b % 2 == 0 { 1 } else { -1 }),
        _ => None,
    }
}

/// The sign of a number as defined by NumPy: 0 for both zeros, NaN for NaN.
pub(super) fn sign(a: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floor_division_of_floats_is_that_of_python() {
        const INF: f64 = f64::INFINITY;
        for (a, b, quotient, remainder) in [
            (5.0, 0.1, 49.0, 0.099_999_999_999_999_73),
            (7.0, 0.1, 69.0, 0.099_999_999_999_999_62),
            (1.0, 0.1, 9.0, 0.099_999_999_999_999_95),
            (-7.0, 2.0, -4.0, 1.0),
            (7.0, -2.0, -4.0, -1.0),
            (3.0, INF, 0.0, 3.0),
            (-1.0, INF, -1.0, INF),
            (0.0, -3.0, -0.0, -0.0),
            (-0.0, 3.0, -0.0, 0.0),
            (1.0, 0.0, INF, f64::NAN),
            (-1.0, 0.0, -INF, f64::NAN),
            (INF, 3.0, f64::NAN, f64::NAN),
        ] {
            let found = divide_floored(a, b);
            let same = |x: f64, y: f64| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
            assert!(
                same(found.0, quotient) && same(found.1, remainder),
                "{a} by {b}: {found:?}"
            );
        }
    }

    #[test]
    fn floor_division_of_integers_is_that_of_python() {
        for (a, b, quotient, remainder) in [
            (7, 2, 3, 1),
            (-7, 2, -4, 1),
            (7, -2, -4, -1),
            (-7, -2, 3, -1),
            (-6, 3, -2, 0),
            (i128::MIN, 1, i128::MIN, 0),
        ] {
            assert_eq!(floor_quotient(a, b), Some(quotient), "{a} // {b}");
            assert_eq!(floor_remainder(a, b), Some(remainder), "{a} % {b}");
        }
        assert_eq!((floor_quotient(1, 0), floor_remainder(1, 0)), (None, None));
        assert_eq!(floor_quotient(i128::MIN, -1), None);
    }

    #[test]
    fn powers_of_integers_are_exact_or_refused() {
        for (a, b, power) in [
            (2, 63, Some(1 << 63)),
            (2, 127, None),
            (-1, 1 << 40, Some(1)),
            (-1, (1 << 40) + 1, Some(-1)),
            (0, 1 << 40, Some(0)),
            (0, 0, Some(1)),
            (2, -1, None),
        ] {
            assert_eq!(integer_power(a, b), power, "{a} ** {b}");
        }
    }
}
