//! [`decode`]: the pixels of a PNG file.

use super::{input::Input, raster::Raster};
use crate::params::ParamsError;
use diff2d_arrays::wording;
use diff2d_sys::Memory;
use png::{BitDepth, Decoder, DecodingError, Transformations};
use std::{
    io::{self, BufRead, BufReader, ErrorKind},
    path::Path,
};

/// The most bytes of a row of pixels, of which the decoder holds several.
const LONGEST_ROW: u64 = 1 << 24;

/// Decodes a picture whose pixels may take so many bytes.
///
/// # Errors
/// [`ParamsError`] for a file that is no sound PNG file, and for one that promises more pixels, before they have memory.
pub fn decode(input: &Input, most_bytes: u64) -> Result<Raster, ParamsError> {
    let mut bytes = BufReader::new(input.file()?);
    let head = bytes.fill_buf();
    if let Some(format) = other_format(head.map_err(|error| input.unreadable(&error))?) {
        return Err(of_other_format(input, format));
    }
    let mut decoder = Decoder::new(bytes);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| wrong(input, error))?;
    let (width, height) = reader.info().size();
    let (colours, depth) = reader.output_color_type();
    let row_bytes = reader.output_line_size(width).unwrap_or(usize::MAX) as u64;
    if row_bytes > LONGEST_ROW {
        return Err(too_large(
            input,
            "a row of its pixels takes",
            row_bytes,
            LONGEST_ROW,
        ));
    }
    let pixel_bytes = row_bytes * u64::from(height);
    if pixel_bytes > most_bytes {
        let subject = format!("its {height} × {width} pixels take");
        return Err(too_large(input, &subject, pixel_bytes, most_bytes));
    }
    let samples = usize::try_from(pixel_bytes)
        .map_err(|_| io::Error::from(ErrorKind::OutOfMemory))
        .and_then(Memory::zeroed);
    let mut samples = samples.map_err(|error| input.unreadable(&error))?;
    reader
        .next_frame(&mut samples)
        .map_err(|error| wrong(input, error))?;
    Ok(Raster {
        shape: (height as usize, width as usize),
        colours,
        sample_bytes: match depth {
            BitDepth::Sixteen => 2,
            _ => 1,
        },
        samples,
    })
}

/// The name of the format of a file that is not PNG, from its first bytes.
fn other_format(head: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&str, &[u8]); 7] = [
        ("TIFF", b"II*\0"),
        ("TIFF", b"MM\0*"),
        ("TIFF", b"II+\0"),
        ("TIFF", b"MM\0+"),
        ("JPEG", b"\xff\xd8\xff"),
        ("GIF", b"GIF8"),
        ("BMP", b"BM"),
    ];
    let mut formats = FORMATS.into_iter();
    let (name, _) = formats.find(|(_, signature)| head.starts_with(signature))?;
    Some(name)
}

/// Refuses a picture of another format, and says how to convert it to PNG.
fn of_other_format(input: &Input, format: &str) -> ParamsError {
    let name = Path::new(input.path().file_name().unwrap_or_default());
    // A file of another format may be called .png as well, and stays as it is.
    let png = match name.with_extension("png") {
        png if png == name => name.with_extension("converted.png"),
        png => png,
    };
    let [name, png] = [name, &png].map(|path| path.display().to_string());
    input.refuse(&format!(
        "it is a {format} file, and pictures are read from PNG files: `magick {name} {png}` (ImageMagick) writes one, and so does Python with Pillow: PIL.Image.open({name:?}).save({png:?})"
    ))
}

/// The error for what the decoder says of a file.
fn wrong(input: &Input, error: DecodingError) -> ParamsError {
    match error {
        DecodingError::IoError(error) if error.kind() != ErrorKind::UnexpectedEof => {
            input.unreadable(&error)
        }
        DecodingError::LimitsExceeded => input.refuse(
            "its header promises more pixels, or its texts are longer, than any picture may have: scale the picture down to the nodes of the grid, and leave its texts out",
        ),
        error => input.damaged(format!("it is no sound PNG file: {error}")),
    }
}

/// Refuses a picture of which a part takes more bytes than it may.
fn too_large(input: &Input, part_takes: &str, needed: u64, allowed: u64) -> ParamsError {
    let [needed, allowed] = [needed, allowed].map(wording::bytes);
    input.refuse(&format!(
        "{part_takes} {needed} of memory, and {allowed} are allowed: scale the picture down to the nodes of the grid, or give an array (.npy) in its place, which is read in pieces"
    ))
}
