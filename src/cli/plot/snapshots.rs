//! `--snapshots`: which frames are drawn.

use crate::{
    cli::{axes::Axes, ranges, terminal::printable},
    error::Error,
};
use diff2d_arrays::npy::Slice;
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
    /// The numbers of the frames in the order in which they were named, each once, and what is to be
    /// told of times.
    pub fn indices(&self) -> Result<(Vec<u64>, Option<String>), Error> {
        let (slices, note) = match self.text.trim().strip_prefix("t=") {
            Some(times) => {
                let (slices, note) = self.at_times(times)?;
                (slices, Some(note))
            }
            None => (self.listed()?, None),
        };
        let count = slices
            .iter()
            .map(|slice| slice.count)
            .fold(0, u64::saturating_add);
        let file = self.file.display();
        match count {
            0 => Err(Error::Usage(format!(
                "--snapshots {}: there is no such frame; {file} has {}",
                printable(self.text),
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

    fn listed(&self) -> Result<Vec<Slice>, Error> {
        let parts: Vec<&str> = self.text.split(',').collect();
        let slices = parts.iter().map(|part| {
            let slice = slice(part, self.count).ok_or_else(|| {
                Error::Usage(format!(
                    "--snapshots {}: expected a range {}, several with commas between, or times such as t=0,2.5",
                    printable(self.text),
                    ranges::EXAMPLES
                ))
            })?;
            // In a list, each number that is missing is a mistake.
            if parts.len() > 1 && slice.count == 0 {
                return Err(Error::Usage(format!(
                    "--snapshots {}: there is no frame {}; {} has {}",
                    printable(self.text),
                    printable(part.trim()),
                    self.file.display(),
                    self.count
                )));
            }
            Ok(slice)
        });
        slices.collect()
    }

    /// The frames nearest to times, and from one time to another, both included.
    fn at_times(&self, times: &str) -> Result<(Vec<Slice>, String), Error> {
        let axes = self.times.ok_or_else(|| {
            Error::Usage(format!(
                "--snapshots {}: no times are known of the frames of {}; choose them by their numbers, such as -1:",
                printable(self.text),
                self.file.display()
            ))
        })?;
        let (mut descriptions, mut slices) = (Vec::new(), Vec::new());
        for part in times.split(',') {
            let part = part.trim().trim_start_matches("t=");
            let (frames, step) = match part {
                // No time is none, and no range of all.
                "" => axes.nearest(0, part).map(|frame| (frame..frame + 1, 1))?,
                part => axes.between(0, part, self.count)?,
            };
            let end_frames = [Some(frames.start), frames.end.checked_sub(1)];
            for (text, end) in part.split(':').zip(end_frames) {
                let named = end.filter(|_| !text.trim().is_empty());
                descriptions.extend(named.map(|end| axes.describe([(0, end)])));
            }
            slices.push(Slice::new(&frames, step));
        }
        descriptions.truncate(8);
        Ok((
            slices,
            format!("--snapshots {}: {}", self.text, descriptions.join(", ")),
        ))
    }
}

/// The frames that a Python index or slice `a:b:c` takes, none for an index that is not there; `None` if the text is neither.
fn slice(text: &str, length: u64) -> Option<Slice> {
    let is_index = text.trim().parse::<i64>().is_ok();
    ranges::slice(text, length).or(is_index.then_some(Slice::new(&(0..0), 1)))
}

#[cfg(test)]
mod tests {
    fn slice(text: &str, length: u64) -> Option<Vec<u64>> {
        super::slice(text, length).map(|slice| slice.indices().collect())
    }

    #[test]
    fn slices_are_those_of_python() {
        for (text, indices) in [
            (":", vec![0, 1, 2, 3, 4]),
            ("1:3", vec![1, 2]),
            (":2", vec![0, 1]),
            ("-1:", vec![4]),
            ("-2", vec![3]),
            ("::2", vec![0, 2, 4]),
            ("3:99", vec![3, 4]),
            ("4:1", vec![]),
            ("7", vec![]),
            ("-99:1", vec![0]),
            ("-9223372036854775808:", vec![0, 1, 2, 3, 4]),
            ("1::9223372036854775807", vec![1]),
        ] {
            assert_eq!(slice(text, 5), Some(indices), "{text}");
        }
        assert_eq!(
            super::slice(":", 1 << 40).map(|slice| slice.count),
            Some(1 << 40)
        );
        for text in ["", "a", "1:2:3:4", "::0", "::-1", "1.5"] {
            let empty_is_no_index = slice(text, 5);
            assert_eq!(empty_is_no_index, None, "{text}");
        }
    }
}
