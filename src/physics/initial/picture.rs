//! A picture as the initial state.

use super::super::{
    input::Input,
    nodes::Nodes,
    png_file::decode,
    raster::{Pixels, between, mix},
};
use crate::{field::Field, params::ParamsError};
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

/// A PNG file, its grey values mapped to a range.
///
/// The outermost pixels lie on the outermost nodes, the lowest row of pixels on row 0; a node between
/// pixels has the bilinear mean of four. A picture of the grid's shape has a pixel for every node. Colours
/// become grey as 0.299 R + 0.587 G + 0.114 B; what is transparent lies on white.
///
/// Rows of pixels are decoded one after the other, from the top. Bands of a state are filled from the bottom: pixels of
/// those above are held, as many as there is room for.
#[derive(Debug, Clone)]
pub struct Picture {
    input: Input,
    /// The values of black and white.
    range: [f64; 2],
    held: Arc<Mutex<Held>>,
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        (&self.input, self.range) == (&other.input, other.range)
    }
}

/// Rows of pixels as they were decoded, the first of which has the number `first`.
#[derive(Debug, Default)]
struct Held {
    pixels: Option<Pixels>,
    first: usize,
    rows: VecDeque<Vec<u8>>,
}

impl Held {
    fn push(&mut self, number: usize, row: &[u8], most: usize) {
        self.rows.push_back(row.to_vec());
        let mut bytes = self.rows.len() * row.len();
        // The last two are on both sides of a node.
        while bytes > most && self.rows.len() > 2 {
            self.rows.pop_front();
            bytes -= row.len();
        }
        self.first = number + 1 - self.rows.len();
    }
}

/// Rows of a field, made of rows of pixels from the top of the picture on.
struct Filling<'a, T> {
    out: &'a mut [T],
    nodes: &'a Nodes,
    range: [f64; 2],
    /// The number of the first row in the grid.
    first: usize,
    /// Rows of the field that are not filled yet, the next one last.
    left: Vec<usize>,
    /// The grey values of the row of pixels before.
    above: Vec<f64>,
}

impl<'a, T: Real> Filling<'a, T> {
    fn new(field: &'a mut Field<T>, nodes: &'a Nodes, first: usize, range: [f64; 2]) -> Self {
        let mut left: Vec<usize> = (0..field.shape().0).collect();
        left.sort_by_key(|&row| nodes.row(first + row));
        Self {
            out: field.as_mut_slice(),
            nodes,
            range,
            first,
            left,
            above: Vec::new(),
        }
    }

    /// The rows of pixels around a row of the field, and the part that the second has.
    fn around(&self, row: usize, height: usize) -> (usize, usize, f64) {
        let ny = self.nodes.y.len();
        between(ny - 1 - self.nodes.row(self.first + row), ny, height)
    }

    /// The rows of pixels that it takes.
    fn needs(&self, height: usize) -> RangeInclusive<usize> {
        let top = self
            .left
            .last()
            .map_or(0, |&row| self.around(row, height).0);
        let bottom = self
            .left
            .first()
            .map_or(0, |&row| self.around(row, height).1);
        top..=bottom
    }

    /// Takes the row of pixels with this number, which follows the one before.
    fn take(&mut self, pixels: Pixels, number: usize, row: &[u8]) {
        let greys = pixels.greys(row);
        let nx = self.nodes.x.len();
        let [black, white] = self.range;
        while let Some(&row) = self.left.last() {
            let (above, below, part_below) = self.around(row, pixels.height);
            if below > number {
                break;
            }
            let above = if above == number { &greys } else { &self.above };
            let columns = (0..nx).into_par_iter().with_min_len(4096);
            let columns = columns.map(|i| between(self.nodes.column(i), nx, pixels.width));
            let out = self.out[row * nx..][..nx].par_iter_mut();
            out.zip(columns)
                .for_each(|(value, (west, east, part_east))| {
                    let along = |row: &[f64]| mix(row[west], || row[east], part_east);
                    let grey = mix(along(above), || along(&greys), part_below);
                    *value = T::from_f64(black + (white - black) * grey);
                });
            self.left.pop();
        }
        self.above = greys;
    }
}

impl Picture {
    /// A picture that can be decoded.
    pub(in crate::physics) fn new(input: Input, range: [f64; 2]) -> Result<Self, ParamsError> {
        let held = Arc::default();
        let picture = Self { input, range, held };
        decode(&picture.input, |_, _, _| true)?;
        Ok(picture)
    }

    pub(in crate::physics) fn input(&self) -> &Input {
        &self.input
    }

    /// Writes its values to the rows of a field, of the grid's rows from `first` on. For rows that are filled later it
    /// may hold so many bytes of pixels.
    pub(in crate::physics) fn fill<T: Real>(
        &self,
        field: &mut Field<T>,
        nodes: &Nodes,
        first: usize,
        most: usize,
    ) -> Result<(), ParamsError> {
        let mut filling = Filling::new(field, nodes, first, self.range);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pixels) = held.pixels {
            let needed = filling.needs(pixels.height);
            let end = held.first + held.rows.len();
            if held.first <= *needed.start() && *needed.end() < end {
                for number in needed.clone() {
                    filling.take(pixels, number, &held.rows[number - held.first]);
                }
                if *needed.start() == 0 {
                    *held = Held::default();
                }
                return Ok(());
            }
        }
        *held = Held::default();
        let mut top = None;
        decode(&self.input, |pixels, number, row| {
            let top = *top.get_or_insert_with(|| *filling.needs(pixels.height).start());
            if most > 0 && top > 0 && number <= top + 1 {
                held.pixels = Some(pixels);
                held.push(number, row, most);
            }
            if number >= top {
                filling.take(pixels, number, row);
            }
            !filling.left.is_empty()
        })
    }
}
