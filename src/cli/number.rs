//! Numbers, and lists of words, in results and notes.

use diff2d_arrays::npy::Scalar;
use std::fmt::Display;

/// A float as Python prints it: the shortest decimal that reads back as the same float.
///
/// The course's programs print simulated times this way, so ours does.
pub(super) fn python(value: f64) -> String {
    if !value.is_finite() {
        return match value {
            f64::INFINITY => "inf".to_owned(),
            f64::NEG_INFINITY => "-inf".to_owned(),
            _ => "nan".to_owned(),
        };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// An element or a result with all its digits, as Python prints it.
pub(super) fn scalar(value: Scalar) -> String {
    match value {
        Scalar::Float(value) => python(value),
        Scalar::Integer(value) => value.to_string(),
    }
}

/// Lengths as Python writes a tuple: `(4, 22, 22)`, `(6,)`, `()`.
pub(super) fn tuple(lengths: &[u64]) -> String {
    match lengths {
        [length] => format!("({length},)"),
        lengths => format!("({})", joined(lengths, ", ")),
    }
}

/// A number of things: `1 row`, `2 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// Increasing indices, neighbours as ranges: `0, 3 to 7`.
pub(super) fn ranges(indices: &[u64]) -> String {
    let ranges = indices.chunk_by(|index, next| index + 1 == *next);
    let words = ranges.filter_map(|range| match range {
        [] => None,
        [index] => Some(index.to_string()),
        [first, .., last] => Some(format!("{first} to {last}")),
    });
    joined(words, ", ")
}

/// A number in five digits.
pub(super) fn digits(value: f64) -> String {
    python(format!("{value:.4e}").parse().unwrap_or(value))
}

/// Texts with a separator between them.
pub(super) fn joined(texts: impl IntoIterator<Item = impl Display>, separator: &str) -> String {
    let texts = texts.into_iter().map(|text| text.to_string());
    texts.collect::<Vec<_>>().join(separator)
}

/// A number of bytes, rounded: `21.4 MiB`.
pub(super) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// A large number with two or three digits: `3.9 G`, `12 M`.
pub(super) fn scaled(number: f64) -> String {
    let (scaled, prefix) = match number {
        ..1e3 => (number, ""),
        ..1e6 => (number / 1e3, "k"),
        ..1e9 => (number / 1e6, "M"),
        _ => (number / 1e9, "G"),
    };
    match scaled {
        ..10.0 => format!("{scaled:.1} {prefix}"),
        _ => format!("{scaled:.0} {prefix}"),
    }
}

/// A duration, rounded: `0.07 s`, `12 s`, `3.3 h`.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        ..10.0 => format!("{seconds:.2} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::python;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (15.0, "15.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.234e100, "1.234e+100"),
            (f64::NAN, "nan"),
            (-f64::INFINITY, "-inf"),
        ] {
            assert_eq!(python(value), text);
        }
    }
}
