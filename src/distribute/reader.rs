//! [`ChunkReader`]: the chunks of an array, one after another.

use super::{
    partition::{Partition, Region, in_memory, length},
    transpose::reverse_axes,
};
use diff2d_arrays::npy::{ArrayFile, NpyError};

/// Reads the chunks of all portions, rank after rank.
pub(super) struct ChunkReader<'a, Regions> {
    array: &'a ArrayFile,
    partition: &'a Partition,
    /// Ranks, and boxes for them.
    regions: Regions,
    /// A chunk before it is transposed.
    file_order: Vec<u8>,
}

impl<'a, Regions> ChunkReader<'a, Regions> {
    pub(super) fn new(array: &'a ArrayFile, partition: &'a Partition, regions: Regions) -> Self {
        Self {
            array,
            partition,
            regions,
            file_order: Vec::new(),
        }
    }
}

impl<Regions: Iterator<Item = (usize, Region)>> ChunkReader<'_, Regions> {
    /// Reads the next chunk; the rank that it is for, and whether it could be read.
    pub(super) fn next(&mut self, chunk: &mut Vec<u8>) -> Option<(usize, Result<(), NpyError>)> {
        let (to, region) = self.regions.next()?;
        chunk.resize(self.partition.bytes(&region), 0);
        let npy = &self.array.npy;
        let in_file = npy.in_file_order(&region);
        if !npy.fortran_order {
            return Some((to, self.array.read_bytes(&in_file, chunk)));
        }
        self.file_order.resize(chunk.len(), 0);
        let result = self.array.read_bytes(&in_file, &mut self.file_order);
        let lengths: Vec<usize> = in_file.iter().map(length).map(in_memory).collect();
        reverse_axes(npy.dtype.bytes, &self.file_order, &lengths, chunk);
        Some((to, result))
    }
}
