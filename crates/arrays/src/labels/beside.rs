//! The file `NAME.axes.json` beside `NAME.npy`, which contains the labels of the array:
//!
//! ```json
//! {"format":1,"shape":[3,22,22],"axes":[{"name":"t","spacing":1.25,"coordinates":[0.0,1.25,2.5]},null,null]}
//! ```
//!
//! `axes` has an entry for every axis of the array: a name with a coordinate for each index, a name with a label for
//! each, a name alone, or null; a key `unit` gives the unit of the coordinates, `calendar` that of times from a date on. A key `quantity` of the file may name
//! the quantity of the values, such as `"difference"`, a key `unit` their unit, and a key `masked` says that NaN stands
//! for nodes outside the domain. A key `id` identifies the array that the file describes, by the
//! [mark](crate::npy::mark_in) in the array's header. So a file that was left behind when its array was moved does not
//! describe the next array of that name. A file without `id` describes any array of its shape. A key `replaces` exists
//! while the array is replaced, and contains the labels of the old array.

use super::{AxisValues, Labels, NamedAxis};
use crate::{
    npy::{MARK_PLACE, NpyError, NpyHeader, encode_mark, mark_in, mark_of},
    output::Output,
};
use diff2d_sys::{self as sys, Destination};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// Version of the file's format.
const FORMAT: u64 = 1;
/// The largest size of a labels file in bytes. A longer file was not written by this program.
const LONGEST: u64 = 1 << 30;

/// The labels file beside an array.
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
    /// The mark of the array that the file describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    /// The labels of the old array while it is being replaced. They count until the new array is in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<Replaces>,
}

/// The labels of an array that is being replaced, if there are any.
#[derive(Clone, Serialize, Deserialize)]
struct Replaces {
    before: Option<Box<AxesFile>>,
}

impl AxesFile {
    /// The labels of an array of this shape.
    fn new(shape: &[u64], labels: &Labels) -> Self {
        let entries = (0..shape.len()).map(|axis| labels.axis(axis).map(AxisEntry::new));
        Self {
            format: FORMAT,
            shape: shape.to_vec(),
            axes: entries.collect(),
            quantity: labels.quantity.clone(),
            unit: labels.unit.clone(),
            masked: labels.is_masked,
            id: None,
            replaces: None,
        }
    }

    /// Adds the mark of an array with these labels.
    fn with_id(self) -> Self {
        let id = mark_of(&self.text());
        Self {
            id: Some(id),
            ..self
        }
    }

    /// Reads the labels file with this name; `None` if it is not a labels file.
    fn read(path: &Path) -> Option<Self> {
        let mut text = Vec::new();
        let file = sys::open_to_read(path).ok()?;
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The labels for the array with this mark.
    fn of(mut self, mark: Option<u32>) -> Option<Self> {
        match self.replaces.take() {
            // The array without coordinates that replaces another one has no mark either.
            Some(_) if self.id == mark => Some(self),
            Some(Replaces { before }) => before?.of(mark),
            None if self.id.is_none() || self.id == mark => Some(self),
            None => None,
        }
    }

    /// The text of the file as this program writes it.
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
    calendar: Option<String>,
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
            calendar: axis.calendar.clone(),
            spacing: axis.spacing(),
            coordinates: axis.coordinates().map(<[f64]>::to_vec),
            labels: axis.labels().map(<[String]>::to_vec),
        }
    }

    /// The axis, if it has one coordinate for each index and they all increase or all decrease.
    fn axis(self, length: u64) -> Option<NamedAxis> {
        let values = match (self.coordinates, self.labels) {
            (Some(coordinates), None) => {
                let spacing = self.spacing.filter(|spacing| spacing.is_normal())?;
                let are_in_order = coordinates.is_sorted_by(|a, b| match spacing > 0.0 {
                    true => a < b,
                    false => a > b,
                });
                (coordinates.len() as u64 == length && are_in_order).then_some(AxisValues::Listed {
                    coordinates,
                    spacing,
                })
            }
            (None, Some(labels)) => {
                (labels.len() as u64 == length).then_some(AxisValues::Labels(labels))
            }
            (None, None) => Some(AxisValues::Counted),
            _ => None,
        };
        Some(NamedAxis {
            name: self.name,
            unit: self.unit,
            calendar: self.calendar,
            values: values?,
        })
    }
}

