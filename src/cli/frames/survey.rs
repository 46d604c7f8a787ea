//! [`Survey`]: what must be known of all frames before the first is drawn.

use super::array::{Frames, unread};
use crate::error::Error;
use diff2d_plot::{self as plot, Ends, Range, Reduced, reduced_for_picture};
use rayon::prelude::*;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Logarithmic colours reach so far below the largest value, unless a range is given: diffusion leaves
/// values near the smallest number that there is.
const DECADES: f64 = 1e-12;

/// The values that the colours cover.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in crate::cli) enum RangeAsked {
    /// All values of the frames drawn; of differences, as far on both sides of 0.
    #[default]
    All,
    /// Of each frame its own.
    Frame,
    /// As far on both sides of 0.
    Symmetric,
    /// These.
    Given(Range),
}

impl RangeAsked {
    /// The range for frames with these ends.
    pub(in crate::cli) fn over(self, ends: &Ends, log: bool) -> Range {
        let found = match (self, log) {
            (Self::Given(range), _) => return range,
            (_, false) => Range::spanning([ends.low, ends.high]).unwrap_or_default(),
            (_, true) if ends.high > 0.0 => {
                let low = ends.low_positive.max(ends.high * DECADES).min(ends.high);
                Range::new(low, ends.high).unwrap_or_default()
            }
            // Nothing has a logarithm.
            (_, true) => Range::new(0.1, 1.0).unwrap_or_default(),
        };
        match self {
            Self::Symmetric => found.symmetric(),
            _ => found,
        }
    }
}

/// The ends of the values of some frames, and those frames that were read to find them.
#[derive(Default)]
pub(in crate::cli) struct Survey {
    of_each: HashMap<u64, Ends>,
    kept: HashMap<u64, Reduced>,
}

impl Survey {
    /// The ends of all frames.
    pub(in crate::cli) fn ends(&self) -> Ends {
        let all = self.of_each.values().copied();
        all.fold(Ends::default(), Ends::and)
    }

    /// The ends of one frame.
    pub(in crate::cli) fn ends_of(&self, index: u64) -> Option<&Ends> {
        self.of_each.get(&index)
    }

    /// A frame that was read and kept.
    pub(super) fn kept(&self, index: u64) -> Option<&Reduced> {
        self.kept.get(&index)
    }

    /// Adds what is known of more frames, and keeps none of them.
    pub(in crate::cli) fn extend(&mut self, more: Self) {
        self.of_each.extend(more.of_each);
        self.kept.clear();
    }
}

impl Frames<'_> {
    /// Finds the ends of frames: of a run in its journal, else in the values. Of frames that are read, as
    /// many are kept reduced as fit into memory, so that they need not be read again.
    pub(in crate::cli) fn survey(&self, chosen: &[u64], log: bool) -> Result<Survey, Error> {
        let left = AtomicU64::new(self.memory / 2);
        let found: Vec<(u64, Ends, Option<Reduced>)> = chosen
            .par_iter()
            .map(|&index| {
                if let Some(record) = self.shown(index).record
                    && (!log || record.min > 0.0)
                {
                    let low_positive = match record.min > 0.0 {
                        true => record.min,
                        false => f64::INFINITY,
                    };
                    let ends = Ends {
                        low: record.min,
                        high: record.max,
                        low_positive,
                    };
                    return Ok((index, ends, None));
                }
                let reduced = self.reduced(index)?;
                let bytes = reduced.bytes();
                let room = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(bytes)
                });
                Ok((index, reduced.ends(), room.is_ok().then_some(reduced)))
            })
            .collect::<Result<_, Error>>()?;
        let mut survey = Survey::default();
        for (index, ends, kept) in found {
            survey.of_each.insert(index, ends);
            survey.kept.extend(kept.map(|reduced| (index, reduced)));
        }
        Ok(survey)
    }

    fn reduced(&self, index: u64) -> Result<Reduced, Error> {
        let (values, shown) = (self.values(index, None), self.shown(index));
        let frame = self.frame(&values, &shown, index);
        reduced_for_picture(&frame).map_err(unread)
    }
}

impl std::str::FromStr for RangeAsked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "frame" => Ok(Self::Frame),
            "symmetric" => Ok(Self::Symmetric),
            given => given
                .parse()
                .map(Self::Given)
                .map_err(|error: plot::Error| format!("{error}, or write frame or symmetric")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_values() {
        let ends = Ends {
            low: -1.0,
            high: 4.0,
            low_positive: 1e-300,
        };
        let range = |low, high| Range::new(low, high).unwrap();
        assert_eq!(RangeAsked::All.over(&ends, false), range(-1.0, 4.0));
        assert_eq!(RangeAsked::All.over(&ends, true), range(4e-12, 4.0));
        assert_eq!(RangeAsked::Symmetric.over(&ends, false), range(-4.0, 4.0));
        let given = RangeAsked::Given(range(0.0, 1.0));
        assert_eq!(given.over(&ends, false), range(0.0, 1.0));
        let none = Ends::default();
        assert_eq!(RangeAsked::All.over(&none, false), Range::default());
        assert_eq!(RangeAsked::All.over(&none, true), range(0.1, 1.0));
        let negative = Ends {
            low: -2.0,
            high: -1.0,
            ..none
        };
        assert_eq!(RangeAsked::All.over(&negative, true), range(0.1, 1.0));
    }
}
