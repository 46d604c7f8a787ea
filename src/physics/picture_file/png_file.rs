//! [`decode`]: the pixels of a PNG file.

use super::{
    source::{ORIENTATION, Source},
    tiff_directory::find_short,
};
use crate::{
    params::ParamsError,
    physics::{
        input::{Input, InputFile},
        raster::Raster,
    },
};
use png::{BitDepth, Decoder, DecodingError, Transformations};
use std::io::{BufReader, Cursor, ErrorKind};

/// Decodes a PNG file.
///
/// # Errors
/// As [`decode`](super::decode).
pub fn decode(bytes: BufReader<InputFile>, source: Source<'_>) -> Result<Raster, ParamsError> {
    let input = source.input;
    let mut decoder = Decoder::new(bytes);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|error| wrong(input, error))?;
    let (width, height) = reader.info().size();
    let (colours, depth) = reader.output_color_type();
    let row_bytes = reader.output_line_size(width).unwrap_or(usize::MAX) as u64;
    source.examine_row(row_bytes)?;
    let mut samples = source.memory([height, width], row_bytes * u64::from(height), 0)?;
    reader
        .next_frame(&mut samples)
        .map_err(|error| wrong(input, error))?;
    // The data of Exif may stand behind the pixels.
    reader.finish().map_err(|error| wrong(input, error))?;
    let exif = reader.info().exif_metadata.as_deref();
    let orientation = exif.and_then(|exif| find_short(&mut Cursor::new(exif), ORIENTATION));
    source.examine_orientation(orientation)?;
    Ok(Raster {
        shape: (height as usize, width as usize),
        channels: colours.samples(),
        sample_bytes: match depth {
            BitDepth::Sixteen => 2,
            _ => 1,
        },
        is_lossy: false,
        samples,
    })
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
