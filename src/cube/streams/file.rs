//! [`StreamLayout`] and [`StreamFile`]: what the file of a stream consists of, and how it is read and written.

use crate::cube::{error::CubeError, journal::Mark};
use diff2d_arrays::npy::{DATA_OFFSET, NpyHeader};
use diff2d_sys::{self as sys, Fate, FileExt};
use std::{
    fs::File,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The structure of a stream's file.
#[derive(Debug, Clone, PartialEq)]
pub enum StreamLayout {
    /// A first line, its newline included, and further lines.
    Lines(String),
    /// A header of NumPy, and frames along the first axis of its shape.
    Frames(NpyHeader),
}

impl StreamLayout {
    /// The bytes of the file before its first line or frame.
    pub(super) fn head(&self) -> Vec<u8> {
        match self {
            Self::Lines(head) => head.as_bytes().to_vec(),
            Self::Frames(header) => header.encode().to_vec(),
        }
    }

    /// The mark of a stream without lines or frames.
    pub fn empty_mark(&self) -> Mark {
        let head_bytes = match self {
            Self::Lines(head) => head.len() as u64,
            Self::Frames(_) => DATA_OFFSET,
        };
        Mark {
            count: 0,
            end: head_bytes,
            crc: 0,
        }
    }

    /// Bytes of a frame; 0 for lines, whose lengths differ.
    pub(super) fn frame_bytes(&self) -> u64 {
        match self {
            Self::Lines(_) => 0,
            Self::Frames(header) => {
                let elements: u64 = header.shape.iter().skip(1).product();
                elements * header.dtype.bytes as u64
            }
        }
    }

    /// Whether the bytes between two marks are as many frames as the marks count; lines have any length.
    pub(super) fn may_lead(&self, [from, to]: [Mark; 2]) -> bool {
        let count = to.count.checked_sub(from.count);
        let bytes = count.and_then(|count| count.checked_mul(self.frame_bytes()));
        match self {
            Self::Lines(_) => count.is_some(),
            Self::Frames(_) => bytes.is_some() && bytes == to.end.checked_sub(from.end),
        }
    }

    /// Bytes of a new file. Lines are appended to it, but frames have their space from the beginning.
    pub fn file_bytes(&self) -> u64 {
        match self {
            Self::Lines(head) => head.len() as u64,
            Self::Frames(header) => {
                DATA_OFFSET + header.shape.first().unwrap_or(&0) * self.frame_bytes()
            }
        }
    }
}

/// The file of a stream. The committer syncs it before it writes a journal line with a mark of the stream.
#[derive(Debug)]
pub struct StreamFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// The end of the bytes that this process has written.
    end: AtomicU64,
}

impl StreamFile {
    pub(super) fn new(file: File, path: &Path) -> Self {
        Self {
            file,
            path: path.to_owned(),
            end: AtomicU64::new(0),
        }
    }

    /// Makes all appended bytes durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn sync(&self) -> Result<(), CubeError> {
        let synced = self.file.sync_data();
        synced.map_err(CubeError::io("sync", &self.path))
    }

    /// Refuses a file that somebody has cut, moved or deleted since a run began to write it.
    ///
    /// # Errors
    /// [`CubeError::Lost`]; [`CubeError::Io`].
    pub fn is_whole(&self) -> Result<(), CubeError> {
        let end = self.end.load(Ordering::Acquire);
        match sys::fate(&self.file, &self.path) {
            Fate::Stays if end <= self.length()? => Ok(()),
            Fate::Stays => Err(self.is_lost("cut short")),
            Fate::Moved => Err(self.is_lost("moved away")),
            Fate::Deleted => Err(self.is_lost("deleted")),
        }
    }

    fn is_lost(&self, what: &'static str) -> CubeError {
        CubeError::Lost {
            path: self.path.clone(),
            what,
            kept: "`diff2d repair` of its cube computes it again, and --resume continues"
                .to_owned(),
        }
    }

    /// The name of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills a buffer with the bytes from `begin` on.
    pub(super) fn read(&self, begin: u64, bytes: &mut [u8]) -> Result<(), CubeError> {
        let read = self.file.read_exact_at(bytes, begin);
        read.map_err(CubeError::io("read", &self.path))
    }

    pub(super) fn write(&self, begin: u64, bytes: &[u8]) -> Result<(), CubeError> {
        // A file that has become shorter is not made long again: it would have a hole.
        if self.length()? < self.end.load(Ordering::Relaxed).min(begin) {
            return Err(self.is_lost("cut short"));
        }
        let written = self.file.write_all_at(bytes, begin);
        written.map_err(CubeError::io("write", &self.path))?;
        // The committer may look at any moment.
        let end = begin + bytes.len() as u64;
        self.end.fetch_max(end, Ordering::Release);
        Ok(())
    }

    /// Cuts off what is behind a byte.
    pub(super) fn cut(&self, end: u64) -> io::Result<()> {
        self.end.store(end, Ordering::Relaxed);
        self.file.set_len(end)
    }

    pub(super) fn length(&self) -> Result<u64, CubeError> {
        let status = self.file.metadata();
        Ok(status.map_err(CubeError::io("examine", &self.path))?.len())
    }

    /// Passes the bytes of a range to `take`, chunk by chunk, each with its first byte's position in the file.
    pub(super) fn visit(
        &self,
        bytes: Range<u64>,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), CubeError>,
    ) -> Result<(), CubeError> {
        const CHUNK: usize = 1 << 20;
        let mut chunk = Vec::new();
        for begin in bytes.clone().step_by(CHUNK) {
            chunk.resize((bytes.end - begin).min(CHUNK as u64) as usize, 0);
            self.read(begin, &mut chunk)?;
            take(begin, &chunk)?;
        }
        Ok(())
    }

    /// Continues the check sum `crc` of earlier bytes with the bytes of a range.
    pub(super) fn crc_behind(&self, mut crc: u32, bytes: Range<u64>) -> Result<u32, CubeError> {
        self.visit(bytes, |_, chunk| {
            crc = crc32c::crc32c_append(crc, chunk);
            Ok(())
        })?;
        Ok(crc)
    }
}
