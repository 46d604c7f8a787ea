//! [`NamedAxis`]: the coordinates of an array's axes, of a cube from its journal, of arrays made from
//! one from a small file beside them.
//!
//! `NAME.axes.json` stands beside `NAME.npy`:
//!
//! ```json
//! {"format":1,"shape":[3,22,22],"axes":[{"name":"t","spacing":1.25,"coordinates":[0.0,1.25,2.5]},null,null]}
//! ```
//!
//! `axes` has an entry for every axis of the array: a name with a coordinate for each index, a name with a
//! label for each, or null; a key `unit` says in what its coordinates are. A key `quantity` may say what the values are: `"difference"`,
//! and a key `unit` of the file in what they are.
//! A key `replaces` is there while the array is replaced, and tells how the new one is known, and the axes of the old one.

use super::{error::CubeError, journal::Scenario, outputs::Writing, paths::remove_file};
use diff2d_sys::{self as sys, Destination};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, Metadata},
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Version of the file's format.
const FORMAT: u64 = 1;
/// A file longer than this is not one of ours.
const LONGEST: u64 = 1 << 30;

/// An axis with a name, and what is known of its indices.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedAxis {
    /// `t`, `y`, `x`, `statistic`.
    pub name: String,
    /// The unit of its coordinates, if that is known.
    pub unit: Option<String>,
    /// What is known of its indices.
    pub values: AxisValues,
}

/// What is known of the indices of an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum AxisValues {
    /// A coordinate for each, and the usual distance from one to the next \[time or length\].
    Listed {
        /// In increasing order.
        coordinates: Vec<f64>,
        /// From one to the next.
        spacing: f64,
    },
    /// A word for each.
    Labels(Vec<String>),
}

impl NamedAxis {
    /// An axis of which every index has a coordinate.
    #[must_use]
    pub fn listed(name: &str, coordinates: Vec<f64>, spacing: f64) -> Self {
        Self {
            name: name.to_owned(),
            unit: None,
            values: AxisValues::Listed {
                coordinates,
                spacing,
            },
        }
    }

    /// The same axis with other coordinates.
    fn with(&self, coordinates: Vec<f64>, spacing: f64) -> Self {
        Self {
            unit: self.unit.clone(),
            ..Self::listed(&self.name, coordinates, spacing)
        }
    }

    /// The coordinate of an index \[time or length\].
    #[must_use]
    pub fn coordinate(&self, index: u64) -> Option<f64> {
        let number = usize::try_from(index).ok()?;
        match &self.values {
            AxisValues::Listed { coordinates, .. } => coordinates.get(number).copied(),
            AxisValues::Labels(_) => None,
        }
    }

    /// From one index to the next \[time or length\].
    #[must_use]
    pub fn spacing(&self) -> Option<f64> {
        match &self.values {
            AxisValues::Listed { spacing, .. } => Some(*spacing),
            AxisValues::Labels(_) => None,
        }
    }

    /// Whether its indices are as far from one another as [`spacing`](Self::spacing) says.
    #[must_use]
    pub fn is_even(&self) -> bool {
        /// What roundings and the course's sums change, as a share.
        const NEARLY: f64 = 1e-6;
        match &self.values {
            AxisValues::Listed {
                coordinates,
                spacing,
            } => {
                let apart = coordinates.windows(2).map(|pair| pair[1] - pair[0]);
                let mut off = apart.map(|apart| (apart - spacing).abs());
                off.all(|off| off <= NEARLY * spacing.abs())
            }
            AxisValues::Labels(_) => true,
        }
    }

