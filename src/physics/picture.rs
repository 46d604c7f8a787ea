//! [`Picture`]: a PNG file as values on the nodes, for initial states, materials and masks alike.

use super::{
    input::Input,
    png_file::PngRows,
    raster::{Pixels, between, mix},
};
use crate::params::{Interpolation, ParamsError};
use rayon::prelude::*;
use std::{
    collections::{BTreeSet, VecDeque},
    ops::{Range, RangeInclusive},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// The grey values of a picture, mapped to a range.
///
/// The outermost pixels lie on the outermost nodes, the lowest row of pixels on row 0; a node between pixels has the
/// bilinear mean of four or the value of the nearest. A picture of the grid's shape has a pixel for every node. Colours become grey as
/// 0.299 R + 0.587 G + 0.114 B.
///
/// Rows of pixels are decoded one after the other, from the top; those beside nodes are held as long as there is room
/// for them, and decoded again where there was none. Rows of nodes that are asked for from the top take one decoding.
#[derive(Debug, Clone)]
pub struct Picture {
    input: Input,
    /// The values of black and white.
    range: [f64; 2],
    interpolation: Interpolation,
    sampled: Arc<SampledPicture>,
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        let of = |picture: &Self| (picture.range, picture.interpolation);
        self.input == other.input && of(self) == of(other)
    }
}

/// The pixels of a file beside the nodes of a grid.
#[derive(Debug)]
struct SampledPicture {
    pixels: Pixels,
    /// Bytes that decoding takes.
    decoding: u64,
    rows: PixelAxis,
    columns: PixelAxis,
    /// Nodes whose interpolated values are between those of the pixels around, if they were counted.
    between: OnceLock<u64>,
    held: Mutex<PixelRows>,
}

/// Pixels along an axis.
#[derive(Debug)]
struct PixelAxis {
    /// Those beside nodes.
    pixels: Vec<usize>,
    /// Of each node the two beside it, by their places in `pixels`, and the part that the second has.
    nodes: Vec<(usize, usize, f64)>,
}

impl PixelAxis {
    fn new(nodes: usize, pixels: usize) -> Self {
        let nodes: Vec<_> = (0..nodes).map(|at| between(at, nodes, pixels)).collect();
        let mut beside: Vec<usize> = nodes.iter().flat_map(|&(a, b, _)| [a, b]).collect();
        beside.sort_unstable();
        beside.dedup();
        let place = |pixel: usize| beside.partition_point(|&other| other < pixel);
        let nodes = nodes.into_iter();
        Self {
            nodes: nodes
                .map(|(a, b, part)| (place(a), place(b), part))
                .collect(),
            pixels: beside,
        }
    }

    /// How many pixels some node has a part of.
    fn seen(&self, interpolation: Interpolation) -> usize {
        let of_node = |&(a, b, part): &(usize, usize, f64)| {
            let part = part_of_second(part, interpolation);
            [(a, 1.0 - part), (b, part)]
        };
        let parts = self.nodes.iter().flat_map(of_node);
        let seen = parts.filter_map(|(pixel, part)| (part > 0.0).then_some(pixel));
        seen.collect::<BTreeSet<usize>>().len()
    }
}

/// The part that the second of two pixels has.
fn part_of_second(part: f64, interpolation: Interpolation) -> f64 {
    match interpolation {
        Interpolation::Linear => part,
        Interpolation::Nearest if part < 0.5 => 0.0,
        Interpolation::Nearest => 1.0,
    }
}

/// Rows of pixels beside nodes, by their places among these.
#[derive(Debug)]
struct PixelRows {
    /// Those that come.
    coming: Option<PngRows>,
    first: usize,
    rows: VecDeque<Arc<[u8]>>,
    /// The most bytes of rows that were asked for before.
    room: u64,
}

/// Bytes of pixels that are held before a run has divided its memory.
pub(crate) const ROOM_AT_FIRST: u64 = 4 << 20;

