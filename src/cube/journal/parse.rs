//! [`Journal`]: the content of a journal.

use super::{
    commit::{Commit, SnapshotId},
    committed::Committed,
    error::JournalError,
    header::{FORMAT, Header},
    lines::{Commits, JournalLine},
};
use crate::params::End;
use std::{
    collections::BTreeMap,
    io::{self, BufReader, Cursor, Read, Seek},
    iter,
    ops::Range,
    str,
};

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The content of a journal, read line by line. For a sweep it takes a few bytes a scenario; for a run it keeps all
/// commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Line 1, unless the run was stopped before it was written.
    pub header: Option<Header>,
    /// The valid commits that follow line 1 without a gap, in order; for a sweep none are kept.
    pub commits: Vec<Commit>,
    /// The number of committed snapshots of each scenario.
    pub committed: Committed,
    /// Why scenarios have ended, of those that a condition of their parameters has ended; a run is scenario 0.
    pub ends: BTreeMap<usize, End>,
    /// Bytes of line 1, its newline included.
    pub first_line: u64,
    /// Bytes of line 1 and all valid commits. A killed run leaves a torn last line behind them.
    pub valid_bytes: u64,
    /// Why the journal cannot be used as it is.
    pub error: Option<JournalError>,
    /// Whether the journal has no line, except perhaps a hole.
    pub is_blank: bool,
    /// The number of lines that are not commits and have a valid commit behind them.
    pub bad_lines: u64,
}

impl Journal {
    /// Reads a journal from its bytes, as [`read`](Self::read) does.
    ///
    /// # Panics
    /// Never: bytes in memory can be read.
    pub fn parse(bytes: &[u8]) -> Self {
        let read = Self::read(Cursor::new(bytes));
        read.unwrap_or_else(|error| unreachable!("bytes in memory can be read: {error}"))
    }

    /// Reads a journal. Damage in its content is part of the result, not an error.
    ///
    /// # Errors
    /// Errors of reading `source`.
    pub fn read(mut source: impl Read + Seek) -> io::Result<Self> {
        let mut journal = Self {
            header: None,
            commits: Vec::new(),
            committed: Committed::none_of(0),
            ends: BTreeMap::new(),
            first_line: 0,
            valid_bytes: 0,
            error: None,
            is_blank: true,
            bad_lines: 0,
        };
        source.rewind()?;
        let mut reader = BufReader::new(&mut source);
        let first_line = JournalLine::read(&mut reader)?;
        journal.is_blank = first_line.is_blank;
        if first_line.length == 0 {
            return Ok(journal);
        }
        let parsed = if first_line.ends {
            Header::read(&mut reader, first_line.length - 1)?
        } else {
            Err(JournalError::Header { ours: false })
        };
        let mut header = match parsed {
            Ok(header) => header,
            Err(JournalError::Header { .. }) if newer(&first_line).is_some() => {
                journal.error = newer(&first_line);
                return Ok(journal);
            }
            Err(JournalError::Header { .. }) => {
                source.seek(io::SeekFrom::Start(first_line.length))?;
                let later_lines = Rest::read(BufReader::new(source), run_id(&first_line))?;
                let torn = later_lines.is_empty && may_be_torn(&first_line);
                journal.is_blank &= later_lines.is_empty;
                journal.error = (!torn).then_some(JournalError::Header {
                    ours: later_lines.has_commit,
                });
                return Ok(journal);
            }
            Err(error) => {
                journal.error = Some(error);
                return Ok(journal);
            }
        };
        drop(reader);
        journal.first_line = first_line.length;
        journal.valid_bytes = first_line.length;
        journal.committed = Committed::none_of(header.scenario_count());
        for (last, end) in journal.read_commits(&header, source)? {
            header.end_with(last);
            journal.ends.insert(last.scenario(), end);
        }
        journal.header = Some(header);
        Ok(journal)
    }

    /// The last snapshots of scenarios that have ended early: the line says so, and none of a later one is valid. Whether
    /// lines before it are damaged does not matter.
    fn read_commits(
        &mut self,
        header: &Header,
        source: impl Read + Seek,
    ) -> io::Result<Vec<(SnapshotId, End)>> {
        let mut lines = Commits::new(source, header, self.first_line)?;
        let mut ended = BTreeMap::<Option<usize>, (SnapshotId, End)>::new();
        let (mut number, mut damaged, mut bad) = (1, None, 0);
        while let Some((line, commit)) = lines.next_line()? {
            number += 1;
            let Some(commit) = commit else {
                // With nothing valid behind it, it is a torn one.
                (bad, damaged) = (bad + 1, damaged.or(Some(number)));
                continue;
            };
            self.bad_lines += std::mem::take(&mut bad);
            let id = commit.id();
            if let Some(end) = &commit.ended {
                ended.insert(id.scenario, (id, end.clone()));
            } else if (ended.get(&id.scenario)).is_some_and(|(last, _)| last.index < id.index) {
                ended.remove(&id.scenario);
            }
            if damaged.is_none() && self.committed.add(&commit, header) {
                self.valid_bytes += line.length;
                if !header.is_sweep() {
                    self.commits.push(commit);
                }
            } else {
                let damaged = *damaged.get_or_insert(number);
                self.error = Some(JournalError::Line(damaged));
            }
        }
        Ok(ended.into_values().collect())
    }

