//! What the [record](super::history) of a run does in its time loop.

use super::{
    clock::RunClock,
    decomposition::Decomposition,
    error::RunError,
    exchange::on_root,
    history::History,
    snapshot::Snapshot,
    state::{Look, State},
};
use crate::{
    comm::{Comm, collective},
    cube::{Paths, record_file},
    problem::Problem,
    schedule::Clock,
};
use diff2d_sys as sys;

/// Collective. Refuses a record that cannot be written as the run is carried out, and files of others that have its names.
pub(super) fn check(
    problem: &Problem,
    paths: Option<&Paths>,
    comm: &impl Comm,
) -> Result<(), RunError> {
    let Some(paths) = paths else {
        let why = "is written beside a cube, and there is none: leave it out";
        return Err(RunError::NoRecord { why });
    };
    on_root(comm, || record_file::refuse_others(paths, problem.fields()))?;
    let needed = problem.disk_bytes();
    let is_new = comm.is_root() && !problem.fields().is_empty() && !paths.journal.exists();
    let fits = match sys::free_space(paths.directory()) {
        Some(free) if is_new && free < needed => Err(RunError::NoFieldSpace { needed, free }),
        _ => Ok(()),
    };
    collective::all_ok(comm, fits)
}

/// Collective. Advances a state, by single steps that are looked into where every step is recorded.
pub(super) fn advance<C: Comm>(
    history: Option<&mut History<'_>>,
    ranks: &Decomposition<'_, C>,
    state: &mut impl State<C>,
    steps: u64,
    now: Clock,
    clock: &mut RunClock,
    snapshot: Option<&mut Snapshot<'_, '_, C>>,
) -> Result<(), RunError> {
    let Some(history) = history.filter(|history| history.sees_steps()) else {
        return state.advance(steps, now, clock, snapshot);
    };
    state.advance_seen(now, clock, &mut |number, rows| {
        history.see(number, rows, ranks);
    })?;
    history.end_step(ranks)?;
    match snapshot {
        Some(snapshot) => state.show(snapshot),
        None => Ok(()),
    }
}

/// Collective. Takes the row that is due at a state, if one is. Those up to a snapshot are durable before it.
pub(super) fn record<C: Comm>(
    history: Option<&mut History<'_>>,
    ranks: &Decomposition<'_, C>,
    state: &mut impl State<C>,
    now: Clock,
    is_snapshot: bool,
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    let may_end = history.problem.params.until.is_some() && is_snapshot && now.step > 0;
    let is_due = history.due.is_due(now);
    match is_due {
        true => history.take(now, ranks, |look| state.look(look))?,
        false if may_end => history.take_last(now, ranks, |look| state.look(look))?,
        false => {}
    }
    if is_due || is_snapshot {
        let is_last = now.step >= history.problem.schedule.last_step();
        let (begins, ends) = (is_snapshot && !is_last, is_snapshot && now.step > 0);
        let show = |look: Look<'_>| state.look(look);
        history.take_fields(now, now.simtime, begins, ends, ranks, show)?;
    }
    match is_snapshot || state.keeps_passes() {
        true => history.sync(ranks.comm()),
        false => Ok(()),
    }
}

/// Collective. Takes the rows that are due between a state and the next step.
pub(super) fn record_beyond<C: Comm>(
    history: Option<&mut History<'_>>,
    ranks: &Decomposition<'_, C>,
    state: &mut impl State<C>,
    now: Clock,
    clock: &RunClock,
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    while let Some(length) = history.due.beyond(now) {
        let time = history.due.time(now).unwrap_or(now.simtime);
        history.take(now, ranks, |look| state.aside(length, now, clock, look))?;
        let show = |look: Look<'_>| state.aside(length, now, clock, look);
        history.take_fields(now, time, false, false, ranks, show)?;
    }
    Ok(())
}

/// Collective. Begins an interval with a state from which the run goes on.
pub(super) fn go_on<C: Comm>(
    history: Option<&mut History<'_>>,
    ranks: &Decomposition<'_, C>,
    state: &mut impl State<C>,
    now: Clock,
) -> Result<(), RunError> {
    let Some(history) = history else {
        return Ok(());
    };
    let show = |look: Look<'_>| state.look(look);
    history.take_fields(now, now.simtime, true, false, ranks, show)
}
