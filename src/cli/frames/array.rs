//! [`Frames`]: an array as a series of frames that can be drawn.

use super::{super::number, time_unit::readable_unit};
use crate::cli::error::Error;
use diff2d::{
    Commit, Header, JournalledArray, Layout, Scenario,
    program::{
        cube::{FileNames, telling},
        measured::{Calendar, TimeUnit},
        params::Choice,
    },
};
use diff2d_arrays::{
    labels::{AxisValues, Labels, NamedAxis},
    npy::NpyError,
};
use diff2d_plot::{self as plot, Extent, Frame, Reduced, Values};
use std::{borrow::Cow, ops};

/// More values than this at a time make reading no faster.
const MOST_AT_A_TIME: u64 = 1 << 17;

/// The frames of an array: the matrix itself, the matrices along the first of three axes, the
/// committed snapshots of a run, or the last snapshot of each complete scenario of a sweep.
pub(in crate::cli) struct Frames<'a> {
    pub(super) array: &'a JournalledArray,
    pub(super) kind: ArrayKind<'a>,
    /// Up to the last one that is there: of a sweep, some before it may not be complete.
    pub(in crate::cli) count: u64,
    /// Values of a frame that a thread reads at a time.
    pub(super) at_a_time: usize,
    /// Whether each frame has two matrices: the components of its values along x and along y.
    pub(super) has_components: bool,
    /// Bytes for what is kept of frames.
    pub(super) memory: u64,
    /// The unit in which times are shown, and how many of this unit a time of 1 in the array has.
    pub(super) time_unit: (String, f64),
    /// The dates of the times of a run, if they are known.
    pub(in crate::cli) calendar: Option<Calendar>,
}

pub(super) enum ArrayKind<'a> {
    /// Frames of which nothing is known but the labels of the array.
    Plain,
    /// The committed snapshots of a run.
    Snapshots(&'a Header, &'a [Commit]),
    /// The last snapshots of scenarios, and the keys that tell scenarios apart, with the names of their values.
    Scenarios(&'a Header, Vec<(String, FileNames)>),
}

/// One frame and what is known of it.
pub(super) struct FrameFacts<'a> {
    /// The number of the frame among all matrices of the array.
    pub place: u64,
    pub commit: Option<&'a Commit>,
    pub scenario: Option<Cow<'a, Scenario>>,
    title: FrameTitle,
}

/// What tells a frame from the others.
enum FrameTitle {
    Name(String),
    Time(f64),
    Number(u64),
    /// There is a single frame.
    Untitled,
}

impl<'a> Frames<'a> {
    /// The frames of an array, of which threads read a few values at a time: as many as fit into so many
    /// bytes of memory together.
    pub(in crate::cli) fn of(array: &'a JournalledArray, memory: u64) -> Result<Self, Error> {
        let has_components = has_components(array);
        let dimensions = array.npy.shape.len() - usize::from(has_components);
        let (kind, count) = match (dimensions, array.header()) {
            (_, Some(header)) if header.is_sweep() => {
                let keys = telling(header).into_iter();
                let keys = keys.map(|key| {
                    let values = header.scenarios();
                    let values = values.filter_map(|scenario| scenario.params.value(&key).cloned());
                    (key.clone(), FileNames::of(values))
                });
                let kind = ArrayKind::Scenarios(header, keys.collect());
                (kind, array.reach())
            }
            (3, Some(header)) => {
                let journal = array.journal.as_ref();
                let commits = journal.map_or(&[][..], |journal| &journal.commits);
                let kind = ArrayKind::Snapshots(header, commits);
                (kind, commits.len() as u64)
            }
            (2, _) => (ArrayKind::Plain, 1),
            (3, _) => (ArrayKind::Plain, array.available()),
            _ => {
                return Err(Error::Usage(format!(
                    "{} has {}; pictures are drawn of two, or of three with time first{}",
                    array.path.display(),
                    number::counted(array.npy.shape.len() as u64, "dimension"),
                    plane_hint(array)
                )));
            }
        };
        // One buffer for the values, and one for their bytes; frames are drawn by all threads.
        let threads = rayon::current_num_threads() as u64;
        let at_a_time = (memory / threads / 16).clamp(1, MOST_AT_A_TIME);
        let mut frames = Self {
            array,
            kind,
            count,
            has_components,
            at_a_time: usize::try_from(at_a_time).unwrap_or(1),
            memory,
            time_unit: (unit_of_times(array).to_owned(), 1.0),
            calendar: array.calendar(),
        };
        let (rows, columns) = frames.shape();
        if rows == 0 || columns == 0 {
            return Err(plot::Error::empty(rows, columns).into());
        }
        if frames.count == 0 {
            return Err(Error::Usage(format!(
                "{} has no frame to draw yet",
                array.path.display()
            )));
        }
        if frames.time_unit.0 == TimeUnit::S.name() {
            frames.show_times_in(readable_unit(frames.last_time()));
        }
        Ok(frames)
    }

