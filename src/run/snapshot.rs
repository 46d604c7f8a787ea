//! [`Snapshot`]: a snapshot on its way to the cube, row by row.

use super::{
    decomposition::Decomposition,
    error::RunError,
    output::{Destination, Output},
};
use crate::{
    comm::Comm,
    cube::share::{Job, Share},
    grid::Grid,
    real::Real,
    schedule::Clock,
    summary::Summary,
};
use std::collections::VecDeque;

/// The rows of a snapshot, taken in order: once all of a rank, or a few at a time where one rank has all.
pub(crate) struct Snapshot<'o, 'a, C> {
    output: &'o mut Output<'a, C>,
    now: Clock,
    begun: Option<Begun>,
    summaries: Vec<Summary>,
}

/// Collective. Hands over the snapshot at `now`, whose rows `show` passes on. After an error it is not
/// committed.
pub(super) fn put<'a, C: Comm>(
    output: &mut Output<'a, C>,
    now: Clock,
    show: impl FnOnce(&mut Snapshot<'_, 'a, C>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut snapshot = Snapshot::new(output, now);
    show(&mut snapshot)?;
    snapshot.end();
    Ok(())
}

/// A snapshot of a cube that has begun.
struct Begun {
    /// The byte of the file where it begins.
    begin: u64,
    share: Share,
    /// Jobs whose bytes have not all come yet.
    jobs: VecDeque<Job>,
    /// Bytes of the snapshot before those that come next, of which a job needs some.
    held: Vec<u8>,
    /// Bytes that have come.
    come: u64,
}

impl<'o, 'a, C: Comm> Snapshot<'o, 'a, C> {
    /// The next snapshot of an output, at `now`.
    fn new(output: &'o mut Output<'a, C>, now: Clock) -> Self {
        Self {
            output,
            now,
            begun: None,
            summaries: Vec::new(),
        }
    }

    /// Collective. Begins it, once no other waits too long for its commit; `false` if writing has failed.
    pub(super) fn begin(&mut self) -> bool {
        if !self.output.wait_while_late() {
            return false;
        }
        if let Destination::Cube { scenario, .. } = &mut self.output.to {
            let begin = scenario.begin(self.now);
            let share = scenario.share().clone();
            let [jobs, _] = Decomposition::<C>::jobs(&share, begin);
            self.begun = Some(Begun {
                begin,
                come: share.own().start,
                share,
                jobs: jobs.into(),
                held: Vec::new(),
            });
        }
        true
    }

    /// The byte of the cube where it begins, if there is a cube.
    pub(super) fn place(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.begin)
    }

    /// The grid.
    fn grid(&self) -> &'a Grid {
        self.output.grid
    }

    /// Collective where several ranks have rows. Takes the next rows; of several ranks, each passes all of
    /// its rows at once.
    pub(super) fn rows<T: Real>(&mut self, values: &[T]) {
        self.summaries
            .extend(Summary::of_each_row(values, self.grid()));
        let (Some(begun), Destination::Cube { scenario, .. }) =
            (&mut self.begun, &mut self.output.to)
        else {
            return;
        };
        let bytes: &[u8] = bytemuck::cast_slice(values);
        if begun.share.ranks() > 1 {
            let ranks = self.output.ranks;
            ranks.gather_jobs(&begun.share, begun.begin, bytes, |job, bytes| {
                scenario.place(job, bytes);
            });
            return;
        }
        let (first, end) = (begun.come, begun.come + bytes.len() as u64);
        #[expect(clippy::cast_possible_truncation, reason = "places in memory")]
        let at = |byte: u64| byte.saturating_sub(first) as usize;
        while let Some(job) = begun.jobs.front().filter(|job| job.bytes.end <= end) {
            if job.bytes.start >= first {
                scenario.place(job, &bytes[at(job.bytes.start)..at(job.bytes.end)]);
            } else {
                // The jobs of one rank follow one another, so what is held is the beginning of this one.
                begun.held.extend_from_slice(&bytes[..at(job.bytes.end)]);
                scenario.place(job, &begun.held);
                begun.held.clear();
            }
            begun.jobs.pop_front();
        }
        if let Some(job) = begun.jobs.front() {
            begun
                .held
                .extend_from_slice(&bytes[at(job.bytes.start).min(bytes.len())..]);
        }
        begun.come = end;
    }

    /// Waits until its bytes can be read from the cube.
    pub(super) fn wait_until_written(&mut self) {
        if let Destination::Cube { scenario, .. } = &mut self.output.to {
            scenario.wait_until_written();
        }
    }

    /// Collective. Ends it, all rows of which have come.
    fn end(self) {
        let summary = self
            .output
            .ranks
            .gather_summary(self.output.grid, &self.summaries);
        self.output
            .announce(self.now, summary, self.begun.is_some());
    }
}
