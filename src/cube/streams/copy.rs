//! Copies lines and frames from one stream to another.

use super::{file::StreamLayout, stream::Stream};
use crate::cube::{error::CubeError, journal::Mark};
use std::ops::Range;

impl Stream {
    /// Copies lines from a range of bytes of another stream, until this stream has `count` lines or the range is used
    /// up. The range then begins behind the lines that were copied.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if the other file ends before the range does; [`CubeError::Io`].
    pub fn copy_lines(
        &mut self,
        other: &Self,
        bytes: &mut Range<u64>,
        count: u64,
    ) -> Result<(), CubeError> {
        let missing = usize::try_from(count.saturating_sub(self.mark.count)).unwrap_or(usize::MAX);
        let text = other.text(bytes.clone())?;
        for line in text.split_inclusive('\n').take(missing) {
            self.append(line.as_bytes())?;
            bytes.start += line.len() as u64;
        }
        Ok(())
    }

    /// Appends all bytes of another stream from byte `begin` on. They count only for later states.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn copy_rest(&self, other: &Self, begin: u64) -> Result<(), CubeError> {
        let own_end = self.mark.end;
        other
            .file
            .visit(begin..other.length()?.max(begin), |at, chunk| {
                self.file.write(own_end + (at - begin), chunk)
            })
    }

    /// Copies the bytes of another stream between this stream's mark and the mark `to`, which prove them. They begin at
    /// byte `begin` of the other stream.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if they differ from what the run of the other stream has written; [`CubeError::Io`].
    pub fn copy_interval(&mut self, other: &Self, begin: u64, to: Mark) -> Result<(), CubeError> {
        let bytes = begin..begin.saturating_add(to.end.saturating_sub(self.mark.end));
        if to == self.mark {
            return Ok(());
        }
        let is_there = bytes.end <= other.length()? && self.layout.may_lead([self.mark, to]);
        if !is_there || other.file.crc_behind(self.mark.crc, bytes.clone())? != to.crc {
            return Err(other.differs());
        }
        let own_end = self.mark.end;
        let mut digester = self.digester.take();
        other.file.visit(bytes, |at, chunk| {
            if let Some(digester) = &mut digester {
                digester.push(chunk);
            }
            self.file.write(own_end + (at - begin), chunk)
        })?;
        (self.mark, self.digester) = (to, digester);
        Ok(())
    }

    /// Advances to the mark `to` over bytes that exist already, or that another process of the run writes.
    pub fn pass_to(&mut self, to: Mark) {
        self.move_to(to);
    }

    /// Advances over the next frame, which exists already.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn pass_frame(&mut self) -> Result<(), CubeError> {
        let frame = self.mark.end..self.mark.end + self.layout.frame_bytes();
        self.move_to(Mark {
            count: self.mark.count + 1,
            end: frame.end,
            crc: self.file.crc_behind(self.mark.crc, frame)?,
        });
        Ok(())
    }

    /// The word for an entry of the stream: line or frame.
    pub(super) fn unit(&self) -> &'static str {
        match self.layout {
            StreamLayout::Lines(_) => "rows",
            StreamLayout::Frames(_) => "frames",
        }
    }
}
