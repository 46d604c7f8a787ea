//! [`Conclusion`]: what the journal line of a snapshot needs beside its bytes.

use super::{
    journal::{Commit, SnapshotId},
    streams::{Marks, StreamFile},
};
use crate::{dynamics::Steadiness, params::End, schedule::Clock, summary::Summary};
use std::sync::Arc;

/// What is known of a snapshot once all its rows have come.
#[derive(Debug)]
pub struct Conclusion {
    /// Mass, minimum and maximum.
    pub summary: Summary,
    /// How near the state is to the one that time tends to, if it was solved for.
    pub steadiness: Steadiness,
    /// Why the run ends with the snapshot, if it does.
    pub ended: Option<End>,
    /// The marks of the streams.
    pub marks: Marks,
    /// The files of the streams, which become durable before the journal line with the marks.
    pub files: Vec<Arc<StreamFile>>,
}

impl Conclusion {
    /// The commit of a snapshot, without its digest.
    pub fn commit(self, id: SnapshotId, clock: Clock) -> Commit {
        Commit::new(id, clock, self.summary)
            .with(self.steadiness)
            .with_end(self.ended)
            .with_streams(self.marks)
    }
}

impl From<Summary> for Conclusion {
    /// The conclusion of a snapshot that neither ends its run nor has marks.
    fn from(summary: Summary) -> Self {
        Self {
            summary,
            steadiness: Steadiness::default(),
            ended: None,
            marks: Marks::new(),
            files: Vec::new(),
        }
    }
}
