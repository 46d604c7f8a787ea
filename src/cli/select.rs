//! The indices of an array that a [`Selection`] means: those of `--select`, of brackets behind the name of a file, and of `--at`.

use super::{
    axes::Axes,
    complete::{not_complete, tell_of_gap},
    scenario,
    selection::{Entry, Selection, index_from_start, no_range},
    terminal::Terminal,
    typed::is_no,
};
use crate::cli::error::Error;
use diff2d::JournalledArray;
use diff2d_arrays::{
    labels::{Labels, NamedAxis},
    npy::{Region, Slice},
};
use std::borrow::Cow;

/// The part of an array that a selection means.
pub(super) struct Chosen {
    /// The slices, one an axis.
    pub(super) slices: Vec<Slice>,
    /// Whether an index, a value or a range was typed for each axis.
    pub(super) is_typed: Vec<bool>,
    /// Whether the first axis is taken as far as there is data without a gap.
    takes_all: bool,
    /// The axes for which a single index or value was typed.
    index_axes: Vec<usize>,
    /// The labels of the scenario of a sweep, if one was named.
    scenario_labels: Option<Labels>,
}

/// An array and the box that `--select` takes of it. Of ranges without steps the array stays what it is; else it becomes the part
/// that is taken, and the box is all of that. What is waited for counts as there.
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
        if !follows {
            tell_of_gap(&array, terminal)?;
        }
        let region = shape.iter().map(|&length| 0..length).collect();
        return Ok((array, region));
    };
    let selection = Selection::parse("--select", text)?;
    let chosen = Chosen::new(&array, &shape, &selection, terminal)?;
    let ranges: Option<Region> = chosen.slices.iter().map(|slice| slice.range()).collect();
    let has_ranges_alone = chosen.index_axes.is_empty() && chosen.scenario_labels.is_none();
    if !follows {
        chosen.admit(&array, &selection, terminal)?;
    }
    let fits = |ranges: &Region| {
        let (range, length) = (ranges.first(), shape.first());
        range.map(|range| range.end) <= length.copied()
    };
    if let Some(ranges) = ranges.filter(|ranges| has_ranges_alone && fits(ranges)) {
        return Ok((array, ranges));
    }
    if follows {
        return Err(selection.refused(
            "with --follow there are ranges alone, such as 3:4 for an index, and without a step; windows are left out by --stride",
        ));
    }
    let part = chosen.of(array);
    let region = part.shape().into_iter().map(|length| 0..length).collect();
    Ok((part, region))
}

/// The part of an array that a selection behind its name takes.
pub(super) fn part(
    array: JournalledArray,
    selection: Option<&Selection>,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let Some(selection) = selection else {
        return Ok(array);
    };
    let chosen = Chosen::new(&array, &array.shape(), selection, terminal)?;
    chosen.admit(&array, selection, terminal)?;
    Ok(chosen.of(array))
}

