//! [`Store`]: the files of one cube while this process owns them, from creation to the last commit.

use super::{
    checkpoint, digest,
    error::CubeError,
    journal::{Header, Journal, Record},
    lock, map,
    npy::{DATA_OFFSET, Dtype, NpyHeader},
    space::{self, Reservation},
};
use crate::params::{Precision, WITHOUT_EFFECT_ON_BITS};
use serde_json::Value;
use std::{
    collections::HashSet,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the files of a run lie: all beside the cube, named after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `STEM.npy`
    pub cube: PathBuf,
    /// `STEM.journal`
    pub journal: PathBuf,
    /// `STEM.ckpt`
    pub checkpoint: PathBuf,
    /// `STEM/`
    pub pictures: PathBuf,
}

impl Paths {
    /// The files that go with a cube.
    ///
    /// # Errors
    /// [`CubeError::Name`] when the name does not end in `.npy`.
    pub fn of(cube: &Path) -> Result<Self, CubeError> {
        let named = cube.extension().is_some_and(|extension| extension == "npy");
        if !named {
            return Err(CubeError::Name {
                path: cube.to_owned(),
            });
        }
        Ok(Self {
            journal: cube.with_extension("journal"),
            checkpoint: cube.with_extension("ckpt"),
            pictures: cube.with_extension(""),
            cube: cube.to_owned(),
        })
    }

    /// The directory they lie in.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.cube.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// How snapshots reach the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Io {
    /// Through a memory map.
    Map,
    /// By positional writes.
    Write,
}

impl fmt::Display for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Map => "map",
            Self::Write => "write",
        })
    }
}

/// What the user wants done with an output that may exist already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claim {
    /// Continue an unfinished cube.
    pub resume: bool,
    /// Start a cube of ours over.
    pub force: bool,
    /// Do not lock: for filesystems that cannot.
    pub no_lock: bool,
    /// How to write; chosen by the filesystem if not given.
    pub io: Option<Io>,
}

/// The files of a cube, owned: the journal is locked, the cube is reserved to its full size.
#[derive(Debug)]
pub struct Store {
    /// Their names.
    pub paths: Paths,
    /// Line 1 of the journal.
    pub header: Header,
    /// The committed snapshots.
    pub records: Vec<Record>,
    /// How the space came to be; `None` for a cube that was there.
    pub reservation: Option<Reservation>,
    pub(super) cube: Arc<CubeFile>,
    journal: File,
}

/// The cube's file, into which several threads place blocks.
#[derive(Debug)]
pub(super) struct CubeFile {
    file: File,
    pub(super) path: PathBuf,
    io: Io,
}

impl Store {
    /// Takes possession of the output: creates it, or continues what is there.
    ///
    /// Until line 1 of the journal is synced nothing counts: a crash before leaves an empty journal
    /// and a cube that the next claim may replace, an error before leaves no file at all.
    ///
    /// # Errors
    /// [`CubeError`]; what was there before is untouched.
    pub fn claim(paths: &Paths, header: Header, claim: Claim) -> Result<Self, CubeError> {
        let directory = paths.directory();
        fs::create_dir_all(directory).map_err(CubeError::io("create the directory", directory))?;
        let mut journal = open_journal(paths, claim.no_lock)?;
        let mut bytes = Vec::new();
        journal
            .read_to_end(&mut bytes)
            .map_err(CubeError::io("read", &paths.journal))?;
        let found = Journal::parse(&bytes);

        let nothing_yet = found.header.is_none() && found.damaged_line.is_none();
        if nothing_yet && paths.cube.exists() {
            if !may_be_unborn(&paths.cube) {
                return Err(CubeError::Foreign {
                    cube: paths.cube.clone(),
                });
            }
            if !claim.resume && !claim.force {
                return Err(CubeError::Unborn {
                    cube: paths.cube.clone(),
                });
            }
        }
        if nothing_yet || claim.force {
            return Self::create(paths, header, journal, claim.io).inspect_err(|_| {
                // The lock is still ours, and nothing in these files counts yet.
                let _ = fs::remove_file(&paths.cube);
                let _ = fs::remove_file(&paths.journal);
            });
        }
        Self::resume(paths, &header, journal, found, claim)
    }

