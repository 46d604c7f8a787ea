//! Encodes GIF files with one palette for the whole animation.

use super::part::part;
use crate::{
    bitmap::Bitmap,
    canvas::Rect,
    error::Error,
    file::{MARK, PictureFile, write_error},
    style::Style,
};
use gif::{Extension, Frame, Repeat};
use std::{
    borrow::Cow,
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The number of greys for text and lines: black, white and 14 between them.
const GREYS: usize = 16;
/// The number of colours, of the 256 of a GIF, that are left for the field.
pub(super) const LEVELS: usize = 256 - GREYS;

/// Writes frames with one palette of the colour map and some greys for the text, so that no colour is dithered.
pub(super) struct GifEncoder {
    encoder: gif::Encoder<PictureFile>,
    path: PathBuf,
    indices: HashMap<[u8; 3], u8>,
}

impl GifEncoder {
    pub fn new(
        file: PictureFile,
        path: &Path,
        (width, height): (usize, usize),
        style: &Style,
    ) -> Result<Self, Error> {
        let colours = palette(style);
        let encoder = gif::Encoder::new(file, width as u16, height as u16, &colours.concat())
            .and_then(|mut encoder| {
                encoder.set_repeat(Repeat::Infinite)?;
                encoder.write_raw_extension(Extension::Comment.into(), &[MARK.as_bytes()])?;
                Ok(encoder)
            })
            .map_err(|error| encoding_error(path, error))?;
        // A colour that the palette has twice is the grey, which comes first.
        let indices = (0..=u8::MAX).zip(colours).rev();
        Ok(Self {
            encoder,
            path: path.to_owned(),
            indices: indices.map(|(index, colour)| (colour, index)).collect(),
        })
    }

    pub fn write(&mut self, bitmap: &Bitmap, rect: Rect, delay: u16) -> Result<(), Error> {
        let frame = Frame {
            delay,
            left: rect.left as u16,
            top: rect.top as u16,
            width: rect.width as u16,
            height: rect.height as u16,
            buffer: Cow::Owned(self.indexed(part(bitmap, rect))),
            ..Frame::default()
        };
        self.encoder
            .write_frame(&frame)
            .map_err(|error| encoding_error(&self.path, error))
    }

    pub fn finish(self) -> Result<PictureFile, Error> {
        self.encoder
            .into_inner()
            .map_err(|error| encoding_error(&self.path, error))
    }

    /// The palette index of every pixel. Colours that are not in the palette are those of text and lines
    /// and become the nearest grey.
    fn indexed(&self, pixels: impl Iterator<Item = [u8; 3]>) -> Vec<u8> {
        // Neighbours mostly have one colour, which is then looked up once.
        let mut previous_colour = [255; 3];
        let mut index = (GREYS - 1) as u8;
        pixels
            .map(|colour| {
                if colour != previous_colour {
                    previous_colour = colour;
                    let grey = (usize::from(colour[1]) * (GREYS - 1) + 127) / 255;
                    index = self.indices.get(&colour).copied().unwrap_or(grey as u8);
                }
                index
            })
            .collect()
    }
}

fn encoding_error(path: &Path, error: gif::EncodingError) -> Error {
    match error {
        gif::EncodingError::Io(error) => write_error(path, error),
        other => write_error(path, std::io::Error::other(other)),
    }
}

/// The palette: the greys, followed by the colours of the map.
fn palette(style: &Style) -> Vec<[u8; 3]> {
    let mut colours: Vec<_> = (0..GREYS)
        .map(|number| [(number * 255 / (GREYS - 1)) as u8; 3])
        .collect();
    colours.extend(style.colormap.table(LEVELS));
    colours
}
