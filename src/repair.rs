//! Repair: damaged snapshots are computed again, from the last good one before them.

use crate::{
    cube::{journal::Slot, restore::Restorer},
    params::{ParamsError, with_precision},
    run::{self, RunError},
};
use diff2d_arrays::progress::Progress;

/// Computes the snapshots `damaged` of a cube again, verifies them by the digests in the journal, and
/// rebuilds lost lines of the journal. Every repaired snapshot adds 1 to `progress`. States that take more than
/// `memory` bytes, or than is available, pass through memory in bands.
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
    for of_one_scenario in damaged.chunk_by(|a, b| a.scenario == b.scenario) {
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
