//! The mark of an array: a number in the blanks behind its header, which identifies the array for its labels file.
//!
//! NumPy pads a header with blanks up to its newline and skips white space when it reads one. A mark is written there
//! in blanks and tabs, one for each bit.

use super::header::DATA_OFFSET;
use diff2d_sys::FileExt;
use std::{fs::File, ops::Range};

const BITS: usize = u32::BITS as usize;
/// The byte range of a mark, before the newline that ends the header.
pub const MARK_PLACE: Range<usize> = DATA_OFFSET as usize - 1 - BITS..DATA_OFFSET as usize - 1;

/// The mark for the array that a text describes. It is never 0, which stands for no mark.
#[must_use]
pub fn mark_of(text: &[u8]) -> u32 {
    crc32fast::hash(text) | 1
}

/// The encoded form of a mark.
#[must_use]
pub fn encode_mark(mark: u32) -> [u8; BITS] {
    std::array::from_fn(|bit| match mark >> bit & 1 {
        0 => b' ',
        _ => b'\t',
    })
}

/// The mark of the array in a file. `None` if this program has not written the file, or if the array has no labels.
#[must_use]
pub fn mark_in(file: &File) -> Option<u32> {
    let mut page = [0; DATA_OFFSET as usize];
    file.read_exact_at(&mut page, 0).ok()?;
    let is_ours = page.starts_with(b"\x93NUMPY\x01\0") && page.ends_with(b"\n");
    let letters = page[MARK_PLACE].iter().filter(|_| is_ours);
    let mark = letters.rev().try_fold(0, |mark, letter| match letter {
        b' ' => Some(mark << 1),
        b'\t' => Some(mark << 1 | 1),
        _ => None,
    });
    mark.filter(|&mark| mark != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npy::{Dtype, NpyHeader};
    use std::io::Write;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_the_header_with_it() {
        let header = NpyHeader::new(vec![2, 3], Dtype::F64, false);
        let mut page = header.encode();
        let file_of = |page: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(page).unwrap();
            file
        };
        assert_eq!(mark_in(&file_of(&page)), None);
        for mark in [1, mark_of(b"axes"), u32::MAX] {
            page[MARK_PLACE].copy_from_slice(&encode_mark(mark));
            assert_eq!(mark_in(&file_of(&page)), Some(mark));
            assert_eq!(NpyHeader::decode(&page[..]).unwrap(), header);
        }
        assert_eq!(mark_in(&file_of(&page[..4000])), None);
        page[0] = 0;
        assert_eq!(mark_in(&file_of(&page)), None);
    }
}