impl SampledPicture {
    fn new(input: &Input, (ny, nx): (usize, usize)) -> Result<Self, ParamsError> {
        let rows = PngRows::open(input)?;
        let pixels = rows.pixels();
        Ok(Self {
            pixels,
            decoding: rows.bytes(),
            rows: PixelAxis::new(ny, pixels.height),
            columns: PixelAxis::new(nx, pixels.width),
            between: OnceLock::new(),
            held: Mutex::new(PixelRows {
                coming: None,
                first: 0,
                rows: VecDeque::new(),
                room: ROOM_AT_FIRST,
            }),
        })
    }

    /// Whether it is of a grid of this shape.
    fn is_for(&self, (ny, nx): (usize, usize)) -> bool {
        (self.rows.nodes.len(), self.columns.nodes.len()) == (ny, nx)
    }

    fn row_bytes(&self) -> u64 {
        (self.columns.pixels.len() * self.pixels.bytes()) as u64
    }

    fn held(&self) -> MutexGuard<'_, PixelRows> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of pixels with these places.
    fn rows(
        &self,
        input: &Input,
        places: RangeInclusive<usize>,
    ) -> Result<Vec<Arc<[u8]>>, ParamsError> {
        let mut held = self.held();
        let held = &mut *held;
        if *places.start() < held.first {
            (held.first, held.coming) = (0, None);
            held.rows.clear();
        }
        while held.first + held.rows.len() <= *places.end() {
            if held.coming.is_none() {
                (held.first, held.coming) = (0, Some(PngRows::open(input)?));
                held.rows.clear();
            }
            let Some(coming) = &mut held.coming else {
                break;
            };
            let row = coming.row(input, self.rows.pixels[held.first + held.rows.len()])?;
            let each = self.pixels.bytes();
            let columns = self.columns.pixels.iter();
            let beside: Vec<u8> = match self.columns.pixels.len() == self.pixels.width {
                true => row.to_vec(),
                false => columns
                    .flat_map(|&at| &row[at * each..][..each])
                    .copied()
                    .collect(),
            };
            held.rows.push_back(beside.into());
            while held.first < *places.start() && held.bytes(self.row_bytes()) > held.room {
                held.rows.pop_front();
                held.first += 1;
            }
        }
        let here = places.start() - held.first..places.end() + 1 - held.first;
        Ok(held.rows.range(here).cloned().collect())
    }
}

impl PixelRows {
    fn bytes(&self, of_row: u64) -> u64 {
        self.rows.len() as u64 * of_row
    }
}

