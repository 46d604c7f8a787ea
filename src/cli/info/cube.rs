//! What the journal of a cube, and what lies beside it, say.

use super::super::{
    answer::Answer,
    json::Value,
    number,
    selection::{EXAMPLES, Entry},
};
use crate::cli::error::Error;
use diff2d::{
    Commit, CubeError, Header, Scenario,
    program::{
        cube::{Journal, Paths, checkpoint, scratch, telling},
        params::{Quantity, StepMethod},
        run::{Clock, Nper},
    },
};
use diff2d_arrays::{npy::Slice, wording::excerpt};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq},
};
use serde_json::Map;
use std::{cell::RefCell, path::Path};

/// Tells what the journal of a cube says; of a sweep the text lists the scenarios of a range that was typed.
pub(super) fn tell<'a>(
    journal: &'a Journal,
    typed: &str,
    answer: &mut Answer<'a>,
) -> Result<(), Error> {
    let (run, committed) = (&journal.header, journal.committed.total());
    let sweep = run.as_ref().filter(|header| header.is_sweep());
    let listed = listed(typed, sweep.map_or(0, Header::scenario_count))?;
    answer.plain("run", run);
    answer.plain("committed", committed);
    answer.plain("complete", journal.is_complete());
    let Some(header) = run else {
        let no_warnings: [&str; 0] = [];
        answer.plain("warnings", no_warnings);
        answer.line(
            "run",
            "was stopped while it created the file: nothing in it counts",
        );
        return Ok(());
    };
    answer.plain("warnings", &header.warnings);
    match header.run() {
        Some(run) => tell_run(header, run, answer),
        None => tell_sweep(header, journal, listed, answer),
    }
    if let Some(origin) = &header.origin {
        answer.line("dates", format!("t = 0 is {origin}"));
    }
    let planned = header.snapshots();
    answer.line("committed", format!("{committed} of {planned} snapshots"));
    if let Some(commit) = journal.committed.last() {
        answer.line("last", snapshot(commit));
    }
    if let Some(end) = journal.ends.get(&0).filter(|_| !header.is_sweep()) {
        answer.plain("ended", end);
        answer.line("ended", end);
    }
    for warning in &header.warnings {
        answer.line("warning", warning);
    }
    Ok(())
}

/// Tells of the states between snapshots from which a resume goes on.
pub(super) fn tell_states(path: &Path, journal: &Journal, answer: &mut Answer<'_>) {
    let states = states(path, journal).unwrap_or_default();
    for (name, state, options) in [
        ("checkpoint", states[0], "--resume"),
        ("scratch", states[1], "--resume --memory"),
    ] {
        answer.plain(name, state);
        if let Some(Clock { step, simtime }) = state {
            let time = number::python(simtime);
            answer.line(
                name,
                format!("t = {time} after step {step}, from which {options} continues"),
            );
        }
    }
}

fn tell_run(header: &Header, run: &Scenario, answer: &mut Answer<'_>) {
    let known_params = run.known_params();
    answer.line("params", params(run, known_params.is_some()));
    if let Some(params) = &known_params {
        answer.physics(params);
    }
    let dt = number::python(run.dt);
    let nsteps = header.last_step().unwrap_or(run.nsteps);
    let is_steady = known_params.is_some_and(|params| params.method == StepMethod::Steady);
    answer.line(
        "steps",
        match &run.nper {
            _ if is_steady => "none".to_owned(),
            Nper::Every(nper) => format!("{nsteps} of dt = {dt}, a snapshot every {nper}"),
            Nper::Each(_) => format!("{nsteps} of dt = {dt}, snapshots at given times"),
        },
    );
}

