//! [`Sweep`]: the scenarios of a parameter sweep.

use crate::{
    cube::{
        journal::{Scenario, Scenarios},
        recorded_inputs::BegunCube,
        with_start,
    },
    measured::Date,
    params::{ParamsError, RawParams, RecordKeys, SweepParams, WrongScenarios},
    physics::input::{Digests, add_digest},
    problem::{Footprint, Problem},
    run::{self, Budget, RunError, Terms},
    warnings,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The scenarios of a sweep, fully determined.
///
/// There may be many scenarios: only their entries in the journal are kept, and a [`problem`](Self::problem) is derived
/// when it is needed.
#[derive(Debug)]
pub struct Sweep {
    /// The keys and elements of arrays that differ between scenarios, as the sweep file names them.
    pub varied: Vec<String>,
    params: SweepParams,
    /// The scenarios in the order of the cube's first axis.
    scenarios: Scenarios,
    digests: Digests,
    /// The cube that is continued.
    begun: BegunCube,
    /// The problem of scenario 0. All scenarios have its shape and precision.
    first: Problem,
    /// The number of snapshots of the longest scenario.
    snapshots: u64,
    /// The memory of the scenario that takes the most.
    largest: Footprint,
    inputs: BTreeMap<String, String>,
    arrays: BTreeSet<(PathBuf, u64)>,
    warnings: Vec<String>,
    warnings_of_keys: Vec<String>,
    /// The date at which t is 0 in all scenarios.
    origin: Option<Date>,
}

impl Sweep {
    /// Reads a sweep file and the parameter file it names.
    ///
    /// # Errors
    /// [`ParamsError`] if a scenario cannot be run, or does not fit into the cube of the first one.
    pub fn load(file: &Path) -> Result<Self, ParamsError> {
        Self::load_with(file, &[])
    }

    /// Reads a sweep file as [`load`](Self::load) does; `key=value` texts override its keys.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(file: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        Self::load_to_continue(file, overrides, None)
    }

    /// Reads a sweep file as [`load_with`](Self::load_with) does, to continue a cube if it is there: files that have moved with
    /// the cube are found.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_to_continue(
        file: &Path,
        overrides: &[String],
        cube: Option<&Path>,
    ) -> Result<Self, ParamsError> {
        Self::of(SweepParams::read(file, overrides)?, cube)
    }

    /// The sweep with the keys of a sweep file from any source. `base` are the parameters that are varied; if there are
    /// none, the key `params` names their file, relative to `directory`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_raw(
        sweep: &RawParams,
        directory: &Path,
        base: Option<RawParams>,
    ) -> Result<Self, ParamsError> {
        Self::of(SweepParams::of(sweep, directory, base)?, None)
    }

    fn of(params: SweepParams, cube: Option<&Path>) -> Result<Self, ParamsError> {
        let begun = BegunCube::of(cube);
        let (mut errors, mut digests) = (WrongScenarios::default(), Digests::default());
        let (mut first_problem, mut scenario_count) = (None::<Problem>, 0);
        let (mut snapshots, mut largest_footprint) = (0, None);
        let (mut inputs, mut arrays) = (BTreeMap::new(), BTreeSet::new());
        let mut scenarios = None::<Scenarios>;
        let mut has_one_origin = true;
        let (mut warnings, mut warned_count) = (Vec::new(), 0_u64);
        let mut warnings_of_keys = None::<Vec<String>>;
        params.judge_each(&mut errors, |raw| {
            scenario_count += 1;
            let raw = with_start(begun.found_again(raw, &mut digests)?)?;
            let problem = Problem::with_digests(&raw, &mut digests)?;
            let of_keys = warnings::of_typed(&raw);
            // A constant that one scenario uses is not forgotten.
            match &mut warnings_of_keys {
                Some(common) => common.retain(|warning| of_keys.contains(warning)),
                None => warnings_of_keys = Some(of_keys),
            }
            let first_problem = first_problem.get_or_insert_with(|| problem.clone());
            share_a_cube(&params, first_problem, &problem, scenario_count - 1, &raw)?;
            if !problem.fields().is_empty() {
                let reason = "scenarios of a sweep have no fields between snapshots; `diff2d run` writes those of one alone";
                return Err(raw.refuse("record.fields", reason.to_owned()));
            }
            snapshots = problem.schedule.snapshots().max(snapshots);
            has_one_origin &= problem.origin() == first_problem.origin();
            let footprint = Footprint::of(&problem);
            largest_footprint = largest_footprint
                .filter(|other: &Footprint| other.bytes() >= footprint.bytes())
                .or(Some(footprint));
            for (name, file_digest) in problem.inputs() {
                add_digest(&mut inputs, name, &file_digest);
            }
            let read = problem.arrays_on_disk();
            arrays.extend(read.map(|(path, matrix)| (path.to_owned(), matrix)));
            let scenario = Scenario::of(&problem);
            match &mut scenarios {
                Some(scenarios) => scenarios.push(&scenario),
                None => scenarios = Some(Scenarios::new(scenario)),
            }
            let scenario_warnings = warnings::of(&problem);
            warned_count += u64::from(!scenario_warnings.is_empty());
            if warned_count == 1 {
                let name = format!("scenario {}", scenario_count - 1);
                warnings.extend(scenario_warnings.iter().map(|text| format!("{name}: {text}")));
            }
            Ok(())
        });
        errors.verdict()?;
        if warned_count > 1 {
            warnings.push(match warned_count - 1 {
                1 => "1 other scenario has such warnings, too".to_owned(),
                other_count => format!("{other_count} other scenarios have such warnings, too"),
            });
        }
        let (Some(first_problem), Some(scenarios), Some(largest_footprint)) =
            (first_problem, scenarios, largest_footprint)
        else {
            unreachable!("a sweep has a scenario");
        };
        let sweep = Self {
            varied: params.varied(),
            scenarios,
            digests,
            begun,
            origin: first_problem.origin().filter(|_| has_one_origin),
            first: first_problem,
            snapshots,
            largest: largest_footprint,
            inputs,
            arrays,
            warnings,
            warnings_of_keys: warnings_of_keys.unwrap_or_default(),
            params,
        };
        if sweep.cube_bytes() >= 1 << 63 {
            let reason = "the scenarios together are beyond the 2^63 bytes that a file can have";
            let first_scenario = sweep.params.scenario(0);
            return Err(first_scenario.refuse("outtime", reason.to_owned()));
        }
        Ok(sweep)
    }

    /// The scenarios as in the journal, in the order of the cube's first axis.
    #[must_use]
    pub fn scenarios(&self) -> &Scenarios {
        &self.scenarios
    }

    /// The problem of a scenario.
    ///
    /// # Errors
    /// [`ParamsError::Input`] for a file that was changed since the sweep was read.
    pub fn problem(&self, number: usize) -> Result<Problem, ParamsError> {
        let (raw, mut digests) = (self.params.scenario(number), self.digests.clone());
        let raw = with_start(self.begun.found_again(raw, &mut digests)?)?;
        Problem::with_digests(&raw, &mut digests)
    }

    /// The date at which t is 0 in all scenarios, if files of functions have dates.
    #[must_use]
    pub fn origin(&self) -> Option<Date> {
        self.origin
    }

    /// The problem of scenario 0. All scenarios have its shape and precision.
    #[must_use]
    pub fn first(&self) -> &Problem {
        &self.first
    }

    /// The memory of a process with `workers` workers, each of which has a scenario in memory.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] if the parameters allow less.
    #[doc(hidden)]
    pub fn budget(&self, workers: usize, has_spare_processor: bool) -> Result<Budget, RunError> {
        let mut terms = Terms::alone(Some(1));
        terms.limit = self.first.params.memory;
        (terms.load.scenarios, terms.load.has_spare_processor) = (workers, has_spare_processor);
        let reason = "the states of a sweep are in memory: fewer --threads need less";
        Budget::of(self.largest, &self.first, terms).in_memory(reason)
    }

    /// SHA-256 of every input file, by its name in the parameters.
    #[must_use]
    pub fn inputs(&self) -> &BTreeMap<String, String> {
        &self.inputs
    }

    /// The parameter file that the sweep file names.
    #[must_use]
    pub fn params_file(&self) -> &Path {
        self.params.file()
    }

    /// Warnings on the accuracy of the first scenario that has some, and the number of further scenarios with warnings.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Warnings on keys that mean nothing in any scenario.
    #[must_use]
    pub fn warnings_of_keys(&self) -> &[String] {
        &self.warnings_of_keys
    }

    /// The arrays on disk with values at the nodes of any scenario, and the index of the matrix in each.
    pub fn arrays_on_disk(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.arrays
            .iter()
            .map(|(path, matrix)| (path.as_path(), *matrix))
    }

    /// The shape of the cube, `(scenarios, snapshots, ny, nx)`; behind the last snapshot of a shorter scenario are NaN.
    #[must_use]
    pub fn cube_shape(&self) -> [u64; 4] {
        let (ny, nx) = self.first.grid.shape();
        let scenarios = self.scenarios.len() as u64;
        [scenarios, self.snapshots, ny as u64, nx as u64]
    }

    /// Bytes of the cube's data, which may exceed 64 bits.
    fn cube_bytes(&self) -> u128 {
        let element = self.first.params.precision.bytes() as u128;
        let lengths = self.cube_shape().map(u128::from);
        lengths.iter().product::<u128>() * element
    }
}

