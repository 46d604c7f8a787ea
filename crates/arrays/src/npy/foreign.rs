//! Arrays in files that are not `.npy`: flat binary files, and members of uncompressed `.npz` archives.
//!
//! Source: PKWARE, ".ZIP File Format Specification" 6.3, sections 4.3 and 4.5.3, for what an archive
//! tells of its members.

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

/// The end of the central directory has at most so many bytes.
const LONGEST_END: u64 = 22 + 65_535;
/// A central directory longer than this is not read.
const LONGEST_DIRECTORY: u64 = 64 << 20;

impl ArrayFile {
    /// The array of this header in a flat binary file, which was opened under the name `path`.
    ///
    /// # Errors
    /// [`NpyError`] when the file cannot be examined, or is shorter than the array.
    pub fn of_raw_file(file: File, path: &Path, header: NpyHeader) -> Result<Self, NpyError> {
        Self::of_parts(file, path, header)
    }

    /// The array `name` of an uncompressed archive, as `numpy.savez` writes it.
    ///
    /// # Errors
    /// [`NpyError`] when the archive cannot be read or is none, has no such member, has it compressed, or
    /// with other bytes than its check sum says: they all are read once for that.
    pub fn open_member(path: &Path, name: &str) -> Result<Self, NpyError> {
        let archive = Archive::open(path)?;
        let (place, crc) = archive.find(name).map_err(NpyError::header(path))?;
        let file = archive.file;
        if check_sum(&file, place.clone()).map_err(NpyError::io("read", path))? != crc {
            let error = damaged(&format!("the check sum of '{}' differs", excerpt(name, 60)));
            return Err(NpyError::header(path)(error));
        }
        let reader = BufReader::new(From {
            file: &file,
            at: place.start,
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

/// A member of an archive, as the directory of the archive tells it.
#[derive(Debug)]
pub struct Member {
    /// Its name, without `.npy`.
    pub name: String,
    /// Its length in bytes, once it is unpacked.
    pub bytes: u64,
    /// Whether it is compressed: it cannot be read in place.
    pub is_compressed: bool,
    packed: u64,
    offset: u64,
    crc: u32,
}

impl Archive {
    /// Opens an archive and reads what it tells of its members.
    ///
    /// # Errors
    /// [`NpyError`] when the file cannot be read, or is no archive.
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

    /// The header of a member, unless that is compressed.
    ///
    /// # Errors
    /// [`HeaderError`] when the member is no array, or not where it should be.
    pub fn header(&self, member: &Member) -> Result<AnyHeader, HeaderError> {
        let at = self.place(member)?.start;
        AnyHeader::decode(BufReader::new(From {
            file: &self.file,
            at,
        }))
    }

    /// The bytes of the member of this name, and their check sum.
    fn find(&self, wanted: &str) -> Result<(Range<u64>, u32), HeaderError> {
        let name = wanted.strip_suffix(".npy").unwrap_or(wanted);
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
                    excerpt(wanted, 60),
                    names.join(", ")
                )))
            }
        }
    }

    /// Where the bytes of a member lie that is not compressed.
    fn place(&self, member: &Member) -> Result<Range<u64>, HeaderError> {
        let mut local = [0; 30];
        let read = self.file.read_exact_at(&mut local, member.offset);
        if read.is_err() || !local.starts_with(b"PK\x03\x04") || member.bytes != member.packed {
            return Err(damaged("a member is not where it should be"));
        }
        let skipped = [26, 28].map(|at| number(&local, at, 2).unwrap_or(0));
        let start = member.offset + 30 + skipped[0] + skipped[1];
        let end = start.checked_add(member.bytes);
        end.filter(|&end| end <= self.bytes)
            .map(|end| start..end)
            .ok_or_else(|| damaged("a member is cut"))
    }
}

