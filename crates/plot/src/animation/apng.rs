//! APNG: every frame with all colours.

use super::part::part;
use crate::{
    bitmap::Bitmap,
    canvas::Rect,
    error::Error,
    file::{MARK, PictureFile, write_error},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

pub(super) struct ApngEncoder {
    writer: png::Writer<SharedFile>,
    file: Arc<Mutex<PictureFile>>,
    path: PathBuf,
}

impl ApngEncoder {
    /// For exactly so many frames, a number that stands at the beginning of the file.
    pub fn new(
        file: PictureFile,
        path: &Path,
        (width, height): (usize, usize),
        frames: usize,
    ) -> Result<Self, Error> {
        let file = Arc::new(Mutex::new(file));
        let start = || {
            let shared = SharedFile(Arc::clone(&file));
            let mut encoder = png::Encoder::new(shared, width as u32, height as u32);
            encoder.set_color(png::ColorType::Rgb);
            encoder.set_depth(png::BitDepth::Eight);
            encoder.add_text_chunk("Software".to_owned(), MARK.to_owned())?;
            // For ever.
            encoder.set_animated(u32::try_from(frames).unwrap_or(u32::MAX), 0)?;
            encoder.write_header()
        };
        Ok(Self {
            writer: start().map_err(|error| write_error(path, error))?,
            file,
            path: path.to_owned(),
        })
    }

    pub fn write(&mut self, bitmap: &Bitmap, rect: Rect, delay: u16) -> Result<(), Error> {
        let number = |pixels: usize| pixels as u32;
        let pixels: Vec<u8> = part(bitmap, rect).flatten().collect();
        let writer = &mut self.writer;
        let mut write = || {
            writer.reset_frame_position()?;
            writer.set_frame_dimension(number(rect.width), number(rect.height))?;
            writer.set_frame_position(number(rect.left), number(rect.top))?;
            writer.set_frame_delay(delay, 100)?;
            writer.write_image_data(&pixels)
        };
        write().map_err(|error| write_error(&self.path, error))
    }

    pub fn finish(self) -> Result<PictureFile, Error> {
        let failed = |error| write_error(&self.path, error);
        self.writer.finish().map_err(failed)?;
        let file = Arc::into_inner(self.file).ok_or(io::ErrorKind::Other);
        let file = file.map_err(|kind| write_error(&self.path, kind))?;
        Ok(file.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The file, of which the encoder does not give back its own.
struct SharedFile(Arc<Mutex<PictureFile>>);

impl Write for SharedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush()
    }
}
