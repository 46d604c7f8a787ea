//! [`Records`]: the lines of a journal one after the other, however many or long they are.

use super::{
    header::Header,
    record::{Record, Slot},
    seal::unseal,
};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// More bytes of a line are not kept: no record has so many.
pub(super) const MOST_KEPT: usize = 4096;

/// A line, of which only the beginning is kept where it is too long for a record.
#[derive(Default)]
pub(super) struct Line {
    /// At most [`MOST_KEPT`] bytes.
    pub beginning: Vec<u8>,
    /// All its bytes, with the newline if it has one.
    pub length: u64,
    /// Whether it ends with a newline.
    pub ends: bool,
    /// Whether a part of it never reached the disk. Several lines are appended at once, and a power cut
    /// may keep a later sector of them and lose an earlier one. Nothing behind a hole had been synced, so
    /// it does not count.
    pub has_hole: bool,
    /// Whether nothing of it did.
    pub is_blank: bool,
}

impl Line {
    /// The next line; without bytes at the end.
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
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let piece = &bytes[..end.map_or(bytes.len(), |end| end + 1)];
            line.ends = end.is_some();
            line.length += piece.len() as u64;
            line.has_hole |= piece.contains(&0);
            line.is_blank &= piece.iter().all(|&byte| byte == 0);
            let kept = piece.len().min(MOST_KEPT - line.beginning.len());
            line.beginning.extend_from_slice(&piece[..kept]);
            let taken = piece.len();
            from.consume(taken);
        }
        Ok(line)
    }

    /// The record, if the line is whole and of this run.
    pub(super) fn record(&self, run_id: &str) -> Option<Record> {
        let whole = self.beginning.len() as u64 == self.length;
        let line = self.beginning.strip_suffix(b"\n").filter(|_| whole)?;
        unseal(line, run_id)
    }
}

/// The valid records of a journal in its order, those behind a damaged line, too.
pub struct Records<'a, R: Read> {
    journal: BufReader<R>,
    header: &'a Header,
    ended: bool,
}

impl<'a, R: Read + Seek> Records<'a, R> {
    /// The records behind line 1, which ends at the byte `first`.
    ///
    /// # Errors
    /// Those of the journal, as from [`next`](Iterator::next).
    pub fn new(mut journal: R, header: &'a Header, first: u64) -> io::Result<Self> {
        journal.seek(SeekFrom::Start(first))?;
        Ok(Self {
            journal: BufReader::new(journal),
            header,
            ended: false,
        })
    }
}

impl<R: Read> Records<'_, R> {
    /// The next line and its record; `None` at the end of what counts.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(Line, Option<Record>)>> {
        let line = Line::read(&mut self.journal)?;
        if line.length == 0 || line.has_hole {
            return Ok(None);
        }
        let record = line.record(&self.header.run_id);
        let record = record.filter(|record| is_possible(self.header, record));
        Ok(Some((line, record)))
    }
}

impl<R: Read> Iterator for Records<'_, R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<io::Result<Record>> {
        while !self.ended {
            match self.next_line() {
                Ok(Some((_, Some(record)))) => return Some(Ok(record)),
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

/// Whether a cube like this can have such a snapshot.
fn is_possible(header: &Header, record: &Record) -> bool {
    let Slot { scenario, index } = record.slot();
    let number = scenario.unwrap_or(0);
    header.is_sweep() == scenario.is_some()
        && index < header.snapshots_of(number)
        && record.step == header.steps_per_snapshot(number).step_of(index)
}
