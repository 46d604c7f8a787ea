//! [`ReadAhead`] and [`WriteBehind`]: the bytes of a state, in order, between a file and memory, while
//! something else computes.
//!
//! Each has a thread and a few chunks of memory. Both go past the page cache where the filesystem lets
//! them: a state larger than memory would only drive out what others have there.

use crossbeam_channel::{Receiver, Sender, bounded};
use diff2d_arrays::npy::Reader;
use diff2d_sys::{self as sys, DIRECT_ALIGNMENT, FileExt, Memory};
use std::{
    fs::File,
    io::{self, Read},
    ops::Range,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread::{self, Scope, ScopedJoinHandle},
};

/// Bytes read or written at a time for states of so many bytes: at most 4 MiB, fewer of small ones.
#[must_use]
pub fn chunk_bytes(state: u64) -> usize {
    const LEAST: usize = DIRECT_ALIGNMENT;
    const MOST: usize = 4 << 20;
    let part = usize::try_from(state / 64).unwrap_or(MOST);
    part.next_multiple_of(DIRECT_ALIGNMENT).clamp(LEAST, MOST)
}

/// Chunks of memory, through which bytes go.
#[derive(Debug, Clone, Copy)]
pub struct Chunks {
    /// Bytes of each.
    pub bytes: usize,
    /// How many there are.
    pub count: usize,
}

/// Bytes moved.
#[derive(Debug, Default)]
pub struct Moved(AtomicU64);

impl Moved {
    /// Adds bytes.
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Relaxed);
    }

    /// Their number.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Ranges of a file, read ahead.
#[derive(Debug)]
pub struct ReadAhead {
    full: Receiver<io::Result<FilledChunk>>,
    free: Sender<Memory>,
    /// What is left of the chunk that is being taken.
    current: Option<FilledChunk>,
}

/// A chunk of memory, and which of its bytes count.
#[derive(Debug)]
struct FilledChunk {
    memory: Memory,
    bytes: Range<usize>,
}

impl ReadAhead {
    /// Begins to read the ranges one after the other.
    ///
    /// # Errors
    /// If the system refuses memory or a thread.
    pub fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        file: &'scope Reader,
        moved: &'scope Moved,
        ranges: Vec<Range<u64>>,
        chunks: Chunks,
    ) -> io::Result<Self> {
        let (free, empty) = bounded::<Memory>(chunks.count);
        let (filled, full) = bounded(chunks.count);
        for _ in 0..chunks.count {
            let _ = free.send(Memory::zeroed(chunks.bytes)?);
        }
        let chunk = chunks.bytes;
        let read = move || {
            for mut range in ranges {
                while range.start < range.end {
                    let Ok(mut memory) = empty.recv() else { return };
                    let end = (range.start / chunk as u64 + 1) * chunk as u64;
                    #[expect(clippy::cast_possible_truncation, reason = "at most a chunk")]
                    let length = (end.min(range.end) - range.start) as usize;
                    let read = file.read(range.start, &mut memory[..length]);
                    moved.add(length);
                    let failed = read.is_err();
                    let bytes = 0..length;
                    if filled
                        .send(read.map(|()| FilledChunk { memory, bytes }))
                        .is_err()
                        || failed
                    {
                        return;
                    }
                    range.start += length as u64;
                }
            }
        };
        thread::Builder::new()
            .name("read ahead".to_owned())
            .spawn_scoped(scope, read)?;
        Ok(Self {
            full,
            free,
            current: None,
        })
    }
}

impl Read for ReadAhead {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut current = match (self.current.take(), to.is_empty()) {
            (Some(current), _) => current,
            (None, true) => return Ok(0),
            (None, false) => match self.full.recv() {
                Ok(filled) => filled?,
                Err(_) => return Ok(0),
            },
        };
        let count = current.bytes.len().min(to.len());
        let start = current.bytes.start;
        sys::copy(&mut to[..count], &current.memory[start..start + count]);
        current.bytes.start += count;
        match current.bytes.is_empty() {
            // The thread may have read all.
            true => drop(self.free.send(current.memory)),
            false => self.current = Some(current),
        }
        Ok(count)
    }
}

