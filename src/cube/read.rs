//! [`Cube`]: a cube with its journal, to read.
//!
//! There are two ways to open a cube. [`Cube`] is the result of a run: it must have a journal, and gives the snapshots,
//! their records and whether they are undamaged. A [`JournalledArray`](super::JournalledArray) is the input of an
//! analysis: any array; the journal, if there is one, says how much of it is data.

use super::{
    blocks::nans,
    digest::{self, BLOCK, BlockDigest},
    error::CubeError,
    file::matches_journal,
    found::{each_record, find_journal, not_a_cube, read_journal},
    journal::{Committed, Header, Record, Scenario, Slot},
    one_run,
    paths::Paths,
};
use diff2d_arrays::npy::Number;
use diff2d_arrays::progress::Progress;
use diff2d_sys::FileExt;
use ndarray::Array2;
use rayon::prelude::*;
use std::{borrow::Cow, fs::File, io, path::Path};

/// A cube with its journal, to read.
///
/// It has the snapshots that were committed when it was opened, even if the run goes on.
#[derive(Debug)]
pub struct Cube {
    header: Header,
    records: Vec<Record>,
    committed: Committed,
    /// Bytes of line 1 of the journal.
    first_line: u64,
    file: File,
    paths: Paths,
}

impl Cube {
    /// Opens a cube and reads its journal.
    ///
    /// # Errors
    /// [`CubeError::NoJournal`]; [`CubeError::Unborn`] if its run was stopped before line 1 of the journal was written;
    /// other errors if the journal is damaged or does not match the cube.
    pub fn open(cube: &Path) -> Result<Self, CubeError> {
        let (file, (paths, journal, header)) = one_run::open(cube, |file| {
            let Ok(paths) = Paths::of_existing(cube) else {
                return Err(not_a_cube(file, cube));
            };
            let journal = read_journal(&paths)?.ok_or_else(|| CubeError::NoJournal {
                cube: cube.to_owned(),
            })?;
            let header = journal.header.clone().ok_or_else(|| CubeError::Unborn {
                cube: cube.to_owned(),
            })?;
            matches_journal(file, &header, cube)?;
            Ok((paths, journal, header))
        })?;
        Ok(Self {
            header,
            records: journal.records,
            committed: journal.committed,
            first_line: journal.first_line,
            file,
            paths,
        })
    }

    /// Line 1 of the journal.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The names of the cube's files.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The committed snapshots of a run, in the order of time; empty for a sweep, whose records
    /// [`each_record`](Self::each_record) reads from the journal.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The committed snapshots of a run or a sweep, in the order of their commits, read from the journal
    /// one after the other.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be read; the items are errors where it cannot be read
    /// on.
    pub fn each_record(
        &self,
    ) -> Result<impl Iterator<Item = Result<Record, CubeError>>, CubeError> {
        each_record(
            &self.paths.journal,
            &self.header,
            self.first_line,
            self.committed(),
        )
    }

    /// The number of committed snapshots.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.committed.total()
    }

    /// The run that made the cube, with its parameters and grid; `None` for a sweep.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        self.header.run()
    }

    /// All scenarios of a sweep, or the only scenario of a run.
    pub fn scenarios(&self) -> impl Iterator<Item = Cow<'_, Scenario>> {
        self.header.scenarios()
    }

    /// Whether every snapshot is committed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.committed() == self.header.snapshots()
    }

    /// The simulated times of the committed snapshots of a run, as [`records`](Self::records) \[time\].
    #[must_use]
    pub fn times(&self) -> Vec<f64> {
        self.records.iter().map(|record| record.simtime).collect()
    }

    /// The coordinates of the nodes along y and x \[length\]; `None` for a sweep, or if this program derives another
    /// grid from the parameters.
    #[must_use]
    pub fn nodes(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let grid = self.run()?.grid()?;
        Some((grid.y.coordinates(), grid.x.coordinates()))
    }

    /// A committed snapshot in double precision: of a run by its index, of a sweep by its [`Slot`].
    ///
    /// Shape: `(ny, nx)`.
    ///
    /// # Errors
    /// [`CubeError::NotCommitted`], or [`CubeError::Io`] when the cube cannot be read.
    pub fn snapshot(&self, slot: impl Into<Slot>) -> Result<Array2<f64>, CubeError> {
        let slot = slot.into();
        self.is_committed(slot)?;
        let [.., ny, nx] = self.header.shape()[..] else {
            unreachable!("the shape of a cube has three axes or more")
        };
        let too_large =
            || CubeError::io("read", &self.paths.cube)(io::ErrorKind::OutOfMemory.into());
        let lengths = [ny, nx, self.header.snapshot_bytes()].map(usize::try_from);
        let [Ok(ny), Ok(nx), Ok(length)] = lengths else {
            return Err(too_large());
        };
        let mut bytes = vec![0; length];
        self.read(self.header.offset_of(slot), &mut bytes)?;
        let mut values = vec![0.0; ny * nx];
        f64::decode(self.header.dtype, &bytes, &mut values);
        Array2::from_shape_vec((ny, nx), values).map_err(|_| too_large())
    }

    /// Whether a committed snapshot still has the digest of its record.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn verify(&self, slot: impl Into<Slot>) -> Result<bool, CubeError> {
        let slot = slot.into();
        self.is_committed(slot)?;
        let mut records = self.each_record()?;
        let record = records.find(|record| !matches!(record, Ok(record) if record.slot() != slot));
        let damaged = self.damaged_of(record.into_iter(), &Progress::default())?;
        Ok(damaged.is_empty())
    }

    /// The committed snapshots that no longer match their digests, in the order of the journal, and in a sweep also the
    /// places behind the last snapshot of a scenario that are no longer NaN. The number of bytes read is added to
    /// `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the cube cannot be read.
    pub fn damaged(&self, progress: &Progress) -> Result<Vec<Slot>, CubeError> {
        let mut damaged = self.damaged_of(self.each_record()?, progress)?;
        let begun = (0..self.header.scenario_count()).filter(|&one| self.committed.of(one) > 0);
        damaged.extend(self.bytes().unpadded(begun)?);
        Ok(damaged)
    }

    fn damaged_of(
        &self,
        records: impl Iterator<Item = Result<Record, CubeError>>,
        progress: &Progress,
    ) -> Result<Vec<Slot>, CubeError> {
        let mut slots = Vec::new();
        self.bytes()
            .damaged(records, progress, |record| slots.push(record.slot()))?;
        Ok(slots)
    }

    fn bytes(&self) -> CubeBytes<'_> {
        CubeBytes {
            header: &self.header,
            file: &self.file,
            path: &self.paths.cube,
        }
    }

    fn is_committed(&self, slot: Slot) -> Result<(), CubeError> {
        let of_its_kind = slot.scenario.is_some() == self.header.is_sweep();
        if of_its_kind && slot.index < self.committed.of(slot.scenario()) {
            return Ok(());
        }
        Err(CubeError::NotCommitted {
            cube: self.paths.cube.clone(),
            snapshot: slot,
        })
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
}

