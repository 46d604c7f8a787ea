//! [`Restorer`]: the files of a damaged cube, locked while damaged snapshots and lost lines are restored.

use super::{
    blocks::nans,
    digest::BLOCK,
    error::CubeError,
    file::{open_to_write, shorten},
    found::{find_journal, is_another_array, may_be_unborn, not_a_cube, open_beside_journal},
    journal::{Commit, Commits, Header, Journal, SnapshotId},
    lock::open_journal,
    paths::Paths,
    read::CubeBytes,
    recorded_inputs::RecordedInputs,
    streams::Marks,
};
use crate::{fault::Fault, params::End};
use diff2d_arrays::npy::{self, DATA_OFFSET, NpyHeader};
use diff2d_arrays::progress::Progress;
use diff2d_sys::{self as sys, FileExt, LockedFile};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

/// The last snapshot of a run that has ended early, derived from the length and header of its shortened cube. The
/// journal line that says so may be lost.
fn ended_with(cube: &File, bytes: u64, header: &Header) -> Option<u64> {
    let mut page = [0; DATA_OFFSET as usize];
    cube.read_exact_at(&mut page, 0).ok()?;
    let shape = NpyHeader::decode(page.as_slice()).ok()?.shape;
    let last_index = shape.first()?.checked_sub(1)?;
    let mut shorter = header.clone();
    shorter.end_with(SnapshotId::from(last_index));
    let is_it = header.as_begun().is_none()
        && shorter.as_begun().is_some()
        && header.may_have_left(&shape)
        && page.as_slice() == shorter.npy().encode()
        && bytes == shorter.cube_bytes();
    is_it.then_some(last_index)
}

/// Whether all valid lines belong to snapshots before `last`.
fn is_behind_all(last: u64, journal: &File, header: &Header, first: u64) -> io::Result<bool> {
    let mut commits = Commits::new(journal, header, first)?;
    commits.try_fold(true, |is_it, commit| Ok(is_it && commit?.index < last))
}

/// Opens the array of a cube, and gives it the length that the journal says; `header` becomes that of a run which has ended
/// early, if it has. The lines of the journal behind its first line begin at the byte that is given with it.
///
/// # Errors
/// [`CubeError`] if the array is another one.
fn open_with_full_length(
    cube: &Path,
    paths: &Paths,
    header: &mut Header,
    (journal, lines_begin): (&File, u64),
) -> Result<File, CubeError> {
    let file = open_to_write(cube)?;
    let status = file.metadata();
    let bytes = status.map_err(CubeError::io("examine", cube))?.len();
    if is_another_array(cube, header) {
        return Err(CubeError::replaced(cube, &paths.journal));
    }
    if let Some(last) = ended_with(&file, bytes, header)
        && is_behind_all(last, journal, header, lines_begin)
            .map_err(CubeError::io("read", &paths.journal))?
    {
        header.end_with(SnapshotId::from(last));
    }
    let most_bytes = header.as_begun().as_ref().unwrap_or(header).cube_bytes();
    if bytes > most_bytes {
        // Nothing belongs behind the last snapshot.
        file.set_len(most_bytes)
            .map_err(CubeError::io("shorten", cube))?;
    }
    shorten(&file, header).map_err(CubeError::io("shorten", cube))?;
    if bytes < header.cube_bytes() {
        // The space gets the snapshots that were cut off, which are computed again.
        sys::reserve(&file, header.cube_bytes())
            .map_err(CubeError::io("reserve space for", cube))?;
    }
    Ok(file)
}

/// A cube and its journal, locked.
///
/// Commits are read from the journal when they are needed; only the commits of damaged snapshots are kept. A journal
/// that has lost lines is held in memory as a whole when it is written anew.
#[derive(Debug)]
pub struct Restorer {
    /// Line 1 of the journal.
    pub header: Header,
    /// The commits of damaged snapshots, and of recomputed snapshots whose line was lost.
    known: BTreeMap<SnapshotId, Commit>,
    /// Snapshots whose journal line is lost.
    lost: BTreeSet<SnapshotId>,
    /// Scenarios that have begun and have places behind their last snapshot.
    padded: Vec<usize>,
    committed: u64,
    paths: Paths,
    cube: File,
    journal: LockedFile,
    /// Bytes of line 1 of the journal.
    first_line: u64,
    /// Whether the journal has anything but its line 1 and the commits in order.
    needs_rebuilding: bool,
}

