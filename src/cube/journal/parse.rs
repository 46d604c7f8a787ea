//! [`Journal`]: what a journal says.

use super::{
    committed::Committed,
    error::JournalError,
    header::{FORMAT, Header},
    lines::{Line, Records},
    record::{Record, Slot},
};
use std::{
    collections::BTreeMap,
    io::{self, BufReader, Cursor, Read, Seek},
    str,
};

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What a journal says. It is read line by line: of a sweep it takes a few bytes a scenario, of a run
/// all its records.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Line 1, unless the run never got that far.
    pub header: Option<Header>,
    /// The valid records that follow it without a gap, in order; of a sweep none are kept.
    pub records: Vec<Record>,
    /// How many these are, of each scenario.
    pub committed: Committed,
    /// Bytes of line 1, its newline included.
    pub first_line: u64,
    /// Bytes of line 1 and all these records. A run that was killed leaves a torn last line behind them.
    pub valid_bytes: u64,
    /// Why the journal cannot be used as it is.
    pub error: Option<JournalError>,
    /// Whether it holds no byte of a line, but perhaps a hole.
    pub is_blank: bool,
    /// Lines that are no record, with a valid one behind them.
    pub bad_lines: u64,
}

impl Journal {
    /// As [`read`](Self::read), from its bytes.
    ///
    /// # Panics
    /// Never: bytes in memory can be read.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let read = Self::read(Cursor::new(bytes));
        read.unwrap_or_else(|error| unreachable!("bytes in memory can be read: {error}"))
    }

    /// Reads a journal; what is wrong with its content is part of the answer.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(mut source: impl Read + Seek) -> io::Result<Self> {
        let mut journal = Self {
            header: None,
            records: Vec::new(),
            committed: Committed::none_of(0),
            first_line: 0,
            valid_bytes: 0,
            error: None,
            is_blank: true,
            bad_lines: 0,
        };
        source.rewind()?;
        let mut reader = BufReader::new(&mut source);
        let first = Line::read(&mut reader)?;
        journal.is_blank = first.is_blank;
        if first.length == 0 {
            return Ok(journal);
        }
        let parsed = match first.ends {
            true => Header::read(&mut reader, first.length - 1)?,
            false => Err(JournalError::Header { ours: false }),
        };
        let mut header = match parsed {
            Ok(header) => header,
            Err(JournalError::Header { .. }) if newer(&first).is_some() => {
                journal.error = newer(&first);
                return Ok(journal);
            }
            Err(JournalError::Header { .. }) => {
                source.seek(io::SeekFrom::Start(first.length))?;
                let rest = Rest::read(BufReader::new(source), run_id(&first))?;
                let torn = rest.is_empty && may_be_torn(&first);
                let ours = rest.has_record;
                journal.is_blank &= rest.is_empty;
                journal.error = (!torn).then_some(JournalError::Header { ours });
                return Ok(journal);
            }
            Err(error) => {
                journal.error = Some(error);
                return Ok(journal);
            }
        };
        drop(reader);
        journal.first_line = first.length;
        journal.valid_bytes = first.length;
        journal.committed = Committed::none_of(header.scenario_count());
        for last in journal.read_records(&header, source)? {
            header.end_with(last);
        }
        journal.header = Some(header);
        Ok(journal)
    }

    /// The last snapshots of scenarios that have ended early: the line says so, and none of a later one is valid. Whether
    /// lines before it are damaged does not matter.
    fn read_records(&mut self, header: &Header, source: impl Read + Seek) -> io::Result<Vec<Slot>> {
        let mut lines = Records::new(source, header, self.first_line)?;
        let mut ended = BTreeMap::<Option<usize>, Slot>::new();
        let (mut number, mut damaged, mut bad) = (1, None, 0);
        while let Some((line, record)) = lines.next_line()? {
            number += 1;
            let Some(record) = record else {
                // With nothing valid behind it, it is a torn one.
                (bad, damaged) = (bad + 1, damaged.or(Some(number)));
                continue;
            };
            self.bad_lines += std::mem::take(&mut bad);
            let slot = record.slot();
            if record.steady.is_some() {
                ended.insert(slot.scenario, slot);
            } else if (ended.get(&slot.scenario)).is_some_and(|last| last.index < slot.index) {
                ended.remove(&slot.scenario);
            }
            if damaged.is_none() && self.committed.add(&record, header) {
                self.valid_bytes += line.length;
                if !header.is_sweep() {
                    self.records.push(record);
                }
            } else {
                let damaged = *damaged.get_or_insert(number);
                self.error = Some(JournalError::Line(damaged));
            }
        }
        Ok(ended.into_values().collect())
    }

    /// Whether the run was stopped before anything in its files counted.
    #[must_use]
    pub fn holds_nothing(&self) -> bool {
        self.header.is_none() && self.error.is_none()
    }

    /// The header, `None` when the journal [holds nothing](Self::holds_nothing).
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be used as it is.
    pub fn sound_header(&self) -> Result<Option<&Header>, JournalError> {
        match &self.error {
            Some(error) => Err(error.clone()),
            None => Ok(self.header.as_ref()),
        }
    }

    /// How far along the cube's first axis all is committed, without a gap: snapshots of a run,
    /// scenarios of a sweep.
    #[must_use]
    pub fn available(&self) -> u64 {
        let Some(header) = self.header.as_ref().filter(|header| header.is_sweep()) else {
            return self.committed.total();
        };
        let is_complete =
            |&number: &usize| self.committed.of(number) == header.snapshots_of(number);
        let numbers = 0..header.scenario_count();
        numbers.take_while(is_complete).count() as u64
    }

    /// Whether every snapshot of the cube is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.committed.total() == header.snapshots())
    }
}

