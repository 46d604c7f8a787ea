//! [`Journal`]: what the bytes of a journal say.

use super::{
    error::JournalError,
    header::{FORMAT, Header, Scenario},
    record::{Record, Slot},
    seal::unseal,
};

/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// What the bytes of a journal say.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Line 1, unless the run never got that far.
    pub header: Option<Header>,
    /// The valid records that follow it without a gap; in order for each scenario.
    pub records: Vec<Record>,
    /// Bytes of all these lines. A run that was killed leaves a torn last line behind them.
    pub valid_bytes: u64,
    /// Why the journal cannot be used as it is.
    pub error: Option<JournalError>,
    /// Valid records behind a damaged line.
    pub behind_damage: Vec<Record>,
}

impl Journal {
    /// Reads a journal from its bytes; never fails, but says what is wrong.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut journal = Self {
            header: None,
            records: Vec::new(),
            valid_bytes: 0,
            error: None,
            behind_damage: Vec::new(),
        };
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').enumerate();
        let Some((_, first)) = lines.next() else {
            return journal;
        };
        let parsed = match first.strip_suffix(b"\n") {
            Some(line) => Header::parse(line),
            None => Err(JournalError::Header { ours: false }),
        };
        let header = match parsed {
            Ok(header) => header,
            Err(JournalError::Header { .. }) => {
                let rest: Vec<&[u8]> = lines.map(|(_, line)| line).collect();
                let torn = rest.is_empty() && may_be_torn(first);
                let ours = has_records_of_its_run(first, &rest);
                journal.error = (!torn).then_some(JournalError::Header { ours });
                return journal;
            }
            Err(error) => {
                journal.error = Some(error);
                return journal;
            }
        };
        journal.valid_bytes = first.len() as u64;

        let mut damaged_line = None;
        let mut committed = vec![0; header.scenarios().len()];
        for (number, line) in lines {
            if has_hole(line) {
                break;
            }
            match record(line, &header.run_id).filter(|record| is_possible(&header, record)) {
                Some(record)
                    if damaged_line.is_none() && is_next(&mut committed, record.slot()) =>
                {
                    journal.valid_bytes += line.len() as u64;
                    journal.records.push(record);
                }
                other => {
                    damaged_line = damaged_line.or(Some(number + 1));
                    journal.behind_damage.extend(other);
                }
            }
        }
        // A bad line with nothing valid behind it is a torn one.
        if !journal.behind_damage.is_empty() {
            journal.error = damaged_line.map(JournalError::Line);
        }
        journal.header = Some(header);
        journal
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
            return self.records.len() as u64;
        };
        let mut missing: Vec<u64> = header.scenarios().iter().map(Scenario::snapshots).collect();
        for record in &self.records {
            missing[record.slot().scenario()] -= 1;
        }
        missing.iter().take_while(|&&missing| missing == 0).count() as u64
    }

    /// Whether every snapshot of the cube is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.records.len() as u64 == header.snapshots())
    }
}

/// The record of a line that is whole and of this run.
fn record(line: &[u8], run_id: &str) -> Option<Record> {
    unseal(line.strip_suffix(b"\n")?, |_| run_id.to_owned())
}

/// Whether a part of a line never reached the disk. Several lines are appended at once, and a power
/// cut may keep a later sector of them and lose an earlier one. Nothing behind a hole had been
/// synced, so it does not count.
fn has_hole(line: &[u8]) -> bool {
    line.contains(&0)
}

/// Whether a bad first line, the only one, can be what a power cut left of this program's: its
/// beginning, then nothing or a hole; or a hole from the first sector on. It has never counted.
fn may_be_torn(line: &[u8]) -> bool {
    let text = line.split(|&byte| byte == 0).next().unwrap_or_default();
    if text.is_empty() {
        return line.iter().take(SECTOR).all(|&byte| byte == 0);
    }
    let beginning = format!("{{\"format\":{FORMAT},{RUN_ID}{}\",\"", "0".repeat(32));
    let is_ours = text
        .iter()
        .zip(beginning.bytes())
        .all(|(&found, ours)| found == ours || (ours == b'0' && found.is_ascii_hexdigit()));
    is_ours && (has_hole(line) || !line.ends_with(b"\n"))
}

/// The beginning of the run id in line 1.
const RUN_ID: &str = "\"run_id\":\"";

/// Whether a damaged first line still tells its run id, and a later line is a record of that run.
fn has_records_of_its_run(first: &[u8], rest: &[&[u8]]) -> bool {
    let first = String::from_utf8_lossy(first);
    let run_id = first
        .split_once(RUN_ID)
        .and_then(|(_, behind)| behind.split_once('"'))
        .map(|(run_id, _)| run_id);
    run_id.is_some_and(|run_id| rest.iter().any(|line| record(line, run_id).is_some()))
}

/// Whether a cube like this can have such a snapshot.
fn is_possible(header: &Header, record: &Record) -> bool {
    let slot = record.slot();
    let scenario = header.scenarios().get(slot.scenario());
    header.is_sweep() == slot.scenario.is_some()
        && scenario.is_some_and(|scenario| {
            slot.index < scenario.snapshots() && record.step == slot.index * scenario.nper
        })
}

/// Whether a snapshot is the next one of its scenario; counts it if so.
fn is_next(committed: &mut [u64], slot: Slot) -> bool {
    let next = committed.get_mut(slot.scenario());
    next.is_some_and(|next| {
        let fits = slot.index == *next;
        *next += u64::from(fits);
        fits
    })
}
