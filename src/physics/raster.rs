//! [`Raster`]: the pixels of a picture and their grey values.

use crate::params::Alpha;
use diff2d_sys::Memory;

/// The pixels of a picture, row by row from the top.
#[derive(Debug)]
pub struct Raster {
    /// Numbers of rows and columns of pixels.
    pub shape: (usize, usize),
    /// The number of samples of a pixel: 1 for a grey value, 3 for red, green and blue, and one more for opacity.
    pub channels: usize,
    /// Bytes of a sample: 1 or, with the higher byte first, 2.
    pub sample_bytes: usize,
    /// Whether the file has changed the grey values beside edges, as JPEG does.
    pub is_lossy: bool,
    /// The samples of all pixels.
    pub samples: Memory,
}

impl Raster {
    /// Whether pixels differ in their opacity.
    #[must_use]
    pub fn opacity_varies(&self) -> bool {
        if !self.has_opacity() {
            return false;
        }
        let mut opacities = self.opacities();
        let first_opacity = opacities.next();
        opacities.any(|opacity| Some(opacity) != first_opacity)
    }

    /// Whether every pixel hides what is behind it.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        !self.has_opacity() || self.opacities().flatten().all(|&byte| byte == u8::MAX)
    }

    /// The bytes of the opacity of each pixel, which has one.
    fn opacities(&self) -> impl Iterator<Item = &[u8]> {
        let pixel_bytes = self.channels * self.sample_bytes;
        let pixels = self.samples.chunks_exact(pixel_bytes);
        pixels.map(move |pixel| &pixel[pixel_bytes - self.sample_bytes..])
    }

    fn has_opacity(&self) -> bool {
        self.channels.is_multiple_of(2)
    }

    /// The grey value of a pixel, from 0 to 1, where its opacity means `alpha`.
    ///
    /// Source of the weights: ITU-R BT.601.
    #[must_use]
    pub fn grey(&self, row: usize, column: usize, alpha: Alpha) -> f64 {
        let first_sample = (row * self.shape.1 + column) * self.channels;
        let grey = match self.channels {
            3 | 4 => {
                let [red, green, blue] = [0, 1, 2].map(|number| self.sample(first_sample + number));
                if red == green && green == blue {
                    red
                } else {
                    0.299 * red + 0.587 * green + 0.114 * blue
                }
            }
            _ => self.sample(first_sample),
        };
        if !self.has_opacity() {
            return grey;
        }
        let opacity = self.sample(first_sample + self.channels - 1);
        match alpha {
            Alpha::White => opacity * grey + (1.0 - opacity),
            Alpha::Ignore => grey,
            Alpha::Values => opacity,
        }
    }

    /// The sample with a number, from 0 to 1.
    fn sample(&self, number: usize) -> f64 {
        match self.sample_bytes {
            1 => f64::from(self.samples[number]) / 255.0,
            _ => {
                let bytes = [self.samples[2 * number], self.samples[2 * number + 1]];
                f64::from(u16::from_be_bytes(bytes)) / 65_535.0
            }
        }
    }
}