impl Restorer {
    /// Opens and locks a cube; `None` if its run was stopped before line 1 of the journal was written.
    ///
    /// A damaged `.npy` header is written anew from the journal, and a cube that is too short or too long gets its length back.
    ///
    /// # Errors
    /// [`CubeError`] if nothing can be restored: the journal or its line 1 is lost, or the array is another one.
    pub fn open(cube: &Path, no_lock: bool) -> Result<Option<Self>, CubeError> {
        let opened = open_beside_journal(cube, npy::open_file(cube))?;
        let Ok(paths) = Paths::of_existing(cube) else {
            return Err(not_a_cube(&opened, cube));
        };
        if find_journal(&paths)?.is_none() {
            return Err(CubeError::no_journal(cube));
        }
        let journal = open_journal(&paths, no_lock, Duration::ZERO)?;
        let journal_content =
            Journal::read(&*journal).map_err(CubeError::io("read", &paths.journal))?;
        let status = journal.metadata();
        let journal_bytes = status.map_err(CubeError::io("read", &paths.journal))?.len();
        let needs_rebuilding =
            journal_content.error.is_some() || journal_content.valid_bytes != journal_bytes;
        let mut header = match (journal_content.header, journal_content.error) {
            (Some(header), _) => header,
            (None, None) if may_be_unborn(cube) || !cube.exists() => return Ok(None),
            (None, None) => return Err(CubeError::no_journal(cube)),
            (None, Some(error)) => return Err(paths.journal_error(error)),
        };
        let journal_lines = (&*journal, journal_content.first_line);
        let cube_file = open_with_full_length(cube, &paths, &mut header, journal_lines)?;
        let mut restorer = Self {
            known: BTreeMap::new(),
            lost: BTreeSet::new(),
            padded: Vec::new(),
            committed: 0,
            header,
            paths,
            cube: cube_file,
            journal,
            first_line: journal_content.first_line,
            needs_rebuilding,
        };
        restorer.write(0, &restorer.header.npy().encode())?;
        restorer.sync()?;
        restorer.find_lost(journal_content.bad_lines)?;
        Ok(Some(restorer))
    }

    /// All valid commits, in the order of the journal.
    fn commits(&self) -> Result<impl Iterator<Item = Result<Commit, CubeError>>, CubeError> {
        let path = &self.paths.journal;
        let commits = Commits::new(&*self.journal, &self.header, self.first_line);
        let commits = commits.map_err(CubeError::io("read", path))?;
        Ok(commits.map(move |commit| commit.map_err(CubeError::io("read", path))))
    }

    /// Counts the valid commits, and finds the snapshots whose lines are lost: those before a valid commit of their
    /// scenario; all up to the end of a run that has ended early; and, behind the last valid commit of a scenario, at
    /// most as many snapshots with data as there are unexplained bad lines.
    fn find_lost(&mut self, bad_lines: u64) -> Result<(), CubeError> {
        let mut next_indices = vec![0; self.header.scenario_count()];
        let (mut committed, mut lost, mut late) = (0, BTreeSet::new(), BTreeMap::new());
        for commit in self.commits()? {
            let commit = commit?;
            let id = commit.id();
            let next_index = &mut next_indices[id.scenario()];
            committed += u64::from(id.index >= *next_index || lost.remove(&id));
            if id.index < *next_index {
                late.insert(id, commit);
                continue;
            }
            lost.extend((*next_index..id.index).map(|index| SnapshotId { index, ..id }));
            *next_index = id.index + 1;
        }
        let places_each = self.header.snapshots_each();
        self.padded = (0..next_indices.len())
            .filter(|&number| {
                next_indices[number] > 0 && self.header.snapshots_of(number) < places_each
            })
            .collect();
        let lines_unaccounted = bad_lines.saturating_sub(lost.len() as u64);
        for (number, next_index) in next_indices.into_iter().enumerate() {
            let snapshot_count = self.header.snapshots_of(number);
            if self.header.as_begun().is_some() {
                lost.extend((next_index..snapshot_count).map(SnapshotId::from));
                break;
            }
            let scenario = self.header.is_sweep().then_some(number);
            let last_index = snapshot_count.min(next_index + lines_unaccounted);
            for id in (next_index..last_index).map(|index| SnapshotId { scenario, index }) {
                if !self.holds_something(id)? {
                    break;
                }
                lost.insert(id);
            }
        }
        self.needs_rebuilding |= !lost.is_empty();
        (self.committed, self.lost, self.known) = (committed, lost, late);
        Ok(())
    }

