//! [`SparseRows`]: numbers at a few places of a grid.

/// Numbers at a few places of a grid, row by row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseRows {
    /// The index of the first entry of each row, and the number of entries; empty without entries.
    starts: Vec<usize>,
    /// Columns and numbers, in the order of rows and of columns.
    entries: Vec<(usize, f64)>,
}

impl SparseRows {
    /// The numbers of all rows, each with ascending columns.
    #[must_use]
    pub fn of_rows(rows: Vec<Vec<(usize, f64)>>) -> Self {
        if rows.iter().all(Vec::is_empty) {
            return Self::default();
        }
        let mut starts = vec![0];
        let mut entries = Vec::with_capacity(rows.iter().map(Vec::len).sum());
        for row in rows {
            entries.extend(row);
            starts.push(entries.len());
        }
        Self { starts, entries }
    }

    /// The numbers of all columns, each with ascending rows, as those of `row_count` rows.
    #[must_use]
    pub fn of_columns(columns: Vec<Vec<(usize, f64)>>, row_count: usize) -> Self {
        let mut rows = vec![Vec::new(); row_count];
        for (column, entries) in columns.into_iter().enumerate() {
            for (row, number) in entries {
                rows[row].push((column, number));
            }
        }
        Self::of_rows(rows)
    }

    /// Whether there are no numbers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The columns and the numbers of a row.
    #[must_use]
    #[inline]
    pub fn of_row(&self, row: usize) -> &[(usize, f64)] {
        match self.starts.get(row..row + 2) {
            Some(&[start, end]) => &self.entries[start..end],
            _ => &[],
        }
    }

    /// The number at a place.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        let entries = self.of_row(row);
        if entries.is_empty() {
            return None;
        }
        let place = entries.binary_search_by_key(&column, |&(column, _)| column);
        place.ok().map(|place| entries[place].1)
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = size_of_val(&self.starts[..]) + size_of_val(&self.entries[..]);
        bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_at_their_places() {
        let rows = SparseRows::of_rows(vec![vec![], vec![(1, 0.5), (4, 2.0)], vec![(0, 3.0)]]);
        let columns = SparseRows::of_columns(
            vec![
                vec![(2, 3.0)],
                vec![(1, 0.5)],
                vec![],
                vec![],
                vec![(1, 2.0)],
            ],
            3,
        );
        assert_eq!(rows, columns);
        assert_eq!([rows.get(1, 4), rows.get(2, 0)], [Some(2.0), Some(3.0)]);
        assert_eq!([rows.get(1, 2), rows.get(0, 0), rows.get(7, 0)], [None; 3]);
        assert_eq!(rows.of_row(1), [(1, 0.5), (4, 2.0)]);
        assert!(SparseRows::of_rows(vec![vec![]; 3]).is_empty());
    }
}
