//! [`Values`]: a number, a formula or a file as values on the nodes of the grid.

use super::{
    input::{Digests, Input},
    picture::Picture,
    separated::Separated,
};
use crate::{
    grid::Grid,
    node_set::NodeSet,
    params::{Function, ParamsError, Profile, RawParams},
};
use diff2d_arrays::expression::Expression;
use diff2d_arrays::npy::{NpyHeader, Number};
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::ops::Range;

/// Values that are computed before they are rounded, at a time.
const VALUES_AT_ONCE: usize = 1 << 18;

/// The coordinates of all nodes \[length\], and where opposite sides are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Nodes {
    /// Of the columns.
    pub x: Vec<f64>,
    /// Of the rows.
    pub y: Vec<f64>,
    /// Whether the first and the last column are the same points, and rows.
    pub periodic: [bool; 2],
}

impl Nodes {
    /// The nodes of a grid.
    #[must_use]
    pub fn new(grid: &Grid, periodic: [bool; 2]) -> Self {
        Self {
            x: grid.x.coordinates(),
            y: grid.y.coordinates(),
            periodic,
        }
    }

    /// The row that is the same as a row: of a periodic pair the first one, and those beyond the last
    /// are counted from it.
    #[must_use]
    pub fn row(&self, j: usize) -> usize {
        match self.periodic[1] {
            true => j % (self.y.len() - 1),
            false => j,
        }
    }

    /// The column that is the same as a column, of a periodic pair the first one.
    #[must_use]
    pub fn column(&self, i: usize) -> usize {
        if self.periodic[0] && i + 1 == self.x.len() {
            0
        } else {
            i
        }
    }

    /// The same nodes, where opposite sides are not the same.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            periodic: [false; 2],
            ..self.clone()
        }
    }

    /// The nodes on the first and last lines of periodic pairs, row by row.
    pub fn seam(&self) -> impl Iterator<Item = (usize, usize)> {
        let (ny, nx) = (self.y.len(), self.x.len());
        let [wraps_x, wraps_y] = self.periodic;
        (0..ny).flat_map(move |j| {
            let whole = wraps_y && (j == 0 || j + 1 == ny);
            let step = if whole { 1 } else { nx - 1 };
            let columns = (0..nx).step_by(step);
            columns
                .map(move |i| (j, i))
                .filter(move |_| whole || wraps_x)
        })
    }

    /// The nodes that are the same point as a node, itself among them.
    pub fn same(&self, (j, i): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
        let lines =
            |at: usize, count: usize, wraps: bool| match wraps && (at == 0 || at + 1 == count) {
                true => [0, count - 1],
                false => [at; 2],
            };
        let [wraps_x, wraps_y] = self.periodic;
        let columns = lines(i, self.x.len(), wraps_x);
        let rows = lines(j, self.y.len(), wraps_y);
        rows.into_iter().flat_map(move |j| columns.map(|i| (j, i)))
    }

    /// All rows, a few at a time.
    pub fn pieces(&self) -> impl DoubleEndedIterator<Item = Range<usize>> + use<> {
        let (ny, nx) = (self.y.len(), self.x.len());
        let together = (VALUES_AT_ONCE / nx).max(1);
        let starts = (0..ny).step_by(together);
        starts.map(move |start| start..(start + together).min(ny))
    }

    /// The number of a node of the grid.
    #[must_use]
    pub fn number(&self, j: usize, i: usize) -> u64 {
        j as u64 * self.x.len() as u64 + i as u64
    }

    /// The place of the node with a number, in words.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers of rows and columns"
    )]
    #[must_use]
    pub fn place(&self, number: u64) -> String {
        let nx = self.x.len() as u64;
        self.describe((number / nx) as usize, (number % nx) as usize)
    }

    /// `x = 0.5, y = 1.0`
    #[must_use]
    pub fn describe(&self, j: usize, i: usize) -> String {
        format!("x = {:?}, y = {:?}", self.x[i], self.y[j])
    }
}

/// Values on the nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The same everywhere and at all times.
    Uniform(f64),
    /// A formula.
    Function(Function),
    /// The elements of an array.
    Array(Array),
    /// The grey values of a picture.
    Image(Picture),
}

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

