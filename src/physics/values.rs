//! [`Values`]: a number, a formula or a file as values on the nodes of the grid. Every input file with values is read
//! here.

use super::{
    array::Array,
    input::{Digests, Input},
    nodes::{Nodes, VALUES_AT_ONCE},
    picture::Picture,
    separated::Separated,
    sparse::SparseRows,
};
use crate::{
    grid::Grid,
    node_set::NodeSet,
    params::{Function, ParamsError, Profile, RawParams},
};
use diff2d_arrays::expression::Expression;
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// Values on the nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// One number everywhere and at all times.
    Uniform(f64),
    /// A formula.
    Function(Function),
    /// The elements of an array.
    Array(Array),
    /// The grey values of a picture.
    Image(Picture),
    /// Values, in place of some of which there are means over cells.
    Averaged(Box<Self>, Arc<SparseRows>),
    /// Values, each multiplied by a number of its column.
    Weighted(Box<Self>, Arc<[f64]>),
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
        Self::of_snapshot(profile, None, key, raw, grid, digests)
    }

    /// The values of a parameter, whose file may be a cube; `snapshot` is the index in the cube, counted from the end
    /// if negative.
    ///
    /// # Errors
    /// As `new`.
    pub fn of_snapshot(
        profile: &Profile,
        snapshot: Option<i64>,
        key: &str,
        raw: &RawParams,
        grid: &Grid,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        match profile {
            Profile::Function(function) => Ok(Self::of_function(function.clone())),
            Profile::File { path, regrid } => {
                let place = raw.input(key, path);
                let input = match snapshot {
                    Some(number) => Input::open_snapshot(place, number, digests),
                    None => Input::open(place, digests),
                }?;
                let array = Array::new(input, snapshot, *regrid, grid, digests.every)?;
                Ok(Self::Array(array))
            }
            Profile::Image {
                path,
                range,
                interpolation,
                alpha,
            } => {
                let input = Input::open(raw.input(key, path), digests)?;
                let most_bytes = digests.most_bytes_of_picture();
                Picture::new(
                    input,
                    *range,
                    *interpolation,
                    *alpha,
                    grid.shape(),
                    most_bytes,
                )
                .map(Self::Image)
            }
        }
    }

    /// Wraps the values of a function.
    #[must_use]
    pub fn of_function(function: Function) -> Self {
        match function.constant() {
            Some(value) => Self::Uniform(value),
            None => Self::Function(function),
        }
    }

    /// The values as typed, without a multiplication by numbers of columns and without means.
    #[must_use]
    pub fn given(&self) -> &Self {
        match self {
            Self::Averaged(values, _) | Self::Weighted(values, _) => values.given(),
            values => values,
        }
    }

    /// Refuses typed values, at a time, for which `wrong` returns a message. Nodes that are `excused` are exempt.
    ///
    /// # Errors
    /// [`ParamsError::Refused`] with the first wrong node.
    pub fn check(
        &self,
        grid: &Grid,
        time: f64,
        excused: &[&NodeSet],
        key: &str,
        raw: &RawParams,
        wrong: impl Fn(f64) -> Option<&'static str> + Sync,
    ) -> Result<(), ParamsError> {
        if let Self::Weighted(values, _) = self {
            return values.check(grid, time, excused, key, raw, wrong);
        }
        if let Some(value) = self.uniform() {
            return match wrong(value) {
                Some(requirement) => Err(raw.refuse(key, format!("it must be {requirement}"))),
                None => Ok(()),
            };
        }
        let nodes = Nodes::new(grid, [false; 2]);
        let (ny, nx) = grid.shape();
        let together = (VALUES_AT_ONCE / nx).max(1);
        let (mut values, mut between_count) = (Vec::new(), 0);
        let mut extremes = [f64::INFINITY, f64::NEG_INFINITY];
        for start in (0..ny).step_by(together) {
            let rows = start..(start + together).min(ny);
            values.resize(rows.len() * nx, 0.0);
            match self {
                Self::Image(picture) => {
                    between_count += picture.rows(rows, &mut values);
                    let node_values = values.iter().copied();
                    extremes = node_values.fold(extremes, |[smallest, largest], value| {
                        [smallest.min(value), largest.max(value)]
                    });
                }
                _ => self.rows(&nodes, rows, time, &mut values)?,
            }
            let is_wrong = |&value: &f64| wrong(value).is_some();
            let place = match excused {
                [] => first_where(&values, is_wrong),
                sets => (0..values.len()).find(|&place| {
                    let number = (start * nx + place) as u64;
                    is_wrong(&values[place]) && !sets.iter().any(|set| set.has(number))
                }),
            };
            if let Some(place) = place {
                let value = values[place];
                let place = nodes.describe(start + place / nx, place % nx);
                let requirement = wrong(value).unwrap_or_default();
                let reason =
                    format!("it is {value:?} at {place}; it must be {requirement} at every node");
                return Err(raw.refuse(key, reason));
            }
        }
        if let Some(picture) = self.picture() {
            picture.set_seen(between_count, extremes);
        }
        Ok(())
    }

    /// The number, if the values are uniform.
    #[must_use]
    pub fn uniform(&self) -> Option<f64> {
        match self {
            Self::Uniform(value) => Some(*value),
            // Of any other number they are multiples.
            Self::Weighted(values, _) => values.uniform().filter(|&value| value == 0.0),
            Self::Averaged(..) | Self::Function(_) | Self::Array(_) | Self::Image(_) => None,
        }
    }

    /// The file with the values, if there is one.
    #[must_use]
    pub fn input(&self) -> Option<&Input> {
        match self.given() {
            Self::Array(array) => Some(array.input()),
            Self::Image(picture) => Some(picture.input()),
            _ => None,
        }
    }

    /// Bytes of memory of means over cells.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Averaged(values, means) => values.bytes() + means.bytes(),
            Self::Weighted(values, _) => values.bytes(),
            _ => 0,
        }
    }

    /// The array with the values, if there is one.
    #[must_use]
    pub fn array(&self) -> Option<&Array> {
        match self.given() {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The picture with the values, if there is one.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        match self.given() {
            Self::Image(picture) => Some(picture),
            _ => None,
        }
    }

    /// The values at the nodes of some rows at a time, row by row. Nodes that are the same point have equal values.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if the file can no longer be read.
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
            Self::Weighted(values, weights) => {
                values.rows(nodes, rows, time, out)?;
                for row in out.chunks_exact_mut(nx) {
                    let values = row.iter_mut().zip(&**weights);
                    values.for_each(|(value, weight)| *value *= weight);
                }
            }
            Self::Averaged(values, means) => {
                values.rows(nodes, rows.clone(), time, out)?;
                for (row, j) in out.chunks_exact_mut(nx).zip(rows) {
                    let means = means.of_row(nodes.row(j));
                    means.iter().for_each(|&(i, mean)| row[i] = mean);
                }
            }
            Self::Function(function) => fill(function, nodes, rows.start, time, out),
            Self::Array(_) | Self::Image(_) => {
                let mut unfilled = &mut out[..];
                let mut next_row = rows.start;
                while next_row < rows.end {
                    // As far as the rows follow one another in the file.
                    let start = nodes.row(next_row);
                    let consecutive =
                        (next_row..rows.end).take_while(|&j| nodes.row(j) == start + j - next_row);
                    let count = consecutive.count();
                    let (piece, later_rows) = unfilled.split_at_mut(count * nx);
                    match self {
                        Self::Image(picture) => {
                            picture.rows(start..start + count, piece);
                        }
                        Self::Array(array) => array.read(start..start + count, nx, piece)?,
                        _ => {}
                    }
                    (unfilled, next_row) = (later_rows, next_row + count);
                }
            }
        }
        if nodes.periodic[0] {
            out.chunks_exact_mut(nx)
                .for_each(|row| row[nx - 1] = row[0]);
        }
        Ok(())
    }

    /// Writes the values at a time, for the grid's rows from `first` on, each multiplied by `factor` and rounded once.
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

    /// Writes the values as [`fill`](Self::fill) does, but converts each by `convert`.
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
        for (number, piece) in to.chunks_mut(together * nx).enumerate() {
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

/// The position of the first value for which `holds` is true.
pub fn first_where<T: Sync>(values: &[T], holds: impl Fn(&T) -> bool + Sync) -> Option<usize> {
    /// The number of values in a piece. Rayon checks before every item whether another thread has succeeded, which
    /// takes longer than looking at one value.
    const TOGETHER: usize = 4096;
    let pieces = values.par_chunks(TOGETHER);
    let piece = pieces
        .position_first(|values| values.iter().fold(false, |any, value| any | holds(value)))?;
    let piece_begin = piece * TOGETHER;
    Some(piece_begin + values[piece_begin..].iter().position(&holds)?)
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
    let (j, i) = (nodes.row(j), nodes.column(i));
    let number = nodes.number(j, i);
    value_at_point(function, [nodes.x[i], nodes.y[j], time], number)
}

/// The value of a function of x, y and t at a point. A formula draws the random numbers of the node `number`.
#[must_use]
pub fn value_at_point(function: &Function, [x, y, t]: [f64; 3], number: u64) -> f64 {
    let formula: &Expression = match function {
        Function::Number(value) => return *value,
        Function::Formula(formula) => &formula.expression,
    };
    let mut value = [0.0];
    formula.evaluate(&[&[x], &[y], &[t]], number, &mut value);
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
