//! [`Selection`]: which part of an array was typed, before anything is known of the array.
//!
//! A selection is a list of parts with commas between: `2:8,-1`, `t=0:12,x=0.5`. A part is an [`Entry`], an index or a value or a range
//! of them, and may have the name of an axis or of a parameter of a sweep. [`select`](super::select) finds the indices that are meant.

use super::typed::{self, is_no};
use crate::cli::error::Error;
use diff2d_arrays::{npy::Slice, wording::excerpt};
use std::{ops::Range, path::Path};

/// The words in which errors say what a range is.
pub(super) const EXAMPLES: &str = "as in Python, such as 2:8, :3, -1: or ::24";

/// The part of an array that was typed.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The option and the text, with which errors and notes begin.
    pub(super) typed: String,
    /// The parts, which all have a name, or none of them: then they are in the order of the axes.
    parts: Vec<TypedPart>,
}

#[derive(Debug, Clone)]
struct TypedPart {
    name: Option<String>,
    entry: Entry,
}

/// An index or a value, or a range of them; a part without letters is the range of all.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The text as it was typed.
    pub(super) text: String,
    /// The ends of a range, which may be empty; `None` of a single index or value.
    pub(super) ends: Option<[String; 2]>,
    /// The step of a range, at least 1.
    pub(super) step: u64,
}

impl Selection {
    /// The selection that was typed behind an option: parts with names for several axes, or without names in the order of the axes.
    pub(super) fn parse(option: &str, text: &str) -> Result<Self, Error> {
        Self::of_axes(format!("{option} {}", excerpt(text, 60)), text)
    }

    /// The selection that was typed for one axis: several parts are meant one after the other, and a part without a name has that of
    /// the part before it, as in `t=0,2.5`.
    pub(super) fn parse_along_one_axis(option: &str, text: &str) -> Result<Self, Error> {
        let typed = format!("{option} {}", excerpt(text, 60));
        let mut selection = Self::of_parts(typed, text)?;
        let mut last_name = None;
        for part in &mut selection.parts {
            match &part.name {
                None => part.name.clone_from(&last_name),
                name => last_name.clone_from(name),
            }
        }
        selection.have_all_a_name_or_none()
    }

    /// The name of a file without the brackets behind it, and the selection in them: `cube.npy[::24]`.
    pub(super) fn of_file(path: &Path) -> Result<(&Path, Option<Self>), Error> {
        let name = path.to_str().filter(|_| !path.exists());
        let parts = name.and_then(|name| Some((name, name.strip_suffix(']')?.rsplit_once('[')?)));
        let Some((name, (file, text))) = parts else {
            return Ok((path, None));
        };
        Ok((Path::new(file), Some(Self::of_axes(name.to_owned(), text)?)))
    }

