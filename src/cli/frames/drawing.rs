//! [`Drawing`]: frames as pictures, sheets, animations and parts of pages.

use super::{
    array::{Frames, unread},
    look::{Look, RangeChoice},
    survey::FrameSurvey,
};
use crate::cli::error::Error;
use diff2d_arrays::progress::Progress;
use diff2d_plot::{
    self as plot, Animation, Extrema, Frame, PackedFrame, Sheet, Style, evenly_spread, save_picture,
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
    pub(in crate::cli) fn save(&self, index: u64, destination: &Destination) -> Result<(), Error> {
        self.with_frame(index, |frame| save_picture(frame, &self.style, destination))
    }

    /// Calls a function with a frame, over a range of its own if the style says so.
    fn with_frame<T>(
        &self,
        index: u64,
        act: impl FnOnce(&Frame<'_>) -> Result<T, plot::Error>,
    ) -> Result<T, Error> {
        let values = self
            .frames
            .values(index, self.survey.reduced_frames.get(&index));
        let facts = self.frames.facts(index);
        let arrows = self.frames.arrows(index)?;
        let mut frame = self.frames.frame(&values, &facts).under(&arrows);
        if let Some(ends) = self.survey.extrema_of_frames.get(&index)
            && self.style.own_ranges
        {
            frame = frame.over(RangeChoice::Frame.over(ends, self.style.log));
        }
        act(&frame).map_err(unread)
    }

    /// At most `most` of the chosen frames, evenly spread.
    pub(in crate::cli) fn evenly_chosen(&self, most: usize) -> Vec<u64> {
        let places = evenly_spread(self.chosen.len(), most).into_iter();
        places.map(|place| self.chosen[place]).collect()
    }

    /// Draws all chosen frames on one page in a file, evenly thinned out where they are too many.
    pub(in crate::cli) fn sheet(&self, destination: &Destination) -> Result<(), Error> {
        let sheet_frames = self.evenly_chosen(Sheet::MOST);
        let mut sheet = None;
        for &index in &sheet_frames {
            self.with_frame(index, |frame| {
                let sheet = match &mut sheet {
                    Some(sheet) => sheet,
                    empty => empty.insert(Sheet::new(
                        destination,
                        frame,
                        sheet_frames.len(),
                        &self.style,
                    )?),
                };
                sheet.push(frame)
            })?;
        }
        Ok(sheet.ok_or_else(plot::Error::no_frames)?.finish()?)
    }

    /// Draws the chosen frames one after the other into a file, `fps` of them a second; `progress` counts them.
    pub(in crate::cli) fn animate(
        &self,
        destination: &Destination,
        fps: Option<f64>,
        progress: &Progress,
    ) -> Result<(), Error> {
        let mut animation = Animation::new(destination, &self.style);
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