impl Values {
    /// The values of a parameter.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used.
    pub fn new(
        profile: &Profile,
        key: &str,
        raw: &RawParams,
        grid: &Grid,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        match profile {
            Profile::Function(function) => Ok(Self::of_function(function.clone())),
            Profile::File(path) => {
                let input = Input::open(raw.input(key, path), digests)?;
                Ok(Self::Array(Array::new(input, None, grid, digests.every)?))
            }
            Profile::Image { path, range } => {
                let input = Input::open(raw.input(key, path), digests)?;
                Ok(Self::Image(Picture::new(input, *range, grid.shape())?))
            }
        }
    }

    /// Those of a function.
    #[must_use]
    pub fn of_function(function: Function) -> Self {
        match function.constant() {
            Some(value) => Self::Uniform(value),
            None => Self::Function(function),
        }
    }

    /// Refuses values, at time 0, that are not what `wrong` says they should be; those of `excused` nodes may be
    /// any.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] with the first such node.
    pub fn check(
        &self,
        grid: &Grid,
        excused: &[&NodeSet],
        key: &str,
        raw: &RawParams,
        wrong: impl Fn(f64) -> Option<&'static str> + Sync,
    ) -> Result<(), ParamsError> {
        if let Some(value) = self.uniform() {
            let refuse = |wanted| Err(raw.refuse(key, format!("it must be {wanted}")));
            return wrong(value).map_or(Ok(()), refuse);
        }
        let nodes = Nodes::new(grid, [false; 2]);
        let (ny, nx) = grid.shape();
        let together = (VALUES_AT_ONCE / nx).max(1);
        let (mut values, mut first, mut between) = (Vec::new(), None, 0);
        // Pictures are decoded from the top.
        for start in (0..ny).step_by(together).rev() {
            let rows = start..(start + together).min(ny);
            values.resize(rows.len() * nx, 0.0);
            match self {
                Self::Image(picture) => between += picture.rows(rows, &mut values)?,
                _ => self.rows(&nodes, rows, 0.0, &mut values)?,
            }
            let is_wrong = |&value: &f64| wrong(value).is_some();
            let found = match excused {
                [] => first_where(&values, is_wrong),
                sets => {
                    let number = |at: usize| (start * nx + at) as u64;
                    let counts = |at: usize| !sets.iter().any(|set| set.has(number(at)));
                    (0..values.len()).find(|&at| is_wrong(&values[at]) && counts(at))
                }
            };
            first = found
                .map(|at| (start + at / nx, at % nx, values[at]))
                .or(first);
        }
        if let Some(picture) = self.picture() {
            picture.count_between(between);
        }
        first.map_or(Ok(()), |(j, i, value)| {
            let (place, wanted) = (nodes.describe(j, i), wrong(value).unwrap_or_default());
            let reason = format!("it is {value:?} at {place}; it must be {wanted} at every node");
            Err(raw.refuse(key, reason))
        })
    }

    /// The number that they are.
    #[must_use]
    pub fn uniform(&self) -> Option<f64> {
        match self {
            Self::Uniform(value) => Some(*value),
            Self::Function(_) | Self::Array(_) | Self::Image(_) => None,
        }
    }

    /// The file that they come from.
    #[must_use]
    pub fn input(&self) -> Option<&Input> {
        match self {
            Self::Array(array) => Some(&array.input),
            Self::Image(picture) => Some(picture.input()),
            Self::Uniform(_) | Self::Function(_) => None,
        }
    }

