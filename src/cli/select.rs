//! `--select`, and brackets behind the name of a file: a part of an array.

use super::{
    axes::{self, Axes, Entries},
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
    let shape = match follows {
        true => array.npy.shape.clone(),
        false => array.shape(),
    };
    let Some(text) = text else {
        let whole = shape.iter().map(|&length| 0..length).collect();
        return Ok((array, whole));
    };
    let typed = format!("--select {text}");
    let slices = slices(&array, &shape, text, &typed, terminal)?;
    let ranges: Option<Region> = slices.iter().map(|slice| slice.range()).collect();
    Ok(match ranges {
        Some(ranges) => (array, ranges),
        None if follows => {
            return Err(Error::Usage(format!(
                "--select {text}: with --follow ranges have no step; windows are left out by --stride"
            )));
        }
        None => {
            let whole = slices.iter().map(|slice| 0..slice.count).collect();
            (array.view(&slices), whole)
        }
    })
}

/// The part of an array that the brackets behind its name take: `cube.npy[::24]`.
pub(super) fn part(
    array: JournalledArray,
    text: Option<&str>,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let Some(text) = text else { return Ok(array) };
    let typed = format!("{}[{text}]", array.path.display());
    let slices = slices(&array, &array.shape(), text, &typed, terminal)?;
    Ok(array.view(&slices))
}

/// The name of a file without the brackets behind it, and what is in them.
pub(super) fn brackets(path: &Path) -> (&Path, Option<&str>) {
    let text = path.to_str().filter(|_| !path.exists());
    let parts = text.and_then(|text| text.strip_suffix(']')?.rsplit_once('['));
    parts.map_or((path, None), |(file, text)| (Path::new(file), Some(text)))
}

/// Slices, one an axis, of an array of this shape; by name, from the node nearest to one coordinate to that nearest to another,
/// both included.
pub(super) fn slices(
    array: &JournalledArray,
    shape: &[u64],
    text: &str,
    typed: &str,
    terminal: &Terminal,
) -> Result<Vec<Slice>, Error> {
    let axes = Axes::of(array);
    let whole = shape.iter().map(|&length| Slice::new(&(0..length), 1));
    let mut slices: Vec<Slice> = whole.collect();
    let as_in_python = |axis: usize, part: &str| {
        let part = if part.is_empty() { ":" } else { part };
        axes::slice(part, shape[axis]).ok_or_else(|| {
            Error::Usage(format!(
                "{typed}: '{part}' is no range along axis {axis}, which has {}; expected one as in Python, such as 2:8, :3, -1: or ::24, with a step of at least 1",
                shape[axis]
            ))
        })
    };
    match axes.entries(typed, text)? {
        Entries::Listed(parts) => {
            if parts.len() > shape.len() {
                return Err(Error::Usage(format!(
                    "{typed}: {} has {} axes",
                    array.path.display(),
                    shape.len()
                )));
            }
            for (axis, part) in parts.iter().enumerate() {
                slices[axis] = as_in_python(axis, part)?;
            }
        }
        Entries::Named(parts) => {
            for (axis, part) in parts.iter().enumerate() {
                let Some(part) = part else { continue };
                if axes.takes_indices(axis) {
                    slices[axis] = as_in_python(axis, part)?;
                    continue;
                }
                let (range, step) = axes.between(axis, part, shape[axis])?;
                slices[axis] = Slice::new(&range, step);
                let last = slices[axis].count.checked_sub(1);
                let last =
                    last.map_or(range.end.saturating_sub(1), |last| slices[axis].index(last));
                let ends = [range.start, last];
                terminal.note(&format!(
                    "{typed}: {}",
                    axes.describe(ends.map(|index| (axis, index)))
                ));
            }
        }
    }
    Ok(slices)
}
