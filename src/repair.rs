//! Repair: damaged snapshots are computed again, from the last good one before them.

use crate::{
    cube::{
        Cube, CubeError, Header, checkpoint, field_files,
        journal::{Scenario, Slot},
        record_file::{self, RecordPlace},
        restore::Restorer,
    },
    params::{ParamsError, with_precision},
    problem::Problem,
    run::{self, RunError},
};
use diff2d_arrays::progress::Progress;
use std::{collections::BTreeMap, path::Path};

/// Computes the snapshots `damaged` of a cube again, verifies them by the digests in the journal, fills places behind the
/// last snapshot of a scenario with NaN, and rebuilds lost lines of the journal. Every place that is repaired adds 1 to
/// `progress`. States that take more than `memory` bytes, or than is available, pass through memory in bands.
/// Input files that have moved are named by `key=value` texts.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) when a digest says otherwise, which leaves that
/// snapshot as it was.
pub fn repair(
    cube: &mut Restorer,
    damaged: &[Slot],
    moved: &[String],
    memory: Option<u64>,
    progress: &Progress,
) -> Result<(), RunError> {
    let is_padding = |slot: &&Slot| !cube.header.has_snapshot(**slot);
    for &slot in damaged.iter().filter(is_padding) {
        cube.pad(slot)?;
        progress.add(1);
    }
    let snapshots = damaged.iter().filter(|slot| !is_padding(slot));
    let snapshots: Vec<Slot> = snapshots.copied().collect();
    for of_one_scenario in snapshots.chunk_by(|a, b| a.scenario == b.scenario) {
        let first = of_one_scenario[0];
        let Some(scenario) = cube.header.scenario(first.scenario()) else {
            return Err(cube.cannot_repair(first).into());
        };
        let problem = scenario.problem_with(moved).map_err(|error| match error {
            Some(error @ ParamsError::Input { .. }) => RunError::from(unless_moved(error)),
            Some(error) if !moved.is_empty() => error.into(),
            _ => cube.cannot_repair(first).into(),
        })?;
        if !is_of(&cube.header, &scenario, &problem) {
            return Err(cube.cannot_repair(first).into());
        }
        with_precision!(problem.params.precision, T => {
            run::recompute::<T>(cube, &problem, of_one_scenario, memory, progress)?;
        });
    }
    Ok(cube.rebuild_journal()?)
}

/// Writes the record beside a cube again where something is wrong with it, up to the last committed snapshots; what was wrong,
/// in sentences. Input files that have moved are named by `key=value` texts. The states are in memory.
///
/// # Errors
/// [`RunError`].
pub fn repair_record(
    cube: &Path,
    moved: &[String],
    memory: Option<u64>,
) -> Result<Vec<String>, RunError> {
    let found = match Cube::open(cube) {
        Err(CubeError::Unborn { .. }) => return Ok(Vec::new()),
        found => found?,
    };
    let wrong = record_file::check(&found)?;
    let (header, paths) = (found.header(), found.paths());
    if wrong.is_empty() {
        return Ok(wrong);
    }
    if header.is_sweep() {
        return Err(CubeError::LostRecord {
            path: paths.record(),
            reason: "is the record of a sweep, which is not computed again".to_owned(),
        }
        .into());
    }
    let Some(scenario) = found.run() else {
        return Ok(wrong);
    };
    let cannot = || CubeError::CannotRepair {
        cube: cube.to_owned(),
        snapshot: Slot::from(0),
    };
    let problem = scenario.problem_with(moved).map_err(|error| match error {
        Some(error @ ParamsError::Input { .. }) => RunError::from(unless_moved(error)),
        Some(error) if !moved.is_empty() => error.into(),
        _ => cannot().into(),
    })?;
    if !is_of(header, scenario, &problem) {
        return Err(cannot().into());
    }
    // The state between snapshots may be later than the last row.
    checkpoint::remove(paths)?;
    let place = RecordPlace::of_run(paths);
    with_precision!(problem.params.precision, T => {
        run::record_again::<T>(&problem, header, place, found.committed(), memory)?;
    });
    field_files::resize(paths, problem.fields(), header.snapshots())?;
    if found.is_complete() {
        record_file::seal(paths)?;
    }
    Ok(wrong)
}

/// Whether a problem is that of a scenario of a journal, with the same content of its input files, wherever they are.
fn is_of(header: &Header, scenario: &Scenario, problem: &Problem) -> bool {
    let known = |(name, sum): (String, String)| {
        let mut all = header.inputs.values();
        let found = all.find(|all| all.split(' ').any(|one| one == sum))?;
        Some((name, found.clone()))
    };
    let found: Option<BTreeMap<_, _>> = problem.inputs().into_iter().map(known).collect();
    found.is_some_and(|found| {
        let is = problem.params.canonical().clone().with_digests(&found);
        let was = scenario.params.clone().with_digests(&header.inputs);
        is.differences_from(&was).is_empty()
    })
}

/// The error of a file that is missing or damaged, which may have moved.
fn unless_moved(error: ParamsError) -> ParamsError {
    match error {
        ParamsError::Input {
            place,
            key,
            value,
            reason,
            is_damaged: false,
        } => ParamsError::Input {
            reason: format!("{reason}; if it has moved, add --set {key}=… with its new place"),
            place,
            key,
            value,
            is_damaged: false,
        },
        error => error,
    }
}
