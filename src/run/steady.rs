//! [`Change`]: the difference between a snapshot and the one before it, which is read from the cube or from memory.

use super::{error::RunError, output::Output};
use crate::{
    comm::{Comm, collective},
    cube::CubeError,
    params::End,
    problem::Problem,
    schedule::Clock,
};
use diff2d_arrays::npy::Reader;
use diff2d_stencil::real::Real;
use diff2d_sys as sys;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The change of nodes since the snapshot before, over the rows received so far.
pub(super) struct Change {
    /// The cube; `None` if snapshots are kept in memory.
    cube: Option<(Reader, PathBuf)>,
    /// The byte of the next row to compare, in the cube or in the snapshots in memory.
    at: u64,
    /// The largest change, and the largest |p|.
    largest: [f64; 2],
    failed: Result<(), CubeError>,
}

/// The number of bytes that a thread compares at a time.
const CHUNK: usize = 1 << 18;

impl Change {
    /// Collective. The change of a snapshot that begins now, if the run may end with it by that. Those before it are
    /// committed then, and other ranks can read them.
    pub(super) fn begin<C: Comm>(
        output: &mut Output<'_, C>,
        now: Clock,
    ) -> Result<Option<Self>, RunError> {
        let index = output.problem.schedule.snapshot_at(now.step).0;
        if output.problem.params.steady_rate().is_none() || index == 0 || !output.flush() {
            return Ok(None);
        }
        let field_bytes = output.problem.field_bytes();
        if let Some(solution) = output.solution() {
            let kept_bytes = solution.bytes().len() as u64;
            let last_begin = kept_bytes.saturating_sub(field_bytes);
            return Ok(Some(Self::new(None, last_begin)));
        }
        if let Some(digest) = output.snapshot_digest() {
            let change = digest
                .before()
                .map(|(cube, begin)| Self::since(cube, *begin));
            return Ok(change.transpose()?);
        }
        let Some(scenario) = output.scenario() else {
            return Ok(None);
        };
        let (header, rows) = (scenario.header(), output.ranks.slab().own());
        let row = output.problem.grid.x.nodes * header.dtype.bytes;
        let rows_begin = header.offset_of(scenario.id_of(index - 1)) + (rows.start * row) as u64;
        let change = Self::since(&scenario.file().path, rows_begin).map_err(RunError::from);
        collective::all_ok(output.ranks.comm(), change).map(Some)
    }

    /// The change since a snapshot whose rows begin at byte `at` of a cube.
    pub(super) fn since(cube: &Path, at: u64) -> Result<Self, CubeError> {
        let file = sys::open_to_read(cube).map_err(CubeError::io("open", cube))?;
        Ok(Self::new(
            Some((Reader::new(file, cube), cube.to_owned())),
            at,
        ))
    }

    fn new(cube: Option<(Reader, PathBuf)>, at: u64) -> Self {
        Self {
            cube,
            at,
            largest: [0.0; 2],
            failed: Ok(()),
        }
    }

    /// Compares the next rows that this rank owns. A node without a value in either snapshot counts as unchanged.
    /// `kept` are the bytes of the snapshots in memory.
    pub(super) fn rows<T: Real>(&mut self, values: &[T], kept: &[u8]) {
        let first_byte = self.at;
        let chunks = values.par_chunks(CHUNK / size_of::<T>()).enumerate();
        let chunks = chunks.map(|(number, values)| {
            let mut old_values = vec![T::default(); values.len()];
            let chunk_begin = first_byte + (number * CHUNK) as u64;
            let old_bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut old_values);
            match &self.cube {
                Some((file, path)) => file
                    .read(chunk_begin, old_bytes)
                    .map_err(CubeError::io("read", path))?,
                None => old_bytes.copy_from_slice(&kept[chunk_begin as usize..][..old_bytes.len()]),
            }
            let changes = values.iter().zip(&old_values).map(|(value, old_value)| {
                let (value, old_value) = (value.to_f64(), old_value.to_f64());
                [(value - old_value).abs(), value.abs()]
            });
            Ok(changes.fold([0.0; 2], larger))
        });
        let largest: Result<_, CubeError> =
            chunks.try_reduce(|| [0.0; 2], |one, other| Ok(larger(one, other)));
        self.at += size_of_val(values) as u64;
        match largest {
            Ok(largest) => self.largest = larger(self.largest, largest),
            Err(error) => self.failed = Err(error),
        }
    }

    /// Collective, after all rows. Why the run ends with the snapshot, if it is steady: of the change between two times.
    pub(super) fn end(
        self,
        problem: &Problem,
        comm: &impl Comm,
        times: [Clock; 2],
    ) -> Result<Option<End>, RunError> {
        collective::all_ok(comm, self.failed.map_err(RunError::from))?;
        let largest = collective::all_gather(comm, self.largest);
        let [change, largest] = largest.into_iter().fold([0.0; 2], larger);
        Ok(problem.steady(change, largest, times))
    }
}

/// The larger value at each position of two pairs; NaN is ignored.
fn larger(one: [f64; 2], other: [f64; 2]) -> [f64; 2] {
    [one[0].max(other[0]), one[1].max(other[1])]
}
