//! [`Store`]: the files of one cube, from creation to the last commit; this process holds their lock meanwhile.

use super::{
    checkpoint,
    create::{self, NewCube},
    error::CubeError,
    file::{CubeFile, Io, matches_journal, open_to_write, shorten},
    found::{is_another_array, may_be_unborn},
    journal::{Commit, Committed, Header, Journal, JournalError},
    lock::{PATIENCE, open_journal, open_part},
    paths::{Paths, enter_directory, sync_directory},
    record_file,
};
use diff2d_sys::{self as sys, FileExt, LockedFile, Reservation};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    sync::Arc,
    time::Duration,
};

/// What to do with an output that may exist already, and how to write it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claim {
    /// Continue an unfinished cube.
    pub resume: bool,
    /// Start a cube of this program over.
    pub force: bool,
    /// Do not lock, for filesystems without locks.
    pub no_lock: bool,
    /// How to write; chosen by the filesystem if not given.
    pub io: Option<Io>,
    /// Number of machines that write into the cube; 0 counts as 1.
    pub machines: usize,
    /// The range of scenarios that this process computes, first and end, if other processes may compute the other
    /// scenarios; `None` for all scenarios.
    pub scenarios: Option<[usize; 2]>,
}

impl Claim {
    /// The range of scenarios that this process computes, of `scenario_count` in all.
    #[must_use]
    pub fn part(&self, scenario_count: usize) -> Range<usize> {
        let [first_scenario, scenarios_end] = self.scenarios.unwrap_or([0, scenario_count]);
        first_scenario.min(scenario_count)..scenarios_end.min(scenario_count)
    }