    /// Whether the place of a snapshot holds data: other bytes than the zeros of a new cube, and other bytes than the
    /// NaN that fill the places behind the last snapshot of a scenario.
    fn holds_something(&self, id: SnapshotId) -> Result<bool, CubeError> {
        let (snapshot_begin, snapshot_bytes) =
            (self.header.offset_of(id), self.header.snapshot_bytes());
        let mut block = Vec::new();
        for at in (0..snapshot_bytes).step_by(BLOCK) {
            block.resize((snapshot_bytes - at).min(BLOCK as u64) as usize, 0);
            self.cube
                .read_exact_at(&mut block, snapshot_begin + at)
                .map_err(CubeError::io("read", &self.paths.cube))?;
            let is_new = block.iter().all(|&byte| byte == 0);
            if !is_new && block != nans(&self.header, snapshot_bytes - at) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The number of snapshots with a valid commit.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The snapshots to restore, in order. A snapshot up to the last valid commit of its scenario is restored if its
    /// line is lost or its bytes differ from their digest; a place behind the last snapshot of a scenario is restored
    /// if it is not filled with NaN. The number of bytes read is added to `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn damaged(&mut self, progress: &Progress) -> Result<Vec<SnapshotId>, CubeError> {
        let mut damaged = self.lost.clone();
        let mut damaged_commits = Vec::new();
        let bytes = CubeBytes {
            header: &self.header,
            file: &self.cube,
            path: &self.paths.cube,
        };
        bytes.damaged(self.commits()?, progress, |commit| {
            damaged_commits.push(commit);
        })?;
        damaged.extend(damaged_commits.iter().map(Commit::id));
        let padded = self.padded.iter().copied();
        damaged.extend(bytes.unpadded(padded)?);
        self.known.extend(
            damaged_commits
                .into_iter()
                .map(|commit| (commit.id(), commit)),
        );
        Ok(damaged.into_iter().collect())
    }

    /// The names of the cube's files.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The input files of the run or the sweep.
    pub fn inputs(&self) -> RecordedInputs<'_> {
        RecordedInputs::of(&self.header, &self.paths)
    }

    /// The commit of a [damaged](Self::damaged) snapshot, unless its line is lost.
    pub fn known_line_of(&self, id: SnapshotId) -> Option<&Commit> {
        self.known.get(&id)
    }

    /// Accepts the commit of a recomputed snapshot, which has the digest of its line. If the line was lost, the commit
    /// replaces it.
    pub fn accept(&mut self, recomputed: Commit) {
        self.known.entry(recomputed.id()).or_insert(recomputed);
    }

