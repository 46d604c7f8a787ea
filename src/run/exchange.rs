//! [`Exchange`]: how ranks report to rank 0 and come to the same decisions.
//!
//! The ranks of a run or a sweep stop at the same points and exchange one report each: the parts it has synced since
//! the last report, whether it has failed, whether it asks to stop, and its other wishes. Rank 0 passes the synced
//! parts to its committer. All ranks then have the same reports, decide by these alone, and so take the same path to
//! the next exchange.

use super::{error::RunError, options::Outcome};
use crate::{
    comm::{Comm, collective},
    cube::{CubeError, CubeWriter, Finished, commit::SyncedPart},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A rank's access to the exchange of reports.
#[derive(Debug)]
pub(crate) struct Exchange<'a, C> {
    comm: &'a C,
    /// The writer whose synced parts are reported; `None` without a cube.
    writer: Option<&'a CubeWriter>,
}

/// The report of one rank.
#[derive(Debug, Serialize, Deserialize)]
struct RankReport<W> {
    synced: Vec<SyncedPart>,
    failed: bool,
    stop: Option<Outcome>,
    wants: W,
}

/// What every rank knows after an exchange.
#[derive(Debug)]
pub(crate) struct Reports<W> {
    /// Whether any rank has failed.
    pub(crate) failed: bool,
    /// The reason of the first rank that asks to stop, if one does.
    pub(crate) stop: Option<Outcome>,
    /// The wish of each rank.
    pub(crate) wants: Vec<W>,
}

impl<'a, C: Comm> Exchange<'a, C> {
    pub(crate) fn new(comm: &'a C, writer: Option<&'a CubeWriter>) -> Self {
        Self { comm, writer }
    }

    /// Collective. Sends the report of this rank and returns the reports of all ranks.
    pub(crate) fn all_report<W: Serialize + DeserializeOwned>(
        &self,
        failed: bool,
        stop: Option<Outcome>,
        wants: W,
    ) -> Reports<W> {
        let own_report = RankReport {
            synced: self.writer.map_or_else(Vec::new, CubeWriter::take_synced),
            failed: failed || self.writer.is_some_and(CubeWriter::has_failed),
            stop,
            wants,
        };
        let mut reports = Reports {
            failed: false,
            stop: None,
            wants: Vec::new(),
        };
        for report in collective::all_gather(self.comm, own_report) {
            if let Some(writer) = self.writer.filter(|_| self.comm.is_root()) {
                writer.add_synced(report.synced);
            }
            reports.failed |= report.failed;
            reports.stop = reports.stop.or(report.stop);
            reports.wants.push(report.wants);
        }
        reports
    }
}

/// Collective. Writes and commits the remaining snapshots, and ends the writers of all ranks. All learn whether the cube is
/// then complete. `has_failed` is passed to [`CubeWriter::finish`].
///
/// # Errors
/// The first error of writing or syncing, on every rank.
pub(crate) fn finish(
    comm: &impl Comm,
    writer: CubeWriter,
    has_failed: bool,
) -> Result<Finished, RunError> {
    let finished = if comm.is_root() {
        // Rank 0 commits a snapshot when all parts are synced: the others finish first.
        let last_parts = collective::all_gather(comm, Vec::<SyncedPart>::new());
        writer.add_synced(last_parts.concat());
        writer.finish(has_failed).1
    } else {
        let (synced, finished) = writer.finish(has_failed);
        collective::all_gather(comm, synced);
        finished
    };
    let mut finished = collective::all_ok(comm, finished.map_err(RunError::from))?;
    // Rank 0 has the journal.
    finished.is_complete = collective::from_root(comm, Some(finished.is_complete)).unwrap_or(false);
    Ok(finished)
}

/// Collective. Runs an operation on shared files on rank 0 alone, and passes its error to all ranks.
pub(crate) fn on_root(
    comm: &impl Comm,
    work: impl FnOnce() -> Result<(), CubeError>,
) -> Result<(), RunError> {
    let result = if comm.is_root() { work() } else { Ok(()) };
    collective::all_ok(comm, result.map_err(RunError::from))
}