impl Picture {
    /// A picture that can be decoded, on a grid of this shape.
    pub(super) fn new(
        input: Input,
        range: [f64; 2],
        interpolation: Interpolation,
        shape: (usize, usize),
    ) -> Result<Self, ParamsError> {
        let sampled = input.shared(
            |found: &SampledPicture| found.is_for(shape),
            || SampledPicture::new(&input, shape),
        )?;
        Ok(Self {
            input,
            range,
            interpolation,
            sampled,
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
        let Pixels { width, height, .. } = self.sampled.pixels;
        (height, width)
    }

    /// Visits the grey values, from 0 to 1, of all pixels: row by row, the top one first.
    pub(super) fn each_row(
        &self,
        mut visit: impl FnMut(usize, &mut dyn Iterator<Item = f64>),
    ) -> Result<(), ParamsError> {
        let mut rows = PngRows::open(&self.input)?;
        let pixels = self.sampled.pixels;
        for number in 0..pixels.height {
            let row = rows.row(&self.input, number)?;
            visit(
                number,
                &mut (0..pixels.width).map(|at| pixels.grey(row, at)),
            );
        }
        Ok(())
    }

    /// Bytes of all its pixels beside nodes, and of what decodes them.
    #[must_use]
    pub fn bytes(&self) -> [u64; 2] {
        /// Of a row, beside its pixels.
        const EACH: u64 = 48;
        let SampledPicture { rows, decoding, .. } = &*self.sampled;
        let row = self.sampled.row_bytes() + EACH;
        [rows.pixels.len() as u64 * row, *decoding]
    }

    /// From now on holds at most so many bytes of pixels, and while none are to be held nothing.
    pub fn hold(&self, room: u64) {
        let mut held = self.sampled.held();
        held.room = room;
        while held.bytes(self.sampled.row_bytes()) > room {
            held.rows.pop_front();
            held.first += 1;
        }
        if room == 0 {
            (held.first, held.coming, held.rows) = (0, None, VecDeque::new());
        }
    }

    /// Takes the number of nodes whose values are between those of the pixels around.
    pub(super) fn count_between(&self, nodes: u64) {
        if self.interpolation == Interpolation::Linear {
            // It is the same for every such use of the picture.
            let _ = self.sampled.between.set(nodes);
        }
    }

    /// What becomes of pixels that do not fall on nodes, in words.
    #[must_use]
    pub fn resampled(&self) -> Option<String> {
        let SampledPicture { rows, columns, .. } = &*self.sampled;
        let between = match self.interpolation {
            Interpolation::Linear => self.sampled.between.get().copied().unwrap_or_default(),
            Interpolation::Nearest => 0,
        };
        let (height, width) = self.shape();
        let [seen_rows, seen_columns] = [rows, columns].map(|axis| axis.seen(self.interpolation));
        let unseen = height * width - seen_rows * seen_columns;
        let parts = [
            (between > 0).then(|| {
                format!("{between} nodes have values between those of the pixels around them")
            }),
            (unseen > 0).then(|| {
                format!(
                    "no node takes a part of {unseen} of the {} pixels",
                    height * width
                )
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let (ny, nx) = (rows.nodes.len(), columns.nodes.len());
        let (how, way_out) = match between > 0 {
            true => (
                ", interpolated",
                ", and interpolate = \"nearest\" gives each the value of a pixel",
            ),
            false => ("", ""),
        };
        (!parts.is_empty()).then(|| {
            format!(
                "{height} × {width} pixels on {ny} × {nx} nodes{how}: {}; a picture of {ny} × {nx} pixels has one for each node{way_out}",
                parts.join(", and ")
            )
        })
    }

    /// The values of rows of the grid, whose numbers follow one another; returns how many of them are between those of the
    /// pixels around.
    pub(super) fn rows(&self, rows: Range<usize>, out: &mut [f64]) -> Result<u64, ParamsError> {
        let SampledPicture {
            pixels,
            rows: across,
            columns: along,
            ..
        } = &*self.sampled;
        let (ny, nx) = (across.nodes.len(), along.nodes.len());
        let around = |j: usize| across.nodes[ny - 1 - j];
        let (top, bottom) = (around(rows.end - 1).0, around(rows.start).1);
        let held = self.sampled.rows(&self.input, top..=bottom)?;
        let [black, white] = self.range;
        let part = |part| part_of_second(part, self.interpolation);
        let lines = out.par_chunks_mut(nx).zip(rows);
        let between = lines.map(|(out, j)| {
            let mut between = 0;
            let (above, below, part_below) = around(j);
            let part_below = part(part_below);
            let [above, below] = [above, below].map(|place| &held[place - top][..]);
            for (value, &(west, east, part_east)) in out.iter_mut().zip(&along.nodes) {
                let part_east = part(part_east);
                let along = |row: &[u8]| {
                    let grey = |pixel: usize| pixels.grey(row, pixel);
                    mix(|| grey(west), || grey(east), part_east)
                };
                let grey = mix(|| along(above), || along(below), part_below);
                *value = black + (white - black) * grey;
                let mut corners = [above, below]
                    .into_iter()
                    .flat_map(|row| [(row, west), (row, east)]);
                let is_on_pixel = [part_below, part_east]
                    .iter()
                    .all(|&part| [0.0, 1.0].contains(&part));
                let mut is_of_pixel =
                    || corners.any(|(row, pixel)| pixels.grey(row, pixel) == grey);
                between += u64::from(!is_on_pixel && !is_of_pixel());
            }
            between
        });
        Ok(between.sum())
    }
}
