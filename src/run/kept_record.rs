//! [`kept_record`]: the record of a run that writes no file, from its rows.

use super::{columns, row::Row, solution::KeptRecord};
use crate::problem::Problem;

/// The record with these rows; `None` if the parameters ask for none.
pub(super) fn kept_record(
    problem: &Problem,
    rows: &[Row],
    warnings: &[String],
) -> Option<KeptRecord> {
    problem.params.record.as_ref()?;
    let columns = columns::columns(problem, false);
    let names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
    let numbers = rows.iter().flat_map(|row| {
        let places = 0..names.len();
        places.map(|place| row.number(place).unwrap_or(f64::NAN))
    });
    let calendar = problem.calendar().filter(|_| columns::has_dates(problem));
    let dates = calendar.map(|calendar| {
        let dates = rows.iter().map(|row| calendar.date(row.time).to_string());
        dates.collect()
    });
    let parameters = columns::digest_of_parameters(problem, &problem.inputs());
    let columns_in_file = columns::columns_in_file(problem, false);
    Some(KeptRecord {
        numbers: numbers.collect(),
        dates,
        description: columns::describe(problem, &columns_in_file, &parameters, warnings),
        names,
    })
}
