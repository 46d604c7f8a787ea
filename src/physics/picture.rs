//! [`Picture`]: the pixels of a file as values on the nodes, for initial states, materials and masks.

use super::{input::Input, picture_file::decode, raster::Raster};
use crate::params::{Alpha, Interpolation, ParamsError};
use rayon::prelude::*;
use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

/// The grey values of a picture, mapped to a range.
///
/// The outermost pixels lie on the outermost nodes, the lowest row of pixels on row 0. A node between pixels has the
/// bilinear mean of four pixels or the value of the nearest one. A picture of the grid's shape has a pixel for every
/// node. Colours become grey as
/// 0.299 R + 0.587 G + 0.114 B.
///
/// All pixels are in memory while there is a picture of them; pictures of the same file share them.
#[derive(Debug, Clone)]
pub struct Picture {
    input: Input,
    /// The values of black and white.
    range: [f64; 2],
    interpolation: Interpolation,
    /// What the opacity of pixels means. Where nothing was said, it is the same for all of them.
    alpha: Alpha,
    raster: Arc<Raster>,
    /// The pixels beside each row of nodes, from the top, and beside each column.
    rows: Arc<[PixelsBeside]>,
    columns: Arc<[PixelsBeside]>,
    /// The number of nodes whose values lie between the values of the surrounding pixels, and the least and the largest value
    /// of a node, once they are known.
    seen: OnceLock<(u64, [f64; 2])>,
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && (self.range, self.interpolation, self.alpha)
                == (other.range, other.interpolation, other.alpha)
    }
}

/// The pixels on both sides of a node along an axis.
#[derive(Debug, Clone, Copy)]
struct PixelsBeside {
    first: usize,
    second: usize,
    /// The part that the second pixel has in the value of the node.
    part: f64,
}

impl PixelsBeside {
    /// The pixels beside node `number` of `nodes`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of nodes and pixels are below 2^31"
    )]
    fn new(number: usize, nodes: usize, pixels: usize, interpolation: Interpolation) -> Self {
        let position = number as f64 * (pixels - 1) as f64 / (nodes - 1) as f64;
        let first_pixel = (position as usize).min(pixels - 1);
        let part = position - first_pixel as f64;
        Self {
            first: first_pixel,
            second: (first_pixel + 1).min(pixels - 1),
            part: match interpolation {
                Interpolation::Linear => part,
                Interpolation::Nearest if part < 0.5 => 0.0,
                Interpolation::Nearest => 1.0,
            },
        }
    }

    /// The pixels beside each of so many nodes.
    fn along(nodes: usize, pixels: usize, interpolation: Interpolation) -> Arc<[Self]> {
        (0..nodes)
            .map(|number| Self::new(number, nodes, pixels, interpolation))
            .collect()
    }

    /// Whether the node has the value of one of the pixels.
    fn is_on_pixel(self) -> bool {
        [0.0, 1.0].contains(&self.part)
    }

    /// The mean of a value of both pixels, by their parts; exactly that of a pixel on which the node lies.
    fn mean(self, value_of: impl Fn(usize) -> f64) -> f64 {
        match self.part {
            0.0 => value_of(self.first),
            1.0 => value_of(self.second),
            part => {
                let first_value = value_of(self.first);
                first_value + part * (value_of(self.second) - first_value)
            }
        }
    }
}

/// How many pixels some node has a part of.
fn count_seen(nodes: &[PixelsBeside]) -> usize {
    let parts = nodes
        .iter()
        .flat_map(|node| [(node.first, 1.0 - node.part), (node.second, node.part)]);
    let seen_pixels = parts.filter_map(|(pixel, part)| (part > 0.0).then_some(pixel));
    seen_pixels.collect::<BTreeSet<usize>>().len()
}

impl Picture {
    /// A picture whose pixels may take so many bytes, on a grid of this shape.
    pub(super) fn new(
        input: Input,
        range: [f64; 2],
        interpolation: Interpolation,
        alpha: Option<Alpha>,
        (ny, nx): (usize, usize),
        most_bytes: u64,
    ) -> Result<Self, ParamsError> {
        let raster = shared_raster(&input, most_bytes)?;
        if alpha.is_none() && raster.opacity_varies() {
            return Err(input.refuse(
                "the opacity of its pixels varies, and nothing says what it means: alpha = \"white\" lays the picture on white, as viewers show it, \"ignore\" takes the colours alone, and \"values\" the opacity in place of the grey value",
            ));
        }
        let (height, width) = raster.shape;
        Ok(Self {
            input,
            range,
            interpolation,
            alpha: alpha.unwrap_or(Alpha::White),
            raster,
            rows: PixelsBeside::along(ny, height, interpolation),
            columns: PixelsBeside::along(nx, width, interpolation),
            seen: OnceLock::new(),
        })
    }

