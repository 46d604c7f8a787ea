//! [`Commits`]: the lines of a journal one after the other, whatever their number and length.

use super::{
    commit::{Commit, SnapshotId},
    header::Header,
    seal::unseal,
};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// The number of bytes of a line that are kept. Every commit is shorter.
pub(super) const MOST_KEPT: usize = 4096;

/// A line. If it is too long for a commit, only its beginning is kept.
#[derive(Default)]
pub(super) struct JournalLine {
    /// The beginning of the line: at most [`MOST_KEPT`] bytes.
    pub beginning: Vec<u8>,
    /// The length of the line in bytes, with the newline if it has one.
    pub length: u64,
    /// Whether the line ends with a newline.
    pub ends: bool,
    /// Whether a part of the line never reached the disk. Several lines are appended at once, and a power cut may keep
    /// a later sector and lose an earlier one. Nothing behind a hole had been synced, so it does not count.
    pub has_hole: bool,
    /// Whether no part of the line reached the disk.
    pub is_blank: bool,
}

impl JournalLine {
    /// Reads the next line; it is empty at the end of the journal.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut line = Self {
            is_blank: true,
            ..Self::default()
        };
        while !line.ends {
            let bytes = match from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                break;
            }
            let newline = bytes.iter().position(|&byte| byte == b'\n');
            let piece = &bytes[..newline.map_or(bytes.len(), |newline| newline + 1)];
            line.ends = newline.is_some();
            line.length += piece.len() as u64;
            line.has_hole |= piece.contains(&0);
            line.is_blank &= piece.iter().all(|&byte| byte == 0);
            let kept_bytes = piece.len().min(MOST_KEPT - line.beginning.len());
            line.beginning.extend_from_slice(&piece[..kept_bytes]);
            let piece_length = piece.len();
            from.consume(piece_length);
        }
        Ok(line)
    }

    /// The commit in the line, if the line is whole and of this run.
    pub(super) fn commit(&self, run_id: &str) -> Option<Commit> {
        let is_whole = self.beginning.len() as u64 == self.length;
        let line = self.beginning.strip_suffix(b"\n").filter(|_| is_whole)?;
        unseal(line, run_id)
    }
}

/// The valid commits of a journal in its order, including those behind a damaged line.
pub struct Commits<'a, R: Read> {
    journal: BufReader<R>,
    header: &'a Header,
    ended: bool,
}

impl<'a, R: Read + Seek> Commits<'a, R> {
    /// Begins with the commits behind line 1, which ends at byte `first`.
    ///
    /// # Errors
    /// Errors of reading the journal, as from [`next`](Iterator::next).
    pub fn new(mut journal: R, header: &'a Header, first: u64) -> io::Result<Self> {
        journal.seek(SeekFrom::Start(first))?;
        Ok(Self {
            journal: BufReader::new(journal),
            header,
            ended: false,
        })
    }
}

impl<R: Read> Commits<'_, R> {
    /// The next line and its commit; `None` at the end of the valid part.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(JournalLine, Option<Commit>)>> {
        let line = JournalLine::read(&mut self.journal)?;
        if line.length == 0 || line.has_hole {
            return Ok(None);
        }
        let commit = line.commit(&self.header.run_id);
        let commit = commit.filter(|commit| is_possible(self.header, commit));
        Ok(Some((line, commit)))
    }
}

impl<R: Read> Iterator for Commits<'_, R> {
    type Item = io::Result<Commit>;

    fn next(&mut self) -> Option<io::Result<Commit>> {
        while !self.ended {
            match self.next_line() {
                Ok(Some((_, Some(commit)))) => return Some(Ok(commit)),
                Ok(Some((_, None))) => {}
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Whether the snapshot of a commit fits the header of the cube.
fn is_possible(header: &Header, commit: &Commit) -> bool {
    let SnapshotId { scenario, index } = commit.id();
    let number = scenario.unwrap_or(0);
    header.is_sweep() == scenario.is_some()
        && index < header.snapshots_of(number)
        && commit.step == header.steps_per_snapshot(number).step_of(index)
}
