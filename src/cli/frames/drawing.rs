//! [`Drawing`]: frames as pictures, sheets, animations and parts of pages.

use super::{
    array::{Frames, unread},
    look::{Look, RangeAsked},
    survey::FrameSurvey,
};
use crate::error::Error;
use diff2d_arrays::progress::Progress;
use diff2d_plot::{
    self as plot, Animation, Extrema, Format, Frame, PackedFrame, Sheet, Style, evenly_spread,
    save_picture,
};
use diff2d_sys::Destination;

/// Chosen frames, what is known of them, and how they are drawn.
pub(in crate::cli) struct Drawing<'a> {
    pub frames: &'a Frames<'a>,
    pub chosen: &'a [u64],
    pub look: &'a Look,
    pub style: Style,
    pub survey: &'a FrameSurvey,
}

impl<'a> Drawing<'a> {
    pub(in crate::cli) fn new(
        frames: &'a Frames<'a>,
        chosen: &'a [u64],
        look: &'a Look,
        survey: &'a FrameSurvey,
    ) -> Self {
        Self {
            frames,
            chosen,
            look,
            style: frames.style(look, survey),
            survey,
        }
    }

    /// Draws one frame into a file, PNG or SVG by its name.
    pub(in crate::cli) fn save(&self, index: u64, to: &Destination) -> Result<(), Error> {
        self.with_frame(index, |frame| save_picture(frame, &self.style, to))
    }

    /// Calls a function with a frame, over a range of its own if the style says so.
    fn with_frame<T>(
        &self,
        index: u64,
        act: impl FnOnce(&Frame<'_>) -> Result<T, plot::Error>,
    ) -> Result<T, Error> {
        let values = self.frames.values(index, self.survey.kept(index));
        let shown = self.frames.shown(index);
        let mut frame = self.frames.frame(&values, &shown, index);
        if let Some(ends) = self.survey.ends_of(index)
            && self.style.own_ranges
        {
            frame = frame.over(RangeAsked::Frame.over(ends, self.style.log));
        }
        act(&frame).map_err(unread)
    }

    /// At most so many of the chosen frames, evenly spread.
    pub(in crate::cli) fn some(&self, most: usize) -> Vec<u64> {
        let places = evenly_spread(self.chosen.len(), most).into_iter();
        places.map(|place| self.chosen[place]).collect()
    }

    /// All chosen frames on one page in a file, evenly thinned out where they are too many.
    pub(in crate::cli) fn sheet(&self, to: &Destination) -> Result<(), Error> {
        let shown = self.some(Sheet::MOST);
        let mut sheet = None;
        for &index in &shown {
            self.with_frame(index, |frame| {
                let sheet = match &mut sheet {
                    Some(sheet) => sheet,
                    empty => empty.insert(Sheet::new(to, frame, shown.len(), &self.style)?),
                };
                sheet.push(frame)
            })?;
        }
        Ok(sheet.ok_or(plot::Error::NoFrames)?.finish()?)
    }

    /// The chosen frames one after the other, in a file, so many a second; `progress` is told of each.
    pub(in crate::cli) fn animate(
        &self,
        to: &Destination,
        format: Format,
        fps: Option<f64>,
        progress: &Progress,
    ) -> Result<(), Error> {
        let mut animation = Animation::new(to, format, self.chosen.len(), &self.style);
        if let Some(fps) = fps {
            animation = animation.at_rate(fps);
        }
        for &index in self.chosen {
            self.with_frame(index, |frame| animation.push(frame))?;
            progress.add(1);
        }
        Ok(animation.finish()?)
    }

    /// A frame as a page stores it, with a longest side of so many cells; `ends` are those of all frames
    /// of the page.
    pub(in crate::cli) fn packed(
        &self,
        index: u64,
        ends: &Extrema,
        side: usize,
    ) -> Result<PackedFrame, Error> {
        self.with_frame(index, |frame| {
            PackedFrame::new(frame, &self.style, ends, side)
        })
    }
}