/// The CRC-32 of a range of a file.
fn check_sum(file: &File, range: Range<u64>) -> std::io::Result<u32> {
    let mut crc = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = range.start;
    while at < range.end {
        let most =
            usize::try_from(range.end - at).map_or(buffer.len(), |rest| rest.min(buffer.len()));
        file.read_exact_at(&mut buffer[..most], at)?;
        crc.update(&buffer[..most]);
        at += most as u64;
    }
    Ok(crc.finalize())
}

/// A file from a byte on.
struct From<'a> {
    file: &'a File,
    at: u64,
}

impl Read for From<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn damaged(what: &str) -> HeaderError {
    HeaderError::DamagedArchive(what.to_owned())
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let mut raw = [0; 8];
    raw[..length].copy_from_slice(bytes.get(at..at + length)?);
    Some(u64::from_le_bytes(raw))
}

/// The members that an archive's directory names.
fn members(directory: &[u8]) -> Result<Vec<Member>, HeaderError> {
    let mut members = Vec::new();
    let mut at = 0;
    while let Some(entry) = directory
        .get(at..)
        .filter(|rest| rest.starts_with(b"PK\x01\x02"))
    {
        let field =
            |at, length| number(entry, at, length).ok_or_else(|| damaged("an entry is cut"));
        let lengths = [field(28, 2)?, field(30, 2)?, field(32, 2)?].map(|length| length as usize);
        let text = entry
            .get(46..46 + lengths[0])
            .ok_or_else(|| damaged("a name is cut"))?;
        let extra = entry.get(46 + lengths[0]..46 + lengths[0] + lengths[1]);
        let [bytes, packed, offset] = wide(
            [field(24, 4)?, field(20, 4)?, field(42, 4)?],
            extra.unwrap_or_default(),
        );
        let name = String::from_utf8_lossy(text);
        #[expect(clippy::cast_possible_truncation, reason = "of 4 bytes")]
        members.push(Member {
            name: name.strip_suffix(".npy").unwrap_or(&name).to_owned(),
            bytes,
            is_compressed: field(10, 2)? != 0,
            packed,
            offset,
            crc: field(16, 4)? as u32,
        });
        at += 46 + lengths.iter().sum::<usize>();
    }
    Ok(members)
}

/// The sizes and the offset of a member, which stand in an extra field where they are large.
fn wide(mut values: [u64; 3], mut extra: &[u8]) -> [u64; 3] {
    while let (Some(id), Some(length)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let end = (4 + length as usize).min(extra.len());
        if id == 1 {
            let mut at = 4;
            for value in values
                .iter_mut()
                .filter(|value| **value == u64::from(u32::MAX))
            {
                *value = number(&extra[..end], at, 8).unwrap_or(*value);
                at += 8;
            }
        }
        extra = &extra[end..];
    }
    values
}

/// The central directory of an archive.
fn directory(file: &File, bytes: u64) -> Result<Vec<u8>, HeaderError> {
    let none = || damaged("it has no directory of its members at its end, or is no .npz");
    let length = bytes.min(LONGEST_END);
    let mut tail = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut tail, bytes - length)
        .map_err(|_| none())?;
    let end = tail
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")
        .ok_or_else(none)?;
    let field = |bytes: &[u8], at, length| number(bytes, at, length).ok_or_else(none);
    let (mut size, mut offset) = (field(&tail, end + 12, 4)?, field(&tail, end + 16, 4)?);
    let locator = end.checked_sub(20).map(|at| &tail[at..]);
    if let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) {
        let mut wide = [0; 56];
        file.read_exact_at(&mut wide, field(locator, 8, 8)?)
            .map_err(|_| none())?;
        if wide.starts_with(b"PK\x06\x06") {
            (size, offset) = (field(&wide, 40, 8)?, field(&wide, 48, 8)?);
        }
    }
    if size > LONGEST_DIRECTORY || offset.checked_add(size).is_none_or(|end| end > bytes) {
        return Err(damaged("its directory lies outside"));
    }
    let mut directory = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact_at(&mut directory, offset)
        .map_err(|_| none())?;
    Ok(directory)
}
