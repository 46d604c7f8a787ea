//! The time loop: from moment to moment at which a tracker looks.

use super::{
    clock::{NextStop, RunClock},
    error::RunError,
    observer::{Message, Observer},
    options::Outcome,
    output::Output,
    reached::Reached,
    report::Report,
    row::RecordOfRun,
    snapshot::Snapshot,
    state::State,
    streams::RunStreams,
    tracker::{Remains, Sight},
    trackers::Trackers,
};
use crate::{
    comm::Comm,
    problem::Problem,
    schedule::{Clock, Moment},
};
use std::{mem, thread, time::Duration};

/// The time between two checks of clocks and signals while a run is held.
const HOLD_INTERVAL: Duration = Duration::from_millis(1);

/// Collective. Simulates from the last durable state, or the initial one, to the last snapshot or a stop; the figures of
/// the run, and what is left of its trackers.
pub(crate) fn simulate<C: Comm>(
    problem: &Problem,
    state: impl State<C>,
    output: Output<'_, C>,
    clock: RunClock,
    observer: &Observer,
) -> Result<(Report, Remains), RunError> {
    let comm = output.ranks.comm();
    let begun = TimeLoop::begin(problem, state, output, clock, observer)?;
    let mut time_loop = match begun {
        Beginning::Loop(time_loop) => time_loop,
        Beginning::GivenUp(report) => {
            return Ok((report.of_ranks(comm), Remains::default()));
        }
    };
    let began = time_loop.now;
    let stepped = time_loop.run();
    let TimeLoop {
        state,
        output,
        trackers,
        clock,
        now,
        ..
    } = time_loop;
    let ended = output.ended.clone();
    output.finish();
    let outcome = stepped?;
    let steps = now.step - began.step;
    let mut report = Report::new(problem, state.figures(), steps, &clock, outcome).of_ranks(comm);
    report.ended = ended;
    if outcome == Outcome::Done
        && let Some(warning) = trackers.warning()
    {
        report.warnings.push(warning.clone());
        observer.send(Message::Warning(warning));
    }
    Ok((report, trackers.into_remains()))
}

/// A simulation between two moments.
pub(super) struct TimeLoop<'l, 'p, C, S> {
    problem: &'p Problem,
    state: S,
    output: Output<'l, C>,
    trackers: Trackers<'p, C>,
    clock: RunClock,
    observer: &'l Observer,
    /// The time of the state.
    now: Clock,
    /// Whether the run has come to the step behind which it is held.
    is_held: bool,
}

/// How a time loop begins.
#[expect(clippy::large_enum_variant, reason = "there is one of them")]
enum Beginning<'l, 'p, C, S> {
    Loop(TimeLoop<'l, 'p, C, S>),
    /// The initial state was given up, and nothing is committed.
    GivenUp(Report),
}

/// The result of a pause before the next steps.
enum Pause {
    /// The number of steps before the next check of clocks and signals.
    Steps(NextStop),
    /// The run stops; its state is durable.
    Stop(Outcome),
    /// A writer has failed; its error is reported at the end.
    WriterFailed,
}

impl<'l, 'p, C: Comm, S: State<C>> TimeLoop<'l, 'p, C, S> {
    /// Collective. Loads the last durable state, or the initial one.
    fn begin(
        problem: &'p Problem,
        mut state: S,
        mut output: Output<'l, C>,
        clock: RunClock,
        observer: &'l Observer,
    ) -> Result<Beginning<'l, 'p, C, S>, RunError> {
        let (cube, comm) = (output.cube_output(), output.ranks.comm());
        let place = cube.map(|cube| cube.record.clone());
        let shorter = cube.and_then(|cube| cube.shorter);
        output.streams =
            RunStreams::open(problem, place.as_ref(), output.scenario(), shorter, comm)?;
        let resumed = output.resume(&mut state)?;
        if resumed.is_none() {
            match state.initialise(&clock, observer) {
                Err(RunError::GivenUp) => {
                    let outcome = clock.stop(0, observer).ok_or(RunError::GivenUp)?;
                    let report = Report::new(problem, state.figures(), 0, &clock, outcome);
                    return Ok(Beginning::GivenUp(report));
                }
                initialised => initialised?,
            }
        }
        let trackers = Trackers::new(problem, &mut output, place.as_ref(), resumed)?;
        let mut time_loop = Self::new(problem, state, output, trackers, clock, observer);
        time_loop.start_from(resumed)?;
        time_loop.clock.initialised();
        Ok(Beginning::Loop(time_loop))
    }

