//! `--snapshots`: which frames are drawn.

use crate::{
    cli::{
        axes::{self, Axes},
        terminal::printable,
    },
    error::Error,
};
use std::{collections::HashSet, ops::Range, path::Path};

/// More pictures than this cannot be meant.
const MOST_PICTURES: u64 = 1_000_000;

/// Frames by their numbers and their times.
pub(super) struct FrameChoice<'a> {
    /// What was typed.
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
        let (slices, told) = match self.text.trim().strip_prefix("t=") {
            Some(times) => {
                let (slices, told) = self.at_times(times)?;
                (slices, Some(told))
            }
            None => (self.listed()?, None),
        };
        let count = slices.iter().map(Slice::len).fold(0, u64::saturating_add);
        let file = self.file.display();
        match count {
            0 => Err(Error::Usage(format!(
                "--snapshots {}: there is no such frame; {file} has {}",
                printable(self.text),
                self.count,
            ))),
            1..=MOST_PICTURES => {
                let mut seen = HashSet::new();
                let all = slices.iter().flat_map(Slice::indices);
                Ok((all.filter(|index| seen.insert(*index)).collect(), told))
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
            let slice = Slice::parse(part, self.count).ok_or_else(|| {
                Error::Usage(format!(
                    "--snapshots {}: expected a range as in Python, such as 2:8, :3 or -1:, several with commas between, or times such as t=0,2.5",
                    printable(self.text)
                ))
            })?;
            // In a list, each number that is missing is a mistake.
            if parts.len() > 1 && slice.len() == 0 {
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
        let mut told = Vec::new();
        let mut nearest = |text: &str| {
            let index = axes.nearest(0, text.trim().trim_start_matches("t="))?;
            told.push(axes.describe([(0, index)]));
            Ok::<_, Error>(index)
        };
        let mut slices = Vec::new();
        for part in times.split(',') {
            let part = part.trim().trim_start_matches("t=");
            let indices = match part.split_once(':') {
                None => {
                    let index = nearest(part)?;
                    index..index + 1
                }
                Some((from, to)) => {
                    let start = match from.trim() {
                        "" => 0,
                        from => nearest(from)?,
                    };
                    let end = match to.trim() {
                        "" => self.count,
                        to => nearest(to)? + 1,
                    };
                    start..end
                }
            };
            slices.push(Slice { indices, step: 1 });
        }
        told.truncate(8);
        Ok((
            slices,
            format!("--snapshots {}: {}", self.text, told.join(", ")),
        ))
    }
}

/// The indices that a Python index or slice `a:b:c` takes.
#[derive(Debug, PartialEq, Eq)]
struct Slice {
    indices: Range<u64>,
    step: u64,
}

impl Slice {
    /// Of an axis of `length`; `None` if the text is neither.
    fn parse(text: &str, length: u64) -> Option<Self> {
        let (bounds, step) = match text.match_indices(':').nth(1) {
            None => (text, "1"),
            Some((at, _)) => (&text[..at], text[at + 1..].trim()),
        };
        let step = if step.is_empty() { "1" } else { step };
        let step = step.parse().ok().filter(|step| *step > 0)?;
        let is_index = bounds.trim().parse::<i64>().is_ok();
        // An index that is not there is no frame.
        let none = is_index.then_some(0..0);
        let indices = axes::slice(bounds, length).or(none)?;
        Some(Self { indices, step })
    }

    /// How many they are.
    fn len(&self) -> u64 {
        let Range { start, end } = self.indices;
        end.saturating_sub(start).div_ceil(self.step)
    }

    fn indices(&self) -> impl Iterator<Item = u64> + use<> {
        let (start, step) = (self.indices.start, self.step);
        (0..self.len()).map(move |number| start + number * step)
    }
}

#[cfg(test)]
mod tests {
    use super::Slice;

    fn slice(text: &str, length: u64) -> Option<Vec<u64>> {
        Slice::parse(text, length).map(|slice| slice.indices().collect())
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
            Slice::parse(":", 1 << 40).map(|slice| slice.len()),
            Some(1 << 40)
        );
        for text in ["", "a", "1:2:3:4", "::0", "::-1", "1.5"] {
            let empty_is_no_index = slice(text, 5);
            assert_eq!(empty_is_no_index, None, "{text}");
        }
    }
}
