//! Finds the state from which a run continues: a checkpoint, a committed snapshot, or the last snapshot of a shorter
//! run.

use super::{
    decomposition::Decomposition,
    error::RunError,
    output::Output,
    reached::Reached,
    row_schedule::RowSchedule,
    row_tracker::RowTracker,
    snapshot::Snapshot,
    state::{Durable, State},
    streams::RunStreams,
    trackers::LimitTracker,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Commit, Cube, CubeError, checkpoint,
        streams::{Mark, Marks, ROWS},
    },
    params::Choice,
    problem::Problem,
    schedule::{Clock, Moment},
};
use diff2d_arrays::npy::DATA_OFFSET;
use std::path::Path;

impl<C: Comm> Output<'_, C> {
    /// Collective. Restores the last durable state: the checkpoint, the last snapshot of the cube, or of the shorter
    /// cube, whose snapshots are then copied into this cube. The streams continue from its marks. `None` if there is no
    /// such state yet.
    pub(super) fn resume(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        let last_commit = self.scenario.as_ref().and_then(|scenario| scenario.last());
        let last_commit = last_commit.cloned();
        // What follows is judged by its change since then, whether it is copied or computed.
        self.last = last_commit
            .as_ref()
            .map_or(self.problem.schedule.pace().start(), Commit::clock);
        if let Some(clock) = self.copy_shorter(state, last_commit.as_ref())? {
            return Ok(Some(clock));
        }
        let (Some(scenario), Some(last_commit)) = (&self.scenario, &last_commit) else {
            return Ok(None);
        };
        let snapshot_begin = scenario.header().offset_of(last_commit.id());
        take_snapshot(state, &scenario.file().path, snapshot_begin, last_commit)?;
        let later = self.take_later(state, last_commit.clock())?;
        let (clock, marks) =
            later.unwrap_or_else(|| (last_commit.clock(), last_commit.streams.clone()));
        self.streams.go_on_from(&marks, self.ranks)?;
        self.marks = marks;
        Ok(Some(clock))
    }

    /// Collective. Restores the latest durable state between the last committed snapshot and the next one, if there is
    /// such a state whose marks match the streams. Returns its time and its marks.
    fn take_later(
        &self,
        state: &mut impl State<C>,
        last: Clock,
    ) -> Result<Option<(Clock, Marks)>, RunError> {
        let (Some(paths), Some(scenario)) = (self.checkpoint, &self.scenario) else {
            return Ok(None);
        };
        let (ranks, header) = (self.ranks, scenario.header());
        let own_state = state.take_own(header, last, &|marks| self.streams.fit(marks, ranks))?;
        if own_state.is_some() {
            return Ok(own_state);
        }
        let saved_state = checkpoint::find(paths, header, last);
        let saved_state = collective::all_ok(ranks.comm(), saved_state.map_err(RunError::from))?;
        let saved_identity = saved_state
            .as_ref()
            .map(|saved_state| (saved_state.clock.step, &saved_state.sha256));
        let all_see_one = collective::first_that_differs(ranks.comm(), &saved_identity).is_none();
        let Some(saved_state) = saved_state.filter(|_| all_see_one) else {
            return Ok(None);
        };
        let durable = Durable {
            path: &paths.checkpoint,
            begin: DATA_OFFSET,
            sha256: Some(&saved_state.sha256),
        };
        let is_taken = self.streams.fit(&saved_state.streams, ranks)? && state.take(&durable)?;
        Ok(is_taken.then_some((saved_state.clock, saved_state.streams)))
    }

    /// Collective. Copies the committed snapshots of a shorter run that the cube does not hold yet, each verified by
    /// its digest, and the parts of the streams up to them. Copying ends at a snapshot that ends this run. The state is
    /// then the last copied snapshot. `None` if there was nothing to copy.
    fn copy_shorter(
        &mut self,
        state: &mut impl State<C>,
        last: Option<&Commit>,
    ) -> Result<Option<Clock>, RunError> {
        let (Some(scenario), Some(shorter)) = (&self.scenario, self.shorter) else {
            return Ok(None);
        };
        let missing_indices = scenario.handed_over()..scenario.header().snapshots();
        let Some((cube, commits)) = self.open_shorter(shorter)? else {
            return Ok(None);
        };
        let last_marks = commits.last().map(|commit| commit.streams.clone());
        let mut commits = commits.into_iter();
        let mut commits = commits
            .by_ref()
            .filter(|commit| missing_indices.contains(&commit.index))
            .peekable();
        if commits.peek().is_none() {
            return Ok(None);
        }
        let (problem, ranks) = (self.problem, self.ranks);
        let mut streams = std::mem::take(&mut self.streams);
        if let Some(last) = last {
            streams.go_on_from(&last.streams, ranks)?;
        }
        let opened = streams.open_shorter(cube.paths(), &last_marks.unwrap_or_default());
        let shorter_streams = collective::all_ok(ranks.comm(), opened.map_err(RunError::from))?;
        let keys = problem.params.record.as_ref();
        let mut schedule = keys.map(|keys| RowSchedule::new(problem, keys));
        let mut limit = LimitTracker::new(problem, false, self.last.simtime);
        let (mut rows_due, mut last_copied) = (0, None);
        for commit in commits {
            let clock = commit.clock();
            take_snapshot(
                state,
                shorter,
                cube.header().offset_of(commit.id()),
                &commit,
            )?;
            let mut snapshot = Snapshot::new(self, clock);
            state.show(&mut snapshot)?;
            rows_due += schedule
                .as_mut()
                .map_or(0, |schedule| schedule.pass_to(clock));
            let steady_end = snapshot.end_if_steady()?;
            let limit_end = match &mut limit {
                Some(limit) => {
                    let due_rows = streams.due_rows(&shorter_streams, rows_due, &commit.streams);
                    limit.end_after(due_rows, ranks)?
                }
                None => None,
            };
            let end = steady_end.or(limit_end);
            let ends_run = end.is_some();
            let is_row_due = schedule
                .as_ref()
                .is_some_and(|schedule| schedule.has_passed(clock));
            // The shorter run may have ended here, too: then it has the row of its end.
            let row_count = rows_due + u64::from(ends_run && !is_row_due);
            let copy = streams.copy(
                &shorter_streams,
                row_count,
                &commit.streams,
                ranks.comm().is_root(),
            );
            collective::all_ok(ranks.comm(), copy.map_err(RunError::from))?;
            if ends_run {
                streams.write_row_of_end(problem, row_count, (clock, ranks), state)?;
            }
            snapshot.commit(end, streams.marks(), streams.files());
            last_copied = Some(clock);
            if ends_run {
                break;
            }
        }
        self.streams = streams;
        Ok(last_copied)
    }

    /// Collective. Opens the cube of a shorter run and its committed snapshots, if it begins as this run does; `None`
    /// if nothing is committed.
    fn open_shorter(&self, shorter: &Path) -> Result<Option<(Cube, Vec<Commit>)>, RunError> {
        let opened = match (Cube::open(shorter), &self.scenario) {
            (Ok(cube), Some(scenario)) => {
                let differences = scenario.header().differences_from_beginning(cube.header());
                if differences.is_empty() {
                    Ok(Some(cube))
                } else {
                    Err(CubeError::CannotExtend {
                        cube: shorter.to_owned(),
                        differences,
                    })
                }
            }
            (Err(CubeError::Unborn { .. }), _) | (Ok(_), None) => Ok(None),
            (Err(error), _) => Err(error),
        };
        let cube = collective::all_ok(self.ranks.comm(), opened.map_err(RunError::from))?;
        common_commits(cube, shorter, self.ranks.comm())
    }
}

