//! [`LimitTracker`]: ends a run at the first snapshot after a row of its record in which a column has passed a limit.

use super::super::{
    columns::Columns,
    decomposition::Decomposition,
    error::RunError,
    row::Row,
    tracker::{Sight, Tracker},
};
use crate::{
    comm::{Comm, collective},
    cube::CubeError,
    params::{End, Until},
    problem::Problem,
};

/// The tracker of a column that has a limit.
///
/// Rank 0 has the rows, and tells the others at each snapshot whether the run ends.
pub(in crate::run) struct LimitTracker<'p> {
    until: &'p Until,
    /// The place of the column in a row, counted without the column of scenarios.
    place: Option<usize>,
    columns: Columns,
    /// The time up to which rows do not count: that of the snapshot with which the run begins, or from which it goes on.
    since: f64,
    /// The first row that has passed the limit.
    end: Option<End>,
}

impl<'p> LimitTracker<'p> {
    /// The tracker of a run that ends by one of these columns; `since` is the time of its last snapshot.
    pub(in crate::run) fn new(problem: &'p Problem, columns: &Columns, since: f64) -> Option<Self> {
        let until = problem.params.until.as_ref()?;
        let (column, _) = until.column.as_ref()?;
        Some(Self {
            until,
            place: columns.place(column),
            columns: columns.clone(),
            since,
            end: None,
        })
    }

    /// Takes rows of the record, in their order.
    fn take(&mut self, rows: &[Row]) {
        for row in rows {
            let value = self.place.and_then(|place| row.number(place));
            let value = value.unwrap_or(f64::NAN);
            if self.end.is_none() {
                self.end = self.until.end_after_row(self.since, row.time, value);
            }
        }
    }

    /// Takes lines of the record, in their order.
    pub(in crate::run) fn take_lines(&mut self, text: &str) {
        let rows = text.lines();
        let rows = rows.filter_map(|line| Row::of_line(line, &self.columns));
        self.take(&rows.collect::<Vec<_>>());
    }

    /// Collective. Takes rows of the record up to a snapshot, on rank 0. Returns the reason to end the run with the
    /// snapshot, if a row has passed the limit.
    ///
    /// # Errors
    /// [`RunError`] where the rows could not be read.
    pub(in crate::run) fn end_after<C: Comm>(
        &mut self,
        rows: Result<String, CubeError>,
        ranks: &Decomposition<'_, C>,
    ) -> Result<Option<End>, RunError> {
        self.take_lines(&collective::all_ok(
            ranks.comm(),
            rows.map_err(RunError::from),
        )?);
        Ok(self.end(ranks.comm()))
    }

    /// Collective, once all rows up to a snapshot are taken. The reason to end the run with it, if a row has passed the
    /// limit.
    fn end(&self, comm: &impl Comm) -> Option<End> {
        collective::from_root(comm, Some(self.end.clone())).flatten()
    }
}

impl<C: Comm> Tracker<C> for LimitTracker<'_> {
    fn look(&mut self, sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        self.take(sight.row.as_slice());
        Ok(())
    }

    fn end_run(&mut self, sight: &Sight<'_, '_, C>) -> Result<Option<End>, RunError> {
        Ok(self.end(sight.ranks.comm()))
    }
}
