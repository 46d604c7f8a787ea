//! A picture as the initial state.

use super::super::{input::Input, nodes::Nodes};
use crate::{field::Field, params::ParamsError};
use diff2d_stencil::real::Real;
use png::{BitDepth, ColorType, Decoder, DecodingError, Transformations};
use rayon::prelude::*;
use std::io::BufReader;

/// The most bytes that a picture may have in memory: a damaged header must not fill it.
const LARGEST: usize = 1 << 30;

/// A PNG file, its grey values mapped to a range.
///
/// The outermost pixels lie on the outermost nodes, the lowest row of pixels on row 0; a node between
/// pixels has the bilinear mean of four. A picture of the grid's shape has a pixel for every node. Colours
/// become grey as 0.299 R + 0.587 G + 0.114 B; transparency is ignored.
///
/// Source of the weights: ITU-R BT.601.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    input: Input,
    /// The values of black and white.
    range: [f64; 2],
}

/// Grey values from 0 to 1, row by row from the top.
struct Pixels {
    values: Vec<f64>,
    width: usize,
    height: usize,
}

impl Picture {
    /// A picture that can be decoded.
    pub(super) fn new(input: Input, range: [f64; 2]) -> Result<Self, ParamsError> {
        let picture = Self { input, range };
        picture.decode()?;
        Ok(picture)
    }

    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// Writes its values to the rows of a field, of the grid's rows from `first` on.
    pub(super) fn fill<T: Real>(
        &self,
        field: &mut Field<T>,
        nodes: &Nodes,
        first: usize,
    ) -> Result<(), ParamsError> {
        let pixels = self.decode()?;
        let [black, white] = self.range;
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        let columns = (0..nx).map(|i| between(nodes.column(i), nx, pixels.width));
        let columns: Vec<_> = columns.collect();
        let rows = field.as_mut_slice().par_chunks_exact_mut(nx);
        rows.enumerate().for_each(|(row, out)| {
            let (above, below, part_below) =
                between(ny - 1 - nodes.row(first + row), ny, pixels.height);
            let row_of = |y: usize| &pixels.values[y * pixels.width..][..pixels.width];
            let (above, below) = (row_of(above), row_of(below));
            for (value, &(west, east, part_east)) in out.iter_mut().zip(&columns) {
                let along = |row: &[f64]| mix(row[west], row[east], part_east);
                let grey = mix(along(above), along(below), part_below);
                *value = T::from_f64(black + (white - black) * grey);
            }
        });
        Ok(())
    }

    fn decode(&self) -> Result<Pixels, ParamsError> {
        let wrong = |error: DecodingError| match error {
            DecodingError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                self.input.unreadable(&error)
            }
            error => self
                .input
                .damaged(format!("it is no sound PNG file: {error}")),
        };
        let mut decoder = Decoder::new(BufReader::new(self.input.file()?));
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(wrong)?;
        let bytes = reader.output_buffer_size();
        let bytes = bytes.filter(|&bytes| bytes <= LARGEST).ok_or_else(|| {
            let reason = format!("its pixels take more than {} MiB", LARGEST >> 20);
            self.input.refuse(&reason)
        })?;
        let mut raw = vec![0; bytes];
        let info = reader.next_frame(&mut raw).map_err(wrong)?;
        raw.truncate(info.buffer_size());
        let samples: Vec<f64> = match info.bit_depth {
            BitDepth::Sixteen => {
                let pairs = raw.as_chunks().0.iter();
                pairs
                    .map(|&pair| f64::from(u16::from_be_bytes(pair)) / 65_535.0)
                    .collect()
            }
            _ => raw.iter().map(|&byte| f64::from(byte) / 255.0).collect(),
        };
        let values = samples
            .chunks_exact(info.color_type.samples())
            .map(|pixel| grey(info.color_type, pixel))
            .collect();
        Ok(Pixels {
            values,
            width: info.width as usize,
            height: info.height as usize,
        })
    }
}

/// The grey value of a pixel.
fn grey(colours: ColorType, pixel: &[f64]) -> f64 {
    match (colours, pixel) {
        (ColorType::Rgb | ColorType::Rgba, &[red, green, blue, ..])
            if !(red == green && green == blue) =>
        {
            0.299 * red + 0.587 * green + 0.114 * blue
        }
        _ => pixel[0],
    }
}

/// The pixels on both sides of node `number` of `nodes`, and the part that the second has.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of nodes and pixels are below 2^31"
)]
fn between(number: usize, nodes: usize, pixels: usize) -> (usize, usize, f64) {
    let at = number as f64 * (pixels - 1) as f64 / (nodes - 1) as f64;
    let first = (at as usize).min(pixels - 1);
    (first, (first + 1).min(pixels - 1), at - first as f64)
}

/// `(1 - part) a + part b`; exactly `a` if `part` is 0.
fn mix(a: f64, b: f64, part: f64) -> f64 {
    if part == 0.0 { a } else { a + part * (b - a) }
}