    /// The frames with their times in a unit.
    pub(in crate::cli) fn in_unit(mut self, unit: Option<TimeUnit>) -> Result<Self, Error> {
        let Some(unit) = unit else {
            return Ok(self);
        };
        if TimeUnit::of(&self.time_unit.0).is_none() {
            let unit_clause = match self.time_unit.0.as_str() {
                "" => "have no unit that is known".to_owned(),
                unit => format!("are in {unit}"),
            };
            return Err(Error::Usage(format!(
                "--time-unit {}: times of {} {unit_clause}; units.t may be s, min, h or d",
                unit.name(),
                self.array.path.display()
            )));
        }
        self.show_times_in(unit);
        Ok(self)
    }

    fn show_times_in(&mut self, unit: TimeUnit) {
        if let Some(array_unit) = TimeUnit::of(unit_of_times(self.array)) {
            self.time_unit = (
                unit.name().to_owned(),
                array_unit.seconds() / unit.seconds(),
            );
        }
    }

    /// The time that frames reach: of a run that goes on and of a sweep, as far as it is to go.
    fn last_time(&self) -> f64 {
        let last_index = self.count.saturating_sub(1);
        match &self.kind {
            ArrayKind::Snapshots(header, commits)
                if (commits.len() as u64) == header.snapshots() =>
            {
                commits.last().map_or(0.0, |commit| commit.simtime)
            }
            ArrayKind::Snapshots(header, _) | ArrayKind::Scenarios(header, _) => {
                let scenarios = header.scenarios();
                let runtimes =
                    scenarios.filter_map(|scenario| scenario.params.get("runtime")?.as_f64());
                runtimes.fold(0.0, f64::max)
            }
            ArrayKind::Plain => {
                let time = self.time(last_index).or_else(|| self.time_of_plane());
                time.unwrap_or_default()
            }
        }
    }

    /// A time in the unit in which it is shown.
    pub(in crate::cli) fn shown_time(&self, time: f64) -> f64 {
        time * self.time_unit.1
    }

    /// Rows and columns of a frame.
    pub(super) fn shape(&self) -> (usize, usize) {
        let [.., rows, columns] = self.array.npy.shape[..] else {
            unreachable!("frames have two dimensions")
        };
        [rows, columns]
            .map(|length| usize::try_from(length).unwrap_or(usize::MAX))
            .into()
    }

    /// What the file is and how much of it there is to see.
    pub(in crate::cli) fn described(&self) -> String {
        let (rows, columns) = self.shape();
        let name = self.array.path.file_name().unwrap_or_default().display();
        let count = self.count;
        let content = match &self.kind {
            ArrayKind::Scenarios(..) => format!("the last snapshots of {count} scenarios of "),
            _ if count == 1 => String::new(),
            ArrayKind::Plain => format!("{count} frames of "),
            ArrayKind::Snapshots(..) => format!("{count} snapshots of "),
        };
        format!("{name}: {content}{columns} × {rows} nodes")
    }

