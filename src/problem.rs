//! [`Problem`]: parameters and all that follows from them, before any memory or disk is touched; `dynamics.rs` makes
//! of it what solvers take, `solver.rs` brings it into memory.

mod closed_pieces;
mod dynamics;
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
    node_set::NodeSet,
    params::{Canonical, Params, ParamsError, RawParams, StepMethod},
    physics::{
        Unready,
        gauges::Gauges,
        geometry::Geometry,
        initial::Initial,
        input::{Digests, Input, add_digest},
        method,
        picture::Picture,
        slots::{Place, Slots},
        survey::Survey,
        values::Values,
    },
    schedule::{Clock, Schedule},
    summary::Summary,
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_stencil::real::Real;
use std::{collections::BTreeMap, path::Path, str::FromStr, sync::Arc};

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
    slots: Slots,
    survey: Survey,
    gauges: Option<Gauges>,
    /// The files of functions.
    functions: Vec<Input>,
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
        let mut params = Params::from_raw(raw)?;
        let grid = Grid::new(&params, raw)?;
        let functions = functions::read(&params, raw, digests)?;
        let mut geometry = Geometry::new(&params, raw, &grid, digests)?;
        let gauges = match &params.record {
            Some(keys) => Some(Gauges::new(keys, raw, &mut geometry, digests)?),
            None => None,
        };
        let geometry = Arc::new(geometry);
        let mut slots = Slots::new(&params, raw, &geometry, digests)?;
        let survey = slots.survey(params.runtime)?;
        let schedule = Schedule::new(&params, survey.limit, survey.decay, raw)?;
        let is_free = params.dt.or(params.safety).is_none() && params.method == StepMethod::Euler;
        if is_free && schedule.dt < survey.limit {
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
            let (key, less) = match &problem.params.outtimes {
                Some(_) => ("outtimes", "fewer of them"),
                None => ("outtime", "a larger outtime"),
            };
            return Err(raw.refuse(
                key,
                format!(
                    "{} snapshots of {} bytes are beyond the 2^63 bytes that a file can have; {less} or dx takes fewer",
                    problem.schedule.snapshots(),
                    problem.field_bytes()
                ),
            ));
        }
        Ok(problem)
    }

    /// Whether nothing but diffusion between closed walls acts, which changes no mass.
    #[must_use]
    pub fn conserves_mass(&self) -> bool {
        let walls = self.params.boundary.sides();
        let is_closed = !self.is_forced() && !walls.iter().any(|wall| wall.is_fixed());
        is_closed && !self.geometry().has_held() && self.slots.uniform(Place::Decay) == Some(0.0)
    }

    /// Whether walls or sources make a step of the exact solution more than a product with the state.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.has_source() || method::walls_give(&self.params.boundary)
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

    /// Whether walls or source depend on time.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.params.boundary.depend_on_time() || self.slots.slot(Place::Source).depends_on_time()
    }

    /// The change per time since the preceding snapshot, if the run ends with this one: of the largest change of a node, the
    /// largest |p|, and steps and times of both. What roundings hide in a step counts as a change.
    #[must_use]
    pub fn steady(&self, change: f64, largest: f64, [before, now]: [Clock; 2]) -> Option<f64> {
        let until = self.params.until?;
        let interval = now.simtime - before.simtime;
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let steps = (now.step - before.step) as f64;
        let hidden = steps * self.params.precision.rounding(largest);
        let is_steady = change.max(hidden) / interval < until.steady;
        (is_steady && now.simtime >= until.after).then_some(change / interval)
    }

    /// Whether there is a source.
    #[must_use]
    pub fn has_source(&self) -> bool {
        self.slots.slot(Place::Source).is_there()
    }

    /// Whether the source is evaluated at each step: it depends on time, and is no sum of few arrays times numbers.
    #[must_use]
    pub fn has_moving_source(&self) -> bool {
        self.slots.slot(Place::Source).is_evaluated()
    }

    /// Coefficients and source.
    fn values(&self) -> impl Iterator<Item = &Values> {
        self.slots.values().map(|(_, values)| values)
    }

    /// The pictures of the initial state, of coefficients and of the source, by their keys.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = (&'static str, &Picture)> {
        let given = self.slots.values();
        let given = given.filter_map(|(key, values)| Some((key, values.picture()?)));
        let initial = self.initial.picture().map(|picture| ("initial", picture));
        initial.into_iter().chain(given)
    }

    /// Pictures of the coefficients and of the source are held from now on, of that of the initial state at most so many
    /// bytes.
    pub fn hold_pictures(&self, of_initial: u64) {
        let pictures = || self.values().filter_map(Values::picture);
        // One may be both.
        let is_both = |initial: &Picture| pictures().any(|other| other.input() == initial.input());
        let initial = self.initial.picture().filter(|initial| !is_both(initial));
        initial
            .into_iter()
            .for_each(|picture| picture.hold(of_initial));
        pictures().for_each(|picture| picture.hold(u64::MAX));
    }

    /// Mass, minimum and maximum of rows of the grid from `first` on, which are whole: of a row `Σ w_i c p`.
    ///
    /// # Errors
    /// [`ParamsError`] when the file of the capacity cannot be read any more.
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

    /// Whether initial state, coefficients or source are arrays with the nodes of this grid.
    #[must_use]
    pub fn reads_arrays(&self) -> bool {
        let mut values = self.values().filter(|values| values.is_array());
        let is_read = values.next().is_some() || self.geometry().arrays().next().is_some();
        self.initial.array().is_some() || is_read
    }

    /// The coefficients of the step along x and y, `(D/(dx*dx))*dt` \[1\], with `dt/c` for dt if c does not vary; none
    /// if D varies.
    #[must_use]
    pub fn steps(&self) -> Vec<f64> {
        self.slots.steps(self.schedule.dt)
    }

    /// The largest stable time step \[time\].
    #[must_use]
    pub fn limit(&self) -> f64 {
        self.survey.limit
    }

    /// What the time step follows from, in a word.
    #[must_use]
    pub fn dt_by(&self) -> &'static str {
        let params = &self.params;
        match (params.method, params.dt, params.safety) {
            (StepMethod::Exact, ..) => "outtime",
            (_, Some(_), _) => "dt",
            (StepMethod::Rkl2, ..) => "stages",
            (_, _, Some(_)) => "safety",
            _ if self.schedule.dt < self.survey.limit => "decay",
            _ => "stability",
        }
    }

    /// The largest k/c of a node that is computed \[1/time\].
    #[must_use]
    pub fn decay(&self) -> f64 {
        self.survey.decay
    }

    /// The array on the disk with the initial state, and which of its matrices.
    #[must_use]
    pub fn initial_array(&self) -> Option<(&Path, u64)> {
        let array = self.initial.array();
        let array = array.filter(|array| !array.input().is_in_memory())?;
        Some((array.input().path(), array.frame()))
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

    /// The nodes outside of the domain, if there are any.
    #[must_use]
    pub fn masked(&self) -> Option<&Arc<NodeSet>> {
        self.geometry().masked()
    }

    /// States as snapshots.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.geometry().codec()
    }

    /// What stands in the places of the equation.
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The points and regions of a record.
    pub(crate) fn gauges(&self) -> Option<&Gauges> {
        self.gauges.as_ref()
    }

    /// Which nodes are masked, and which have given values.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.slots.geometry
    }

    /// Writes the state before the first step to a field that holds zeros: the initial state, fixed walls over it, and
    /// over both the values of held nodes and 0 where nodes are masked.
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
        self.initial.fill(field, self.geometry(), first)?;
        self.geometry()
            .write_fixed(field, first, self.geometry().start);
        self.geometry().write(field, first)
    }

    /// The same, and how steady it is known to be: what begins a run. `go_on` hears how a state that is solved for comes on, and
    /// says whether it is to; otherwise there is none. Where memory has a limit, that is known with what of it is left for what
    /// [may take less](Self::spare_bytes) than is counted.
    ///
    /// # Errors
    /// [`Unready`] where there is no such state.
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

    /// Arrays of a run that have a value for every node: two fields, and those that the step reads besides.
    #[must_use]
    pub fn arrays(&self) -> u64 {
        2 + self.kind::<f64>().arrays() as u64
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
