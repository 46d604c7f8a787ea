//! [`Change`]: how much a snapshot differs from the one before it, which is read from the cube, or was kept in memory.

use super::{error::RunError, output::Output};
use crate::{
    comm::{Comm, collective},
    cube::CubeError,
    dynamics::Steadiness,
    problem::Problem,
    schedule::Clock,
};
use diff2d_arrays::npy::Reader;
use diff2d_stencil::real::Real;
use diff2d_sys as sys;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// How much nodes have changed since the snapshot before, of the rows that have come.
pub(super) struct Change {
    /// The cube; none where snapshots are kept in memory.
    cube: Option<(Reader, PathBuf)>,
    /// The byte of the row that is compared next, of the cube or of the snapshots in memory.
    at: u64,
    /// The largest change, and the largest |p|.
    largest: [f64; 2],
    failed: Result<(), CubeError>,
}

/// Bytes that a thread compares at a time.
const CHUNK: usize = 1 << 18;

impl Change {
    /// Collective. The change of a snapshot that begins now, if the run may end with it. Those before it are
    /// committed then, and other ranks can read them.
    pub(super) fn begin<C: Comm>(
        output: &mut Output<'_, C>,
        now: Clock,
    ) -> Result<Option<Self>, RunError> {
        let index = output.problem.schedule.snapshot_at(now.step).0;
        if output.problem.params.until.is_none() || index == 0 || !output.flush() {
            return Ok(None);
        }
        let Some(scenario) = &output.scenario else {
            let at = (index - 1) * output.problem.field_bytes();
            return Ok(output.kept.is_some().then(|| Self::new(None, at)));
        };
        let (header, rows) = (scenario.header(), output.ranks.slab().own());
        let row = output.problem.grid.x.nodes * header.dtype.bytes;
        let at = header.offset_of(scenario.slot(index - 1)) + (rows.start * row) as u64;
        let change = Self::since(&scenario.file().path, at).map_err(RunError::from);
        collective::all_ok(output.ranks.comm(), change).map(Some)
    }

    /// That since the snapshot in a cube whose rows begin at a byte of it.
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

    /// Compares the next rows that this rank owns. A node that has no value on either side does not change. `kept` are the
    /// bytes of the snapshots that are kept in memory.
    pub(super) fn rows<T: Real>(&mut self, values: &[T], kept: &[u8]) {
        let (begin, bytes) = (self.at, size_of::<T>());
        let compare = |(number, values): (usize, &[T])| {
            let mut before = vec![T::default(); values.len()];
            let at = begin + (number * CHUNK) as u64;
            let to: &mut [u8] = bytemuck::cast_slice_mut(&mut before);
            match &self.cube {
                Some((file, path)) => file.read(at, to).map_err(CubeError::io("read", path))?,
                None => to.copy_from_slice(&kept[at as usize..][..to.len()]),
            }
            let changes = values.iter().zip(&before);
            let changes = changes.map(|(now, before)| {
                let (now, before) = (now.to_f64(), before.to_f64());
                [(now - before).abs(), now.abs()]
            });
            Ok(changes.fold([0.0; 2], larger))
        };
        let chunks = values.par_chunks(CHUNK / bytes).enumerate().map(compare);
        let largest: Result<_, CubeError> =
            chunks.try_reduce(|| [0.0; 2], |one, other| Ok(larger(one, other)));
        self.at += size_of_val(values) as u64;
        match largest {
            Ok(largest) => self.largest = larger(self.largest, largest),
            Err(error) => self.failed = Err(error),
        }
    }

    /// Collective, after all rows. The change per time between two times if the run ends with the snapshot.
    pub(super) fn steady(
        self,
        problem: &Problem,
        comm: &impl Comm,
        times: [Clock; 2],
    ) -> Result<Steadiness, RunError> {
        collective::all_ok(comm, self.failed.map_err(RunError::from))?;
        let largest = collective::all_gather(comm, self.largest);
        let [change, largest] = largest.into_iter().fold([0.0; 2], larger);
        let rate = problem.steady(change, largest, times);
        Ok(Steadiness::of_rate(rate))
    }
}

/// The larger one of each of two numbers; NaN is none.
fn larger(one: [f64; 2], other: [f64; 2]) -> [f64; 2] {
    [one[0].max(other[0]), one[1].max(other[1])]
}
