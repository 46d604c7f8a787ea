//! [`solve`]: a run whose snapshots go to the page.

use crate::{
    files::{read, take_state},
    journal::PageJournal,
    page::{STOP, begin_progress, show},
};
use diff2d::{
    Commit, ParamsError, Problem, RawParams,
    internal::{Begun, solve_on_calling_thread},
    with_start,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;

thread_local! {
    /// The journal of the present run.
    static JOURNAL: RefCell<Option<PageJournal>> = const { RefCell::new(None) };
}

/// What the page asks for.
#[derive(Deserialize)]
struct SolveRequest {
    /// The parameters.
    text: String,
    /// Their warnings, if they are known from `examine`. They would otherwise be found again.
    warnings: Option<Vec<String>>,
    /// The run from which this one continues. The bytes of its last snapshot were given before.
    shorter: Option<ShorterPart>,
}

/// A run that the page has computed.
#[derive(Deserialize)]
struct ShorterPart {
    text: String,
    /// The lines of the journal for the snapshots that were shown.
    commits: Vec<String>,
    /// The record of the run, which is empty if there is none, or if the run was stopped.
    record: String,
}

/// Runs the problem of a [`SolveRequest`], which is a JSON object. Begins at its beginning where the shorter run is no beginning
/// of it.
///
/// # Errors
/// A sentence.
pub(crate) fn solve(request: &str) -> Result<Value, String> {
    let request: SolveRequest = serde_json::from_str(request).map_err(|error| error.to_string())?;
    let (raw, problem) = parsed(&request.text).map_err(|error| error.to_string())?;
    let warnings = match request.warnings {
        Some(known) => known,
        None => problem.warnings(&raw),
    };
    let mut journal = PageJournal::begin(problem, &warnings).map_err(|error| error.to_string())?;
    let problem = journal.problem().clone();
    let (shorter, state) = (request.shorter.as_ref(), take_state());
    let begun = shorter.and_then(|shorter| {
        Some(Begun {
            index: taken(&mut journal, shorter)?,
            values: &state,
            record: &shorter.record,
        })
    });
    JOURNAL.set(Some(journal));
    let progress = begin_progress();
    let solved = solve_on_calling_thread(&problem, &warnings, begun, &STOP, &progress, commit);
    let Some(journal) = JOURNAL.take() else {
        return Err("the run was lost".to_owned());
    };
    let record = solved
        .map_err(|error| error.to_string())?
        .unwrap_or_default();
    Ok(json!({
        "header": journal.array_header(),
        "journal": journal.text(&record.rows),
        "record": record.rows,
        "record_description": record.description,
        "ended": journal.ended(),
    }))
}

/// Takes a shorter run into the journal of one that continues it. Returns the index of its last snapshot.
fn taken(journal: &mut PageJournal, shorter: &ShorterPart) -> Option<u64> {
    let (_, problem) = parsed(&shorter.text).ok()?;
    let commits = shorter
        .commits
        .iter()
        .map(|line| serde_json::from_str(line));
    journal.take(&problem, commits.collect::<Result<_, _>>().ok()?)
}

fn parsed(text: &str) -> Result<(RawParams, Problem), ParamsError> {
    let raw = read(text).and_then(with_start)?;
    let problem = Problem::from_raw(&raw)?;
    Ok((raw, problem))
}

/// Enters a snapshot into the journal, and shows it to the page.
fn commit(commit: Commit, values: &[u8]) {
    JOURNAL.with_borrow_mut(|journal| {
        let Some(journal) = journal else { return };
        let line = serde_json::to_string(journal.enter(commit, values));
        show(&line.unwrap_or_default(), values);
    });
}
