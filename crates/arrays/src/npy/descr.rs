//! [`Descr`]: what a header says of the type of its elements, numbers or not.

use super::{dtype::Dtype, error::HeaderError};
use crate::wording::excerpt;

/// The type of the elements of any array that NumPy can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Descr {
    /// Plain numbers.
    Number(Dtype),
    /// Anything else.
    Other {
        /// As the header has it: `<c16`, `[('a', '<f8')]`.
        text: String,
        /// In words.
        kind: &'static str,
        /// Bytes of an element; `None` of pickled objects, which have no fixed size.
        bytes: Option<u64>,
    },
}

impl Descr {
    /// Reads a type as NumPy writes it, `<f8`.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`] for what is no type.
    pub(super) fn parse(text: &str) -> Result<Self, HeaderError> {
        if let Some(dtype) = Dtype::plain(text) {
            return Ok(Self::Number(dtype));
        }
        let (kind, bytes) = other(text).ok_or_else(|| {
            HeaderError::Damaged(format!("'{}' is no type of elements", excerpt(text, 40)))
        })?;
        let text = text.to_owned();
        Ok(Self::Other { text, kind, bytes })
    }

    /// Records with so many bytes, written as `text`.
    pub(super) fn records(text: &str, bytes: Option<u64>) -> Self {
        Self::Other {
            text: text.to_owned(),
            kind: "structured (records with named fields)",
            bytes,
        }
    }

    /// Bytes of an element, where it has a fixed size.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Number(dtype) => Some(dtype.bytes as u64),
            Self::Other { bytes, .. } => *bytes,
        }
    }

    /// The plain numbers that they are.
    ///
    /// # Errors
    /// [`HeaderError::Dtype`] when they are something else.
    pub fn number(&self) -> Result<Dtype, HeaderError> {
        match self {
            Self::Number(dtype) => Ok(*dtype),
            Self::Other { text, kind, .. } => Err(HeaderError::Dtype(format!(
                "'{}', {kind}",
                excerpt(text, 40)
            ))),
        }
    }
}

/// What a type that is no plain number is, and the bytes of an element; `None` if it is no type at all.
fn other(text: &str) -> Option<(&'static str, Option<u64>)> {
    let text = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
    let letter = text.chars().next()?;
    let rest = &text[letter.len_utf8()..];
    let count = || match rest {
        "" => Some(0),
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    match (letter, rest) {
        ('O', "" | "4" | "8") => Some(("object (pickled Python objects)", None)),
        ('c', "8" | "16" | "24" | "32") => Some(("complex", count())),
        ('f', "12" | "16") => Some(("extended precision", count())),
        ('S' | 'a', _) => Some(("text", Some(count()?))),
        ('U', _) => Some(("text", Some(count()?.checked_mul(4)?))),
        ('V', _) => Some(("raw bytes", Some(count()?))),
        ('M' | 'm', _) if is_time(rest) => Some(("a date or time", Some(8))),
        _ => None,
    }
}

/// `8`, or `8[ns]`, `8[25s]`.
fn is_time(text: &str) -> bool {
    const UNITS: [&str; 14] = [
        "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as",
    ];
    let Some(unit) = text.strip_prefix('8') else {
        return false;
    };
    if unit.is_empty() {
        return true;
    }
    let inside = unit
        .strip_prefix('[')
        .and_then(|unit| unit.strip_suffix(']'));
    inside.is_some_and(|unit| {
        let unit = unit.trim_start_matches(|digit: char| digit.is_ascii_digit());
        UNITS.contains(&unit) || unit == "generic"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_numpy_writes_is_known_and_what_it_cannot_read_is_damage() {
        for (text, bytes) in [
            ("<c16", Some(16)),
            ("|O", None),
            ("<U5", Some(20)),
            ("|S0", Some(0)),
            ("|V3", Some(3)),
            ("<M8[ns]", Some(8)),
            ("<m8[25s]", Some(8)),
            ("<M8", Some(8)),
            ("<f16", Some(16)),
            (">i2", Some(2)),
            ("f8", Some(8)),
        ] {
            assert_eq!(Descr::parse(text).unwrap().bytes(), bytes, "{text}");
        }
        for text in [
            "",
            "x",
            "<f9",
            "<",
            "<b4",
            "<i16",
            "<c17",
            "<M8[",
            "<M8[parsec]",
            "|S-1",
            "|Sx",
            "ff8",
            "<U18446744073709551615",
            "O9",
            "<<f8",
        ] {
            let parsed = Descr::parse(text);
            assert!(
                matches!(parsed, Err(HeaderError::Damaged(_))),
                "{text}: {parsed:?}"
            );
        }
    }
}
