//! Copies a shorter run: its committed snapshots, and its streams up to them.

use super::{
    decomposition::Decomposition,
    error::RunError,
    output::{CubeOutput, Output},
    resume::take_snapshot,
    row_schedule::RowSchedule,
    row_tracker::RowTracker,
    snapshot::Snapshot,
    state::State,
    streams::RunStreams,
    trackers::LimitTracker,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Commit, Cube, CubeError,
        streams::{Mark, Marks, ROWS},
    },
    fault::Fault,
    params::{Choice, End},
    problem::Problem,
    schedule::Clock,
};
use std::path::Path;

/// A shorter run that is copied, and how far the copy has come.
struct ShorterRun<'s> {
    path: &'s Path,
    cube: Cube,
    streams: RunStreams,
    /// The streams of the run that copies.
    own_streams: RunStreams,
    /// The schedule of the rows, of which so many are due up to the last copied snapshot.
    schedule: Option<RowSchedule<'s>>,
    rows_due: u64,
    /// The limit of a column, at which the run that copies ends.
    limit: Option<LimitTracker<'s>>,
}

impl<C: Comm> Output<'_, C> {
    /// Collective. Copies the committed snapshots of a shorter run that the cube does not hold yet, each verified by
    /// its digest, and the parts of the streams up to them. Copying ends at a snapshot that ends this run. The state is
    /// then the last copied snapshot. `None` if there was nothing to copy.
    pub(super) fn copy_shorter(
        &mut self,
        state: &mut impl State<C>,
        last: Option<&Commit>,
    ) -> Result<Option<Clock>, RunError> {
        let Some(&CubeOutput {
            ref scenario,
            shorter: Some(path),
            ..
        }) = self.cube_output()
        else {
            return Ok(None);
        };
        let missing_indices = scenario.handed_over()..scenario.header().snapshots();
        let Some((cube, commits)) = self.open_shorter(path)? else {
            return Ok(None);
        };
        let last_marks = commits.last().map(|commit| commit.streams.clone());
        let mut commits = commits
            .into_iter()
            .filter(|commit| missing_indices.contains(&commit.index))
            .peekable();
        if commits.peek().is_none() {
            return Ok(None);
        }
        let mut own_streams = std::mem::take(&mut self.streams);
        if let Some(last) = last {
            own_streams.go_on_from(&last.streams, self.ranks)?;
        }
        let opened = own_streams.open_shorter(cube.paths(), &last_marks.unwrap_or_default());
        let (problem, ranks) = (self.problem, self.ranks);
        let keys = problem.params.record.as_ref();
        let mut shorter = ShorterRun {
            path,
            cube,
            streams: collective::all_ok(ranks.comm(), opened.map_err(RunError::from))?,
            schedule: keys.map(|keys| RowSchedule::new(problem, keys)),
            rows_due: 0,
            limit: LimitTracker::new(problem, &own_streams.columns, self.last.simtime),
            own_streams,
        };
        let mut last_copied = None;
        for commit in commits {
            let ends_run = shorter.copy(&commit, self, state)?;
            last_copied = Some(commit.clock());
            if ends_run {
                break;
            }
        }
        self.streams = shorter.own_streams;
        Ok(last_copied)
    }

    /// Collective. Opens the cube of a shorter run and its committed snapshots, if it begins as this run does; `None`
    /// if nothing is committed.
    fn open_shorter(&self, shorter: &Path) -> Result<Option<(Cube, Vec<Commit>)>, RunError> {
        let opened = match (Cube::open(shorter), self.scenario()) {
            (Ok(cube), Some(scenario)) => {
                let differences = scenario.header().differences_from_beginning(cube.header());
                if differences.is_empty() {
                    Ok(Some(cube))
                } else {
                    Err(Fault::refused(format!(
                        "--extend {}: it was made with other parameters, {differences}; only runtime and until may differ",
                        shorter.display()
                    ))
                    .into())
                }
            }
            (Err(CubeError::Unborn { .. }), _) | (Ok(_), None) => Ok(None),
            (Err(error), _) => Err(error),
        };
        let cube = collective::all_ok(self.ranks.comm(), opened.map_err(RunError::from))?;
        common_commits(cube, shorter, self.ranks.comm())
    }
}

impl ShorterRun<'_> {
    /// Collective. Copies a snapshot and the streams up to it; whether the run that copies ends with it.
    fn copy<C: Comm>(
        &mut self,
        commit: &Commit,
        output: &mut Output<'_, C>,
        state: &mut impl State<C>,
    ) -> Result<bool, RunError> {
        let (problem, ranks, clock) = (output.problem, output.ranks, commit.clock());
        let snapshot_begin = self.cube.header().offset_of(commit.id());
        take_snapshot(state, self.path, snapshot_begin, commit)?;
        let mut snapshot = Snapshot::new(output, clock);
        state.show(&mut snapshot)?;
        let schedule = self.schedule.as_mut();
        self.rows_due += schedule.map_or(0, |schedule| schedule.pass_to(clock));
        let steady_end = snapshot.end_if_steady()?;
        let limit_end = self.end_at_limit(commit, ranks)?;
        let end = steady_end.or(limit_end);
        let ends_run = end.is_some();
        let schedule = self.schedule.as_ref();
        let is_row_due = schedule.is_some_and(|schedule| schedule.has_passed(clock));
        // The shorter run may have ended here, too: then it has the row of its end.
        let row_count = self.rows_due + u64::from(ends_run && !is_row_due);
        let copied = self.own_streams.copy(
            &self.streams,
            row_count,
            &commit.streams,
            ranks.comm().is_root(),
        );
        collective::all_ok(ranks.comm(), copied.map_err(RunError::from))?;
        if ends_run {
            (self.own_streams).write_row_of_end(problem, row_count, (clock, ranks), state)?;
        }
        snapshot.commit(end, self.own_streams.marks(), self.own_streams.files());
        Ok(ends_run)
    }

    /// Collective. Why the run that copies ends with a snapshot, if a row up to it has passed the limit of its column.
    fn end_at_limit<C: Comm>(
        &mut self,
        commit: &Commit,
        ranks: &Decomposition<'_, C>,
    ) -> Result<Option<End>, RunError> {
        let Some(limit) = &mut self.limit else {
            return Ok(None);
        };
        let rows = (self.own_streams).due_rows(&self.streams, self.rows_due, &commit.streams);
        limit.end_after(rows, ranks)
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
        let (columns, rows) = (&self.columns, self.rows.take());
        let Some(mut tracker) = RowTracker::new(problem, columns, rows, None, now)? else {
            return Ok(());
        };
        tracker.go_on_behind_rows(ranks.comm())?;
        state.start(now)?;
        let row = tracker.read_at(now, ranks, |look| state.look(look))?;
        tracker.append(row, ranks.comm())?;
        self.rows = tracker.into_stream();
        Ok(())
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
        let reason =
            "ranks see different files of that name: the directory must be shared by all machines";
        return Err(CubeError::does_not_match(path, reason).into());
    }
    let commits = cube.commits()[..fewest].to_vec();
    Ok((fewest > 0).then_some((cube, commits)))
}