/// A file that is written at any place, past the page cache where it can be.
#[derive(Debug)]
pub struct DirectFile {
    file: File,
    direct: Option<File>,
}

impl DirectFile {
    /// The file `file`, which was opened under the name `path`.
    #[must_use]
    pub fn new(file: File, path: &Path) -> Self {
        Self {
            direct: sys::open_direct_to_write(path).filter(|direct| sys::same_file(direct, &file)),
            file,
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes a chunk at a multiple of [`DIRECT_ALIGNMENT`]; what follows it up to the next multiple is
    /// overwritten, too.
    fn write(&self, at: u64, memory: &Memory, length: usize) -> io::Result<()> {
        if let Some(direct) = &self.direct {
            let whole = length.next_multiple_of(DIRECT_ALIGNMENT);
            match direct.write_all_at(&memory[..whole], at) {
                // Some filesystems open a file for direct writes, and then refuse them.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                written => return written,
            }
        }
        self.file.write_all_at(&memory[..length], at)?;
        sys::drop_cached(&self.file, at..at + length as u64);
        Ok(())
    }
}

/// Bytes of a file from a place on, written behind.
#[derive(Debug)]
pub struct WriteBehind<'scope> {
    full: Sender<(Memory, usize)>,
    free: Receiver<Memory>,
    /// The chunk that is being filled, and how far it is.
    current: Option<(Memory, usize)>,
    /// Bytes of a chunk.
    chunk: usize,
    thread: ScopedJoinHandle<'scope, io::Result<Vec<u32>>>,
}

impl<'scope> WriteBehind<'scope> {
    /// Writes what is pushed from byte `start` on, a multiple of [`DIRECT_ALIGNMENT`], by way of chunks
    /// of memory.
    ///
    /// # Errors
    /// If the system refuses memory or a thread.
    pub fn start(
        scope: &'scope Scope<'scope, '_>,
        file: &'scope DirectFile,
        moved: &'scope Moved,
        start: u64,
        chunks: Chunks,
    ) -> io::Result<Self> {
        let (filled, full) = bounded::<(Memory, usize)>(chunks.count);
        let (empty, free) = bounded(chunks.count);
        for _ in 0..chunks.count {
            let _ = empty.send(Memory::zeroed(chunks.bytes)?);
        }
        let write = move || {
            let (mut at, mut sums) = (start, Vec::new());
            for (memory, length) in full {
                sums.push(crc32c::crc32c(&memory[..length]));
                file.write(at, &memory, length)?;
                moved.add(length);
                at += length as u64;
                // Nobody may need it any more.
                let _ = empty.send(memory);
            }
            Ok(sums)
        };
        let thread = thread::Builder::new()
            .name("write behind".to_owned())
            .spawn_scoped(scope, write)?;
        Ok(Self {
            full: filled,
            free,
            current: None,
            chunk: chunks.bytes,
            thread,
        })
    }

    /// Takes the next bytes. An error of the file shows at the [end](Self::finish).
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((mut memory, filled)) = self
                .current
                .take()
                .or_else(|| self.free.recv().ok().map(|memory| (memory, 0)))
            else {
                return;
            };
            let count = bytes.len().min(self.chunk - filled);
            sys::copy(&mut memory[filled..filled + count], &bytes[..count]);
            bytes = &bytes[count..];
            match filled + count {
                all if all == self.chunk => drop(self.full.send((memory, all))),
                some => self.current = Some((memory, some)),
            }
        }
    }

    /// Writes the rest. Returns the CRC-32C of every chunk.
    ///
    /// # Errors
    /// The first of the file.
    pub fn finish(mut self) -> io::Result<Vec<u32>> {
        if let Some(last) = self.current.take() {
            let _ = self.full.send(last);
        }
        drop(self.full);
        self.thread
            .join()
            .unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))
    }
}
