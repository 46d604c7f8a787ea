//! [`LimitTracker`]: ends a run at the first snapshot after a row of its record in which a column has passed a limit.

use super::super::{columns, decomposition::Decomposition, error::RunError};
use crate::{
    comm::{Comm, collective},
    cube::{CubeError, RecordColumn},
    params::{End, Until},
    problem::Problem,
};

/// The tracker of a column that has a limit.
///
/// Rank 0 has the rows, and tells the others at each snapshot whether the run ends.
pub(in crate::run) struct LimitTracker<'p> {
    until: &'p Until,
    column: &'p str,
    columns: Vec<RecordColumn>,
    /// The time up to which rows do not count: that of the snapshot with which the run begins, or from which it goes on.
    since: f64,
    /// The first row that has passed the limit.
    end: Option<End>,
}

impl<'p> LimitTracker<'p> {
    /// The tracker of a run that ends by a column; `since` is the time of its last snapshot.
    pub(in crate::run) fn new(
        problem: &'p Problem,
        has_scenarios: bool,
        since: f64,
    ) -> Option<Self> {
        let until = problem.params.until.as_ref()?;
        Some(Self {
            until,
            column: &until.column.as_ref()?.0,
            columns: columns::columns(problem, has_scenarios),
            since,
            end: None,
        })
    }

    /// Takes rows of the record, in their order.
    pub(in crate::run) fn take(&mut self, rows: &str) {
        for line in rows.lines() {
            let [t, value] = ["t", self.column]
                .map(|name| columns::value_in(&self.columns, line, name).unwrap_or(f64::NAN));
            if self.end.is_none() {
                self.end = self.until.end_after_row(self.since, t, value);
            }
        }
    }

    /// Collective. Takes rows of the record up to a snapshot, on rank 0. Why the run ends with the snapshot, if a row has passed
    /// the limit.
    ///
    /// # Errors
    /// [`RunError`] where the rows could not be read.
    pub(in crate::run) fn end_after<C: Comm>(
        &mut self,
        rows: Result<String, CubeError>,
        ranks: &Decomposition<'_, C>,
    ) -> Result<Option<End>, RunError> {
        self.take(&collective::all_ok(
            ranks.comm(),
            rows.map_err(RunError::from),
        )?);
        Ok(self.end(ranks.comm()))
    }

    /// Collective, once all rows up to a snapshot are taken. Why the run ends with it, if a row has passed the limit.
    pub(in crate::run) fn end(&self, comm: &impl Comm) -> Option<End> {
        collective::from_root(comm, Some(self.end.clone())).flatten()
    }
}
