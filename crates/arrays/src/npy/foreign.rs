//! Arrays in files that are not `.npy`: flat binary files, and members of uncompressed `.npz` archives.
//!
//! Source: PKWARE, ".ZIP File Format Specification" 6.3, sections 4.3 and 4.5.3, for the directory of an archive.

use super::{
    array::{ArrayFile, open_file},
    error::{HeaderError, NpyError},
    header::{AnyHeader, NpyHeader},
};
use crate::wording::excerpt;
use diff2d_sys::FileExt;
use std::{
    fs::File,
    io::{BufReader, Read},
    ops::Range,
    path::Path,
};

/// The largest number of bytes of the end record of the central directory.
const LONGEST_END: u64 = 22 + 65_535;
/// Largest central directory that is read, in bytes.
const LONGEST_DIRECTORY: u64 = 64 << 20;

impl ArrayFile {
    /// The array with this header in a flat binary file that was opened under the name `path`.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be examined, or is shorter than the array.
    pub fn of_raw_file(file: File, path: &Path, header: NpyHeader) -> Result<Self, NpyError> {
        Self::of_parts(file, path, header)
    }

    /// The array `name` of an uncompressed archive, as written by `numpy.savez`. All its bytes are read once to verify
    /// its check sum.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read or is not an archive, or if the member is missing, compressed, or has
    /// another check sum.
    pub fn open_member(path: &Path, name: &str) -> Result<Self, NpyError> {
        let archive = Archive::open(path)?;
        let (place, crc) = archive.find(name).map_err(NpyError::header(path))?;
        let file = archive.file;
        if check_sum(&file, place.clone()).map_err(NpyError::io("read", path))? != crc {
            let error = damaged(&format!("the check sum of '{}' differs", excerpt(name, 60)));
            return Err(NpyError::header(path)(error));
        }
        let reader = BufReader::new(FileFrom {
            file: &file,
            position: place.start,
        });
        let mut npy = NpyHeader::decode(reader).map_err(NpyError::header(path))?;
        npy.data_offset += place.start;
        npy.fits(place.end).map_err(NpyError::header(path))?;
        let array = Self::of_parts(file, path, npy)?;
        Ok(array.ending_at(place.end))
    }
}

/// An archive of arrays, `.npz`.
#[derive(Debug)]
pub struct Archive {
    file: File,
    bytes: u64,
    members: Vec<Member>,
}

/// A member of an archive, as the directory of the archive describes it.
#[derive(Debug)]
pub struct Member {
    /// The name of the member, without `.npy`.
    pub name: String,
    /// The uncompressed length of the member in bytes.
    pub bytes: u64,
    /// Whether the member is compressed and therefore cannot be read in place.
    pub is_compressed: bool,
    packed: u64,
    offset: u64,
    crc: u32,
}

impl Archive {
    /// Opens an archive and reads its directory.
    ///
    /// # Errors
    /// [`NpyError`] if the file cannot be read, or is not an archive.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let file = open_file(path)?;
        let status = file.metadata().map_err(NpyError::io("read", path))?;
        let bytes = status.len();
        let members = directory(&file, bytes).and_then(|directory| members(&directory));
        Ok(Self {
            file,
            bytes,
            members: members.map_err(NpyError::header(path))?,
        })
    }

    /// All members, in the order of the archive's directory.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The header of an uncompressed member.
    ///
    /// # Errors
    /// [`HeaderError`] if the member is not an array, or not at its position.
    pub fn header(&self, member: &Member) -> Result<AnyHeader, HeaderError> {
        let position = self.place(member)?.start;
        AnyHeader::decode(BufReader::new(FileFrom {
            file: &self.file,
            position,
        }))
    }

    /// The byte range of the member with this name, and its check sum.
    fn find(&self, full_name: &str) -> Result<(Range<u64>, u32), HeaderError> {
        let name = full_name.strip_suffix(".npy").unwrap_or(full_name);
        match self.members.iter().find(|member| member.name == name) {
            Some(member) if member.is_compressed => Err(HeaderError::Archive(format!(
                "its member '{}' is compressed: `numpy.savez` writes members that can be read in place",
                excerpt(name, 60)
            ))),
            Some(member) => Ok((self.place(member)?, member.crc)),
            None => {
                let names = self.members.iter().take(20);
                let names: Vec<_> = names.map(|member| excerpt(&member.name, 30)).collect();
                Err(HeaderError::Archive(format!(
                    "it has no member '{}'; it has {}",
                    excerpt(full_name, 60),
                    names.join(", ")
                )))
            }
        }
    }

    /// The byte range of an uncompressed member in the file.
    fn place(&self, member: &Member) -> Result<Range<u64>, HeaderError> {
        let mut local_header = [0; 30];
        let read = self.file.read_exact_at(&mut local_header, member.offset);
        let is_local_header = read.is_ok() && local_header.starts_with(b"PK\x03\x04");
        if !is_local_header || member.bytes != member.packed {
            return Err(damaged("a member is not where it should be"));
        }
        let [name_length, extra_length] =
            [26, 28].map(|offset| number(&local_header, offset, 2).unwrap_or(0));
        let start = member.offset + 30 + name_length + extra_length;
        let end_byte = start.checked_add(member.bytes);
        end_byte
            .filter(|&end_byte| end_byte <= self.bytes)
            .map(|end_byte| start..end_byte)
            .ok_or_else(|| damaged("a member is cut"))
    }
}

