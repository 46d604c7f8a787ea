//! [`Drawing`]: frames as pictures, sheets, animations and parts of pages.

use super::{
    array::{Frames, unread},
    survey::{RangeAsked, Survey},
};
use crate::error::Error;
use diff2d_arrays::progress::Progress;
use diff2d_plot::{
    self as plot, Animation, Bitmap, Ends, Format, Frame, PackedFrame, Sheet, Style, evenly_spread,
    picture,
};
use std::path::Path;

/// How frames are drawn, and what is known of them.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Drawing<'a> {
    pub style: &'a Style,
    pub survey: &'a Survey,
}

impl Frames<'_> {
    /// The picture of one frame.
    pub(in crate::cli) fn draw(&self, index: u64, drawing: &Drawing<'_>) -> Result<Bitmap, Error> {
        self.with_frame(index, drawing, |frame| picture(frame, drawing.style))
    }

    /// Calls a function with a frame, over a range of its own if the style says so.
    fn with_frame<T>(
        &self,
        index: u64,
        drawing: &Drawing<'_>,
        act: impl FnOnce(&Frame<'_>) -> Result<T, plot::Error>,
    ) -> Result<T, Error> {
        let Drawing { style, survey } = drawing;
        let (values, shown) = (self.values(index, survey.kept(index)), self.shown(index));
        let mut frame = self.frame(&values, &shown, index);
        if let Some(ends) = survey.ends_of(index).filter(|_| style.own_ranges) {
            frame = frame.over(RangeAsked::Frame.over(ends, style.log));
        }
        act(&frame).map_err(unread)
    }

    /// All chosen frames on one page, evenly thinned out where they are too many.
    pub(in crate::cli) fn sheet(
        &self,
        chosen: &[u64],
        drawing: &Drawing<'_>,
    ) -> Result<Bitmap, Error> {
        let shown: Vec<u64> = evenly_spread(chosen.len(), Sheet::MOST)
            .into_iter()
            .map(|place| chosen[place])
            .collect();
        let mut sheet = None;
        for &index in &shown {
            self.with_frame(index, drawing, |frame| {
                let sheet = match &mut sheet {
                    Some(sheet) => sheet,
                    empty => empty.insert(Sheet::new(frame, shown.len(), drawing.style)?),
                };
                sheet.push(frame)
            })?;
        }
        Ok(sheet.ok_or(plot::Error::NoFrames)?.finish()?)
    }

    /// The chosen frames one after the other, in a file; `progress` is told of each.
    pub(in crate::cli) fn animate(
        &self,
        chosen: &[u64],
        drawing: &Drawing<'_>,
        (path, format): (&Path, Format),
        progress: &Progress,
    ) -> Result<(), Error> {
        let mut animation = Animation::new(path, format, chosen.len(), drawing.style);
        for &index in chosen {
            self.with_frame(index, drawing, |frame| animation.push(frame))?;
            progress.add(1);
        }
        Ok(animation.finish()?)
    }

    /// A frame as a page stores it, with a longest side of so many cells; `ends` are those of all frames
    /// of the page.
    pub(in crate::cli) fn packed(
        &self,
        index: u64,
        drawing: &Drawing<'_>,
        ends: &Ends,
        side: usize,
    ) -> Result<PackedFrame, Error> {
        self.with_frame(index, drawing, |frame| {
            PackedFrame::new(frame, drawing.style, ends, side)
        })
    }
}
