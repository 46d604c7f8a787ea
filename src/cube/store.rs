//! [`Store`]: the files of one cube, from creation to the last commit; this process holds their lock meanwhile.

use super::{
    checkpoint,
    create::{self, NewCube},
    error::CubeError,
    file::{CubeFile, Io, shorten},
    journal::{Commit, Committed, Header},
    paths::{Paths, sync_directory},
    record_file,
};
use diff2d_sys::{self as sys, FileExt, LockedFile, Reservation};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    sync::Arc,
};

/// The files of a cube: the journal is locked, the cube has its full size.
#[derive(Debug)]
pub struct Store {
    /// The names of the files.
    pub paths: Paths,
    /// Line 1 of the journal.
    pub header: Header,
    /// The committed snapshots.
    pub committed: Committed,
    /// How the space was reserved; `None` for a cube that existed before.
    pub reservation: Option<Reservation>,
    /// Free space before the creation in bytes, if the system reports it.
    pub(super) free: Option<u64>,
    pub(super) cube: Arc<CubeFile>,
    pub(super) journal: LockedFile,
    /// The scenarios that this process computes.
    pub(super) part: Range<usize>,
    /// What the journal must hold.
    pub(super) lines: JournalLines,
}

/// The lines of a journal that is being written.
#[derive(Debug, Default)]
pub(super) struct JournalLines {
    pub(super) bytes: u64,
    /// The text of the lines; `None` for a sweep or a journal that is too large for memory.
    pub(super) text: Option<Vec<u8>>,
}

impl JournalLines {
    /// The largest text that is kept in bytes; enough for tens of thousands of snapshots.
    const MOST: u64 = 16 << 20;

    /// Reads the present lines of a journal.
    pub(super) fn read(journal: &File, bytes: u64, header: &Header) -> io::Result<Self> {
        if header.is_sweep() || bytes > Self::MOST {
            return Ok(Self { bytes, text: None });
        }
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        journal.read_exact_at(&mut text, 0)?;
        Ok(Self {
            bytes,
            text: Some(text),
        })
    }

    fn add(&mut self, lines: &str) {
        self.bytes += lines.len() as u64;
        self.text = self.text.take().filter(|_| self.bytes <= Self::MOST);
        self.text
            .iter_mut()
            .for_each(|text| text.extend(lines.bytes()));
    }
}

impl Store {
    /// Begins a new cube: syncs the cube and the directory → writes line 1 of the journal and syncs it. Bytes of
    /// snapshots wait for that.
    ///
    /// # Errors
    /// [`CubeError`]; cube and journal are then removed.
    pub fn begin(&mut self) -> Result<(), CubeError> {
        if self.cube.has_begun() {
            return Ok(());
        }
        let begun = self.write_first_line();
        self.cube.set_begun(begun.is_ok());
        if begun.is_err() && self.are_at_their_names() {
            self.remove();
        }
        begun
    }

    /// Removes cube, streams and journal of a failed run, if the run created them and nothing is committed. Streams are
    /// removed before the journal is emptied: beside an empty journal they would belong to another run. Cube and
    /// journal are removed after that: should this process end in between, a cube beside an empty journal can be
    /// started over.
    pub(super) fn remove_if_empty(self) {
        let is_empty = self.reservation.is_some() && self.committed.total() == 0;
        if is_empty
            && self.are_at_their_names()
            && checkpoint::remove(&self.paths).is_ok()
            && record_file::remove(&self.paths).is_ok()
            && self.journal.set_len(0).is_ok()
            && self.journal.sync_all().is_ok()
        {
            self.remove();
        }
    }

    fn are_at_their_names(&self) -> bool {
        let Paths { cube, journal, .. } = &self.paths;
        sys::is_still_at(self.cube.file(), cube) && sys::is_still_at(&self.journal, journal)
    }

    fn remove(&self) {
        let _ = fs::remove_file(&self.paths.cube);
        create::remove_unborn(&self.paths);
    }

    fn write_first_line(&mut self) -> Result<(), CubeError> {
        let (cube, journal) = (&self.paths.cube, &self.paths.journal);
        let new_cube = NewCube {
            paths: &self.paths,
            header: &self.header,
            free: self.free,
        };
        self.cube
            .file()
            .sync_all()
            .map_err(|error| create::refused(new_cube, "write", cube, error))?;
        sync_directory(self.paths.directory())?;
        let written = self.header.write_line(&mut *self.journal);
        let lines = written.and_then(|bytes| {
            self.journal.sync_all()?;
            JournalLines::read(&self.journal, bytes, &self.header)
        });
        self.lines = lines.map_err(|error| create::refused(new_cube, "write", journal, error))?;
        Ok(())
    }

    /// How snapshots reach the file.
    pub fn io(&self) -> Io {
        self.cube.io
    }

    /// A sentence for the user on what is written, and how.
    pub fn describe(&self) -> String {
        let space = match self.reservation {
            Some(Reservation::Reserved) => "space reserved",
            Some(Reservation::Zeros) => "filled with zeros, as the filesystem cannot reserve space",
            None => "space reserved before",
        };
        format!(
            "writing {} by {} ({space}), {} of {} snapshots are committed",
            self.paths.cube.display(),
            self.io(),
            self.committed.total(),
            self.header.snapshots()
        )
    }

    /// Whether every snapshot that this process computes is committed.
    pub fn is_complete(&self) -> bool {
        let mut numbers = self.part.clone();
        numbers.all(|number| self.committed.is_complete(number))
    }

    /// Appends commits to the journal and syncs it. After that the snapshots are committed.
    pub(super) fn list(&mut self, commits: &[Commit]) -> Result<(), CubeError> {
        let lines: String = commits
            .iter()
            .map(|commit| commit.line(&self.header.run_id))
            .collect();
        let turn = self.journal.in_turn();
        let _turn = turn.map_err(CubeError::io("lock", &self.paths.journal))?;
        self.mend_journal()?;
        if self.journal.is_shared() {
            self.go_behind_others().map_err(CubeError::io(
                "cut the torn last line of",
                &self.paths.journal,
            ))?;
        }
        self.journal
            .write_all(lines.as_bytes())
            .map_err(CubeError::io("write", &self.paths.journal))?;
        self.lines.add(&lines);
        self.journal
            .sync_data()
            .map_err(CubeError::io("sync", &self.paths.journal))?;
        for commit in commits {
            self.committed.add(commit, &self.header);
            if commit.ended.is_some() {
                self.header.end_with(commit.id());
            }
        }
        Ok(())
    }

    /// Moves to the end of a journal to which other processes append in turn. A torn last line of a killed process is
    /// cut off.
    fn go_behind_others(&mut self) -> io::Result<()> {
        /// A bound on the bytes of a line.
        const MOST: u64 = 4096;
        let journal_bytes = self.journal.metadata()?.len();
        let mut tail = Vec::new();
        self.journal
            .seek(SeekFrom::Start(journal_bytes.saturating_sub(MOST)))?;
        self.journal.read_to_end(&mut tail)?;
        let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
        if torn > 0 {
            self.journal.set_len(journal_bytes - torn)?;
        }
        self.lines.bytes = self.journal.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Shortens the cube of a run that has ended early.
    pub(super) fn shorten(&self) -> Result<(), CubeError> {
        let path = &self.paths.cube;
        shorten(self.cube.file(), &self.header).map_err(CubeError::io("shorten", path))
    }
}