    /// A loop with trackers, at the initial state.
    pub(super) fn new(
        problem: &'p Problem,
        state: S,
        output: Output<'l, C>,
        trackers: Trackers<'p, C>,
        clock: RunClock,
        observer: &'l Observer,
    ) -> Self {
        Self {
            problem,
            state,
            output,
            trackers,
            clock,
            observer,
            now: problem.schedule.pace().start(),
            is_held: false,
        }
    }

    /// Collective. Prepares to begin with the initial state, or to continue from a durable one.
    ///
    /// All memory for steps is taken before the initial state is committed: a system that refuses it leaves no files.
    fn start_from(&mut self, resumed: Option<Clock>) -> Result<(), RunError> {
        match resumed {
            Some(now) => self.go_on(now),
            None if self.problem.schedule.last_step() > 0 => self.start_state(),
            None => Ok(()),
        }
    }

    /// Collective. Prepares to continue from a durable state.
    fn go_on(&mut self, from: Clock) -> Result<(), RunError> {
        let last_step = self.problem.schedule.last_step();
        self.now = from;
        if from.step > 0 {
            self.observer.send(Message::Continues { from, last_step });
            self.observer.progress().add(from.step);
        }
        if from.step < last_step && self.output.ended.is_none() {
            let (ranks, state) = (self.output.ranks, &mut self.state);
            self.trackers.go_on(ranks, state, from, &self.clock)?;
            self.start_state()?;
        }
        Ok(())
    }

    /// Collective. Prepares the state to be advanced, and reports how that is done.
    fn start_state(&mut self) -> Result<(), RunError> {
        self.state.start(self.now)?;
        let figures = self.state.figures();
        self.observer.decided(format!(
            "steps by kernel {}, tiles of {}, {}, state in {}",
            figures.kernel,
            figures.tile,
            match rayon::current_num_threads() {
                1 => "1 thread".to_owned(),
                threads => format!("{threads} threads"),
            },
            figures.place
        ));
        Ok(())
    }

    /// Collective. Advances from moment to moment at which a tracker looks, until the last snapshot is handed over or
    /// the run has to stop. Returns how it ended.
    fn run(&mut self) -> Result<Outcome, RunError> {
        while let Some(moment) = self.next_moment() {
            let plan = match self.pause(moment)? {
                Pause::Steps(plan) => plan,
                Pause::Stop(outcome) => return Ok(outcome),
                Pause::WriterFailed => break,
            };
            // Steps can be given up, and so can a look at a state between two steps.
            match self.go_towards(moment, plan) {
                Err(RunError::GivenUp) => match self.give_up(plan)? {
                    Some(outcome) => return Ok(outcome),
                    None => break,
                },
                went => went?,
            }
        }
        Ok(Outcome::Done)
    }

