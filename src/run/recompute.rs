//! Computes damaged snapshots of a cube again, each from the one before it.

use super::{error::RunError, interval::Interval, streams::RunStreams};
use crate::{
    cube::{journal::SnapshotId, restore::Restorer},
    problem::Problem,
};
use diff2d_arrays::progress::Progress;
use diff2d_stencil::Element;

/// Computes snapshots of one scenario again, in order, within `memory` bytes, and writes each to its place if it has
/// the digest of its commit. Each snapshot adds 1 to `progress`.
///
/// # Errors
/// [`RunError`]; [`RunError::Cube`] if the digest differs.
pub(crate) fn recompute<T: Element>(
    cube: &mut Restorer,
    problem: &Problem,
    ids: &[SnapshotId],
    memory: Option<u64>,
    progress: &Progress,
) -> Result<(), RunError> {
    for &id in ids {
        let interval = Interval {
            cube,
            problem,
            to: id,
            line: cube.known_line_of(id),
            memory,
        };
        let (commit, _) = interval.restore::<T>(RunStreams::default(), None)?;
        cube.accept(commit);
        progress.add(1);
    }
    Ok(())
}
