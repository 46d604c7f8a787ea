//! The cube's file while it is written, by several threads at once.

use super::{
    error::CubeError,
    journal::{Header, Journal, JournalError, Record, Records},
    paths::Paths,
};
use diff2d_arrays::npy::{DATA_OFFSET, Dtype, NpyError, NpyHeader};
use diff2d_sys::{self as sys, FileExt};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read},
    ops::Range,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// How snapshots reach the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Io {
    /// Through a memory map. Each of its pages costs a fault, and a sync has to look for the dirty
    /// ones: half the speed of writes, or less.
    Map,
    /// By positional writes.
    Write,
    /// By positional writes of one rank, to which the others send theirs.
    Single,
}

impl fmt::Display for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Map => "map",
            Self::Write => "write",
            Self::Single => "single",
        })
    }
}

/// The cube's file, into which several threads place blocks.
#[derive(Debug)]
pub struct CubeFile {
    file: File,
    /// Its name.
    pub path: PathBuf,
    pub(super) io: Io,
    /// Bytes of the whole cube.
    bytes: u64,
    /// Whether line 1 of its journal is synced, once that is known.
    begun: OnceLock<bool>,
}

impl CubeFile {
    /// That of a cube whose journal has line 1.
    pub(super) fn begun(file: File, path: &Path, bytes: u64, io: Io) -> Self {
        let cube = Self::unborn(file, path, bytes, io);
        cube.set_begun(true);
        cube
    }

    /// That of a cube whose journal is still empty.
    pub(super) fn unborn(file: File, path: &Path, bytes: u64, io: Io) -> Self {
        Self {
            file,
            bytes,
            path: path.to_owned(),
            io,
            begun: OnceLock::new(),
        }
    }

    /// Line 1 of the journal is synced, or cannot be.
    pub(super) fn set_begun(&self, has_begun: bool) {
        let _ = self.begun.set(has_begun);
    }

    /// Whether line 1 of the journal is synced.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.get() == Some(&true)
    }

    /// Opens a cube that another process owns, to write into it with its consent. The journal beside it
    /// must be the one that begins with `header`: on a machine that does not share the owner's directory
    /// another cube may bear the name.
    ///
    /// # Errors
    /// When it is not there, or not the one that `header` describes.
    pub fn open(paths: &Paths, header: &Header, io: Io) -> Result<Self, CubeError> {
        let path = &paths.cube;
        let found = find_journal(paths)?.and_then(|journal| journal.header);
        match found {
            Some(found) if found.run_id == header.run_id => {}
            _ => return Err(CubeError::DoesNotMatch {
                cube: path.clone(),
                reason: "this rank sees another file of that name than rank 0: the directory must be one that all machines share".to_owned(),
            }),
        }
        let file = open_to_write(path)?;
        matches_journal(&file, header, path)?;
        Ok(Self::begun(file, path, header.cube_bytes(), io))
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Reads the bytes from `offset` on.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        self.file
            .read_exact_at(bytes, offset)
            .map_err(CubeError::io("read", &self.path))
    }

    /// Waits for line 1 of the journal: data beside an empty one would be a foreign file after a crash.
    pub(super) fn wait_until_begun(&self) -> io::Result<()> {
        match self.begun.wait() {
            true => Ok(()),
            false => Err(io::Error::other("its journal could not be written")),
        }
    }

    /// Puts `bytes` into the file at `offset`, once it has begun; durable only after [`sync`](Self::sync).
    pub(super) fn place(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.wait_until_begun()?;
        self.is_whole()?;
        match self.io {
            Io::Map => sys::write_through_map(&self.file, offset, bytes),
            Io::Write | Io::Single => {
                self.file.write_all_at(bytes, offset)?;
                // The disk begins now, and a sync has little more to do than to wait.
                sys::drop_cached(&self.file, offset..offset + bytes.len() as u64);
                Ok(())
            }
        }
    }

    /// Makes ranges of the file durable and lets go of the memory that caches them.
    pub(super) fn sync(&self, ranges: &[Range<u64>]) -> io::Result<()> {
        if self.io == Io::Map {
            for range in ranges {
                sys::sync_map(&self.file, range.clone())?;
            }
        }
        self.file.sync_data()?;
        for range in ranges {
            sys::drop_cached(&self.file, range.clone());
        }
        self.is_whole()
    }

    /// Writing to a file that somebody cuts would make it long again, with holes for its snapshots.
    fn is_whole(&self) -> io::Result<()> {
        let found = self.file.metadata()?.len();
        if found >= self.bytes {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "it has become shorter while in use ({found} of {} bytes): `diff2d verify` tells what is left",
            self.bytes
        )))
    }
}

/// The header of the cube that a journal describes.
pub(super) fn npy_header(header: &Header) -> NpyHeader {
    NpyHeader::new(header.shape(), header.dtype, false)
}

