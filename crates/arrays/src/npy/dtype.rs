//! [`Dtype`]: the type of an element.

use super::error::HeaderError;
use crate::wording::excerpt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "cubes are written in the machine's byte order, which must be little-endian"
);

/// The kind of number an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IEEE 754 binary floating point.
    Float,
    /// Two's complement.
    Signed,
    /// Non-negative.
    Unsigned,
    /// A byte that is 0 or 1.
    Bool,
}

/// The type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dtype {
    /// Kind of number.
    pub kind: Kind,
    /// Bytes of one element.
    pub bytes: usize,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
}

impl Dtype {
    /// Little-endian double precision, `<f8`.
    pub const F64: Self = Self::float(8);
    /// Little-endian single precision, `<f4`.
    pub const F32: Self = Self::float(4);

    /// Little-endian signed integers of 8 bytes, `<i8`.
    pub const I64: Self = Self {
        kind: Kind::Signed,
        ..Self::F64
    };
    /// Little-endian unsigned integers of 8 bytes, `<u8`.
    pub const U64: Self = Self {
        kind: Kind::Unsigned,
        ..Self::F64
    };

    const fn float(bytes: usize) -> Self {
        Self {
            kind: Kind::Float,
            bytes,
            big_endian: false,
        }
    }

    /// The same numbers in the machine's byte order.
    #[must_use]
    pub fn native(self) -> Self {
        Self {
            big_endian: false,
            ..self
        }
    }

    /// Reads a dtype as NumPy writes it, `<f8`.
    ///
    /// # Errors
    /// [`HeaderError::Dtype`] when it is not a plain number.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        Self::plain(text).ok_or_else(|| HeaderError::Dtype(format!("'{}'", excerpt(text, 40))))
    }

    /// A plain number; without a sign for the byte order it is the machine's.
    pub(super) fn plain(text: &str) -> Option<Self> {
        let big_endian = text.starts_with('>');
        let text = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
        let mut letters = text.chars();
        let kind = match letters.next()? {
            'f' => Kind::Float,
            'i' => Kind::Signed,
            'u' => Kind::Unsigned,
            'b' => Kind::Bool,
            _ => return None,
        };
        let bytes = match (kind, letters.as_str()) {
            (Kind::Float, "2") | (Kind::Signed | Kind::Unsigned, "2") => 2,
            (Kind::Float | Kind::Signed | Kind::Unsigned, "4") => 4,
            (Kind::Float | Kind::Signed | Kind::Unsigned, "8") => 8,
            (Kind::Signed | Kind::Unsigned | Kind::Bool, "1") => 1,
            _ => return None,
        };
        Some(Self {
            kind,
            bytes,
            big_endian,
        })
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match (self.bytes, self.big_endian) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        let kind = match self.kind {
            Kind::Float => 'f',
            Kind::Signed => 'i',
            Kind::Unsigned => 'u',
            Kind::Bool => 'b',
        };
        write!(f, "{order}{kind}{}", self.bytes)
    }
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