/// Refuses scenario `number` if it does not fit into one array with the first, with the name of a key that makes the
/// difference.
fn share_a_cube(
    params: &SweepParams,
    first: &Problem,
    problem: &Problem,
    number: usize,
    raw: &RawParams,
) -> Result<(), ParamsError> {
    type IsShared = fn(&Problem, &Problem) -> bool;
    let refuse_unless = |is_shared: IsShared, key: &str, reason: &dyn Fn() -> String| {
        if is_shared(first, problem) {
            return Ok(());
        }
        let makes_the_difference = |changed: &RawParams| {
            let changed = with_start(changed.clone()).and_then(|raw| Problem::from_raw(&raw));
            changed.is_ok_and(|changed| !is_shared(first, &changed))
        };
        let mut changes = params.single_changes(number);
        let change = changes.find(|(_, changed)| makes_the_difference(changed));
        Err(raw.refuse(change.map_or(key, |(key, _)| key), reason()))
    };
    let ((ny, nx), (ny0, nx0)) = (problem.grid.shape(), first.grid.shape());
    refuse_unless(
        |first, other| other.grid.shape() == first.grid.shape(),
        "dx",
        &|| {
            format!(
                "scenario {number} then has {ny} × {nx} nodes and scenario 0 has {ny0} × {nx0}; the scenarios of a sweep share one shape: vary x1, x2, y1 or y2 along with the spacing, or run a sweep for each shape"
            )
        },
    )?;
    let records = [first, problem].map(|problem| problem.params.record.as_ref());
    let key = records[1].or(records[0]).map(RecordKeys::key);
    refuse_unless(run::have_one_record, key.unwrap_or_default(), &|| {
        format!(
            "scenario {number} then has other columns, points or units in its record than scenario 0; the scenarios of a sweep share one record: vary what its numbers follow from, and run a sweep for each record"
        )
    })?;
    refuse_unless(
        |first, other| other.params.precision == first.params.precision,
        "precision",
        &|| "the scenarios of a sweep share one precision".to_owned(),
    )
}
