//! How a field of any size is reduced.

use super::{
    error::Error,
    reduced::{Ends, Reduced},
    reduction::{Reduction, Run},
    values::{Values, for_each_part, layout},
};
use rayon::prelude::*;
use std::ops::Range;

/// Fields of fewer values are reduced by one thread.
const FEW: usize = 1 << 18;
/// A larger field is reduced in so many parts.
const PARTS: usize = 64;

impl Reduced {
    /// Reduces a field to at most `rows` by `columns` cells. It is read once, by several threads; the
    /// result does not depend on their number.
    ///
    /// # Errors
    /// [`Error::Values`] when it cannot be read, [`Error::Empty`] when it has no values.
    pub fn new(field: &dyn Values, rows: usize, columns: usize) -> Result<Self, Error> {
        if let Some(reduced) = field.reduced()
            && reduced.is_of(field, rows, columns)
        {
            return Ok(reduced.clone());
        }
        let (all_rows, all_columns) = field.dimensions();
        if all_rows == 0 || all_columns == 0 {
            return Err(Error::Empty(all_rows, all_columns));
        }
        let in_columns = field.are_in_columns();
        let up = Reduction::new(all_rows, rows);
        let across = Reduction::new(all_columns, columns);
        let (over_lines, along) = match in_columns {
            false => (up, across),
            true => (across, up),
        };
        let (lines, length) = layout(field);
        let parts = match lines.saturating_mul(length) {
            0..FEW => 1,
            _ => PARTS.min(over_lines.cells()),
        };
        let cuts = |part: usize| part * over_lines.cells() / parts;
        let reduced: Vec<(Vec<f64>, Ends)> = (0..parts)
            .into_par_iter()
            .map(|part| reduce(field, over_lines, along, cuts(part)..cuts(part + 1)))
            .collect::<Result<_, Error>>()?;
        let ends = reduced.iter().map(|(_, ends)| *ends);
        let ends = ends.fold(Ends::default(), Ends::and);
        let cells: Vec<f64> = reduced.into_iter().flat_map(|(cells, _)| cells).collect();
        let (rows, columns) = (up.cells(), across.cells());
        let cells = match in_columns {
            false => cells,
            true => (0..rows * columns)
                .map(|at| cells[at % columns * rows + at / columns])
                .collect(),
        };
        Ok(Self::of_cells((rows, columns), cells, ends))
    }

    /// Whether this is what a reduction of a field to so many cells gives.
    fn is_of(&self, field: &dyn Values, rows: usize, columns: usize) -> bool {
        let (all_rows, all_columns) = field.dimensions();
        self.dimensions() == (rows.min(all_rows), columns.min(all_columns))
    }
}

/// Some cells of a field, line after line, with the ends of the values that they cover.
fn reduce(
    field: &dyn Values,
    over_lines: Reduction,
    along: Reduction,
    cells: Range<usize>,
) -> Result<(Vec<f64>, Ends), Error> {
    let lines = over_lines.covered(cells.start).start..over_lines.covered(cells.end - 1).end;
    let mut reduced = vec![0.0; along.cells() * cells.len()];
    let mut line = vec![0.0; along.cells()];
    let (mut runs, mut of_runs): (Vec<Run>, _) = (Vec::new(), 0..0);
    let mut ends = Ends::default();
    for_each_part(field, lines, |part| {
        if of_runs != part.along {
            (runs, of_runs) = (along.runs(&part.along), part.along.clone());
        }
        ends = ends.and(Ends::of(part.values));
        let touched = along.reached(&part.along);
        let of_lines = part.values.chunks_exact(part.along.len());
        for (number, values) in part.lines.clone().zip(of_lines) {
            line[touched.clone()].fill(0.0);
            for run in &runs {
                let weighted = values[run.places.clone()].iter().map(|v| run.weight * v);
                line[run.cell] += weighted.sum::<f64>();
            }
            let reached = over_lines.reached(&(number..number + 1));
            for cell in reached.start.max(cells.start)..reached.end.min(cells.end) {
                let weight = over_lines.weight(number, cell);
                let sums = &mut reduced[(cell - cells.start) * along.cells()..][touched.clone()];
                for (sum, value) in sums.iter_mut().zip(&line[touched.clone()]) {
                    *sum += weight * value;
                }
            }
        }
    })?;
    Ok((reduced, ends))
}
