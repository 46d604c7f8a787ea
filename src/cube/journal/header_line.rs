//! Line 1 of the journal: how a [`Header`] is read, judged and written.

use super::{
    error::JournalError,
    header::{FORMAT, Header},
    seal::{LineWriter, SealedLine},
};
use diff2d_arrays::npy::DATA_OFFSET;
use serde::Deserialize;
use std::io::{self, Read, Seek, Write};

/// What line 1 of every format holds.
#[derive(Deserialize)]
struct Origin {
    format: u64,
    run_id: String,
    program_version: String,
}

impl Header {
    /// Reads line 1, so many bytes without the newline, from the beginning of a journal: the format and
    /// the run id first, then the check sum, and only then the keys of this format.
    ///
    /// # Errors
    /// The inner one when the line cannot be used as it is, the outer one when it cannot be read.
    pub(super) fn read(
        journal: &mut (impl Read + Seek),
        length: u64,
    ) -> io::Result<Result<Self, JournalError>> {
        let damaged = Ok(Err(JournalError::Header { ours: false }));
        let Some(mut line) = SealedLine::find(journal, length)? else {
            return damaged;
        };
        let Ok(origin) = line.content::<Origin>()? else {
            return damaged;
        };
        // It may have another check sum.
        if origin.format > FORMAT {
            return Ok(Err(JournalError::Newer {
                format: origin.format,
                program: origin.program_version,
            }));
        }
        if !line.is_of(&origin.run_id)? {
            return damaged;
        }
        if origin.format < FORMAT {
            return Ok(Err(JournalError::Older {
                format: origin.format,
            }));
        }
        Ok(match line.content::<Self>()? {
            Err(error) => Err(JournalError::Contradiction(error.to_string())),
            Ok(header) => match header.contradiction() {
                Some(reason) => Err(JournalError::Contradiction(reason)),
                None => Ok(header),
            },
        })
    }

    /// The contradiction between keys of the line, if there is one.
    fn contradiction(&self) -> Option<String> {
        let wrong = (0..self.scenario_count()).find_map(|number| match self.scenario(number) {
            Some(scenario) => scenario.contradiction(),
            None => Some(format!("scenario {number} has a value of another kind")),
        });
        if wrong.is_some() {
            return wrong;
        }
        if self.data_offset != DATA_OFFSET {
            return Some(format!("data_offset is {}", self.data_offset));
        }
        let numbers = 0..self.scenario_count();
        let most_snapshots = numbers.map(|number| self.snapshots_of(number)).max();
        let expected_shape = match (self.is_sweep(), most_snapshots) {
            (true, most_snapshots) => {
                vec![self.scenario_count() as u64, most_snapshots.unwrap_or(0)]
            }
            (false, most_snapshots) => vec![most_snapshots.unwrap_or(0)],
        };
        let frame = self.shape.strip_prefix(expected_shape.as_slice());
        if !matches!(frame, Some([ny, nx]) if *ny > 0 && *nx > 0) {
            return Some(format!(
                "shape is {:?} and nsteps and nper make it begin with {expected_shape:?}",
                self.shape
            ));
        }
        let bytes = self
            .shape
            .iter()
            .try_fold(self.dtype.bytes as u64, |bytes, &length| {
                bytes.checked_mul(length)
            });
        if bytes.is_none_or(|bytes| bytes >= (1 << 63) - DATA_OFFSET) {
            return Some(format!("shape is {:?}, beyond any file", self.shape));
        }
        // Of a sweep only the first: there may be a million.
        if let Some((ny, nx)) = self
            .scenario(0)
            .and_then(|one| one.grid())
            .map(|grid| grid.shape())
            && frame != Some(&[ny as u64, nx as u64])
        {
            return Some(format!(
                "shape is {:?} and its parameters give {ny} × {nx} nodes",
                self.shape
            ));
        }
        None
    }

    /// Writes the line, its newline included; returns its length in bytes.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write_line(&self, to: impl Write) -> io::Result<u64> {
        LineWriter::new(to, &self.run_id).write(self)
    }

    /// Bytes of the line, its newline included.
    #[must_use]
    pub fn line_bytes(&self) -> u64 {
        self.write_line(io::sink()).unwrap_or(0)
    }
}
