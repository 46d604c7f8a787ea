//! [`Claim`]: locks the files of a cube, and creates them or continues an unfinished cube.

use super::{
    checkpoint,
    create::{self, NewCube},
    error::{CubeError, refused},
    file::{CubeFile, Io, is_of_ended_run, matches_journal, open_to_write, shorten},
    found::{is_another_array, may_be_unborn},
    journal::{Committed, Header, Journal, JournalError},
    lock::{PATIENCE, open_journal, open_part},
    paths::{Paths, enter_directory},
    store::{JournalLines, Store},
};
use crate::fault::Fault;
use diff2d_sys::{self as sys, FileExt, LockedFile, Turn};
use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    ops::Range,
    path::Path,
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

impl Store {
    /// Locks the output, and creates it or opens it to continue. A created cube still has to [begin](Self::begin).
    ///
    /// Nothing counts before line 1 of the journal is synced: a crash leaves an empty journal and a cube that the next
    /// claim may replace; an error of this call leaves no file.
    ///
    /// # Errors
    /// [`CubeError`]; existing files are unchanged.
    pub fn claim(paths: &Paths, header: Header, claim: Claim) -> Result<Self, CubeError> {
        let header = header.beside(paths);
        enter_directory(paths.directory())?;
        checkpoint::refuse_others(paths)?;
        // Others wait until the cube is there, or has been looked at.
        let (journal, _turn) = lock(paths, &header, claim)?;
        let old_journal =
            Journal::read(&*journal).map_err(CubeError::io("read", &paths.journal))?;
        refuse_others(paths, &old_journal, claim)?;
        // What a kill has left of a run that was being started over is removed as then.
        let is_emptied = is_emptied(paths, &old_journal);
        let claim = Claim {
            force: claim.force || (claim.resume && is_emptied),
            ..claim
        };
        if old_journal.holds_nothing() || claim.force {
            let first_line = (old_journal.header.is_some()).then_some(old_journal.first_line);
            let mut created = Self::start_over(paths, header, (journal, first_line), claim)?;
            if claim.scenarios.is_some() {
                created.begin()?;
            }
            return Ok(created);
        }
        let begun_header = begun_header(paths, &header, &old_journal, claim)?;
        Self::go_on(paths, begun_header, journal, old_journal, claim)
    }

    /// Creates a cube in place of what is there, if there is space for it. Line 1 of the journal has so many bytes, if there
    /// is one.
    fn start_over(
        paths: &Paths,
        header: Header,
        (journal, first_line): (LockedFile, Option<u64>),
        claim: Claim,
    ) -> Result<Self, CubeError> {
        if !claim.force {
            create::refuse_other_runs(paths, &journal)?;
        }
        create::refuse_shared(paths)?;
        let replaced_bytes = fs::metadata(&paths.cube).map_or(0, |old| old.len());
        let free = sys::free_space(paths.directory());
        if free.is_some_and(|free| free.saturating_add(replaced_bytes) < header.cube_bytes()) {
            create::remove_empty_journal(paths, &journal);
            let new_cube = NewCube {
                paths,
                header: &header,
                free,
            };
            return Err(create::no_space(new_cube));
        }
        if let Some(first_line) = first_line {
            // From here on nothing is listed that is removed next.
            journal
                .set_len(first_line)
                .and_then(|()| journal.sync_all())
                .map_err(CubeError::io("cut", &paths.journal))?;
        }
        Self::create(paths, header, journal, claim)
    }

    /// Creates a cube: removes an old cube and its streams, of which the journal lists nothing → empties the journal and
    /// syncs the directory → reserves the cube and writes its header. The rest is left to [`begin`](Self::begin).
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

