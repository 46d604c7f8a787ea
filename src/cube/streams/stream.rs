//! [`Stream`]: a file beside the cube to which a run appends lines or frames.

use super::file::{StreamFile, StreamLayout};
use crate::cube::{digest::Digester, error::CubeError, journal::Mark, paths};
use diff2d_arrays::npy::NpyHeader;
use diff2d_sys::{self as sys, FileExt};
use std::{
    fs::{File, OpenOptions},
    io,
    ops::Range,
    path::Path,
    sync::Arc,
};

/// A file beside the cube to which a run appends lines or frames.
#[derive(Debug)]
pub struct Stream {
    pub(super) file: Arc<StreamFile>,
    pub(super) layout: StreamLayout,
    pub(super) mark: Mark,
    /// The digest of all bytes of the file up to the mark, if this process has written them all.
    pub(super) digester: Option<Digester>,
}

impl Stream {
    /// Creates the file durably, and replaces an existing one.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(path: &Path, layout: StreamLayout) -> Result<Self, CubeError> {
        paths::remove_file(path)?;
        let file = create_file(path, &layout).map_err(CubeError::io("create", path))?;
        let mut stream = Self::of_file(file, path, layout);
        let mut digester = Digester::default();
        digester.push(&stream.layout.head());
        stream.digester = Some(digester);
        Ok(stream)
    }

    /// Begins a stream in a file without a name in `directory`, which disappears when it is closed. The part of the
    /// file before `mark` is a hole.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn unnamed(directory: &Path, layout: StreamLayout, mark: Mark) -> Result<Self, CubeError> {
        let file = sys::Temporary::file(directory);
        let file = file.map_err(CubeError::io("create a file in", directory))?;
        let name = directory.join("a file without a name");
        let mut stream = Self::of_file(file, &name, layout);
        stream.mark = mark;
        Ok(stream)
    }

    /// Begins a stream in a file that the caller has created.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn begin(file: File, path: &Path, layout: StreamLayout) -> Result<Self, CubeError> {
        let stream = Self::of_file(file, path, layout);
        stream.file.write(0, &stream.layout.head())?;
        Ok(stream)
    }

    /// Opens the file of a run that continues. Nothing in it is proved yet.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where the file is not there, cannot be opened, or has another head.
    pub fn open(path: &Path, layout: StreamLayout) -> Result<Self, CubeError> {
        let mut options = OpenOptions::new();
        Self::of_opened(
            sys::open_file(options.read(true).write(true), path),
            path,
            layout,
        )
    }

    /// Opens the file for reading only.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_to_read(path: &Path, layout: StreamLayout) -> Result<Self, CubeError> {
        Self::of_opened(sys::open_to_read(path), path, layout)
    }

    fn of_opened(
        opened: io::Result<File>,
        path: &Path,
        layout: StreamLayout,
    ) -> Result<Self, CubeError> {
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => lost(path, "is not there"),
            io::ErrorKind::PermissionDenied => CubeError::io("open", path)(error),
            _ => lost(path, "cannot be opened"),
        })?;
        let stream = Self::of_file(file, path, layout);
        match (stream.has_head(), &stream.layout) {
            (true, _) => Ok(stream),
            (false, StreamLayout::Lines(_)) => {
                Err(lost(path, "does not begin with the names of its columns"))
            }
            (false, StreamLayout::Frames(_)) => Err(lost(path, "is another array")),
        }
    }

    fn of_file(file: File, path: &Path, layout: StreamLayout) -> Self {
        Self {
            file: Arc::new(StreamFile::new(file, path)),
            mark: layout.empty_mark(),
            layout,
            digester: None,
        }
    }

    /// Whether the file begins as its layout says. A file of frames may have space for fewer or more of them: one
    /// process may have planned all frames, and another one have ended the run early.
    fn has_head(&self) -> bool {
        let head = self.layout.head();
        let mut beginning = vec![0; head.len()];
        if self.file.read(0, &mut beginning).is_err() {
            return false;
        }
        let StreamLayout::Frames(header) = &self.layout else {
            return beginning == head;
        };
        NpyHeader::decode(beginning.as_slice()).is_ok_and(|found| {
            found.dtype == header.dtype
                && found.shape.len() == header.shape.len()
                && found.shape[1..] == header.shape[1..]
        })
    }

    /// Continues from a mark: proves the lines before it, and cuts off all that follows. Frames before the mark are not
    /// read, because no later frame depends on them. Later marks follow from this one, so damage stays visible.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if lines before the mark differ from what the run has written; [`CubeError::Io`].
    pub fn go_on_from(&mut self, mark: Mark) -> Result<(), CubeError> {
        let file = self.file();
        let failed = CubeError::io("write", &file.path);
        match &self.layout {
            StreamLayout::Lines(_) => {
                self.prove(mark)?;
                file.cut(mark.end).map_err(failed)?;
            }
            StreamLayout::Frames(_) => {
                let head = self.layout.head();
                let length = self.layout.file_bytes();
                if file.length()? != length {
                    file.file.set_len(length).map_err(failed)?;
                }
                file.write(0, &head)?;
            }
        }
        self.move_to(mark);
        Ok(())
    }

    /// Proves all lines before a mark by its check sum.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if they differ from what the run has written; [`CubeError::Io`].
    pub fn prove(&self, mark: Mark) -> Result<(), CubeError> {
        if self.reaches(self.layout.empty_mark(), mark)? {
            Ok(())
        } else {
            Err(self.differs())
        }
    }

    /// The error that lines or frames differ from what the run has written.
    pub(super) fn differs(&self) -> CubeError {
        let reason = format!("has other {} than its run has written", self.unit());
        lost(&self.file.path, &reason)
    }

    /// Whether the bytes between two marks have the check sum of the later one, and are as many lines or frames as the
    /// marks count.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn reaches(&self, from: Mark, to: Mark) -> Result<bool, CubeError> {
        if to.end < from.end || self.length()? < to.end {
            return Ok(false);
        }
        let (mut crc, mut lines) = (from.crc, 0);
        self.file.visit(from.end..to.end, |_, chunk| {
            crc = crc32c::crc32c_append(crc, chunk);
            lines += chunk.iter().filter(|&&byte| byte == b'\n').count() as u64;
            Ok(())
        })?;
        let has_right_lines = match &self.layout {
            StreamLayout::Lines(_) => to.count.checked_sub(from.count) == Some(lines),
            StreamLayout::Frames(_) => true,
        };
        Ok(has_right_lines && self.layout.may_lead([from, to]) && crc == to.crc)
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn length(&self) -> Result<u64, CubeError> {
        self.file.length()
    }

    /// Cuts or extends the file of a run that has ended to the length of a mark, and writes its head again. An earlier
    /// attempt may have left either incomplete.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn shorten(&mut self, mark: Mark) -> Result<(), CubeError> {
        self.move_to(mark);
        if let StreamLayout::Frames(header) = &mut self.layout {
            header.shape[0] = mark.count;
        }
        let head = self.layout.head();
        let mut beginning = vec![0; head.len()];
        self.file.read(0, &mut beginning)?;
        if beginning == head && self.file.length()? == mark.end {
            return Ok(());
        }
        self.file.write(0, &head)?;
        let StreamFile { file, path, .. } = &*self.file;
        let shortened = file.set_len(mark.end).and_then(|()| file.sync_all());
        shortened.map_err(CubeError::io("shorten", path))
    }

    /// The text of the first line behind the head and of the last line before the mark; `None` if there is no line.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn first_and_last_line(&self) -> Result<Option<[String; 2]>, CubeError> {
        let lines = self.layout.empty_mark().end..self.mark.end;
        if lines.is_empty() {
            return Ok(None);
        }
        Ok(Some([
            self.line_within(lines.clone(), true)?,
            self.line_within(lines, false)?,
        ]))
    }

    /// The first or the last line in a range of bytes, without its newline.
    fn line_within(&self, lines: Range<u64>, is_first: bool) -> Result<String, CubeError> {
        let all_bytes = lines.end - lines.start;
        let mut piece_bytes = all_bytes.min(1 << 12);
        loop {
            let piece = if is_first {
                lines.start..lines.start + piece_bytes
            } else {
                lines.end - piece_bytes..lines.end
            };
            let text = self.text(piece)?;
            let line = if is_first {
                text.split_once('\n').map(|(line, _)| line)
            } else {
                let ended = text.trim_end_matches('\n');
                ended.rsplit_once('\n').map(|(_, line)| line)
            };
            if let Some(line) = line {
                return Ok(line.to_owned());
            }
            if piece_bytes == all_bytes {
                return Ok(text.trim_end_matches('\n').to_owned());
            }
            piece_bytes = all_bytes.min(piece_bytes * 8);
        }
    }

    /// A range of bytes of the file as text.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] if the file ends before the range does; [`CubeError::Io`].
    pub fn text(&self, bytes: Range<u64>) -> Result<String, CubeError> {
        if self.length()? < bytes.end {
            return Err(self.differs());
        }
        let length = bytes.end.saturating_sub(bytes.start);
        let mut text = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read(bytes.start, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// A handle to the file, for readers of arrays and lines.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn reader(&self) -> Result<File, CubeError> {
        let StreamFile { file, path, .. } = &*self.file;
        file.try_clone().map_err(CubeError::io("open", path))
    }

    /// Another handle to the file, with the same mark.
    pub fn another_handle(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            layout: self.layout.clone(),
            mark: self.mark,
            digester: None,
        }
    }

    /// Appends a line, which ends with a newline.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn append(&mut self, line: &[u8]) -> Result<(), CubeError> {
        self.file.write(self.mark.end, line)?;
        if let Some(digester) = &mut self.digester {
            digester.push(line);
        }
        self.mark = Mark {
            count: self.mark.count + 1,
            end: self.mark.end + line.len() as u64,
            crc: crc32c::crc32c_append(self.mark.crc, line),
        };
        Ok(())
    }

    /// Writes bytes of the next frame, from byte `begin` of the frame on, and returns their check sum.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn place(&mut self, begin: u64, bytes: &[u8]) -> Result<u32, CubeError> {
        self.file.write(self.mark.end + begin, bytes)?;
        // Other processes write the other bytes of a frame that has more.
        let is_whole = bytes.len() as u64 == self.layout.frame_bytes();
        self.digester = self.digester.take().filter(|_| is_whole);
        if let Some(digester) = &mut self.digester {
            digester.push(bytes);
        }
        Ok(crc32c::crc32c(bytes))
    }

    /// Ends a frame, given the check sums and lengths of its parts in order.
    pub fn end_frame(&mut self, parts: impl IntoIterator<Item = (u32, u64)>) {
        let crc = parts
            .into_iter()
            .fold(self.mark.crc, |crc, (part_crc, length)| {
                crc32c::crc32c_combine(crc, part_crc, usize::try_from(length).unwrap_or(usize::MAX))
            });
        self.mark = Mark {
            count: self.mark.count + 1,
            end: self.mark.end + self.layout.frame_bytes(),
            crc,
        };
    }

    /// The structure of the file.
    pub fn layout(&self) -> &StreamLayout {
        &self.layout
    }

    /// The digest of the file up to a mark, if this process has written all that stands there.
    pub fn digest_at(&self, mark: Mark) -> Option<String> {
        let digester = self.digester.as_ref().filter(|_| self.mark == mark);
        digester.cloned().map(Digester::finish)
    }

    /// Moves to a mark whose bytes this stream has not written.
    pub(super) fn move_to(&mut self, mark: Mark) {
        self.mark = mark;
        self.digester = None;
    }

    /// The present mark of the stream.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The file, which must be synced before a journal line with the mark of the stream.
    pub fn file(&self) -> Arc<StreamFile> {
        Arc::clone(&self.file)
    }
}

/// The error that a stream differs from what the run has written.
pub(in crate::cube) fn lost(path: &Path, reason: &str) -> CubeError {
    CubeError::LostRecord {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Creates the file of a stream, with the places of its frames, durably.
fn create_file(path: &Path, layout: &StreamLayout) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).open(path)?;
    file.set_len(layout.file_bytes())?;
    file.write_all_at(&layout.head(), 0)?;
    file.sync_all()?;
    sys::sync_directory(sys::directory_of(path))?;
    Ok(file)
}