    pub(super) fn facts(&self, index: u64) -> FrameFacts<'a> {
        match &self.kind {
            ArrayKind::Plain => FrameFacts {
                place: index * if self.has_components { 2 } else { 1 },
                commit: None,
                scenario: None,
                title: self.title_by_labels(index),
            },
            ArrayKind::Snapshots(header, commits) => {
                let commit = &commits[usize::try_from(index).unwrap_or(usize::MAX)];
                FrameFacts {
                    place: commit.index,
                    commit: Some(commit),
                    scenario: header.run().map(Cow::Borrowed),
                    title: match commit.residual {
                        Some(_) => FrameTitle::Name("steady state".to_owned()),
                        None => FrameTitle::Time(commit.simtime),
                    },
                }
            }
            ArrayKind::Scenarios(header, varied) => {
                let number = usize::try_from(index).unwrap_or(usize::MAX);
                let scenario = header.scenario(number);
                FrameFacts {
                    place: index * header.snapshots_each() + header.snapshots_of(number) - 1,
                    commit: None,
                    title: match &scenario {
                        Some(scenario) => FrameTitle::Name(name(scenario, varied)),
                        None => FrameTitle::Number(index),
                    },
                    scenario,
                }
            }
        }
    }

    /// The title of a frame by the axis along which frames follow one another.
    fn title_by_labels(&self, index: u64) -> FrameTitle {
        let number_in_file = self.array.index_in_file(0, index);
        if let Some(name) = self.first_name() {
            return FrameTitle::Name(format!("{name} {number_in_file}"));
        }
        if let Some(time) = self.time(index) {
            return FrameTitle::Time(time);
        }
        if let Some(axis) = self.first_axis()
            && let Some(coordinate) = axis.coordinate(index)
        {
            return FrameTitle::Name(format!("{} {}", axis.name, plot::short(coordinate, 5)));
        }
        let number = usize::try_from(index).unwrap_or(usize::MAX);
        match self.words().and_then(|words| words.get(number)) {
            Some(word) => FrameTitle::Name(word.clone()),
            None if self.count > 1 => FrameTitle::Number(number_in_file),
            None => self.title_of_plane(),
        }
    }

    /// The title of an array that is a plane of another one, by the indices that were taken.
    fn title_of_plane(&self) -> FrameTitle {
        let indexed = self.array.indexed();
        if let ([_], Some(time)) = (indexed, self.time_of_plane()) {
            return FrameTitle::Time(time);
        }
        // The last axes were taken first.
        let parts = indexed.iter().rev().filter_map(|axis| {
            if let Some([word]) = axis.labels() {
                return Some(word.clone());
            }
            let coordinate = plot::short(axis.coordinate(0)?, 5);
            let unit = axis.unit.as_deref().unwrap_or_default();
            Some(
                format!("{} = {coordinate} {unit}", axis.name)
                    .trim_end()
                    .to_owned(),
            )
        });
        match parts.collect::<Vec<String>>() {
            parts if parts.is_empty() => FrameTitle::Untitled,
            parts => FrameTitle::Name(parts.join(", ")),
        }
    }

    /// The time of an array that is a plane at one time.
    fn time_of_plane(&self) -> Option<f64> {
        let mut axes = self.array.indexed().iter();
        axes.find(|axis| axis.name == "t")?.coordinate(0)
    }

    /// The labels of the array for the nodes of a frame, which are those of its scenario in a sweep.
    pub(super) fn labels(&self, facts: &FrameFacts<'_>) -> Cow<'a, Labels> {
        match (&self.kind, &facts.scenario) {
            (ArrayKind::Scenarios(..), Some(scenario)) => {
                let scenarios = Some(NamedAxis::counted("scenario"));
                let axes = scenarios.into_iter().chain(scenario.axes(Vec::new()));
                Cow::Owned(Labels::of_axes(axes.map(Some).collect()))
            }
            _ => Cow::Borrowed(&self.array.labels),
        }
    }

    /// The places of the nodes of a frame, as far as they are known.
    fn extent(&self, facts: &FrameFacts<'_>) -> Extent {
        let labels = self.labels(facts);
        let (rows, columns) = self.shape();
        let (along_x, along_y) = (
            extent_along(&labels, 1, columns),
            extent_along(&labels, 2, rows),
        );
        let extent = Extent::known(along_x, along_y);
        let scenario = facts.scenario.as_ref();
        let layout = scenario.and_then(|scenario| scenario.params.value("grid")?.as_str());
        match layout == Some(Layout::Walls.name()) {
            true => extent.ending_at_nodes(),
            false => extent,
        }
    }

    /// Whether its frames have times, along its first axis.
    pub(in crate::cli) fn has_times(&self) -> bool {
        match &self.kind {
            ArrayKind::Snapshots(..) => true,
            ArrayKind::Scenarios(..) => false,
            ArrayKind::Plain => self.time(0).is_some(),
        }
    }

    /// The time of a frame of an array that was made from a cube.
    pub(super) fn time(&self, index: u64) -> Option<f64> {
        let time_axis = self
            .first_axis()
            .filter(|time_axis| time_axis.name == "t")?;
        time_axis.coordinate(index)
    }

    /// The axis along which frames follow one another.
    fn first_axis(&self) -> Option<&NamedAxis> {
        match self.array.npy.shape.len() - usize::from(self.has_components) {
            3 => self.array.labels.axis(0),
            _ => None,
        }
    }

    /// The name of the axis along which frames follow one another, if nothing but their numbers is known of them.
    pub(in crate::cli) fn first_name(&self) -> Option<&str> {
        let frame_axis = self.first_axis()?;
        (frame_axis.values == AxisValues::Counted).then_some(&*frame_axis.name)
    }

    /// What the frames are, if the array's first axis has words for its indices: `mean`, `std`.
    pub(super) fn words(&self) -> Option<&[String]> {
        self.first_axis()?.labels()
    }

    /// Whether coordinates along the rows and the columns of the file decrease: larger ones lie higher and further to the right.
    fn is_turned(&self) -> [bool; 2] {
        let labels = &self.array.labels;
        [2, 1].map(|number_from_last| {
            let axis = labels.axes.len().checked_sub(number_from_last);
            let axis = axis.and_then(|axis| labels.axis(axis));
            axis.is_some_and(NamedAxis::decreases)
        })
    }

    /// The values of a frame as it is drawn.
    pub(super) fn values<'k>(&'k self, index: u64, kept: Option<&'k Reduced>) -> InFile<'k> {
        InFile {
            array: self.array,
            shape: self.shape(),
            at_a_time: self.at_a_time,
            place: self.facts(index).place,
            has_components: self.has_components,
            is_turned: self.is_turned(),
            kept,
        }
    }

    /// The components of the values of a frame along x and along y, if its values have any.
    pub(super) fn component_values(&self, index: u64) -> Option<[InFile<'_>; 2]> {
        let components = [0, 1].map(|component| InFile {
            place: self.facts(index).place + component,
            has_components: false,
            ..self.values(index, None)
        });
        self.has_components.then_some(components)
    }

    pub(super) fn frame<'v>(
        &'v self,
        values: &'v InFile<'_>,
        facts: &'v FrameFacts<'_>,
    ) -> Frame<'v> {
        let frame = Frame::new(values, self.extent(facts)).in_unit(&self.time_unit.0);
        match &facts.title {
            FrameTitle::Name(name) => frame.named(name),
            FrameTitle::Time(time) => frame.at(self.shown_time(*time)),
            FrameTitle::Number(number) => {
                frame.numbered(usize::try_from(*number).unwrap_or(usize::MAX))
            }
            FrameTitle::Untitled => frame,
        }
    }
}