    /// Whether they are an array with the nodes of the grid.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// The picture that they come from.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        match self {
            Self::Image(picture) => Some(picture),
            _ => None,
        }
    }

    /// The values of the nodes of some rows at a time, row by row. Nodes that are the same have the same.
    ///
    /// # Errors
    /// [`ParamsError::Input`] when their file cannot be read any more.
    pub fn rows(
        &self,
        nodes: &Nodes,
        rows: Range<usize>,
        time: f64,
        out: &mut [f64],
    ) -> Result<(), ParamsError> {
        let nx = nodes.x.len();
        match self {
            Self::Uniform(value) => out.fill(*value),
            Self::Function(function) => fill(function, nodes, rows.start, time, out),
            Self::Array(_) | Self::Image(_) => {
                let mut rest = &mut out[..];
                let mut next = rows.start;
                while next < rows.end {
                    // As far as the rows follow one another in the file.
                    let start = nodes.row(next);
                    let same = (next..rows.end).take_while(|&j| nodes.row(j) == start + j - next);
                    let count = same.count();
                    let (here, behind) = rest.split_at_mut(count * nx);
                    match self {
                        Self::Image(picture) => {
                            picture.rows(start..start + count, here)?;
                        }
                        Self::Array(array) => array.read(start..start + count, nx, here)?,
                        _ => {}
                    }
                    (rest, next) = (behind, next + count);
                }
            }
        }
        if nodes.periodic[0] {
            out.chunks_exact_mut(nx)
                .for_each(|row| row[nx - 1] = row[0]);
        }
        Ok(())
    }

    /// Writes the values at a time, of the grid's rows from `first` on, each multiplied by `factor` and
    /// rounded once.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn fill<T: Real>(
        &self,
        nodes: &Nodes,
        first: usize,
        time: f64,
        factor: f64,
        to: &mut [T],
    ) -> Result<(), ParamsError> {
        self.fill_with(nodes, first, time, |value| factor * value, to)
    }

    /// As [`fill`](Self::fill), each as `convert` makes it.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn fill_with<T: Real>(
        &self,
        nodes: &Nodes,
        first: usize,
        time: f64,
        convert: impl Fn(f64) -> f64 + Sync,
        to: &mut [T],
    ) -> Result<(), ParamsError> {
        let nx = nodes.x.len();
        let together = (VALUES_AT_ONCE / nx).max(1);
        let mut values = Vec::new();
        // Pictures are decoded from the top.
        for (number, piece) in to.chunks_mut(together * nx).enumerate().rev() {
            let start = first + number * together;
            let rows = start..start + piece.len() / nx;
            values.resize(piece.len(), 0.0);
            self.rows(nodes, rows, time, &mut values)?;
            piece
                .par_iter_mut()
                .zip(&values)
                .with_min_len(4096)
                .for_each(|(to, value)| *to = T::from_f64(convert(*value)));
        }
        Ok(())
    }
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
    fn read(&self, rows: Range<usize>, nx: usize, out: &mut [f64]) -> Result<(), ParamsError> {
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

/// The place of the first value of which something holds.
pub fn first_where<T: Sync>(values: &[T], holds: impl Fn(&T) -> bool + Sync) -> Option<usize> {
    /// Values of a piece. Rayon asks before every item whether another thread has found one, which takes longer than to
    /// look at a value.
    const TOGETHER: usize = 4096;
    let any = |values: &[T]| values.iter().fold(false, |any, value| any | holds(value));
    let piece = values.par_chunks(TOGETHER).position_first(any)?;
    let begin = piece * TOGETHER;
    Some(begin + values[begin..].iter().position(&holds)?)
}

/// The values of a function on the nodes of rows from `first` on.
fn fill(function: &Function, nodes: &Nodes, first: usize, time: f64, out: &mut [f64]) {
    let formula = match function {
        Function::Number(value) => return out.fill(*value),
        Function::Formula(formula) => &formula.expression,
    };
    let nx = nodes.x.len();
    let formula = Separated::new(formula, &nodes.x, time);
    out.par_chunks_mut(nx).enumerate().for_each(|(row, out)| {
        let j = nodes.row(first + row);
        formula.row(nodes.y[j], j as u64 * nx as u64, out);
    });
}

/// The value of a function at one node and time.
#[must_use]
pub fn value_at(function: &Function, nodes: &Nodes, (j, i): (usize, usize), time: f64) -> f64 {
    let formula: &Expression = match function {
        Function::Number(value) => return *value,
        Function::Formula(formula) => &formula.expression,
    };
    let (j, i) = (nodes.row(j), nodes.column(i));
    let number = j as u64 * nodes.x.len() as u64 + i as u64;
    let mut value = [0.0];
    formula.evaluate(&[&[nodes.x[i]], &[nodes.y[j]], &[time]], number, &mut value);
    value[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_values_is_found() {
        let mut values = vec![0; 10_000];
        let is_set = |&value: &i32| value != 0;
        assert_eq!(first_where(&values, is_set), None);
        for place in [9_999, 5_000, 4_096, 4_095, 0] {
            values[place] = 1;
            assert_eq!(first_where(&values, is_set), Some(place));
        }
    }
}
