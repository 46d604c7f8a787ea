//! [`Problem`]: parameters with all that follows from them, before any memory or disk is touched.

use crate::{
    cube::{
        journal::{Content, Header, Scenario},
        npy::{DATA_OFFSET, Dtype},
    },
    grid::Grid,
    params::{Params, ParamsError, Precision, RawParams},
    schedule::Schedule,
};
use std::path::Path;

/// One run, fully determined.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What was asked for.
    pub params: Params,
    /// Where the nodes lie.
    pub grid: Grid,
    /// The steps and snapshots.
    pub schedule: Schedule,
}

impl Problem {
    /// Reads a parameter file and the `--set` options that override it.
    ///
    /// # Errors
    /// [`ParamsError`] for anything that cannot be run whatever the machine.
    pub fn load(file: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        let (params, raw) = Params::load(file, overrides)?;
        Self::new(params, &raw)
    }

    /// Derives grid and schedule; `raw` tells errors where a value was typed.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn new(params: Params, raw: &RawParams) -> Result<Self, ParamsError> {
        let grid = Grid::new(&params, raw)?;
        let schedule = Schedule::new(&params, &grid, raw)?;
        let problem = Self {
            params,
            grid,
            schedule,
        };
        let bytes = u128::from(problem.schedule.snapshots()) * u128::from(problem.field_bytes())
            + u128::from(DATA_OFFSET);
        if bytes >= 1 << 63 {
            return Err(raw.refuse(
                "outtime",
                format!(
                    "{} snapshots of {} bytes are beyond the 2^63 bytes that a file can have; a larger outtime or dx takes fewer",
                    problem.schedule.snapshots(),
                    problem.field_bytes()
                ),
            ));
        }
        Ok(problem)
    }

    /// Bytes of one field.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.grid.len() * self.params.precision.bytes() as u64
    }

    /// Bytes of memory that a run takes: two fields; everything else is small beside them.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        2 * self.field_bytes()
    }

    /// `(snapshots, ny, nx)`.
    #[must_use]
    pub fn cube_shape(&self) -> [u64; 3] {
        let (ny, nx) = self.grid.shape();
        [self.schedule.snapshots(), ny as u64, nx as u64]
    }

    /// Bytes of the cube, its header included.
    #[must_use]
    pub fn cube_bytes(&self) -> u64 {
        DATA_OFFSET + self.schedule.snapshots() * self.field_bytes()
    }

    /// Line 1 of the journal of a run that starts now.
    ///
    /// # Errors
    /// When the system has no random numbers for the run id.
    pub fn header(&self) -> Result<Header, getrandom::Error> {
        Header::new(
            self.dtype(),
            self.cube_shape().to_vec(),
            Content::Run(self.scenario()),
        )
    }

    /// What the journal says of this problem.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        Scenario {
            params: self.params.clone(),
            dx: self.grid.x.spacing,
            dy: self.grid.y.spacing,
            dt: self.schedule.dt,
            nsteps: self.schedule.nsteps,
            nper: self.schedule.nper,
        }
    }

    /// The type of the cube's elements.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        match self.params.precision {
            Precision::F64 => Dtype::F64,
            Precision::F32 => Dtype::F32,
        }
    }
}
