//! [`NpyHeader`]: the header of a `.npy` file.
//!
//! Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays", versions 1.0–3.0.

use super::{
    descr::Descr,
    dtype::Dtype,
    error::HeaderError,
    scanner::{Dictionary, Scanner},
};
use std::io::Read;

/// The number of bytes before the data in every file that this program writes. It is a part of the format of cubes, and
/// not the page size of a machine.
pub const DATA_OFFSET: u64 = 4096;

/// The largest size of a header. Longer headers are refused: NumPy itself reads at most 10,000 characters.
const LONGEST: usize = 64 * 1024;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The type and shape of an array from the header of its `.npy` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpyHeader {
    /// Type of an element.
    pub dtype: Dtype,
    /// Whether the first axis varies fastest.
    pub fortran_order: bool,
    /// Length of every axis.
    pub shape: Vec<u64>,
    /// The byte of the file at which the data begins.
    pub data_offset: u64,
}

/// The type and shape in the header of any `.npy` file, whatever its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyHeader {
    /// Type of an element.
    pub descr: Descr,
    /// Whether the first axis varies fastest.
    pub fortran_order: bool,
    /// Length of every axis.
    pub shape: Vec<u64>,
    /// The byte of the file at which the data begins.
    pub data_offset: u64,
}

impl NpyHeader {
    /// The header of an array to be written, with its data at [`DATA_OFFSET`].
    #[must_use]
    pub fn new(shape: Vec<u64>, dtype: Dtype, fortran_order: bool) -> Self {
        Self {
            dtype,
            fortran_order,
            shape,
            data_offset: DATA_OFFSET,
        }
    }

    /// A list with an entry for every axis, from the axis that varies slowest in the file to the one that varies
    /// fastest. A second call restores the order of the axes.
    #[must_use]
    pub fn in_file_order<T: Clone>(&self, per_axis: &[T]) -> Vec<T> {
        let mut axes = per_axis.to_vec();
        if self.fortran_order {
            axes.reverse();
        }
        axes
    }

    /// The number in file order of the element with an index.
    #[must_use]
    pub fn place_of(&self, index: &[u64]) -> u64 {
        let shape = self.in_file_order(&self.shape);
        self.in_file_order(index)
            .iter()
            .zip(shape)
            .fold(0, |place, (i, length)| place * length + i)
    }

    /// The index of the element with this number in file order.
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
            [length] => format!("({length},)"),
            lengths => format!("({})", lengths.join(", ")),
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
    /// [`HeaderError`]; a failing read counts as an end of the file.
    pub fn decode(file: impl Read) -> Result<Self, HeaderError> {
        let header = AnyHeader::decode(file)?;
        Ok(Self {
            dtype: header.descr.number()?,
            fortran_order: header.fortran_order,
            shape: header.shape,
            data_offset: header.data_offset,
        })
    }

    /// Number of elements.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`] if the size exceeds the range of a file.
    pub fn elements(&self) -> Result<u64, HeaderError> {
        end_of_data(&self.shape, self.dtype.bytes as u64, self.data_offset)?;
        Ok(self.shape.iter().product())
    }

    /// Bytes of header and data together.
    ///
    /// # Errors
    /// As [`elements`](Self::elements).
    pub fn file_bytes(&self) -> Result<u64, HeaderError> {
        end_of_data(&self.shape, self.dtype.bytes as u64, self.data_offset)
    }

    /// Refuses a file that is shorter than its header says.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`].
    pub fn fits(&self, length: u64) -> Result<(), HeaderError> {
        fits(self.file_bytes()?, length)
    }
}

impl AnyHeader {
    /// Reads the header at the beginning of `file`.
    ///
    /// # Errors
    /// [`HeaderError`]; a failing read counts as an end of the file.
    pub fn decode(mut file: impl Read) -> Result<Self, HeaderError> {
        let mut start = [0; 8];
        file.read_exact(&mut start)
            .map_err(|_| HeaderError::NotNpy)?;
        if !start.starts_with(MAGIC) {
            return Err(HeaderError::NotNpy);
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
            (major, minor) => {
                return Err(HeaderError::Damaged(format!(
                    "it is .npy format {major}.{minor}; versions 1.0 to 3.0 can be read"
                )));
            }
        };
        if length > LONGEST {
            return Err(HeaderError::damaged_header(&format!(
                "it claims to be {length} bytes long"
            )));
        }
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(cut)?;
        let Dictionary {
            descr,
            fortran_order,
            shape,
        } = Scanner::new(&text).dictionary()?;
        let header = Self {
            descr,
            fortran_order,
            shape,
            data_offset: prefix + length as u64,
        };
        header.file_bytes()?;
        Ok(header)
    }

