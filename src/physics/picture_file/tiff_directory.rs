//! [`entries`]: the tags in the first directory of a TIFF file, as Exif data are one, too.

use std::io::{Read, Seek, SeekFrom};

/// The bytes of a value of each type.
const VALUE_BYTES: [u64; 19] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/// An entry of the first directory of a TIFF file.
pub struct Entry {
    pub tag: u16,
    /// The bytes that its values take.
    pub value_bytes: u64,
    /// The first value, if it has 16 bits and is the only one.
    pub value: u16,
    /// The place of the lower byte of that value in the file.
    pub place: u64,
}

/// The number of 16 bits that a tag has in the first directory of a TIFF file, or in Exif data, which are one.
pub fn find_short(file: &mut (impl Read + Seek), tag: u16) -> Option<u16> {
    let entries = entries(file)?;
    let entry = entries.iter().find(|entry| entry.tag == tag);
    entry.map(|entry| entry.value)
}

/// The entries of the first directory of a TIFF file, as far as it reaches.
pub fn entries(file: &mut (impl Read + Seek)) -> Option<Vec<Entry>> {
    file.rewind().ok()?;
    let head: [u8; 16] = bytes(file)?;
    let is_little = head[0] == b'I';
    let is_big = [head[2], head[3]].contains(&43);
    // The first directory, the bytes of a count, those of an entry, and where the value stands in it.
    let (directory, count_bytes, entry_bytes, value_at) = match is_big {
        true => (number(&head[8..16], is_little), 8, 20, 12),
        false => (number(&head[4..8], is_little), 2, 12, 8),
    };
    file.seek(SeekFrom::Start(directory)).ok()?;
    let mut count = vec![0; count_bytes];
    file.read_exact(&mut count).ok()?;
    let count = number(&count, is_little).min(u64::from(u16::MAX));
    let mut entries = Vec::new();
    let mut entry = vec![0; entry_bytes];
    for _ in 0..count {
        let place = file.stream_position().ok()?;
        if file.read_exact(&mut entry).is_err() {
            break;
        }
        let size = VALUE_BYTES.get(usize::from(number(&entry[2..4], is_little) as u16));
        let value = &entry[value_at..][..2];
        entries.push(Entry {
            tag: number(&entry[..2], is_little) as u16,
            value_bytes: number(&entry[4..value_at], is_little).saturating_mul(*size.unwrap_or(&0)),
            value: number(value, is_little) as u16,
            place: place + value_at as u64 + u64::from(!is_little),
        });
    }
    Some(entries)
}

/// The next bytes of a file.
fn bytes<const COUNT: usize>(file: &mut impl Read) -> Option<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// The number that bytes stand for.
fn number(bytes: &[u8], is_little: bool) -> u64 {
    let highest = bytes.len() - 1;
    let bytes = bytes.iter().enumerate();
    let parts = bytes.map(|(place, &byte)| {
        let lower_bytes = if is_little { place } else { highest - place };
        u64::from(byte) << (8 * lower_bytes)
    });
    parts.sum()
}
