//! Repair: damaged snapshots are computed again, from the last good snapshot before them. What a run would not go on
//! from is a fault, and every fault of a record is repaired.

use crate::{
    cube::{
        Cube, CubeError,
        journal::SnapshotId,
        record_file::{self, RecordPlace},
        restore::Restorer,
    },
    params::{ParamsError, with_precision},
    physics::input::Digests,
    problem::Problem,
    run::{self, DescribedRecord, RunError},
};
use diff2d_arrays::progress::Progress;

/// Computes the snapshots `damaged` of a cube again, verifies them by the digests in the journal, fills the places
/// behind the last snapshot of a scenario with NaN, restores the record, and rebuilds lost lines of the journal. Every
/// repaired place adds 1 to `progress`. States that exceed `memory` bytes, or the available memory, pass through memory
/// in bands. Input files that have moved are given as `key=value` texts. Returns the faults of the record, in
/// sentences.
///
/// # Errors
/// [`RunError`]; [`RunError::Cube`] if a recomputed snapshot or record
/// does not match its digest or mark; that snapshot or record is then unchanged.
pub fn repair(
    cube: &mut Restorer,
    damaged: &[SnapshotId],
    moved: &[String],
    memory: Option<u64>,
    progress: &Progress,
) -> Result<Vec<String>, RunError> {
    let (snapshots, padding): (Vec<SnapshotId>, Vec<SnapshotId>) = damaged
        .iter()
        .copied()
        .partition(|id| cube.header.has_snapshot(*id));
    for id in padding {
        cube.pad(id)?;
        progress.add(1);
    }
    for of_one_scenario in snapshots.chunk_by(|a, b| a.scenario == b.scenario) {
        let problem = problem_of(cube, of_one_scenario[0].scenario(), moved, memory)?;
        with_precision!(problem.params.precision, T => {
            run::recompute::<T>(cube, &problem, of_one_scenario, memory, progress)?;
        });
    }
    let faults = restore_record(cube, moved, memory)?;
    cube.rebuild_journal()?;
    if cube.header.stream_count() > 0 && cube.is_complete() {
        match cube.header.is_sweep() {
            true => record_file::end_sweep(cube.paths(), &cube.header.run_id)?,
            false => record_file::finish(cube.paths(), [])?,
        }
    }
    Ok(faults)
}

/// The faults of the record beside a cube, in sentences: streams that differ from their marks, and a description that
/// is not that of the run. The latter is compared if the input files of the run are as they were.
///
/// # Errors
/// [`CubeError::Io`].
pub fn faults_of_record(cube: &Cube) -> Result<Vec<String>, CubeError> {
    let mut faults = record_file::check(cube)?;
    let (header, paths) = (cube.header(), cube.paths());
    let has_description = header.has_record() && cube.committed() > 0;
    if has_description
        && faults.is_empty()
        && let Ok(problem) = cube.inputs().problem(0, &[], &mut Digests::default())
    {
        let record = DescribedRecord::of(header, &problem, paths);
        faults.extend(record.faults_of_description(paths));
    }
    Ok(faults)
}

/// Restores the record of a run or a sweep, and returns its faults in sentences.
fn restore_record(
    cube: &mut Restorer,
    moved: &[String],
    memory: Option<u64>,
) -> Result<Vec<String>, RunError> {
    if cube.header.stream_count() == 0 || cube.committed() == 0 {
        return Ok(Vec::new());
    }
    let first_problem = problem_of(cube, 0, moved, memory)?;
    let record = DescribedRecord::of(&cube.header, &first_problem, cube.paths());
    let mut faults = record.faults_of_description(cube.paths());
    let faults_of_streams = match cube.header.is_sweep() {
        true => restore_sweep(cube, &record, moved, memory)?,
        false => restore_run(cube, &record, &first_problem, memory)?,
    };
    if faults.is_empty() && faults_of_streams.is_empty() {
        faults = record_file::faults_of_digests(cube.paths(), &cube.header)?;
    }
    if !faults.is_empty() {
        // The digests of a complete record are added once it is finished.
        record.write_description(cube.paths())?;
    }
    faults.extend(faults_of_streams);
    Ok(faults)
}

/// Restores the streams of a run, and returns their faults in sentences.
fn restore_run(
    cube: &mut Restorer,
    record: &DescribedRecord,
    problem: &Problem,
    memory: Option<u64>,
) -> Result<Vec<String>, RunError> {
    let place = RecordPlace::of_run(cube.paths());
    let commits = cube.commits_of_scenarios()?;
    with_precision!(problem.params.precision, T => {
        run::restore_streams::<T>(cube, problem, (&place, &record.columns), &commits[0], memory)
    })
}

/// Restores the rows of a sweep's scenarios, unless they are joined and undamaged, and returns the faults in sentences.
fn restore_sweep(
    cube: &mut Restorer,
    record: &DescribedRecord,
    moved: &[String],
    memory: Option<u64>,
) -> Result<Vec<String>, RunError> {
    let commits_of_scenarios = cube.commits_of_scenarios()?;
    let Some((mut faults, are_separate)) = record.restore_place(cube, &commits_of_scenarios)?
    else {
        return Ok(Vec::new());
    };
    for (number, commits) in commits_of_scenarios.iter().enumerate() {
        let place = RecordPlace::of_scenario(cube.paths(), &cube.header.run_id, number);
        if record.is_part_proved(&place, commits)? {
            continue;
        }
        let problem = problem_of(cube, number, moved, memory)?;
        let faults_of_scenario = with_precision!(problem.params.precision, T => {
            run::restore_streams::<T>(cube, &problem, (&place, &record.columns), commits, memory)?
        });
        // Rows that were joined are missing only in the new directory.
        if are_separate {
            faults.extend(faults_of_scenario);
        }
    }
    Ok(faults)
}

/// The problem of a scenario of a cube, whose input files may have moved; its pictures take no more than `memory`.
fn problem_of(
    cube: &Restorer,
    number: usize,
    moved: &[String],
    memory: Option<u64>,
) -> Result<Problem, RunError> {
    let mut digests = Digests::within(memory);
    let problem = cube.inputs().problem(number, moved, &mut digests);
    problem.map_err(|error| match error {
        Some(error @ (ParamsError::Input { .. } | ParamsError::Fault(_))) => error.into(),
        Some(error) if memory.is_some() => error.into(),
        _ => {
            let scenario = cube.header.is_sweep().then_some(number);
            cube.cannot_repair(SnapshotId { scenario, index: 0 }).into()
        }
    })
}
