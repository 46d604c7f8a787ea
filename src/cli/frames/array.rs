//! [`Frames`]: an array as a series of frames that can be drawn.

use super::time_unit::TimeUnit;
use crate::{
    cube::{
        JournalledArray, Record,
        journal::{FileNames, Header, Scenario, telling},
    },
    error::Error,
};
use diff2d_arrays::{
    labels::{AxisValues, Labels, NamedAxis},
    npy::NpyError,
};
use diff2d_plot::{self as plot, Extent, Frame, Reduced, Values};
use serde_json::Value;
use std::{borrow::Cow, ops};

/// More values than this at a time make reading no faster.
const MOST_AT_A_TIME: u64 = 1 << 17;

/// The frames of an array: the matrix itself, the matrices along the first of three axes, the
/// committed snapshots of a run, or the last snapshot of each complete scenario of a sweep.
pub(in crate::cli) struct Frames<'a> {
    pub(super) array: &'a JournalledArray,
    pub(super) kind: ArrayKind<'a>,
    /// Values of a frame that a thread reads at a time.
    pub(super) at_a_time: usize,
    /// Bytes for what is kept of frames.
    pub(super) memory: u64,
    /// The unit in which times are shown, and how many of it those of the array have in one.
    pub(super) time_unit: (String, f64),
}

pub(super) enum ArrayKind<'a> {
    /// So many of which nothing is known.
    Plain(u64),
    /// The committed snapshots of a run.
    Snapshots(&'a Header, &'a [Record]),
    /// The last snapshots of so many scenarios, and the keys that tell them apart, with how their values are told of.
    Scenarios(&'a Header, u64, Vec<(String, FileNames)>),
}

/// One frame and what is known of it.
pub(super) struct Shown<'a> {
    /// Its number among all matrices of the array.
    pub place: u64,
    pub record: Option<&'a Record>,
    pub scenario: Option<Cow<'a, Scenario>>,
    pub name: Option<String>,
}

impl<'a> Frames<'a> {
    /// The frames of an array, of which threads read a few values at a time: as many as fit into so many
    /// bytes of memory together.
    pub(in crate::cli) fn of(array: &'a JournalledArray, memory: u64) -> Result<Self, Error> {
        let header = array
            .journal
            .as_ref()
            .and_then(|journal| journal.header.as_ref());
        let kind = match (array.npy.shape.len(), header) {
            (_, Some(header)) if header.is_sweep() => {
                let names = |key: String| {
                    let scenarios = header.scenarios();
                    let values: Vec<Value> =
                        scenarios.filter_map(|one| value(&one, &key)).collect();
                    let names = FileNames::of(values.iter());
                    (key, names)
                };
                let keys = telling(header).into_iter().map(names);
                ArrayKind::Scenarios(header, array.available(), keys.collect())
            }
            (3, Some(header)) => ArrayKind::Snapshots(header, records(array)),
            (2, _) => ArrayKind::Plain(1),
            (3, _) => ArrayKind::Plain(array.available()),
            (dimensions, _) => {
                return Err(Error::Usage(format!(
                    "{} has {dimensions} dimensions; pictures are drawn of two, or of three with time first",
                    array.path.display()
                )));
            }
        };
        // One buffer for the values, and one for their bytes; frames are drawn by all threads.
        let threads = rayon::current_num_threads() as u64;
        let at_a_time = (memory / threads / 16).clamp(1, MOST_AT_A_TIME);
        let mut frames = Self {
            array,
            kind,
            at_a_time: usize::try_from(at_a_time).unwrap_or(1),
            memory,
            time_unit: (
                array.labels.unit_of("t").unwrap_or_default().to_owned(),
                1.0,
            ),
        };
        let (rows, columns) = frames.shape();
        if rows == 0 || columns == 0 {
            return Err(plot::Error::Empty(rows, columns).into());
        }
        if frames.len() == 0 {
            return Err(Error::Usage(format!(
                "{} has no frame to draw yet",
                array.path.display()
            )));
        }
        if frames.time_unit.0 == TimeUnit::S.name() {
            frames.show_times_in(TimeUnit::readable(frames.last_time()));
        }
        Ok(frames)
    }

    /// The frames with their times in a unit.
    pub(in crate::cli) fn in_unit(mut self, asked: Option<TimeUnit>) -> Result<Self, Error> {
        let Some(asked) = asked else {
            return Ok(self);
        };
        if TimeUnit::of(&self.time_unit.0).is_none() {
            let what = match self.time_unit.0.as_str() {
                "" => "have no unit that is known".to_owned(),
                unit => format!("are in {unit}"),
            };
            return Err(Error::Usage(format!(
                "--time-unit {}: times of {} {what}; units.t may be s, min, h or d",
                asked.name(),
                self.array.path.display()
            )));
        }
        self.show_times_in(asked);
        Ok(self)
    }