    /// Whether the run was stopped before its files held anything that counts.
    pub fn holds_nothing(&self) -> bool {
        self.header.is_none() && self.error.is_none()
    }

    /// Whether the journal has line 1 alone: a run has begun, or was killed while it was started over.
    pub fn lists_nothing(&self) -> bool {
        self.header.is_some() && self.error.is_none() && self.committed.total() == 0
    }

    /// The header; `None` if the journal [holds nothing](Self::holds_nothing).
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be used as it is.
    pub fn sound_header(&self) -> Result<Option<&Header>, JournalError> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => Ok(self.header.as_ref()),
        }
    }

    /// The number of leading entries of the cube's first axis that are committed without a gap: snapshots of a run,
    /// scenarios of a sweep.
    pub fn available(&self) -> u64 {
        let complete = self.complete();
        let leading = complete.first().filter(|leading| leading.start == 0);
        leading.map_or(0, |leading| leading.end)
    }

    /// The entries of the cube's first axis that are complete, as ranges with gaps between them: committed snapshots of a
    /// run, complete scenarios of a sweep.
    pub fn complete(&self) -> Vec<Range<u64>> {
        let Some(header) = self.header.as_ref().filter(|header| header.is_sweep()) else {
            return iter::once(0..self.committed.total()).collect();
        };
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for number in 0..header.scenario_count() {
            if !self.committed.is_complete(number) {
                continue;
            }
            let index = number as u64;
            match ranges.last_mut().filter(|last| last.end == index) {
                Some(last) => last.end += 1,
                None => ranges.push(index..index + 1),
            }
        }
        ranges
    }

    /// Whether every snapshot of the cube is committed.
    pub fn is_complete(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.committed.total() == header.snapshots())
    }
}

/// What the lines behind a damaged first line prove.
struct Rest {
    is_empty: bool,
    /// Whether a later line is a valid commit with the run id of the first line.
    has_commit: bool,
}

impl Rest {
    fn read(mut lines: BufReader<impl Read>, run_id: Option<&str>) -> io::Result<Self> {
        let mut later_lines = Self {
            is_empty: true,
            has_commit: false,
        };
        loop {
            let line = JournalLine::read(&mut lines)?;
            if line.length == 0 || later_lines.has_commit {
                return Ok(later_lines);
            }
            later_lines.is_empty = false;
            later_lines.has_commit = run_id.is_some_and(|run_id| line.commit(run_id).is_some());
        }
    }
}

/// Whether a damaged only line can be the remains of a first line after a power cut: its beginning, then nothing or a
/// hole; or a hole from the first sector on. Such a line has never counted.
fn may_be_torn(line: &JournalLine) -> bool {
    let beginning = &line.beginning;
    let text = beginning
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default();
    if text.is_empty() {
        return beginning.iter().take(SECTOR).all(|&byte| byte == 0);
    }
    let expected_text = format!("{{\"format\":{FORMAT},{RUN_ID}{}\",\"", "0".repeat(32));
    let mut bytes = text.iter().zip(expected_text.bytes());
    let is_ours = bytes.all(|(&byte, expected)| {
        byte == expected || (expected == b'0' && byte.is_ascii_hexdigit())
    });
    is_ours && (line.has_hole || !line.ends)
}

/// The error of a first line in a newer format, whose keys this program does not know.
fn newer(first: &JournalLine) -> Option<JournalError> {
    let after_key = first.beginning.strip_prefix(b"{\"format\":")?;
    let digits = after_key.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = str::from_utf8(&after_key[..digits.count()]).ok()?;
    let format = if digits.is_empty() {
        0
    } else {
        digits.parse().unwrap_or(u64::MAX)
    };
    let program = value_of(first, "\"program_version\":\"");
    (format > FORMAT).then(|| JournalError::Newer {
        format,
        program: program.unwrap_or("of an unknown version").to_owned(),
    })
}

/// The beginning of the run id in line 1.
const RUN_ID: &str = "\"run_id\":\"";

/// The run id in a damaged first line, if it is legible.
fn run_id(first: &JournalLine) -> Option<&str> {
    value_of(first, RUN_ID)
}

/// The text of a line from the value behind `key` on, as far as the line is kept.
fn value_of<'a>(first: &'a JournalLine, key: &str) -> Option<&'a str> {
    let key = key.as_bytes();
    let key_begin = first
        .beginning
        .windows(key.len())
        .position(|found| found == key)?;
    let after_key = &first.beginning[key_begin + key.len()..];
    str::from_utf8(after_key.split(|&byte| byte == b'"').next()?).ok()
}
