//! [`Tracker`]: looks at a run at moments of its own. [`Sight`]: the run at a moment.

use super::{
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    reached::Reached,
    row::Row,
    state::{Look, RowsView, State},
    streams::RunStreams,
};
use crate::{comm::Comm, cube::streams::Stream, params::End, schedule::Moment};

/// Looks at a run at moments of its own.
///
/// At a moment all trackers [look](Self::look). Then it is [decided](Self::end_run) whether the run ends. After that all
/// [write](Self::write), knowing the decision, so nothing written is ever revoked. All methods that have ranks are collective.
pub(super) trait Tracker<C: Comm> {
    /// The next moment at which the tracker looks; `None` if those of the others suffice.
    fn next(&self) -> Option<Moment> {
        None
    }

    /// Begins at the state from which the run continues.
    fn go_on(&mut self, _sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        Ok(())
    }

    /// Whether the tracker needs the states within every step.
    fn sees_steps(&self) -> bool {
        false
    }

    /// Takes rows of a state from which stage `number` of a step computes increments; the calls are in the order of the
    /// rows.
    fn see(&mut self, _number: usize, _view: &RowsView<'_>, _ranks: &Decomposition<'_, C>) {}

    /// Ends a step that was seen.
    fn end_step(&mut self, _ranks: &Decomposition<'_, C>) -> Result<(), RunError> {
        Ok(())
    }

    /// Reads from the run at a moment.
    fn look(&mut self, _sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        Ok(())
    }

    /// The reason to end the run with the snapshot of this moment, if there is one.
    fn end_run(&mut self, _sight: &Sight<'_, '_, C>) -> Result<Option<End>, RunError> {
        Ok(None)
    }

    /// Writes to streams or to memory.
    fn write(&mut self, _sight: &mut Sight<'_, '_, C>, _ends_run: bool) -> Result<(), RunError> {
        Ok(())
    }

    /// The streams, by their names. Those of the rows are on rank 0 alone.
    fn streams(&self) -> Vec<(&'static str, &Stream)> {
        Vec::new()
    }

    /// A warning on a run that is done.
    fn warning(&self) -> Option<String> {
        None
    }

    /// Adds what is left of the tracker after the run.
    fn leave(self: Box<Self>, _remains: &mut Remains) {}
}

/// A run at a moment.
pub(super) struct Sight<'s, 'r, C> {
    pub(super) at: Reached,
    pub(super) ranks: &'s Decomposition<'r, C>,
    pub(super) state: &'s mut dyn State<C>,
    pub(super) clock: &'s RunClock,
    /// The row of the moment while it is read and not written yet, on rank 0.
    pub(super) row: Option<Row>,
}

impl<C: Comm> Sight<'_, '_, C> {
    /// Shows the state to `look` as it is at the moment, which may lie between two steps.
    pub(super) fn show(&mut self, look: Look<'_>) -> Result<(), RunError> {
        match self.at.moment.beyond {
            beyond if beyond > 0.0 => self.state.aside(beyond, self.at.now, self.clock, look),
            _ => self.state.look(look),
        }
    }
}

/// What is left of the trackers after a run.
#[derive(Default)]
pub(crate) struct Remains {
    pub(super) streams: RunStreams,
    /// The rows that were kept in memory.
    pub(super) rows: Vec<Row>,
}
