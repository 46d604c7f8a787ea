//! [`Pixels`]: what the pixels of a picture are, and grey values at nodes between them.

use png::{BitDepth, ColorType};

/// What the pixels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub colours: ColorType,
    pub depth: BitDepth,
}

impl Pixels {
    /// Bytes of a pixel.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self.depth {
            BitDepth::Sixteen => 2 * self.colours.samples(),
            _ => self.colours.samples(),
        }
    }

    /// The grey value of a pixel of a row, which lies on white where it is transparent.
    ///
    /// Source of the weights: ITU-R BT.601.
    #[must_use]
    pub fn grey(self, row: &[u8], pixel: usize) -> f64 {
        let first = pixel * self.colours.samples();
        let sample = |number: usize| match self.depth {
            BitDepth::Sixteen => {
                let at = 2 * (first + number);
                f64::from(u16::from_be_bytes([row[at], row[at + 1]])) / 65_535.0
            }
            _ => f64::from(row[first + number]) / 255.0,
        };
        let grey = match self.colours {
            ColorType::Rgb | ColorType::Rgba => {
                let [red, green, blue] = [0, 1, 2].map(sample);
                match red == green && green == blue {
                    true => red,
                    false => 0.299 * red + 0.587 * green + 0.114 * blue,
                }
            }
            _ => sample(0),
        };
        match self.colours {
            ColorType::GrayscaleAlpha | ColorType::Rgba => {
                let opacity = sample(self.colours.samples() - 1);
                opacity * grey + (1.0 - opacity)
            }
            _ => grey,
        }
    }
}

/// The pixels on both sides of node `number` of `nodes`, and the part that the second has.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of nodes and pixels are below 2^31"
)]
#[must_use]
pub fn between(number: usize, nodes: usize, pixels: usize) -> (usize, usize, f64) {
    let at = number as f64 * (pixels - 1) as f64 / (nodes - 1) as f64;
    let first = (at as usize).min(pixels - 1);
    (first, (first + 1).min(pixels - 1), at - first as f64)
}

/// `(1 - part) a + part b`; exactly `a` if `part` is 0, and `b` if it is 1.
#[must_use]
pub fn mix(a: impl FnOnce() -> f64, b: impl FnOnce() -> f64, part: f64) -> f64 {
    match part {
        0.0 => a(),
        1.0 => b(),
        _ => {
            let a = a();
            a + part * (b() - a)
        }
    }
}
