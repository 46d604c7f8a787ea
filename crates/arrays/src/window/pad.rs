//! [`Pad`]: what windows see beyond the ends of an axis.

use crate::npy::{Dtype, Kind, Number, Scalar};
use crate::wording::excerpt;
use std::{ops::Range, str::FromStr};

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

    /// Which elements of an axis of `length` lie at some places of the padded axis, counted from the
    /// first element of the axis.
    pub(super) fn runs(self, places: Range<i128>, length: u64) -> Vec<Run> {
        let n = i128::from(length);
        let mut runs = Vec::new();
        let mut at = places.start;
        while at < places.end {
            let (kind, count) = if (0..n).contains(&at) {
                (Kinds::Forward(at), n - at)
            } else {
                self.beyond(at, n, places.end)
            };
            let count = count.min(places.end - at);
            at += count;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            runs.push(match kind {
                Kinds::Forward(from) => Run::Forward(from as u64, count),
                Kinds::Backward(from) => Run::Backward(from as u64, count),
                Kinds::Same(from) => Run::Same(from as u64, count),
                Kinds::Fill => Run::Fill(count),
            });
        }
        runs
    }

    /// The run at a place beyond the ends, and how far it goes.
    fn beyond(self, at: i128, n: i128, end: i128) -> (Kinds, i128) {
        let rest = if at < 0 { -at } else { end - at };
        match self {
            Self::Constant(_) => (Kinds::Fill, rest),
            Self::Nearest => (Kinds::Same(if at < 0 { 0 } else { n - 1 }), rest),
            _ if n == 1 => (Kinds::Same(0), rest),
            Self::Wrap => {
                let from = at.rem_euclid(n);
                (Kinds::Forward(from), n - from)
            }
            Self::Reflect => match at.rem_euclid(2 * n) {
                from if from < n => (Kinds::Forward(from), n - from),
                from => (Kinds::Backward(2 * n - 1 - from), 2 * n - from),
            },
            Self::Mirror => match at.rem_euclid(2 * n - 2) {
                from if from < n - 1 => (Kinds::Forward(from), n - 1 - from),
                from => (Kinds::Backward(2 * n - 2 - from), 2 * n - 2 - from),
            },
        }
    }
}

enum Kinds {
    Forward(i128),
    Backward(i128),
    Same(i128),
    Fill,
}

/// Consecutive places of a padded axis: the element of the first, and their number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Run {
    /// Elements in their order.
    Forward(u64, usize),
    /// Elements from the last to the first.
    Backward(u64, usize),
    /// One element again and again.
    Same(u64, usize),
    /// The constant.
    Fill(usize),
}

impl Run {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Forward(_, count)
            | Self::Backward(_, count)
            | Self::Same(_, count)
            | Self::Fill(count) => count,
        }
    }

    /// The elements that it takes.
    pub(super) fn elements(self) -> Range<u64> {
        match self {
            Self::Forward(from, count) => from..from + count as u64,
            Self::Backward(from, count) => from + 1 - count as u64..from + 1,
            Self::Same(from, _) => from..from + 1,
            Self::Fill(_) => 0..0,
        }
    }

    /// The element at each of its places.
    pub(super) fn places(self) -> impl Iterator<Item = Option<u64>> {
        (0..self.count() as u64).map(move |number| match self {
            Self::Forward(from, _) => Some(from + number),
            Self::Backward(from, _) => Some(from - number),
            Self::Same(from, _) => Some(from),
            Self::Fill(_) => None,
        })
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
    use proptest::prelude::*;

    fn seen(pad: Pad, places: Range<i128>, letters: &str) -> String {
        let runs = pad.runs(places, letters.len() as u64);
        let places = runs.into_iter().flat_map(Run::places);
        places
            .map(|place| match place {
                Some(place) => letters.as_bytes()[place as usize] as char,
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
        assert_eq!(seen(Pad::Mirror, -2..3, "a"), "aaaaa");
    }

    proptest! {
        #[test]
        fn runs_take_the_elements_that_they_say(
            mode in 0_usize..4,
            from in -40_i128..40,
            count in 0_i128..60,
            length in 1_u64..9,
        ) {
            let pad = [Pad::Reflect, Pad::Nearest, Pad::Mirror, Pad::Wrap][mode];
            let runs = pad.runs(from..from + count, length);
            prop_assert_eq!(runs.iter().map(|run| run.count() as i128).sum::<i128>(), count);
            for run in runs {
                let elements = run.elements();
                prop_assert!(elements.end <= length);
                prop_assert!(run.places().all(|place| place.is_some_and(|at| elements.contains(&at))));
            }
        }
    }
}