    fn show_times_in(&mut self, unit: TimeUnit) {
        let own = self.array.labels.unit_of("t").unwrap_or_default();
        if let Some(own) = TimeUnit::of(own) {
            self.time_unit = (unit.name().to_owned(), own.seconds() / unit.seconds());
        }
    }

    /// The time that frames reach: of a run that goes on, as far as it is to go.
    fn last_time(&self) -> f64 {
        let last = self.len().saturating_sub(1);
        match &self.kind {
            ArrayKind::Snapshots(header, records)
                if (records.len() as u64) < header.snapshots() =>
            {
                let runtime = |scenario: &Scenario| scenario.params.get("runtime")?.as_f64();
                header.run().and_then(runtime).unwrap_or_default()
            }
            ArrayKind::Snapshots(_, records) => records.last().map_or(0.0, |record| record.simtime),
            ArrayKind::Scenarios(..) => 0.0,
            ArrayKind::Plain(_) => self.time(last).unwrap_or_default(),
        }
    }

    /// A time of a unit, or of that of the array, in the unit in which it is shown; nothing where the two are not known.
    pub(in crate::cli) fn shown_time_in(&self, time: f64, unit: Option<TimeUnit>) -> Option<f64> {
        let Some(unit) = unit else {
            return Some(self.shown_time(time));
        };
        let shown = TimeUnit::of(&self.time_unit.0)?;
        Some(time * (unit.seconds() / shown.seconds()))
    }

    /// A time in the unit in which it is shown.
    pub(in crate::cli) fn shown_time(&self, time: f64) -> f64 {
        time * self.time_unit.1
    }

    pub(in crate::cli) fn len(&self) -> u64 {
        match &self.kind {
            ArrayKind::Plain(count) => *count,
            ArrayKind::Snapshots(_, records) => records.len() as u64,
            ArrayKind::Scenarios(_, count, _) => *count,
        }
    }

    /// Rows and columns of a frame.
    pub(super) fn shape(&self) -> (usize, usize) {
        let [.., rows, columns] = self.array.npy.shape[..] else {
            unreachable!("frames have two dimensions")
        };
        let length = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        (length(rows), length(columns))
    }

    /// What the file is and how much of it there is to see.
    pub(in crate::cli) fn described(&self) -> String {
        let (rows, columns) = self.shape();
        let name = self.array.path.file_name().unwrap_or_default().display();
        let what = match &self.kind {
            ArrayKind::Plain(1) => String::new(),
            ArrayKind::Plain(count) => format!("{count} frames of "),
            ArrayKind::Snapshots(_, records) => format!("{} snapshots of ", records.len()),
            ArrayKind::Scenarios(_, count, _) => {
                format!("the last snapshots of {count} scenarios of ")
            }
        };
        format!("{name}: {what}{columns} × {rows} nodes")
    }

