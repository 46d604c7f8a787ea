//! [`ReadAhead`] and [`WriteBehind`]: move the bytes of a state between a file and memory, in order, in the background.
//!
//! Each has a thread and a few chunks of memory. Both bypass the page cache if the filesystem allows it: a state larger
//! than memory would only evict the pages of other programs.

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

/// The number of bytes read or written at a time, for a state of `state` bytes: at most 4 MiB, less for small states.
pub fn chunk_bytes(state: u64) -> usize {
    const LEAST: usize = DIRECT_ALIGNMENT;
    const MOST: usize = 4 << 20;
    let part = usize::try_from(state / 64).unwrap_or(MOST);
    part.next_multiple_of(DIRECT_ALIGNMENT).clamp(LEAST, MOST)
}

/// The number and size of the buffers between file and memory.
#[derive(Debug, Clone, Copy)]
pub struct Chunks {
    /// Bytes of each chunk.
    pub bytes: usize,
    /// The number of chunks.
    pub count: usize,
}

/// A count of the bytes moved.
#[derive(Debug, Default)]
pub struct Moved(AtomicU64);

impl Moved {
    /// Adds bytes.
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Relaxed);
    }

    /// The number of bytes moved so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Ranges of a file that are read ahead.
#[derive(Debug)]
pub struct ReadAhead {
    full: Receiver<io::Result<FilledChunk>>,
    free: Sender<Memory>,
    /// The remainder of the chunk that the caller is consuming.
    current: Option<FilledChunk>,
}

/// A filled chunk of memory, and the range of its valid bytes.
#[derive(Debug)]
struct FilledChunk {
    memory: Memory,
    bytes: Range<usize>,
}

impl ReadAhead {
    /// Begins to read the ranges, one after the other.
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
        let chunk_bytes = chunks.bytes;
        thread::Builder::new()
            .name("read ahead".to_owned())
            .spawn_scoped(scope, move || {
                read_ranges(file, moved, ranges, chunk_bytes, &empty, &filled);
            })?;
        Ok(Self {
            full,
            free,
            current: None,
        })
    }
}

/// Reads ranges of a file into chunks from `empty`, and sends them to `filled`.
fn read_ranges(
    file: &Reader,
    moved: &Moved,
    ranges: Vec<Range<u64>>,
    chunk_bytes: usize,
    empty: &Receiver<Memory>,
    filled: &Sender<io::Result<FilledChunk>>,
) {
    for mut range in ranges {
        while range.start < range.end {
            let Ok(mut memory) = empty.recv() else { return };
            let chunk_end = (range.start / chunk_bytes as u64 + 1) * chunk_bytes as u64;
            let length = (chunk_end.min(range.end) - range.start) as usize;
            let read = file.read(range.start, &mut memory[..length]);
            moved.add(length);
            let has_failed = read.is_err();
            let bytes = 0..length;
            let sent = filled.send(read.map(|()| FilledChunk { memory, bytes }));
            if sent.is_err() || has_failed {
                return;
            }
            range.start += length as u64;
        }
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
            // The thread may have read everything.
            true => drop(self.free.send(current.memory)),
            false => self.current = Some(current),
        }
        Ok(count)
    }
}

/// A file that is written at any position, bypassing the page cache where possible.
#[derive(Debug)]
pub struct DirectFile {
    file: File,
    direct: Option<File>,
}

impl DirectFile {
    /// Wraps a file that was opened under the name `path`.
    pub fn new(file: File, path: &Path) -> Self {
        Self {
            direct: sys::open_direct_to_write(path).filter(|direct| sys::same_file(direct, &file)),
            file,
        }
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes a chunk at a multiple of [`DIRECT_ALIGNMENT`]. The file is overwritten up to the next multiple behind the
    /// chunk.
    fn write(&self, at: u64, memory: &Memory, length: usize) -> io::Result<()> {
        if let Some(direct) = &self.direct {
            let aligned_length = length.next_multiple_of(DIRECT_ALIGNMENT);
            match direct.write_all_at(&memory[..aligned_length], at) {
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

/// Writes bytes to consecutive positions of a file in the background.
#[derive(Debug)]
pub struct WriteBehind<'scope> {
    full: Sender<(Memory, usize)>,
    free: Receiver<Memory>,
    /// The chunk that is being filled, and the number of bytes in it.
    current: Option<(Memory, usize)>,
    /// Bytes of a chunk.
    chunk: usize,
    thread: ScopedJoinHandle<'scope, io::Result<Vec<u32>>>,
}

impl<'scope> WriteBehind<'scope> {
    /// Writes pushed bytes from byte `start` on, a multiple of [`DIRECT_ALIGNMENT`], through chunks of memory.
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
        let thread = thread::Builder::new()
            .name("write behind".to_owned())
            .spawn_scoped(scope, move || {
                write_chunks(file, moved, start, full, &empty)
            })?;
        Ok(Self {
            full: filled,
            free,
            current: None,
            chunk: chunks.bytes,
            thread,
        })
    }

    /// Takes the next bytes. An error of the file is returned by [`finish`](Self::finish).
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

    /// Writes the remaining bytes. Returns the CRC-32C of every chunk.
    ///
    /// # Errors
    /// The first error of writing the file.
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

/// Writes chunks from byte `start` on and gives their memory back. Returns the CRC-32C of every chunk.
fn write_chunks(
    file: &DirectFile,
    moved: &Moved,
    start: u64,
    full: Receiver<(Memory, usize)>,
    empty: &Sender<Memory>,
) -> io::Result<Vec<u32>> {
    let (mut chunk_begin, mut sums) = (start, Vec::new());
    for (memory, length) in full {
        sums.push(crc32c::crc32c(&memory[..length]));
        file.write(chunk_begin, &memory, length)?;
        moved.add(length);
        chunk_begin += length as u64;
        // Nobody may need it any more.
        let _ = empty.send(memory);
    }
    Ok(sums)
}