/// A frame in a file, read as it is drawn.
pub(super) struct InFile<'a> {
    array: &'a JournalledArray,
    shape: (usize, usize),
    at_a_time: usize,
    /// The number of the frame, or of its first component, among all matrices of the array.
    place: u64,
    /// Whether the values are the magnitudes of two components.
    has_components: bool,
    /// Whether the order of rows and that of columns is the other one in the file.
    is_turned: [bool; 2],
    /// What was kept of the frame when it was read before.
    kept: Option<&'a Reduced>,
}

impl InFile<'_> {
    /// The values with their rows and columns in the order of the file.
    pub(super) fn in_file_order(self) -> Self {
        Self {
            is_turned: [false; 2],
            ..self
        }
    }
}

impl Values for InFile<'_> {
    fn dimensions(&self) -> (usize, usize) {
        self.shape
    }

    fn are_in_columns(&self) -> bool {
        self.array.npy.fortran_order
    }

    fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    fn reduced(&self) -> Option<&Reduced> {
        self.kept
    }

    fn read(
        &self,
        rows: ops::Range<usize>,
        columns: ops::Range<usize>,
        into: &mut [f64],
    ) -> Result<(), plot::Error> {
        let (row_count, column_count) = self.shape;
        let [turns_rows, turns_columns] = self.is_turned;
        let in_file = |range: ops::Range<usize>, count: usize, is_turned| match is_turned {
            true => (count - range.end) as u64..(count - range.start) as u64,
            false => range.start as u64..range.end as u64,
        };
        let lengths = [rows.len(), columns.len()];
        let part = [
            in_file(rows, row_count, turns_rows),
            in_file(columns, column_count, turns_columns),
        ];
        let read = |place: u64, into: &mut [f64]| {
            let read = self.array.read_frame(place, part.clone(), into);
            read.map_err(|error| plot::Error::Values(error.into()))
        };
        read(self.place, into)?;
        if self.has_components {
            let mut along_y = vec![0.0; into.len()];
            read(self.place + 1, &mut along_y)?;
            for (value, along_y) in into.iter_mut().zip(along_y) {
                *value = value.hypot(along_y);
            }
        }
        let (line_length, turns_lines, turns_within) = match self.are_in_columns() {
            true => (lengths[0], turns_columns, turns_rows),
            false => (lengths[1], turns_rows, turns_columns),
        };
        if turns_lines != turns_within {
            into.chunks_exact_mut(line_length.max(1))
                .for_each(<[f64]>::reverse);
        }
        if turns_lines {
            into.reverse();
        }
        Ok(())
    }
}

