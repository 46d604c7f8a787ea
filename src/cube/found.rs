//! Identifies what lies under the names of a cube: its journal, another array, the remains of a stopped creation, or
//! nothing.

use super::{
    error::CubeError,
    journal::{Commit, Commits, Header, Journal, JournalError},
    paths::Paths,
};
use diff2d_arrays::npy::{DATA_OFFSET, Dtype, NpyError, NpyHeader};
use diff2d_sys as sys;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Whether a file is a complete array of its own that took the name of the cube which a journal describes. A damaged
/// cube, in contrast, has the length that the journal gives, or less than its header says.
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
            found != header.npy() && !may_be_ours && found.fits(bytes).is_ok()
        })
}

/// Whether a file next to an empty journal can be the remains of a stopped creation: a header as this program writes
/// it, any sector of which may still be zero, and no data.
pub(super) fn may_be_unborn(cube: &Path) -> bool {
    const SECTOR: usize = 512;
    /// The number of data bytes that are checked for zeros. Reserved space may be of any size, so not all of it is
    /// read.
    const ENOUGH: u64 = 64 << 20;
    let Ok(mut file) = sys::open_to_read(cube) else {
        return false;
    };
    let mut page = Vec::new();
    let read = (&mut file).take(DATA_OFFSET).read_to_end(&mut page);
    let header_bytes = NpyHeader::new(Vec::new(), Dtype::F64, false).encode();
    // The text of the header fits into the first sector; the others are padding, and may be missing.
    let mut sectors = page.chunks(SECTOR);
    let first_sector = sectors.next().unwrap_or_default();
    let mut preamble = first_sector.iter().zip(&header_bytes[..10]);
    if read.is_err()
        || !(is_zero(first_sector) || preamble.all(|(byte, expected)| byte == expected))
        || !sectors.all(|sector| is_zero(sector) || sector.trim_ascii().is_empty())
    {
        return false;
    }
    let mut data = file.take(ENOUGH);
    let mut chunk = vec![0; 1 << 20];
    loop {
        match data.read(&mut chunk) {
            Ok(0) => return true,
            Ok(length) if is_zero(&chunk[..length]) => {}
            _ => return false,
        }
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// The journal next to a cube, if there is one, as it was read.
pub(super) fn find_journal(paths: &Paths) -> Result<Option<Journal>, CubeError> {
    match parse_journal(&paths.journal) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && error.get_ref().is_none() => {
            Ok(None)
        }
        journal => Ok(Some(
            journal.map_err(CubeError::io("read", &paths.journal))?,
        )),
    }
}

fn parse_journal(path: &Path) -> io::Result<Journal> {
    sys::leads_somewhere(path)?;
    Journal::read(sys::open_to_read(path)?)
}

/// Opens a file to read. If the file is missing but its journal exists, the error says so.
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
        // A run was killed while it started the cube over.
        Some(_) if journal.lists_nothing() && !is_held(&paths.journal) => {
            CubeError::Unborn { cube: paths.cube }
        }
        Some(header) => CubeError::Gone {
            committed: journal.committed.total(),
            total: header.snapshots(),
            cube: paths.cube,
            journal: paths.journal,
        },
        None => error.into(),
    })
}

/// The committed snapshots that a journal listed when it was read. They are read from the journal again, one after the
/// other.
pub(super) fn each_commit<'a>(
    path: &'a Path,
    header: &'a Header,
    first_line: u64,
    committed: u64,
) -> Result<impl Iterator<Item = Result<Commit, CubeError>> + 'a, CubeError> {
    let journal = sys::open_to_read(path).map_err(CubeError::io("open", path))?;
    let commits = Commits::new(journal, header, first_line);
    let mut commits = commits.map_err(CubeError::io("read", path))?;
    Ok((0..committed).map(move |_| match commits.next() {
        Some(commit) => commit.map_err(CubeError::io("read", path)),
        // They were there before.
        None => Err(CubeError::started_over(&path.with_extension("npy"))),
    }))
}

/// The error for a file that cannot be a cube: it is not an array, or it has no journal.
pub(super) fn not_a_cube(file: &File, path: &Path) -> CubeError {
    match NpyHeader::decode(file) {
        Ok(_) => CubeError::no_journal(path),
        Err(error) => NpyError::header(path)(error).into(),
    }
}

/// The journal next to a cube, if there is one and it can be used as it is. An empty journal beside an array with data
/// is ignored.
pub(super) fn read_journal(paths: &Paths) -> Result<Option<Journal>, CubeError> {
    let Some(journal) = find_journal(paths)? else {
        return Ok(None);
    };
    match &journal.error {
        Some(error) => Err(paths.journal_error(error.clone())),
        None if journal.holds_nothing() && paths.cube.exists() && !may_be_unborn(&paths.cube) => {
            match journal.is_blank {
                // A run has begun since the journal was read.
                true if is_held(&paths.journal) => Err(CubeError::started_over(&paths.cube)),
                true => Ok(None),
                false => Err(paths.journal_error(JournalError::Header { ours: false })),
            }
        }
        None => Ok(Some(journal)),
    }
}

/// Whether a process holds the lock on a journal.
pub(super) fn is_held(journal: &Path) -> bool {
    sys::open_to_read(journal).is_ok_and(|journal| sys::is_locked(&journal))
}
