//! [`Problem`]: parameters and all that follows from them, before any memory or disk is touched.

use crate::{
    dynamics::Dynamics,
    field::Field,
    grid::Grid,
    npy::DATA_OFFSET,
    params::{Canonical, Params, ParamsError, RawParams, SIDES},
    physics::{
        initial::Initial,
        input::{Digests, Input},
        material::{Coefficients, Material, Survey},
        robin::Robin,
        wall::{Side, Walls},
    },
    real::Real,
    schedule::Schedule,
    stencil::{Element, Equation, Stencil},
};
use std::{collections::BTreeMap, io, ops::Range, path::Path, str::FromStr};

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
    initial: Initial,
    walls: Walls,
    material: Material,
    survey: Survey,
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

    /// Derives grid, physics and schedule. `raw` tells errors where a value was typed.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn new(params: Params, raw: &RawParams) -> Result<Self, ParamsError> {
        Self::with_digests(params, raw, &mut Digests::default())
    }

    /// As [`new`](Self::new), with the digests of files that were read already.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) fn with_digests(
        params: Params,
        raw: &RawParams,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let grid = Grid::new(&params, raw)?;
        let walls = Walls::new(&params.boundary);
        let material = Material::new(&params, raw, &grid, digests)?;
        let survey = material.survey(&grid, &walls, &Robin::new(&walls, &params, &grid))?;
        let schedule = Schedule::new(&params, survey.limit, raw)?;
        let initial = Initial::new(&params.initial, raw, &grid, digests)?;
        let problem = Self {
            params,
            grid,
            schedule,
            initial,
            walls,
            material,
            survey,
        };
        problem.refuse_what_is_not_computed(raw)?;
        if problem.steps().iter().any(|r| !r.is_normal()) {
            let reason = "its product with dt/(dx*dx) is beyond what a float holds".to_owned();
            return Err(raw.refuse("Dx", reason));
        }
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

    /// Refuses what no kernel computes yet.
    fn refuse_what_is_not_computed(&self, raw: &RawParams) -> Result<(), ParamsError> {
        let refuse = |key, what: &str| Err(raw.refuse(key, format!("{what} not computed yet")));
        for (side, key) in Side::ALL.into_iter().zip(SIDES) {
            let wall = self.walls.of(side);
            if !wall.is_fixed() || wall.depends_on_time() {
                return refuse(
                    key,
                    "walls other than fixed ones that are constant in time are",
                );
            }
        }
        if self.params.source.constant() != Some(0.0) {
            return refuse("source", "sources are");
        }
        if !matches!(self.coefficients(), Coefficients::Isotropic(_)) {
            let is_variable = matches!(self.coefficients(), Coefficients::Variable);
            return refuse(
                if is_variable { "Dx" } else { "dy" },
                "steps with other coefficients along x and y, or varying ones, are",
            );
        }
        Ok(())
    }

    /// The step, with the tile estimated from the caches.
    #[must_use]
    pub fn stencil<T: Element>(&self) -> Stencil<T> {
        Stencil::new(T::from_f64(self.steps()[0]))
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
        let r = T::from_f64(self.steps()[0]);
        Ok(Dynamics {
            dt: self.schedule.dt,
            ..Dynamics::constant(Equation::isotropic(r))
        })
    }

    /// What the step does with the diffusion coefficients.
    #[must_use]
    pub fn coefficients(&self) -> Coefficients {
        self.material.coefficients(&self.grid)
    }

    /// The coefficients of the step along x and y, `(D/(dx*dx))*dt` \[1\]; none if D varies.
    #[must_use]
    pub fn steps(&self) -> Vec<f64> {
        let dt = self.schedule.dt;
        let (dx, dy) = (self.grid.x.spacing, self.grid.y.spacing);
        match self.coefficients() {
            Coefficients::Isotropic(d) => vec![(d / (dx * dx)) * dt],
            Coefficients::Anisotropic(x, y) => {
                vec![(x / (dx * dx)) * dt, (y / (dy * dy)) * dt]
            }
            Coefficients::Variable => Vec::new(),
        }
    }

    /// The largest stable time step \[time\].
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.survey.limit
    }

    /// The array with the initial state, and which of its matrices.
    #[must_use]
    pub fn initial_array(&self) -> Option<(&Path, u64)> {
        let array = self.initial.array()?;
        Some((array.input().path(), array.frame()))
    }

    /// The SHA-256 of every file that the parameters name, by its name there.
    #[must_use]
    pub fn inputs(&self) -> BTreeMap<String, String> {
        let inputs = self
            .initial
            .input()
            .into_iter()
            .chain(self.material.inputs());
        inputs.map(Input::digest).collect()
    }

    /// Writes the state before the first step to a field that holds zeros: the initial state, and fixed
    /// walls over it.
    ///
    /// Shape: the rows of the field are those of the grid from `first` on, all columns.
    ///
    /// # Errors
    /// [`ParamsError::Input`] when the file of the initial state cannot be read any more.
    pub fn fill_initial<T: Real>(
        &self,
        field: &mut Field<T>,
        first: usize,
    ) -> Result<(), ParamsError> {
        let where_ = (&self.grid, self.walls.periodic());
        self.initial.fill(field, where_, first)?;
        self.walls.write_fixed(field, (&self.grid, first), 0.0);
        Ok(())
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
