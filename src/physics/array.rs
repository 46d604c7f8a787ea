//! [`Array`]: the elements of a `.npy` file as values on the nodes.

use super::{
    input::{Input, InputFile},
    regridding::Regridding,
};
use crate::{
    grid::Grid,
    params::{ParamsError, Regrid},
};
use diff2d_arrays::npy::{NpyHeader, Number};
use std::ops::Range;

/// The key whose array may be a snapshot of a cube.
const INITIAL: &str = "initial.path";

/// An array of the grid's shape, which may be one matrix of an array with more axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    input: Input,
    /// The header of the file.
    npy: NpyHeader,
    /// The index of the matrix in the file.
    frame: u64,
    /// The resolution of the array divided by the resolution of the grid: the grid's nodes are every `every`-th
    /// element.
    every: usize,
    /// The weights of its elements, if it is an array of another grid.
    regridding: Option<Regridding>,
}

impl Array {
    /// Checks an array that has the shape of the grid, or of a grid finer by a whole factor. `snapshot` is the index of
    /// a snapshot in a cube, counted from the end if negative. With `regrid` the array may be one of any grid.
    ///
    /// # Errors
    /// [`ParamsError`] if the array cannot be used.
    pub fn new(
        input: Input,
        snapshot: Option<i64>,
        regrid: Option<Regrid>,
        grid: &Grid,
        every: usize,
    ) -> Result<Self, ParamsError> {
        let npy = input.header()?;
        let shape = &npy.shape;
        let [ny, nx] = [grid.y.nodes, grid.x.nodes].map(|nodes| (nodes - 1) * every + 1);
        let expected_shape = [ny as u64, nx as u64];
        let (count, frame_shape) = match shape[..] {
            [count, rows, columns] => (Some(count), [rows, columns]),
            [rows, columns] => (None, [rows, columns]),
            _ => {
                let or_cube = match input.key() {
                    INITIAL => format!(", or a cube (snapshots, {ny}, {nx})"),
                    _ => String::new(),
                };
                let reason = format!(
                    "it has the shape {}; expected {}{or_cube}",
                    shape_text(shape),
                    shape_text(&expected_shape)
                );
                return Err(input.refuse(&reason));
            }
        };
        let regridding = match regrid {
            Some(manner) => Some(Regridding::new(&input, shape, frame_shape, manner, grid)?),
            None => None,
        };
        if regrid.is_none() && frame_shape != expected_shape {
            let reason = format!(
                "it has the shape {}, and the grid with its boundary nodes {}; interpolate = \"linear\" beside it takes a state of another grid by its coordinates",
                shape_text(shape),
                shape_text(&expected_shape)
            );
            return Err(input.refuse(&reason));
        }
        let frame = match (count, snapshot) {
            // An array with an axis for one matrix, such as `map` makes of a cube with one snapshot, is that matrix.
            (None | Some(1), None) => 0,
            (None, Some(_)) => {
                let reason = "it is no cube of snapshots; remove initial.snapshot";
                return Err(input.refuse(reason));
            }
            (Some(count), None) if input.key() == INITIAL => {
                let reason = format!(
                    "it is a cube of {count} snapshots; initial.snapshot = k takes one of them"
                );
                return Err(input.refuse(&reason));
            }
            (Some(count), None) => {
                let way_out = if input.is_in_memory() {
                    String::new()
                } else {
                    let path = input.path().display();
                    format!("; `diff2d map a 'a={path}[-1]' -o one.npy` takes the last one")
                };
                let reason = format!("it holds {count} matrices, and one is needed{way_out}");
                return Err(input.refuse(&reason));
            }
            (Some(count), Some(number)) => {
                let from_start =
                    i128::from(number) + if number < 0 { i128::from(count) } else { 0 };
                let frame = u64::try_from(from_start)
                    .ok()
                    .filter(|&frame| frame < count);
                frame.ok_or_else(|| {
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
            regridding,
        })
    }

    /// The file.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The index of the matrix in the file.
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
        if let Some(regridding) = &self.regridding {
            let columns = self.npy.shape.last().map_or(1, |&columns| columns as usize);
            return regridding.read(rows, out, |rows, out| self.read_all(rows, columns, out));
        }
        if self.every == 1 {
            return self.read_all(rows, nx, out);
        }
        let mut array_row = vec![0.0; (nx - 1) * self.every + 1];
        for (j, out) in rows.zip(out.chunks_exact_mut(nx)) {
            let row = j * self.every;
            self.read_all(row..row + 1, array_row.len(), &mut array_row)?;
            let nodes = array_row.iter().step_by(self.every);
            out.iter_mut()
                .zip(nodes)
                .for_each(|(out, value)| *out = *value);
        }
        Ok(())
    }

    /// Reads rows of the array, which have `nx` elements each.
    fn read_all(&self, rows: Range<usize>, nx: usize, out: &mut [f64]) -> Result<(), ParamsError> {
        let (count, ny) = match *self.npy.shape {
            [count, ny, _] => (count, ny),
            [ny, ..] => (1, ny),
            [] => (1, 1),
        };
        let (first_row, number) = (rows.start as u64, rows.len());
        let mut file = self.input.file()?;
        if !self.npy.fortran_order {
            let place = (self.frame * ny + first_row) * nx as u64;
            let elements = place..place + (number * nx) as u64;
            return self.read_elements(&mut file, elements, &mut out[..number * nx]);
        }
        let mut column = vec![0.0; (number - 1) * count as usize + 1];
        for i in 0..nx {
            let place = (i as u64 * ny + first_row) * count + self.frame;
            let elements = place..place + column.len() as u64;
            self.read_elements(&mut file, elements, &mut column)?;
            for (row, value) in column.iter().step_by(count as usize).enumerate() {
                out[row * nx + i] = *value;
            }
        }
        Ok(())
    }

    /// Reads consecutive elements of the file.
    fn read_elements(
        &self,
        file: &mut InputFile,
        elements: Range<u64>,
        out: &mut [f64],
    ) -> Result<(), ParamsError> {
        let [begin_byte, end_byte] = [elements.start, elements.end]
            .map(|element| self.npy.data_offset + element * self.npy.dtype.bytes as u64);
        let bytes = file.bytes(begin_byte..end_byte);
        let bytes = bytes.map_err(|error| self.input.unreadable(&error))?;
        f64::decode(self.npy.dtype, bytes, out);
        Ok(())
    }
}

/// A shape as text for messages.
fn shape_text(shape: &[u64]) -> String {
    let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("({})", lengths.join(", "))
}