/// The number of records in memory while many snapshots are verified.
const AT_A_TIME: usize = 1024;

/// The bytes of a cube, to be compared with its journal.
#[derive(Clone, Copy)]
pub(super) struct CubeBytes<'a> {
    pub header: &'a Header,
    pub file: &'a File,
    pub path: &'a Path,
}

impl CubeBytes<'_> {
    /// Passes the records of damaged snapshots on, in order. A thread needs the memory of one block, however large a
    /// snapshot is.
    pub fn damaged(
        self,
        mut records: impl Iterator<Item = Result<Record, CubeError>>,
        progress: &Progress,
        mut take: impl FnMut(Record),
    ) -> Result<(), CubeError> {
        loop {
            let records: Vec<Record> =
                records.by_ref().take(AT_A_TIME).collect::<Result<_, _>>()?;
            if records.is_empty() {
                return Ok(());
            }
            let verdicts: Vec<(Record, bool)> = records
                .into_par_iter()
                .map(|record| {
                    let is_damaged = self.is_damaged(&record, progress)?;
                    Ok((record, is_damaged))
                })
                .collect::<io::Result<_>>()
                .map_err(CubeError::io("read", self.path))?;
            let damaged = verdicts.into_iter().filter(|(_, is_damaged)| *is_damaged);
            damaged.for_each(|(record, _)| take(record));
        }
    }

    /// Whether the bytes of a snapshot in the cube differ from its record.
    fn is_damaged(self, record: &Record, progress: &Progress) -> io::Result<bool> {
        let block_count = self.header.snapshot_bytes().div_ceil(BLOCK as u64);
        let digests: Vec<BlockDigest> = (0..block_count)
            .into_par_iter()
            .map_init(Vec::new, |buffer, number| {
                self.hash(record, number, buffer, progress)
            })
            .collect::<io::Result<_>>()?;
        Ok(digest::of_blocks(&digests) != record.sha256)
    }

    /// Reads a block of a snapshot into the buffer, and returns its digest.
    fn hash(
        self,
        record: &Record,
        number: u64,
        buffer: &mut Vec<u8>,
        progress: &Progress,
    ) -> io::Result<BlockDigest> {
        let start = number * BLOCK as u64;
        let bytes_left = self.header.snapshot_bytes() - start;
        #[expect(clippy::cast_possible_truncation, reason = "at most BLOCK")]
        buffer.resize(bytes_left.min(BLOCK as u64) as usize, 0);
        let offset = self.header.offset_of(record.slot());
        self.file.read_exact_at(buffer, offset + start)?;
        progress.add(buffer.len() as u64);
        Ok(digest::of_block(buffer))
    }

    /// The places behind the last snapshot of a scenario that are not NaN. Only scenarios with a committed snapshot are
    /// checked: their places are filled before that commit.
    pub fn unpadded(
        self,
        scenarios: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<Slot>, CubeError> {
        let Self { header, file, path } = self;
        let snapshot_bytes = header.snapshot_bytes();
        let (mut block, mut unpadded_slots) = (Vec::new(), Vec::new());
        for number in scenarios {
            for index in header.snapshots_of(number)..header.snapshots_each() {
                let scenario = Some(number);
                let slot = Slot { scenario, index };
                for at in (0..snapshot_bytes).step_by(BLOCK) {
                    let nan = nans(header, snapshot_bytes - at);
                    block.resize(nan.len(), 0);
                    file.read_exact_at(&mut block, header.offset_of(slot) + at)
                        .map_err(CubeError::io("read", path))?;
                    if block != nan {
                        unpadded_slots.push(slot);
                        break;
                    }
                }
            }
        }
        Ok(unpadded_slots)
    }
}

/// The run id of a cube, if its journal has line 1.
#[must_use]
pub fn begun_by(paths: &Paths) -> Option<String> {
    let journal = find_journal(paths).ok()??;
    Some(journal.header?.run_id)
}
