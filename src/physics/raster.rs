//! [`Raster`]: the pixels of a picture, and grey values at nodes between them.

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
    /// The grey values of a row, from 0 to 1.
    #[must_use]
    pub fn greys(self, row: &[u8]) -> Vec<f64> {
        (0..self.width).map(|at| self.grey(row, at)).collect()
    }

    /// The grey value of a pixel of a row, which lies on white where it is transparent.
    ///
    /// Source of the weights: ITU-R BT.601.
    fn grey(self, row: &[u8], pixel: usize) -> f64 {
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

/// All pixels of a picture, in memory as they were decoded.
#[derive(Debug, PartialEq)]
pub struct Raster {
    pixels: Pixels,
    bytes: Vec<u8>,
}

impl Raster {
    /// Pixels row by row, the top one first.
    #[must_use]
    pub fn new(pixels: Pixels, bytes: Vec<u8>) -> Self {
        Self { pixels, bytes }
    }

    /// Numbers of rows and columns.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.pixels.height, self.pixels.width)
    }

    /// The grey values of a row, from 0 to 1.
    #[must_use]
    pub fn greys(&self, number: usize) -> Vec<f64> {
        let of_row = self.bytes.len() / self.pixels.height;
        self.pixels.greys(&self.bytes[number * of_row..][..of_row])
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The values of row `j` of `ny` rows of nodes; `range` are those of black and white.
    pub fn row(&self, (j, ny): (usize, usize), [black, white]: [f64; 2], out: &mut [f64]) {
        let Pixels { width, height, .. } = self.pixels;
        let nx = out.len();
        let (above, below, part_below) = between(ny - 1 - j, ny, height);
        let of_row = self.bytes.len() / height;
        let [above, below] = [above, below].map(|number| &self.bytes[number * of_row..][..of_row]);
        for (i, value) in out.iter_mut().enumerate() {
            let (west, east, part_east) = between(i, nx, width);
            let along = |row: &[u8]| {
                let grey = |pixel: usize| self.pixels.grey(row, pixel);
                mix(grey(west), || grey(east), part_east)
            };
            let grey = mix(along(above), || along(below), part_below);
            *value = black + (white - black) * grey;
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

/// `(1 - part) a + part b`; exactly `a` if `part` is 0.
#[must_use]
pub fn mix(a: f64, b: impl FnOnce() -> f64, part: f64) -> f64 {
    if part == 0.0 { a } else { a + part * (b() - a) }
}
