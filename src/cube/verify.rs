//! Whether the committed snapshots of a cube are still what was committed.

use super::{
    digest::{self, BLOCK},
    error::CubeError,
    file::matches_journal,
    journal::{Header, Journal, Record, Slot},
    paths::Paths,
};
use crate::{progress::Progress, sys::FileExt};
use rayon::prelude::*;
use std::{
    fs::{self, File},
    path::Path,
};

/// A cube with its journal, to read.
#[derive(Debug)]
pub struct Committed {
    /// Line 1 of the journal.
    pub header: Header,
    /// The committed snapshots.
    pub records: Vec<Record>,
    file: File,
    paths: Paths,
}

impl Committed {
    /// Opens a cube of ours; `None` when its run was stopped before anything counted.
    ///
    /// # Errors
    /// [`CubeError::NoJournal`], damage of the journal, a cube that does not match it.
    pub fn open(cube: &Path) -> Result<Option<Self>, CubeError> {
        let file = File::open(cube).map_err(CubeError::io("open", cube))?;
        let paths = Paths::of(cube)?;
        let bytes = fs::read(&paths.journal).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => CubeError::NoJournal {
                cube: cube.to_owned(),
            },
            _ => CubeError::io("read", &paths.journal)(error),
        })?;
        let journal = Journal::parse(&bytes);
        let header = match journal.sound_header() {
            Ok(Some(header)) => header.clone(),
            Ok(None) => return Ok(None),
            Err(error) => return Err(paths.journal_error(error)),
        };
        matches_journal(&file, &header, cube)?;
        Ok(Some(Self {
            header,
            records: journal.records,
            file,
            paths,
        }))
    }

    /// Reads bytes of the file from `offset` on.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.file
            .read_exact_at(bytes, offset)
            .map_err(CubeError::io("read", &self.paths.cube))
    }

    /// The snapshots whose bytes are no longer those that were committed, in the order of the
    /// journal. Bytes read are added to `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the cube cannot be read.
    pub fn damaged(&self, progress: &Progress) -> Result<Vec<Slot>, CubeError> {
        damaged(&self.file, &self.header, &self.records, progress)
            .map_err(CubeError::io("read", &self.paths.cube))
    }
}

/// Which of `records` do not describe the bytes of `file`, in order. Works in blocks: memory stays
/// at a few MiB a thread however large a snapshot is.
pub(super) fn damaged(
    file: &File,
    header: &Header,
    records: &[Record],
    progress: &Progress,
) -> std::io::Result<Vec<Slot>> {
    let bytes = header.snapshot_bytes();
    let hash = |record: &Record, number: u64, buffer: &mut Vec<u8>| {
        let start = number * BLOCK as u64;
        #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
        buffer.resize((bytes - start).min(BLOCK as u64) as usize, 0);
        file.read_exact_at(buffer, header.offset_of(record.slot()) + start)?;
        progress.add(buffer.len() as u64);
        Ok(digest::of_block(buffer))
    };
    let is_damaged = |record: &Record| -> std::io::Result<bool> {
        let blocks: Vec<_> = (0..bytes.div_ceil(BLOCK as u64))
            .into_par_iter()
            .map_init(Vec::new, |buffer, number| hash(record, number, buffer))
            .collect::<std::io::Result<_>>()?;
        Ok(digest::of_blocks(&blocks) != record.sha256)
    };
    let verdicts: Vec<(Slot, bool)> = records
        .par_iter()
        .map(|record| Ok((record.slot(), is_damaged(record)?)))
        .collect::<std::io::Result<_>>()?;
    Ok(verdicts
        .into_iter()
        .filter_map(|(slot, damaged)| damaged.then_some(slot))
        .collect())
}
