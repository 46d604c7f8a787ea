//! [`Partition`]: the portions of an array for the ranks, and their chunks.

use diff2d_arrays::npy::{ArrayFile, Cut, Region, elements, length};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Bytes of a chunk of a file in C order; larger chunks are not faster.
const CHUNK_BYTES: u64 = 4 << 20;

/// The number of chunks for which rank 0 needs memory: one that is sent, one that is read, its transpose for a file in
/// Fortran order, and one for maps and the message layer.
const CHUNKS_IN_MEMORY: u64 = 4;

/// The portions of an array, one for each rank, and their chunks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Partition {
    shape: Vec<u64>,
    axis: usize,
    ranks: usize,
    /// Bytes of an element.
    width: u64,
    /// The largest number of bytes of a chunk, unless one element has more.
    chunk: u64,
}

impl Partition {
    /// Divides an array along an axis among `ranks` ranks, which may use `memory` bytes each.
    ///
    /// A chunk of a file in Fortran order is a box of it, read in the order of the file and transposed in
    /// memory. The larger the box, the longer its runs in the file; for these files alone more memory means fewer
    /// reads.
    pub(super) fn new(array: &ArrayFile, axis: usize, ranks: usize, memory: u64) -> Self {
        let npy = &array.npy;
        let chunk_memory = memory / CHUNKS_IN_MEMORY;
        Self {
            shape: array.shape(),
            axis,
            ranks,
            width: npy.dtype.bytes as u64,
            chunk: if npy.fortran_order {
                chunk_memory
            } else {
                chunk_memory.min(CHUNK_BYTES)
            },
        }
    }

    /// The portion of a rank.
    fn portion(&self, rank: usize) -> Region {
        let mut region: Region = self.shape.iter().map(|&length| 0..length).collect();
        region[self.axis] = part(self.shape[self.axis], self.ranks as u64, rank as u64);
        region
    }

    /// The shape of a rank's portion.
    pub(super) fn shape(&self, rank: usize) -> Vec<u64> {
        self.portion(rank).iter().map(length).collect()
    }

    /// The boxes in which a rank's portion is sent, in its C order.
    pub(super) fn chunks(&self, rank: usize) -> Cut {
        Cut::of_elements(&self.portion(rank), self.chunk / self.width)
    }

    /// Bytes of a box.
    pub(super) fn bytes(&self, region: &[Range<u64>]) -> usize {
        in_memory(elements(region) * self.width)
    }
}

/// Part `number` of a length divided into `parts` parts, which are as equal as possible with the longer ones first.
fn part(length: u64, parts: u64, number: u64) -> Range<u64> {
    let [start, next_start] =
        [number, number + 1].map(|number| number * (length / parts) + (length % parts).min(number));
    start..next_start
}

/// A number of bytes or elements as an index in memory. A number that does not fit makes the next access panic.
pub(super) fn in_memory(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;
    use proptest::prelude::*;

    #[test]
    fn longer_parts_come_first_and_the_last_may_be_empty() {
        let parts = |length, parts| (0..parts).map(|n| part(length, parts, n)).collect();
        let cut: Vec<_> = parts(10, 4);
        assert_eq!(cut, [0..3, 3..6, 6..8, 8..10]);
        let cut: Vec<_> = parts(2, 4);
        assert_eq!(cut, [0..1, 1..2, 2..2, 2..2]);
        assert_eq!(part(u64::MAX, 3, 2).end, u64::MAX);
    }

    proptest! {
        #[test]
        fn the_chunks_of_a_portion_are_its_elements_in_c_order(
            shape in prop::collection::vec(0_u64..7, 1..5),
            axis in any::<prop::sample::Index>(),
            ranks in 1_usize..10,
            chunk in 0_u64..300,
        ) {
            let axis = axis.index(shape.len());
            let partition = Partition { axis, ranks, width: 8, chunk, shape: shape.clone() };
            let lengths: Vec<usize> = shape.iter().copied().map(in_memory).collect();
            let all = Array::from_iter(0..lengths.iter().product()).into_shape_with_order(lengths).unwrap();
            let select = |region: &Region| {
                let part = all.slice_each_axis(|axis| {
                    let range = &region[axis.axis.index()];
                    (in_memory(range.start)..in_memory(range.end)).into()
                });
                part.iter().copied().collect::<Vec<usize>>()
            };
            let mut together = 0;
            for rank in 0..ranks {
                let chunks: Vec<_> = partition.chunks(rank).iter().collect();
                for region in &chunks {
                    let bytes = partition.bytes(region) as u64;
                    prop_assert!(bytes > 0 && bytes <= chunk.max(8));
                }
                let portion = select(&partition.portion(rank));
                together += portion.len();
                prop_assert_eq!(chunks.iter().flat_map(select).collect::<Vec<_>>(), portion);
            }
            prop_assert_eq!(together, all.len());
        }
    }
}