    /// The axis of `count` windows over this one, the first of them from `start` on: each has the mean of
    /// the coordinates of its first and its last element.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub fn of_windows(&self, start: u64, window: u64, stride: u64, count: u64) -> Option<Self> {
        let middle = |number: u64| {
            let begin = start + number * stride;
            let first = self.coordinate(begin)?;
            let last = self.coordinate(begin + window - 1)?;
            Some(if window == 1 {
                first
            } else {
                f64::midpoint(first, last)
            })
        };
        let spacing = self.spacing()? * stride as f64;
        let coordinates = (0..count).map(middle).collect::<Option<_>>()?;
        Some(self.with(coordinates, spacing))
    }

    /// This axis at some indices.
    #[must_use]
    pub fn of_indices(&self, indices: &[u64]) -> Option<Self> {
        let coordinates: Vec<f64> = indices
            .iter()
            .map(|&index| self.coordinate(index))
            .collect::<Option<_>>()?;
        let spacing = match coordinates[..] {
            [first, second, ..] => second - first,
            _ => self.spacing()?,
        };
        Some(self.with(coordinates, spacing))
    }

    /// The part of this axis in a range of indices.
    #[must_use]
    pub fn of_range(&self, range: &Range<u64>) -> Option<Self> {
        if let AxisValues::Labels(labels) = &self.values {
            let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(0));
            return Some(Self {
                name: self.name.clone(),
                unit: self.unit.clone(),
                values: AxisValues::Labels(labels.get(start..end)?.to_vec()),
            });
        }
        self.of_windows(range.start, 1, 1, range.end - range.start)
    }
}

/// The axes of the cube of a run whose snapshots have these times.
pub(super) fn of_run(run: &Scenario, times: Vec<f64>) -> Option<Vec<Option<NamedAxis>>> {
    let grid = run.grid()?;
    let spacing = run.pace().cadence();
    let axis = |name: &str, coordinates, spacing| {
        Some(NamedAxis {
            unit: run.params.unit(name).map(str::to_owned),
            ..NamedAxis::listed(name, coordinates, spacing)
        })
    };
    Some(vec![
        axis("t", times, spacing),
        axis("y", grid.y.coordinates(), grid.y.spacing),
        axis("x", grid.x.coordinates(), grid.x.spacing),
    ])
}

/// The file beside an array.
#[derive(Clone, Serialize, Deserialize)]
struct AxesFile {
    format: u64,
    shape: Vec<u64>,
    axes: Vec<Option<AxisEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<Replaces>,
}

/// While an array is replaced: the axes are those of a file of this length and time, and where that has not come to
/// its place yet, what is there has those of before.
#[derive(Clone, Serialize, Deserialize)]
struct Replaces {
    bytes: u64,
    /// Nanoseconds since 1970.
    modified: u64,
    before: Option<Box<AxesFile>>,
}

