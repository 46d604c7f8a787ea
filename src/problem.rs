//! [`Problem`]: parameters and all that follows from them, before any memory or disk is touched.

use crate::{
    dynamics::{Dynamics, Method, Shorter, WallsAt},
    field::Field,
    grid::Grid,
    params::{Canonical, Params, ParamsError, RawParams, SIDES, StepMethod},
    physics::{
        Unready,
        initial::Initial,
        input::{Digests, Input},
        material::{Coefficients, Material, Survey},
        method,
        robin::Robin,
        source::Source,
        tables::{Along, Steps, Tables},
    },
    schedule::Schedule,
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_spectral::Spectral;
use diff2d_stencil::real::Real;
use diff2d_stencil::{Element, Equation, Operator, Rkl2, Stencil, Tile, rkl2_reach};
use ndarray::Array2;
use std::{collections::BTreeMap, ops::Range, path::Path, str::FromStr};

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
    material: Material,
    survey: Survey,
    source: Source,
}

impl Problem {
    /// Reads a parameter file and the `--set` options that override it.
    ///
    /// # Errors
    /// [`ParamsError`] for anything that cannot be run whatever the machine.
    pub fn load(file: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::load(file, overrides)?)
    }

    /// The problem of parameters that were read, from whatever file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_raw(raw: &RawParams) -> Result<Self, ParamsError> {
        Self::with_digests(raw, &mut Digests::default())
    }

    /// The problem of a journal.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters that this program does not know.
    pub fn from_canonical(params: &Canonical) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::from_canonical(params))
    }

    /// As [`from_raw`](Self::from_raw), with the digests of files that were read already.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) fn with_digests(
        raw: &RawParams,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let params = Params::from_raw(raw)?;
        let grid = Grid::new(&params, raw)?;
        let walls = &params.boundary;
        let material = Material::new(&params, raw, &grid, digests)?;
        let survey = material.survey(&grid, walls, &Robin::new(&params, &grid))?;
        let schedule = Schedule::new(&params, survey.limit, raw)?;
        walls.check(&grid, raw, params.precision)?;
        let source = Source::new(&params, raw, &grid, digests, schedule.dt)?;
        let initial = Initial::new((&params.initial, params.precision), raw, &grid, digests)?;
        let problem = Self {
            params,
            grid,
            schedule,
            initial,
            material,
            survey,
            source,
        };
        problem.check_method(raw)?;
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

    /// The step, with the tile estimated from the caches; its coefficients and sources that vary come with
    /// [`dynamics`](Self::dynamics).
    #[must_use]
    pub fn stencil<T: Element>(&self) -> Stencil<T> {
        let none = || Array2::from_elem((0, 0), T::default());
        let operator =
            self.uniform_operator(self.schedule.dt)
                .unwrap_or_else(|| Operator::Variable {
                    x: none(),
                    y: none(),
                });
        Stencil::of(Equation {
            operator,
            source: self.source.is_there().then(none),
            reaction: None,
        })
        .with_walls(self.params.boundary.traits())
    }

    /// How a step is taken on so many rows and columns, in so many stages.
    fn method<T: Element>(&self, (ny, nx): (usize, usize), stages: usize) -> Method<T> {
        match (self.params.method, self.steps().as_slice()) {
            (StepMethod::Rkl2, _) => Method::Rkl2(Rkl2::new(stages)),
            (StepMethod::Exact, &[rx, ..]) => {
                let ry = self.steps().last().copied().unwrap_or(rx);
                match method::ends(&self.params.boundary) {
                    Ok([y, x]) => Method::Exact(Spectral::new((y, ny, ry), (x, nx, rx))),
                    Err((_, why)) => unreachable!("{why}"),
                }
            }
            (_, _) => Method::Euler,
        }
    }

    /// Stages of a step of `rkl2`; 1 of other methods.
    #[must_use]
    pub fn stages(&self) -> usize {
        match (self.params.method, self.params.stages) {
            (StepMethod::Rkl2, Some(stages)) => stages,
            (StepMethod::Rkl2, None) => method::stages(self.schedule.dt, self.survey.limit),
            _ => 1,
        }
    }

    /// Refuses what the exact solution by transforms does not cover.
    fn check_method(&self, raw: &RawParams) -> Result<(), ParamsError> {
        if self.params.method != StepMethod::Exact {
            return Ok(());
        }
        let refuse = |key: &'static str, reason: &str| Err(raw.refuse(key, reason.to_owned()));
        if self.coefficients() == Coefficients::Variable {
            return refuse(
                "method",
                "\"exact\" needs a diffusion coefficient that does not vary",
            );
        }
        if self.source.is_there() {
            return refuse("source", "method = \"exact\" has no sources");
        }
        match method::ends(&self.params.boundary) {
            Ok(_) => Ok(()),
            Err((side, why)) => refuse(SIDES[side as usize], why),
        }
    }

    /// The operator of a step of `dt`, if D does not vary.
    fn uniform_operator<T: Element>(&self, dt: f64) -> Option<Operator<T>> {
        match self.steps_of(dt)[..] {
            [r] => Some(Operator::Isotropic { r: T::from_f64(r) }),
            [rx, ry] => Some(Operator::Anisotropic {
                rx: T::from_f64(rx),
                ry: T::from_f64(ry),
            }),
            _ => None,
        }
    }

    /// Whether the last column of the grid is the first one again, and row.
    #[must_use]
    pub fn periodic(&self) -> [bool; 2] {
        self.params.boundary.periodic()
    }

    /// Whether the last row of the grid is the first one again.
    #[must_use]
    pub fn has_periodic_rows(&self) -> bool {
        self.params.boundary.periodic()[1]
    }

    /// How the rows `rows` of the grid change in time. In a grid with periodic rows, rows beyond the last
    /// are meant, too: row `j` is row `j - (ny - 1)`.
    ///
    /// # Errors
    /// [`Unready`] when the system has too little memory for coefficients and sources, or their files
    /// cannot be read any more.
    pub fn dynamics<T: Element>(&self, rows: Range<usize>) -> Result<Dynamics<T>, Unready> {
        let (dt, grid, walls) = (self.schedule.dt, &self.grid, &self.params.boundary);
        let operator = match self.uniform_operator(dt) {
            Some(operator) => operator,
            None => {
                let [x, y] = self.material.face_arrays(grid, walls, rows.clone(), dt)?;
                Operator::Variable { x, y }
            }
        };
        let source = self.source.array(grid, walls, rows.clone(), dt)?;
        let (source, source_at) = source.map_or((None, None), |(array, at)| (Some(array), at));
        let coefficients = match self.material.uniform() {
            Some(both) => Along::Uniform(both),
            None => Along::Varying(Box::new(self.survey.rims.clone())),
        };
        let steps = Steps {
            dt,
            reach: match self.params.method {
                StepMethod::Euler => 1.0,
                StepMethod::Rkl2 => rkl2_reach(self.stages()),
                StepMethod::Exact => f64::INFINITY,
            },
        };
        let tables = Tables::new(&self.params.boundary, &self.grid, coefficients, rows, steps);
        let equation = Equation {
            operator,
            source,
            reaction: None,
        };
        Ok(Dynamics {
            shorter: self.shorter(&equation),
            equation,
            walls: tables.at(&[0.0]).0,
            walls_at: self
                .params
                .boundary
                .depend_on_time()
                .then(|| -> WallsAt<T> { Box::new(move |times| tables.at(times)) }),
            source_at,
            pace: self.schedule.pace(),
            method: self.method(self.grid.shape(), self.stages()),
        })
    }

    /// How the shorter step before a snapshot is taken, if there is one; whole ones have this equation.
    fn shorter<T: Element>(&self, whole: &Equation<T>) -> Option<Shorter<T>> {
        let dt = self.schedule.pace().shorter()?;
        let part = dt / self.schedule.dt;
        if self.params.method == StepMethod::Rkl2 {
            return Some(Shorter::Part(Rkl2::new(self.stages()).part(part)));
        }
        let is_plain = whole.source.is_none() && whole.reaction.is_none();
        Some(match self.uniform_operator(dt).filter(|_| is_plain) {
            Some(operator) => Shorter::Own(Box::new(Equation {
                operator,
                source: None,
                reaction: None,
            })),
            None => Shorter::Part(Rkl2::part_of_euler(part)),
        })
    }

    /// What takes as long a step as this problem, for a state of zeros of another shape; of many stages
    /// only so many.
    #[must_use]
    pub fn sample<T: Element>(&self, shape: (usize, usize), stages: usize) -> Dynamics<T> {
        let mut sample = Dynamics::constant(self.stencil().equation().sample(shape));
        sample.method = self.method(shape, stages);
        sample
    }

    /// Whether walls or source depend on time.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.params.boundary.depend_on_time() || self.has_moving_source()
    }

    /// Whether there is a source.
    #[must_use]
    pub fn has_source(&self) -> bool {
        self.source.is_there()
    }

    /// Whether the source depends on time.
    #[must_use]
    pub fn has_moving_source(&self) -> bool {
        self.params.source.depends_on_time()
    }

    /// Whether initial state, coefficients or source are arrays with the nodes of this grid.
    #[must_use]
    pub fn reads_arrays(&self) -> bool {
        let mut values = self.material.inputs().chain(self.source.input());
        self.initial.array().is_some() || values.next().is_some()
    }

    /// What the step does with the diffusion coefficients.
    #[must_use]
    pub fn coefficients(&self) -> Coefficients {
        self.material.coefficients(&self.grid)
    }

    /// The coefficients of the step along x and y, `(D/(dx*dx))*dt` \[1\]; none if D varies.
    #[must_use]
    pub fn steps(&self) -> Vec<f64> {
        self.steps_of(self.schedule.dt)
    }

    fn steps_of(&self, dt: f64) -> Vec<f64> {
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
            .chain(self.material.inputs())
            .chain(self.source.input());
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
        self.fill_initial_band(field, first, 0)
    }

    /// As [`fill_initial`](Self::fill_initial), for one of several bands that follow one another; what later ones need
    /// again may take so many bytes.
    ///
    /// # Errors
    /// As [`fill_initial`](Self::fill_initial).
    pub fn fill_initial_band<T: Real>(
        &self,
        field: &mut Field<T>,
        first: usize,
        held: usize,
    ) -> Result<(), ParamsError> {
        self.initial
            .fill(field, &self.grid, self.periodic(), first, held)?;
        self.params
            .boundary
            .write_fixed(field, &self.grid, first, 0.0);
        Ok(())
    }

    /// Bytes of one field.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.grid.len() * self.params.precision.bytes() as u64
    }

    /// The tile of a pass over the whole grid on so many threads, as deep as the pass: of `rkl2` as a step has
    /// stages, of `euler` as it has steps.
    #[must_use]
    pub fn tile<T: Element>(&self, stencil: &Stencil<T>, threads: usize) -> Tile {
        let (ny, nx) = self.grid.shape();
        match self.params.method {
            StepMethod::Rkl2 => stencil.rkl2_tile((ny, nx), threads, self.stages()),
            StepMethod::Euler | StepMethod::Exact => stencil.tile(ny, nx, threads),
        }
    }

    /// Arrays of a run that have a value for every node: two fields, the coefficients of faces along x
    /// and along y if D varies, and a source.
    #[must_use]
    pub fn arrays(&self) -> u64 {
        let faces = match self.coefficients() {
            Coefficients::Variable => 2,
            Coefficients::Isotropic(_) | Coefficients::Anisotropic(..) => 0,
        };
        2 + faces + u64::from(self.source.is_there())
    }

    /// Bytes of the arrays of a run; it takes little memory besides.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_of(self.grid.y.nodes, 1)
    }

    /// Bytes of the arrays of one of so many ranks, which holds so many rows.
    #[must_use]
    pub fn memory_of(&self, rows: usize, ranks: usize) -> u64 {
        let (columns, bytes) = (self.grid.x.nodes, self.params.precision.bytes());
        let node = bytes as u64;
        let nodes = (rows as u64).saturating_mul(columns as u64);
        let mut more = 0;
        if self.coefficients() == Coefficients::Variable {
            // Faces: one column and one row more.
            more = (rows + columns) as u64 * node;
        }
        match self.params.method {
            // Every rank transforms the whole grid.
            StepMethod::Exact if ranks > 1 => more = self.field_bytes(),
            // Where a pass is one stage, it reads those before.
            StepMethod::Rkl2
                if self.source.depends_on_time()
                    || (ranks > 1 && (self.grid.y.nodes - 2) / ranks < self.stages()) =>
            {
                more += nodes.saturating_mul(2 * node);
            }
            _ => {}
        }
        nodes
            .saturating_mul(node * self.arrays())
            .saturating_add(more)
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
