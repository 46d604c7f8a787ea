//! [`JournalledArray`]: any array file, with the journal next to it if it is a cube. It is the input of an analysis;
//! the result of a run is a [`Cube`](super::Cube).

use super::{
    error::CubeError,
    file::{is_of_ended_run, matches_journal},
    found::{each_commit, is_another_array, is_held, read_journal},
    journal::{Commit, Header, Journal, Scenario, SnapshotId},
    labels::labels,
    one_run,
    paths::Paths,
    record_file::{self, ProvedFrames},
};
use crate::measured::Calendar;
use diff2d_arrays::labels::{LabelledArray, Labels, NamedAxis, beside};
use diff2d_arrays::npy::{self, ArrayFile, Slice};
use diff2d_sys::{self as sys, FileExt};
use std::{
    fs::File,
    ops::{Deref, Range},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
};

/// An array file, and its journal if it has one. Of a cube, only the committed snapshots of a run and the complete
/// scenarios of a sweep count as data.
#[derive(Debug)]
pub struct JournalledArray {
    array: LabelledArray,
    /// The journal, if the array is a cube.
    pub journal: Option<Journal>,
    /// The names of the cube's files, if the array is a cube.
    paths: Option<Paths>,
    /// The dates of simulated times, if the array is a cube, or a part of one, whose parameters tell them.
    calendar: Option<Calendar>,
    /// The device and the number of the file that was opened.
    identity: Option<(u64, u64)>,
    /// The files of the array from which this one was derived, by [`view`](Self::view) for example; empty otherwise.
    taken: Vec<PathBuf>,
    /// The axes of which [`at_index`](Self::at_index) has taken one index, with what is known of that.
    indexed: Vec<NamedAxis>,
    /// The complete scenarios, if the array is the cube of a sweep: ranges with gaps between them.
    complete: Vec<Range<u64>>,
    /// A note that the journal or the axes beside the file belong to another array and are ignored, or that the run of a
    /// field has not committed all its frames.
    pub note: Option<String>,
}

impl JournalledArray {
    /// Opens an array file and reads the journal next to it.
    ///
    /// # Errors
    /// [`CubeError`] when one of them cannot be read, is damaged, or does not match the other; [`CubeError::NotYet`] for
    /// the file of a field of which no frame is committed.
    pub fn open(path: &Path) -> Result<Self, CubeError> {
        if let Some(frames) = record_file::proved_frames(path)? {
            return Self::of_frames(frames, path);
        }
        let (file, (paths, journal, mut note)) =
            one_run::open(path, |file| journal_of(file, path))?;
        let opened = file.metadata().map_err(CubeError::io("examine", path))?;
        let identity = sys::identity(&opened);
        let mark = npy::mark_in(&file);
        let array = ArrayFile::of_file(file, path)?;
        let mut labels = Labels::default();
        if journal.is_none() {
            match beside::read(path, mark, &array.npy.shape) {
                Ok(found) => labels = found,
                Err(sentence) => note = note.or(Some(sentence)),
            }
        }
        let mut array = Self {
            journal,
            paths,
            identity: Some(identity),
            note,
            ..Self::plain(array)
        };
        array.label(labels);
        array.calendar = array.header().and_then(Header::calendar);
        if let Some(header) = array.header().filter(|header| header.as_begun().is_some()) {
            // The header of the file may not be shortened yet.
            array.array.npy.shape = header.shape();
        }
        array.follow_journal();
        Ok(array)
    }

    /// The committed frames of a field. What lies behind them is not there.
    fn of_frames(frames: ProvedFrames, path: &Path) -> Result<Self, CubeError> {
        let opened = (frames.file.metadata()).map_err(CubeError::io("examine", path))?;
        let mut array = ArrayFile::of_parts(frames.file, path, frames.header)?;
        array.bytes = array.npy.file_bytes().unwrap_or(array.bytes);
        let (committed, planned) = (array.available(), frames.planned);
        let unfinished = (committed < planned).then(|| {
            format!(
                "{} has {committed} of {planned} frames: its run has committed no more",
                path.display()
            )
        });
        let mut array = Self::plain(array);
        array.label(frames.labels);
        array.calendar = frames.calendar;
        array.identity = Some(sys::identity(&opened));
        array.note = unfinished;
        Ok(array)
    }

    /// Wraps an array without a journal, whatever files lie beside it.
    #[must_use]
    pub fn plain(array: ArrayFile) -> Self {
        Self {
            array: LabelledArray::new(array, Labels::default()),
            journal: None,
            paths: None,
            calendar: None,
            identity: None,
            taken: Vec::new(),
            indexed: Vec::new(),
            complete: Vec::new(),
            note: None,
        }
    }