impl RunStreams {
    /// The rows of a shorter run up to a snapshot with these marks that this run does not have yet: so many that there are `rows`
    /// then.
    fn due_rows(&self, shorter: &Self, rows: u64, marks: &Marks) -> Result<String, CubeError> {
        let (Some(own_rows), Some(shorter_rows), Some(mark)) =
            (&self.rows, &shorter.rows, marks.get(ROWS))
        else {
            return Ok(String::new());
        };
        let own_mark = own_rows.mark();
        let text = shorter_rows.text(own_mark.end..mark.end)?;
        let missing = usize::try_from(rows.saturating_sub(own_mark.count)).unwrap_or(usize::MAX);
        Ok(text.split_inclusive('\n').take(missing).collect())
    }

    /// Copies the streams of a shorter run up to a snapshot with these marks, and rows until there are `rows` in total.
    /// Only the process with `writes` set copies frames; all others advance over them.
    fn copy(
        &mut self,
        shorter: &Self,
        rows: u64,
        marks: &Marks,
        writes: bool,
    ) -> Result<(), CubeError> {
        if let (Some(own_rows), Some(shorter_rows), Some(mark)) =
            (&mut self.rows, &shorter.rows, marks.get(ROWS))
        {
            let mut bytes = own_rows.mark().end..mark.end;
            own_rows.copy_lines(shorter_rows, &mut bytes, rows)?;
        }
        for ((field, stream), (_, shorter_stream)) in self.fields.iter_mut().zip(&shorter.fields) {
            let Some(&mark) = marks.get(field.name()) else {
                continue;
            };
            let Mark { end: begin, .. } = stream.mark();
            if writes {
                stream.copy_interval(shorter_stream, begin, mark)?;
            } else {
                stream.pass_to(mark);
            }
        }
        Ok(())
    }