/// The path of the labels file of an array.
#[must_use]
pub fn path(array: &Path) -> PathBuf {
    array.with_extension("axes.json")
}

/// Whether the labels file beside an array was written by this program.
#[must_use]
pub fn is_ours(array: &Path) -> bool {
    let path = path(array);
    AxesFile::read(&path).is_some_and(|file| fs::read(&path).is_ok_and(|text| text == file.text()))
}

/// The beginning of a new array with these labels, and the text of the file beside it, for files that appear together.
#[must_use]
pub fn header_and_text(npy: &NpyHeader, labels: &Labels) -> [Vec<u8>; 2] {
    let file = AxesFile::new(&npy.shape, labels).with_id();
    let mut header = npy.encode();
    header[MARK_PLACE].copy_from_slice(&encode_mark(file.id.unwrap_or_default()));
    [header, file.text()]
}

/// Writes labels beside an array that stays as it is.
///
/// # Errors
/// [`NpyError::Io`], after which nothing has changed.
pub fn write(to: Destination, shape: &[u64], labels: &Labels) -> Result<(), NpyError> {
    Ok(sys::write_file_at(
        to,
        &AxesFile::new(shape, labels).text(),
    )?)
}

/// Puts a new array in place, and its labels beside it; without labels, the labels file of the old array is removed.
/// Even if the process is killed in between, readers find the labels of the array that exists.
///
/// # Errors
/// [`NpyError::Io`], after which nothing has changed.
pub fn put(output: Output, array: &Path, to: Destination, labels: &Labels) -> Result<(), NpyError> {
    let path = path(array);
    let new_file = AxesFile::new(&output.npy.shape, labels);
    let is_known = *labels != Labels::of_axes(vec![None; labels.axes.len()]);
    let new_file = if is_known {
        new_file.with_id()
    } else {
        new_file
    };
    if let Some(id) = new_file.id {
        output.mark(id)?;
    }
    let replaced = sys::open_to_read(array).ok();
    let replaced_file = replaced.and_then(|file| AxesFile::read(&path)?.of(mark_in(&file)));
    if !is_known && replaced_file.is_none() {
        return output.finish();
    }
    let interim_file = AxesFile {
        replaces: Some(Replaces {
            before: replaced_file.clone().map(Box::new),
        }),
        ..new_file.clone()
    };
    sys::write_file_at(to, &interim_file.text())?;
    let put = output.finish();
    let final_file = match put {
        Ok(()) => is_known.then_some(new_file),
        Err(_) => replaced_file,
    };
    match final_file {
        Some(file) => sys::write_file(&path, &file.text())?,
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.map_err(NpyError::io("remove", path))?,
        },
    }
    put
}

/// A sentence on the reason why a labels file is ignored.
fn refusal(path: &Path, flaw: &str) -> String {
    format!("{} {flaw}, and is left aside", path.display())
}

/// The labels in the file beside an array with this mark.
///
/// # Errors
/// A sentence on the reason why the file is ignored.
pub fn read(array: &Path, mark: Option<u32>, shape: &[u64]) -> Result<Labels, String> {
    let path = path(array);
    if sys::open_to_read(&path).is_err() {
        return Ok(Labels::default());
    }
    let Some(known) = AxesFile::read(&path) else {
        return Err(refusal(&path, "tells no axes"));
    };
    let is_replacing = known.replaces.is_some();
    let Some(known) = known.of(mark) else {
        return if is_replacing {
            Ok(Labels::default())
        } else {
            Err(refusal(&path, "tells the axes of another array"))
        };
    };
    if known.format != FORMAT {
        return Err(refusal(&path, "is of another format"));
    }
    if known.shape != shape || known.axes.len() != shape.len() {
        return Err(refusal(&path, "tells the axes of another array"));
    }
    let entries = known.axes.into_iter().zip(shape);
    let axes = entries.map(|(entry, &length)| match entry {
        None => Ok(None),
        Some(entry) => entry.axis(length).map(Some).ok_or(()),
    });
    let axes = axes.collect::<Result<_, ()>>().map_err(|()| {
        refusal(
            &path,
            "has an axis whose coordinates do not all increase or all decrease, or are not as many as it is long",
        )
    })?;
    Ok(Labels {
        axes,
        quantity: known.quantity,
        unit: known.unit,
        is_masked: known.masked,
    })
}