    /// Labels the array with axes, units and a quantity from another source than its journal.
    pub fn label(&mut self, labels: Labels) {
        self.array.label(labels);
    }

    /// Makes reads fail as soon as the flag is set.
    pub fn stop_on(&mut self, stop: Arc<AtomicUsize>) {
        self.array.stop_on(stop);
    }

    /// Reads the journal again: the run may have committed more.
    ///
    /// # Errors
    /// [`CubeError`] as for [`open`](Self::open); [`CubeError::StartedOver`] when another run has started the cube over.
    pub fn refresh(&mut self) -> Result<(), CubeError> {
        let path = &self.array.path;
        let (file, (paths, journal, _)) = one_run::open(path, |file| journal_of(file, path))?;
        let (known_id, current_id) = [&self.journal, &journal]
            .map(|journal| one_run::run_id(journal.as_ref()).map(str::to_owned))
            .into();
        let opened = file.metadata().map_err(CubeError::io("examine", path))?;
        let is_same_file = self.identity == Some(sys::identity(&opened));
        // A run that starts over cuts the journal before it removes the array.
        let [known_count, current_count] = [&self.journal, &journal].map(|journal| {
            journal
                .as_ref()
                .map_or(0, |journal| journal.committed.total())
        });
        let is_same_run = known_id.is_none() || known_id == current_id;
        if !is_same_file || !is_same_run || current_count < known_count {
            return Err(CubeError::started_over(path));
        }
        (self.journal, self.paths) = (journal, paths);
        self.follow_journal();
        Ok(())
    }

    /// The committed snapshots of a run or a sweep, in the order of their commits. An array without a journal has none.
    ///
    /// # Errors
    /// [`CubeError::Io`] when the journal cannot be read; the items are errors where it cannot be read
    /// on.
    pub fn each_commit(
        &self,
    ) -> Result<impl Iterator<Item = Result<Commit, CubeError>>, CubeError> {
        let cube = self.journal.as_ref().zip(self.paths.as_ref());
        let commits = cube.and_then(|(journal, paths)| {
            Some(each_commit(
                &paths.journal,
                journal.header.as_ref()?,
                journal.first_line,
                journal.committed.total(),
            ))
        });
        Ok(commits.transpose()?.into_iter().flatten())
    }

    /// Lets a caller read every place of a cube and check itself which places are [committed](Self::is_committed). In a
    /// sweep the committed places include snapshots of incomplete scenarios.
    pub fn reach_all_places(&mut self) {
        self.array.limit(u64::MAX);
        self.complete.clear();
    }

    /// The complete scenarios, if the array is the cube of a sweep: ranges with gaps between them. Those behind the first gap are data
    /// where they are chosen.
    #[must_use]
    pub fn complete_scenarios(&self) -> &[Range<u64>] {
        &self.complete
    }

    /// Lets a caller read all complete scenarios of a sweep and check itself which places are [there](Self::has).
    pub fn reach_complete(&mut self) {
        let reach = self.reach();
        self.array.limit(reach);
    }

    /// The number of indices of the first axis up to the last one with data. Some of a sweep may have none.
    #[must_use]
    pub fn reach(&self) -> u64 {
        let last_range = self.complete.last();
        last_range.map_or(self.available(), |last| last.end)
    }

    /// Whether there is data at an index along the first axis.
    #[must_use]
    pub fn has(&self, index: u64) -> bool {
        if self.complete.is_empty() {
            return index < self.available();
        }
        let number = self.complete.partition_point(|range| range.end <= index);
        let range = self.complete.get(number);
        range.is_some_and(|range| range.contains(&index))
    }

    /// The first index of a slice of the first axis at which there is no data.
    #[must_use]
    pub fn first_missing(&self, slice: Slice) -> Option<u64> {
        let last_index = slice.index(slice.count.checked_sub(1)?);
        if self.complete.is_empty() && last_index < self.available() {
            return None;
        }
        slice.indices().find(|&index| !self.has(index))
    }

    /// Whether a snapshot is data: in a cube only a committed one is, in another array every one.
    #[must_use]
    pub fn is_committed(&self, id: SnapshotId) -> bool {
        let journal = self.journal.as_ref();
        journal.is_none_or(|journal| id.index < journal.committed.of(id.scenario()))
    }

    /// The part of the data that the slices select, one slice for each axis. The result is an array with labelled axes,
    /// no longer a cube.
    ///
    /// # Panics
    /// When a slice leaves its axis, or takes what is [missing](Self::first_missing).
    #[must_use]
    pub fn view(mut self, slices: &[Slice]) -> Self {
        let first = slices.first();
        if first.is_some_and(|&slice| self.first_missing(slice).is_none()) {
            self.array.limit(u64::MAX);
        }
        self.derived(|array| array.view(slices))
    }

