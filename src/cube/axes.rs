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
//! label for each, or null; a key `unit` says in what its coordinates are. A key `quantity` may say what the values are: `"difference"`.

use super::{
    error::CubeError,
    journal::Scenario,
    outputs::{Writing, holds, is_of_kind},
    paths::remove_file,
};
use diff2d_sys::{self as sys, Destination};
use serde::{Deserialize, Serialize};
use std::{
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
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
#[derive(Serialize, Deserialize)]
struct AxesFile {
    format: u64,
    shape: Vec<u64>,
    axes: Vec<Option<Entry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
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

impl Entry {
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

/// Writes what is known of the axes of an array beside it, and what its values are, if that is known;
/// where nothing is, what another array of this name has left there is removed.
///
/// # Errors
/// [`CubeError::Io`].
pub fn write_axes(
    (array, to): (&Path, Destination),
    shape: &[u64],
    axes: &[Option<NamedAxis>],
    quantity: Option<&str>,
) -> Result<(), CubeError> {
    if axes.iter().all(Option::is_none) && quantity.is_none() {
        return forget_axes(array);
    }
    let entries = axes.iter().map(|axis| axis.as_ref().map(Entry::new));
    let file = AxesFile {
        format: FORMAT,
        shape: shape.to_vec(),
        axes: entries.collect(),
        quantity: quantity.map(str::to_owned),
    };
    let text = serde_json::to_vec(&file).unwrap_or_default();
    Ok(sys::write_file_at(to, &text)?)
}

/// Admits the name of what stands beside a new array, which replaces what this program has written there.
///
/// # Errors
/// As [`Writing::admit`].
pub fn admit_axes(array: &Path, writing: Writing<'_>) -> Result<Destination, CubeError> {
    let writing = Writing {
        is_own_kind: Some(tells_axes),
        ..writing
    };
    writing.admit(&beside(array))
}

/// Removes what this program has written beside an array that is about to be replaced.
///
/// # Errors
/// [`CubeError::Io`].
pub fn forget_axes(array: &Path) -> Result<(), CubeError> {
    let path = beside(array);
    match is_of_kind(&path, tells_axes) {
        true => remove_file(&path).map(|_| ()),
        false => Ok(()),
    }
}

/// Whether a file begins like one of ours.
fn tells_axes(beginning: &[u8]) -> bool {
    beginning.starts_with(b"{\"format\":") && holds(beginning, "\"axes\":")
}

/// What a file beside an array tells.
#[derive(Debug, Default)]
pub(super) struct KnownAxes {
    pub axes: Vec<Option<NamedAxis>>,
    pub quantity: Option<String>,
}

/// What a file beside an array tells, or why it is not believed.
pub(super) fn read_axes(array: &Path, shape: &[u64]) -> Result<KnownAxes, String> {
    let path = beside(array);
    let Ok(file) = sys::open_to_read(&path) else {
        return Ok(KnownAxes::default());
    };
    let wrong = |what: &str| format!("{} {what}, and is left aside", path.display());
    let mut text = Vec::new();
    let read = file.take(LONGEST).read_to_end(&mut text);
    let parsed = serde_json::from_slice::<AxesFile>(&text)
        .ok()
        .filter(|_| read.is_ok());
    let Some(known) = parsed else {
        return Err(wrong("tells no axes"));
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
    })
}
