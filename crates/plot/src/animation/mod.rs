//! Animations, written while their frames are made.

mod apng;
mod gif;
mod part;

use super::{
    bitmap::Bitmap, canvas::Rect, error::Error, file::PictureFile, frame::Frame, style::Style,
    template::Template,
};
use diff2d_sys::Destination;
use part::changed;
use std::str::FromStr;

/// Pixels that the longer side of the panel aims at.
const SIDE: usize = 560;
/// Hundredths of a second that a frame stays if nobody says how many a second there are.
const DELAY: u16 = 12;
/// The same for the last frame, before the animation starts again.
const LAST_DELAY: u16 = 100;

/// The format of an animation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// 256 colours, understood by everything.
    #[default]
    Gif,
    /// An animated PNG with all colours, which browsers understand; others show its first frame.
    Apng,
}

impl Format {
    /// What names of its files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Apng => "apng",
        }
    }

    /// The colours that it leaves to the field.
    fn levels(self) -> usize {
        match self {
            Self::Gif => gif::LEVELS,
            Self::Apng => super::colormap::LEVELS,
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "gif" => Ok(Self::Gif),
            "apng" => Ok(Self::Apng),
            _ => Err("expected gif or apng".to_owned()),
        }
    }
}

/// An animation that loops for ever, while its frames are added.
///
/// Frames are added one at a time and only the newest is kept; of every frame only the part that changed
/// is written. The file appears when [`Animation::finish`] is called; an animation that is dropped before
/// leaves no file.
pub struct Animation {
    to: Destination,
    style: Style,
    format: Format,
    frames: usize,
    /// Hundredths of a second that a frame stays.
    delay: u16,
    recording: Option<Recording>,
}

/// What the size, known from the first frame, allows to be made.
struct Recording {
    template: Template,
    encoder: Encoder,
    /// The newest frame, and the changed part of it, which is still to be written.
    shown: Bitmap,
    changed: Rect,
}

enum Encoder {
    Gif(gif::GifEncoder),
    Apng(apng::ApngEncoder),
}

impl Animation {
    /// An animation of so many frames. Nothing is written before the first
    /// frame.
    pub fn new(to: &Destination, format: Format, frames: usize, style: &Style) -> Self {
        Self {
            to: to.clone(),
            style: style.clone(),
            format,
            frames,
            delay: DELAY,
            recording: None,
        }
    }

    /// The animation with so many frames a second, as nearly as hundredths of a second allow.
    #[must_use]
    pub fn at_rate(self, fps: f64) -> Self {
        let delay = (100.0 / fps).round().clamp(2.0, 65_535.0) as u16;
        Self { delay, ..self }
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for a frame that differs in shape from the first, [`Error::Full`] for one too
    /// many, [`Error::Write`] where the file cannot be written.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        let Some(recording) = &mut self.recording else {
            self.recording = Some(self.start(frame)?);
            return Ok(());
        };
        let next = match frame.own_range() {
            None => recording.template.print(frame)?,
            // Its colour bar has other labels.
            Some(_) => Template::new(frame, &self.style, SIDE, self.format.levels())?
                .print(frame)?
                .resized(recording.shown.width(), recording.shown.height()),
        };
        recording.write(self.delay)?;
        recording.changed = changed(&recording.shown, &next);
        recording.shown = next;
        Ok(())
    }

    /// Starts the file with its first frame.
    fn start(&self, frame: &Frame) -> Result<Recording, Error> {
        let template = Template::new(frame, &self.style, SIDE, self.format.levels())?;
        let shown = template.print(frame)?;
        let (file, path) = (PictureFile::create(&self.to)?, self.to.name());
        let size = (shown.width(), shown.height());
        let encoder = match self.format {
            Format::Gif => Encoder::Gif(gif::GifEncoder::new(file, path, size, &self.style)?),
            Format::Apng => Encoder::Apng(apng::ApngEncoder::new(file, path, size, self.frames)?),
        };
        Ok(Recording {
            template,
            encoder,
            changed: Rect {
                left: 0,
                top: 0,
                width: size.0,
                height: size.1,
            },
            shown,
        })
    }

    /// Writes what is left and puts the file in its place.
    ///
    /// # Errors
    ///
    /// [`Error::NoFrames`] for an animation without any, [`Error::Write`] where the file cannot be
    /// written, also because frames are missing.
    pub fn finish(self) -> Result<(), Error> {
        let mut recording = self.recording.ok_or(Error::NoFrames)?;
        recording.write(LAST_DELAY.max(self.delay))?;
        match recording.encoder {
            Encoder::Gif(encoder) => encoder.finish(),
            Encoder::Apng(encoder) => encoder.finish(),
        }?
        .commit()
    }
}

impl Recording {
    /// Writes the changed part of the newest frame, which stays for some hundredths of a second.
    fn write(&mut self, delay: u16) -> Result<(), Error> {
        match &mut self.encoder {
            Encoder::Gif(encoder) => encoder.write(&self.shown, self.changed, delay),
            Encoder::Apng(encoder) => encoder.write(&self.shown, self.changed, delay),
        }
    }
}
