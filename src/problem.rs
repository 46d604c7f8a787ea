//! [`Problem`]: parameters and all that follows from them, before any memory or disk is touched. `dynamics.rs` derives
//! the inputs of solvers from it, `solver.rs` brings it into memory.

mod closed_pieces;
mod dynamics;
mod effective;
mod footprint;
mod functions;
mod network;
mod solver;
mod steady;

pub use footprint::Footprint;

use crate::{
    codec::Codec,
    dynamics::Steadiness,
    field::Field,
    grid::Grid,
    measured::{Calendar, Date},
    node_set::NodeSet,
    params::{
        Canonical, Coordinates, End, Isolated, Limit, Params, ParamsError, Quantity, RawParams,
        StepMethod,
    },
    physics::{
        Unready,
        gauges::Gauges,
        geometry::Geometry,
        initial::Initial,
        input::{Digests, Input, add_digest},
        method, moving_nodes,
        picture::Picture,
        pieces,
        robin::Robin,
        slots::Slots,
        survey::Survey,
        values::Values,
    },
    schedule::{Clock, Schedule},
    summary::Summary,
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_stencil::real::Real;
use serde::Serialize;
use std::{
    collections::BTreeMap, f64::consts::PI, fmt::Display, path::Path, str::FromStr, sync::Arc,
};

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
    /// The parameters as typed.
    pub params: Params,
    /// The grid of the nodes.
    pub grid: Grid,
    /// The steps and snapshots.
    pub schedule: Schedule,
    initial: Initial,
    slots: Slots,
    survey: Survey,
    gauges: Option<Gauges>,
    /// The files of tabulated functions.
    functions: Vec<Input>,
    /// The date at which t is 0, if these files have dates.
    origin: Option<Date>,
    /// Whether nodes on walls stand for whole cells, like the pixels of a picture, and not for half cells inside the
    /// domain.
    has_whole_cells: bool,
}