    /// How to write into a file: as requested, or else by positional writes. Rank 0 alone writes where machines do not
    /// see each other's writes.
    fn io_for(&self, cube: &File) -> Io {
        self.io.unwrap_or(match self.machines {
            2.. if !sys::is_coherent_between_hosts(cube) => Io::Single,
            _ => Io::Write,
        })
    }
}

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
    free: Option<u64>,
    pub(super) cube: Arc<CubeFile>,
    pub(super) journal: LockedFile,
    /// The scenarios that this process computes.
    part: Range<usize>,
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
    fn read(journal: &File, bytes: u64, header: &Header) -> io::Result<Self> {
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
    /// Locks the output, and creates it or opens it to continue. A created cube still has to [begin](Self::begin).
    ///
    /// Nothing counts before line 1 of the journal is synced: a crash leaves an empty journal and a cube that the next
    /// claim may replace; an error of this call leaves no file.
    ///
    /// # Errors
    /// [`CubeError`]; existing files are unchanged.
    pub fn claim(paths: &Paths, header: Header, claim: Claim) -> Result<Self, CubeError> {
        let directory = paths.directory();
        enter_directory(directory)?;
        checkpoint::refuse_others(paths)?;
        let own_scenarios = claim.part(header.scenario_count());
        // Others wait until the cube is there, or has been looked at.
        let (journal, _turn) = match claim.scenarios {
            None => {
                let patience = if claim.resume {
                    PATIENCE
                } else {
                    Duration::ZERO
                };
                (open_journal(paths, claim.no_lock, patience)?, None)
            }
            Some(_) => {
                let parent_directory =
                    File::open(directory).map_err(CubeError::io("open", directory))?;
                if claim.io.is_none() && !sys::is_coherent_between_hosts(&parent_directory) {
                    return Err(CubeError::Incoherent {
                        cube: paths.cube.clone(),
                    });
                }
                open_part(paths, own_scenarios.start as u64..own_scenarios.end as u64)?
            }
        };
        let old_journal =
            Journal::read(&*journal).map_err(CubeError::io("read", &paths.journal))?;
        match &old_journal.error {
            Some(error) if !error.is_ours() => return Err(paths.journal_error(error.clone())),
            _ => {}
        }

        let holds_nothing = old_journal.holds_nothing();
        if holds_nothing && paths.cube.exists() {
            if !may_be_unborn(&paths.cube) {
                // Line 1 is synced before any data: what is left of one beside data is damage.
                return Err(if old_journal.is_blank {
                    CubeError::Foreign {
                        cube: paths.cube.clone(),
                    }
                } else {
                    paths.journal_error(JournalError::Header { ours: false })
                });
            }
            if !claim.resume && !claim.force {
                return Err(CubeError::Unborn {
                    cube: paths.cube.clone(),
                });
            }
        }
        if let (true, Some(old_header)) = (claim.force, &old_journal.header)
            && is_another_array(&paths.cube, old_header)
        {
            return Err(CubeError::Replaced {
                cube: paths.cube.clone(),
                journal: paths.journal.clone(),
            });
        }
        if holds_nothing || claim.force {
            if !claim.force {
                create::refuse_other_runs(paths, &journal)?;
            }
            create::refuse_shared(paths)?;
            let replaced_bytes = fs::metadata(&paths.cube).map_or(0, |old| old.len());
            let free = sys::free_space(directory);
            if free.is_some_and(|free| free.saturating_add(replaced_bytes) < header.cube_bytes()) {
                create::remove_empty_journal(paths, &journal);
                let new_cube = NewCube {
                    paths,
                    header: &header,
                    free,
                };
                return Err(create::no_space(new_cube));
            }
            let mut created = Self::create(paths, header, journal, claim)?;
            if claim.scenarios.is_some() {
                created.begin()?;
            }
            return Ok(created);
        }
        Self::resume(paths, &header, journal, old_journal, claim)
    }

    /// Creates a cube: removes an old cube and its streams → empties the journal and syncs the directory → reserves the
    /// cube and writes its header. The rest is left to [`begin`](Self::begin).
    ///
    /// Without the sync of the directory a power cut could leave the cube without its journal, a foreign file.
    fn create(
        paths: &Paths,
        header: Header,
        mut journal: LockedFile,
        claim: Claim,
    ) -> Result<Self, CubeError> {
        let free = sys::free_space(paths.directory());
        let new_cube = NewCube {
            paths,
            header: &header,
            free,
        };
        let created = create::create(new_cube, &mut journal, claim.force);
        let (cube, reservation) = created.inspect_err(|_| create::remove_unborn(paths))?;
        let io = claim.io_for(&cube);
        Ok(Self {
            paths: paths.clone(),
            cube: Arc::new(CubeFile::unborn(cube, &paths.cube, header.cube_bytes(), io)),
            committed: Committed::none_of(header.scenario_count()),
            part: claim.part(header.scenario_count()),
            header,
            reservation: Some(reservation),
            free,
            journal,
            lines: JournalLines::default(),
        })
    }

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

    /// Continues a cube whose journal begins with a valid header.
    fn resume(
        paths: &Paths,
        wanted: &Header,
        mut journal: LockedFile,
        old_journal: Journal,
        claim: Claim,
    ) -> Result<Self, CubeError> {
        if let (Some(header), false) =
            (&old_journal.header, paths.cube.try_exists().unwrap_or(true))
        {
            return Err(CubeError::Gone {
                cube: paths.cube.clone(),
                journal: paths.journal.clone(),
                committed: old_journal.committed.total(),
                total: header.snapshots(),
            });
        }
        if !claim.resume && old_journal.is_complete() {
            return Err(CubeError::Complete {
                cube: paths.cube.clone(),
            });
        }
        let header = match old_journal.sound_header() {
            Ok(Some(header)) => header.clone(),
            Ok(None) => unreachable!("a journal that holds nothing is started over"),
            Err(error) => return Err(paths.journal_error(error)),
        };
        if !claim.resume {
            return Err(CubeError::Partial {
                cube: paths.cube.clone(),
                committed: old_journal.committed.total(),
                total: header.snapshots(),
            });
        }
        let differences = wanted.differences_from(&header);
        if !differences.is_empty() {
            return Err(CubeError::OtherParameters {
                cube: paths.cube.clone(),
                differences,
            });
        }
        let cube = open_to_write(&paths.cube)?;
        matches_journal(&cube, &header, &paths.cube)?;
        shorten(&cube, &header).map_err(CubeError::io("shorten", &paths.cube))?;
        // The torn last line is cut off, so that the next commit begins a line. The others are written
        // again: after a failed sync the system may show lines that are not on the disk, and would not
        // write them at the next sync.
        journal
            .set_len(old_journal.valid_bytes)
            .and_then(|()| write_again(&journal, old_journal.valid_bytes))
            .and_then(|()| journal.seek(SeekFrom::End(0)))
            .and_then(|_| journal.sync_all())
            .map_err(CubeError::io("cut the torn last line of", &paths.journal))?;
        let lines_to_come = header.snapshots() - old_journal.committed.total();
        sys::reserve_ahead(
            &journal,
            old_journal.valid_bytes + create::journal_bytes(lines_to_come, header.stream_count()),
        )
        .map_err(CubeError::io("reserve space for", &paths.journal))?;
        let lines = JournalLines::read(&journal, old_journal.valid_bytes, &header)
            .map_err(CubeError::io("read", &paths.journal))?;
        let io = claim.io_for(&cube);
        Ok(Self {
            paths: paths.clone(),
            cube: Arc::new(CubeFile::begun(cube, &paths.cube, header.cube_bytes(), io)),
            part: claim.part(header.scenario_count()),
            header,
            committed: old_journal.committed,
            reservation: None,
            free: None,
            journal,
            lines,
        })
    }

    /// How snapshots reach the file.
    #[must_use]
    pub fn io(&self) -> Io {
        self.cube.io
    }

    /// A sentence for the user on what is written, and how.
    #[must_use]
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
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.part
            .clone()
            .all(|number| self.committed.of(number) == self.header.snapshots_of(number))
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

/// Writes the bytes of a file up to `end` again, so that the next sync covers lines that a failed sync has lost.
fn write_again(file: &File, end: u64) -> io::Result<()> {
    const CHUNK: usize = 1 << 20;
    let mut bytes = Vec::new();
    for start in (0..end).step_by(CHUNK) {
        #[expect(clippy::cast_possible_truncation, reason = "at most CHUNK")]
        bytes.resize((end - start).min(CHUNK as u64) as usize, 0);
        file.read_exact_at(&mut bytes, start)?;
        file.write_all_at(&bytes, start)?;
    }
    Ok(())
}