    /// The part of the array at an index along an axis, without that axis. The result is an array with labelled axes, no longer a
    /// cube.
    ///
    /// # Panics
    /// When the index leaves its axis.
    #[must_use]
    pub fn at_index(mut self, axis: usize, index: u64) -> Self {
        let named = self.array.labels.axis(axis);
        let indexed = named.and_then(|named| named.of_range(&(index..index + 1)));
        self.indexed.extend(indexed);
        self.derived(|array| array.at_index(axis, index))
    }

    /// Adds an axis of length 1 before the others. The result is an array with labelled axes, no longer a cube.
    #[must_use]
    pub fn with_leading_axis(self) -> Self {
        self.derived(LabelledArray::with_leading_axis)
    }

    /// These elements with one axis split in two, as by [`LabelledArray::split`]. The result is no longer a cube.
    #[must_use]
    pub fn split(self, axis: usize, period: u64) -> Self {
        self.derived(|array| array.split(axis, period))
    }

    /// Another array of these elements, which is no longer a cube.
    fn derived(self, derive: impl FnOnce(LabelledArray) -> LabelledArray) -> Self {
        Self {
            taken: self.files(),
            array: derive(self.array),
            journal: None,
            paths: None,
            complete: Vec::new(),
            ..self
        }
    }

    /// Picks indices along an axis, as [`ArrayFile::pick`] does, for which the array gets another axis. The result is no longer a cube.
    ///
    /// # Panics
    /// As [`ArrayFile::pick`].
    pub fn pick(&mut self, axis: usize, indices: Vec<u64>, named: Option<NamedAxis>) {
        self.taken = self.files();
        (self.journal, self.paths) = (None, None);
        self.complete.clear();
        self.array.pick(axis, indices);
        self.array.labels.axes[axis] = named;
    }

    /// The files of a cube: the array, the journal, the other files that belong to it, and the input files of its run.
    /// An array without a journal has only its own file.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = if self.taken.is_empty() {
            vec![self.path.clone()]
        } else {
            self.taken.clone()
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

    /// Takes over from the journal how much of the array is data, and its labels.
    fn follow_journal(&mut self) {
        let available = self.journal.as_ref().map_or(u64::MAX, Journal::available);
        self.array.limit(available);
        let sweep = self.journal.as_ref().filter(|_| self.is_sweep());
        self.complete = sweep.map(Journal::complete).unwrap_or_default();
        if let Some(labels) = self.journal.as_ref().and_then(labels) {
            self.array.label(labels);
        }
    }

    /// Line 1 of the journal, if the array is a cube and its run has written that line.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.journal.as_ref()?.header.as_ref()
    }

    fn is_sweep(&self) -> bool {
        self.header().is_some_and(Header::is_sweep)
    }

    /// The dates of simulated times, if the array is a cube, or a part of one, whose parameters tell them.
    #[must_use]
    pub fn calendar(&self) -> Option<Calendar> {
        self.calendar
    }

    /// The axes of which one index was taken, so that the array has them no longer, with what is known of that index.
    #[must_use]
    pub fn indexed(&self) -> &[NamedAxis] {
        &self.indexed
    }

    /// The scenario of the run, if this is the cube of a single run.
    #[must_use]
    pub fn run(&self) -> Option<&Scenario> {
        self.header()?.run()
    }

    /// Whether the array can get no more data: it has no journal, its run is complete, or no process holds the lock on
    /// the journal.
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

/// The names of a cube's files, its journal, and a note if the journal belongs to another array.
type Beside = (Option<Paths>, Option<Journal>, Option<String>);

/// Reads the journal next to an array.
fn journal_of(file: &File, path: &Path) -> Result<Beside, CubeError> {
    let paths = Paths::of_existing(path).ok();
    let mut journal = paths.as_ref().map_or(Ok(None), read_journal)?;
    if let (Some(journal), Some(paths)) = (&mut journal, &paths) {
        let header = journal.header.take();
        journal.header = header.map(|header| header.with_places(paths));
    }
    let lists_nothing = journal.as_ref().is_some_and(Journal::lists_nothing);
    if let (Some(header), Some(cube_paths)) = (
        journal.as_ref().and_then(|journal| journal.header.as_ref()),
        &paths,
    ) && !(lists_nothing && is_of_ended_run(file, header))
        && let Err(error) = matches_journal(file, header, path)
    {
        if !is_another_array(path, header) {
            return Err(error);
        }
        let note = format!(
            "{} is the journal of another array than {}, and is ignored",
            cube_paths.journal.display(),
            path.display()
        );
        return Ok((None, None, Some(note)));
    }
    if journal.as_ref().is_some_and(Journal::holds_nothing)
        && is_without_header(file)
        && paths.as_ref().is_some_and(|paths| is_held(&paths.journal))
    {
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