    /// The commits of each scenario in order, with recomputed commits in place of lost lines. A run counts as one
    /// scenario.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn commits_of_scenarios(&self) -> Result<Vec<Vec<Commit>>, CubeError> {
        let mut commits = BTreeMap::new();
        for commit in self.commits()? {
            let commit = commit?;
            commits.entry(commit.id()).or_insert(commit);
        }
        for (id, commit) in &self.known {
            commits.entry(*id).or_insert_with(|| commit.clone());
        }
        let mut of_scenarios = vec![Vec::new(); self.header.scenario_count()];
        for (id, commit) in commits {
            of_scenarios[id.scenario()].push(commit);
        }
        Ok(of_scenarios)
    }

    /// Whether all snapshots have a line, or get one when the journal is rebuilt.
    pub fn is_complete(&self) -> bool {
        self.committed + self.lost.len() as u64 == self.header.snapshots()
    }

    /// Gives the line of a snapshot that was lost the marks of its streams, and why the run ends with it, if it does.
    pub fn set_marks(&mut self, id: SnapshotId, marks: Marks, ended: Option<End>) {
        if let Some(commit) = self.known.get_mut(&id)
            && commit.streams.is_empty()
        {
            (commit.streams, commit.ended) = (marks, ended);
        }
    }

    /// The error that a snapshot cannot be computed again.
    pub fn cannot_repair(&self, snapshot: SnapshotId) -> CubeError {
        let (number, cube) = (snapshot.scenario(), self.paths.cube.display());
        let scenario = self.header.scenario(number);
        let method = scenario.and_then(|scenario| scenario.params.value("method").cloned());
        let reason = match method.as_ref().and_then(Value::as_str) {
            Some("exact") => {
                "as the transforms of method = \"exact\" in another version of diff2d may round otherwise; all is left as it was"
            }
            _ => "--force starts the run over",
        };
        Fault::damaged(format!(
            "{snapshot} of {cube} cannot be repaired: after recomputing it from the snapshot before, its digest differs from the journal's; {reason}"
        ))
        .into()
    }

    /// Fills a place behind the last snapshot of a scenario with NaN.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn pad(&self, id: SnapshotId) -> Result<(), CubeError> {
        let (snapshot_begin, snapshot_bytes) =
            (self.header.offset_of(id), self.header.snapshot_bytes());
        for at in (0..snapshot_bytes).step_by(BLOCK) {
            self.write(
                snapshot_begin + at,
                &nans(&self.header, snapshot_bytes - at),
            )?;
        }
        self.sync()
    }

    /// Writes the journal anew, in place, from its own line 1 and the commits, if it differs from them.
    ///
    /// Lines that move are first appended behind the others as well, so that a crash in between loses nothing more.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn rebuild_journal(&mut self) -> Result<(), CubeError> {
        if !self.needs_rebuilding {
            return Ok(());
        }
        let text = self.lines_in_order()?;
        rewrite_lines(&self.journal, self.first_line, &text)
            .map_err(CubeError::io("rebuild", &self.paths.journal))
    }

    /// The lines that the rebuilt journal will have behind line 1.
    fn lines_in_order(&self) -> Result<Vec<u8>, CubeError> {
        let mut text = Vec::new();
        let mut next_indices = vec![0; self.header.scenario_count()];
        for commit in self.commits()? {
            let commit = commit?;
            let id = commit.id();
            let next_index = &mut next_indices[id.scenario()];
            if id.index < *next_index {
                continue;
            }
            for index in *next_index..id.index {
                if let Some(lost) = self.known.get(&SnapshotId { index, ..id }) {
                    text.extend(lost.line(&self.header.run_id).bytes());
                }
            }
            text.extend(commit.line(&self.header.run_id).bytes());
            *next_index = id.index + 1;
        }
        // Lost lines may stand behind the last valid one of their scenario.
        for id in &self.lost {
            if let (Some(lost), true) =
                (self.known.get(id), id.index >= next_indices[id.scenario()])
            {
                text.extend(lost.line(&self.header.run_id).bytes());
            }
        }
        Ok(text)
    }

    /// Writes bytes at `offset` if the file has different bytes there.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), CubeError> {
        let mut current_bytes = Vec::new();
        for (number, block) in bytes.chunks(BLOCK).enumerate() {
            let block_begin = offset + (number * BLOCK) as u64;
            current_bytes.resize(block.len(), 0);
            self.cube
                .read_exact_at(&mut current_bytes, block_begin)
                .map_err(CubeError::io("read", &self.paths.cube))?;
            if current_bytes != block {
                self.cube
                    .write_all_at(block, block_begin)
                    .map_err(CubeError::io("write", &self.paths.cube))?;
            }
        }
        Ok(())
    }

    /// Makes all written bytes durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn sync(&self) -> Result<(), CubeError> {
        let synced = self.cube.sync_data();
        synced.map_err(CubeError::io("sync", &self.paths.cube))
    }
}

/// Replaces the lines behind line 1, which ends at byte `begin`, by `text`.
fn rewrite_lines(mut journal: &File, begin: u64, text: &[u8]) -> io::Result<()> {
    let mut old_text = Vec::new();
    journal.seek(SeekFrom::Start(begin))?;
    journal.read_to_end(&mut old_text)?;
    if !old_text.starts_with(text) {
        // What lies behind a hole does not count.
        let counted = old_text.iter().position(|&byte| byte == 0);
        let counted = counted.unwrap_or(old_text.len());
        let filler = vec![b' '; text.len().saturating_sub(counted)];
        let copies = [&filler, &b"\n"[..], text].concat();
        journal.write_all_at(&copies, begin + counted as u64)?;
        journal.sync_all()?;
        journal.write_all_at(text, begin)?;
        journal.sync_all()?;
    }
    journal.set_len(begin + text.len() as u64)?;
    journal.sync_all()
}
