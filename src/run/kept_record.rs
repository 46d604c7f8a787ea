//! [`kept_record`]: the record of a run that writes no file, from its rows.

use super::{
    columns::{Columns, digest_of_parameters},
    row::Row,
    solution::KeptRecord,
};
use crate::problem::Problem;

/// The record with these rows; `None` if the parameters ask for none.
pub(super) fn kept_record(
    problem: &Problem,
    rows: &[Row],
    warnings: &[String],
) -> Option<KeptRecord> {
    problem.params.record.as_ref()?;
    let columns = Columns::new(problem, false);
    let with_meanings = columns.with_meanings(problem).into_iter();
    let names: Vec<String> = with_meanings.map(|column| column.name).collect();
    let numbers = rows.iter().flat_map(|row| {
        let places = 0..names.len();
        places.map(|place| row.number(place).unwrap_or(f64::NAN))
    });
    let calendar = problem.calendar().filter(|_| columns.has_dates());
    let dates = calendar.map(|calendar| {
        let dates = rows.iter().map(|row| calendar.date(row.time).to_string());
        dates.collect()
    });
    let parameters = digest_of_parameters(problem);
    Some(KeptRecord {
        numbers: numbers.collect(),
        dates,
        description: columns.description(problem, &parameters, warnings),
        names,
    })
}
