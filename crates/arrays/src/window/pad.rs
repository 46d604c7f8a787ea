//! [`Pad`]: what windows see beyond the ends of an axis.

use crate::npy::{Dtype, Kind, Number, Scalar};
use crate::wording::excerpt;
use std::str::FromStr;

/// What lies beyond the ends of an axis, in the words of `scipy.ndimage`.
///
/// With padding there is a window for every element: its middle, the element `length / 2` of it, lies on
/// that element. A window of even length thus reaches one element further to the front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pad {
    /// `(d c b a | a b c d | d c b a)`
    Reflect,
    /// `(a a a a | a b c d | d d d d)`
    Nearest,
    /// `(d c b | a b c d | c b a)`
    Mirror,
    /// `(a b c d | a b c d | a b c d)`
    Wrap,
    /// `(v v v v | a b c d | v v v v)`
    Constant(Scalar),
}

impl Pad {
    const EXPECTED: &'static str =
        "expected reflect, nearest, mirror, wrap or constant:v, such as constant:0";

    /// A value of this padding that elements of a dtype cannot be.
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
            Scalar::Integer(whole) if range.contains(&whole) => None,
            value => Some(value),
        }
    }

    /// The constant as elements are computed with; the default of other paddings is never seen.
    pub(super) fn value<T: Number>(self) -> T {
        let mut value = [T::default()];
        match self {
            Self::Constant(Scalar::Float(float)) => {
                T::decode(Dtype::F64, &float.to_le_bytes(), &mut value);
            }
            Self::Constant(Scalar::Integer(whole)) => {
                match (i64::try_from(whole), u64::try_from(whole)) {
                    (Ok(whole), _) => T::decode(Dtype::I64, &whole.to_le_bytes(), &mut value),
                    (_, Ok(whole)) => T::decode(Dtype::U64, &whole.to_le_bytes(), &mut value),
                    #[expect(clippy::cast_precision_loss, reason = "a float is meant")]
                    _ => T::decode(Dtype::F64, &(whole as f64).to_le_bytes(), &mut value),
                }
            }
            _ => {}
        }
        value[0]
    }

    /// Which element of an axis of `length` lies at a place of the padded axis, counted from the first element
    /// of the axis; none where the constant lies.
    pub(super) fn element(self, at: i128, length: u64) -> Option<u64> {
        let n = i128::from(length);
        let folded = |period: i128, last: i128| {
            let from = at.rem_euclid(period.max(1));
            from.min(last - from)
        };
        let at = match self {
            _ if (0..n).contains(&at) => at,
            Self::Constant(_) => return None,
            Self::Nearest => at.clamp(0, n - 1),
            Self::Wrap => at.rem_euclid(n),
            Self::Reflect => folded(2 * n, 2 * n - 1),
            Self::Mirror => folded(2 * n - 2, 2 * n - 2),
        };
        u64::try_from(at).ok()
    }
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
                let whole = value.trim().parse::<i128>().ok();
                let value = match whole {
                    Some(whole) => Some(Scalar::Integer(whole)),
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
