//! [`decode`]: the pixels of a TIFF file.

use super::{source::Source, tiff_directory::entries};
use crate::{
    params::ParamsError,
    physics::{input::InputFile, raster::Raster},
};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, Limits},
    tags::Tag,
};

/// The tag that says what samples mean, with the values for grey values, 0 black, and for numbers of a palette.
const MEANING: u16 = 262;
const GREY: u8 = 1;
const PALETTE: u16 = 3;
/// Values of other tags.
const UNSIGNED: [u16; 2] = [1, 4];
const PLANES_APART: u16 = 2;
const LOWEST_BIT_FIRST: u16 = 2;
const MULTIPLIED_OPACITY: u16 = 1;
const OPACITY: u16 = 2;

/// Decodes a TIFF file of one picture.
///
/// # Errors
/// As [`decode`](super::decode).
pub fn decode(bytes: BufReader<InputFile>, source: Source<'_>) -> Result<Raster, ParamsError> {
    let mut file = Patched {
        file: bytes,
        position: 0,
        patch: None,
    };
    let length = file.seek(SeekFrom::End(0));
    let length = length.map_err(|error| source.input.unreadable(&error))?;
    let entries = entries(&mut file).unwrap_or_default();
    if let Some(entry) = entries.iter().find(|entry| entry.value_bytes > length) {
        let reason = format!(
            "it is no sound TIFF file: tag {} has more values than the file can hold",
            entry.tag
        );
        return Err(source.input.damaged(reason));
    }
    // The decoder knows no palettes. It reads their numbers as grey values from a file that says so.
    let meaning = entries
        .iter()
        .find(|entry| entry.tag == MEANING && entry.value == PALETTE);
    file.patch = meaning.map(|meaning| (meaning.place, GREY));
    let start = file.rewind();
    start.map_err(|error| source.input.unreadable(&error))?;
    let decoder = Decoder::new(file).map_err(|error| wrong(source, error))?;
    let mut limits = Limits::default();
    limits.intermediate_buffer_size = usize::MAX;
    let mut decoder = decoder.with_limits(limits);
    let layout = Layout::examined(&mut decoder, source, meaning.is_some())?;
    layout.read(&mut decoder, source)
}

type Tags = Decoder<Patched<BufReader<InputFile>>>;

/// How a file holds its pixels.
struct Layout {
    /// Numbers of rows and columns of pixels.
    size: [u32; 2],
    channels: usize,
    /// Bits of a sample in the file.
    bits: usize,
    /// Red, green and blue of each number that a pixel may have.
    palette: Option<Vec<[u8; 3]>>,
    /// Whether colours are multiplied by the opacity.
    is_multiplied: bool,
}

