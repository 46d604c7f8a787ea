//! [`Change`]: how much a snapshot differs from the one before it, which is read from the cube.

use super::{error::RunError, output::Output};
use crate::{
    comm::{Comm, collective},
    cube::{CubeError, journal::Slot},
    schedule::Clock,
};
use diff2d_arrays::npy::Reader;
use diff2d_stencil::real::Real;
use diff2d_sys as sys;
use rayon::prelude::*;
use std::path::PathBuf;

/// The largest change of a node since the snapshot before, of the rows that have come.
pub(super) struct Change {
    file: Reader,
    path: PathBuf,
    /// The byte of the row that is compared next.
    at: u64,
    largest: f64,
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
        let index = now.step / output.problem.schedule.nper;
        if output.problem.params.steady.is_none() || index == 0 || !output.flush() {
            return Ok(None);
        }
        let Some(scenario) = &output.scenario else {
            return Ok(None);
        };
        let path = scenario.file().path.clone();
        let opened = sys::open_to_read(&path).map_err(CubeError::io("open", &path));
        let file = collective::all_ok(output.ranks.comm(), opened.map_err(RunError::from))?;
        let (header, rows) = (scenario.header(), output.ranks.slab().own());
        let row = output.problem.grid.x.nodes * header.dtype.bytes;
        Ok(Some(Self {
            file: Reader::new(file, &path),
            path,
            at: header.offset_of(Slot::from(index - 1)) + (rows.start * row) as u64,
            largest: 0.0,
            failed: Ok(()),
        }))
    }

    /// Compares the next rows that this rank owns. A node that has no value on either side does not change.
    pub(super) fn rows<T: Real>(&mut self, values: &[T]) {
        let (begin, bytes) = (self.at, size_of::<T>());
        let compare = |(number, values): (usize, &[T])| {
            let mut before = vec![T::default(); values.len()];
            let at = begin + (number * CHUNK) as u64;
            let read = self.file.read(at, bytemuck::cast_slice_mut(&mut before));
            read.map_err(CubeError::io("read", &self.path))?;
            let changes = values.iter().zip(&before);
            let changes = changes.map(|(now, before)| (now.to_f64() - before.to_f64()).abs());
            Ok(changes.fold(0.0, f64::max))
        };
        let chunks = values.par_chunks(CHUNK / bytes).enumerate().map(compare);
        let largest: Result<f64, CubeError> =
            chunks.try_reduce(|| 0.0, |one, other| Ok(one.max(other)));
        self.at += size_of_val(values) as u64;
        match largest {
            Ok(largest) => self.largest = self.largest.max(largest),
            Err(error) => self.failed = Err(error),
        }
    }

    /// Collective, after all rows. The change per time if the run ends with the snapshot.
    pub(super) fn steady<C: Comm>(
        self,
        output: &Output<'_, C>,
        now: Clock,
    ) -> Result<Option<f64>, RunError> {
        let comm = output.ranks.comm();
        collective::all_ok(comm, self.failed.map_err(RunError::from))?;
        let largest = collective::all_gather(comm, self.largest);
        let largest = largest.into_iter().fold(0.0, f64::max);
        let rate = largest / (now.simtime - output.last.simtime);
        Ok(Some(rate).filter(|&rate| output.problem.params.steady.is_some_and(|most| rate < most)))
    }
}
