//! `--snapshots`: which frames of an array are meant.

use super::{
    axes::Axes,
    selection::{EXAMPLES, Entry, Parts, Selection},
};
use crate::cli::error::Error;
use diff2d_arrays::{npy::Slice, wording::excerpt};
use std::{collections::HashSet, path::Path};

/// More pictures than this cannot be meant.
const MOST_PICTURES: u64 = 1_000_000;

/// Frames by their numbers and their times.
pub(super) struct FrameChoice<'a> {
    /// The text that was typed.
    pub text: &'a str,
    /// How many frames there are.
    pub count: u64,
    pub file: &'a Path,
    /// The axes of the array, if its frames have times.
    pub times: Option<&'a Axes<'a>>,
}

impl FrameChoice<'_> {
    /// The numbers of the frames that are to be drawn, in the order in which they were named, each once, and a note on times.
    pub fn indices(&self) -> Result<(Vec<u64>, Option<String>), Error> {
        let (slices, note) = self.slices()?;
        let count = slices
            .iter()
            .map(|slice| slice.count)
            .fold(0, u64::saturating_add);
        let file = self.file.display();
        match count {
            0 => Err(Error::Usage(format!(
                "--snapshots {}: there is no such frame; {file} has {}",
                excerpt(self.text, 60),
                self.count,
            ))),
            1..=MOST_PICTURES => {
                let mut indices_seen = HashSet::new();
                let indices = slices.iter().flat_map(|slice| slice.indices());
                Ok((
                    indices
                        .filter(|index| indices_seen.insert(*index))
                        .collect(),
                    note,
                ))
            }
            count => Err(Error::Usage(format!(
                "{count} frames of {file} are more pictures than can be meant: choose some of them, such as --snapshots ::{}",
                count / 1000
            ))),
        }
    }

    /// The frames of each part that was typed, and a note on times.
    pub fn slices(&self) -> Result<(Vec<Slice>, Option<String>), Error> {
        let selection = Selection::parse_along_one_axis("--snapshots", self.text)?;
        match selection.parts()? {
            Parts::Listed(entries) => Ok((self.listed(&selection, &entries)?, None)),
            Parts::Named(named) => {
                let other = named.iter().find(|(name, _)| *name != "t");
                if let Some((other, _)) = other {
                    return Err(selection.refused(&format!(
                        "frames are chosen by their numbers, such as -1:, or by t, and not by {}",
                        excerpt(other, 60)
                    )));
                }
                let entries: Vec<&Entry> = named.into_iter().map(|(_, entry)| entry).collect();
                let (slices, note) = self.at_times(&selection, &entries)?;
                Ok((slices, Some(note)))
            }
        }
    }

    fn listed(&self, selection: &Selection, entries: &[&Entry]) -> Result<Vec<Slice>, Error> {
        let is_readable = |entry: &&&Entry| entry.slice(u64::MAX).is_some();
        let readable = entries.iter().filter(is_readable).count();
        if readable < entries.len() || entries.is_empty() {
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
                    "there is no frame {}; {} has {}",
                    excerpt(&entry.text, 60),
                    self.file.display(),
                    self.count
                ))
            })
        });
        slices.collect()
    }

    /// The frames nearest to times, and from one time to another, both included.
    fn at_times(
        &self,
        selection: &Selection,
        entries: &[&Entry],
    ) -> Result<(Vec<Slice>, String), Error> {
        let axes = self.times.ok_or_else(|| {
            selection.refused(&format!(
                "no times are known of the frames of {}; choose them by their numbers, such as -1:",
                self.file.display()
            ))
        })?;
        let (mut ends, mut slices) = (Vec::new(), Vec::new());
        for entry in entries {
            if entry.text.is_empty() {
                // No time is none, and no range of all.
                axes.nearest(0, &entry.text)?;
            }
            let frames = axes.between(0, entry, self.count)?;
            let typed_ends = entry.ends.as_ref().map_or([true, false], |ends| {
                [0, 1].map(|end| !ends[end].is_empty())
            });
            ends.extend(typed_ends[0].then_some((0, frames.start)));
            ends.extend(typed_ends[1].then_some((0, frames.end.saturating_sub(1))));
            slices.push(Slice::new(&frames, entry.step));
        }
        ends.truncate(8);
        let note = format!("{}: {}", selection.typed, axes.describe(ends));
        Ok((slices, note))
    }
}
