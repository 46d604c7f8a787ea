//! The storage of the values in a page.
//!
//! A value is `offset + scale · f`, and `f` has the upper three bytes of an f32: 16 significant bits, and all
//! magnitudes that an f32 has. Interpreted as signed integers these bytes have the order of the values, so that they
//! are smooth where the field is smooth. A page stores the difference of each integer from `left + below - corner` (the
//! Lorenzo predictor), mapped to positive integers, in three planes of bytes, deflated, as base64.
//!
//! Source: L. Ibarria et al., Out-of-core compression and decompression of large n-dimensional scalar
//! fields, Computer Graphics Forum 22, 2003 (the predictor).

use crate::{
    error::Error,
    reduced::{Extrema, Reduced},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use std::io::Write;

/// The offset and scale that map values to numbers of moderate size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantiser {
    pub offset: f64,
    /// The scale, a power of two.
    pub scale: f64,
}

impl Quantiser {
    /// The quantiser for values between these ends. If the values are close together, their common part is the offset.
    pub fn new(ends: &Extrema) -> Self {
        let (low, high) = (ends.low, ends.high);
        if !(low.is_finite() && high.is_finite()) {
            return Self {
                offset: 0.0,
                scale: 1.0,
            };
        }
        let largest_magnitude = low.abs().max(high.abs());
        let half = high / 2.0 - low / 2.0;
        let (offset, size) = if half < largest_magnitude / 128.0 {
            (low / 2.0 + high / 2.0, half)
        } else {
            (0.0, largest_magnitude)
        };
        Self {
            offset,
            scale: power_of_two(size),
        }
    }

    /// The upper three bytes of an f32, as a signed integer.
    fn code(&self, value: f64) -> i32 {
        let number = ((value - self.offset) / self.scale) as f32;
        let bits = number.to_bits();
        let magnitude = bits & 0x7fff_ffff;
        let upper = match number.is_nan() {
            true => 0x7f_c000,
            // Rounded to the nearest number, and to the even one of two.
            false => (magnitude + 0x7f + ((magnitude >> 8) & 1)) >> 8,
        };
        let upper = upper as i32;
        if number.is_sign_negative() && !number.is_nan() {
            -upper
        } else {
            upper
        }
    }
}

/// The largest power of two that does not exceed a number, and by which a division does not overflow.
fn power_of_two(size: f64) -> f64 {
    if size < f64::MIN_POSITIVE {
        return f64::MIN_POSITIVE;
    }
    f64::from_bits(size.to_bits() & 0x7ff0_0000_0000_0000)
}

/// The cells of a field as text.
pub(super) fn encode(field: &Reduced, quantiser: &Quantiser) -> Result<String, Error> {
    let (_, columns) = field.dimensions();
    let count = field.cells().len();
    let mut planes = vec![0; 3 * count];
    let (mut codes_below, mut codes) = (vec![0; columns], vec![0; columns]);
    for (row, cells) in field.cells().chunks_exact(columns).enumerate() {
        let (mut left_code, mut corner_code) = (0, 0);
        for (column, &value) in cells.iter().enumerate() {
            let code = quantiser.code(value);
            let predicted = left_code + codes_below[column] - corner_code;
            // Modulo 2^24, with a sign.
            let difference = ((code - predicted) << 8) >> 8;
            let folded = (difference << 1) ^ (difference >> 31);
            let cell = row * columns + column;
            for (plane, byte) in folded.to_be_bytes().into_iter().skip(1).enumerate() {
                planes[plane * count + cell] = byte;
            }
            (left_code, corner_code, codes[column]) = (code, codes_below[column], code);
        }
        std::mem::swap(&mut codes_below, &mut codes);
    }
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let deflated = deflated
        .write_all(&planes)
        .and_then(|()| deflated.finish())
        .map_err(Error::undrawn)?;
    Ok(STANDARD.encode(deflated))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use ndarray::Array2;
    use std::io::Read;

    /// Decodes a field as the page does.
    fn decode(text: &str, (rows, columns): (usize, usize), quantiser: &Quantiser) -> Vec<f64> {
        let packed = STANDARD.decode(text).unwrap();
        let mut bytes = Vec::new();
        ZlibDecoder::new(&packed[..])
            .read_to_end(&mut bytes)
            .unwrap();
        let count = rows * columns;
        let mut codes = vec![0i32; count];
        for at in 0..count {
            let (row, column) = (at / columns, at % columns);
            let code = |is_there: bool, back: usize| if is_there { codes[at - back] } else { 0 };
            let sum = code(column > 0, 1) + code(row > 0, columns)
                - code(row > 0 && column > 0, columns + 1);
            let plane = |plane: usize| i32::from(bytes[plane * count + at]);
            let folded = plane(0) << 16 | plane(1) << 8 | plane(2);
            codes[at] = ((sum + ((folded >> 1) ^ -(folded & 1))) << 8) >> 8;
        }
        let value = |code: i32| {
            let number = f32::from_bits(code.unsigned_abs() << 8);
            let number = if code < 0 { -number } else { number };
            f64::from(number) * quantiser.scale + quantiser.offset
        };
        codes.into_iter().map(value).collect()
    }

    #[test]
    fn values_come_back_with_sixteen_bits() {
        let fields: [&dyn Fn(usize, usize) -> f64; 8] = [
            &|j, i| (j as f64 / 9.0).sin() * (i as f64 / 7.0).cos(),
            &|j, i| (-((j * j + i * i) as f64) / 3.0).exp(),
            &|j, i| 300.0 + 1e-6 * (j + i) as f64,
            &|j, i| (j as f64 - i as f64) * 1e300,
            &|j, i| (j * i) as f64 * 1e-312,
            &|_, _| 0.0,
            &|_, _| -7.25,
            &|j, i| {
                if j == i {
                    f64::NAN
                } else if j > 15 {
                    f64::INFINITY
                } else {
                    -1e9
                }
            },
        ];
        for (number, field) in fields.into_iter().enumerate() {
            let field = Array2::from_shape_fn((20, 31), |(j, i)| field(j, i));
            let reduced = Reduced::new(&field.view(), 20, 31).unwrap();
            let quantiser = Quantiser::new(&reduced.ends());
            let text = encode(&reduced, &quantiser).unwrap();
            for (back, value) in decode(&text, (20, 31), &quantiser).iter().zip(&field) {
                let least = quantiser.scale * 1e-38;
                let error = 2f64.powi(-16) * (value - quantiser.offset).abs() + least;
                let is_close = (back - value).abs() <= error || back == value;
                let both_nan = back.is_nan() && value.is_nan();
                assert!(is_close || both_nan, "{number}: {value} {back}");
            }
        }
    }
}
