//! [`PageJournal`]: the journal of a run in a page, line for line as `diff2d run` writes it.

use diff2d::{
    Commit, Header, Problem,
    internal::{Mark, ROWS, digest},
};
use std::sync::Arc;

/// The journal of a run, and the run's problem.
pub(crate) struct PageJournal {
    problem: Arc<Problem>,
    header: Header,
    commits: Vec<Commit>,
}

impl PageJournal {
    /// The journal of a run that begins.
    ///
    /// # Errors
    /// If there are no random numbers for the run's id.
    pub(crate) fn begin(problem: Problem, warnings: &[String]) -> Result<Self, getrandom::Error> {
        let mut header = Header::of_run(&problem)?;
        header.warnings = warnings.to_vec();
        Ok(Self {
            problem: Arc::new(problem),
            header,
            commits: Vec::new(),
        })
    }

    /// Takes over the commits of a shorter run, if it is the beginning of this one and did not end by a condition. Returns the
    /// index of its last snapshot.
    pub(crate) fn take(&mut self, shorter: &Problem, commits: Vec<Commit>) -> Option<u64> {
        let (last_commit, schedule) = (commits.last()?, &self.problem.schedule);
        let index = last_commit.index;
        let fits = last_commit.ended.is_none()
            && index < schedule.snapshots()
            && schedule.step_of(index) == last_commit.step
            && commits.len() as u64 == index + 1;
        let header = Header::of_run(shorter).ok()?;
        if !fits || !self.header.differences_from_beginning(&header).is_empty() {
            return None;
        }
        self.commits = commits;
        Some(index)
    }

    pub(crate) fn problem(&self) -> &Arc<Problem> {
        &self.problem
    }

    /// Enters a snapshot, whose values are those of the cube, in place of what was there from its index on.
    pub(crate) fn enter(&mut self, commit: Commit, values: &[u8]) -> &Commit {
        let index = usize::try_from(commit.index).unwrap_or(usize::MAX);
        self.commits.truncate(index);
        if commit.ended.is_some() {
            self.header.end_with(commit.id());
        }
        self.commits.push(Commit {
            sha256: digest::of_bytes(values),
            ..commit
        });
        &self.commits[self.commits.len() - 1]
    }

    /// Why the run has ended, if a condition of its parameters made it end.
    pub(crate) fn ended(&self) -> Option<String> {
        let condition = self.commits.last()?.ended.as_ref()?;
        Some(condition.to_string())
    }

    /// The header of the cube as NumPy reads it, with as many bytes as in a file.
    pub(crate) fn array_header(&self) -> Vec<u8> {
        self.header.npy().encode()
    }

    /// The text of all lines. `record` are the bytes of the record, of which each line has a mark.
    pub(crate) fn text(&self, record: &str) -> String {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail.
        let _ = self.header.write_line(&mut bytes);
        for commit in &self.commits {
            let marks = mark(record, commit.simtime).map(|mark| (ROWS.to_owned(), mark));
            let commit = commit.clone().with_streams(marks.into_iter().collect());
            bytes.extend_from_slice(commit.line(&self.header.run_id).as_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The mark of a record at a time: its rows up to then, behind the first line. `None` without a record.
fn mark(record: &str, time: f64) -> Option<Mark> {
    let (head, rows) = record.split_once('\n')?;
    let rows_until_then = rows.split_inclusive('\n').take_while(|row| {
        let row_time = row.split(',').nth(1);
        row_time.is_some_and(|text| text.parse::<f64>().is_ok_and(|row_time| row_time <= time))
    });
    let (count, length) = rows_until_then.fold((0, 0), |(count, length), row| {
        (count + 1, length + row.len())
    });
    Some(Mark {
        count,
        end: (head.len() + 1 + length) as u64,
        crc: crc32c::crc32c(&rows.as_bytes()[..length]),
    })
}
