//! [`Tile`]: part of a frame, small enough to be in memory.

use std::ops::Range;

/// Rows and columns of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Along the first of its axes.
    pub rows: Range<u64>,
    /// Along the second.
    pub columns: Range<u64>,
}

impl Tile {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        let elements = (self.rows.end - self.rows.start) * (self.columns.end - self.columns.start);
        usize::try_from(elements).unwrap_or(usize::MAX)
    }
}

/// The tiles of a frame of `rows` by `columns`, each of `tile` but for those at the ends; row after row.
pub fn grid([rows, columns]: [u64; 2], [high, wide]: [u64; 2]) -> impl Iterator<Item = Tile> {
    let count = columns.div_ceil(wide);
    (0..rows.div_ceil(high) * count).map(move |number| {
        let (row, column) = (number / count * high, number % count * wide);
        Tile {
            rows: row..rows.min(row + high),
            columns: column..columns.min(column + wide),
        }
    })
}

/// Tiles of at most `most` elements that follow one another as the elements of the frame do: rows, or
/// parts of one.
#[must_use]
pub fn bands([_, columns]: [u64; 2], most: u64) -> [u64; 2] {
    let most = most.max(1);
    match most / columns {
        0 => [1, most],
        rows => [rows, columns],
    }
}

/// Tiles of at most `most` elements, about as high as wide: good for reading any part of a frame.
#[must_use]
pub fn squares([mut rows, mut columns]: [u64; 2], most: u64) -> [u64; 2] {
    while rows * columns > most.max(1) {
        if rows > columns {
            rows = rows.div_ceil(2);
        } else {
            columns = columns.div_ceil(2);
        }
    }
    [rows, columns]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tiles_cover_every_element_once(rows in 1_u64..30, columns in 1_u64..30, most in 1_u64..200) {
            let frame = [rows, columns];
            for tile in [bands(frame, most), squares(frame, most)] {
                prop_assert!(tile[0] * tile[1] <= most);
                let mut seen = vec![0; (rows * columns) as usize];
                for tile in grid(frame, tile) {
                    prop_assert!(tile.elements() as u64 <= most);
                    for row in tile.rows.clone() {
                        for column in tile.columns.clone() {
                            seen[(row * columns + column) as usize] += 1;
                        }
                    }
                }
                prop_assert!(seen.iter().all(|&times| times == 1));
            }
        }
    }

    #[test]
    fn bands_are_in_the_order_of_the_elements_and_squares_waste_little() {
        assert_eq!(bands([10, 7], 21), [3, 7]);
        assert_eq!(bands([10, 7], 5), [1, 5]);
        assert_eq!(squares([16384, 16384], 1 << 19), [1024, 512]);
        assert_eq!(squares([301, 301], 1 << 19), [301, 301]);
        assert_eq!(squares([5000, 5000], 1 << 19), [625, 625]);
        assert_eq!(squares([1, 1 << 40], 1 << 19), [1, 1 << 19]);
    }
}
