//! The header of a `.npy` file: the cube's own, written, and anybody's, read.
//!
//! Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays", versions 1.0–3.0.

mod scanner;

use scanner::Scanner;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, io::Read};

/// Bytes before the data of a cube: one page, so that a map of the data starts on one.
pub const DATA_OFFSET: u64 = 4096;

/// Headers longer than this are refused: NumPy itself reads at most 10,000 characters.
const LONGEST: usize = 64 * 1024;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

const _: () = assert!(
    cfg!(target_endian = "little"),
    "cubes are written in the machine's byte order, which must be little-endian"
);

/// What is wrong with a file that should be `.npy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// The first bytes are somebody else's.
    #[error("it is not a .npy file (it does not begin with \\x93NUMPY)")]
    NotNpy,
    /// A format version that does not exist yet.
    #[error("it is .npy format {0}.{1}; versions 1.0 to 3.0 can be read")]
    Version(u8, u8),
    /// The header is cut, garbled or absurd.
    #[error("its .npy header is damaged: {0}")]
    Header(String),
    /// An array of things that are not plain numbers.
    #[error("its dtype is {0}; only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)")]
    Dtype(String),
    /// The file ends before its array does.
    #[error("it is cut short: its header promises {expected} bytes, the file has {found}")]
    Short {
        /// Bytes that header and array need.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
}

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
    /// [`NpyError::Dtype`] when it is not a plain number.
    pub fn parse(text: &str) -> Result<Self, NpyError> {
        let refused = || NpyError::Dtype(describe(text));
        let mut letters = text.chars();
        let big_endian = match letters.next() {
            Some('<' | '|' | '=') => false,
            Some('>') => true,
            _ => return Err(refused()),
        };
        let kind = match letters.next() {
            Some('f') => Kind::Float,
            Some('i') => Kind::Signed,
            Some('u') => Kind::Unsigned,
            Some('b') => Kind::Bool,
            _ => return Err(refused()),
        };
        let bytes = match (kind, letters.as_str()) {
            (Kind::Float, "2") | (Kind::Signed | Kind::Unsigned, "2") => 2,
            (Kind::Float | Kind::Signed | Kind::Unsigned, "4") => 4,
            (Kind::Float | Kind::Signed | Kind::Unsigned, "8") => 8,
            (Kind::Signed | Kind::Unsigned | Kind::Bool, "1") => 1,
            _ => return Err(refused()),
        };
        Ok(Self {
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

/// The dtype's name in words where it has one that users know.
fn describe(text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    let name = match text.trim_start_matches(['<', '>', '|', '=']).chars().next() {
        Some('O') => "object (pickled Python objects)",
        Some('c') => "complex",
        Some('U' | 'S' | 'a') => "text",
        Some('M' | 'm') => "a date or time",
        Some('V') => "raw bytes",
        _ => return format!("'{shown}'"),
    };
    format!("'{shown}', {name}")
}

/// What a `.npy` file says of its array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// Type of an element.
    pub dtype: Dtype,
    /// Whether the first axis varies fastest.
    pub fortran_order: bool,
    /// Length of every axis.
    pub shape: Vec<u64>,
    /// Where the data begins in the file, in bytes.
    pub data_offset: u64,
}

impl NpyHeader {
    /// The header of a cube.
    #[must_use]
    pub fn of_cube(shape: &[u64], dtype: Dtype) -> Self {
        Self::of_output(shape.to_vec(), dtype, false)
    }

    /// The header of any array that we write.
    #[must_use]
    pub fn of_output(shape: Vec<u64>, dtype: Dtype, fortran_order: bool) -> Self {
        Self {
            dtype,
            fortran_order,
            shape,
            data_offset: DATA_OFFSET,
        }
    }

    /// The lengths of the axes from the one that varies slowest in the file to the fastest; the
    /// same reversal leads back.
    #[must_use]
    pub fn in_file_order<T: Clone>(&self, per_axis: &[T]) -> Vec<T> {
        let mut axes = per_axis.to_vec();
        if self.fortran_order {
            axes.reverse();
        }
        axes
    }

    /// The number in file order of the element at an index.
    #[must_use]
    pub fn place_of(&self, index: &[u64]) -> u64 {
        let shape = self.in_file_order(&self.shape);
        self.in_file_order(index)
            .iter()
            .zip(shape)
            .fold(0, |place, (i, length)| place * length + i)
    }

    /// The index along every axis of the element of a number in file order.
    #[must_use]
    pub fn index_of(&self, mut place: u64) -> Vec<u64> {
        let mut index = self.in_file_order(&self.shape);
        for i in index.iter_mut().rev() {
            let length = *i;
            *i = place % length;
            place /= length;
        }
        self.in_file_order(&index)
    }

    /// The first [`DATA_OFFSET`] bytes of the file, format 1.0.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let shape: Vec<String> = self.shape.iter().map(u64::to_string).collect();
        let shape = match shape.as_slice() {
            [one] => format!("({one},)"),
            several => format!("({})", several.join(", ")),
        };
        let order = if self.fortran_order { "True" } else { "False" };
        let text = format!(
            "{{'descr': '{}', 'fortran_order': {order}, 'shape': {shape}, }}",
            self.dtype
        );
        const TEXT: usize = DATA_OFFSET as usize - 10;
        let mut bytes = Vec::with_capacity(TEXT + 10);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[1, 0]);
        bytes.extend_from_slice(&(TEXT as u16).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(TEXT + 9, b' ');
        bytes.push(b'\n');
        bytes
    }

    /// Reads the header at the beginning of `file`.
    ///
    /// # Errors
    /// [`NpyError`]; a failing read counts as an end of the file.
    pub fn decode(mut file: impl Read) -> Result<Self, NpyError> {
        let cut = |_| NpyError::Header("the file ends inside it".to_owned());
        let mut start = [0; 8];
        file.read_exact(&mut start).map_err(|_| NpyError::NotNpy)?;
        if !start.starts_with(MAGIC) {
            return Err(NpyError::NotNpy);
        }
        let (length, prefix) = match (start[6], start[7]) {
            (1, 0) => {
                let mut length = [0; 2];
                file.read_exact(&mut length).map_err(cut)?;
                (usize::from(u16::from_le_bytes(length)), 10)
            }
            (2 | 3, 0) => {
                let mut length = [0; 4];
                file.read_exact(&mut length).map_err(cut)?;
                (u32::from_le_bytes(length) as usize, 12)
            }
            (major, minor) => return Err(NpyError::Version(major, minor)),
        };
        if length > LONGEST {
            return Err(NpyError::Header(format!(
                "it claims to be {length} bytes long"
            )));
        }
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(cut)?;
        let mut header = Scanner::new(&text).header()?;
        header.data_offset = prefix + length as u64;
        header.file_bytes()?;
        Ok(header)
    }

    /// Number of elements.
    ///
    /// # Errors
    /// [`NpyError::Header`] when the product of the shape leaves the range of a file.
    pub fn elements(&self) -> Result<u64, NpyError> {
        if self.shape.contains(&0) {
            return Ok(0);
        }
        self.shape
            .iter()
            .try_fold(1_u64, |product, &length| product.checked_mul(length))
            .filter(|&count| {
                count
                    .checked_mul(self.dtype.bytes as u64)
                    .and_then(|bytes| bytes.checked_add(self.data_offset))
                    .is_some_and(|bytes| bytes < 1 << 63)
            })
            .ok_or_else(|| {
                NpyError::Header(format!("the shape {:?} is beyond any file", self.shape))
            })
    }

    /// Bytes of header and data together.
    ///
    /// # Errors
    /// As [`elements`](Self::elements).
    pub fn file_bytes(&self) -> Result<u64, NpyError> {
        Ok(self.data_offset + self.elements()? * self.dtype.bytes as u64)
    }

    /// Refuses a file that is shorter than its header promises.
    ///
    /// # Errors
    /// [`NpyError::Short`].
    pub fn fits(&self, found: u64) -> Result<(), NpyError> {
        let expected = self.file_bytes()?;
        if found < expected {
            return Err(NpyError::Short { expected, found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_dictionary(text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&u16::try_from(text.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    #[test]
    fn a_cube_header_fills_its_page_and_reads_back() {
        let header = NpyHeader::of_cube(&[31, 301, 301], Dtype::F64);
        let bytes = header.encode();
        assert_eq!(bytes.len() as u64, DATA_OFFSET);
        assert_eq!(NpyHeader::decode(bytes.as_slice()), Ok(header));
    }

    #[test]
    fn dtypes_that_are_not_numbers_are_refused_by_name() {
        for (descr, name) in [
            ("'|O'", "object"),
            ("'<c16'", "complex"),
            ("'<U5'", "text"),
            ("[('a', '<f8')]", "structured"),
            ("'<f16'", "'<f16'"),
            ("'<b4'", "'<b4'"),
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n");
            let error = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap_err();
            assert!(
                matches!(&error, NpyError::Dtype(found) if found.contains(name)),
                "{error}"
            );
        }
    }

    #[test]
    fn shapes_beyond_any_file_are_refused() {
        for shape in [
            "(9223372036854775807, 2)",
            "(18446744073709551616,)",
            "(1152921504606846976,)",
            "(1152921504606846975,)",
            "(3)",
            "3",
        ] {
            let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
            let result = NpyHeader::decode(with_dictionary(&text).as_slice());
            assert!(matches!(result, Err(NpyError::Header(_))), "{shape}");
        }
        for (shape, count) in [("()", 1), ("(0, 18446744073709551615)", 0), ("(3L,)", 3)] {
            let text = format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}, }}");
            let header = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap();
            assert_eq!(header.elements(), Ok(count));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_header_or_an_error(
            version in 0_u8..5,
            text in prop_oneof![
                ".{0,200}",
                r"\{'descr': '[<>|=]?[fiubOcV][0-9]{0,3}', 'fortran_order': (True|False), 'shape': \([0-9, L]{0,40}\),? \}",
            ],
        ) {
            let mut bytes = with_dictionary(&text);
            bytes[6] = version;
            if let Ok(header) = NpyHeader::decode(bytes.as_slice()) {
                prop_assert!(header.file_bytes().is_ok());
            }
        }
    }
}