impl Layout {
    /// The layout of a file, unless it is none that is read.
    fn examined(
        decoder: &mut Tags,
        source: Source<'_>,
        has_palette: bool,
    ) -> Result<Self, ParamsError> {
        source.examine_orientation(Some(first(decoder, source, Tag::Orientation, 1)?))?;
        if decoder.more_images() {
            return Err(source.input.refuse(&format!(
                "it has more than one page, and a picture is one: {}, both of the first page",
                source.conversion("[0]")
            )));
        }
        let (width, height) = decoder.dimensions().map_err(|error| wrong(source, error))?;
        let bits = first(decoder, source, Tag::BitsPerSample, 1)?;
        let format = first(decoder, source, Tag::SampleFormat, 1)?;
        if !UNSIGNED.contains(&format) || bits > 16 {
            let kind = match format {
                2 => "integers with a sign",
                3 => "floating-point numbers",
                _ => "integers",
            };
            return Err(source.input.refuse(&format!(
                "its samples are {kind} of {bits} bits, of which none is black or white: an array (.npy) of them, in its place as {{ file = … }}, gives nodes these numbers; in Python, numpy.save(…, numpy.asarray(PIL.Image.open({:?}))[::-1]), as arrays begin with the lowest row",
                source.input.path().file_name().unwrap_or_default()
            )));
        }
        let samples_each = first(decoder, source, Tag::SamplesPerPixel, 1)?;
        let extra = first(decoder, source, Tag::ExtraSamples, 0)?;
        let has_opacity = [OPACITY, MULTIPLIED_OPACITY].contains(&extra);
        let colours = decoder.colortype().map_err(|error| wrong(source, error))?;
        let channels = match colours {
            ColorType::Gray(_) => 1,
            ColorType::Multiband { num_samples: 2, .. } if has_opacity => 2,
            ColorType::RGB(_) => 3,
            ColorType::RGBA(_) => 4,
            _ => 0,
        };
        let is_packed = channels == 1 && matches!(bits, 1 | 2 | 4);
        let has_more = has_palette && channels > 1;
        if channels == 0 || has_more || samples_each > 4 || !(is_packed || matches!(bits, 8 | 16)) {
            let pixels = match colours {
                ColorType::CMYK(_) | ColorType::CMYKA(_) => "its colours are CMYK".to_owned(),
                ColorType::YCbCr(_) => "its colours are YCbCr".to_owned(),
                _ => format!("its pixels have {samples_each} samples of {bits} bits"),
            };
            return Err(unsupported(source, &pixels));
        }
        if channels > 1 && first(decoder, source, Tag::PlanarConfiguration, 1)? == PLANES_APART {
            return Err(unsupported(
                source,
                "its colours stand apart from each other, in planes",
            ));
        }
        if first(decoder, source, Tag::FillOrder, 1)? == LOWEST_BIT_FIRST {
            return Err(unsupported(source, "its bits stand in reverse order"));
        }
        let (chunk_width, _) = decoder.chunk_dimensions();
        source.examine_row(
            u64::from(chunk_width.max(width))
                * u64::from(samples_each)
                * u64::from(bits.div_ceil(8)),
        )?;
        let palette = has_palette
            .then(|| palette(decoder, source, bits))
            .transpose()?;
        Ok(Self {
            size: [height, width],
            channels: if has_palette { 3 } else { channels },
            bits: usize::from(bits),
            palette,
            is_multiplied: extra == MULTIPLIED_OPACITY,
        })
    }

    /// Reads the pixels.
    fn read(&self, decoder: &mut Tags, source: Source<'_>) -> Result<Raster, ParamsError> {
        let [height, width] = self.size.map(|side| side as usize);
        let sample_bytes = if self.bits == 16 { 2 } else { 1 };
        let pixel_bytes = (self.channels * sample_bytes) as u64;
        let pixels = self.size.map(u64::from).iter().product::<u64>();
        let mut samples = source.memory(self.size, pixels.saturating_mul(pixel_bytes), 0)?;
        let layout = decoder.image_buffer_layout();
        let read_bytes = layout.map_err(|error| wrong(source, error))?.len;
        let Some(first_read) = samples.len().checked_sub(read_bytes) else {
            return Err(unsupported(
                source,
                "its pixels take more bytes than their samples",
            ));
        };
        let read = decoder.read_image_bytes(&mut samples[first_read..]);
        read.map_err(|error| wrong(source, error))?;
        if let Some(palette) = &self.palette {
            expand(&mut samples, [height, width], self.bits, palette);
        } else if self.bits < 8 {
            let greys: Vec<[u8; 1]> = (0..1 << self.bits)
                .map(|grey: u16| [(grey * 255 / ((1 << self.bits) - 1)) as u8])
                .collect();
            expand(&mut samples, [height, width], self.bits, &greys);
        } else if self.bits == 16 {
            let pairs = samples.as_chunks_mut().0.iter_mut();
            pairs.for_each(|pair| *pair = u16::from_ne_bytes(*pair).to_be_bytes());
        }
        let raster = Raster {
            shape: (height, width),
            channels: self.channels,
            sample_bytes,
            is_lossy: false,
            samples,
        };
        if self.is_multiplied && !raster.is_opaque() {
            return Err(unsupported(
                source,
                "its colours are multiplied by its opacity",
            ));
        }
        Ok(raster)
    }
}

