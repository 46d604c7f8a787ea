//! [`Snapshot`]: a snapshot on its way to the cube, row by row.

use super::{
    decomposition::Decomposition, error::RunError, output::Output, solution::Solution,
    steady::Change,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        share::{Job, Share},
        write::ScenarioWriter,
    },
    dynamics::Steadiness,
    schedule::Clock,
    summary::{self, Summary},
};
use diff2d_stencil::real::Real;
use std::collections::VecDeque;

/// The rows of a snapshot, taken in order, all at once or a few at a time.
pub(crate) struct Snapshot<'o, 'a, C> {
    output: &'o mut Output<'a, C>,
    now: Clock,
    /// Not if writing had failed, as all ranks know.
    has_begun: bool,
    begun: Option<Begun>,
    summaries: Vec<Summary>,
    /// How steady its state is known to be.
    pub(super) steadiness: Steadiness,
    /// Why it is not to be committed.
    wrong: Option<RunError>,
    /// What it differs by from the one before, if the run may end with it.
    change: Option<Change>,
}

/// Collective. Hands over the snapshot at `now`, whose rows `show` passes on. After an error it is not
/// committed.
pub(super) fn put<'a, C: Comm>(
    output: &mut Output<'a, C>,
    now: Clock,
    show: impl FnOnce(&mut Snapshot<'_, 'a, C>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut snapshot = Snapshot {
        output,
        now,
        has_begun: false,
        begun: None,
        summaries: Vec::new(),
        steadiness: Steadiness::default(),
        wrong: None,
        change: None,
    };
    show(&mut snapshot)?;
    match snapshot.has_begun {
        true => snapshot.end(),
        false => Ok(()),
    }
}

/// A snapshot of a cube that has begun.
struct Begun {
    /// The byte of the file where it begins.
    begin: u64,
    share: Share,
    /// Jobs of this rank alone whose bytes have not all come yet, in the order of their first bytes.
    jobs: VecDeque<Job>,
    /// Bytes before those that come next that a job still needs.
    held: Vec<u8>,
    /// Where the bytes that have come end.
    come: u64,
}

impl<'o, 'a, C: Comm> Snapshot<'o, 'a, C> {
    /// Collective. Begins it, once no other waits too long for its commit; `false` if writing has failed.
    pub(super) fn begin(&mut self) -> Result<bool, RunError> {
        if !self.output.wait_while_late() {
            return Ok(false);
        }
        self.change = Change::begin(self.output, self.now)?;
        self.has_begun = true;
        if let Some(scenario) = &mut self.output.scenario {
            let begin = scenario.begin(self.now);
            let share = scenario.share().clone();
            let [mut jobs, _] = Decomposition::<C>::jobs(&share, begin);
            jobs.sort_by_key(|job| job.bytes.start);
            self.begun = Some(Begun {
                begin,
                come: share.own().start,
                share,
                jobs: jobs.into(),
                held: Vec::new(),
            });
        }
        Ok(true)
    }

    /// The byte of the cube where it begins, if there is a cube.
    pub(super) fn place(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.begin)
    }

    /// Takes the next rows that this rank owns.
    pub(super) fn rows<T: Real>(&mut self, values: &[T]) {
        let problem = self.output.problem;
        let first = self.output.ranks.slab().own().start + self.summaries.len();
        let summarise = || problem.summaries(first, values);
        let summaries = match (&mut self.begun, &mut self.output.scenario) {
            (Some(begun), Some(scenario)) => {
                let place = || begun.place(scenario, bytemuck::cast_slice(values));
                // Other threads are woken once for both.
                rayon::join(summarise, place).0
            }
            _ => summarise(),
        };
        let rows = values.len() / problem.grid.x.nodes;
        let summaries = summaries.unwrap_or_else(|error| {
            self.wrong.get_or_insert(error.into());
            vec![Summary::NONE; rows]
        });
        if let Some(change) = &mut self.change {
            let kept = self.output.kept.as_deref();
            change.rows(values, kept.map_or(&[], Solution::bytes));
        }
        if let Some(kept) = &mut self.output.kept {
            kept.rows(first, values);
        }
        // A value that is not finite leaves no finite sum.
        if self.wrong.is_none() && !summaries.iter().all(|row| row.mass.is_finite()) {
            let halt = summary::not_finite(values, first, None, &problem.grid, self.now);
            self.wrong = halt.map(RunError::from);
        }
        self.summaries.extend(summaries);
    }

    /// Collective, after all rows. Exchanges what ranks send each other; `own` copies bytes of the rows that this
    /// rank owns, from a byte of them on.
    pub(super) fn exchange(&mut self, own: impl FnMut(u64, &mut [u8])) {
        if let (Some(begun), Some(scenario)) = (&self.begun, &mut self.output.scenario) {
            let ranks = self.output.ranks;
            ranks.gather_shared_jobs(&begun.share, begun.begin, own, |job, bytes| {
                scenario.place(job, [bytes, &[]]);
            });
        }
    }

    /// Waits until its bytes can be read from the cube.
    pub(super) fn wait_until_written(&mut self) {
        if let Some(scenario) = &mut self.output.scenario {
            scenario.wait_until_written();
        }
    }

    /// Collective. Ends it, all rows of which have come. It is not committed if one has a value that is not finite.
    fn end(self) -> Result<(), RunError> {
        let Output { ranks, problem, .. } = *self.output;
        collective::all_ok(ranks.comm(), self.wrong.map_or(Ok(()), Err))?;
        let summary = ranks.gather_summary(&problem.grid, &self.summaries);
        let steadiness = match self.change {
            Some(change) => change.steady(problem, ranks.comm(), [self.output.last, self.now])?,
            None => self.steadiness,
        };
        self.output.announce(self.now, summary, steadiness);
        (self.output.last, self.output.has_ended) = (self.now, steadiness.rate.is_some());
        Ok(())
    }
}

impl Begun {
    /// Places the jobs that are whole with the next bytes.
    fn place(&mut self, scenario: &mut ScenarioWriter<'_>, bytes: &[u8]) {
        let (first, end) = (self.come, self.come + bytes.len() as u64);
        let held_from = first - self.held.len() as u64;
        #[expect(clippy::cast_possible_truncation, reason = "places in memory")]
        let at = |byte: u64, from: u64| byte.saturating_sub(from) as usize;
        while let Some(job) = self.jobs.front().filter(|job| job.bytes.end <= end) {
            let come = &bytes[at(job.bytes.start, first)..at(job.bytes.end, first)];
            let end = self.held.len();
            let held =
                at(job.bytes.start, held_from).min(end)..at(job.bytes.end, held_from).min(end);
            scenario.place(job, [&self.held[held], come]);
            self.jobs.pop_front();
        }
        match self.jobs.front() {
            Some(job) => {
                let held = self.held.len();
                self.held.drain(..at(job.bytes.start, held_from).min(held));
                let kept = at(job.bytes.start, first).min(bytes.len());
                self.held.extend_from_slice(&bytes[kept..]);
            }
            None => self.held.clear(),
        }
        self.come = end;
    }
}
