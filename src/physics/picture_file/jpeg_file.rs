//! [`decode`]: the pixels of a JPEG file.

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
use std::io::{self, BufReader, Cursor, Read, Seek};
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZByteIoError, colorspace::ColorSpace, options::DecoderOptions},
};

/// The most pixels along an axis that the format has.
const LONGEST_SIDE: usize = 65_535;

/// Decodes a JPEG file. All arithmetic is that of integers without vectors, so the pixels are the same on any machine.
///
/// # Errors
/// As [`decode`](super::decode).
pub fn decode(mut bytes: BufReader<InputFile>, source: Source<'_>) -> Result<Raster, ParamsError> {
    let input = source.input;
    if !has_end(&mut bytes).map_err(|error| input.unreadable(&error))? {
        return Err(input.damaged("it is no sound JPEG file: its end is missing".to_owned()));
    }
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE);
    let mut decoder = JpegDecoder::new_with_options(bytes, options);
    decoder
        .decode_headers()
        .map_err(|error| wrong(source, &error))?;
    let (colours, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => (ColorSpace::RGB, 3),
        _ => {
            return Err(input.refuse(&format!(
                "its colours are neither grey values nor RGB: {}",
                source.conversion("")
            )));
        }
    };
    let exif = decoder.exif();
    let orientation = exif.and_then(|exif| find_short(&mut Cursor::new(exif), ORIENTATION));
    source.examine_orientation(orientation)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let sample_bytes = (width * height * channels) as u64;
    // Where a file holds its pixels in several passes, the decoder has a coefficient of two bytes for each sample.
    let mut samples = source.memory(
        [height, width].map(|side| side as u32),
        sample_bytes,
        2 * sample_bytes,
    )?;
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    decoder
        .decode_into(&mut samples)
        .map_err(|error| wrong(source, &error))?;
    Ok(Raster {
        shape: (height, width),
        channels,
        sample_bytes: 1,
        is_lossy: true,
        samples,
    })
}

/// Whether a picture has the mark with which it ends, whatever follows it. The decoder does not miss the last rows.
fn has_end(bytes: &mut BufReader<InputFile>) -> io::Result<bool> {
    let result = find_end(bytes);
    bytes.rewind()?;
    match result {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        result => result.map(|()| true),
    }
}

/// Reads up to the end of the picture: over segments, which have their lengths, and the pixels between them, in which 0 follows a
/// byte that is no mark.
fn find_end(bytes: &mut BufReader<InputFile>) -> io::Result<()> {
    const MARK: u8 = 0xff;
    const START: u8 = 0xd8;
    const END: u8 = 0xd9;
    let mut next_byte = || {
        let mut byte = [0];
        bytes.read_exact(&mut byte).map(|()| byte[0])
    };
    loop {
        while next_byte()? != MARK {}
        let mut kind = MARK;
        while kind == MARK {
            kind = next_byte()?;
        }
        match kind {
            END => return Ok(()),
            0 | 1 | START | 0xd0..=0xd7 => {}
            _ => {
                let length = u16::from_be_bytes([next_byte()?, next_byte()?]);
                for _ in 2..length {
                    next_byte()?;
                }
            }
        }
    }
}

/// The error for what the decoder says of a file.
fn wrong(source: Source<'_>, error: &DecodeErrors) -> ParamsError {
    let input: &Input = source.input;
    match error {
        DecodeErrors::IoErrors(ZByteIoError::StdIoError(error))
            if error.kind() != io::ErrorKind::UnexpectedEof =>
        {
            input.unreadable(error)
        }
        DecodeErrors::Unsupported(_) => input.refuse(&format!(
            "its pixels are arithmetically coded or lossless, and JPEG files are read that are baseline or progressive: {}",
            source.conversion("")
        )),
        error => {
            let reason = error.to_string().replace(['"', '\n'], "").replace("\\n", "");
            input.damaged(format!("it is no sound JPEG file: {reason}"))
        }
    }
}