/// Whether the matrices of an array are the components of a field, as `diff2d flux --field` writes them.
fn has_components(array: &JournalledArray) -> bool {
    let place = array.npy.shape.len().checked_sub(3);
    let axis = place.and_then(|place| array.labels.axis(place));
    axis.is_some_and(|axis| {
        axis.name == "component" && axis.labels().is_some_and(|labels| labels == ["x", "y"])
    })
}

/// The unit of the times of an array, or of the time at which it is a plane; empty if it is not known.
fn unit_of_times(array: &JournalledArray) -> &str {
    let mut indexed = array.indexed().iter();
    let of_plane = indexed.find(|axis| axis.name == "t");
    let unit = array.labels.unit_of("t");
    unit.or_else(|| of_plane?.unit.as_deref())
        .unwrap_or_default()
}

/// The error of a picture, which is that of the file where its values could not be read.
pub(super) fn unread(error: plot::Error) -> Error {
    match error {
        plot::Error::Values(source) => match source.downcast::<NpyError>() {
            Ok(error) => Error::Npy(*error),
            Err(source) => Error::Plot(plot::Error::Values(source)),
        },
        error => Error::Plot(error),
    }
}

/// The end of a sentence that says how a plane of an array with more than three axes is drawn.
fn plane_hint(array: &JournalledArray) -> String {
    if array.npy.shape.len() < 4 {
        return String::new();
    }
    let first_axis = array.labels.axis(0);
    let words = first_axis.and_then(|axis| {
        let labels = axis.labels()?;
        let mean = labels.iter().find(|label| *label == "mean");
        Some((&axis.name, mean.or(labels.last())?))
    });
    let index = words.map_or_else(|| "0".to_owned(), |(name, word)| format!("{name}={word}"));
    format!(
        ": an index drops an axis, as in '{}[{index}]'",
        array.path.display()
    )
}

/// The least and the largest coordinate along an axis, which is counted from the last one, if it has more than one index.
fn extent_along(labels: &Labels, number_from_last: usize, length: usize) -> Option<(f64, f64)> {
    let axis = labels.axes.len().checked_sub(number_from_last)?;
    let ends = labels.axis(axis)?.ends().filter(|_| length > 1);
    ends.map(|(first, last)| (first.min(last), first.max(last)))
}

/// What distinguishes a scenario from the others: `D = 0.5, dx = 1`.
fn name(scenario: &Scenario, varied: &[(String, FileNames)]) -> String {
    let parts = varied.iter().filter_map(|(key, names)| {
        let value = scenario.params.value(key)?;
        let value_text = match value.as_f64() {
            Some(number) => plot::short(number, 4),
            None => names.shown(value),
        };
        Some(format!("{key} = {value_text}"))
    });
    number::joined(parts, ", ")
}
