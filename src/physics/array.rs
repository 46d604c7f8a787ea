//! [`Array`]: a `.npy` file as values on the nodes.

use super::input::Input;
use crate::{grid::Grid, params::ParamsError};
use diff2d_arrays::npy::{NpyHeader, Number};
use std::ops::Range;

/// An array of the grid's shape, or a matrix of a longer array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    input: Input,
    /// Its header.
    npy: NpyHeader,
    /// Which of the matrices.
    frame: u64,
    /// The grid has every so many-th of its nodes.
    every: usize,
}

impl Array {
    /// An array of the shape of the grid, or of one so many times finer; `snapshot` is one of a cube,
    /// negative from the end.
    ///
    /// # Errors
    /// [`ParamsError`] when it cannot be used.
    pub fn new(
        input: Input,
        snapshot: Option<i64>,
        grid: &Grid,
        every: usize,
    ) -> Result<Self, ParamsError> {
        let npy = input.header()?;
        let shape = &npy.shape;
        let finer = |nodes: usize| (nodes - 1) * every + 1;
        let (ny, nx) = (finer(grid.y.nodes), finer(grid.x.nodes));
        let wanted = [ny as u64, nx as u64];
        let shown = |shape: &[u64]| {
            let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
            format!("({})", lengths.join(", "))
        };
        let (count, frame_shape) = match shape[..] {
            [count, rows, columns] => (Some(count), [rows, columns]),
            [rows, columns] => (None, [rows, columns]),
            _ => {
                let reason = format!(
                    "it has the shape {}; expected {}, or a cube (snapshots, {ny}, {nx})",
                    shown(shape),
                    shown(&wanted)
                );
                return Err(input.refuse(&reason));
            }
        };
        if frame_shape != wanted {
            let reason = format!(
                "it has the shape {}, and the grid with its boundary nodes {}",
                shown(shape),
                shown(&wanted)
            );
            return Err(input.refuse(&reason));
        }
        let frame = match (count, snapshot) {
            (None, None) => 0,
            (None, Some(_)) => {
                let reason = "it is no cube of snapshots; remove initial.snapshot";
                return Err(input.refuse(reason));
            }
            (Some(count), None) => {
                let reason = format!(
                    "it is a cube of {count} snapshots; initial.snapshot = k takes one of them"
                );
                return Err(input.refuse(&reason));
            }
            (Some(count), Some(number)) => {
                let from_start =
                    i128::from(number) + if number < 0 { i128::from(count) } else { 0 };
                let found = u64::try_from(from_start)
                    .ok()
                    .filter(|&frame| frame < count);
                found.ok_or_else(|| {
                    let reason = format!("it has no snapshot {number}; there are {count}");
                    input.refuse(&reason)
                })?
            }
        };
        Ok(Self {
            input,
            npy,
            frame,
            every,
        })
    }

    /// The file.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Which matrix of the file.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// Reads rows of `nx` nodes of the grid.
    pub(super) fn read(
        &self,
        rows: Range<usize>,
        nx: usize,
        out: &mut [f64],
    ) -> Result<(), ParamsError> {
        if self.every == 1 {
            return self.read_all(rows, nx, out);
        }
        let mut whole = vec![0.0; (nx - 1) * self.every + 1];
        for (j, out) in rows.zip(out.chunks_exact_mut(nx)) {
            let row = j * self.every;
            self.read_all(row..row + 1, whole.len(), &mut whole)?;
            let nodes = whole.iter().step_by(self.every);
            out.iter_mut()
                .zip(nodes)
                .for_each(|(out, value)| *out = *value);
        }
        Ok(())
    }

    /// Reads rows of the array, which have `nx` elements.
    fn read_all(&self, rows: Range<usize>, nx: usize, out: &mut [f64]) -> Result<(), ParamsError> {
        let (count, ny) = match *self.npy.shape {
            [count, ny, _] => (count, ny),
            [ny, ..] => (1, ny),
            [] => (1, 1),
        };
        let (first, number) = (rows.start as u64, rows.len());
        let mut file = self.input.file()?;
        // Elements that follow one another in the file.
        let mut read = |places: Range<u64>, out: &mut [f64]| {
            let at = |place: u64| self.npy.data_offset + place * self.npy.dtype.bytes as u64;
            let bytes = file.bytes(at(places.start)..at(places.end));
            f64::decode(
                self.npy.dtype,
                bytes.map_err(|error| self.input.unreadable(&error))?,
                out,
            );
            Ok(())
        };
        if !self.npy.fortran_order {
            let place = (self.frame * ny + first) * nx as u64;
            return read(place..place + (number * nx) as u64, &mut out[..number * nx]);
        }
        let mut column = vec![0.0; (number - 1) * count as usize + 1];
        for i in 0..nx {
            let place = (i as u64 * ny + first) * count + self.frame;
            read(place..place + column.len() as u64, &mut column)?;
            for (row, value) in column.iter().step_by(count as usize).enumerate() {
                out[row * nx + i] = *value;
            }
        }
        Ok(())
    }
}