impl Problem {
    /// Reads a parameter file and the `--set` options that override it.
    ///
    /// # Errors
    /// [`ParamsError`] for parameters that cannot be run on any machine.
    pub fn load(file: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::load(file, overrides)?)
    }

    /// The problem of parameters from any source.
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

    /// The problem of parameters, with the digests of files that were already read.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[doc(hidden)]
    pub fn with_digests(raw: &RawParams, digests: &mut Digests) -> Result<Self, ParamsError> {
        let mut params = Params::from_raw(raw)?;
        digests.memory = digests.memory.or(params.memory);
        let grid = Grid::new(&params, raw)?;
        let (functions, origin) = functions::read(&params, raw, digests)?;
        let mut geometry = Geometry::new(&params, raw, &grid, digests)?.with_cut_walls(&params);
        if params.isolated == Isolated::Mask {
            pieces::mask_isolated(&mut geometry, raw)?;
        }
        let mut gauges = match &params.record {
            Some(keys) => Some(Gauges::new(keys, raw, &mut geometry, digests)?),
            None => None,
        };
        let geometry = Arc::new(geometry);
        let mut slots = Slots::new(&params, raw, &geometry, digests)?
            .ageing(&params, raw)?
            .integrated(&params, raw)?;
        if let Some(gauges) = &mut gauges {
            gauges.bend(&slots)?;
        }
        Robin::new(&geometry, params.runtime).check(raw)?;
        let survey = slots.survey(params.runtime)?;
        let schedule = Schedule::new(&params, survey.limit, survey.fastest_loss, raw)?;
        let chooses_step =
            params.dt.or(params.safety).is_none() && params.method == StepMethod::Euler;
        if chooses_step && schedule.dt < survey.limit {
            params.leave_out_safety();
        }
        functions::check(&params, raw, &geometry, &schedule)?;
        geometry.check_walls(raw, params.precision)?;
        slots.check_source(&params, raw, schedule.dt)?;
        let initial = Initial::new(&params.initial, params.precision, raw, &geometry, digests)?;
        let problem = Self {
            params,
            grid,
            schedule,
            initial,
            slots,
            survey,
            gauges,
            functions,
            origin,
            has_whole_cells: false,
        };
        problem.check_method(raw)?;
        problem.check_record(raw)?;
        problem.check_steady(raw)?;
        if problem.steps().iter().any(|r| !r.is_normal()) {
            let reason = "its product with dt/(dx*dx) is beyond what a float holds".to_owned();
            return Err(raw.refuse("Dx", reason));
        }
        let bytes = u128::from(problem.schedule.snapshots()) * u128::from(problem.field_bytes())
            + u128::from(DATA_OFFSET);
        if bytes >= 1 << 63 {
            let (key, remedy) = match &problem.params.outtimes {
                Some(_) => ("outtimes", "fewer of them"),
                None => ("outtime", "a larger outtime"),
            };
            return Err(raw.refuse(
                key,
                format!(
                    "{} snapshots of {} bytes are beyond the 2^63 bytes that a file can have; {remedy} or dx takes fewer",
                    problem.schedule.snapshots(),
                    problem.field_bytes()
                ),
            ));
        }
        Ok(problem)
    }

    /// The files that the same problem on another grid reads alike: those of functions, pictures and areas.
    pub(crate) fn files_of_any_grid(&self) -> impl Iterator<Item = &Input> {
        let pictures = self.pictures().map(|(_, picture)| picture.input());
        let files = self.functions.iter().chain(pictures);
        files.chain(self.geometry().inputs())
    }

    /// The date at which t is 0, if files of functions have dates.
    #[must_use]
    pub fn origin(&self) -> Option<Date> {
        self.origin
    }

    /// The dates of simulated times, if files of functions have dates.
    #[must_use]
    pub fn calendar(&self) -> Option<Calendar> {
        Calendar::of_unit_named(self.origin?, self.params.canonical().unit("t"))
    }

    /// The lengths of the walls left, right, bottom and top; around an axis their areas.
    #[must_use]
    pub fn wall_sizes(&self) -> [f64; 4] {
        let Params { x1, x2, y1, y2, .. } = self.params;
        let (width, height) = (x2 - x1, y2 - y1);
        match self.params.coordinates {
            Coordinates::Cartesian => [height, height, width, width],
            Coordinates::Axisymmetric => {
                let disc = PI * (x2 - x1) * (x2 + x1);
                [2.0 * PI * x1 * height, 2.0 * PI * x2 * height, disc, disc]
            }
        }
    }

    /// Sentences on functions that are held at one value all through the run.
    #[must_use]
    pub fn unrelated_functions(&self) -> Vec<String> {
        functions::unrelated(&self.params, self.geometry(), &self.schedule)
    }

    /// Whether the mass is constant, because only diffusion between closed walls acts.
    #[must_use]
    pub fn conserves_mass(&self) -> bool {
        let walls = self.params.boundary.sides();
        let is_closed = !self.is_forced() && !walls.iter().any(|wall| wall.is_fixed());
        is_closed && !self.geometry().has_held() && self.slots.uniform_loss() == Some(0.0)
    }

    /// Whether walls or sources add an increment to a step of the exact solution.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.has_source() || method::walls_give(&self.params.boundary)
    }

    /// The number of stages of a step of `rkl2`; 1 for other methods.
    #[must_use]
    pub fn stages(&self) -> usize {
        match (self.params.method, self.params.stages) {
            (StepMethod::Rkl2, Some(stages)) => stages,
            (StepMethod::Rkl2, None) => method::stages(self.schedule.dt, self.survey.limit),
            _ => 1,
        }
    }

    /// Whether the first and last columns are the same points, and whether the first and last rows are.
    #[must_use]
    pub fn periodic(&self) -> [bool; 2] {
        self.params.boundary.periodic()
    }

    /// Whether the first and last rows of the grid are the same points.
    #[must_use]
    pub fn has_periodic_rows(&self) -> bool {
        self.params.boundary.periodic()[1]
    }

    /// Whether walls or the source depend on time.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.params.boundary.depend_on_time() || self.slots.in_time().next().is_some()
    }

    /// Why the run ends with a snapshot, if it is steady: of the largest change of a node since the preceding one, the largest
    /// |p|, and steps and times of both. What roundings hide in a step counts as a change.
    #[must_use]
    pub fn steady(&self, change: f64, largest: f64, [before, now]: [Clock; 2]) -> Option<End> {
        let until = self.params.until.as_ref()?;
        let rate = until.steady?;
        let interval = now.simtime - before.simtime;
        let steps = (now.step - before.step) as f64;
        let hidden = steps * self.params.precision.rounding(largest);
        let is_steady = change.max(hidden) / interval < rate;
        (is_steady && now.simtime >= until.after).then(|| End {
            what: End::CHANGE.to_owned(),
            value: change / interval,
            limit: Limit::Below(rate),
            t: now.simtime,
        })
    }

    /// Whether D or decay depends on time.
    #[must_use]
    pub fn ages(&self) -> bool {
        self.slots.ages()
    }

    /// Whether there is a source.
    #[must_use]
    pub fn has_source(&self) -> bool {
        self.slots.slot(Quantity::Source).is_there()
    }

    /// Whether the source is evaluated at each step: it depends on time, and is not a sum of a few arrays times
    /// functions of time.
    #[must_use]
    pub fn has_moving_source(&self) -> bool {
        self.slots.slot(Quantity::Source).is_evaluated()
    }

    /// The values of coefficients and source.
    fn values(&self) -> impl Iterator<Item = &Values> {
        self.slots.values().map(|(_, values)| values)
    }

    /// The pictures of the initial state, of coefficients and of the source, by key.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = (&'static str, &Picture)> {
        let coefficients = self.slots.values();
        let coefficients = coefficients.filter_map(|(key, values)| Some((key, values.picture()?)));
        let initial = self.initial.picture().map(|picture| ("initial", picture));
        initial.into_iter().chain(coefficients)
    }

    /// The values that nodes get from each picture, in words.
    pub fn values_of_pictures(&self) -> impl Iterator<Item = String> {
        let pictures = self.pictures();
        pictures.filter_map(|(key, picture)| Some(format!("{key}: {}", picture.values_in_words()?)))
    }

    /// Mass, minimum and maximum of rows of the grid from `first` on, which are whole: of a row `Σ w_i c p`.
    ///
    /// # Errors
    /// [`ParamsError`] if the file of the capacity can no longer be read.
    pub fn summaries<T: Real>(
        &self,
        first: usize,
        values: &[T],
    ) -> Result<Vec<Summary>, ParamsError> {
        let mut rows = Summary::of_each_row(values, first, self.masked(), &self.grid);
        self.slots.weigh(first, values, &mut rows)?;
        Ok(rows)
    }

    /// Mass, minimum and maximum of a field of the whole grid.
    ///
    /// # Errors
    /// As [`summaries`](Self::summaries).
    pub fn summary<T: Real>(&self, field: &Field<T>) -> Result<Summary, ParamsError> {
        let rows = self.summaries(0, field.as_slice())?;
        Ok(Summary::of_rows(&rows, &self.grid))
    }

    /// Whether the initial state, coefficients or source are arrays on the nodes of this grid.
    #[must_use]
    pub fn reads_arrays(&self) -> bool {
        self.arrays_at_nodes().next().is_some()
    }

    /// The coefficients of the step along x and y, `(D/(dx*dx))*dt` \[1\], with `dt/c` for dt if c is uniform; empty if
    /// D varies.
    #[must_use]
    pub fn steps(&self) -> Vec<f64> {
        self.slots.steps(self.schedule.dt)
    }

    /// The largest stable time step \[time\].
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.survey.limit
    }

    /// The origin of the time step, in a word.
    #[must_use]
    pub fn dt_by(&self) -> &'static str {
        let params = &self.params;
        match (params.method, params.dt, params.safety) {
            (StepMethod::Exact, ..) => "outtime",
            (_, Some(_), _) => "dt",
            (StepMethod::Rkl2, ..) => "stages",
            (_, _, Some(_)) => "safety",
            _ if self.schedule.dt < self.survey.limit => Quantity::Decay.key(),
            _ => "stability",
        }
    }

    /// The largest fraction of its value that a computed node loses per time, k/c \[1/time\].
    #[must_use]
    pub fn fastest_loss(&self) -> f64 {
        self.survey.fastest_loss
    }

    /// The arrays with values at the nodes, and the index of the matrix in each.
    fn arrays_at_nodes(&self) -> impl Iterator<Item = (&Input, u64)> {
        let of_values = self.values().filter_map(Values::array);
        let arrays = self.initial.array().into_iter().chain(of_values);
        let arrays = arrays.map(|array| (array.input(), array.frame()));
        // An area has the only matrix of its array.
        arrays.chain(self.geometry().arrays().map(|input| (input, 0)))
    }

    /// The arrays on disk with values at the nodes, and the index of the matrix in each.
    pub fn arrays_on_disk(&self) -> impl Iterator<Item = (&Path, u64)> {
        let arrays = self
            .arrays_at_nodes()
            .filter(|(input, _)| !input.is_in_memory());
        arrays.map(|(input, matrix)| (input.path(), matrix))
    }

    /// The SHA-256 of every file that the parameters name, by its name there.
    #[must_use]
    pub fn inputs(&self) -> BTreeMap<String, String> {
        let inputs = self
            .initial
            .input()
            .into_iter()
            .chain(self.values().filter_map(Values::input))
            .chain(self.geometry().inputs())
            .chain(&self.functions);
        let mut digests = BTreeMap::new();
        for (name, sums) in inputs.map(Input::digest) {
            add_digest(&mut digests, name, &sums);
        }
        digests
    }

    /// The nodes outside the domain, if there are any.
    #[must_use]
    pub fn masked(&self) -> Option<&Arc<NodeSet>> {
        self.geometry().masked()
    }

    /// The conversion of states to snapshots.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.geometry().codec()
    }

    /// The quantities of the equation.
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The points and regions of a record.
    pub(crate) fn gauges(&self) -> Option<&Gauges> {
        self.gauges.as_ref()
    }

    /// The points of a record: where they are, and the nodes from which they have their values.
    #[doc(hidden)]
    #[must_use]
    pub fn points(&self) -> &[impl Serialize + Display + use<>] {
        self.gauges.as_ref().map_or(&[], |gauges| &gauges.points)
    }

    /// The domain: its nodes, walls, masked nodes and nodes with given values.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.slots.geometry
    }

    /// Writes the state before the first step into a field of zeros: first the initial state, then fixed walls, then
    /// the values of held nodes and 0 at masked nodes.
    ///
    /// Shape: the field has the rows of the grid from `first` on, with all columns.
    ///
    /// # Errors
    /// [`ParamsError::Input`] if the file of the initial state can no longer be read.
    pub fn fill_initial<T: Real>(
        &self,
        field: &mut Field<T>,
        first: usize,
    ) -> Result<(), ParamsError> {
        self.initial.fill(field, self.geometry(), first)?;
        self.geometry()
            .write_fixed(field, first, self.geometry().start);
        self.geometry().write(field, first)
    }

    /// What fixed walls and held nodes bring at the start by their jump from the initial state \[density·length²\], by
    /// index of the rate; nothing if the state is steady.
    ///
    /// # Errors
    /// [`Unready`] if a file can no longer be read, and if there is too little memory.
    pub(crate) fn jumps_at_start(&self) -> Result<Vec<f64>, Unready> {
        match self.params.method {
            StepMethod::Steady => Ok(vec![0.0; self.geometry().rates()]),
            _ => moving_nodes::jumps_at_start(&self.slots, &self.initial, self.params.precision),
        }
    }

    /// Writes the state before the first step as [`fill_initial`](Self::fill_initial) does, or solves for a steady
    /// state; returns how steady it is known to be. `go_on` is called with the progress of the solution, and returns
    /// whether to continue; if it stops the solution, there is no state. A limit on memory is given together with the
    /// reserve for allocations that [may take less](Self::spare_bytes) than is counted.
    ///
    /// # Errors
    /// [`Unready`] if there is no such state.
    pub(crate) fn begin<T: Real>(
        &self,
        field: &mut Field<T>,
        first: usize,
        limit: Option<[u64; 2]>,
        go_on: &mut dyn FnMut(Steadiness) -> bool,
    ) -> Result<Option<Steadiness>, Unready> {
        if self.params.method == StepMethod::Steady {
            return self.settle(field, limit, go_on);
        }
        self.fill_initial(field, first)?;
        Ok(Some(Steadiness::default()))
    }

    /// Bytes of one field.
    #[must_use]
    pub fn field_bytes(&self) -> u64 {
        self.grid.len() * self.params.precision.bytes() as u64
    }

    /// The number of arrays of a run with a value for every node: two fields, and the arrays that the step reads.
    #[must_use]
    pub fn arrays(&self) -> u64 {
        2 + self.kind::<f64>().arrays() as u64
    }

    /// The shape of the cube: `(snapshots, ny, nx)`.
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

/// Parses the text of a parameter file.
impl FromStr for Problem {
    type Err = ParamsError;

    fn from_str(text: &str) -> Result<Self, ParamsError> {
        Self::from_raw(&RawParams::parse("the parameters", text)?)
    }
}