impl Chosen {
    /// The part of an array of this shape; by name, from the node nearest to one coordinate to the node nearest to another, both
    /// included, and of a sweep that of the scenario with these parameters.
    pub(super) fn new(
        array: &JournalledArray,
        shape: &[u64],
        selection: &Selection,
        terminal: &Terminal,
    ) -> Result<Self, Error> {
        let (mut axes, mut shape) = (Axes::of(array), shape.to_vec());
        let scenario = scenario::named_in(array, selection)?;
        if let Some((_, labels)) = &scenario {
            axes.labels = Cow::Borrowed(labels);
            // A scenario may have ended before the others.
            let times = axes.labels.axis(1).and_then(|times| times.coordinates());
            shape[1] = times.map_or(shape[1], |times| times.len() as u64);
        }
        // Scenarios of a sweep that are chosen may lie behind one that is not complete.
        let length_of = |axis: usize, entry: &Entry| match axis {
            0 if !entry.is_endless() => shape[0].max(array.reach()),
            _ => shape[axis],
        };
        let full_slices = shape.iter().map(|&length| Slice::new(&(0..length), 1));
        let mut slices: Vec<Slice> = full_slices.collect();
        let mut entries: Vec<Option<&Entry>> = vec![None; shape.len()];
        let mut keeps_axis = vec![false; shape.len()];
        let mut told = Vec::new();
        let typed_entries = axes.entries(selection)?;
        if typed_entries.len() > shape.len() {
            return Err(selection.refused(&format!(
                "{} indices or ranges are typed, and {} has {} axes",
                typed_entries.len(),
                array.path.display(),
                shape.len()
            )));
        }
        for (axis, entry) in typed_entries.into_iter().enumerate() {
            let Some(entry) = entry else { continue };
            entries[axis] = Some(entry);
            let dated = match selection.is_named() {
                true => axes.dated(axis, entry, shape[axis])?,
                false => None,
            };
            keeps_axis[axis] = dated.as_ref().is_some_and(|(_, keeps_axis)| *keeps_axis);
            if !selection.is_named() || dated.is_none() && axes.takes_indices(axis) {
                slices[axis] = python_slice(&axes, axis, length_of(axis, entry), entry)
                    .map_err(|reason| selection.refused(&reason))?;
                continue;
            }
            let range = axes.between(axis, entry, shape[axis])?;
            slices[axis] = Slice::new(&range, entry.step);
            let last_index = slices[axis].count.checked_sub(1);
            let last_index = last_index.map_or(range.end.saturating_sub(1), |last_index| {
                slices[axis].index(last_index)
            });
            // Of a single index the two ends are the same.
            told.push((axis, range.start));
            told.push((axis, last_index));
            told.dedup();
        }
        let indices = entries.iter().enumerate();
        let indices = indices.filter(|(axis, entry)| {
            !keeps_axis[*axis] && entry.is_some_and(|entry| !entry.is_range())
        });
        let first_entry = entries.first().copied().flatten();
        let takes_all = scenario.is_none() && first_entry.is_none_or(Entry::is_endless);
        let mut index_axes: Vec<usize> = indices.map(|(axis, _)| axis).collect();
        let mut is_typed: Vec<bool> = entries.iter().map(Option::is_some).collect();
        if let Some((number, _)) = scenario {
            slices[0] = Slice::new(&(number..number + 1), 1);
            told.insert(0, (0, number));
            if !is_typed[0] {
                index_axes.insert(0, 0);
            }
            is_typed[0] = true;
        }
        if !told.is_empty() {
            terminal.note(&format!("{}: {}", selection.typed, axes.describe(told)));
        }
        Ok(Self {
            slices,
            is_typed,
            takes_all,
            index_axes,
            scenario_labels: scenario.map(|(_, labels)| labels),
        })
    }

    /// Refuses scenarios of a sweep that are not complete; says so of those that are left out where none is chosen.
    pub(super) fn admit(
        &self,
        array: &JournalledArray,
        selection: &Selection,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        if self.takes_all {
            return tell_of_gap(array, terminal);
        }
        let Some(&slice) = self.slices.first() else {
            return Ok(());
        };
        // A range is empty where it begins behind the last complete scenario.
        let is_empty = scenario::sweep(array).is_some() && slice.count == 0;
        let is_behind = slice.start < array.npy.shape[0] && !array.has(slice.start);
        let missing = (is_empty && is_behind).then_some(slice.start);
        match missing.or_else(|| array.first_missing(slice)) {
            Some(number) => Err(not_complete(array, selection, number)),
            None => Ok(()),
        }
    }

    /// The part of the array from which it was chosen. An index drops its axis, and a range keeps it.
    fn of(self, mut array: JournalledArray) -> JournalledArray {
        if let Some(labels) = self.scenario_labels {
            array.label(labels);
        }
        let part = array.view(&self.slices);
        // The last axes go first, so that the numbers of the others stay.
        let index_axes = self.index_axes.into_iter().rev();
        index_axes.fold(part, |part, axis| part.at_index(axis, 0))
    }
}

/// The slice of an axis of this length that an entry stands for in Python, or the sentence that it stands for none.
fn python_slice(axes: &Axes<'_>, axis: usize, length: u64, entry: &Entry) -> Result<Slice, String> {
    entry.slice(length).ok_or_else(|| {
        let place = format!(" along axis {axis}, which has {length}");
        if entry.is_range() {
            return no_range(&entry.text, &place);
        }
        if index_from_start(&entry.text, 0).is_some() {
            return axes.lies_outside(axis, &entry.text);
        }
        let word = entry.text.trim();
        let mut named_axes = axes.labels.axes.iter().flatten();
        let axis_of_word = named_axes.find(|axis| {
            let labels = axis.labels().unwrap_or_default();
            labels.iter().any(|label| label == word)
        });
        if let Some(NamedAxis { name, .. }) = axis_of_word {
            return format!(
                "{word} is a word of the axis {name}: {name}={word} takes what it names"
            );
        }
        let way_out = match entry.text.parse::<f64>() {
            Ok(_) if !axes.with_coordinates().is_empty() => {
                ", or coordinates by name, such as x=0.5"
            }
            _ => "",
        };
        let expected = format!("whole numbers, such as -1 or 2:8{way_out}");
        is_no(&entry.text, &format!("index or range{place}"), &expected)
    })
}
