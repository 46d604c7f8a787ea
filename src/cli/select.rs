//! `--select`: a box of an array.

use super::{
    axes::{self, Axes, Entries},
    terminal::Terminal,
};
use crate::{cube::JournalledArray, error::Error};
use std::ops::Range;

/// Ranges of indices, one an axis; by name, from the node nearest to one coordinate to that nearest
/// to another, both included.
pub(super) fn ranges(
    array: &JournalledArray,
    shape: &[u64],
    axes: &Axes<'_>,
    text: Option<&str>,
    terminal: &Terminal,
) -> Result<Vec<Range<u64>>, Error> {
    let mut ranges: Vec<Range<u64>> = shape.iter().map(|&length| 0..length).collect();
    let Some(text) = text else { return Ok(ranges) };
    let as_in_python = |axis: usize, part: &str| {
        let part = if part.is_empty() { ":" } else { part };
        axes::slice(part, shape[axis]).ok_or_else(|| {
            Error::Usage(format!(
                "--select {text}: '{part}' is no range along axis {axis}, which has {}; expected one as in Python, such as 2:8, :3 or -1:",
                shape[axis]
            ))
        })
    };
    match axes.entries("--select", text)? {
        Entries::Listed(parts) => {
            if parts.len() > shape.len() {
                return Err(Error::Usage(format!(
                    "--select {text}: {} has {} axes",
                    array.path.display(),
                    shape.len()
                )));
            }
            for (axis, part) in parts.iter().enumerate() {
                ranges[axis] = as_in_python(axis, part)?;
            }
        }
        Entries::Named(parts) => {
            for (axis, part) in parts.iter().enumerate() {
                let Some(part) = part else { continue };
                if axes.takes_indices(axis) {
                    ranges[axis] = as_in_python(axis, part)?;
                    continue;
                }
                let (from, to) = part.split_once(':').unwrap_or((part, part));
                if !from.trim().is_empty() {
                    ranges[axis].start = axes.nearest(axis, from)?;
                }
                if !to.trim().is_empty() {
                    ranges[axis].end = axes.nearest(axis, to)? + 1;
                }
                let ends = [ranges[axis].start, ranges[axis].end.saturating_sub(1)];
                terminal.note(&format!(
                    "--select {text}: {}",
                    axes.describe(ends.map(|index| (axis, index)))
                ));
            }
        }
    }
    Ok(ranges)
}
