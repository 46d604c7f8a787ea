//! [`Descr`]: the type of an array's elements in its header, numbers or not.

use super::{dtype::Dtype, error::HeaderError};
use crate::wording::excerpt;

/// The type of the elements of any array that NumPy can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Descr {
    /// Plain numbers.
    Number(Dtype),
    /// Any other type.
    Other {
        /// The text of the header, such as `<c16` or `[('a', '<f8')]`.
        text: String,
        /// A description in words.
        kind: &'static str,
        /// Bytes of an element; `None` for pickled objects, which have no fixed size.
        bytes: Option<u64>,
    },
}

impl Descr {
    /// Parses a type in NumPy's notation, such as `<f8`.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`] if the text is not a type.
    pub(super) fn parse(text: &str) -> Result<Self, HeaderError> {
        if let Some(dtype) = Dtype::plain(text) {
            return Ok(Self::Number(dtype));
        }
        let (kind, bytes) = other_type(text).ok_or_else(|| {
            let reason = format!("'{}' is no type of elements", excerpt(text, 40));
            HeaderError::damaged_header(&reason)
        })?;
        let text = text.to_owned();
        Ok(Self::Other { text, kind, bytes })
    }

    /// The type of records, whose header contains `text`.
    pub(super) fn records(text: &str, bytes: Option<u64>) -> Self {
        Self::Other {
            text: text.to_owned(),
            kind: "structured (records with named fields)",
            bytes,
        }
    }

    /// Bytes of an element, if its size is fixed.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Number(dtype) => Some(dtype.bytes as u64),
            Self::Other { bytes, .. } => *bytes,
        }
    }

    /// The type, if it is one of plain numbers.
    ///
    /// # Errors
    /// [`HeaderError::Dtype`] if the elements are not plain numbers.
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

/// A description of a type that is not a plain number, and the bytes of an element; `None` if the text is not a type.
fn other_type(text: &str) -> Option<(&'static str, Option<u64>)> {
    let text = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
    let letter = text.chars().next()?;
    let suffix = &text[letter.len_utf8()..];
    let count = match suffix {
        "" => Some(0),
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    match (letter, suffix) {
        ('O', "" | "4" | "8") => Some(("object (pickled Python objects)", None)),
        ('c', "8" | "16" | "24" | "32") => Some(("complex", count)),
        ('f', "12" | "16") => Some(("extended precision", count)),
        ('S' | 'a', _) => Some(("text", Some(count?))),
        ('U', _) => Some(("text", Some(count?.checked_mul(4)?))),
        ('V', _) => Some(("raw bytes", Some(count?))),
        ('M' | 'm', _) if is_time(suffix) => Some(("a date or time", Some(8))),
        _ => None,
    }
}

/// Whether the text behind `M` or `m` belongs to a date or time: `8`, `8[ns]` or `8[25s]`.
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
    let bracketed = unit
        .strip_prefix('[')
        .and_then(|unit| unit.strip_suffix(']'));
    bracketed.is_some_and(|unit| {
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
            ("<d", Some(8)),
            ("float64", Some(8)),
            ("|b", Some(1)),
            ("uint16", Some(2)),
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
