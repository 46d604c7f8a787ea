//! [`solve`]: a run whose snapshots go to the page.

use crate::{
    files::read,
    journal::Journal,
    page::{STOP, show},
};
use diff2d::{
    Problem,
    internal::{Answer, Clock, solve_here},
    with_start,
};
use serde_json::{Value, json};
use std::cell::RefCell;

thread_local! {
    /// The journal of the present run.
    static JOURNAL: RefCell<Option<Journal>> = const { RefCell::new(None) };
}

/// Runs a problem. The request is a JSON object with the `text` of its parameters and, if they are known from
/// `examine`, its `warnings`, which would otherwise be found again.
///
/// # Errors
/// A sentence.
pub(crate) fn solve(request: &str) -> Result<Value, String> {
    let request: Value = serde_json::from_str(request).map_err(|error| error.to_string())?;
    let raw = read(request["text"].as_str().unwrap_or_default()).and_then(with_start);
    let raw = raw.map_err(|error| error.to_string())?;
    let problem = Problem::from_raw(&raw).map_err(|error| error.to_string())?;
    let warnings = match request["warnings"].as_array() {
        Some(known) => known
            .iter()
            .filter_map(|warning| warning.as_str().map(str::to_owned))
            .collect(),
        None => problem.warnings(&raw),
    };
    let journal = Journal::begin(problem, &warnings).map_err(|error| error.to_string())?;
    let problem = journal.problem().clone();
    JOURNAL.set(Some(journal));
    let solved = solve_here(&problem, &STOP, commit);
    let Some(journal) = JOURNAL.take() else {
        return Err("the run was lost".to_owned());
    };
    let Answer {
        record, steadiness, ..
    } = solved.map_err(|error| error.to_string())?;
    Ok(json!({
        "header": journal.array_header(),
        "journal": journal.text(steadiness, &record),
        "record": record,
    }))
}

/// Enters a snapshot into the journal, and shows it to the page.
fn commit(now: Clock, values: &[u8]) {
    JOURNAL.with_borrow_mut(|journal| {
        let Some(journal) = journal else { return };
        let commit = journal.enter(now, values);
        let text = json!({
            "index": commit.index,
            "step": commit.step,
            "t": commit.simtime,
            "mass": commit.mass,
            "min": commit.min,
            "max": commit.max,
            "sha256": commit.sha256,
        });
        show(&text.to_string(), values);
    });
}
