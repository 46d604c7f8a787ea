//! [`Rank`]: which of the sorted elements make a median or a quantile.

/// A place in sorted elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rank {
    /// The middle one, or the mean of the two in the middle.
    Median,
    /// A quantile from 0 to 1.
    Quantile(f64),
}

/// The two sorted elements that a result lies between, which may be the same, and how far from the
/// first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pick {
    pub(super) low: usize,
    pub(super) high: usize,
    share: f64,
}

impl Rank {
    /// What to pick of so many elements, of which there must be one.
    ///
    /// Source: NumPy, `numpy.median` and the method "linear" of `numpy.quantile` (number 7 of Hyndman and
    /// Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996).
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are below 2^53, and places between 0 and the last"
    )]
    pub(super) fn pick(self, count: usize) -> Pick {
        let last = count - 1;
        match self {
            Self::Median => Pick {
                low: last / 2,
                high: count / 2,
                share: 0.5,
            },
            Self::Quantile(q) => {
                let place = last as f64 * q;
                if place >= last as f64 {
                    return Pick {
                        low: last,
                        high: last,
                        share: 1.0,
                    };
                }
                let low = place.floor();
                Pick {
                    low: low as usize,
                    high: low as usize + 1,
                    share: place - low,
                }
            }
        }
    }

    /// The result between two elements, with NumPy's arithmetic also where they are infinite.
    #[inline]
    pub(super) fn between(self, pick: Pick, low: f64, high: f64) -> f64 {
        match self {
            Self::Median if pick.low == pick.high => low,
            Self::Median => (low + high) / 2.0,
            Self::Quantile(_) => {
                let apart = high - low;
                if pick.share < 0.5 {
                    low + apart * pick.share
                } else {
                    high - apart * (1.0 - pick.share)
                }
            }
        }
    }
}
