//! [`JournalledArray`]: any array file, with the journal next to it if it is a cube. What an analysis reads;
//! the result of a run is a [`Cube`](super::Cube).

use super::{
    error::CubeError,
    file::matches_journal,
    found::{each_record, is_another_array, is_held, read_journal},
    journal::{Header, Journal, Record, Scenario, Slot},
    one_run,
    paths::Paths,
};
use diff2d_arrays::labels::{LabelledArray, Labels, NamedAxis, beside};
use diff2d_arrays::npy::{ArrayFile, Slice};
use diff2d_sys::{self as sys, FileExt};
use std::{
    fs::File,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// An array file, and its journal if it has one: then only the committed snapshots of a run, or the
/// complete scenarios of a sweep, are data.
#[derive(Debug)]
pub struct JournalledArray {
    array: LabelledArray,
    /// Its journal, if it is a cube.
    pub journal: Option<Journal>,
    /// The names of its files, if it is a cube.
    paths: Option<Paths>,
    /// Which file it is that was opened.
    identity: Option<(u64, u64)>,
    /// The files of the array that it is a part of, if it is one.
    taken: Vec<PathBuf>,
    /// That the journal or the axes beside it are those of another array, and so not believed.
    pub note: Option<String>,
}

impl JournalledArray {
    /// Opens an array file and reads the journal next to it.
    ///
    /// # Errors
    /// [`CubeError`] when one of them cannot be read, is damaged, or does not match the other.
    pub fn open(path: &Path) -> Result<Self, CubeError> {
        let (file, (paths, journal, mut note)) =
            one_run::open(path, |file| journal_of(file, path))?;
        let opened = file.metadata().map_err(CubeError::io("examine", path))?;
        let identity = sys::identity(&opened);
        let array = ArrayFile::of_file(file, path)?;
        let mut labels = Labels::default();
        if journal.is_none() {
            match beside::read(path, &opened, &array.npy.shape) {
                Ok(found) => labels = found,
                Err(sentence) => note = note.or(Some(sentence)),
            }
        }
        let mut array = Self {
            array: LabelledArray::new(array, labels),
            journal,
            paths,
            identity: Some(identity),
            taken: Vec::new(),
            note,
        };
        if let Some(header) = array.header().filter(|header| header.as_begun().is_some()) {
            // The header of the file may not be shortened yet.
            array.array.npy.shape = header.shape();
        }
        array.follow_journal();
        Ok(array)
    }

    /// An array that has no journal, whatever lies beside it.
    #[must_use]
    pub fn plain(array: ArrayFile) -> Self {
        Self {
            array: LabelledArray::new(array, Labels::default()),
            journal: None,
            paths: None,
            identity: None,
            taken: Vec::new(),
            note: None,
        }
    }

    /// From now on this is known of the array.
    pub fn label(&mut self, labels: Labels) {
        self.array.label(labels);
    }

    /// From now on reads fail once the flag is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicBool>) {
        self.array.stop_on(stop);
    }

    /// Reads the journal again: the run may have committed more.
    ///
    /// # Errors
    /// [`CubeError`] as for [`open`](Self::open); [`CubeError::StartedOver`] when another run has started the cube over.
    pub fn refresh(&mut self) -> Result<(), CubeError> {
        let path = &self.array.path;
        let (file, (paths, journal, _)) = one_run::open(path, |file| journal_of(file, path))?;
        let (known, found) = [&self.journal, &journal]
            .map(|journal| one_run::run_id(journal.as_ref()).map(str::to_owned))
            .into();
        let opened = file.metadata().map_err(CubeError::io("examine", path))?;
        let is_same_file = self.identity == Some(sys::identity(&opened));
        if !is_same_file || (known.is_some() && known != found) {
            return Err(CubeError::started_over(path));
        }
        (self.journal, self.paths) = (journal, paths);
        self.follow_journal();
        Ok(())
    }

    /// The committed snapshots of a run or a sweep, in the order of their commits; none of another array.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be read; the items are errors where it cannot be read
    /// on.
    pub fn each_record(
        &self,
    ) -> Result<impl Iterator<Item = Result<Record, CubeError>>, CubeError> {
        let cube = self.journal.as_ref().zip(self.paths.as_ref());
        let records = cube.and_then(|(journal, paths)| {
            Some(each_record(
                &paths.journal,
                journal.header.as_ref()?,
                journal.first_line,
                journal.committed.total(),
            ))
        });
        Ok(records.transpose()?.into_iter().flatten())
    }

    /// From now on all places of a cube can be read, for a caller that asks which are
    /// [committed](Self::is_committed) itself: of a sweep, snapshots of scenarios that are not complete.
    pub fn reach_all_places(&mut self) {
        self.array.limit(u64::MAX);
    }

    /// Whether a snapshot is data: of a cube one that is committed, of another array any.
    #[must_use]
    pub fn is_committed(&self, slot: Slot) -> bool {
        let journal = self.journal.as_ref();
        journal.is_none_or(|journal| slot.index < journal.committed.of(slot.scenario()))
    }

    /// The array of some indices along every axis, as far as it holds data: no cube, but an array with what is known of its axes.
    ///
    /// # Panics
    /// When a slice leaves its axis.
    #[must_use]
    pub fn view(self, slices: &[Slice]) -> Self {
        Self {
            taken: self.files(),
            array: self.array.view(slices),
            journal: None,
            paths: None,
            ..self
        }
    }

    /// The cube itself, its journal, what else belongs to it and the files that its run has read; of another array its
    /// file alone.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = match self.taken.is_empty() {
            true => vec![self.path.clone()],
            false => self.taken.clone(),
        };
        if let (Some(_), Some(paths)) = (&self.journal, &self.paths) {
            files.extend(paths.of_run());
        }
        if let (Some(header), Some(paths)) = (self.header(), &self.paths) {
            files.extend(header.is_sweep().then(|| paths.table()));
            files.extend(header.inputs.keys().map(PathBuf::from));
        }
        files
    }

    /// What the journal says of the array: how much of it is data, and what is known of it.
    fn follow_journal(&mut self) {
        let available = self.journal.as_ref().map_or(u64::MAX, Journal::available);
        self.array.limit(available);
        if let Some(labels) = self.journal.as_ref().and_then(labels) {
            self.array.label(labels);
        }
    }

    /// Line 1 of the journal, if it is a cube whose run got that far.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.journal.as_ref()?.header.as_ref()
    }

    /// What was run, if this is the cube of a run.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        self.header()?.run()
    }

    /// Whether no more data will come: there is no journal, or the run is complete, or no process
    /// holds the lock on the journal.
    #[must_use]
    pub fn is_final(&self) -> bool {
        let is_complete = self.journal.as_ref().is_none_or(Journal::is_complete);
        is_complete
            || !self
                .paths
                .as_ref()
                .is_some_and(|paths| is_held(&paths.journal))
    }
}

