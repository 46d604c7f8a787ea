//! [`Journal`]: the journal of a run in a page, line for line as `diff2d run` writes it.

use diff2d::{
    Commit, Header, Precision, Problem, SnapshotId, Summary,
    internal::{Clock, Mark, ROWS, Steadiness, digest},
    stencil::real::Real,
};
use std::sync::Arc;

/// The journal of a run, and the run's problem.
pub(crate) struct Journal {
    problem: Arc<Problem>,
    header: Header,
    commits: Vec<Commit>,
}

impl Journal {
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

    pub(crate) fn problem(&self) -> &Arc<Problem> {
        &self.problem
    }

    /// Enters a snapshot, whose values are those of the cube.
    pub(crate) fn enter(&mut self, now: Clock, values: &[u8]) -> &Commit {
        let summary = match self.problem.params.precision {
            Precision::F32 => self.summary::<f32>(values),
            _ => self.summary::<f64>(values),
        };
        let id = SnapshotId::from(self.commits.len() as u64);
        let mut commit = Commit::new(id, now, summary);
        commit.sha256 = digest::of_bytes(values);
        self.commits.push(commit);
        &self.commits[self.commits.len() - 1]
    }

    fn summary<T: Real>(&self, bytes: &[u8]) -> Summary {
        let mut values: Vec<T> = bytes
            .chunks_exact(size_of::<T>())
            .map(bytemuck::pod_read_unaligned)
            .collect();
        self.problem.codec().decode(0, &mut values);
        let rows = self.problem.summaries(0, &values);
        rows.map_or(Summary::NONE, |rows| {
            Summary::of_rows(&rows, &self.problem.grid)
        })
    }

    /// The header of the cube as NumPy reads it, with as many bytes as in a file.
    pub(crate) fn array_header(&self) -> Vec<u8> {
        self.header.npy().encode()
    }

    /// All lines. `steadiness` is that of the first snapshot, if it was solved for; `record` are the bytes of the record, of
    /// which each line has a mark.
    pub(crate) fn text(&self, steadiness: Steadiness, record: &str) -> String {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail.
        let _ = self.header.write_line(&mut bytes);
        for commit in &self.commits {
            let commit = match commit.index {
                0 => commit.clone().with(steadiness),
                _ => commit.clone(),
            };
            let marks = mark(record, commit.simtime).map(|mark| (ROWS.to_owned(), mark));
            let commit = commit.with_streams(marks.into_iter().collect());
            bytes.extend_from_slice(commit.line(&self.header.run_id).as_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The mark of a record at a time: its rows up to then, behind the first line. `None` without a record.
fn mark(record: &str, time: f64) -> Option<Mark> {
    let (head, rows) = record.split_once('\n')?;
    let is_until_then = |row: &&str| {
        let row_time = row
            .split(',')
            .nth(1)
            .and_then(|time| time.parse::<f64>().ok());
        row_time.is_some_and(|row_time| row_time <= time)
    };
    let rows_until_then = rows.split_inclusive('\n').take_while(is_until_then);
    let (count, length) = rows_until_then.fold((0, 0), |(count, length), row| {
        (count + 1, length + row.len())
    });
    Some(Mark {
        count,
        end: (head.len() + 1 + length) as u64,
        crc: crc32c::crc32c(&rows.as_bytes()[..length]),
    })
}
