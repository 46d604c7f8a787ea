//! An animated GIF, written while its frames are made.

use super::{
    canvas::Bitmap,
    error::Error,
    file::{PictureFile, write_error},
    frame::Frame,
    style::Style,
    template::Template,
};
use gif::{Encoder, Repeat};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Pixels that the longer side of the panel aims at.
const SIDE: usize = 560;
/// Greys of text and lines: black, white and 14 between them.
const GREYS: usize = 16;
/// What a GIF's 256 colours leave to the field.
const LEVELS: usize = 256 - GREYS;
/// Hundredths of a second that a frame stays.
const DELAY: u16 = 12;
/// The same for the last frame, before the animation starts again.
const LAST_DELAY: u16 = 100;

/// An animated GIF that loops for ever, while its frames are added.
///
/// Frames are added one at a time and only the newest is kept. The palette is that of the colour map
/// with some greys for the text, so that no colour is dithered. The file appears when
/// [`Animation::finish`] is called; an animation that is dropped before leaves no file.
pub struct Animation {
    path: PathBuf,
    style: Style,
    recording: Option<Recording>,
}

/// What the size, known from the first frame, allows to be made.
struct Recording {
    template: Template,
    encoder: Encoder<PictureFile>,
    indices: HashMap<[u8; 3], u8>,
    width: usize,
    /// The newest frame as colour indices, and the changed part of it, which is still to be written.
    shown: Vec<u8>,
    pending: gif::Frame<'static>,
}

impl Animation {
    /// An animation that will be the file `path`. Nothing is written before the first frame.
    pub fn new(path: &Path, style: &Style) -> Self {
        Self {
            path: path.to_path_buf(),
            style: style.clone(),
            recording: None,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for a frame that differs in shape from the first, [`Error::Write`] where
    /// the file cannot be written.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        match &mut self.recording {
            Some(recording) => recording.push(&self.path, frame),
            None => {
                self.recording = Some(Recording::start(&self.path, frame, &self.style)?);
                Ok(())
            }
        }
    }

    /// Writes what is left and puts the file in its place.
    ///
    /// # Errors
    ///
    /// [`Error::NoFrames`] for an animation without any, [`Error::Write`] where the file cannot be
    /// written.
    pub fn finish(self) -> Result<(), Error> {
        let mut recording = self.recording.ok_or(Error::NoFrames)?;
        recording.pending.delay = LAST_DELAY;
        recording
            .encoder
            .write_frame(&recording.pending)
            .and_then(|()| recording.encoder.into_inner())
            .map_err(|error| encoding_error(&self.path, error))?
            .commit()
    }
}

impl Recording {
    /// Starts the file with its first frame.
    fn start(path: &Path, frame: &Frame, style: &Style) -> Result<Self, Error> {
        let template = Template::new(frame, style, SIDE, LEVELS)?;
        let bitmap = template.print(frame)?;
        let colours = palette(style);
        let (width, height) = (bitmap.width() as u16, bitmap.height() as u16);
        let encoder = Encoder::new(PictureFile::create(path)?, width, height, &colours.concat())
            .and_then(|mut encoder| {
                encoder.set_repeat(Repeat::Infinite)?;
                Ok(encoder)
            })
            .map_err(|error| encoding_error(path, error))?;
        // Of equal colours the first counts, a grey.
        let indices = (0..=u8::MAX).zip(colours).rev();
        let indices: HashMap<_, _> = indices.map(|(index, colour)| (colour, index)).collect();
        let shown = indexed(&bitmap, &indices);
        let whole = (0, 0, bitmap.width(), bitmap.height());
        Ok(Self {
            template,
            encoder,
            indices,
            width: bitmap.width(),
            pending: part_of(&shown, bitmap.width(), whole),
            shown,
        })
    }

    /// Writes the frame before this one, and keeps this one.
    fn push(&mut self, path: &Path, frame: &Frame) -> Result<(), Error> {
        let next = indexed(&self.template.print(frame)?, &self.indices);
        self.encoder
            .write_frame(&self.pending)
            .map_err(|error| encoding_error(path, error))?;
        let changed = changed(&self.shown, &next, self.width);
        self.pending = part_of(&next, self.width, changed);
        self.shown = next;
        Ok(())
    }
}

fn encoding_error(path: &Path, error: gif::EncodingError) -> Error {
    match error {
        gif::EncodingError::Io(error) => write_error(path, error),
        other => write_error(path, std::io::Error::other(other)),
    }
}

/// The greys, then the colours of the map.
fn palette(style: &Style) -> Vec<[u8; 3]> {
    let grey = |i: usize| [(i * 255 / (GREYS - 1)) as u8; 3];
    let mut colours: Vec<_> = (0..GREYS).map(grey).collect();
    colours.extend(style.colormap.table(LEVELS));
    colours
}

/// The palette index of every pixel. Colours that are not in the palette are those of text and become
/// the nearest grey.
fn indexed(bitmap: &Bitmap, indices: &HashMap<[u8; 3], u8>) -> Vec<u8> {
    let (mut last, mut index) = ([255; 3], (GREYS - 1) as u8);
    let mut of = |colour: [u8; 3]| {
        if colour != last {
            last = colour;
            let grey = (usize::from(colour[1]) * (GREYS - 1) + 127) / 255;
            index = indices.get(&colour).copied().unwrap_or(grey as u8);
        }
        index
    };
    let (pixels, _) = bitmap.rgb().as_chunks::<3>();
    pixels.iter().map(|colour| of(*colour)).collect()
}

/// Left, top, width and height of the smallest rectangle that holds all differences of two images of
/// this width; one pixel if there is none, since a frame cannot be empty.
fn changed(one: &[u8], two: &[u8], width: usize) -> (usize, usize, usize, usize) {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    let rows = one.chunks_exact(width).zip(two.chunks_exact(width));
    for (y, (a, b)) in rows.enumerate().filter(|(_, (a, b))| a != b) {
        let differ = |x: &usize| a[*x] != b[*x];
        left = left.min((0..width).find(differ).unwrap_or(left));
        right = right.max((0..width).rfind(differ).unwrap_or(right));
        (top, bottom) = (top.min(y), y);
    }
    match top {
        usize::MAX => (0, 0, 1, 1),
        _ => (left, top, right + 1 - left, bottom + 1 - top),
    }
}

/// A frame with one part of an image of this width.
fn part_of(
    image: &[u8],
    across: usize,
    (left, top, width, height): (usize, usize, usize, usize),
) -> gif::Frame<'static> {
    let rows = image.chunks_exact(across).skip(top).take(height);
    let buffer: Vec<u8> = rows
        .flat_map(|row| row[left..left + width].iter().copied())
        .collect();
    gif::Frame {
        delay: DELAY,
        left: left as u16,
        top: top as u16,
        width: width as u16,
        height: height as u16,
        buffer: Cow::Owned(buffer),
        ..gif::Frame::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_written() {
        let one = [0, 0, 0, 0, 0, 0, 0, 0, 0];
        let two = [0, 0, 0, 0, 0, 7, 0, 7, 0];
        assert_eq!(changed(&one, &two, 3), (1, 1, 2, 2));
        assert_eq!(changed(&one, &one, 3), (0, 0, 1, 1));
        let part = part_of(&two, 3, (1, 1, 2, 2));
        assert_eq!(
            (&part.buffer[..], part.left, part.top),
            (&[0, 7, 7, 0][..], 1, 1)
        );
    }
}