    /// The selection of an element by its indices, or by values with names. Errors and notes begin with `typed`.
    pub(super) fn of_point<'f>(
        typed: String,
        fields: impl IntoIterator<Item = (Option<&'f str>, &'f str)>,
    ) -> Self {
        let parts = fields.into_iter().map(|(name, field)| TypedPart {
            name: name.map(str::to_owned),
            entry: Entry::single(field),
        });
        Self {
            typed,
            parts: parts.collect(),
        }
    }

    /// This selection with the range of all before its parts.
    pub(super) fn with_leading_range(mut self) -> Self {
        let entry = Entry {
            ends: Some([const { String::new() }; 2]),
            ..Entry::single(":")
        };
        self.parts.insert(0, TypedPart { name: None, entry });
        self
    }

    /// Whether the parts have names.
    pub(super) fn is_named(&self) -> bool {
        self.parts.iter().any(|part| part.name.is_some())
    }

    /// The parts that have a name: all of them, or none.
    pub(super) fn named(&self) -> Vec<(&str, &Entry)> {
        let parts = self.parts.iter();
        let named = parts.filter_map(|part| Some((part.name.as_deref()?, &part.entry)));
        named.collect()
    }

    /// The entries of all parts.
    pub(super) fn entries(&self) -> Vec<&Entry> {
        self.parts.iter().map(|part| &part.entry).collect()
    }

    /// Takes the part with this name out of the selection.
    pub(super) fn take(&mut self, name: &str) -> Option<Entry> {
        let mut names = self.parts.iter().map(|part| part.name.as_deref());
        let place = names.position(|other| other == Some(name))?;
        Some(self.parts.remove(place).entry)
    }

    /// The error that a selection has for a reason.
    pub(super) fn refused(&self, reason: &str) -> Error {
        Error::Usage(format!("{}: {reason}", self.typed))
    }

    fn of_axes(typed: String, text: &str) -> Result<Self, Error> {
        let selection = Self::of_parts(typed, text)?.have_all_a_name_or_none()?;
        let names: Vec<&str> = selection.named().iter().map(|(name, _)| *name).collect();
        match typed::repeated(&names) {
            Some(name) => Err(selection.refused(&format!("{} twice", excerpt(name, 60)))),
            None => Ok(selection),
        }
    }

    fn have_all_a_name_or_none(self) -> Result<Self, Error> {
        let mut parts = self.parts.iter();
        match parts.find(|part| part.name.is_none() && self.is_named()) {
            Some(part) => Err(self.refused(&format!(
                "'{}' has no name; either all have one or none",
                excerpt(&part.entry.text, 60)
            ))),
            None => Ok(self),
        }
    }

    fn of_parts(typed: String, text: &str) -> Result<Self, Error> {
        let mut selection = Self {
            typed,
            parts: Vec::new(),
        };
        if text.trim().is_empty() {
            return Ok(selection);
        }
        for part in typed::list(text) {
            let (name, text) = match typed::pair(part) {
                Some((name, text)) => (Some(name), text),
                None => (None, part),
            };
            let entry = Entry::parse(text).map_err(|reason| selection.refused(&reason))?;
            let name = name.map(str::to_owned);
            selection.parts.push(TypedPart { name, entry });
        }
        Ok(selection)
    }
}

impl Entry {
    /// The index, value or range that a text stands for, or the reason why it stands for none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fields: Vec<&str> = typed::ends(text).into_iter().map(str::trim).collect();
        let (ends, step) = match fields[..] {
            [""] => (Some(["", ""]), ""),
            [_] => (None, ""),
            [start, stop] => (Some([start, stop]), ""),
            [start, stop, step] => (Some([start, stop]), step),
            _ => return Err(no_range(text, "")),
        };
        let step = match step {
            "" => Some(1),
            step => step.parse().ok().filter(|&step| step > 0),
        };
        Ok(Self {
            ends: ends.map(|ends| ends.map(str::to_owned)),
            step: step.ok_or_else(|| no_range(text, ""))?,
            ..Self::single(text)
        })
    }

    /// A single index or value.
    pub(super) fn single(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ends: None,
            step: 1,
        }
    }

    /// Whether this is a range, and no single index or value.
    pub(super) fn is_range(&self) -> bool {
        self.ends.is_some()
    }

    /// Whether this is a range without ends: of all that there is.
    pub(super) fn is_endless(&self) -> bool {
        let ends = self.ends.as_ref();
        ends.is_some_and(|ends| ends.iter().all(String::is_empty))
    }

    /// The indices that the entry takes of an axis of this length, as in Python: `a:b:c`, or a plain index, which counts from the end
    /// if it is negative; `None` for an index that is not there, and for what is no number.
    pub(super) fn slice(&self, length: u64) -> Option<Slice> {
        let signed_length = i128::from(length);
        let (start, stop) = match &self.ends {
            None => {
                let index = index_from_start(&self.text, signed_length)?;
                if !(0..signed_length).contains(&index) {
                    return None;
                }
                (index, index + 1)
            }
            Some([start, stop]) => (
                slice_bound(start, 0, signed_length)?,
                slice_bound(stop, signed_length, signed_length)?,
            ),
        };
        let [start, stop] =
            [start, stop.max(start)].map(|index| u64::try_from(index).unwrap_or(length));
        Some(Slice::new(&(start..stop), self.step))
    }

    /// The range from the index nearest to one value to that nearest to another, both included, of an axis of this length: `0:12`,
    /// `:12`, or one value. Values along the axis may decrease; their range may then be typed either way round.
    pub(super) fn between(
        &self,
        length: u64,
        decreases: bool,
        nearest: impl Fn(&str) -> Result<u64, Error>,
    ) -> Result<Range<u64>, Error> {
        let Some([start, stop]) = &self.ends else {
            let index = nearest(&self.text)?;
            return Ok(index..index + 1);
        };
        let start = match start.as_str() {
            "" => 0,
            start => nearest(start)?,
        };
        let last = match stop.as_str() {
            "" => length.checked_sub(1),
            stop => Some(nearest(stop)?),
        };
        Ok(match last {
            None => start..length,
            Some(last) if decreases && last < start => last..start + 1,
            Some(last) => start..last + 1,
        })
    }
}

