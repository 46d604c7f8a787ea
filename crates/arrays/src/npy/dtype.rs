//! [`Dtype`]: the type of an element; [`Scalar`]: one element, for display.

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

/// Names of dtypes, and letters of C's types, with what they stand for.
const NAMES: [(&str, &str); 24] = [
    ("bool", "b1"),
    ("?", "b1"),
    ("int8", "i1"),
    ("b", "i1"),
    ("uint8", "u1"),
    ("B", "u1"),
    ("int16", "i2"),
    ("h", "i2"),
    ("uint16", "u2"),
    ("H", "u2"),
    ("int32", "i4"),
    ("i", "i4"),
    ("uint32", "u4"),
    ("I", "u4"),
    ("int64", "i8"),
    ("q", "i8"),
    ("uint64", "u8"),
    ("Q", "u8"),
    ("float16", "f2"),
    ("e", "f2"),
    ("float32", "f4"),
    ("f", "f4"),
    ("float64", "f8"),
    ("d", "f8"),
];

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

    /// This dtype in the machine's byte order.
    #[must_use]
    pub fn native(self) -> Self {
        Self {
            big_endian: false,
            ..self
        }
    }

    /// Parses a dtype in NumPy's notation, such as `<f8`.
    ///
    /// # Errors
    /// [`HeaderError::Dtype`] if the type is not a plain number.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        Self::plain(text).ok_or_else(|| HeaderError::Dtype(format!("'{}'", excerpt(text, 40))))
    }

    /// Parses the dtype of a plain number. Without a sign for the byte order the machine's is assumed.
    pub(super) fn plain(text: &str) -> Option<Self> {
        let big_endian = text.starts_with('>');
        let text = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
        // The names and the letters that numpy.dtype takes, too.
        let names = NAMES.into_iter();
        let text = names.fold(
            text,
            |text, (name, code)| if text == name { code } else { text },
        );
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

/// One element in full precision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// An element of any float type.
    Float(f64),
    /// An element of any integer type, or a boolean.
    Integer(i128),
}

impl Scalar {
    /// Decodes one element from its bytes.
    ///
    /// # Panics
    /// If there are fewer bytes than the dtype has.
    #[must_use]
    pub fn decode(dtype: Dtype, bytes: &[u8]) -> Self {
        Self::of_bits(dtype, bits(dtype, bytes))
    }

    /// The element with the lowest bits of `bits`.
    #[must_use]
    pub fn of_bits(dtype: Dtype, bits: u64) -> Self {
        let unused = 64 - 8 * dtype.bytes as u32;
        match (dtype.kind, dtype.bytes) {
            (Kind::Float, 2) => Self::Float(half::f16::from_bits(bits as u16).to_f64()),
            (Kind::Float, 4) => Self::Float(f32::from_bits(bits as u32).into()),
            (Kind::Float, _) => Self::Float(f64::from_bits(bits)),
            (Kind::Signed, _) => Self::Integer((bits.cast_signed() << unused >> unused).into()),
            (Kind::Unsigned | Kind::Bool, _) => Self::Integer(bits.into()),
        }
    }

    /// The nearest double.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
        }
    }
}

/// The bits of every element of `bytes`.
pub(super) fn bits_of_each(dtype: Dtype, bytes: &[u8], out: &mut [u64]) {
    for (bits, element) in out.iter_mut().zip(bytes.chunks(dtype.bytes)) {
        *bits = self::bits(dtype, element);
    }
}

/// The bits of an element; all higher bits are 0.
fn bits(dtype: Dtype, bytes: &[u8]) -> u64 {
    let mut raw = [0; 8];
    raw[..dtype.bytes].copy_from_slice(&bytes[..dtype.bytes]);
    if dtype.big_endian {
        raw[..dtype.bytes].reverse();
    }
    u64::from_le_bytes(raw)
}
