//! A run that goes on, as its files show it.

use super::super::{answer::Answer, json::Value, number};
use diff2d::{JournalledArray, program::cube::Paths};
use std::time::SystemTime;

/// Tells of a cube that a process writes at the moment, from the times of its files: the cube is new with every run, the journal grows
/// with every commit.
pub(super) fn tell(array: &JournalledArray, answer: &mut Answer<'_>) -> Option<()> {
    let journal = array.journal.as_ref().filter(|_| !array.is_final())?;
    let header = journal.header.as_ref()?;
    let begun = array.path.metadata().ok()?.created().ok()?;
    let paths = Paths::of(&array.path).ok()?;
    let committed = paths.journal.metadata().ok()?.modified().ok()?;
    let present = SystemTime::now();
    // Of a run that was interrupted, pauses count as well.
    let [since_begin, since_commit] = [begun, committed].map(|time| {
        let duration = present.duration_since(time);
        duration.unwrap_or_default().as_secs_f64()
    });
    // Initial states are there at once.
    let count = header.scenario_count() as u64;
    let computed = journal.committed.total().saturating_sub(count) as f64;
    let to_compute = header.snapshots().saturating_sub(count) as f64;
    let computing_time = since_begin - since_commit;
    let rate = if computing_time > 0.0 {
        computed / computing_time
    } else {
        0.0
    };
    let remaining_time = (to_compute - computed) / rate - since_commit;
    let remaining_time = remaining_time.is_finite().then(|| remaining_time.max(0.0));
    let [begun, committed] = [since_begin, since_commit].map(number::seconds);
    let outlook = remaining_time.map_or_else(String::new, |time| {
        format!("; at its pace so far ready in {}", number::seconds(time))
    });
    answer.line(
        "running",
        format!("begun {begun} ago, last commit {committed} ago{outlook}"),
    );
    let numbers = [
        ("since_begin", since_begin),
        ("since_commit", since_commit),
        ("rate", rate),
        // NaN is null.
        ("left", remaining_time.unwrap_or(f64::NAN)),
    ];
    answer.value("running", Value::numbers(numbers));
    Some(())
}
