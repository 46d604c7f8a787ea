//! `--select`, and brackets behind the name of a file: a part of an array.

use super::{
    axes::{Axes, Entries},
    ranges,
    terminal::Terminal,
};
use crate::{cube::JournalledArray, error::Error};
use diff2d_arrays::npy::{Region, Slice};
use std::path::Path;

/// An array and the box that `--select` takes of it. Where a range has a step, the array becomes the view that it takes, and the box
/// is all of that. What is waited for counts as there.
pub(super) fn select(
    array: JournalledArray,
    follows: bool,
    text: Option<&str>,
    terminal: &Terminal,
) -> Result<(JournalledArray, Region), Error> {
    let shape = if follows {
        array.npy.shape.clone()
    } else {
        array.shape()
    };
    let Some(text) = text else {
        let region = shape.iter().map(|&length| 0..length).collect();
        return Ok((array, region));
    };
    let typed = format!("--select {text}");
    let entries = Axes::of(&array).entries(&typed, text)?;
    let slices = slices(&array, &shape, &entries, &typed, terminal)?;
    let ranges: Option<Region> = slices.iter().map(|slice| slice.range()).collect();
    Ok(match ranges {
        Some(ranges) => (array, ranges),
        None if follows => {
            return Err(Error::Usage(format!(
                "--select {text}: with --follow ranges have no step; windows are left out by --stride"
            )));
        }
        None => {
            let region = slices.iter().map(|slice| 0..slice.count).collect();
            (array.view(&slices), region)
        }
    })
}

/// The part of an array that the brackets behind its name take: `cube.npy[::24]`. An index drops its axis, and a range keeps it.
pub(super) fn part(
    array: JournalledArray,
    text: Option<&str>,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let Some(text) = text else { return Ok(array) };
    let typed = format!("{}[{text}]", array.path.display());
    let entries = Axes::of(&array).entries(&typed, text)?;
    let slices = slices(&array, &array.shape(), &entries, &typed, terminal)?;
    // The last axes go first, so that the numbers of the others stay.
    let mut part = array.view(&slices);
    for axis in (0..slices.len())
        .rev()
        .filter(|&axis| entries.is_index(axis))
    {
        part = part.at_index(axis, 0);
    }
    Ok(part)
}

/// The name of a file without the brackets behind it, and what is in them.
pub(super) fn brackets(path: &Path) -> (&Path, Option<&str>) {
    let text = path.to_str().filter(|_| !path.exists());
    let parts = text.and_then(|text| text.strip_suffix(']')?.rsplit_once('['));
    parts.map_or((path, None), |(file, text)| (Path::new(file), Some(text)))
}

/// The slices, one an axis, that entries take of an array of this shape; by name, from the node nearest to one coordinate to the
/// node nearest to another, both included.
pub(super) fn slices(
    array: &JournalledArray,
    shape: &[u64],
    entries: &Entries,
    typed: &str,
    terminal: &Terminal,
) -> Result<Vec<Slice>, Error> {
    let axes = Axes::of(array);
    let full_slices = shape.iter().map(|&length| Slice::new(&(0..length), 1));
    let mut slices: Vec<Slice> = full_slices.collect();
    match entries {
        Entries::Listed(parts) => {
            if parts.len() > shape.len() {
                return Err(Error::Usage(format!(
                    "{typed}: {} has {} axes",
                    array.path.display(),
                    shape.len()
                )));
            }
            for (axis, part) in parts.iter().enumerate() {
                slices[axis] = python_slice(axis, shape[axis], part, typed)?;
            }
        }
        Entries::Named(parts) => {
            for (axis, part) in parts.iter().enumerate() {
                let Some(part) = part else { continue };
                if axes.takes_indices(axis) {
                    slices[axis] = python_slice(axis, shape[axis], part, typed)?;
                    continue;
                }
                let (range, step) = axes.between(axis, part, shape[axis])?;
                slices[axis] = Slice::new(&range, step);
                let last_index = slices[axis].count.checked_sub(1);
                let last_index = last_index.map_or(range.end.saturating_sub(1), |last_index| {
                    slices[axis].index(last_index)
                });
                // Of a single index the two ends are the same.
                let mut end_indices = vec![(axis, range.start), (axis, last_index)];
                end_indices.dedup();
                terminal.note(&format!("{typed}: {}", axes.describe(end_indices)));
            }
        }
    }
    Ok(slices)
}

/// The slice that a text stands for in Python, of an axis of this length.
fn python_slice(axis: usize, length: u64, text: &str, typed: &str) -> Result<Slice, Error> {
    let text = if text.is_empty() { ":" } else { text };
    ranges::slice(text, length).ok_or_else(|| {
        Error::Usage(format!(
            "{typed}: '{text}' is no range along axis {axis}, which has {length}; expected one {}, with a step of at least 1",
            ranges::EXAMPLES
        ))
    })
}