    /// Journal emptied → cube reserved, its header written and synced → directory synced → line 1.
    fn create(
        paths: &Paths,
        header: Header,
        mut journal: File,
        io: Option<Io>,
    ) -> Result<Self, CubeError> {
        let at_journal = |action| CubeError::io(action, &paths.journal);
        let at_cube = |action| CubeError::io(action, &paths.cube);
        journal.set_len(0).map_err(at_journal("empty"))?;
        journal.rewind().map_err(at_journal("rewind"))?;
        journal.sync_all().map_err(at_journal("sync"))?;
        checkpoint::remove(paths)?;
        match fs::remove_file(&paths.cube) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at_cube("remove")(error));
            }
            _ => {}
        }

        let needed = header.cube_bytes();
        let no_space = || CubeError::NoSpace {
            cube: paths.cube.clone(),
            needed,
            free: space::free(paths.directory()),
        };
        if space::free(paths.directory()).is_some_and(|free| free < needed) {
            return Err(no_space());
        }
        let refused = |file: &'static str, path: &Path, error: io::Error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_space(),
            _ => CubeError::io(file, path)(error),
        };
        let cube = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&paths.cube)
            .map_err(at_cube("create"))?;
        let reservation = space::reserve(&cube, needed)
            .map_err(|error| refused("reserve space for", &paths.cube, error))?;
        let lines = header.line();
        let expected_journal = lines.len() as u64 + header.shape[0].saturating_mul(LONGEST_RECORD);
        space::reserve_ahead(&journal, expected_journal)
            .map_err(|error| refused("reserve space for", &paths.journal, error))?;
        cube.write_all_at(&npy_header(&header).encode(), 0)
            .map_err(at_cube("write"))?;
        cube.sync_all().map_err(at_cube("sync"))?;
        sync_directory(paths.directory())?;
        journal
            .write_all(lines.as_bytes())
            .and_then(|()| journal.sync_all())
            .map_err(|error| refused("write", &paths.journal, error))?;

        let safe_to_map = reservation == Reservation::Reserved && space::is_local(&cube);
        Ok(Self {
            paths: paths.clone(),
            header,
            records: Vec::new(),
            reservation: Some(reservation),
            cube: CubeFile::new(cube, &paths.cube, io, safe_to_map),
            journal,
        })
    }

    /// Continues a cube whose journal begins with a valid header.
    fn resume(
        paths: &Paths,
        wanted: &Header,
        mut journal: File,
        found: Journal,
        claim: Claim,
    ) -> Result<Self, CubeError> {
        if !claim.resume && found.is_complete() {
            return Err(CubeError::Complete {
                cube: paths.cube.clone(),
            });
        }
        let header = found.sound_header(paths)?.clone();
        if !claim.resume {
            return Err(CubeError::Partial {
                cube: paths.cube.clone(),
                committed: found.records.len() as u64,
                total: header.shape[0],
            });
        }
        let differences = differences(&header, wanted);
        if !differences.is_empty() {
            return Err(CubeError::OtherParameters {
                cube: paths.cube.clone(),
                differences,
            });
        }
        let cube = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&paths.cube)
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => CubeError::DoesNotMatch {
                    cube: paths.cube.clone(),
                    reason: "it is gone".to_owned(),
                },
                _ => CubeError::io("open", &paths.cube)(error),
            })?;
        matches_journal(&cube, &header, &paths.cube)?;
        // Cut off the torn last line, so that the next one begins a line.
        journal
            .set_len(found.valid_bytes)
            .and_then(|()| journal.seek(SeekFrom::End(0)))
            .and_then(|_| journal.sync_all())
            .map_err(CubeError::io("cut the torn last line of", &paths.journal))?;
        let safe_to_map = space::is_local(&cube) && space::is_dense(&cube);
        Ok(Self {
            paths: paths.clone(),
            header,
            records: found.records,
            reservation: None,
            cube: CubeFile::new(cube, &paths.cube, claim.io, safe_to_map),
            journal,
        })
    }

    /// How snapshots reach the file.
    #[must_use]
    pub fn io(&self) -> Io {
        self.cube.io
    }

    /// Whether every snapshot is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.records.len() as u64 == self.header.shape[0]
    }

    /// Reads the last committed snapshot into `bytes`, and believes it only if its digest is the
    /// journal's; `None` when nothing is committed yet.
    ///
    /// # Errors
    /// [`CubeError::DamagedSnapshot`], [`CubeError::Io`].
    pub fn last(&self, bytes: &mut [u8]) -> Result<Option<&Record>, CubeError> {
        let Some(record) = self.records.last() else {
            return Ok(None);
        };
        self.cube.read(self.header.offset_of(record.index), bytes)?;
        if digest::of_bytes(bytes) != record.sha256 {
            return Err(CubeError::DamagedSnapshot {
                cube: self.paths.cube.clone(),
                index: record.index,
            });
        }
        Ok(Some(record))
    }

    /// Appends records to the journal and syncs it: from here on they count.
    pub(super) fn list(&mut self, records: Vec<Record>) -> Result<(), CubeError> {
        let lines: String = records
            .iter()
            .map(|record| record.line(&self.header.run_id))
            .collect();
        self.journal
            .write_all(lines.as_bytes())
            .map_err(CubeError::io("write", &self.paths.journal))?;
        self.journal
            .sync_data()
            .map_err(CubeError::io("sync", &self.paths.journal))?;
        self.records.extend(records);
        Ok(())
    }
}