/// The lines behind a first one that is damaged.
struct Rest {
    is_empty: bool,
    /// Whether one of them is a record of the run that the first line tells.
    has_record: bool,
}

impl Rest {
    fn read(mut lines: BufReader<impl Read>, run_id: Option<&str>) -> io::Result<Self> {
        let mut rest = Self {
            is_empty: true,
            has_record: false,
        };
        loop {
            let line = Line::read(&mut lines)?;
            if line.length == 0 || rest.has_record {
                return Ok(rest);
            }
            rest.is_empty = false;
            rest.has_record = run_id.is_some_and(|run_id| line.record(run_id).is_some());
        }
    }
}

/// Whether a bad first line, the only one, can be what a power cut left of this program's: its
/// beginning, then nothing or a hole; or a hole from the first sector on. It has never counted.
fn may_be_torn(line: &Line) -> bool {
    let beginning = &line.beginning;
    let text = beginning
        .split(|&byte| byte == 0)
        .next()
        .unwrap_or_default();
    if text.is_empty() {
        return beginning.iter().take(SECTOR).all(|&byte| byte == 0);
    }
    let ours = format!("{{\"format\":{FORMAT},{RUN_ID}{}\",\"", "0".repeat(32));
    let is_ours = text
        .iter()
        .zip(ours.bytes())
        .all(|(&found, ours)| found == ours || (ours == b'0' && found.is_ascii_hexdigit()));
    is_ours && (line.has_hole || !line.ends)
}

/// That a first line names a newer format, whose form is not known.
fn newer(first: &Line) -> Option<JournalError> {
    let behind = first.beginning.strip_prefix(b"{\"format\":")?;
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit());
    let digits = str::from_utf8(&behind[..digits.count()]).ok()?;
    let format = match digits.is_empty() {
        true => 0,
        false => digits.parse().unwrap_or(u64::MAX),
    };
    let program = value_of(first, "\"program_version\":\"");
    (format > FORMAT).then(|| JournalError::Newer {
        format,
        program: program.unwrap_or("of an unknown version").to_owned(),
    })
}

/// The beginning of the run id in line 1.
const RUN_ID: &str = "\"run_id\":\"";

/// The run id that a damaged first line still tells.
fn run_id(first: &Line) -> Option<&str> {
    value_of(first, RUN_ID)
}

/// The text behind the beginning of a key and its value, in what is kept of a line.
fn value_of<'a>(first: &'a Line, key: &str) -> Option<&'a str> {
    let key = key.as_bytes();
    let at = first
        .beginning
        .windows(key.len())
        .position(|found| found == key)?;
    let behind = &first.beginning[at + key.len()..];
    str::from_utf8(behind.split(|&byte| byte == b'"').next()?).ok()
}
