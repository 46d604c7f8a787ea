//! [`FrameSurvey`]: what must be known of all frames before the first is drawn.

use super::array::{Frames, unread};
use crate::cli::error::Error;
use diff2d_arrays::{npy::Cut, walk};
use diff2d_plot::{Extrema, Reduced, reduced_for_picture};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// The ends of the values of some frames, and those frames that were read to find them.
#[derive(Default)]
pub(in crate::cli) struct FrameSurvey {
    pub(super) extrema_of_frames: HashMap<u64, Extrema>,
    pub(super) reduced_frames: HashMap<u64, Reduced>,
}

impl FrameSurvey {
    /// The ends of all frames.
    pub(in crate::cli) fn ends(&self) -> Extrema {
        let extrema = self.extrema_of_frames.values().copied();
        extrema.fold(Extrema::default(), Extrema::and)
    }

    /// Adds the ends of newer frames, and keeps no frame.
    pub(in crate::cli) fn extend(&mut self, newer: Self) {
        self.extrema_of_frames.extend(newer.extrema_of_frames);
        self.reduced_frames.clear();
    }
}

/// Bytes that a frame takes while it is reduced to a picture of the usual size.
const REDUCED_BYTES: u64 = 12 << 20;

impl Frames<'_> {
    /// Finds the ends of frames: of a run in its journal, else in the values. Of frames that are read, as
    /// many are kept reduced as fit into memory, so that they need not be read again.
    pub(in crate::cli) fn survey(&self, chosen: &[u64], log: bool) -> Result<FrameSurvey, Error> {
        let free_bytes = AtomicU64::new(self.memory / 2);
        let threads = (self.memory / REDUCED_BYTES).clamp(1, rayon::current_num_threads() as u64);
        let mut survey = FrameSurvey::default();
        let count = chosen.len() as u64;
        let frames = Cut::of_list(count, 1);
        walk::in_order(
            &frames,
            threads,
            count,
            |_: &mut (), number: u64, _| {
                let index = chosen[usize::try_from(number).unwrap_or(usize::MAX)];
                if let Some(commit) = self.facts(index).commit
                    && (!log || commit.min > 0.0)
                {
                    let low_positive = if commit.min > 0.0 {
                        commit.min
                    } else {
                        f64::INFINITY
                    };
                    let extrema = Extrema {
                        low: commit.min,
                        high: commit.max,
                        low_positive,
                    };
                    return Ok::<_, Error>((index, extrema, None));
                }
                let (values, facts) = (self.values(index, None), self.facts(index));
                let frame = self.frame(&values, &facts);
                let reduced = reduced_for_picture(&frame).map_err(unread)?;
                let bytes = reduced.bytes();
                let room =
                    free_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free_bytes| {
                        free_bytes.checked_sub(bytes)
                    });
                Ok((index, reduced.ends(), room.is_ok().then_some(reduced)))
            },
            |_, (index, extrema, reduced)| {
                survey.extrema_of_frames.insert(index, extrema);
                survey
                    .reduced_frames
                    .extend(reduced.map(|frame| (index, frame)));
                Ok::<_, Error>(())
            },
        )?;
        Ok(survey)
    }
}
