//! [`Output`]: where the snapshots of a simulation go.

use super::{Outcome, RunError, Watch, team::Team};
use crate::{
    comm::{Comm, ROOT},
    cube::{
        Committed, CubeError, Paths, Record, checkpoint,
        commit::Report,
        digest::{self, BlockDigest},
        journal::Slot,
        write::Lane,
    },
    field::Field,
    grid::Grid,
    problem::Problem,
    real::Real,
    schedule::Clock,
};
use crossbeam_channel::Sender;
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};

/// Between two looks at what others have committed, while there is nothing else to do.
const PATIENCE: Duration = Duration::from_millis(1);

/// A lane into a cube, or nowhere: then snapshots are only announced.
pub(crate) struct Output<'a, C> {
    to: Destination<'a>,
    grid: &'a Grid,
    team: &'a Team<'a, C>,
}

enum Destination<'a> {
    Nowhere {
        reached: Sender<Record>,
        next: u64,
    },
    Cube {
        lane: Lane<'a>,
        /// Where a state between snapshots is written aside, if anywhere.
        aside: Option<&'a Paths>,
        /// A cube whose snapshots are taken over first.
        shorter: Option<&'a Path>,
    },
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Steps to take.
    pub(super) steps: u64,
    /// Whether to write the state aside first.
    pub(super) aside: bool,
    /// Why to stop instead.
    pub(super) stop: Option<Outcome>,
}

/// What a rank tells the others when all look up from their work.
#[derive(Debug, Serialize, Deserialize)]
struct Turn {
    plan: Plan,
    /// Its writer goes on.
    works: bool,
    /// What it waits for has happened.
    ready: bool,
    reports: Vec<Report>,
}

impl<'a, C: Comm> Output<'a, C> {
    pub(super) fn nowhere(problem: &'a Problem, team: &'a Team<'a, C>, watch: &Watch) -> Self {
        let reached = watch.committed.clone();
        Self::new(Destination::Nowhere { reached, next: 0 }, problem, team)
    }

    pub(crate) fn cube(lane: Lane<'a>, problem: &'a Problem, team: &'a Team<'a, C>) -> Self {
        let destination = Destination::Cube {
            lane,
            aside: None,
            shorter: None,
        };
        Self::new(destination, problem, team)
    }

    fn new(to: Destination<'a>, problem: &'a Problem, team: &'a Team<'a, C>) -> Self {
        Self {
            to,
            grid: &problem.grid,
            team,
        }
    }

    pub(super) fn with_checkpoint(mut self, paths: &'a Paths) -> Self {
        if let Destination::Cube { aside, .. } = &mut self.to {
            *aside = Some(paths);
        }
        self
    }

    pub(super) fn continuing(mut self, cube: Option<&'a Path>) -> Self {
        if let Destination::Cube { shorter, .. } = &mut self.to {
            *shorter = cube;
        }
        self
    }

    pub(super) fn team(&self) -> &'a Team<'a, C> {
        self.team
    }

    /// The plan of all ranks: the root's, but any may ask to stop. `None` when a writer has failed.
    pub(super) fn agree(&mut self, plan: Plan) -> Option<Plan> {
        self.turn(plan, true).0
    }

    /// Lets all ranks look up from their work: the plan of all, if every writer goes on, and whether
    /// all are ready.
    fn turn(&mut self, plan: Plan, ready: bool) -> (Option<Plan>, bool) {
        let (works, reports) = match &mut self.to {
            Destination::Nowhere { .. } => (true, Vec::new()),
            Destination::Cube { lane, .. } => (lane.works(), lane.reports()),
        };
        let turns = self.team.gather(Turn {
            plan,
            works,
            ready,
            reports,
        });
        let works = turns.iter().all(|turn| turn.works);
        let ready = turns.iter().all(|turn| turn.ready);
        let plan = Plan {
            stop: turns.iter().find_map(|turn| turn.plan.stop),
            ..turns[ROOT].plan
        };
        if let Destination::Cube { lane, .. } = &self.to {
            lane.hear(turns.into_iter().flat_map(|turn| turn.reports));
        }
        (works.then_some(plan), ready)
    }

