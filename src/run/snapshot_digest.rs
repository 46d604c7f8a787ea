//! [`SnapshotDigest`]: what the journal says of a snapshot that is computed again.

use crate::{
    codec::Codec,
    cube::{Commit, conclusion::Conclusion, digest::Digester, journal::SnapshotId},
    problem::Problem,
    schedule::Clock,
};
use diff2d_stencil::real::Real;
use std::path::PathBuf;

/// The digest of a snapshot, and its line of the journal.
pub(super) struct SnapshotDigest {
    id: SnapshotId,
    codec: Codec,
    digester: Digester,
    /// The cube, and the byte at which the snapshot before begins in it, if the run may end with this one because it has
    /// changed so little.
    before: Option<(PathBuf, u64)>,
    /// The line, once the snapshot is whole.
    pub(super) commit: Option<Commit>,
}

impl SnapshotDigest {
    /// The digest of a snapshot without rows. If the snapshot `before` begins at a byte of a cube, it is compared.
    pub(super) fn new(problem: &Problem, id: SnapshotId, before: Option<(PathBuf, u64)>) -> Self {
        Self {
            id,
            codec: problem.codec(),
            digester: Digester::default(),
            before,
            commit: None,
        }
    }

    /// The cube, and the byte at which the snapshot before begins in it, if that is compared.
    pub(super) fn before(&self) -> Option<&(PathBuf, u64)> {
        self.before.as_ref()
    }

    /// Takes the next rows, beginning with row `first`.
    pub(super) fn rows<T: Real>(&mut self, first: usize, values: &[T]) {
        let values = self.codec.encoded(first, values);
        self.digester.push(bytemuck::cast_slice(&values));
    }

    /// Ends the snapshot, after all its rows.
    pub(super) fn end(&mut self, now: Clock, conclusion: Conclusion) {
        let sha256 = std::mem::take(&mut self.digester).finish();
        let commit = conclusion.commit(self.id, now);
        self.commit = Some(Commit { sha256, ..commit });
    }
}
