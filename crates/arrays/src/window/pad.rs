//! [`Pad`]: the padding beyond the ends of an axis.

use crate::npy::{Dtype, Kind, Number, Scalar};
use crate::wording::excerpt;
use std::str::FromStr;

/// The padding beyond the ends of an axis, in the terms of `scipy.ndimage`.
///
/// With padding there is a window for every element: its middle, which is its element number `length / 2`, lies on that
/// element. A window of even length thus reaches one element further to the front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pad {
    /// Reflection about the edge: `(d c b a | a b c d | d c b a)`.
    Reflect,
    /// Repetition of the end: `(a a a a | a b c d | d d d d)`.
    Nearest,
    /// Reflection about the last element: `(d c b | a b c d | c b a)`.
    Mirror,
    /// Periodic continuation: `(a b c d | a b c d | a b c d)`.
    Wrap,
    /// A constant: `(v v v v | a b c d | v v v v)`.
    Constant(Scalar),
}

impl Pad {
    const EXPECTED: &'static str =
        "expected reflect, nearest, mirror, wrap or constant:v, such as constant:0";

    /// The constant of this padding, if elements of a dtype cannot represent it.
    pub(super) fn misfit(self, dtype: Dtype) -> Option<Scalar> {
        let Self::Constant(value) = self else {
            return None;
        };
        let bits = 8 * dtype.bytes as u32;
        let range = match dtype.kind {
            Kind::Float => return None,
            Kind::Signed => -(1_i128 << (bits - 1))..1 << (bits - 1),
            Kind::Unsigned => 0..1 << bits,
            Kind::Bool => 0..2,
        };
        match value {
            Scalar::Integer(integer) if range.contains(&integer) => None,
            value => Some(value),
        }
    }

    /// The constant as a number to compute with. Other paddings return a default that is never used.
    pub(super) fn value<T: Number>(self) -> T {
        let mut value = [T::default()];
        match self {
            Self::Constant(Scalar::Float(float)) => {
                T::decode(Dtype::F64, &float.to_le_bytes(), &mut value);
            }
            Self::Constant(Scalar::Integer(integer)) => {
                match (i64::try_from(integer), u64::try_from(integer)) {
                    (Ok(signed), _) => T::decode(Dtype::I64, &signed.to_le_bytes(), &mut value),
                    (_, Ok(unsigned)) => T::decode(Dtype::U64, &unsigned.to_le_bytes(), &mut value),
                    _ => T::decode(Dtype::F64, &(integer as f64).to_le_bytes(), &mut value),
                }
            }
            _ => {}
        }
        value[0]
    }

    /// The element of an axis of `length` elements at a position of the padded axis, counted from the first element of
    /// the axis; `None` for the constant.
    pub(super) fn element(self, place: i128, length: u64) -> Option<u64> {
        let n = i128::from(length);
        let index = match self {
            _ if (0..n).contains(&place) => place,
            Self::Constant(_) => return None,
            Self::Nearest => place.clamp(0, n - 1),
            Self::Wrap => place.rem_euclid(n),
            Self::Reflect => folded(place, 2 * n, 2 * n - 1),
            Self::Mirror => folded(place, 2 * n - 2, 2 * n - 2),
        };
        u64::try_from(index).ok()
    }
}

/// A position within a period whose second half runs backwards, beginning at `last`.
fn folded(place: i128, period: i128, last: i128) -> i128 {
    let place_in_period = place.rem_euclid(period.max(1));
    place_in_period.min(last - place_in_period)
}

impl FromStr for Pad {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None => match text {
                "reflect" => Ok(Self::Reflect),
                "nearest" => Ok(Self::Nearest),
                "mirror" => Ok(Self::Mirror),
                "wrap" => Ok(Self::Wrap),
                _ => Err(Self::EXPECTED.to_owned()),
            },
            Some(("constant", value)) => {
                let integer = value.trim().parse::<i128>().ok();
                let value = match integer {
                    Some(integer) => Some(Scalar::Integer(integer)),
                    None => value.trim().parse().ok().map(Scalar::Float),
                };
                value.map(Self::Constant).ok_or_else(|| {
                    format!("'{}' is no number; {}", excerpt(text, 40), Self::EXPECTED)
                })
            }
            Some(_) => Err(Self::EXPECTED.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    fn seen(pad: Pad, places: Range<i128>, letters: &str) -> String {
        let elements = places.map(|at| pad.element(at, letters.len() as u64));
        elements
            .map(|element| match element {
                Some(element) => letters.as_bytes()[element as usize] as char,
                None => 'v',
            })
            .collect()
    }

    #[test]
    fn beyond_the_ends_lies_what_scipy_has_there() {
        let constant = Pad::Constant(Scalar::Integer(0));
        assert_eq!(seen(constant, -2..6, "abcd"), "vvabcdvv");
        assert_eq!(seen(Pad::Nearest, -2..6, "abcd"), "aaabcddd");
        assert_eq!(seen(Pad::Reflect, -4..8, "abcd"), "dcbaabcddcba");
        assert_eq!(seen(Pad::Mirror, -3..7, "abcd"), "dcbabcdcba");
        assert_eq!(seen(Pad::Wrap, -4..8, "abcd"), "abcdabcdabcd");
        for pad in [Pad::Nearest, Pad::Reflect, Pad::Mirror, Pad::Wrap] {
            assert_eq!(seen(pad, -2..3, "a"), "aaaaa");
        }
        assert_eq!(seen(Pad::Mirror, -9..0, "abc"), "babcbabcb");
        assert_eq!(seen(Pad::Reflect, 3..12, "abc"), "cbaabccba");
    }
}
