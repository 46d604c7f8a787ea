//! [`Restorer`]: the files of a damaged cube, locked while damaged snapshots and lost lines are restored.

use super::{
    digest::{self, BLOCK},
    error::CubeError,
    file::{
        journal_bytes, may_be_unborn, not_a_cube, npy_header, open_beside_journal, open_to_write,
    },
    journal::{Header, Journal, Record, Slot},
    lock::open_journal,
    paths::Paths,
    read,
};
use crate::{npy, progress::Progress, sys::FileExt};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, Write},
    path::Path,
};

/// A cube and its journal, locked, with every record whose check sum is right.
#[derive(Debug)]
pub struct Restorer {
    /// Line 1 of the journal.
    pub header: Header,
    /// The valid records by place; lines between them may be lost.
    pub records: BTreeMap<Slot, Record>,
    /// The places of the valid records in the order of the journal.
    order: Vec<Slot>,
    paths: Paths,
    cube: File,
    journal: File,
    journal_bytes: Vec<u8>,
}

impl Restorer {
    /// Opens and locks a cube; `None` when its run was stopped before line 1 of the journal was there.
    ///
    /// A damaged `.npy` header is written anew from the journal.
    ///
    /// # Errors
    /// [`CubeError`] where nothing can be restored: no journal, its line 1 lost, or a cube of another
    /// length.
    pub fn open(cube: &Path, no_lock: bool) -> Result<Option<Self>, CubeError> {
        let found = open_beside_journal(cube, npy::open_file(cube))?;
        let Ok(paths) = Paths::of_existing(cube) else {
            return Err(not_a_cube(&found, cube));
        };
        if journal_bytes(&paths)?.is_none() {
            return Err(CubeError::NoJournal {
                cube: cube.to_owned(),
            });
        }
        let mut journal = open_journal(&paths, no_lock)?;
        let mut journal_bytes = Vec::new();
        journal
            .read_to_end(&mut journal_bytes)
            .map_err(CubeError::io("read", &paths.journal))?;
        let found = Journal::parse(&journal_bytes);
        let header = match (found.header, found.error) {
            (Some(header), _) => header,
            (None, None) if may_be_unborn(cube) || !cube.exists() => return Ok(None),
            (None, None) => {
                return Err(CubeError::NoJournal {
                    cube: cube.to_owned(),
                });
            }
            (None, Some(error)) => return Err(paths.journal_error(error)),
        };
        let file = open_to_write(cube)?;
        let bytes = file
            .metadata()
            .map_err(CubeError::io("examine", cube))?
            .len();
        if bytes != header.cube_bytes() {
            return Err(CubeError::DoesNotMatch {
                cube: cube.to_owned(),
                reason: format!(
                    "it has {bytes} bytes, the journal says {}",
                    header.cube_bytes()
                ),
            });
        }
        let records: Vec<Record> = found
            .records
            .into_iter()
            .chain(found.behind_damage)
            .collect();
        let restorer = Self {
            order: records.iter().map(Record::slot).collect(),
            records: records
                .into_iter()
                .map(|record| (record.slot(), record))
                .collect(),
            header,
            paths,
            cube: file,
            journal,
            journal_bytes,
        };
        restorer.write(0, &npy_header(&restorer.header).encode())?;
        Ok(Some(restorer))
    }

    /// The snapshots up to the last valid record of their scenario whose line is lost, or whose bytes do
    /// not have the digest of their line; in order. Bytes read are added to `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn damaged(&self, progress: &Progress) -> Result<Vec<Slot>, CubeError> {
        let records: Vec<Record> = self.records.values().cloned().collect();
        let mut damaged = read::damaged(&self.cube, &self.header, &records, progress)
            .map_err(CubeError::io("read", &self.paths.cube))?;
        let mut expected = Slot {
            scenario: None,
            index: 0,
        };
        for &slot in self.records.keys() {
            if slot.scenario != expected.scenario {
                expected = Slot { index: 0, ..slot };
            }
            damaged.extend((expected.index..slot.index).map(|index| Slot { index, ..slot }));
            expected.index = slot.index + 1;
        }
        damaged.sort_unstable();
        Ok(damaged)
    }

    /// Reads a snapshot that is not damaged.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn read(&self, slot: Slot, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.cube
            .read_exact_at(bytes, self.header.offset_of(slot))
            .map_err(CubeError::io("read", &self.paths.cube))
    }

    /// Writes a recomputed snapshot to its place. It must have the digest of its record; where the line
    /// was lost, it gets a record.
    ///
    /// # Errors
    /// [`CubeError::CannotRepair`] when its digest is not the record's; [`CubeError::Io`].
    pub fn replace(&mut self, mut recomputed: Record, bytes: &[u8]) -> Result<(), CubeError> {
        recomputed.sha256 = digest::of_bytes(bytes);
        let slot = recomputed.slot();
        match self.records.get(&slot) {
            Some(record) if record.sha256 != recomputed.sha256 => {
                return Err(self.cannot_repair(slot));
            }
            Some(_) => {}
            None => {
                self.records.insert(slot, recomputed);
            }
        }
        self.write(self.header.offset_of(slot), bytes)
    }

    /// The error for a snapshot that cannot be computed again.
    #[must_use]
    pub fn cannot_repair(&self, snapshot: Slot) -> CubeError {
        CubeError::CannotRepair {
            cube: self.paths.cube.clone(),
            snapshot,
        }
    }

    /// Writes the journal anew, in place, from its own line 1 and the records, if it differs from them.
    ///
    /// Every line has the bytes of the one that was lost, so a crash in between loses nothing more.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn rebuild_journal(&mut self) -> Result<(), CubeError> {
        let first = self
            .journal_bytes
            .split_inclusive(|&byte| byte == b'\n')
            .next();
        let mut text = first.unwrap_or_default().to_vec();
        let mut next = vec![0; self.header.scenarios().len()];
        for &slot in &self.order {
            let up_to_here = next[slot.scenario()]..=slot.index;
            next[slot.scenario()] = slot.index + 1;
            for index in up_to_here {
                if let Some(record) = self.records.get(&Slot { index, ..slot }) {
                    text.extend(record.line(&self.header.run_id).bytes());
                }
            }
        }
        if text == self.journal_bytes {
            return Ok(());
        }
        self.journal
            .rewind()
            .and_then(|()| self.journal.write_all(&text))
            .and_then(|()| self.journal.set_len(text.len() as u64))
            .and_then(|()| self.journal.sync_all())
            .map_err(CubeError::io("rebuild", &self.paths.journal))
    }

    /// Writes bytes at `offset` where the file has others, and syncs it.
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), CubeError> {
        let mut found = Vec::new();
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            let at = offset + (number * BLOCK) as u64;
            found.resize(block.len(), 0);
            self.cube
                .read_exact_at(&mut found, at)
                .map_err(CubeError::io("read", &self.paths.cube))?;
            if found != block {
                self.cube
                    .write_all_at(block, at)
                    .map_err(CubeError::io("write", &self.paths.cube))?;
            }
        }
        self.cube
            .sync_data()
            .map_err(CubeError::io("sync", &self.paths.cube))
    }
}