    /// Continues a cube whose journal begins with a header of the same run.
    fn go_on(
        paths: &Paths,
        header: Header,
        mut journal: LockedFile,
        old_journal: Journal,
        claim: Claim,
    ) -> Result<Self, CubeError> {
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
}

/// Whether a journal has line 1 alone, and its cube is gone, or that of a run that had ended early: a run was killed while it
/// started the cube over.
fn is_emptied(paths: &Paths, old_journal: &Journal) -> bool {
    let is_cube_there = paths.cube.try_exists().unwrap_or(true);
    let is_of_ended_run = || {
        let header = old_journal
            .header
            .as_ref()
            .zip(File::open(&paths.cube).ok());
        header.is_some_and(|(header, cube)| is_of_ended_run(&cube, header))
    };
    old_journal.lists_nothing() && (!is_cube_there || is_of_ended_run())
}

/// Locks the journal for all scenarios, or for some of them; then this process begins with its turn to write.
fn lock(
    paths: &Paths,
    header: &Header,
    claim: Claim,
) -> Result<(LockedFile, Option<Turn>), CubeError> {
    if claim.scenarios.is_none() {
        let patience = if claim.resume {
            PATIENCE
        } else {
            Duration::ZERO
        };
        return Ok((open_journal(paths, claim.no_lock, patience)?, None));
    }
    let directory = paths.directory();
    let opened_directory = File::open(directory).map_err(CubeError::io("open", directory))?;
    if claim.io.is_none() && !sys::is_coherent_between_hosts(&opened_directory) {
        return Err(Fault::failed(format!(
            "machines overwrite each other's data on the filesystem of {}: start all processes on one machine and confirm this with --io write, or leave --scenarios out",
            paths.cube.display()
        ))
        .into());
    }
    let own_scenarios = claim.part(header.scenario_count());
    open_part(paths, own_scenarios.start as u64..own_scenarios.end as u64)
}

/// Refuses files that are not those of a cube of this program, and a cube beside a journal that holds nothing unless the
/// claim allows that it is started over.
fn refuse_others(paths: &Paths, old_journal: &Journal, claim: Claim) -> Result<(), CubeError> {
    match &old_journal.error {
        Some(error) if !error.is_ours() => return Err(paths.journal_error(error.clone())),
        _ => {}
    }
    if old_journal.holds_nothing() && paths.cube.exists() {
        if !may_be_unborn(&paths.cube) {
            // Line 1 is synced before any data: what is left of one beside data is damage.
            return Err(if old_journal.is_blank {
                CubeError::foreign(&paths.cube)
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
    match &old_journal.header {
        Some(old_header) if claim.force && is_another_array(&paths.cube, old_header) => {
            Err(CubeError::replaced(&paths.cube, &paths.journal))
        }
        _ => Ok(()),
    }
}

/// The header of a journal that is continued. Refuses a cube that has disappeared, that a run with other parameters has
/// begun, or that the claim does not ask to continue.
fn begun_header(
    paths: &Paths,
    wanted: &Header,
    old_journal: &Journal,
    claim: Claim,
) -> Result<Header, CubeError> {
    if is_emptied(paths, old_journal) {
        return Err(CubeError::Unborn {
            cube: paths.cube.clone(),
        });
    }
    if let (Some(header), false) = (&old_journal.header, paths.cube.try_exists().unwrap_or(true)) {
        return Err(CubeError::Gone {
            cube: paths.cube.clone(),
            journal: paths.journal.clone(),
            committed: old_journal.committed.total(),
            total: header.snapshots(),
        });
    }
    if !claim.resume && old_journal.is_complete() {
        let sentence =
            "exists already and is complete: --force starts it over, -o writes elsewhere";
        return Err(refused(&paths.cube, sentence));
    }
    let header = match old_journal.sound_header() {
        Ok(Some(header)) => header,
        Ok(None) => unreachable!("a journal that holds nothing is started over"),
        Err(error) => return Err(paths.journal_error(error)),
    };
    if !claim.resume {
        let (committed, total) = (old_journal.committed.total(), header.snapshots());
        return Err(refused(
            &paths.cube,
            format_args!(
                "has been begun and holds {committed} of {total} snapshots: --resume continues it, --force starts it over, -o writes elsewhere"
            ),
        ));
    }
    let differences = wanted.differences_from(&header.clone().beside(paths));
    if differences.is_empty() {
        Ok(header.clone())
    } else {
        let longer = advice_to_extend(&differences, &paths.cube);
        Err(refused(
            &paths.cube,
            format_args!(
                "was begun with other parameters: {differences}; run with the old ones, or write elsewhere with -o{longer}"
            ),
        ))
    }
}

/// Advice on how to extend a cube, if the parameters differ only in the end of the run; empty otherwise.
fn advice_to_extend(differences: &str, cube: &Path) -> String {
    let mut changes = differences.split(", ");
    if changes.all(|change| change.starts_with("runtime was ") || change.starts_with("until was "))
    {
        format!(
            ", where --extend {} begins with its snapshots",
            cube.display()
        )
    } else {
        String::new()
    }
}

/// Writes the bytes of a file up to `end` again, so that the next sync covers lines that a failed sync has lost.
fn write_again(file: &File, end: u64) -> io::Result<()> {
    const CHUNK: usize = 1 << 20;
    let mut bytes = Vec::new();
    for start in (0..end).step_by(CHUNK) {
        bytes.resize((end - start).min(CHUNK as u64) as usize, 0);
        file.read_exact_at(&mut bytes, start)?;
        file.write_all_at(&bytes, start)?;
    }
    Ok(())
}