/// Refuses a cube that is not the one its journal describes.
pub(super) fn matches_journal(cube: &File, header: &Header, path: &Path) -> Result<(), CubeError> {
    let bytes = cube
        .metadata()
        .map_err(CubeError::io("examine", path))?
        .len();
    let longest = header.as_begun().as_ref().unwrap_or(header).cube_bytes();
    let way_out = match bytes > longest {
        true => "--force starts the run over".to_owned(),
        false => format!(
            "`diff2d repair {}` keeps the snapshots that are whole and computes the others again",
            path.display()
        ),
    };
    let does_not_match = |reason: String| CubeError::DoesNotMatch {
        cube: path.to_owned(),
        reason: format!("{reason}; {way_out}"),
    };
    #[expect(clippy::cast_possible_truncation, reason = "one page")]
    let mut page = [0; DATA_OFFSET as usize];
    cube.read_exact_at(&mut page, 0)
        .map_err(|_| does_not_match("it has no header".to_owned()))?;
    let found =
        NpyHeader::decode(page.as_slice()).map_err(|error| does_not_match(error.to_string()))?;
    // A run that has ended early may not have shortened it yet: first its header, then the file.
    let begun = header.as_begun();
    let described = match &begun {
        Some(begun) if found == npy_header(begun) => begun,
        _ => header,
    };
    if found != npy_header(described) {
        return Err(does_not_match(format!(
            "its header says {} {:?}, the journal {} {:?}",
            found.dtype,
            found.shape,
            header.dtype,
            header.shape()
        )));
    }
    if page.as_slice() != npy_header(described).encode() {
        return Err(does_not_match(
            "a byte of its header has changed".to_owned(),
        ));
    }
    if !(header.cube_bytes()..=longest).contains(&bytes) {
        return Err(does_not_match(format!(
            "it has {bytes} bytes, the journal says {}",
            header.cube_bytes()
        )));
    }
    Ok(())
}

/// Shortens the cube of a run that has ended early to its committed snapshots, as its journal says: first the header, then
/// the file, so that what numpy.load finds are snapshots at any moment. What a kill leaves undone is done by the next
/// command that opens the cube to write.
pub(super) fn shorten(cube: &File, header: &Header) -> io::Result<()> {
    let is_short = cube.metadata()?.len() == header.cube_bytes();
    if header.as_begun().is_none() || is_short {
        return Ok(());
    }
    cube.write_all_at(&npy_header(header).encode(), 0)?;
    cube.sync_data()?;
    cube.set_len(header.cube_bytes())?;
    cube.sync_all()
}

/// Opens the file of a cube to read and write.
pub(super) fn open_to_write(cube: &Path) -> Result<File, CubeError> {
    sys::open_file(OpenOptions::new().read(true).write(true), cube)
        .map_err(CubeError::io("open", cube))
}

/// Whether a file is a whole array of its own, which took the name of the cube that a journal
/// describes: a cube that was damaged has the journal's length, or less than its header says.
pub(super) fn is_another_array(path: &Path, header: &Header) -> bool {
    let Ok(file) = sys::open_to_read(path) else {
        return false;
    };
    let mut page = Vec::new();
    let read = (&file).take(DATA_OFFSET).read_to_end(&mut page);
    let bytes = file.metadata().map_or(0, |status| status.len());
    read.is_ok()
        && bytes != header.cube_bytes()
        && NpyHeader::decode(page.as_slice()).is_ok_and(|found| {
            let may_be_ours = found.dtype == header.dtype && header.may_have_left(&found.shape);
            found != npy_header(header) && !may_be_ours && found.fits(bytes).is_ok()
        })
}

/// Whether a file next to an empty journal can be what a stopped creation left: a header as this program
/// writes it, of which any sector may still be zero, and no data.
pub(super) fn may_be_unborn(cube: &Path) -> bool {
    const SECTOR: usize = 512;
    /// Bytes of data that are looked at: reserved space may be of any size.
    const ENOUGH: u64 = 64 << 20;
    let Ok(mut file) = sys::open_to_read(cube) else {
        return false;
    };
    let mut page = Vec::new();
    let read = (&mut file).take(DATA_OFFSET).read_to_end(&mut page);
    let ours = NpyHeader::new(Vec::new(), Dtype::F64, false).encode();
    let is_zero = |sector: &[u8]| sector.iter().all(|&byte| byte == 0);
    // The text of the header fits into the first sector; the others are padding, and may be missing.
    let mut sectors = page.chunks(SECTOR);
    let first = sectors.next().unwrap_or_default();
    let mut before_text = first.iter().zip(&ours[..10]);
    if read.is_err()
        || !(is_zero(first) || before_text.all(|(found, ours)| found == ours))
        || !sectors.all(|sector| is_zero(sector) || sector.trim_ascii().is_empty())
    {
        return false;
    }
    let mut data = file.take(ENOUGH);
    let mut chunk = vec![0; 1 << 20];
    loop {
        match data.read(&mut chunk) {
            Ok(0) => return true,
            Ok(some) if is_zero(&chunk[..some]) => {}
            _ => return false,
        }
    }
}