/// The sentence that a text is no range, along an axis that `place` names.
pub(super) fn no_range(text: &str, place: &str) -> String {
    let expected = format!("one {EXAMPLES}, with a step of at least 1");
    is_no(text, &format!("range{place}"), &expected)
}

/// The index that a text stands for, counted from the start of an axis: a negative number counts from its end.
pub(super) fn index_from_start(text: &str, length: i128) -> Option<i128> {
    let index: i128 = text.trim().parse().ok()?;
    Some(if index < 0 {
        index.saturating_add(length)
    } else {
        index
    })
}

/// A bound of a slice, which lies within the axis, or the default where the text is empty.
fn slice_bound(text: &str, default: i128, length: i128) -> Option<i128> {
    match text {
        "" => Some(default),
        text => Some(index_from_start(text, length)?.clamp(0, length)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Selection};

    #[test]
    fn entries_are_those_of_python() {
        for (text, expected) in [
            (":", vec![0, 1, 2, 3, 4]),
            ("", vec![0, 1, 2, 3, 4]),
            ("::", vec![0, 1, 2, 3, 4]),
            ("1:3", vec![1, 2]),
            (":2", vec![0, 1]),
            ("-2:", vec![3, 4]),
            ("-99:99", vec![0, 1, 2, 3, 4]),
            ("4:1", vec![]),
            ("-1", vec![4]),
            (" 2 ", vec![2]),
            ("::2", vec![0, 2, 4]),
            ("1::2", vec![1, 3]),
            ("-4:-1:2", vec![1, 3]),
            (":4:3", vec![0, 3]),
            ("3::9", vec![3]),
            ("4:1:2", vec![]),
            ("1::9223372036854775807", vec![1]),
            ("-9223372036854775808:", vec![0, 1, 2, 3, 4]),
        ] {
            let found = Entry::parse(text).unwrap().slice(5).unwrap();
            let all: Vec<u64> = (0..9).filter(|&index| found.contains(index)).collect();
            assert_eq!(found.indices().collect::<Vec<u64>>(), expected, "{text}");
            assert_eq!(all, expected, "{text}");
        }
        let long = Entry::parse(":").unwrap().slice(1 << 40).unwrap();
        assert_eq!(long.count, 1 << 40);
        for text in ["5", "-6", "a:b", "1.5", "a"] {
            assert_eq!(Entry::parse(text).unwrap().slice(5), None, "{text}");
        }
        for text in ["::0", "::-1", "1:2:3:4", "::x"] {
            assert!(Entry::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_have_all_a_name_or_none() {
        let described = |selection: Selection| -> Vec<String> {
            let parts = selection.parts.iter().map(|part| match &part.name {
                Some(name) => format!("{name}={}", part.entry.text),
                None => part.entry.text.clone(),
            });
            parts.collect()
        };
        for (text, expected) in [
            ("", vec![]),
            ("2:8, -1", vec!["2:8", "-1"]),
            (",1", vec!["", "1"]),
            (" t = 0:12 ,x=0", vec!["t=0:12", "x=0"]),
        ] {
            let selection = Selection::parse("--at", text).unwrap();
            assert_eq!(described(selection), expected, "{text}");
        }
        for text in ["t=1,2", "1,t=2", "t=1,t=2", "::0"] {
            assert!(Selection::parse("--at", text).is_err(), "{text}");
        }
        let along_one = Selection::parse_along_one_axis("--snapshots", "t=1,2:3,t=5").unwrap();
        assert_eq!(described(along_one), ["t=1", "t=2:3", "t=5"]);
    }
}
