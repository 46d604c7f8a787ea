//! [`PngRows`]: the rows of pixels of a PNG file.

use super::{
    input::{Input, InputFile},
    raster::Pixels,
};
use crate::params::ParamsError;
use png::{Decoder, DecodingError, Reader, Transformations};
use std::{fmt, io::BufReader};

/// The most bytes of a row of pixels: a damaged header must not fill the memory.
const LONGEST_ROW: usize = 1 << 24;
/// The most bytes of pixels that are not in the order of rows.
const MOST_INTERLACED: usize = 1 << 26;

/// The rows of pixels of a picture, from the top.
pub struct PngRows {
    reader: Reader<BufReader<InputFile>>,
    pixels: Pixels,
    /// The row that was decoded last, or all of them where they are not in their order.
    decoded: Vec<u8>,
    row_bytes: usize,
    is_interlaced: bool,
    /// The number of the next row.
    next: usize,
}

impl PngRows {
    /// Opens the picture.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that is no sound picture, or a large one.
    pub fn open(input: &Input) -> Result<Self, ParamsError> {
        let mut decoder = Decoder::new(BufReader::new(input.file()?));
        decoder.set_transformations(Transformations::EXPAND);
        let reader = decoder.read_info().map_err(wrong(input))?;
        let info = reader.info();
        let (width, height) = (info.width as usize, info.height as usize);
        let (is_interlaced, row_bytes) = (info.interlaced, reader.output_line_size(info.width));
        let (colours, depth) = reader.output_color_type();
        let row_bytes = row_bytes.filter(|&bytes| bytes <= LONGEST_ROW);
        let row_bytes =
            row_bytes.ok_or_else(|| too_large(input, "a row of pixels takes", LONGEST_ROW))?;
        if is_interlaced {
            let bytes = row_bytes.checked_mul(height);
            bytes.filter(|&bytes| bytes <= MOST_INTERLACED).ok_or_else(|| {
                let what =
                    "it is interlaced, which takes all its pixels at once; save it without. They take";
                too_large(input, what, MOST_INTERLACED)
            })?;
        }
        Ok(Self {
            reader,
            pixels: Pixels {
                width,
                height,
                colours,
                depth,
            },
            decoded: Vec::new(),
            row_bytes,
            is_interlaced,
            next: 0,
        })
    }

    /// What the pixels are.
    #[must_use]
    pub fn pixels(&self) -> Pixels {
        self.pixels
    }

    /// Bytes that decoding takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        /// Rows of the decoder.
        const ROWS: usize = 4;
        let rows = match self.is_interlaced {
            true => self.pixels.height + ROWS,
            false => ROWS,
        };
        (rows * self.row_bytes) as u64
    }

    /// A row that was not decoded before, or the same again.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that is no sound picture.
    pub fn row(&mut self, input: &Input, number: usize) -> Result<&[u8], ParamsError> {
        let row_bytes = self.row_bytes;
        if self.is_interlaced {
            if self.decoded.is_empty() {
                self.decoded.resize(row_bytes * self.pixels.height, 0);
                self.reader
                    .next_frame(&mut self.decoded)
                    .map_err(wrong(input))?;
            }
            return Ok(&self.decoded[number * row_bytes..][..row_bytes]);
        }
        self.decoded.resize(row_bytes, 0);
        while self.next <= number {
            let read = self.reader.read_row(&mut self.decoded);
            read.map_err(wrong(input))?;
            self.next += 1;
        }
        if self.next == self.pixels.height {
            // The end of the pixels is checked, too.
            let end = self.reader.read_row(&mut vec![0; row_bytes]);
            end.map_err(wrong(input))?;
            self.next += 1;
        }
        Ok(&self.decoded)
    }
}

impl fmt::Debug for PngRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from row {} on", self.pixels, self.next)
    }
}

fn wrong(input: &Input) -> impl Fn(DecodingError) -> ParamsError {
    |error| match error {
        DecodingError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            input.unreadable(&error)
        }
        error => input.damaged(format!("it is no sound PNG file: {error}")),
    }
}

fn too_large(input: &Input, what: &str, most: usize) -> ParamsError {
    input.refuse(&format!("{what} more than {} MiB", most >> 20))
}