/// What the journal next to a cube says, if there is one.
pub(super) fn find_journal(paths: &Paths) -> Result<Option<Journal>, CubeError> {
    let read = || -> io::Result<Journal> {
        sys::leads_somewhere(&paths.journal)?;
        Journal::read(sys::open_to_read(&paths.journal)?)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && error.get_ref().is_none() => {
            Ok(None)
        }
        read => Ok(Some(read.map_err(CubeError::io("read", &paths.journal))?)),
    }
}

/// A file that was opened to read. Where it is gone and its journal is there, that is the error.
pub(super) fn open_beside_journal(
    cube: &Path,
    opened: Result<File, NpyError>,
) -> Result<File, CubeError> {
    let Err(error) = opened else {
        return Ok(opened?);
    };
    let is_gone = cube.try_exists().is_ok_and(|exists| !exists);
    let paths = Paths::of(cube).ok().filter(|_| is_gone);
    let journal = paths.and_then(|paths| Some((read_journal(&paths).ok()??, paths)));
    let Some((journal, paths)) = journal else {
        return Err(error.into());
    };
    Err(match &journal.header {
        Some(header) => CubeError::Gone {
            committed: journal.committed.total(),
            total: header.snapshots(),
            cube: paths.cube,
            journal: paths.journal,
        },
        None => error.into(),
    })
}

/// The committed snapshots that a journal listed when it was read, read from it again one after the other.
pub(super) fn each_record<'a>(
    path: &'a Path,
    header: &'a Header,
    (first_line, committed): (u64, u64),
) -> Result<impl Iterator<Item = Result<Record, CubeError>> + 'a, CubeError> {
    let journal = sys::open_to_read(path).map_err(CubeError::io("open", path))?;
    let records = Records::new(journal, header, first_line);
    let mut records = records.map_err(CubeError::io("read", path))?;
    Ok((0..committed).map(move |_| match records.next() {
        Some(record) => record.map_err(CubeError::io("read", path)),
        // They were there before.
        None => Err(CubeError::started_over(&path.with_extension("npy"))),
    }))
}

/// The error for a file that has no name of a cube: it is no array, or it has no journal.
pub(super) fn not_a_cube(file: &File, path: &Path) -> CubeError {
    match NpyHeader::decode(file) {
        Ok(_) => CubeError::NoJournal {
            cube: path.to_owned(),
        },
        Err(error) => NpyError::header(path)(error).into(),
    }
}

/// The journal next to a cube, if there is one and it can be used as it is. An empty one beside an array
/// that holds something is none.
pub(super) fn read_journal(paths: &Paths) -> Result<Option<Journal>, CubeError> {
    let Some(journal) = find_journal(paths)? else {
        return Ok(None);
    };
    let is_beside_another = || paths.cube.exists() && !may_be_unborn(&paths.cube);
    match &journal.error {
        Some(error) => Err(paths.journal_error(error.clone())),
        None if journal.holds_nothing() && is_beside_another() => match journal.is_blank {
            // A run has begun since the journal was read.
            true if is_held(&paths.journal) => Err(CubeError::started_over(&paths.cube)),
            true => Ok(None),
            false => Err(paths.journal_error(JournalError::Header { ours: false })),
        },
        None => Ok(Some(journal)),
    }
}

/// Whether a process holds the lock on a journal.
pub(super) fn is_held(journal: &Path) -> bool {
    sys::open_to_read(journal).is_ok_and(|journal| sys::is_locked(&journal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{thread, time::Duration};

    #[test]
    fn bytes_wait_for_line_1_of_the_journal() {
        let unborn = || {
            let file = tempfile::tempfile().unwrap();
            file.set_len(8).unwrap();
            CubeFile::unborn(file, Path::new("c.npy"), 8, Io::Write)
        };
        let cube = unborn();
        thread::scope(|scope| {
            let placed = scope.spawn(|| cube.place(0, &[1; 8]));
            thread::sleep(Duration::from_millis(20));
            assert!(!placed.is_finished());
            cube.set_begun(true);
            placed.join().unwrap().unwrap();
        });
        let mut bytes = [0; 8];
        cube.read(0, &mut bytes).unwrap();
        assert_eq!(bytes, [1; 8]);

        let cube = unborn();
        cube.set_begun(false);
        assert!(cube.place(0, &[1; 8]).is_err());
        cube.read(0, &mut bytes).unwrap();
        assert_eq!(bytes, [0; 8]);
    }
}
