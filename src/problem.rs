//! [`Problem`]: parameters and all that follows from them, before any memory or disk is touched.

use crate::{
    dynamics::Dynamics,
    field::Field,
    grid::Grid,
    npy::DATA_OFFSET,
    params::{Canonical, Params, ParamsError, RawParams},
    physics::initial,
    real::Real,
    schedule::Schedule,
    stencil::{Element, Equation, Stencil},
};
use std::{io, ops::Range, path::Path, str::FromStr};

/// One run, fully determined.
///
/// ```
/// let text = "D = 1.0\nx1 = -10.0\nx2 = 10.0\ndx = 0.0667\nruntime = 15.0\nouttime = 0.5\n";
/// let problem: diff2d::Problem = text.parse()?;
/// assert_eq!(problem.cube_shape(), [31, 301, 301]);
/// assert_eq!(problem.schedule.nsteps, 13_410);
/// # Ok::<(), diff2d::ParamsError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The parameters, as they were asked for.
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

    /// The problem of parameters that were read, from whatever file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_raw(raw: &RawParams) -> Result<Self, ParamsError> {
        Self::new(Params::from_raw(raw)?, raw)
    }

    /// The problem of a journal.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters that this program does not know.
    pub fn from_canonical(params: &Canonical) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::from_canonical(params))
    }

    /// Derives grid and schedule. `raw` tells errors where a value was typed.
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

    /// The step, with the tile estimated from the caches.
    #[must_use]
    pub fn stencil<T: Element>(&self) -> Stencil<T> {
        Stencil::new(T::from_f64(self.schedule.r))
    }

    /// Whether the last row of the grid is the first one again.
    #[must_use]
    pub fn has_periodic_rows(&self) -> bool {
        false
    }

    /// How the rows `rows` of the grid change in time. In a grid with periodic rows, rows beyond the last
    /// are meant, too: row `j` is row `j - (ny - 1)`.
    ///
    /// # Errors
    /// When the system has too little memory for coefficients and sources.
    pub fn dynamics<T: Element>(&self, _rows: Range<usize>) -> io::Result<Dynamics<T>> {
        let r = T::from_f64(self.schedule.r);
        Ok(Dynamics {
            dt: self.schedule.dt,
            ..Dynamics::constant(Equation::isotropic(r))
        })
    }

    /// Writes the state before the first step to a field that holds zeros.
    ///
    /// Shape: the rows of the field are those of the grid from `first` on, all columns.
    pub fn fill_initial<T: Real>(&self, field: &mut Field<T>, first: usize) {
        initial::four_peaks(field, &self.grid, first);
    }

    /// Bytes of one field.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.grid.len() * self.params.precision.bytes() as u64
    }

    /// Bytes of the two fields of a run; it takes little memory besides.
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
}

/// From the text of a parameter file.
impl FromStr for Problem {
    type Err = ParamsError;

    fn from_str(text: &str) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::parse("the parameters", text)?)
    }
}
