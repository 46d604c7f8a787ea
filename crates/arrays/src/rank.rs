//! [`Rank`]: which of the sorted elements determine a median or a quantile.

/// The rank of a result among sorted elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rank {
    /// The middle element, or the mean of the two in the middle.
    Median,
    /// A quantile from 0 to 1.
    Quantile(f64),
}

/// The two sorted elements, which may be the same, between which a result lies, and its relative distance from the
/// first one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pick {
    pub(super) low: usize,
    pub(super) high: usize,
    fraction: f64,
}

impl Rank {
    /// Picks from `count` sorted elements; there must be at least one.
    ///
    /// Source: NumPy, `numpy.median` and the method "linear" of `numpy.quantile` (number 7 of Hyndman and
    /// Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996).
    #[inline]
    pub(super) fn pick(self, count: usize) -> Pick {
        let last_place = count - 1;
        match self {
            Self::Median => Pick {
                low: last_place / 2,
                high: count / 2,
                fraction: 0.5,
            },
            Self::Quantile(q) => {
                let place = last_place as f64 * q;
                if place >= last_place as f64 {
                    return Pick {
                        low: last_place,
                        high: last_place,
                        fraction: 1.0,
                    };
                }
                let low = place.floor();
                Pick {
                    low: low as usize,
                    high: low as usize + 1,
                    fraction: place - low,
                }
            }
        }
    }

    /// The result between two elements, by NumPy's arithmetic if all its intermediate results are finite. A result that
    /// falls on an element equals that element, whatever lies beside it, and a result between finite elements is
    /// finite.
    #[inline]
    pub(super) fn between(self, pick: Pick, low: f64, high: f64) -> f64 {
        match self {
            Self::Median if pick.low == pick.high => low,
            Self::Median => match (low + high) / 2.0 {
                mean if mean.is_finite() => mean,
                _ => weighted_mean(low, high, 0.5),
            },
            Self::Quantile(_) => match (high - low, pick.fraction) {
                (span, fraction) if span.is_finite() && fraction < 0.5 => low + span * fraction,
                (span, fraction) if span.is_finite() => high - span * (1.0 - fraction),
                (_, 0.0) => low,
                (_, 1.0) => high,
                (_, fraction) => weighted_mean(low, high, fraction),
            },
        }
    }
}

/// The weighted mean of two elements, which is finite even if their difference is not.
fn weighted_mean(low: f64, high: f64, weight: f64) -> f64 {
    low * (1.0 - weight) + high * weight
}

#[cfg(test)]
mod tests {
    use super::Rank;
    use proptest::prelude::*;

    fn quantile(sorted: &[f64], q: f64) -> f64 {
        let pick = Rank::Quantile(q).pick(sorted.len());
        Rank::Quantile(q).between(pick, sorted[pick.low], sorted[pick.high])
    }

    #[test]
    fn infinities_stay_where_they_are() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (sorted, q, expected) in [
            (&[4.0, 5.0, inf][..], 0.0, 4.0),
            (&[4.0, 5.0, inf], 0.25, 4.5),
            (&[4.0, 5.0, inf], 0.5, 5.0),
            (&[4.0, 5.0, inf], 0.75, inf),
            (&[4.0, 5.0, inf], 1.0, inf),
            (&[-inf, 4.0, 5.0], 0.25, -inf),
            (&[-inf, 4.0, 5.0], 0.5, 4.0),
            (&[inf, inf, inf], 0.3, inf),
            (&[-inf, -inf, inf], 0.25, -inf),
            (&[-inf, inf], 0.0, -inf),
            (&[-inf, inf], 1.0, inf),
            (&[-inf, inf], 0.5, nan),
        ] {
            let result = quantile(sorted, q);
            let same = result == expected || result.is_nan() && expected.is_nan();
            assert!(same, "{sorted:?} at {q}: {result}");
        }
        for (low, high, expected) in [
            (1.7e308, 1.7e308, 1.7e308),
            (-1.7e308, 1.7e308, 0.0),
            (5e-324, 5e-324, 5e-324),
            (1.0, inf, inf),
        ] {
            let pick = Rank::Median.pick(2);
            assert_eq!(Rank::Median.between(pick, low, high), expected);
        }
    }

    proptest! {
        #[test]
        fn finite_elements_have_finite_quantiles_that_ascend(
            mut sorted in prop::collection::vec(-f64::MAX..=f64::MAX, 1..9),
            mut qs in prop::collection::vec(0.0..=1.0, 2..20),
        ) {
            sorted.sort_by(f64::total_cmp);
            qs.sort_by(f64::total_cmp);
            let results: Vec<f64> = qs.iter().map(|&q| quantile(&sorted, q)).collect();
            prop_assert!(results.iter().all(|result| (sorted[0]..=sorted[sorted.len() - 1]).contains(result)));
            prop_assert!(results.is_sorted(), "{results:?} of {sorted:?}");
        }
    }
}
