//! [`Lines`]: the lines of a text file, read in pieces.

use super::error::TableError;
use std::io::{self, Read};

/// The bytes that are read at once.
const PIECE: usize = 1 << 16;
/// The most bytes of a line.
const LONGEST: usize = 1 << 20;

/// Joins the two bytes of a unit of UTF-16.
type ByteOrder = fn([u8; 2]) -> u16;

/// The lines of a file: UTF-8, or UTF-16 with a byte order mark; a line of other bytes is Latin-1, in which older
/// loggers write `°C`. A line ends as on any system.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    /// The order of bytes in a file of UTF-16.
    utf_16: Option<ByteOrder>,
    /// Bytes that have been read, as in the file.
    raw: Vec<u8>,
    /// The bytes as UTF-8, which are not yet returned from `start` on.
    buffer: Vec<u8>,
    start: usize,
    is_at_end: bool,
    /// Whether the last line ended with a carriage return, which a newline may complete.
    ended_with_return: bool,
    /// The number of the last line, counted from 1.
    number: usize,
}

impl<R: Read> Lines<R> {
    /// The lines of a source.
    ///
    /// # Errors
    /// Errors of reading.
    pub fn new(source: R) -> Result<Self, TableError> {
        let mut lines = Self {
            source,
            utf_16: None,
            raw: Vec::new(),
            buffer: Vec::new(),
            start: 0,
            is_at_end: false,
            ended_with_return: false,
            number: 0,
        };
        while lines.raw.len() < 3 && lines.read_raw()? {}
        let (utf_16, mark): (Option<ByteOrder>, usize) = match lines.raw[..] {
            [0xff, 0xfe, ..] => (Some(u16::from_le_bytes), 2),
            [0xfe, 0xff, ..] => (Some(u16::from_be_bytes), 2),
            [0xef, 0xbb, 0xbf, ..] => (None, 3),
            _ => (None, 0),
        };
        lines.raw.drain(..mark);
        lines.utf_16 = utf_16;
        lines.decode();
        Ok(lines)
    }

    /// The number of the last line, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Reads the next line into `line`, without its end; `false` if there is none.
    ///
    /// # Errors
    /// Errors of reading, and [`TableError::Line`] for a line that is no text.
    pub fn next(&mut self, line: &mut String) -> Result<bool, TableError> {
        let mut searched = self.start;
        let line_end = loop {
            if self.ended_with_return && self.buffer.get(self.start) == Some(&b'\n') {
                self.start += 1;
                searched = searched.max(self.start);
            }
            if self.start < self.buffer.len() {
                self.ended_with_return = false;
            }
            let mut bytes = self.buffer[searched..].iter();
            if let Some(length) = bytes.position(|byte| [b'\n', b'\r'].contains(byte)) {
                break searched + length;
            }
            if self.is_at_end {
                break self.buffer.len();
            }
            if self.buffer.len() - self.start > LONGEST {
                return Err(self.refuse(
                    self.number + 1,
                    "it is longer than 1 MiB, and no line of a table",
                ));
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            searched = self.buffer.len();
            self.read_raw()?;
            self.decode();
        };
        if self.start == self.buffer.len() {
            return Ok(false);
        }
        self.number += 1;
        let bytes = &self.buffer[self.start..line_end];
        if bytes.contains(&0) {
            let reason = "it has NUL bytes, which are no text: a logger leaves them where its power failed, and UTF-16 without its mark has them";
            return Err(self.refuse(self.number, reason));
        }
        line.clear();
        match std::str::from_utf8(bytes) {
            Ok(text) => line.push_str(text),
            Err(_) => line.extend(bytes.iter().map(|&byte| char::from(byte))),
        }
        self.ended_with_return = self.buffer.get(line_end) == Some(&b'\r');
        self.start = (line_end + 1).min(self.buffer.len());
        Ok(true)
    }

    fn refuse(&self, line: usize, reason: &str) -> TableError {
        TableError::Line {
            line,
            reason: reason.to_owned(),
        }
    }

    /// Reads a piece of the file; `false` at its end.
    fn read_raw(&mut self) -> io::Result<bool> {
        let filled = self.raw.len();
        self.raw.resize(filled + PIECE, 0);
        let result = loop {
            match self.source.read(&mut self.raw[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.raw
            .truncate(filled + result.as_ref().map_or(0, |count| *count));
        self.is_at_end = result? == 0;
        Ok(!self.is_at_end)
    }

    /// Moves the bytes that have been read to the buffer, as UTF-8.
    fn decode(&mut self) {
        let Some(unit) = self.utf_16 else {
            self.buffer.append(&mut self.raw);
            return;
        };
        let (units, _) = self.raw.as_chunks();
        let mut units: Vec<u16> = units.iter().map(|&bytes| unit(bytes)).collect();
        // The other half of the last character may not have been read yet.
        let ends_with_half = (units.last()).is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        if ends_with_half && !self.is_at_end {
            units.pop();
        }
        self.raw.drain(..2 * units.len());
        for letter in char::decode_utf16(units) {
            let letter = letter.unwrap_or('\u{fffd}');
            let mut bytes = [0; 4];
            self.buffer
                .extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(bytes).unwrap();
        let (mut line, mut all) = (String::new(), Vec::new());
        while lines.next(&mut line).unwrap() {
            all.push(line.clone());
        }
        all
    }

    #[test]
    fn lines_end_as_on_any_system() {
        assert_eq!(lines_of(b"a\nb\r\n\rc"), ["a", "b", "", "c"]);
        assert_eq!(lines_of(b"a\r"), ["a"]);
        assert_eq!(lines_of(b"\n"), [""]);
        assert!(lines_of(b"").is_empty());
        // The end of a line is the end of a piece.
        let long = [vec![b'x'; PIECE - 1], b"\r\ny".to_vec()].concat();
        assert_eq!(lines_of(&long)[1..], ["y"]);
    }

    #[test]
    fn texts_of_old_loggers_and_of_spreadsheets_are_decoded() {
        assert_eq!(lines_of(b"\xef\xbb\xbfT,\xc2\xb0C"), ["T,°C"]);
        assert_eq!(lines_of(b"T,\xb0C\n\xc2\xb0C"), ["T,°C", "°C"]);
        assert_eq!(lines_of(b"\xff\xfeT\0\xb0\0\n\0a\0"), ["T°", "a"]);
        assert_eq!(lines_of(b"\xfe\xff\0T"), ["T"]);
        assert_eq!(lines_of(b"\xff\xfe\x3d\xd8\x00\xde"), ["😀"]);
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let refused = |bytes: &[u8]| {
            let mut lines = Lines::new(bytes).unwrap();
            let mut line = String::new();
            let error = loop {
                match lines.next(&mut line) {
                    Ok(true) => {}
                    Ok(false) => return String::new(),
                    Err(error) => break error,
                }
            };
            error.to_string()
        };
        assert!(refused(b"a\nb\n\0\0\0").starts_with("line 3: it has NUL bytes"));
        assert!(refused(b"\x93NUMPY\x01\0").starts_with("line 1: it has NUL"));
        let long = vec![b'x'; LONGEST + 2 * PIECE];
        assert!(refused(&long).starts_with("line 1: it is longer"));
    }
}
