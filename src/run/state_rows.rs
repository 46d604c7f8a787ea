//! [`StateRows`]: the rows of a record of any states, which no run need have reached.

use super::{
    Decomposition, Row,
    columns::Columns,
    error::RunError,
    row::{RowReader, RowSums},
    state::{RowsView, StateArray},
};
use crate::{comm::Solo, problem::Problem};
use ndarray::ArrayView2;

/// Reads rows of states of the whole grid.
pub(crate) struct StateRows<'p> {
    reader: Option<RowReader<'p>>,
    ranks: Decomposition<'static, Solo>,
}

impl<'p> StateRows<'p> {
    /// The rows of a problem; without a record there are none.
    ///
    /// # Errors
    /// [`RunError`] if an input file can no longer be read.
    pub(crate) fn new(problem: &'p Problem) -> Result<Self, RunError> {
        let start = problem.schedule.pace().start();
        let columns = Columns::new(problem, false);
        Ok(Self {
            reader: RowReader::new(problem, &columns, RowSums::AsRecorded, start)?,
            ranks: Decomposition::alone(problem),
        })
    }

    /// The row of a state at a time. What it sums since the beginning has no meaning.
    ///
    /// # Errors
    /// [`RunError`] if memory is short, or an input file can no longer be read.
    pub(crate) fn read(
        &mut self,
        time: f64,
        state: &ArrayView2<'_, f64>,
    ) -> Result<Option<Row>, RunError> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let rows = 0..state.nrows();
        reader.read(0, time, &self.ranks, |look| {
            look(&RowsView {
                own: rows.clone(),
                held: rows,
                values: StateArray::F64(state.view()),
            })
        })
    }
}
