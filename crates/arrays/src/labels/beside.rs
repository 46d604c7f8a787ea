//! `NAME.axes.json`, which stands beside `NAME.npy` and tells what is known of it:
//!
//! ```json
//! {"format":1,"shape":[3,22,22],"axes":[{"name":"t","spacing":1.25,"coordinates":[0.0,1.25,2.5]},null,null]}
//! ```
//!
//! `axes` has an entry for every axis of the array: a name with a coordinate for each index, a name with a
//! label for each, a name alone, or null; a key `unit` says in what its coordinates are. A key `quantity` may say what the values
//! are: `"difference"`, a key `unit` of the file in what they are, and a key `masked` that NaN stands for nodes that are not part
//! of the domain.
//! A key `replaces` is there while the array is replaced, and tells how the new one is known, and the axes of the old one.

use super::{AxisValues, Labels, NamedAxis};
use crate::{npy::NpyError, output::Output};
use diff2d_sys::{self as sys, Destination};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, Metadata},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Version of the file's format.
const FORMAT: u64 = 1;
/// A file longer than this is not one of ours.
const LONGEST: u64 = 1 << 30;

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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
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
    /// What is known of an array of this shape.
    fn new(shape: &[u64], labels: &Labels) -> Self {
        let entries = (0..shape.len()).map(|axis| labels.axis(axis).map(AxisEntry::new));
        Self {
            format: FORMAT,
            shape: shape.to_vec(),
            axes: entries.collect(),
            quantity: labels.quantity.clone(),
            unit: labels.unit.clone(),
            masked: labels.is_masked,
            replaces: None,
        }
    }

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
        Self {
            name: axis.name.clone(),
            unit: axis.unit.clone(),
            spacing: axis.spacing(),
            coordinates: axis.coordinates().map(<[f64]>::to_vec),
            labels: axis.labels().map(<[String]>::to_vec),
        }
    }

    /// The axis, if it has as many coordinates as its length and they increase.
    fn axis(self, length: u64) -> Option<NamedAxis> {
        let fits = |count: usize| count as u64 == length;
        let values = match (self.coordinates, self.labels) {
            (Some(coordinates), None) => {
                let increase = coordinates.is_sorted_by(|a, b| a < b);
                let spacing = self.spacing.filter(|spacing| *spacing > 0.0)?;
                (fits(coordinates.len()) && increase).then_some(AxisValues::Listed {
                    coordinates,
                    spacing,
                })
            }
            (None, Some(labels)) => fits(labels.len()).then_some(AxisValues::Labels(labels)),
            (None, None) => Some(AxisValues::Counted),
            _ => None,
        };
        Some(NamedAxis {
            name: self.name,
            unit: self.unit,
            values: values?,
        })
    }
}

/// The file beside an array.
#[must_use]
pub fn path(array: &Path) -> PathBuf {
    array.with_extension("axes.json")
}

/// Whether the file beside an array is as this program writes it.
#[must_use]
pub fn is_ours(array: &Path) -> bool {
    let path = path(array);
    AxesFile::read(&path).is_some_and(|file| fs::read(&path).is_ok_and(|text| text == file.text()))
}

/// Puts a new array in its place, and what is known of it beside it; where nothing is, what belongs to the array that
/// it replaces is removed. Whatever a kill leaves, readers find the axes of the array that is there.
///
/// # Errors
/// [`NpyError::Io`], after which everything is as it was.
pub fn put(output: Output, array: &Path, to: Destination, labels: &Labels) -> Result<(), NpyError> {
    let path = path(array);
    let file = output.metadata()?;
    let after = AxesFile::new(&output.npy.shape, labels);
    let is_known = *labels != Labels::of_axes(vec![None; labels.axes.len()]);
    let before = fs::metadata(array)
        .ok()
        .and_then(|file| AxesFile::read(&path)?.of(&file));
    if !is_known && before.is_none() {
        return output.finish();
    }
    let between = AxesFile {
        replaces: Some(Replaces {
            bytes: file.len(),
            modified: modified(&file),
            before: before.clone().map(Box::new),
        }),
        ..after.clone()
    };
    sys::write_file_at(to, &between.text())?;
    let put = output.finish();
    let rest = match put {
        Ok(()) => is_known.then_some(after),
        Err(_) => before,
    };
    match rest {
        Some(file) => sys::write_file(&path, &file.text())?,
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.map_err(NpyError::io("remove", path))?,
        },
    }
    put
}

/// What the file beside an array tells of it, or why it is not believed.
///
/// # Errors
/// The sentence that says why.
pub fn read(array: &Path, file: &Metadata, shape: &[u64]) -> Result<Labels, String> {
    let path = path(array);
    let wrong = |what: &str| format!("{} {what}, and is left aside", path.display());
    if sys::open_to_read(&path).is_err() {
        return Ok(Labels::default());
    }
    let Some(known) = AxesFile::read(&path) else {
        return Err(wrong("tells no axes"));
    };
    let Some(known) = known.of(file) else {
        return Ok(Labels::default());
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
    Ok(Labels {
        axes,
        quantity: known.quantity,
        unit: known.unit,
        is_masked: known.masked,
    })
}