/// The colours of a palette.
fn palette(decoder: &mut Tags, source: Source<'_>, bits: u16) -> Result<Vec<[u8; 3]>, ParamsError> {
    let numbers = decoder.get_tag_u16_vec(Tag::ColorMap);
    let numbers = numbers.map_err(|error| wrong(source, error))?;
    let count = numbers.len() / 3;
    if bits > 8 || numbers.len() != 3 << bits {
        return Err(unsupported(
            source,
            &format!("its palette of {count} colours is not that of {bits} bits"),
        ));
    }
    // The numbers have 16 bits, of which programs fill the lower 8 with the upper ones or with nothing; some write 8.
    let shift = if numbers.iter().all(|&number| number < 256) {
        0
    } else {
        8
    };
    Ok((0..count)
        .map(|colour| [0, 1, 2].map(|primary| (numbers[primary * count + colour] >> shift) as u8))
        .collect())
}

/// Replaces numbers of so many bits, whose rows stand packed at the end of the samples, by the samples of each number.
fn expand<const CHANNELS: usize>(
    samples: &mut [u8],
    [height, width]: [usize; 2],
    bits: usize,
    samples_of_numbers: &[[u8; CHANNELS]],
) {
    let row_bytes = (width * bits).div_ceil(8);
    let first_packed = samples.len() - height * row_bytes;
    for pixel in 0..height * width {
        let (row, first_bit) = (pixel / width, pixel % width * bits);
        let byte = samples[first_packed + row * row_bytes + first_bit / 8];
        let number = usize::from(byte) >> (8 - bits - first_bit % 8) & ((1 << bits) - 1);
        samples[pixel * CHANNELS..][..CHANNELS].copy_from_slice(&samples_of_numbers[number]);
    }
}

/// The first number of a tag, or the one that it has where the file does not say it.
fn first(
    decoder: &mut Tags,
    source: Source<'_>,
    tag: Tag,
    default: u16,
) -> Result<u16, ParamsError> {
    let numbers = decoder.find_tag_unsigned_vec(tag);
    let numbers = numbers.map_err(|error| wrong(source, error))?;
    Ok(numbers
        .and_then(|numbers| numbers.first().copied())
        .unwrap_or(default))
}

/// Refuses a file whose pixels are held in a way that is not read.
fn unsupported(source: Source<'_>, what: &str) -> ParamsError {
    source.input.refuse(&format!(
        "{what}; TIFF files are read that have grey values, a palette or RGB of up to 16 bits, uncompressed or compressed by LZW, Deflate or PackBits: {}",
        source.conversion("")
    ))
}

/// The error for what the decoder says of a file.
fn wrong(source: Source<'_>, error: TiffError) -> ParamsError {
    let input = source.input;
    match error {
        TiffError::IoError(error) => match error.kind() {
            ErrorKind::UnexpectedEof => {
                input.damaged("it is no sound TIFF file: it ends before its pixels do".to_owned())
            }
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                input.damaged(format!("it is no sound TIFF file: {error}"))
            }
            _ => input.unreadable(&error),
        },
        TiffError::UnsupportedError(error) => unsupported(source, &error.to_string()),
        TiffError::LimitsExceeded | TiffError::IntSizeError => input.refuse(
            "its header promises more pixels, or its texts are longer, than any picture may have: scale the picture down to the nodes of the grid, and leave its texts out",
        ),
        error => input.damaged(format!("it is no sound TIFF file: {error}")),
    }
}

/// A file in which a byte may have another value.
struct Patched<F> {
    file: F,
    /// The place of the next byte.
    position: u64,
    /// The place of a byte, and its value.
    patch: Option<(u64, u8)>,
}

impl<F: Read> Read for Patched<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        if let Some((place, value)) = self.patch {
            let offset = place.checked_sub(self.position);
            let offset = offset.and_then(|offset| usize::try_from(offset).ok());
            if let Some(byte) = offset.and_then(|offset| out[..count].get_mut(offset)) {
                *byte = value;
            }
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl<F: Seek> Seek for Patched<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}
