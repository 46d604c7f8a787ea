//! [`Snapshot`]: a snapshot on its way to the cube, row by row.

use super::{decomposition::Decomposition, error::RunError, output::Output, steady::Change};
use crate::{
    comm::{Comm, collective},
    cube::{
        conclusion::Conclusion,
        share::{Job, Share},
        streams::{Marks, StreamFile},
        write::ScenarioWriter,
    },
    dynamics::Steadiness,
    params::End,
    schedule::Clock,
    summary::{self, Summary},
};
use diff2d_stencil::real::Real;
use std::{collections::VecDeque, sync::Arc};

/// A snapshot whose rows are taken in order, all at once or a few at a time.
pub(crate) struct Snapshot<'o, 'a, C> {
    output: &'o mut Output<'a, C>,
    now: Clock,
    /// Whether the snapshot has begun. It has not if writing had failed before, which all ranks know.
    has_begun: bool,
    begun: Option<SnapshotOfCube>,
    summaries: Vec<Summary>,
    /// How near the state is to the one that time tends to, if it was solved for.
    pub(super) steadiness: Steadiness,
    /// The reason not to commit the snapshot, if there is one.
    wrong: Option<RunError>,
    /// The change since the preceding snapshot, if the run may end with this snapshot.
    change: Option<Change>,
}

/// A snapshot of a cube that has begun.
struct SnapshotOfCube {
    /// The byte of the file at which the snapshot begins.
    begin: u64,
    share: Share,
    /// The jobs of this rank alone that still miss bytes, in the order of their first bytes.
    jobs: VecDeque<Job>,
    /// Bytes that have arrived and that an incomplete job still needs.
    held: Vec<u8>,
    /// The position at which the bytes that have arrived end.
    come: u64,
}

impl<'o, 'a, C: Comm> Snapshot<'o, 'a, C> {
    /// A snapshot at `now` without rows. Dropped before its commit, it leaves nothing.
    pub(super) fn new(output: &'o mut Output<'a, C>, now: Clock) -> Self {
        Self {
            output,
            now,
            has_begun: false,
            begun: None,
            summaries: Vec::new(),
            steadiness: Steadiness::default(),
            wrong: None,
            change: None,
        }
    }

    /// Collective. Begins the snapshot, once no other one is late for its commit; `false` if writing has failed.
    pub(super) fn begin(&mut self) -> Result<bool, RunError> {
        if !self.output.wait(|scenario| !scenario.is_late()) {
            return Ok(false);
        }
        self.change = Change::begin(self.output, self.now)?;
        self.has_begun = true;
        if let Some(scenario) = self.output.scenario_mut() {
            let snapshot_begin = scenario.begin(self.now);
            let share = scenario.share().clone();
            let [mut jobs, _] = Decomposition::<C>::jobs(&share, snapshot_begin);
            jobs.sort_by_key(|job| job.bytes.start);
            self.begun = Some(SnapshotOfCube {
                begin: snapshot_begin,
                come: share.own().start,
                share,
                jobs: jobs.into(),
                held: Vec::new(),
            });
        }
        Ok(true)
    }