    /// Collective. Reads the final row from the state, if the run ends with a copied snapshot and has fewer than `rows`
    /// rows.
    fn write_row_of_end<C: Comm>(
        &mut self,
        problem: &Problem,
        rows: u64,
        (now, ranks): (Clock, &Decomposition<'_, C>),
        state: &mut impl State<C>,
    ) -> Result<(), RunError> {
        let is_missing = self
            .rows
            .as_ref()
            .is_some_and(|stream| stream.mark().count < rows);
        if collective::from_root(ranks.comm(), Some(is_missing)) != Some(true) {
            return Ok(());
        }
        let Some(mut tracker) = RowTracker::new(problem, self.rows.take(), None, now)? else {
            return Ok(());
        };
        tracker.go_on(ranks.comm())?;
        state.start(now)?;
        let reached = Reached {
            moment: Moment {
                step: now.step,
                beyond: 0.0,
            },
            now,
            is_snapshot: true,
        };
        tracker.write(reached, None, true, ranks, |look| state.look(look))?;
        self.rows = tracker.into_stream();
        Ok(())
    }
}

/// Collective. Copies the snapshot of a commit, which begins at byte `begin` of another cube.
fn take_snapshot<C: Comm>(
    state: &mut impl State<C>,
    cube: &Path,
    begin: u64,
    commit: &Commit,
) -> Result<(), RunError> {
    let durable = Durable {
        path: cube,
        begin,
        sha256: Some(&commit.sha256),
    };
    if state.take(&durable)? {
        Ok(())
    } else {
        Err(RunError::Cube(CubeError::DamagedSnapshot {
            cube: cube.to_owned(),
            snapshot: commit.id(),
        }))
    }
}

/// Collective. The commits of a run, which may still be going on, that all ranks see; `None` if there are none.
///
/// # Errors
/// If a rank sees the cube of another run under the same name.
fn common_commits(
    cube: Option<Cube>,
    path: &Path,
    comm: &impl Comm,
) -> Result<Option<(Cube, Vec<Commit>)>, RunError> {
    let sight = cube
        .as_ref()
        .map(|cube| (cube.commits().len(), cube.header().run_id.clone()));
    let sights = collective::all_gather(comm, sight);
    let Some(((fewest, _), cube)) = sights.iter().min().cloned().flatten().zip(cube) else {
        return Ok(None);
    };
    // Commits of one run are equal; those of another may be committed as often.
    let is_one_run = sights.iter().all(|sight| {
        sight
            .as_ref()
            .is_some_and(|(_, run_id)| *run_id == cube.header().run_id)
    });
    if !is_one_run {
        return Err(RunError::Cube(CubeError::DoesNotMatch {
            cube: path.to_owned(),
            reason: "ranks see different files of that name: the directory must be shared by all machines".to_owned(),
        }));
    }
    let commits = cube.commits()[..fewest].to_vec();
    Ok((fewest > 0).then_some((cube, commits)))
}