    /// The file.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Numbers of rows and columns of pixels.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.raster.shape
    }

    /// Bytes of its pixels.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.raster.samples.len() as u64
    }

    /// The grey value of a pixel, from 0 to 1; rows of pixels are counted from the top.
    pub(super) fn grey(&self, row: usize, column: usize) -> f64 {
        self.raster.grey(row, column, self.alpha)
    }

    /// Stores the number of nodes whose values lie between the values of the surrounding pixels, and the least and the largest
    /// value of a node.
    pub(super) fn set_seen(&self, between_count: u64, values: [f64; 2]) {
        // Whoever looks again sees the same.
        let _ = self.seen.set((between_count, values));
    }

    /// The values that nodes get, in words: `cam.tif gives nodes values from 18.9 to 28.05`.
    #[must_use]
    pub fn values_in_words(&self) -> Option<String> {
        let (_, [smallest, largest]) = self.seen.get()?;
        let name = self.input.path().file_name().unwrap_or_default().display();
        Some(format!(
            "{name} gives nodes values from {smallest:?} to {largest:?}"
        ))
    }

    /// A sentence, if even the brightest pixel is so dark that the grey values may not reach to white at all.
    #[must_use]
    pub fn dark(&self) -> Option<String> {
        const DARK: f64 = 0.125;
        let (height, width) = self.shape();
        let greys = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let greys = greys.map(|(row, column)| self.grey(row, column));
        let brightest = greys.fold(0.0, f64::max);
        let [black, white] = self.range;
        (brightest < DARK).then_some(()).and(self.values_in_words()).map(|values| {
            format!(
                "its brightest pixel has {brightest:.4} of white, as where 12 bits of a camera are stored in 16: {values}, though the range goes from {black:?} to {white:?}; pixels that are multiplied until the brightest are white take all of the range"
            )
        })
    }

    /// A sentence on how pixels that do not fall on nodes are treated.
    #[must_use]
    pub fn resampled(&self) -> Option<String> {
        let between_count = self.seen.get().map_or(0, |(count, _)| *count);
        let (height, width) = self.shape();
        let unseen = height * width - count_seen(&self.rows) * count_seen(&self.columns);
        let parts = [
            (between_count > 0).then(|| {
                format!("{between_count} nodes have values between those of the pixels around them")
            }),
            (unseen > 0).then(|| {
                format!(
                    "no node takes a part of {unseen} of the {} pixels",
                    height * width
                )
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let (ny, nx) = (self.rows.len(), self.columns.len());
        let (treatment, way_out) = if between_count > 0 {
            (
                ", interpolated",
                ", and interpolate = \"nearest\" gives each the value of a pixel",
            )
        } else {
            ("", "")
        };
        (!parts.is_empty()).then(|| {
            format!(
                "{height} × {width} pixels on {ny} × {nx} nodes{treatment}: {}; a picture of {ny} × {nx} pixels has one for each node{way_out}",
                parts.join(", and ")
            )
        })
    }

    /// A sentence, if nodes are to have the values of single pixels, and the file has changed these.
    #[must_use]
    pub fn blurred(&self) -> Option<String> {
        (self.raster.is_lossy && self.interpolation == Interpolation::Nearest).then(|| {
            "it is a JPEG file, whose compression gives pixels beside an edge grey values of neither side, and with them values that no material has; a picture saved as PNG or TIFF keeps its values, and one of JPEG gets them back where a program for pictures sets each pixel to that of its material (a threshold)".to_owned()
        })
    }

    /// The values of rows of the grid, whose numbers follow one another; returns how many of them are between those of the
    /// pixels around.
    pub(super) fn rows(&self, rows: Range<usize>, out: &mut [f64]) -> u64 {
        let [black, white] = self.range;
        let lines = out.par_chunks_mut(self.columns.len()).zip(rows);
        let counts = lines.map(|(out, j)| {
            let mut between_count = 0;
            let beside_row = self.rows[self.rows.len() - 1 - j];
            for (value, &beside_column) in out.iter_mut().zip(&*self.columns) {
                let grey =
                    beside_row.mean(|row| beside_column.mean(|column| self.grey(row, column)));
                *value = black + (white - black) * grey;
                let mut corners = [beside_row.first, beside_row.second]
                    .into_iter()
                    .flat_map(|row| [(row, beside_column.first), (row, beside_column.second)]);
                let is_on_pixel = beside_row.is_on_pixel() && beside_column.is_on_pixel();
                let is_between =
                    !is_on_pixel && !corners.any(|(row, column)| self.grey(row, column) == grey);
                between_count += u64::from(is_between);
            }
            between_count
        });
        counts.sum()
    }
}

/// The pixels of a file, decoded unless there is a picture that has them.
fn shared_raster(input: &Input, most_bytes: u64) -> Result<Arc<Raster>, ParamsError> {
    let last_raster = input.shared(|_: &Mutex<Weak<Raster>>| true, || Ok(Mutex::default()))?;
    let mut last_raster = last_raster.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(raster) = last_raster.upgrade() {
        return Ok(raster);
    }
    let raster = Arc::new(decode(input, most_bytes)?);
    *last_raster = Arc::downgrade(&raster);
    Ok(raster)
}