    /// Bytes of header and data together. The data of pickled objects is not counted, because its size is unknown.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`] if the size exceeds the range of a file.
    pub fn file_bytes(&self) -> Result<u64, HeaderError> {
        // Elements without bytes are still counted.
        let bytes = self.descr.bytes().map_or(1, |bytes| bytes.max(1));
        let data_end = end_of_data(&self.shape, bytes, self.data_offset)?;
        Ok(match self.descr.bytes() {
            Some(1..) => data_end,
            _ => self.data_offset,
        })
    }

    /// Refuses a file that is shorter than its header says.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`].
    pub fn fits(&self, length: u64) -> Result<(), HeaderError> {
        fits(self.file_bytes()?, length)
    }
}

/// The end of the data of an array. As in NumPy, an axis of length 0 does not excuse the others: the product of the
/// other lengths must be a possible size.
fn end_of_data(shape: &[u64], bytes: u64, data_offset: u64) -> Result<u64, HeaderError> {
    let end_without_empty_axes = shape
        .iter()
        .filter(|&&length| length > 0)
        .try_fold(bytes, |product, &length| product.checked_mul(length))
        .and_then(|bytes| bytes.checked_add(data_offset))
        .filter(|&bytes| bytes < 1 << 63)
        .ok_or_else(|| {
            HeaderError::damaged_header(&format!("the shape {shape:?} is beyond any file"))
        })?;
    Ok(if shape.contains(&0) {
        data_offset
    } else {
        end_without_empty_axes
    })
}

fn fits(expected: u64, found: u64) -> Result<(), HeaderError> {
    if found < expected {
        Err(HeaderError::short(expected, found))
    } else {
        Ok(())
    }
}

fn cut(_: std::io::Error) -> HeaderError {
    HeaderError::damaged_header("the file ends inside it")
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
    fn a_header_has_the_length_of_the_format_and_reads_back() {
        let header = NpyHeader::new(vec![31, 301, 301], Dtype::F64, false);
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
            ("'<f16'", "extended"),
            ("'<M8[ns]'", "date"),
            (
                "[('a', '<f8', (2, 3)), (('t', 'b'), [('x', '|S4')]),]",
                "structured",
            ),
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n");
            let error = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap_err();
            assert!(
                matches!(&error, HeaderError::Dtype(found) if found.contains(name)),
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
            "(0, 18446744073709551615)",
            "(4611686018427387904, 0)",
        ] {
            let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
            let result = NpyHeader::decode(with_dictionary(&text).as_slice());
            assert!(matches!(result, Err(HeaderError::Damaged(_))), "{shape}");
        }
        for (shape, count) in [
            ("()", 1),
            ("(0, 1152921504606846000)", 0),
            ("(3L,)", 3),
            ("(np.int64(3), 4)", 12),
        ] {
            let text = format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}, }}");
            let header = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap();
            assert_eq!(header.elements(), Ok(count));
        }
    }

    #[test]
    fn what_is_no_type_is_damage() {
        for descr in [
            "'x'",
            "'<f9'",
            "'<b4'",
            "''",
            "[('a', 'x')]",
            "[('a')]",
            "[(, '<f8')]",
            "[('a', '<f8')",
            "[('a', '<V9223372036854775807', (3,))]",
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n");
            let error = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap_err();
            assert!(matches!(error, HeaderError::Damaged(_)), "{descr}: {error}");
        }
        let deep = "[('a', ".repeat(40) + "'<f8'" + &")]".repeat(40);
        let text = format!("{{'descr': {deep}, 'fortran_order': False, 'shape': (1,), }}\n");
        let error = NpyHeader::decode(with_dictionary(&text).as_slice()).unwrap_err();
        assert!(matches!(error, HeaderError::Damaged(_)), "{error}");
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