    /// The byte of the cube at which the snapshot begins, if there is a cube.
    pub(super) fn place(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.begin)
    }

    /// Takes the next rows that this rank owns.
    pub(super) fn rows<T: Real>(&mut self, values: &[T]) {
        let problem = self.output.problem;
        let first_row = self.output.ranks.slab().own().start + self.summaries.len();
        let summaries = match (&mut self.begun, self.output.scenario_mut()) {
            (Some(begun), Some(scenario)) => {
                // Other threads are woken once for both.
                rayon::join(
                    || problem.summaries(first_row, values),
                    || begun.place(scenario, bytemuck::cast_slice(values)),
                )
                .0
            }
            _ => problem.summaries(first_row, values),
        };
        let rows = values.len() / problem.grid.x.nodes;
        let summaries = summaries.unwrap_or_else(|error| {
            self.wrong.get_or_insert(error.into());
            vec![Summary::NONE; rows]
        });
        if let Some(change) = &mut self.change {
            let solution = self.output.solution();
            change.rows(values, solution.map_or(&[], |solution| solution.bytes()));
        }
        self.output.keep_rows(first_row, values);
        // A value that is not finite leaves no finite sum.
        if self.wrong.is_none() && !summaries.iter().all(|row| row.mass.is_finite()) {
            let halt = summary::not_finite(values, first_row, None, &problem.grid, self.now);
            self.wrong = halt.map(RunError::from);
        }
        self.summaries.extend(summaries);
    }

    /// Collective, after all rows. Exchanges the bytes that ranks send each other; `own` copies bytes of this rank's
    /// own rows, from a given byte on.
    pub(super) fn exchange(&mut self, own: impl FnMut(u64, &mut [u8])) {
        let ranks = self.output.ranks;
        if let (Some(begun), Some(scenario)) = (&self.begun, self.output.scenario_mut()) {
            ranks.gather_shared_jobs(&begun.share, begun.begin, own, |job, bytes| {
                scenario.place(job, [bytes, &[]]);
            });
        }
    }

    /// Waits until the snapshot can be read from the cube.
    pub(super) fn wait_until_written(&mut self) {
        if let Some(scenario) = self.output.scenario_mut() {
            scenario.wait_until_written();
        }
    }

    /// Collective, after all rows. Why the run ends with the snapshot, if its state is steady.
    ///
    /// # Errors
    /// [`RunError`] where a value is not finite.
    pub(super) fn end_if_steady(&mut self) -> Result<Option<End>, RunError> {
        let Output { ranks, problem, .. } = *self.output;
        collective::all_ok(ranks.comm(), self.wrong.take().map_or(Ok(()), Err))?;
        match self.change.take() {
            Some(change) => change.end(problem, ranks.comm(), [self.output.last, self.now]),
            None => Ok(None),
        }
    }

    /// Collective. Hands the snapshot over to be committed, with why the run ends with it, if it does, and the marks of the
    /// streams, whose files become durable before.
    pub(super) fn commit(self, ended: Option<End>, marks: Marks, files: Vec<Arc<StreamFile>>) {
        if !self.has_begun {
            return;
        }
        let Output { ranks, problem, .. } = *self.output;
        let conclusion = Conclusion {
            summary: ranks.gather_summary(&problem.grid, &self.summaries),
            steadiness: self.steadiness,
            ended,
            marks,
            files,
        };
        self.output.announce(self.now, conclusion);
    }
}

impl SnapshotOfCube {
    /// Places the jobs that the next bytes complete.
    fn place(&mut self, scenario: &mut ScenarioWriter<'_>, bytes: &[u8]) {
        let bytes_begin = self.come;
        let bytes_end = bytes_begin + bytes.len() as u64;
        let held_begin = bytes_begin - self.held.len() as u64;
        while let Some(job) = (self.jobs.front()).filter(|job| job.bytes.end <= bytes_end) {
            let held_length = self.held.len();
            let held_part = offset(job.bytes.start, held_begin).min(held_length)
                ..offset(job.bytes.end, held_begin).min(held_length);
            let new_part = offset(job.bytes.start, bytes_begin)..offset(job.bytes.end, bytes_begin);
            scenario.place(job, [&self.held[held_part], &bytes[new_part]]);
            self.jobs.pop_front();
        }
        match self.jobs.front() {
            Some(job) => {
                let unneeded = offset(job.bytes.start, held_begin).min(self.held.len());
                self.held.drain(..unneeded);
                let first_needed = offset(job.bytes.start, bytes_begin).min(bytes.len());
                self.held.extend_from_slice(&bytes[first_needed..]);
            }
            None => self.held.clear(),
        }
        self.come = bytes_end;
    }
}

/// The index of a byte in a buffer that begins with byte `begin`; 0 if the byte lies before it.
fn offset(byte: u64, begin: u64) -> usize {
    byte.saturating_sub(begin) as usize
}
