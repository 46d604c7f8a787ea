//! [`Exchange`]: how ranks report to rank 0 and come to the same decisions.
//!
//! The ranks of a run, and those of a sweep, stop at the same points and gather one report of each: what
//! it has synced since, whether it has failed, whether it asks to stop, and what else it wants. Rank 0
//! passes what was synced to its committer. All know the same afterwards, decide by that alone, and so
//! take the same path to the next exchange.

use super::{error::RunError, options::Outcome};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError, CubeWriter,
        commit::{SyncedPart, WriteTimes},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A rank's access to the exchange of reports.
#[derive(Debug)]
pub(crate) struct Exchange<'a, C> {
    comm: &'a C,
    /// The writer whose parts of snapshots are reported; without a cube none.
    writer: Option<&'a CubeWriter>,
}

/// What a rank reports.
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
    /// Why the first rank that asks to stop does.
    pub(crate) stop: Option<Outcome>,
    /// What each rank wants.
    pub(crate) wants: Vec<W>,
}

impl<'a, C: Comm> Exchange<'a, C> {
    pub(crate) fn new(comm: &'a C, writer: Option<&'a CubeWriter>) -> Self {
        Self { comm, writer }
    }

    /// Collective. Reports for this rank and returns what all report.
    pub(crate) fn all_report<W: Serialize + DeserializeOwned>(
        &self,
        failed: bool,
        stop: Option<Outcome>,
        wants: W,
    ) -> Reports<W> {
        let mine = RankReport {
            synced: self.writer.map_or_else(Vec::new, CubeWriter::take_synced),
            failed: failed || self.writer.is_some_and(CubeWriter::has_failed),
            stop,
            wants,
        };
        let mut all = Reports {
            failed: false,
            stop: None,
            wants: Vec::new(),
        };
        for report in collective::all_gather(self.comm, mine) {
            if let Some(writer) = self.writer.filter(|_| self.comm.is_root()) {
                writer.add_synced(report.synced);
            }
            all.failed |= report.failed;
            all.stop = all.stop.or(report.stop);
            all.wants.push(report.wants);
        }
        all
    }
}

/// Collective. Writes and commits what is left, and ends the writers of all ranks; whether the cube is
/// then complete. As [`CubeWriter::finish`] of a run that `has_failed`.
///
/// # Errors
/// The first error of writing or syncing, on every rank.
pub(crate) fn finish(
    comm: &impl Comm,
    writer: CubeWriter,
    has_failed: bool,
) -> Result<(bool, WriteTimes), RunError> {
    let finished = if comm.is_root() {
        // Rank 0 commits a snapshot when all parts are synced: the others finish first.
        let last = collective::all_gather(comm, Vec::<SyncedPart>::new());
        writer.add_synced(last.concat());
        writer.finish(has_failed).1
    } else {
        let (synced, finished) = writer.finish(has_failed);
        collective::all_gather(comm, synced);
        finished
    };
    let (is_complete, times) = collective::all_ok(comm, finished.map_err(RunError::from))?;
    // Rank 0 has the journal.
    let is_complete = collective::from_root(comm, Some(is_complete)).unwrap_or(false);
    Ok((is_complete, times))
}

/// Collective. Does on rank 0 what concerns files that all share.
pub(crate) fn on_root(
    comm: &impl Comm,
    work: impl FnOnce() -> Result<(), CubeError>,
) -> Result<(), RunError> {
    let done = if comm.is_root() { work() } else { Ok(()) };
    collective::all_ok(comm, done.map_err(RunError::from))
}