/// Tells in which keys the scenarios differ, and how far each is computed.
fn tell_sweep<'a>(
    header: &'a Header,
    journal: &'a Journal,
    listed: Slice,
    answer: &mut Answer<'a>,
) {
    let count = header.scenario_count();
    let varied = telling(header);
    let differ = match &varied[..] {
        [] => String::new(),
        keys => format!(", which differ in {}", keys.join(", ")),
    };
    answer.line("sweep", format!("{count} scenarios{differ}"));
    let counts = |number| [journal.committed.of(number), header.snapshots_of(number)];
    let all_counts = || (0..count).map(counts);
    let complete = all_counts().filter(|[committed, snapshots]| committed == snapshots);
    let begun = all_counts().filter(|[committed, snapshots]| (1..*snapshots).contains(committed));
    let (complete, begun) = (complete.count(), begun.count());
    let to_do = count - complete - begun;
    answer.line(
        "progress",
        format!("{complete} scenarios complete, {begun} begun, {to_do} to do"),
    );
    let mut scenarios = Vec::new();
    for (number, scenario) in header.scenarios().enumerate() {
        let [committed, snapshots] = counts(number);
        let params = varied.iter();
        let params: Map<String, _> = params
            .filter_map(|key| Some((key.clone(), scenario.params.value(key)?.clone())))
            .collect();
        let ended = journal.ends.get(&number);
        if listed.contains(number as u64) {
            let mut text = format!("{number}: ");
            for (key, value) in &params {
                text += &format!("{key} = {}, ", excerpt(&value.to_string(), 60));
            }
            text += &format!("{committed} of {snapshots} snapshots");
            if let Some(end) = ended {
                text += &format!(", ended: {end}");
            }
            answer.line("scenario", text);
        }
        let mut values = Answer::default();
        values.plain("scenario", number);
        values.plain("params", params);
        values.plain("committed", committed);
        values.plain("snapshots", snapshots);
        values.some("ended", ended);
        scenarios.push(values.into_value());
    }
    if let others @ 1.. = count - listed.count as usize {
        answer.line("", format!("and {others} more: --scenarios : lists all"));
    }
    answer.plain("varied", varied);
    answer.value("scenarios", Value::List(scenarios));
}

/// The scenarios that a range takes.
fn listed(typed: &str, count: usize) -> Result<Slice, Error> {
    let entry = Entry::parse(typed).ok();
    let chosen = entry.and_then(|entry| entry.slice(count as u64));
    chosen.ok_or_else(|| {
        Error::Usage(format!(
            "--scenarios {typed}: expected a range {EXAMPLES}, of {count} scenarios"
        ))
    })
}

/// The clocks of the checkpoint and of the scratch that a run has left after its last snapshot.
fn states(cube: &Path, journal: &Journal) -> Option<[Option<Clock>; 2]> {
    let (header, last_commit) = (journal.header.as_ref()?, journal.committed.last()?);
    header.run()?;
    let paths = Paths::of(cube).ok()?;
    let latest_checkpoint = checkpoint::find(&paths, header, last_commit.clock())
        .ok()
        .flatten();
    Some([
        latest_checkpoint.map(|latest_checkpoint| latest_checkpoint.clock),
        scratch::latest(&paths, header, last_commit.clock())
            .ok()
            .flatten(),
    ])
}

/// Commits, which are written as they are read, because there may be many.
pub(super) struct SnapshotCounts<'a>(
    RefCell<Box<dyn Iterator<Item = Result<Commit, CubeError>> + 'a>>,
);

impl<'a> SnapshotCounts<'a> {
    pub fn new(commits: impl Iterator<Item = Result<Commit, CubeError>> + 'a) -> Self {
        Self(RefCell::new(Box::new(commits)))
    }
}

impl Serialize for SnapshotCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for commit in self.0.borrow_mut().by_ref() {
            list.serialize_element(&commit.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

/// The keys with their values; keys of the physics are left out where words describe the physics.
fn params(run: &Scenario, has_physics: bool) -> String {
    /// The most keys that are listed: journals of other programs may hold any number of them, of any length.
    const MOST: usize = 100;
    const LONGEST: usize = 200;
    let pairs = run.params.pairs().into_iter();
    let pairs = pairs.filter(|(key, _)| !(has_physics && is_physics(key)));
    let mut pairs: Vec<String> = pairs
        .map(|(key, value)| {
            let (key, value) = (excerpt(&key, LONGEST), excerpt(&value.to_string(), LONGEST));
            format!("{key} = {value}")
        })
        .collect();
    if pairs.len() > MOST {
        let omitted_count = pairs.len() - MOST;
        pairs.truncate(MOST);
        pairs.push(format!("and {omitted_count} more"));
    }
    pairs.join(", ")
}

/// Whether a key belongs to the physics of a problem.
fn is_physics(key: &str) -> bool {
    const PHYSICS: [&str; 2] = ["face", "method"];
    let is_quantity = Quantity::ALL.iter().any(|quantity| quantity.key() == key);
    is_quantity
        || PHYSICS.contains(&key)
        || key.starts_with("initial.")
        || key.starts_with("boundary.")
}

fn snapshot(commit: &Commit) -> String {
    let [time, mass, min, max] =
        [commit.simtime, commit.mass, commit.min, commit.max].map(number::python);
    let (id, step) = (commit.id(), commit.step);
    format!("{id}: t = {time} after step {step}, mass {mass}, from {min} to {max}")
}