/// When a file was written last, in nanoseconds since 1970.
fn modified(file: &Metadata) -> u64 {
    let since = file
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

impl AxesFile {
    /// The file of this name, if it is one.
    fn read(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = sys::open_to_read(path).ok()?;
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// What it tells of an array's file.
    fn of(mut self, file: &Metadata) -> Option<Self> {
        match self.replaces.take() {
            Some(new) if (new.bytes, new.modified) != (file.len(), modified(file)) => {
                new.before.map(|before| *before)
            }
            _ => Some(self),
        }
    }

    /// As this program writes it.
    fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct AxisEntry {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spacing: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coordinates: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
}

impl AxisEntry {
    fn new(axis: &NamedAxis) -> Self {
        let (coordinates, labels) = match axis.values.clone() {
            AxisValues::Labels(labels) => (None, Some(labels)),
            AxisValues::Listed { coordinates, .. } => (Some(coordinates), None),
        };
        Self {
            name: axis.name.clone(),
            unit: axis.unit.clone(),
            spacing: axis.spacing(),
            coordinates,
            labels,
        }
    }

    /// The axis, if it has as many coordinates as its length and they increase.
    fn axis(self, length: u64) -> Option<NamedAxis> {
        let fits = |count: usize| count as u64 == length;
        match (self.coordinates, self.labels) {
            (Some(coordinates), None) => {
                let increase = coordinates.is_sorted_by(|a, b| a < b);
                let spacing = self.spacing.filter(|spacing| *spacing > 0.0)?;
                (fits(coordinates.len()) && increase).then(|| NamedAxis {
                    unit: self.unit,
                    ..NamedAxis::listed(&self.name, coordinates, spacing)
                })
            }
            (None, Some(labels)) => fits(labels.len()).then_some(NamedAxis {
                name: self.name,
                unit: self.unit,
                values: AxisValues::Labels(labels),
            }),
            _ => None,
        }
    }
}

fn beside(array: &Path) -> PathBuf {
    array.with_extension("axes.json")
}

/// A new array and what is known of it: the length of its axes, these, and what its values are.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// How its file can be known.
    pub file: &'a Metadata,
    /// Elements along every axis.
    pub shape: &'a [u64],
    /// Every axis, as far as it is known.
    pub axes: &'a [Option<NamedAxis>],
    /// What the values are, if that is known.
    pub quantity: Option<&'a str>,
    /// In what they are, if that is known.
    pub unit: Option<&'a str>,
}

/// Puts a new array in its place, and what is known of it beside it; where nothing is, what belongs to the array that
/// it replaces is removed. Whatever a kill leaves, readers find the axes of the array that is there.
///
/// # Errors
/// [`CubeError::Io`], and those of `put`, after which everything is as it was.
pub fn put_with_axes<E: From<CubeError>>(
    (array, to): (&Path, Destination),
    new: Labels<'_>,
    put: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let path = beside(array);
    let known = |axis| new.axes.get(axis).and_then(Option::as_ref);
    let entries = (0..new.shape.len()).map(|axis| known(axis).map(AxisEntry::new));
    let after = AxesFile {
        format: FORMAT,
        shape: new.shape.to_vec(),
        axes: entries.collect(),
        quantity: new.quantity.map(str::to_owned),
        unit: new.unit.map(str::to_owned),
        replaces: None,
    };
    let is_known =
        new.axes.iter().any(Option::is_some) || new.quantity.is_some() || new.unit.is_some();
    let before = fs::metadata(array)
        .ok()
        .and_then(|file| AxesFile::read(&path)?.of(&file));
    if !is_known && before.is_none() {
        return put();
    }
    let between = AxesFile {
        replaces: Some(Replaces {
            bytes: new.file.len(),
            modified: modified(new.file),
            before: before.clone().map(Box::new),
        }),
        ..after.clone()
    };
    let written = sys::write_file_at(to, &between.text());
    written.map_err(CubeError::from)?;
    let put = put();
    match if put.is_ok() {
        is_known.then_some(after)
    } else {
        before
    } {
        Some(file) => sys::write_file(&path, &file.text()).map_err(CubeError::from)?,
        None => remove_file(&path).map(|_| ())?,
    }
    put
}

/// Admits the name of what stands beside a new array, which replaces what this program has written there.
///
/// # Errors
/// As [`Writing::admit`].
pub fn admit_axes(array: &Path, writing: Writing<'_>) -> Result<Destination, CubeError> {
    let path = beside(array);
    let is_ours = || {
        AxesFile::read(&path)
            .is_some_and(|file| fs::read(&path).is_ok_and(|text| text == file.text()))
    };
    let writing = Writing {
        force: writing.force || is_ours(),
        ..writing
    };
    writing.admit(&path)
}

/// What a file beside an array tells.
#[derive(Debug, Default)]
pub(super) struct KnownAxes {
    pub axes: Vec<Option<NamedAxis>>,
    pub quantity: Option<String>,
    pub unit: Option<String>,
}

/// What a file beside an array tells, or why it is not believed.
pub(super) fn read_axes(array: &Path, file: &Metadata, shape: &[u64]) -> Result<KnownAxes, String> {
    let path = beside(array);
    let wrong = |what: &str| format!("{} {what}, and is left aside", path.display());
    if sys::open_to_read(&path).is_err() {
        return Ok(KnownAxes::default());
    }
    let Some(known) = AxesFile::read(&path) else {
        return Err(wrong("tells no axes"));
    };
    let Some(known) = known.of(file) else {
        return Ok(KnownAxes::default());
    };
    if known.format != FORMAT {
        return Err(wrong("is of another format"));
    }
    if known.shape != shape || known.axes.len() != shape.len() {
        return Err(wrong("tells the axes of another array"));
    }
    let entries = known.axes.into_iter().zip(shape);
    let axes = entries.map(|(entry, &length)| match entry {
        None => Ok(None),
        Some(entry) => entry.axis(length).map(Some).ok_or(()),
    });
    let axes = axes.collect::<Result<_, ()>>().map_err(|()| {
        wrong("has an axis whose coordinates do not increase or are not as many as it is long")
    })?;
    Ok(KnownAxes {
        axes,
        quantity: known.quantity,
        unit: known.unit,
    })
}