    /// Waits until the lane of every rank is ready; `false` when a writer has failed.
    fn wait(&mut self, is_ready: impl Fn(&mut Lane<'_>) -> bool) -> bool {
        loop {
            let ready = match &mut self.to {
                Destination::Nowhere { .. } => true,
                Destination::Cube { lane, .. } => is_ready(lane),
            };
            match self.turn(Plan::default(), ready) {
                (None, _) => return false,
                (Some(_), true) => return true,
                _ => {}
            }
            if let Destination::Cube { lane, .. } = &self.to {
                lane.wait(PATIENCE);
            }
        }
    }

    /// Waits until everything handed over is committed; `false` when that has failed.
    pub(super) fn flush(&mut self) -> bool {
        self.wait(|lane| lane.uncommitted() == 0)
    }

    /// The last durable state: of the checkpoint, of the cube, or of the shorter cube, whose
    /// snapshots are then in this one. `None` when there is none yet.
    pub(super) fn resume<T: Real>(
        &mut self,
        state: &mut Field<T>,
    ) -> Result<Option<Clock>, RunError> {
        if let Some(clock) = self.take_over(state)? {
            return Ok(Some(clock));
        }
        let Destination::Cube { lane, aside, .. } = &self.to else {
            return Ok(None);
        };
        let Some(last) = lane.last() else {
            return Ok(None);
        };
        let (team, cube, begin) = (self.team, lane.file(), lane.header().offset_of(last.slot()));
        let read_last = |state: &mut Field<T>| {
            let read = |offset, bytes: &mut [u8]| cube.read(begin + offset, bytes);
            read_proved(team, read, (&cube.path, last), state)
        };
        read_last(state)?;
        let Some(paths) = *aside else {
            return Ok(Some(last.clock()));
        };
        let found = checkpoint::find(paths, lane.header(), last.step);
        let found = team.all(found.map_err(RunError::from))?;
        let proof = found
            .as_ref()
            .map(|found| (found.clock.step, found.sha256.clone()));
        let everywhere = team
            .gather(proof.clone())
            .iter()
            .all(|other| *other == proof);
        if let (Some(found), true) = (&found, everywhere) {
            let read = |offset, bytes: &mut [u8]| found.read(offset, bytes);
            if read_state(team, read, &found.sha256, state)? {
                return Ok(Some(found.clock));
            }
            // A torn checkpoint has overwritten the state.
            read_last(state)?;
        }
        Ok(Some(last.clock()))
    }

    /// Copies the committed snapshots of a shorter run that the cube does not hold yet, each proved by
    /// its digest; the state is then the last of them. `None` if there was nothing to copy.
    fn take_over<T: Real>(&mut self, state: &mut Field<T>) -> Result<Option<Clock>, RunError> {
        let Destination::Cube {
            lane,
            shorter: Some(shorter),
            ..
        } = &self.to
        else {
            return Ok(None);
        };
        let (shorter, team) = (*shorter, self.team);
        let (copied, room) = (lane.handed_over(), lane.header().snapshots());
        let opened = Committed::open(shorter).and_then(|old| {
            let Some(old) = old else { return Ok(None) };
            let differences = lane.header().differences_from_beginning(&old.header);
            match differences.is_empty() {
                true => Ok(Some(old)),
                false => Err(CubeError::OtherParameters {
                    cube: shorter.to_owned(),
                    differences,
                }),
            }
        });
        let old = team.all(opened.map_err(RunError::from))?;
        // The shorter run may be at work: what all ranks see of it is taken.
        let seen = old.as_ref().map_or(0, |old| old.records.len());
        let seen = team.gather(seen).into_iter().min().unwrap_or(seen);
        let Some(old) = old.filter(|_| seen > 0) else {
            return Ok(None);
        };
        let mut last = None;
        let missing = old.records[..seen]
            .iter()
            .filter(|record| (copied..room).contains(&record.index));
        for record in missing {
            let begin = old.header.offset_of(record.slot());
            let read = |offset, bytes: &mut [u8]| old.read(begin + offset, bytes);
            read_proved(team, read, (shorter, record), state)?;
            self.put(record.clock(), state);
            last = Some(record.clock());
        }
        Ok(last)
    }

    /// Hands over a snapshot, once none waits too long for its commit.
    pub(super) fn put<T: Real>(&mut self, now: Clock, state: &Field<T>) {
        let summary = self.team.summary(self.grid, state);
        if !self.wait(|lane| !lane.is_late()) {
            return;
        }
        match &mut self.to {
            Destination::Cube { lane, .. } => {
                let share = lane.share().clone();
                let begin = lane.begin(now, summary);
                self.team
                    .each_job(&share, begin, state, |job, bytes| lane.place(job, bytes));
                lane.end();
            }
            Destination::Nowhere { reached, next } => {
                let slot = Slot {
                    scenario: None,
                    index: *next,
                };
                *next += 1;
                if self.team.is_root() {
                    // Nobody has to listen.
                    let _ = reached.send(Record::new(slot, now, summary));
                }
            }
        }
    }

    /// Makes a state between snapshots durable, and everything before it.
    pub(super) fn checkpoint<T: Real>(
        &mut self,
        now: Clock,
        state: &Field<T>,
    ) -> Result<(), RunError> {
        let works = self.flush();
        let (Destination::Cube { lane, aside, .. }, true) = (&self.to, works) else {
            return Ok(());
        };
        let Some(paths) = aside.filter(|_| lane.last_step() != Some(now.step)) else {
            return Ok(());
        };
        let team = self.team;
        let mut writer = match team.is_root() {
            true => checkpoint::Writer::create(paths).map(Some),
            false => Ok(None),
        };
        // Whatever happens to the file, the other ranks get rid of their bytes.
        team.each_job(&team.share::<T>().by_one(), 0, state, |_, block| {
            if let Ok(Some(open)) = &mut writer
                && let Err(error) = open.push(block)
            {
                writer = Err(error);
            }
        });
        let written = writer.and_then(|writer| match writer {
            Some(writer) => writer.finish(lane.header(), now),
            None => Ok(()),
        });
        team.all(written.map_err(RunError::from))
    }
}

/// Reads the rows that this rank holds of a state of the whole grid, whose bytes `read` gives from an
/// offset on. `false` when they are not what `sha256` says.
fn read_state<T: Real, C: Comm>(
    team: &Team<'_, C>,
    read: impl Fn(u64, &mut [u8]) -> Result<(), CubeError>,
    sha256: &str,
    state: &mut Field<T>,
) -> Result<bool, RunError> {
    let share = team.share::<T>();
    let start = (team.slab().held().start * team.shape().1 * size_of::<T>()) as u64;
    let held = start..start + state.as_bytes().len() as u64;
    let mut digests = || -> Result<Vec<BlockDigest>, CubeError> {
        read(start, state.as_mut_bytes())?;
        let hash = |number| {
            let block = share.block(number);
            let length = (block.end - block.start) as usize;
            if held.start <= block.start && block.end <= held.end {
                let at = (block.start - held.start) as usize;
                return Ok(digest::of_block(&state.as_bytes()[at..at + length]));
            }
            let mut bytes = vec![0; length];
            read(block.start, &mut bytes)?;
            Ok(digest::of_block(&bytes))
        };
        share.hashed().map(hash).collect()
    };
    let digests = team.all(digests().map_err(RunError::from))?;
    Ok(digest::of_blocks(&team.gather(digests).concat()) == sha256)
}

/// As [`read_state`] for a committed snapshot, which must be what its record says.
fn read_proved<T: Real, C: Comm>(
    team: &Team<'_, C>,
    read: impl Fn(u64, &mut [u8]) -> Result<(), CubeError>,
    (cube, record): (&Path, &Record),
    state: &mut Field<T>,
) -> Result<(), RunError> {
    if read_state(team, read, &record.sha256, state)? {
        return Ok(());
    }
    Err(RunError::Cube(CubeError::DamagedSnapshot {
        cube: cube.to_owned(),
        snapshot: record.slot(),
    }))
}
