//! [`Cube`]: a cube with its journal, to read.
//!
//! There are two ways to open a cube. [`Cube`] is the result of a run: it must have a journal, and gives the snapshots,
//! their commits and whether they are undamaged. A [`JournalledArray`](super::JournalledArray) is the input of an
//! analysis: any array; the journal, if there is one, says how much of it is data.

use super::{
    blocks::nans,
    digest::{self, BLOCK, BlockDigest},
    error::CubeError,
    file::{is_of_ended_run, matches_journal},
    found::{each_commit, find_journal, not_a_cube, read_journal},
    journal::{Commit, Committed, Header, Scenario, SnapshotId},
    one_run,
    paths::Paths,
    recorded_inputs::RecordedInputs,
};
use crate::problem::Problem;
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
    commits: Vec<Commit>,
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
    /// [`CubeError::Unborn`] if its run was stopped before line 1 of the journal was written; other errors if there is no
    /// journal, or if it is damaged or does not match the cube.
    pub fn open(cube: &Path) -> Result<Self, CubeError> {
        let (file, (paths, journal, header)) = one_run::open(cube, |file| {
            let Ok(paths) = Paths::of_existing(cube) else {
                return Err(not_a_cube(file, cube));
            };
            let journal = read_journal(&paths)?.ok_or_else(|| CubeError::no_journal(cube))?;
            let header = journal.header.clone().ok_or_else(|| CubeError::Unborn {
                cube: cube.to_owned(),
            })?;
            if !(journal.lists_nothing() && is_of_ended_run(file, &header)) {
                matches_journal(file, &header, cube)?;
            }
            Ok((paths, journal, header))
        })?;
        Ok(Self {
            header,
            commits: journal.commits,
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

    /// The input files of the run or the sweep.
    #[must_use]
    pub fn inputs(&self) -> RecordedInputs<'_> {
        RecordedInputs::of(&self.header, &self.paths)
    }

    /// Whether the cube is that of a run of a problem, wherever the input files of both lie.
    #[must_use]
    pub fn is_of(&self, problem: &Problem) -> bool {
        let [own, begun] = [Header::of_run(problem).ok(), Some(self.header.clone())]
            .map(|header| header.map(|header| header.beside(&self.paths)));
        own.zip(begun)
            .is_some_and(|(own, begun)| own.differences_from(&begun).is_empty())
    }

    /// The committed snapshots of a run, in the order of time; empty for a sweep, whose commits
    /// [`each_commit`](Self::each_commit) reads from the journal.
    #[must_use]
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }

    /// The committed snapshots of a run or a sweep, in the order of their commits, read from the journal
    /// one after the other.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be read; the items are errors where it cannot be read
    /// on.
    pub fn each_commit(
        &self,
    ) -> Result<impl Iterator<Item = Result<Commit, CubeError>>, CubeError> {
        each_commit(
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

    /// The simulated times of the committed snapshots of a run, as [`commits`](Self::commits) \[time\].
    #[must_use]
    pub fn times(&self) -> Vec<f64> {
        self.commits.iter().map(|commit| commit.simtime).collect()
    }

    /// The coordinates of the nodes along y and x \[length\]; `None` for a sweep, or if this program derives another
    /// grid from the parameters.
    #[must_use]
    pub fn nodes(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let grid = self.run()?.grid()?;
        Some((grid.y.coordinates(), grid.x.coordinates()))
    }

    /// A committed snapshot in double precision: of a run by its index, of a sweep by its [`SnapshotId`].
    ///
    /// Shape: `(ny, nx)`.
    ///
    /// # Errors
    /// [`CubeError`] if it is not committed; [`CubeError::Io`] when the cube cannot be read.
    pub fn snapshot(&self, id: impl Into<SnapshotId>) -> Result<Array2<f64>, CubeError> {
        let id = id.into();
        self.is_committed(id)?;
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
        self.read(self.header.offset_of(id), &mut bytes)?;
        let mut values = vec![0.0; ny * nx];
        f64::decode(self.header.dtype, &bytes, &mut values);
        Array2::from_shape_vec((ny, nx), values).map_err(|_| too_large())
    }

    /// Whether a committed snapshot still has the digest of its commit.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn verify(&self, id: impl Into<SnapshotId>) -> Result<bool, CubeError> {
        let id = id.into();
        self.is_committed(id)?;
        let mut commits = self.each_commit()?;
        let commit = commits.find(|commit| !matches!(commit, Ok(commit) if commit.id() != id));
        let damaged = self.damaged_of(commit.into_iter(), &Progress::default())?;
        Ok(damaged.is_empty())
    }

    /// The committed snapshots that no longer match their digests, in the order of the journal, and in a sweep also the
    /// places behind the last snapshot of a scenario that are no longer NaN. The number of bytes read is added to
    /// `progress`.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the cube cannot be read.
    pub fn damaged(&self, progress: &Progress) -> Result<Vec<SnapshotId>, CubeError> {
        let mut damaged = self.damaged_of(self.each_commit()?, progress)?;
        let begun = (0..self.header.scenario_count()).filter(|&one| self.committed.of(one) > 0);
        damaged.extend(self.bytes().unpadded(begun)?);
        Ok(damaged)
    }

    fn damaged_of(
        &self,
        commits: impl Iterator<Item = Result<Commit, CubeError>>,
        progress: &Progress,
    ) -> Result<Vec<SnapshotId>, CubeError> {
        let mut ids = Vec::new();
        self.bytes()
            .damaged(commits, progress, |commit| ids.push(commit.id()))?;
        Ok(ids)
    }

    fn bytes(&self) -> CubeBytes<'_> {
        CubeBytes {
            header: &self.header,
            file: &self.file,
            path: &self.paths.cube,
        }
    }

    fn is_committed(&self, id: SnapshotId) -> Result<(), CubeError> {
        let of_its_kind = id.scenario.is_some() == self.header.is_sweep();
        if of_its_kind && id.index < self.committed.of(id.scenario()) {
            return Ok(());
        }
        Err(CubeError::not_committed(&self.paths.cube, id))
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

/// The number of commits in memory while many snapshots are verified.
const AT_A_TIME: usize = 1024;

/// The bytes of a cube, to be compared with its journal.
#[derive(Clone, Copy)]
pub(super) struct CubeBytes<'a> {
    pub header: &'a Header,
    pub file: &'a File,
    pub path: &'a Path,
}

impl CubeBytes<'_> {
    /// Passes the commits of damaged snapshots on, in order. A thread needs the memory of one block, however large a
    /// snapshot is.
    pub fn damaged(
        self,
        mut commits: impl Iterator<Item = Result<Commit, CubeError>>,
        progress: &Progress,
        mut take: impl FnMut(Commit),
    ) -> Result<(), CubeError> {
        loop {
            let commits: Vec<Commit> =
                commits.by_ref().take(AT_A_TIME).collect::<Result<_, _>>()?;
            if commits.is_empty() {
                return Ok(());
            }
            let verdicts: Vec<(Commit, bool)> = commits
                .into_par_iter()
                .map(|commit| {
                    let is_damaged = self.is_damaged(&commit, progress)?;
                    Ok((commit, is_damaged))
                })
                .collect::<io::Result<_>>()
                .map_err(CubeError::io("read", self.path))?;
            let damaged = verdicts.into_iter().filter(|(_, is_damaged)| *is_damaged);
            damaged.for_each(|(commit, _)| take(commit));
        }
    }

    /// Whether the bytes of a snapshot in the cube differ from its commit.
    fn is_damaged(self, commit: &Commit, progress: &Progress) -> io::Result<bool> {
        let block_count = self.header.snapshot_bytes().div_ceil(BLOCK as u64);
        let digests: Vec<BlockDigest> = (0..block_count)
            .into_par_iter()
            .map_init(Vec::new, |buffer, number| {
                self.hash(commit, number, buffer, progress)
            })
            .collect::<io::Result<_>>()?;
        Ok(digest::of_blocks(&digests) != commit.sha256)
    }

    /// Reads a block of a snapshot into the buffer, and returns its digest.
    fn hash(
        self,
        commit: &Commit,
        number: u64,
        buffer: &mut Vec<u8>,
        progress: &Progress,
    ) -> io::Result<BlockDigest> {
        let start = number * BLOCK as u64;
        let bytes_left = self.header.snapshot_bytes() - start;
        buffer.resize(bytes_left.min(BLOCK as u64) as usize, 0);
        let offset = self.header.offset_of(commit.id());
        self.file.read_exact_at(buffer, offset + start)?;
        progress.add(buffer.len() as u64);
        Ok(digest::of_block(buffer))
    }

    /// The places behind the last snapshot of a scenario that are not NaN. Only scenarios with a committed snapshot are
    /// checked: their places are filled before that commit.
    pub fn unpadded(
        self,
        scenarios: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<SnapshotId>, CubeError> {
        let Self { header, file, path } = self;
        let snapshot_bytes = header.snapshot_bytes();
        let (mut block, mut unpadded_ids) = (Vec::new(), Vec::new());
        for number in scenarios {
            for index in header.snapshots_of(number)..header.snapshots_each() {
                let scenario = Some(number);
                let id = SnapshotId { scenario, index };
                for at in (0..snapshot_bytes).step_by(BLOCK) {
                    let nan = nans(header, snapshot_bytes - at);
                    block.resize(nan.len(), 0);
                    file.read_exact_at(&mut block, header.offset_of(id) + at)
                        .map_err(CubeError::io("read", path))?;
                    if block != nan {
                        unpadded_ids.push(id);
                        break;
                    }
                }
            }
        }
        Ok(unpadded_ids)
    }
}

/// The run id of a cube, if its journal has line 1.
pub fn begun_by(paths: &Paths) -> Option<String> {
    let journal = find_journal(paths).ok()??;
    Some(journal.header?.run_id)
}
