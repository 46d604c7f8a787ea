//! [`Restorer`]: the files of a damaged cube, locked while damaged snapshots and lost lines are restored.

use super::{
    blocks::nans,
    digest::BLOCK,
    error::CubeError,
    file::{matches_journal, open_to_write, shorten},
    found::{find_journal, is_another_array, may_be_unborn, not_a_cube, open_beside_journal},
    journal::{Header, Journal, Record, Records, Slot},
    lock::open_journal,
    paths::Paths,
    read::CubeBytes,
};
use diff2d_arrays::npy::{self, DATA_OFFSET, NpyHeader};
use diff2d_arrays::progress::Progress;
use diff2d_sys::{self as sys, FileExt, LockedFile};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// The last snapshot of a run that has ended early, though the line that says so may be lost: its cube was made so short,
/// header and all, that this one is the last.
fn ended_with(cube: &File, bytes: u64, header: &Header) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, reason = "one page")]
    let mut page = [0; DATA_OFFSET as usize];
    cube.read_exact_at(&mut page, 0).ok()?;
    let shape = NpyHeader::decode(page.as_slice()).ok()?.shape;
    let last = shape.first()?.checked_sub(1)?;
    let mut shorter = header.clone();
    shorter.end_with(Slot::from(last));
    let is_it = header.as_begun().is_none()
        && shorter.as_begun().is_some()
        && header.may_have_left(&shape)
        && page.as_slice() == shorter.npy().encode()
        && bytes == shorter.cube_bytes();
    is_it.then_some(last)
}

/// Whether no valid line is that of a snapshot or of a later one.
fn is_behind_all(last: u64, journal: &File, header: &Header, first: u64) -> io::Result<bool> {
    let mut records = Records::new(journal, header, first)?;
    records.try_fold(true, |is_it, record| Ok(is_it && record?.index < last))
}

/// A cube and its journal, locked.
///
/// Records are read from the journal as they are needed; those of damaged snapshots are held. Only a
/// journal that lost lines is held in memory as a whole, when it is written anew.
#[derive(Debug)]
pub struct Restorer {
    /// Line 1 of the journal.
    pub header: Header,
    /// What is known of damaged snapshots, of those whose line was lost once they are computed again.
    known: BTreeMap<Slot, Record>,
    /// Snapshots whose line is lost.
    lost: BTreeSet<Slot>,
    /// Scenarios that were begun and have places behind their last snapshot.
    padded: Vec<usize>,
    committed: u64,
    paths: Paths,
    cube: File,
    journal: LockedFile,
    /// Bytes of line 1 of the journal.
    first_line: u64,
    /// Whether the journal has something else than its line 1 and the records in order.
    needs_rebuilding: bool,
}

