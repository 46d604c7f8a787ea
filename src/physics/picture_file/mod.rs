//! [`decode`]: the pixels of a picture's file.

mod jpeg_file;
mod png_file;
mod source;
mod tiff_directory;
mod tiff_file;

use super::{input::Input, raster::Raster};
use crate::params::ParamsError;
use source::Source;
use std::io::{BufRead, BufReader};

/// The formats of pictures, and the first bytes of their files.
const FORMATS: [(&str, &[u8]); 8] = [
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),
    ("TIFF", b"MM\0+"),
    ("JPEG", b"\xff\xd8\xff"),
    ("GIF", b"GIF8"),
    ("BMP", b"BM"),
    ("WebP", b"RIFF"),
];

/// Decodes a picture whose pixels may take so many bytes. Its first bytes say which format it has.
///
/// # Errors
/// [`ParamsError`] for a file that is no sound picture, and for one that promises more pixels, before they have memory.
pub fn decode(input: &Input, most_bytes: u64) -> Result<Raster, ParamsError> {
    let mut bytes = BufReader::new(input.file()?);
    let head = bytes.fill_buf().map_err(|error| input.unreadable(&error))?;
    let mut formats = FORMATS.into_iter();
    let format = formats.find(|(_, signature)| head.starts_with(signature));
    let source = Source { input, most_bytes };
    match format {
        None => png_file::decode(bytes, source),
        Some(("TIFF", _)) => tiff_file::decode(bytes, source),
        Some(("JPEG", _)) => jpeg_file::decode(bytes, source),
        Some((name, _)) => Err(input.refuse(&format!(
            "it is a {name} file, and pictures are read from PNG, TIFF and JPEG files: {}",
            source.conversion("")
        ))),
    }
}
