//! An animated GIF, written while its frames are made.

use super::canvas::Bitmap;
use super::part::{Part, failed};
use super::plate::Plate;
use super::{Error, Frame, Style};
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

/// An animation in the making: a GIF that loops for ever.
///
/// Frames are pushed one at a time and only the newest is kept. The palette is that of the colour
/// map with some greys for the text, so that no colour is dithered. The file appears when
/// [`Animation::finish`] is called; dropped before, the animation leaves nothing.
pub struct Animation {
    path: PathBuf,
    style: Style,
    film: Option<Film>,
}

/// What there is once the first frame has told the size.
struct Film {
    plate: Plate,
    encoder: Encoder<Part>,
    indices: HashMap<[u8; 3], u8>,
    width: usize,
    /// The newest frame as colour indices, and the part of it that is still to be written.
    shown: Vec<u8>,
    pending: gif::Frame<'static>,
}

impl Animation {
    /// An animation that will be the file `path`. Nothing is written before the first frame.
    pub fn new(path: &Path, style: &Style) -> Self {
        Self {
            path: path.to_path_buf(),
            style: style.clone(),
            film: None,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] for a frame that differs in shape from the first, [`Error::Write`] where
    /// the file cannot be written.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        match &mut self.film {
            Some(film) => film.push(&self.path, frame),
            None => {
                self.film = Some(Film::start(&self.path, frame, &self.style)?);
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
        let mut film = self.film.ok_or(Error::NoFrames)?;
        film.pending.delay = LAST_DELAY;
        film.encoder
            .write_frame(&film.pending)
            .and_then(|()| film.encoder.into_inner())
            .map_err(|error| refused(&self.path, error))?
            .finish()
    }
}

impl Film {
    /// Starts the file with its first frame.
    fn start(path: &Path, frame: &Frame, style: &Style) -> Result<Self, Error> {
        let plate = Plate::new(frame, style, SIDE, LEVELS)?;
        let bitmap = plate.print(frame)?;
        let colours = palette(style);
        let (width, height) = (bitmap.width() as u16, bitmap.height() as u16);
        let encoder = Encoder::new(Part::create(path)?, width, height, &colours.concat())
            .and_then(|mut encoder| {
                encoder.set_repeat(Repeat::Infinite)?;
                Ok(encoder)
            })
            .map_err(|error| refused(path, error))?;
        // Of equal colours the first is meant: greys come first.
        let indices = (0..=u8::MAX).zip(colours).rev();
        let indices: HashMap<_, _> = indices.map(|(index, colour)| (colour, index)).collect();
        let shown = indexed(&bitmap, &indices);
        let whole = (0, 0, bitmap.width(), bitmap.height());
        Ok(Self {
            plate,
            encoder,
            indices,
            width: bitmap.width(),
            pending: part_of(&shown, bitmap.width(), whole),
            shown,
        })
    }

    /// Writes the frame before this one, and keeps this one.
    fn push(&mut self, path: &Path, frame: &Frame) -> Result<(), Error> {
        let next = indexed(&self.plate.print(frame)?, &self.indices);
        self.encoder
            .write_frame(&self.pending)
            .map_err(|error| refused(path, error))?;
        let changed = changed(&self.shown, &next, self.width);
        self.pending = part_of(&next, self.width, changed);
        self.shown = next;
        Ok(())
    }
}

fn refused(path: &Path, error: gif::EncodingError) -> Error {
    match error {
        gif::EncodingError::Io(error) => failed(path, error),
        other => failed(path, std::io::Error::other(other)),
    }
}

/// The greys, then the colours of the map.
fn palette(style: &Style) -> Vec<[u8; 3]> {
    let grey = |i: usize| [(i * 255 / (GREYS - 1)) as u8; 3];
    let mut colours: Vec<_> = (0..GREYS).map(grey).collect();
    colours.extend(style.colormap.table(LEVELS));
    colours
}

/// The index of every pixel's colour. What the palette lacks is text and becomes its nearest grey.
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

/// Left, top, width and height of the part in which two images of this width differ; one pixel
/// where they do not, as a frame cannot be empty.
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
