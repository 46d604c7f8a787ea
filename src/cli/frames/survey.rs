//! [`FrameSurvey`]: what must be known of all frames before the first is drawn.

use super::array::{Frames, unread};
use crate::error::Error;
use diff2d_arrays::{npy::Cut, walk};
use diff2d_plot::{Extrema, Reduced, reduced_for_picture};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// The ends of the values of some frames, and those frames that were read to find them.
#[derive(Default)]
pub(in crate::cli) struct FrameSurvey {
    of_each: HashMap<u64, Extrema>,
    kept: HashMap<u64, Reduced>,
}

impl FrameSurvey {
    /// The ends of all frames.
    pub(in crate::cli) fn ends(&self) -> Extrema {
        let all = self.of_each.values().copied();
        all.fold(Extrema::default(), Extrema::and)
    }

    /// The ends of one frame.
    pub(in crate::cli) fn ends_of(&self, index: u64) -> Option<&Extrema> {
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

/// Bytes that a frame takes while it is reduced to a picture of the usual size.
const REDUCED_BYTES: u64 = 12 << 20;

impl Frames<'_> {
    /// Finds the ends of frames: of a run in its journal, else in the values. Of frames that are read, as
    /// many are kept reduced as fit into memory, so that they need not be read again.
    pub(in crate::cli) fn survey(&self, chosen: &[u64], log: bool) -> Result<FrameSurvey, Error> {
        let left = AtomicU64::new(self.memory / 2);
        let threads = (self.memory / REDUCED_BYTES).clamp(1, rayon::current_num_threads() as u64);
        let find = |_: &mut (), number: u64, _| {
            let index = chosen[usize::try_from(number).unwrap_or(usize::MAX)];
            if let Some(record) = self.shown(index).record
                && (!log || record.min > 0.0)
            {
                let low_positive = match record.min > 0.0 {
                    true => record.min,
                    false => f64::INFINITY,
                };
                let ends = Extrema {
                    low: record.min,
                    high: record.max,
                    low_positive,
                };
                return Ok::<_, Error>((index, ends, None));
            }
            let (values, shown) = (self.values(index, None), self.shown(index));
            let frame = self.frame(&values, &shown, index);
            let reduced = reduced_for_picture(&frame).map_err(unread)?;
            let bytes = reduced.bytes();
            let room = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
            Ok((index, reduced.ends(), room.is_ok().then_some(reduced)))
        };
        let mut survey = FrameSurvey::default();
        let count = chosen.len() as u64;
        let frames = Cut::of_list(count, 1);
        walk::in_order(&frames, threads, count, find, |_, (index, ends, kept)| {
            survey.of_each.insert(index, ends);
            survey.kept.extend(kept.map(|reduced| (index, reduced)));
            Ok::<_, Error>(())
        })?;
        Ok(survey)
    }
}