    pub(super) fn shown(&self, index: u64) -> Shown<'a> {
        match &self.kind {
            ArrayKind::Plain(_) => Shown {
                name: self.first_name().map(|name| {
                    let number = self.array.index_in_file(0, index);
                    format!("{name} {number}")
                }),
                ..Shown::plain(index)
            },
            ArrayKind::Snapshots(header, records) => {
                let record = &records[usize::try_from(index).unwrap_or(usize::MAX)];
                Shown {
                    place: record.index,
                    record: Some(record),
                    scenario: header.run().map(Cow::Borrowed),
                    name: None,
                }
            }
            ArrayKind::Scenarios(header, _, varied) => {
                let number = usize::try_from(index).unwrap_or(usize::MAX);
                let scenario = header.scenario(number);
                Shown {
                    place: index * header.snapshots_each() + header.snapshots_of(number) - 1,
                    record: None,
                    name: scenario.as_deref().map(|scenario| name(scenario, varied)),
                    scenario,
                }
            }
        }
    }

    /// What is known of the array, its nodes being those of a frame: of a scenario its own.
    pub(super) fn labels(&self, shown: &Shown<'_>) -> Cow<'a, Labels> {
        match (&self.kind, &shown.scenario) {
            (ArrayKind::Scenarios(..), Some(scenario)) => {
                let scenarios = Some(NamedAxis::counted("scenario"));
                let axes = scenarios.into_iter().chain(scenario.axes(Vec::new()));
                Cow::Owned(Labels::of_axes(axes.map(Some).collect()))
            }
            _ => Cow::Borrowed(&self.array.labels),
        }
    }

    /// Where the nodes of a frame lie, as far as that is known.
    fn extent(&self, shown: &Shown<'_>) -> Extent {
        let labels = self.labels(shown);
        let ends = |from_end: usize, length: usize| {
            let axis = labels.axes.len().checked_sub(from_end)?;
            labels.axis(axis)?.ends().filter(|_| length > 1)
        };
        let (rows, columns) = self.shape();
        match (ends(1, columns), ends(2, rows)) {
            (Some(x), Some(y)) => Extent::nodes(x, y),
            _ => Extent::counted(),
        }
    }

    /// Whether its frames are of different quantities, as the results of `stats` are.
    pub(super) fn differ_in_kind(&self) -> bool {
        self.words().is_some()
    }

    /// Whether its frames have times, along its first axis.
    pub(in crate::cli) fn has_times(&self) -> bool {
        match &self.kind {
            ArrayKind::Snapshots(..) => true,
            ArrayKind::Scenarios(..) => false,
            ArrayKind::Plain(_) => self.time(0).is_some(),
        }
    }

    /// The time of a frame of an array that was made from a cube.
    pub(super) fn time(&self, index: u64) -> Option<f64> {
        let first = self.first_axis().filter(|first| first.name == "t")?;
        first.coordinate(index)
    }

    /// The axis along which frames follow one another.
    fn first_axis(&self) -> Option<&NamedAxis> {
        match self.array.npy.shape.len() {
            3 => self.array.labels.axis(0),
            _ => None,
        }
    }

    /// The name of the axis along which frames follow one another, if nothing but their numbers is known of them.
    pub(in crate::cli) fn first_name(&self) -> Option<&str> {
        let first = self.first_axis()?;
        (first.values == AxisValues::Counted).then_some(&*first.name)
    }

    /// What the frames are, if the array's first axis has words for its indices: `mean`, `std`.
    fn words(&self) -> Option<&[String]> {
        self.first_axis()?.labels()
    }

    pub(super) fn values<'k>(&'k self, index: u64, kept: Option<&'k Reduced>) -> InFile<'k> {
        InFile {
            array: self.array,
            shape: self.shape(),
            at_a_time: self.at_a_time,
            place: self.shown(index).place,
            kept,
        }
    }

    pub(super) fn frame<'v>(
        &'v self,
        values: &'v InFile<'_>,
        shown: &'v Shown<'_>,
        index: u64,
    ) -> Frame<'v> {
        let frame = Frame::new(values, self.extent(shown)).in_unit(&self.time_unit.0);
        match (&shown.name, shown.record) {
            (Some(name), _) => frame.named(name),
            (None, Some(record)) => frame.at(self.shown_time(record.simtime)),
            (None, None) => match self.time(index) {
                Some(time) => frame.at(self.shown_time(time)),
                None => {
                    let number = usize::try_from(index).unwrap_or(usize::MAX);
                    match self.words().and_then(|words| words.get(number)) {
                        Some(label) => frame.named(label),
                        None if self.len() > 1 => {
                            let number = self.array.index_in_file(0, index);
                            frame.numbered(usize::try_from(number).unwrap_or(usize::MAX))
                        }
                        None => frame,
                    }
                }
            },
        }
    }
}

/// A frame in a file, read as it is drawn.
pub(super) struct InFile<'a> {
    array: &'a JournalledArray,
    shape: (usize, usize),
    at_a_time: usize,
    /// Its number among all matrices of the array.
    place: u64,
    /// What was kept of it when it was read before.
    kept: Option<&'a Reduced>,
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
        let part = [rows, columns].map(|range| range.start as u64..range.end as u64);
        let read = self.array.read_frame(self.place, part, into);
        read.map_err(|error| plot::Error::Values(error.into()))
    }
}

/// An error of drawing; one of reading the file is that of the file.
pub(super) fn unread(error: plot::Error) -> Error {
    match error {
        plot::Error::Values(source) => match source.downcast::<NpyError>() {
            Ok(error) => Error::Npy(*error),
            Err(source) => Error::Plot(plot::Error::Values(source)),
        },
        error => Error::Plot(error),
    }
}

impl<'a> Shown<'a> {
    fn plain(place: u64) -> Self {
        Self {
            place,
            record: None,
            scenario: None,
            name: None,
        }
    }
}

/// The committed snapshots of a run.
fn records(array: &JournalledArray) -> &[Record] {
    let journal = array.journal.as_ref();
    journal.map_or(&[], |journal| &journal.records)
}

/// What distinguishes a scenario from the others: `D = 0.5, dx = 1`.
fn name(scenario: &Scenario, varied: &[(String, FileNames)]) -> String {
    let parts = varied.iter().filter_map(|(key, names)| {
        let value = value(scenario, key)?;
        let shown = match value.as_f64() {
            Some(number) => plot::short(number, 4),
            None => names.shown(&value),
        };
        Some(format!("{key} = {shown}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The value of a key of a scenario.
fn value(scenario: &Scenario, key: &str) -> Option<Value> {
    let pairs = scenario.params.pairs();
    let found = pairs.into_iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.clone())
}
