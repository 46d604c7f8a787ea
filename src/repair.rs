//! Repair: damaged snapshots are computed again, from the last good one before them.

use crate::{
    cube::{journal::Slot, restore::Restorer},
    params::{ParamsError, with_precision},
    run::{self, RunError},
};
use diff2d_arrays::progress::Progress;

/// Computes the snapshots `damaged` of a cube again, verifies them by the digests in the journal, fills places behind the
/// last snapshot of a scenario with NaN, and rebuilds lost lines of the journal. Every place that is repaired adds 1 to
/// `progress`. States that take more than `memory` bytes, or than is available, pass through memory in bands.
///
/// # Errors
/// [`RunError`]; [`CubeError::CannotRepair`](crate::cube::CubeError::CannotRepair) when a digest says otherwise, which leaves that
/// snapshot as it was.
pub fn repair(
    cube: &mut Restorer,
    damaged: &[Slot],
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
        let problem = scenario.problem().map_err(|error| match error {
            // The sentence says which file is missing or damaged.
            Some(error @ ParamsError::Input { .. }) => RunError::from(error),
            _ => cube.cannot_repair(first).into(),
        })?;
        let known = &cube.header.inputs;
        if problem
            .inputs()
            .iter()
            .any(|(name, sum)| known.get(name) != Some(sum))
        {
            return Err(cube.cannot_repair(first).into());
        }
        with_precision!(problem.params.precision, T => {
            run::recompute::<T>(cube, &problem, of_one_scenario, memory, progress)?;
        });
    }
    Ok(cube.rebuild_journal()?)
}
