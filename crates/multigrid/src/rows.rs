//! [`Rows`]: sparse rows of numbers, and [`Terms`], which each of them is summed from.

use rayon::prelude::*;

/// Rows that are computed together.
const PART: usize = 256;

/// Sparse rows, in single precision: a preconditioner needs no more.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Where the elements of each row begin, and the last ones end.
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    /// As many rows as are given of so many columns, each the terms that `fill` adds, in its order.
    pub(crate) fn of(rows: usize, columns: usize, fill: impl Fn(usize, &mut Terms) + Sync) -> Self {
        let parts = (0..rows.div_ceil(PART)).into_par_iter();
        let parts = parts.map_init(
            || Terms::new(columns),
            |terms, part| {
                let mut one = Self::with_capacity(PART, 0);
                for row in part * PART..rows.min((part + 1) * PART) {
                    terms.each.clear();
                    fill(row, terms);
                    for &(column, value) in &terms.each {
                        one.columns.push(column);
                        one.values.push(value as f32);
                    }
                    one.starts.push(one.columns.len());
                }
                one
            },
        );
        let parts: Vec<Self> = parts.collect();
        let elements = parts.iter().map(|part| part.columns.len()).sum();
        let mut all = Self::with_capacity(rows, elements);
        for part in parts {
            let before = all.columns.len();
            let starts = part.starts[1..].iter().map(|start| before + start);
            all.starts.extend(starts);
            all.columns.extend(part.columns);
            all.values.extend(part.values);
        }
        all
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

    /// The transpose, of so many rows.
    pub(crate) fn transpose(&self, rows: usize) -> Self {
        let mut starts = vec![0; rows + 1];
        for &column in &self.columns {
            starts[column as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let (mut next, elements) = (starts.clone(), self.columns.len());
        let (mut columns, mut values) = (vec![0; elements], vec![0.0; elements]);
        for row in 0..self.starts.len() - 1 {
            for k in self.starts[row]..self.starts[row + 1] {
                let place = &mut next[self.columns[k] as usize];
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

    /// `Σ value (x[column] - x[row])`, in lanes.
    pub(crate) fn differences(&self, row: usize, x: &[f64]) -> f64 {
        let range = self.starts[row]..self.starts[row + 1];
        let (columns, last_columns) = self.columns[range.clone()].as_chunks::<4>();
        let (values, last_values) = self.values[range].as_chunks::<4>();
        let term = |column: u32, value: f32| f64::from(value) * (x[column as usize] - x[row]);
        let mut lanes = [0.0; 4];
        for (columns, values) in columns.iter().zip(values) {
            for k in 0..4 {
                lanes[k] += term(columns[k], values[k]);
            }
        }
        let last = last_columns.iter().zip(last_values);
        let last = last.map(|(&column, &value)| term(column, value));
        lanes.into_iter().chain(last).sum()
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
pub(crate) struct Terms {
    /// By index, in the order in which they came.
    each: Vec<(u32, f64)>,
    /// Where the term of an index lies, if there is one.
    places: Vec<u32>,
}

impl Terms {
    fn new(len: usize) -> Self {
        Self {
            each: Vec::new(),
            places: vec![0; len],
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, index: usize, value: f64) {
        let place = self.places[index];
        match self.each.get_mut(place as usize) {
            Some((found, sum)) if *found == index as u32 => *sum += value,
            _ => {
                self.places[index] = self.each.len() as u32;
                self.each.push((index as u32, value));
            }
        }
    }

    /// Adds a multiple of another vector.
    pub(crate) fn add_all(&mut self, factor: f64, terms: impl Iterator<Item = (usize, f64)>) {
        terms.for_each(|(index, value)| self.add(index, factor * value));
    }

    /// Leaves an index out.
    pub(crate) fn remove(&mut self, index: usize) {
        self.each.retain(|&(other, _)| other as usize != index);
    }
}