/// What a journal tells of its cube: names and units of the axes; of a run also their coordinates, which differ between
/// the scenarios of a sweep.
fn labels(journal: &Journal) -> Option<Labels> {
    let header = journal.header.as_ref()?;
    let first = header.scenario(0)?;
    let axes = match header.run() {
        Some(run) => {
            let times = journal.records.iter().map(|record| record.simtime);
            run.axes(times.collect()).to_vec()
        }
        None => {
            let axis = |name| NamedAxis::counted(name).in_unit(first.params.unit(name));
            ["scenario", "t", "y", "x"].map(axis).to_vec()
        }
    };
    Some(Labels {
        axes: axes.into_iter().map(Some).collect(),
        quantity: None,
        unit: first.params.unit("p").map(str::to_owned),
        // All scenarios of a sweep have the same keys.
        is_masked: first.params.has_mask() || header.places_behind(u64::MAX) > 0,
    })
}

/// The names of the files of a cube, its journal, and a note where that is of another array.
type Beside = (Option<Paths>, Option<Journal>, Option<String>);

/// What is beside an array.
fn journal_of(file: &File, path: &Path) -> Result<Beside, CubeError> {
    let paths = Paths::of_existing(path).ok();
    let journal = paths.as_ref().map_or(Ok(None), read_journal)?;
    if let (Some(header), Some(beside)) = (
        journal.as_ref().and_then(|journal| journal.header.as_ref()),
        &paths,
    ) && let Err(error) = matches_journal(file, header, path)
    {
        if !is_another_array(path, header) {
            return Err(error);
        }
        let note = format!(
            "{} is the journal of another array than {}, and is left aside",
            beside.journal.display(),
            path.display()
        );
        return Ok((None, None, Some(note)));
    }
    let is_begun = |journal: &Journal| !journal.holds_nothing();
    let is_held = || paths.as_ref().is_some_and(|paths| is_held(&paths.journal));
    if !journal.as_ref().is_none_or(is_begun) && is_without_header(file) && is_held() {
        // A run has reserved the space of its array, and is about to write the header.
        return Err(CubeError::started_over(path));
    }
    Ok((paths, journal, None))
}

fn is_without_header(file: &File) -> bool {
    const MAGIC: [u8; 6] = *b"\x93NUMPY";
    let mut beginning = [0; MAGIC.len()];
    file.read_exact_at(&mut beginning, 0).is_err() || beginning != MAGIC
}

impl Deref for JournalledArray {
    type Target = LabelledArray;

    fn deref(&self) -> &LabelledArray {
        &self.array
    }
}
