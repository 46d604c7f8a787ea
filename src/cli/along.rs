//! Frames of an array and rows of a record: which indices along one axis are meant, by their numbers or by t.

use super::{
    axes::{finite, nearest_on},
    number,
    selection::{EXAMPLES, Entry, Selection},
    terminal::Terminal,
};
use crate::cli::error::Error;
use diff2d_arrays::{labels::NamedAxis, npy::Slice, wording::excerpt};
use std::path::Path;

/// An axis along which indices are chosen.
pub(super) struct Along<'a> {
    pub file: &'a Path,
    /// The word for what an index is: a frame, or a row.
    pub word: &'static str,
    /// How many indices there are.
    pub count: u64,
    /// The times of the indices, if they are known.
    pub times: Option<&'a NamedAxis>,
}

impl Along<'_> {
    /// The indices that each part of a selection takes, and those that the first few times stand for.
    pub fn slices(&self, selection: &Selection) -> Result<(Vec<Slice>, Vec<u64>), Error> {
        let mut names = selection.named().into_iter().map(|(name, _)| name);
        match names.find(|name| *name != "t") {
            Some(other) => Err(selection.refused(&format!(
                "{}s are chosen by their numbers, such as -1:, or by t, and not by {}",
                self.word,
                excerpt(other, 60)
            ))),
            None if selection.is_named() => self.at_times(selection),
            None => Ok((self.listed(selection)?, Vec::new())),
        }
    }

    /// Tells which times a selection stands for, of which each has the number that `number_of` gives its index.
    pub fn tell(
        &self,
        selection: &Selection,
        indices: &[u64],
        number_of: impl Fn(u64) -> u64,
        terminal: &Terminal,
    ) {
        let times = indices.iter().filter_map(|&index| {
            let time = number::python(self.times?.coordinate(index)?);
            Some(format!("t = {time} ({} {})", self.word, number_of(index)))
        });
        let times = number::joined(times, ", ");
        if !times.is_empty() {
            terminal.note(&format!("{}: {times}", selection.typed));
        }
    }

    fn listed(&self, selection: &Selection) -> Result<Vec<Slice>, Error> {
        let entries = selection.entries();
        let is_readable = |entry: &&Entry| entry.slice(u64::MAX).is_some();
        if !entries.iter().all(is_readable) || entries.is_empty() {
            return Err(selection.refused(&format!(
                "expected a range {EXAMPLES}, several with commas between, or times such as t=0,2.5"
            )));
        }
        let slices = entries.iter().map(|entry| {
            let slice = entry.slice(self.count);
            // In a list, each number that is missing is a mistake.
            let slice = slice.filter(|slice| entries.len() == 1 || slice.count > 0);
            slice.ok_or_else(|| {
                selection.refused(&format!(
                    "there is no {} {}; {} has {}",
                    self.word,
                    excerpt(&entry.text, 60),
                    self.file.display(),
                    self.count
                ))
            })
        });
        slices.collect()
    }

    /// The indices nearest to times, and from one time to another, both included.
    fn at_times(&self, selection: &Selection) -> Result<(Vec<Slice>, Vec<u64>), Error> {
        let file = self.file.display();
        let times = self.times.ok_or_else(|| {
            selection.refused(&format!(
                "no times are known of the {}s of {file}; choose them by their numbers, such as -1:",
                self.word
            ))
        })?;
        let nearest = |text: &str| {
            let index = nearest_on(times, finite("t", text)?, text, &file);
            index.map_err(Error::Usage)
        };
        let (mut ends, mut slices) = (Vec::new(), Vec::new());
        for entry in selection.entries() {
            if entry.text.is_empty() {
                // No time is none, and no range of all.
                nearest(&entry.text)?;
            }
            let range = entry.between(self.count, times.decreases(), nearest)?;
            let typed_ends = entry.ends.as_ref().map_or([true, false], |ends| {
                [0, 1].map(|end| !ends[end].is_empty())
            });
            ends.extend(typed_ends[0].then_some(range.start));
            ends.extend(typed_ends[1].then_some(range.end.saturating_sub(1)));
            slices.push(Slice::new(&range, entry.step));
        }
        ends.truncate(8);
        Ok((slices, ends))
    }
}
