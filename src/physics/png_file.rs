//! Pictures as PNG files.

use super::{
    input::Input,
    raster::{Pixels, Raster},
};
use crate::params::ParamsError;
use png::{Decoder, DecodingError, Transformations};
use std::{io::BufReader, sync::Arc};

/// The most bytes of a row of pixels: a damaged header must not fill the memory.
const LONGEST_ROW: usize = 1 << 24;
/// The most bytes of pixels that are not in the order of rows.
const MOST_INTERLACED: usize = 1 << 26;
/// The most bytes of pixels that are held at once.
const MOST_HELD: usize = 1 << 30;

/// All pixels of a picture, which is decoded once, whatever number of parameters name it.
///
/// # Errors
/// [`ParamsError`] for a file that is no sound picture, or a large one.
pub fn raster(input: &Input) -> Result<Arc<Raster>, ParamsError> {
    input.raster(|| {
        let (mut of_picture, mut held, mut fits) = (None, Vec::new(), true);
        decode(input, |pixels, _, row| {
            of_picture = Some(pixels);
            fits = row.len().saturating_mul(pixels.height) <= MOST_HELD
                && held.try_reserve(row.len()).is_ok();
            if fits {
                held.extend_from_slice(row);
            }
            fits
        })?;
        match of_picture.filter(|_| fits) {
            Some(pixels) => Ok(Raster::new(pixels, held)),
            None => Err(too_large(input, "its pixels take", MOST_HELD)),
        }
    })
}

/// Passes the rows of pixels of a picture, from the top, with their numbers to `take`, as long as that wants more.
///
/// # Errors
/// [`ParamsError`] for a file that is no sound picture.
pub fn decode(
    input: &Input,
    mut take: impl FnMut(Pixels, usize, &[u8]) -> bool,
) -> Result<(), ParamsError> {
    let wrong = |error: DecodingError| match error {
        DecodingError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            input.unreadable(&error)
        }
        error => input.damaged(format!("it is no sound PNG file: {error}")),
    };
    let mut decoder = Decoder::new(BufReader::new(input.file()?));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(wrong)?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let (is_interlaced, row_bytes) = (info.interlaced, reader.output_line_size(info.width));
    let (colours, depth) = reader.output_color_type();
    let pixels = Pixels {
        width,
        height,
        colours,
        depth,
    };
    let row_bytes = row_bytes.filter(|&bytes| bytes <= LONGEST_ROW);
    let row_bytes =
        row_bytes.ok_or_else(|| too_large(input, "a row of pixels takes", LONGEST_ROW))?;
    if is_interlaced {
        let bytes = row_bytes.checked_mul(height);
        let bytes = bytes.filter(|&bytes| bytes <= MOST_INTERLACED);
        let bytes = bytes.ok_or_else(|| {
            let what =
                "it is interlaced, which takes all its pixels at once; save it without. They take";
            too_large(input, what, MOST_INTERLACED)
        })?;
        let mut raw = vec![0; bytes];
        reader.next_frame(&mut raw).map_err(wrong)?;
        let mut rows = raw.chunks_exact(row_bytes).enumerate();
        let _ = rows.all(|(number, row)| take(pixels, number, row));
        return Ok(());
    }
    let mut row = vec![0; row_bytes];
    // The end of the pixels is checked, too.
    for number in 0..=height {
        let found = reader.read_row(&mut row).map_err(wrong)?;
        if found.is_none() || !take(pixels, number, &row) {
            return Ok(());
        }
    }
    Ok(())
}

fn too_large(input: &Input, what: &str, most: usize) -> ParamsError {
    input.refuse(&format!("{what} more than {} MiB", most >> 20))
}