impl Restorer {
    /// Opens and locks a cube; `None` when its run was stopped before line 1 of the journal was there.
    ///
    /// A damaged `.npy` header is written anew from the journal, and a cube that was cut short has its length again.
    ///
    /// # Errors
    /// [`CubeError`] where nothing can be restored: no journal, its line 1 lost, or another array.
    pub fn open(cube: &Path, no_lock: bool) -> Result<Option<Self>, CubeError> {
        let found = open_beside_journal(cube, npy::open_file(cube))?;
        let Ok(paths) = Paths::of_existing(cube) else {
            return Err(not_a_cube(&found, cube));
        };
        if find_journal(&paths)?.is_none() {
            return Err(CubeError::NoJournal {
                cube: cube.to_owned(),
            });
        }
        let journal = open_journal(&paths, no_lock)?;
        let unreadable = CubeError::io("read", &paths.journal);
        let read = || Ok((Journal::read(&*journal)?, journal.metadata()?.len()));
        let (found, bytes) = read().map_err(unreadable)?;
        let needs_rebuilding = found.error.is_some() || found.valid_bytes != bytes;
        let mut header = match (found.header, found.error) {
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
        if is_another_array(cube, &header) {
            return Err(CubeError::Replaced {
                cube: cube.to_owned(),
                journal: paths.journal.clone(),
            });
        }
        if let Some(last) = ended_with(&file, bytes, &header)
            && is_behind_all(last, &journal, &header, found.first_line)
                .map_err(CubeError::io("read", &paths.journal))?
        {
            header.end_with(Slot::from(last));
        }
        let longest = header.as_begun().as_ref().unwrap_or(&header).cube_bytes();
        if bytes > longest {
            matches_journal(&file, &header, cube)?;
        }
        shorten(&file, &header).map_err(CubeError::io("shorten", cube))?;
        if bytes < header.cube_bytes() {
            // What was cut off is computed again, as far as it is damage.
            sys::reserve(&file, header.cube_bytes())
                .map_err(CubeError::io("reserve space for", cube))?;
        }
        let mut restorer = Self {
            known: BTreeMap::new(),
            lost: BTreeSet::new(),
            padded: Vec::new(),
            committed: 0,
            header,
            paths,
            cube: file,
            journal,
            first_line: found.first_line,
            needs_rebuilding,
        };
        restorer.write(0, &restorer.header.npy().encode())?;
        restorer.sync()?;
        restorer.find_lost(found.bad_lines)?;
        Ok(Some(restorer))
    }

    /// All valid records, in the order of the journal.
    fn records(&self) -> Result<impl Iterator<Item = Result<Record, CubeError>>, CubeError> {
        let unreadable = || CubeError::io("read", &self.paths.journal);
        let records = Records::new(&*self.journal, &self.header, self.first_line);
        let records = records.map_err(unreadable())?;
        Ok(records.map(move |record| record.map_err(unreadable())))
    }

    /// Counts the valid records, and finds the snapshots whose lines are lost: those before valid ones of their scenario, of
    /// a run that has ended early all up to its end, and as many as there are bad lines of those that may be the last of
    /// their scenario.
    fn find_lost(&mut self, bad_lines: u64) -> Result<(), CubeError> {
        let mut next = vec![0; self.header.scenario_count()];
        let (mut committed, mut lost, mut late) = (0, BTreeSet::new(), BTreeMap::new());
        for record in self.records()? {
            let record = record?;
            let slot = record.slot();
            let next = &mut next[slot.scenario()];
            committed += u64::from(slot.index >= *next || lost.remove(&slot));
            if slot.index < *next {
                late.insert(slot, record);
                continue;
            }
            lost.extend((*next..slot.index).map(|index| Slot { index, ..slot }));
            *next = slot.index + 1;
        }
        let each = self.header.snapshots_each();
        let is_padded =
            |&number: &usize| next[number] > 0 && self.header.snapshots_of(number) < each;
        self.padded = (0..next.len()).filter(is_padded).collect();
        let left = bad_lines.saturating_sub(lost.len() as u64);
        for (number, next) in next.into_iter().enumerate() {
            let all = self.header.snapshots_of(number);
            if self.header.as_begun().is_some() {
                lost.extend((next..all).map(Slot::from));
                break;
            }
            let scenario = self.header.is_sweep().then_some(number);
            let behind = (next..all.min(next + left)).map(|index| Slot { scenario, index });
            for slot in behind {
                if !self.holds_something(slot)? {
                    break;
                }
                lost.insert(slot);
            }
        }
        self.needs_rebuilding |= !lost.is_empty();
        (self.committed, self.lost, self.known) = (committed, lost, late);
        Ok(())
    }

    /// Whether the place of a snapshot has other bytes than the zeros of a new cube, or the NaN with which places are filled that
    /// may stay behind the last snapshot of a scenario.
    fn holds_something(&self, slot: Slot) -> Result<bool, CubeError> {
        let (begin, all) = (self.header.offset_of(slot), self.header.snapshot_bytes());
        let mut block = Vec::new();
        for at in (0..all).step_by(BLOCK) {
            #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
            block.resize((all - at).min(BLOCK as u64) as usize, 0);
            self.cube
                .read_exact_at(&mut block, begin + at)
                .map_err(CubeError::io("read", &self.paths.cube))?;
            let is_new = block.iter().all(|&byte| byte == 0);
            if !is_new && block != nans(&self.header, all - at) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The number of snapshots with a valid record.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The snapshots up to the last valid record of their scenario whose line is lost, or whose bytes do
    /// not have the digest of their line, and the places behind the last snapshot of a scenario that are not NaN; in
    /// order. Bytes read are added to `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn damaged(&mut self, progress: &Progress) -> Result<Vec<Slot>, CubeError> {
        let mut damaged = self.lost.clone();
        let mut known = Vec::new();
        let bytes = CubeBytes {
            header: &self.header,
            file: &self.cube,
            path: &self.paths.cube,
        };
        bytes.damaged(self.records()?, progress, |record| known.push(record))?;
        damaged.extend(known.iter().map(Record::slot));
        let padded = self.padded.iter().copied();
        damaged.extend(bytes.unpadded(padded)?);
        self.known
            .extend(known.into_iter().map(|record| (record.slot(), record)));
        Ok(damaged.into_iter().collect())
    }

    /// The names of the files.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Whether the line of a snapshot is lost.
    #[must_use]
    pub fn has_lost_line_of(&self, slot: Slot) -> bool {
        self.lost.contains(&slot) && !self.known.contains_key(&slot)
    }

    /// Takes the record of a snapshot that was computed again. Its digest must be that of the record in the journal;
    /// where the line was lost, the snapshot gets this one.
    ///
    /// # Errors
    /// [`CubeError::CannotRepair`] when it is not.
    pub fn accept(&mut self, recomputed: &Record) -> Result<(), CubeError> {
        let slot = recomputed.slot();
        let known = self.known.entry(slot).or_insert_with(|| recomputed.clone());
        match known.sha256 == recomputed.sha256 {
            true => Ok(()),
            false => Err(self.cannot_repair(slot)),
        }
    }

    /// The error for a snapshot that cannot be computed again.
    #[must_use]
    pub fn cannot_repair(&self, snapshot: Slot) -> CubeError {
        CubeError::CannotRepair {
            cube: self.paths.cube.clone(),
            snapshot,
        }
    }

    /// Fills a place behind the last snapshot of a scenario with NaN.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn pad(&self, slot: Slot) -> Result<(), CubeError> {
        let (begin, all) = (self.header.offset_of(slot), self.header.snapshot_bytes());
        for at in (0..all).step_by(BLOCK) {
            self.write(begin + at, &nans(&self.header, all - at))?;
        }
        self.sync()
    }

    /// Writes the journal anew, in place, from its own line 1 and the records, if it differs from them.
    ///
    /// Lines that get another place stand behind the others as well, until they have it: a crash in between loses nothing
    /// more.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn rebuild_journal(&mut self) -> Result<(), CubeError> {
        if !self.needs_rebuilding {
            return Ok(());
        }
        let text = self.lines_in_order()?;
        let (first, mut journal) = (self.first_line, &*self.journal);
        let end = first + text.len() as u64;
        let mut rebuild = || -> io::Result<()> {
            let mut old = Vec::new();
            journal.seek(SeekFrom::Start(first))?;
            journal.read_to_end(&mut old)?;
            if !old.starts_with(&text) {
                // What lies behind a hole does not count.
                let counted = old.iter().position(|&byte| byte == 0);
                let counted = counted.unwrap_or(old.len());
                let filler = vec![b' '; text.len().saturating_sub(counted)];
                let copies = [&filler, &b"\n"[..], &text].concat();
                journal.write_all_at(&copies, first + counted as u64)?;
                journal.sync_all()?;
                journal.write_all_at(&text, first)?;
                journal.sync_all()?;
            }
            journal.set_len(end)?;
            journal.sync_all()
        };
        rebuild().map_err(CubeError::io("rebuild", &self.paths.journal))
    }

    /// The lines that the journal should have behind its first.
    fn lines_in_order(&self) -> Result<Vec<u8>, CubeError> {
        let mut text = Vec::new();
        let mut next = vec![0; self.header.scenario_count()];
        for record in self.records()? {
            let record = record?;
            let slot = record.slot();
            let next = &mut next[slot.scenario()];
            if slot.index < *next {
                continue;
            }
            for index in *next..slot.index {
                if let Some(lost) = self.known.get(&Slot { index, ..slot }) {
                    text.extend(lost.line(&self.header.run_id).bytes());
                }
            }
            text.extend(record.line(&self.header.run_id).bytes());
            *next = slot.index + 1;
        }
        // Those behind the last valid one of their scenario.
        for slot in &self.lost {
            if let (Some(lost), true) = (self.known.get(slot), slot.index >= next[slot.scenario()])
            {
                text.extend(lost.line(&self.header.run_id).bytes());
            }
        }
        Ok(text)
    }

    /// Writes bytes at `offset` where the file has others.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), CubeError> {
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
        Ok(())
    }

    /// Makes durable what was written.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn sync(&self) -> Result<(), CubeError> {
        let synced = self.cube.sync_data();
        synced.map_err(CubeError::io("sync", &self.paths.cube))
    }
}
