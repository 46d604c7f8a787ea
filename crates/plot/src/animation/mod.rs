//! Animations: GIF files that are written frame by frame.

mod gif;
mod part;

use super::{
    bitmap::Bitmap, canvas::Rect, error::Error, file::PictureFile, frame::Frame, style::Style,
    template::Template,
};
use diff2d_sys::Destination;
use part::changed;

/// The intended length of the panel's longer side in pixels.
const SIDE: usize = 560;
/// The default duration of a frame in hundredths of a second.
const DELAY: u16 = 12;
/// The duration of the last frame in hundredths of a second, before the animation starts again.
const LAST_DELAY: u16 = 100;

/// An animation that loops for ever. Its frames are added one at a time.
///
/// Only the newest frame is kept, and only the part of it that differs from the frame before is written. The file
/// appears when [`Animation::finish`] is called; an animation that is dropped earlier leaves no file.
pub struct Animation {
    to: Destination,
    style: Style,
    /// The duration of a frame in hundredths of a second.
    delay: u16,
    recording: Option<Recording>,
}

/// The parts of an animation that need the size of the first frame.
struct Recording {
    template: Template,
    encoder: gif::GifEncoder,
    /// The newest frame.
    newest: Bitmap,
    /// The part of the newest frame that differs from the frame before, and is not written yet.
    changed: Rect,
}

impl Animation {
    /// An animation without frames. Nothing is written before the first frame.
    pub fn new(to: &Destination, style: &Style) -> Self {
        Self {
            to: to.clone(),
            style: style.clone(),
            delay: DELAY,
            recording: None,
        }
    }

    /// The animation with `fps` frames per second, as closely as hundredths of a second allow.
    #[must_use]
    pub fn at_rate(self, fps: f64) -> Self {
        let delay = (100.0 / fps).round().clamp(2.0, 65_535.0) as u16;
        Self { delay, ..self }
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// [`Error`] for a frame that differs in shape from the first, or if the file cannot be written.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        let Some(recording) = &mut self.recording else {
            self.recording = Some(self.start(frame)?);
            return Ok(());
        };
        let bitmap = match frame.own_range() {
            None => recording.template.print(frame)?,
            // The labels of its colour bar differ from those of the template.
            Some(_) => Template::new(frame, &self.style, SIDE, gif::LEVELS)?
                .print(frame)?
                .resized(recording.newest.width(), recording.newest.height()),
        };
        recording.write(self.delay)?;
        recording.changed = changed(&recording.newest, &bitmap);
        recording.newest = bitmap;
        Ok(())
    }

    /// Starts the file with its first frame.
    fn start(&self, frame: &Frame) -> Result<Recording, Error> {
        let template = Template::new(frame, &self.style, SIDE, gif::LEVELS)?;
        let bitmap = template.print(frame)?;
        let (file, path) = (PictureFile::create(&self.to)?, self.to.name());
        let size = (bitmap.width(), bitmap.height());
        let encoder = gif::GifEncoder::new(file, path, size, &self.style)?;
        Ok(Recording {
            template,
            encoder,
            changed: Rect {
                left: 0,
                top: 0,
                width: size.0,
                height: size.1,
            },
            newest: bitmap,
        })
    }

    /// Writes the last frame and puts the file in its place.
    ///
    /// # Errors
    ///
    /// [`Error`] for an animation without frames, or if the file cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        let mut recording = self.recording.ok_or_else(Error::no_frames)?;
        recording.write(LAST_DELAY.max(self.delay))?;
        recording.encoder.finish()?.commit()
    }
}

impl Recording {
    /// Writes the changed part of the newest frame, with a duration of `delay` hundredths of a second.
    fn write(&mut self, delay: u16) -> Result<(), Error> {
        self.encoder.write(&self.newest, self.changed, delay)
    }
}