impl CubeFile {
    fn new(file: File, path: &Path, wanted: Option<Io>, safe_to_map: bool) -> Arc<Self> {
        let best = if safe_to_map { Io::Map } else { Io::Write };
        Arc::new(Self {
            file,
            path: path.to_owned(),
            io: wanted.unwrap_or(best),
        })
    }

    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.file
            .read_exact_at(bytes, offset)
            .map_err(CubeError::io("read", &self.path))
    }

    /// Puts `bytes` into the file at `offset`; durable only after [`sync`](Self::sync).
    pub(super) fn place(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        match self.io {
            Io::Map => {
                map::write(&self.file, offset, bytes.len())?.copy_from_slice(bytes);
                Ok(())
            }
            Io::Write => self.file.write_all_at(bytes, offset),
        }
    }

    /// Makes a range of the file durable and lets go of the memory that caches it.
    pub(super) fn sync(&self, mut range: Range<u64>) -> io::Result<()> {
        /// Address space mapped at once: a limit on the process must not be hit by a large snapshot.
        const PIECE: u64 = 64 << 20;
        let whole = range.clone();
        while self.io == Io::Map && !range.is_empty() {
            let piece = PIECE.min(range.end - range.start);
            #[expect(clippy::cast_possible_truncation, reason = "at most PIECE")]
            map::write(&self.file, range.start, piece as usize)?.flush()?;
            range.start += piece;
        }
        self.file.sync_data()?;
        space::drop_cache(&self.file, whole);
        Ok(())
    }
}

/// Bytes that a line of the journal may need, generously.
const LONGEST_RECORD: u64 = 320;

fn npy_header(header: &Header) -> NpyHeader {
    let dtype = match header.params.precision {
        Precision::F64 => Dtype::F64,
        Precision::F32 => Dtype::F32,
    };
    NpyHeader::of_cube(header.shape, dtype)
}

/// Opens and locks the journal, creating an empty one where neither it nor the cube exists.
fn open_journal(paths: &Paths, no_lock: bool) -> Result<File, CubeError> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let opened = match options.open(&paths.journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if paths.cube.exists() {
                    return Err(CubeError::Foreign {
                        cube: paths.cube.clone(),
                    });
                }
                options.create_new(true).open(&paths.journal)
            }
            opened => opened,
        };
        let journal = match opened {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened.map_err(CubeError::io("open", &paths.journal))?,
        };
        if !no_lock {
            lock::acquire(&journal, &paths.journal)?;
        }
        if lock::is_still_at(&journal, &paths.journal) {
            return Ok(journal);
        }
    }
}

/// Whether a cube beside an empty journal can be what a stopped creation left: nothing yet, zeros,
/// or a header as only we write it.
fn may_be_unborn(cube: &Path) -> bool {
    let Ok(file) = File::open(cube) else {
        return false;
    };
    let mut page = Vec::new();
    if file.take(DATA_OFFSET).read_to_end(&mut page).is_err() {
        return false;
    }
    page.iter().all(|&byte| byte == 0)
        || NpyHeader::decode(page.as_slice()).is_ok_and(|header| header.data_offset == DATA_OFFSET)
}

/// Refuses a cube that is not the one its journal describes.
pub(super) fn matches_journal(cube: &File, header: &Header, path: &Path) -> Result<(), CubeError> {
    let does_not_match = |reason: String| CubeError::DoesNotMatch {
        cube: path.to_owned(),
        reason,
    };
    #[expect(clippy::cast_possible_truncation, reason = "one page")]
    let mut page = [0; DATA_OFFSET as usize];
    cube.read_exact_at(&mut page, 0)
        .map_err(|_| does_not_match("it has no header".to_owned()))?;
    let found =
        NpyHeader::decode(page.as_slice()).map_err(|error| does_not_match(error.to_string()))?;
    if found != npy_header(header) {
        return Err(does_not_match(format!(
            "its header says {} {:?}, the journal {} {:?}",
            found.dtype, found.shape, header.dtype, header.shape
        )));
    }
    let bytes = cube
        .metadata()
        .map_err(CubeError::io("examine", path))?
        .len();
    if bytes != header.cube_bytes() {
        return Err(does_not_match(format!(
            "it has {bytes} bytes, the journal says {}",
            header.cube_bytes()
        )));
    }
    Ok(())
}

/// `D was 1.0 and is 2.0, …` for everything that decides bits; empty when they agree.
fn differences(old: &Header, new: &Header) -> String {
    let flat = |header: &Header| -> Vec<(String, Value)> {
        let Header { params, inputs, .. } = header;
        let [params, inputs] = [serde_json::to_value(params), serde_json::to_value(inputs)].map(
            |object| match object {
                Ok(Value::Object(map)) => map,
                _ => serde_json::Map::new(),
            },
        );
        params.into_iter().chain(inputs).collect()
    };
    let (old, new) = (flat(old), flat(new));
    let lookup = |of: &[(String, Value)], key: &str| {
        of.iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone())
    };
    let shown =
        |value: Option<Value>| value.map_or_else(|| "absent".to_owned(), |value| value.to_string());
    let mut keys: Vec<&str> = old
        .iter()
        .chain(&new)
        .map(|(key, _)| key.as_str())
        .collect();
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert(*key) && !WITHOUT_EFFECT_ON_BITS.contains(key));
    keys.into_iter()
        .map(|key| (key, lookup(&old, key), lookup(&new, key)))
        .filter(|(_, was, is)| was != is)
        .map(|(key, was, is)| format!("{key} was {} and is {}", shown(was), shown(is)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Makes names of files durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), CubeError> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(CubeError::io("sync the directory", directory))
}
