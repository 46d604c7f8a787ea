//! [`MatrixRows`]: sparse rows of numbers, and [`RowTerms`]: a sum of sparse terms for one row.

use rayon::prelude::*;

/// The number of rows that are computed together.
const PART: usize = 256;

/// Sparse rows in single precision, which suffices for a preconditioner.
#[derive(Debug)]
pub(crate) struct MatrixRows {
    /// Index of the first element of each row, and of the end of the last one.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl MatrixRows {
    /// Creates `rows` rows of `columns` columns. Each row is the sum of the terms that `fill` adds, in that order.
    pub(crate) fn of(
        rows: usize,
        columns: usize,
        fill: impl Fn(usize, &mut RowTerms) + Sync,
    ) -> Self {
        let parts = (0..rows.div_ceil(PART)).into_par_iter();
        let parts = parts.map_init(
            || RowTerms::new(columns),
            |terms, part| {
                let mut part_rows = Self::with_capacity(PART, 0);
                for row in part * PART..rows.min((part + 1) * PART) {
                    terms.terms.clear();
                    fill(row, terms);
                    for &(column, value) in &terms.terms {
                        part_rows.columns.push(column);
                        part_rows.values.push(value as f32);
                    }
                    part_rows.starts.push(part_rows.columns.len());
                }
                part_rows
            },
        );
        let parts: Vec<Self> = parts.collect();
        let elements = parts.iter().map(|part| part.columns.len()).sum();
        let mut matrix = Self::with_capacity(rows, elements);
        for part in parts {
            let elements_before = matrix.columns.len();
            let starts = part.starts[1..].iter().map(|start| elements_before + start);
            matrix.starts.extend(starts);
            matrix.columns.extend(part.columns);
            matrix.values.extend(part.values);
        }
        matrix
    }

    fn with_capacity(rows: usize, elements: usize) -> Self {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        Self {
            starts,
            columns: Vec::with_capacity(elements),
            values: Vec::with_capacity(elements),
        }
    }

    /// The transposed matrix, which has `rows` rows.
    pub(crate) fn transpose(&self, rows: usize) -> Self {
        let mut starts = vec![0; rows + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let (mut next_places, elements) = (starts.clone(), self.columns.len());
        let (mut columns, mut values) = (vec![0; elements], vec![0.0; elements]);
        for row in 0..self.starts.len() - 1 {
            for k in self.starts[row]..self.starts[row + 1] {
                let place = &mut next_places[self.columns[k] as usize];
                columns[*place] = row as u32;
                values[*place] = self.values[k];
                *place += 1;
            }
        }
        Self {
            starts,
            columns,
            values,
        }
    }

    /// The columns of a row with their values.
    #[inline]
    pub(crate) fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.starts[row]..self.starts[row + 1];
        let columns = self.columns[range.clone()].iter();
        columns
            .zip(&self.values[range])
            .map(|(&column, &value)| (column as usize, f64::from(value)))
    }

    /// The sum `Σ value (x[column] - x[row])`, computed in lanes.
    pub(crate) fn differences(&self, row: usize, x: &[f64]) -> f64 {
        let range = self.starts[row]..self.starts[row + 1];
        let (columns, remaining_columns) = self.columns[range.clone()].as_chunks::<4>();
        let (values, remaining_values) = self.values[range].as_chunks::<4>();
        let mut lanes = [0.0; 4];
        for (columns, values) in columns.iter().zip(values) {
            for k in 0..4 {
                lanes[k] += f64::from(values[k]) * (x[columns[k] as usize] - x[row]);
            }
        }
        let remainder = remaining_columns.iter().zip(remaining_values);
        let remainder =
            remainder.map(|(&column, &value)| f64::from(value) * (x[column as usize] - x[row]));
        lanes.into_iter().chain(remainder).sum()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        8 * (self.columns.len() + self.starts.len())
    }
}

/// A sparse vector to which terms are added.
///
/// Source: Briggs, Torczon, ACM Lett. Program. Lang. Syst. 2 (1993), 59–69.
#[derive(Debug)]
pub(crate) struct RowTerms {
    /// The index and the sum of each term, in the order in which the indices were added.
    terms: Vec<(u32, f64)>,
    /// The position of each index among the terms; valid only if the index is there.
    places: Vec<u32>,
}

impl RowTerms {
    fn new(len: usize) -> Self {
        Self {
            terms: Vec::new(),
            places: vec![0; len],
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, index: usize, value: f64) {
        let place = self.places[index];
        match self.terms.get_mut(place as usize) {
            Some((term_index, sum)) if *term_index == index as u32 => *sum += value,
            _ => {
                self.places[index] = self.terms.len() as u32;
                self.terms.push((index as u32, value));
            }
        }
    }

    /// Adds a multiple of another vector.
    pub(crate) fn add_all(&mut self, factor: f64, terms: impl Iterator<Item = (usize, f64)>) {
        terms.for_each(|(index, value)| self.add(index, factor * value));
    }

    /// Removes an index.
    pub(crate) fn remove(&mut self, index: usize) {
        self.terms.retain(|&(other, _)| other as usize != index);
    }
}
