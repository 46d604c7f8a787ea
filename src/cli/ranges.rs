//! What is typed for indices and coordinates, before anything is known of an array: ranges as in Python, and values with names.

use diff2d_arrays::npy::Slice;

/// The words in which errors say what a range is.
pub(super) const EXAMPLES: &str = "as in Python, such as 2:8, :3, -1: or ::24";

/// The indices that a Python slice `a:b:c`, with a step `c` of at least 1, takes of `length`, or the one that a plain index takes.
pub(super) fn slice(text: &str, length: u64) -> Option<Slice> {
    let signed_length = i128::from(length);
    let parts: Vec<&str> = text.split(':').collect();
    let (start, stop) = match parts[..] {
        [index] => {
            let index = index_from_start(index, signed_length)?;
            if !(0..signed_length).contains(&index) {
                return None;
            }
            (index, index + 1)
        }
        [start, stop] | [start, stop, _] => (
            slice_bound(start, 0, signed_length)?,
            slice_bound(stop, signed_length, signed_length)?,
        ),
        _ => return None,
    };
    let [start, stop] =
        [start, stop.max(start)].map(|index| u64::try_from(index).unwrap_or(length));
    Some(Slice::new(&(start..stop), step(parts.get(2).copied())?))
}

/// Whether a text is a single index or value, no range.
pub(super) fn is_index(text: &str) -> bool {
    !text.is_empty() && !text.contains(':')
}

/// The index that a text stands for, counted from the start of an axis: a negative number counts from its end.
fn index_from_start(text: &str, length: i128) -> Option<i128> {
    let index: i128 = text.trim().parse().ok()?;
    Some(if index < 0 { index + length } else { index })
}

/// A bound of a slice, which lies within the axis, or the default where the text is empty.
fn slice_bound(text: &str, default: i128, length: i128) -> Option<i128> {
    match text.trim() {
        "" => Some(default),
        text => Some(index_from_start(text, length)?.clamp(0, length)),
    }
}

/// The step of a range, 1 if none is given; `None` if it does not go forwards.
pub(super) fn step(text: Option<&str>) -> Option<u64> {
    match text.map_or("", str::trim) {
        "" => Some(1),
        text => text.parse().ok().filter(|&step| step > 0),
    }
}

/// The names and the values of `name=value,name=value`, or the sentence that a part has no name.
pub(super) fn named_values(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let parts = text.split(',').map(str::trim).map(|part| {
        let pair = part.split_once('=');
        let (name, value) =
            pair.ok_or_else(|| format!("'{part}' has no name; either all have one or none"))?;
        Ok((name.trim(), value.trim()))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::{Slice, slice};

    #[test]
    fn slices_are_those_of_python() {
        let range = |text| slice(text, 5).and_then(Slice::range);
        for (text, expected) in [
            (":", 0..5),
            ("1:3", 1..3),
            (":2", 0..2),
            ("-2:", 3..5),
            ("-99:99", 0..5),
            ("4:1", 4..4),
            ("-1", 4..5),
            ("2", 2..3),
        ] {
            assert_eq!(range(text), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("::", vec![0, 1, 2, 3, 4]),
            ("::2", vec![0, 2, 4]),
            ("1::2", vec![1, 3]),
            ("-4:-1:2", vec![1, 3]),
            (":4:3", vec![0, 3]),
            ("3::9", vec![3]),
            ("4:1:2", vec![]),
        ] {
            let found = slice(text, 5).unwrap();
            let all: Vec<u64> = (0..9).filter(|&index| found.contains(index)).collect();
            assert_eq!(found.indices().collect::<Vec<u64>>(), expected, "{text}");
            assert_eq!(all, expected, "{text}");
        }
        for text in ["", "5", "-6", "a:b", "1.5", "::0", "::-1", "1:2:3:4", "::x"] {
            assert_eq!(slice(text, 5), None, "{text}");
        }
    }
}