    /// Collective. Takes the planned steps towards a moment. Once it is reached, the trackers look, it is decided whether
    /// the run ends, and the trackers write.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::GivenUp`] if the run has to stop. The state is then that of [`now`](Self::now), and
    /// nothing of the moment counts.
    fn go_towards(&mut self, moment: Moment, plan: NextStop) -> Result<(), RunError> {
        let end_clock = self.problem.schedule.pace().after(self.now, plan.steps);
        let is_reached = end_clock.step == moment.step;
        let schedule = &self.problem.schedule;
        let is_snapshot = is_reached && moment.beyond == 0.0 && schedule.is_snapshot(moment.step);
        let ranks = self.output.ranks;
        let mut snapshot = is_snapshot.then(|| Snapshot::new(&mut self.output, end_clock));
        // The last pass of a state in bands hands its rows to the snapshot while they are in memory.
        let (state, clock) = (&mut self.state, &mut self.clock);
        (self.trackers).advance(ranks, state, plan.steps, self.now, clock, snapshot.as_mut())?;
        self.now = end_clock;
        self.observer.progress().add(plan.steps);
        if !is_reached {
            return Ok(());
        }
        let mut sight = Sight {
            at: Reached {
                moment,
                now: end_clock,
                is_snapshot,
            },
            ranks,
            state,
            clock,
            row: None,
        };
        self.trackers.look(&mut sight)?;
        let end = self.trackers.end_run(&sight, snapshot.as_mut())?;
        self.trackers.write(&mut sight, end.is_some())?;
        if let Some(snapshot) = snapshot {
            snapshot.commit(end, self.trackers.marks(), self.trackers.files());
            self.clock.saved();
        }
        Ok(())
    }

    /// Runs from a durable state, or the initial one, as far as the trackers look. Returns the last state and the
    /// streams of the trackers.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn run_from(mut self, resumed: Option<Clock>) -> Result<(S, RunStreams), RunError> {
        self.start_from(resumed)?;
        self.run()?;
        Ok((self.state, self.trackers.into_remains().streams))
    }

    /// Runs from the initial state, or from a later one, to the end, and returns the last state and the rows that were
    /// kept in memory.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::GivenUp`] if the run was stopped.
    pub(super) fn record(mut self, resumed: Option<Clock>) -> Result<(S, RecordOfRun), RunError> {
        self.start_from(resumed)?;
        match self.run()? {
            Outcome::Done => {
                let record = RecordOfRun {
                    end_step: self.output.ended.is_some().then_some(self.now.step),
                    rows: self.trackers.into_remains().rows,
                };
                Ok((self.state, record))
            }
            _ => Err(RunError::GivenUp),
        }
    }

    /// The next moment at which a tracker looks, unless the run has ended.
    fn next_moment(&self) -> Option<Moment> {
        let moment = self.trackers.next_moment();
        moment.filter(|_| self.output.ended.is_none())
    }

    /// Collective. Checks clocks and signals on the way to a moment, and makes the state durable if they ask for that.
    fn pause(&mut self, moment: Moment) -> Result<Pause, RunError> {
        let due = moment.step - self.now.step;
        if due == 0 {
            return Ok(Pause::Steps(NextStop {
                checkpoint: false,
                steps: 0,
            }));
        }
        let step = self.now.step;
        let plan = self.clock.plan(step, due, self.state.pass(due));
        let stop = self.clock.stop(step, self.observer);
        let Some((plan, stop)) = self.output.agree(plan, stop) else {
            return Ok(Pause::WriterFailed);
        };
        if plan.checkpoint || stop.is_some() {
            self.output.marks = self.trackers.sync(self.output.ranks, &mut self.state)?;
            let saved = self.state.save(&mut self.output, self.now);
            // Beside files that are lost the state is kept where it can be.
            if stop != Some(Outcome::FilesLost) {
                saved?;
            }
            self.clock.saved();
        }
        if plan.steps == 0 && stop.is_none() {
            self.hold();
        }
        Ok(stop.map_or(Pause::Steps(plan), Pause::Stop))
    }

    /// Waits a little at the step behind which the run is held.
    fn hold(&mut self) {
        if !mem::replace(&mut self.is_held, true) {
            (self.observer).decided(format!("held behind step {}", self.now.step));
        }
        thread::sleep(HOLD_INTERVAL);
    }

    /// Collective. Stops after a rank has given up what was under way; `None` if a writer has failed.
    fn give_up(&mut self, plan: NextStop) -> Result<Option<Outcome>, RunError> {
        // A signal may have reached one rank alone.
        let stop = self.clock.stop(self.now.step, self.observer);
        let Some((_, stop)) = self.output.agree(plan, stop) else {
            return Ok(None);
        };
        self.state.abandon()?;
        stop.ok_or(RunError::GivenUp).map(Some)
    }
}