/// The CRC-32 of a range of a file.
fn check_sum(file: &File, range: Range<u64>) -> std::io::Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut position = range.start;
    while position < range.end {
        let length = usize::try_from(range.end - position)
            .map_or(buffer.len(), |remaining| remaining.min(buffer.len()));
        file.read_exact_at(&mut buffer[..length], position)?;
        crc.update(&buffer[..length]);
        position += length as u64;
    }
    Ok(crc.finalize())
}

/// Reads a file from a given byte on, without moving the position of the file itself.
struct FileFrom<'a> {
    file: &'a File,
    position: u64,
}

impl Read for FileFrom<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

fn damaged(reason: &str) -> HeaderError {
    HeaderError::Damaged(format!("its archive is damaged: {reason}"))
}

/// A little-endian number of `length` bytes, if there are enough bytes.
fn number(bytes: &[u8], offset: usize, length: usize) -> Option<u64> {
    let mut raw = [0; 8];
    raw[..length].copy_from_slice(bytes.get(offset..offset + length)?);
    Some(u64::from_le_bytes(raw))
}

fn entry_field(entry: &[u8], offset: usize, length: usize) -> Result<u64, HeaderError> {
    number(entry, offset, length).ok_or_else(|| damaged("an entry is cut"))
}

/// The members in an archive's directory.
fn members(directory: &[u8]) -> Result<Vec<Member>, HeaderError> {
    let mut members = Vec::new();
    let mut position = 0;
    while let Some(entry) = directory
        .get(position..)
        .filter(|bytes| bytes.starts_with(b"PK\x01\x02"))
    {
        let [name_length, extra_length, comment_length] =
            [28, 30, 32].map(|offset| entry_field(entry, offset, 2).map(|length| length as usize));
        let (name_length, extra_length) = (name_length?, extra_length?);
        let name_end = 46 + name_length;
        let name = entry
            .get(46..name_end)
            .ok_or_else(|| damaged("a name is cut"))?;
        let extra = entry.get(name_end..name_end + extra_length);
        let [bytes, packed, offset] = with_wide_values(
            [
                entry_field(entry, 24, 4)?,
                entry_field(entry, 20, 4)?,
                entry_field(entry, 42, 4)?,
            ],
            extra.unwrap_or_default(),
        );
        let name = String::from_utf8_lossy(name);
        members.push(Member {
            name: name.strip_suffix(".npy").unwrap_or(&name).to_owned(),
            bytes,
            is_compressed: entry_field(entry, 10, 2)? != 0,
            packed,
            offset,
            crc: entry_field(entry, 16, 4)? as u32,
        });
        position += name_end + extra_length + comment_length?;
    }
    Ok(members)
}

/// The sizes and the offset of a member. Values that do not fit into 32 bits are in an extra field.
fn with_wide_values(mut values: [u64; 3], mut extra: &[u8]) -> [u64; 3] {
    while let (Some(id), Some(length)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let field_end = (4 + length as usize).min(extra.len());
        if id == 1 {
            let mut offset = 4;
            for value in values
                .iter_mut()
                .filter(|value| **value == u64::from(u32::MAX))
            {
                *value = number(&extra[..field_end], offset, 8).unwrap_or(*value);
                offset += 8;
            }
        }
        extra = &extra[field_end..];
    }
    values
}

/// The central directory of an archive.
fn directory(file: &File, bytes: u64) -> Result<Vec<u8>, HeaderError> {
    let length = bytes.min(LONGEST_END);
    let mut tail = vec![0; usize::try_from(length).unwrap_or(0)];
    read_of_directory(file, bytes - length, &mut tail)?;
    let end_record = tail
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")
        .ok_or_else(no_directory)?;
    let mut size = directory_field(&tail, end_record + 12, 4)?;
    let mut offset = directory_field(&tail, end_record + 16, 4)?;
    let locator = end_record.checked_sub(20).map(|start| &tail[start..]);
    if let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) {
        let mut wide_end_record = [0; 56];
        read_of_directory(file, directory_field(locator, 8, 8)?, &mut wide_end_record)?;
        if wide_end_record.starts_with(b"PK\x06\x06") {
            size = directory_field(&wide_end_record, 40, 8)?;
            offset = directory_field(&wide_end_record, 48, 8)?;
        }
    }
    if size > LONGEST_DIRECTORY || offset.checked_add(size).is_none_or(|end| end > bytes) {
        return Err(damaged("its directory lies outside"));
    }
    let mut directory = vec![0; usize::try_from(size).unwrap_or(0)];
    read_of_directory(file, offset, &mut directory)?;
    Ok(directory)
}

fn read_of_directory(file: &File, start: u64, bytes: &mut [u8]) -> Result<(), HeaderError> {
    file.read_exact_at(bytes, start).map_err(|_| no_directory())
}

fn directory_field(bytes: &[u8], offset: usize, length: usize) -> Result<u64, HeaderError> {
    number(bytes, offset, length).ok_or_else(no_directory)
}

fn no_directory() -> HeaderError {
    damaged("it has no directory of its members at its end, or is no .npz")
}
