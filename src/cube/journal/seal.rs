//! The check sum at the end of a line.

use diff2d_arrays::wording;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

/// The text between the last other key of a line and its check sum.
const CRC_KEY: &str = ",\"crc\":\"";
/// Bytes of `,"crc":"01234567"}`.
const SEAL: usize = CRC_KEY.len() + 8 + 2;

/// Bytes of a page, the size of a cube's header.
const PAGE: usize = 4096;
/// Bytes that a disk writes together.
const SECTOR: usize = 512;
/// The number of sectors of a page that are reserved for its line.
const OF_LINE: usize = 4;
/// The text that fills a page behind its line; it identifies the file as one of this program.
const FILLING: &str = "diff2d keeps the state of a run between two of its snapshots here\n";

/// An object as a line with check sum and newline.
pub(super) fn seal(content: &impl Serialize, run_id: &str) -> String {
    let mut line = Vec::new();
    let written = LineWriter::new(&mut line, run_id).write(content);
    written
        .ok()
        .and_then(|_| String::from_utf8(line).ok())
        .unwrap_or_else(|| unreachable!("plain structs always have a JSON form"))
}

/// The object of a line (without newline), if the check sum is right for this run.
pub(super) fn unseal<T: DeserializeOwned>(line: &[u8], run_id: &str) -> Option<T> {
    let (body, seal) = line.split_at_checked(line.len().checked_sub(SEAL)?)?;
    let digits = digits(seal)?;
    let crc = crc32c::crc32c_append(begin(run_id), body);
    let content = serde_json::from_slice(&[body, b"}"].concat()).ok()?;
    (digits == hex(crc).as_bytes()).then_some(content)
}

/// A page without a line, for a file that holds no state yet.
pub(crate) fn sealed_page() -> Vec<u8> {
    FILLING.bytes().cycle().take(PAGE).collect()
}

/// A page with an object as its line. It precedes a state in a file of its own.
pub(crate) fn seal_page(content: &impl Serialize, run_id: &str) -> Vec<u8> {
    let line = seal(content, run_id);
    let mut page = sealed_page();
    page.splice(..line.len().min(OF_LINE * SECTOR), line.into_bytes());
    page.truncate(PAGE);
    page
}

/// The object in a page, if the page is whole and of this run.
pub(crate) fn unseal_page<T: DeserializeOwned>(page: &[u8], run_id: &str) -> Option<T> {
    let line = page.split(|&byte| byte == b'\n').next()?;
    unseal(line, run_id)
}

/// Whether a page was written by [`seal_page`] or [`sealed_page`]: one whole sector of the filling proves it.
pub(crate) fn is_sealed_page(page: &[u8]) -> bool {
    let filling = sealed_page();
    let mut sectors = page.chunks(SECTOR).zip(filling.chunks(SECTOR));
    page.len() == PAGE
        && sectors
            .by_ref()
            .skip(OF_LINE)
            .any(|(found, ours)| found == ours)
}

/// The digits of the check sum in the last bytes of a line.
fn digits(seal: &[u8]) -> Option<&[u8]> {
    seal.strip_prefix(CRC_KEY.as_bytes())?.strip_suffix(b"\"}")
}

/// The check sum with which every line of this run begins, before any byte of the line.
fn begin(run_id: &str) -> u32 {
    crc32c::crc32c(run_id.as_bytes())
}

fn hex(crc: u32) -> String {
    wording::hex(&crc.to_be_bytes())
}

/// A line that has the form of a sealed one and may be too long for memory. Its methods read it again from the journal.
pub(super) struct SealedLine<'a, R> {
    journal: &'a mut R,
    /// Bytes before `,"crc"`.
    body: u64,
    digits: Vec<u8>,
}

impl<'a, R: Read + Seek> SealedLine<'a, R> {
    /// Finds the line of `length` bytes (without its newline) at the beginning of a journal.
    pub(super) fn find(journal: &'a mut R, length: u64) -> io::Result<Option<Self>> {
        let Some(body) = length.checked_sub(SEAL as u64) else {
            return Ok(None);
        };
        let mut seal = [0; SEAL];
        journal.seek(SeekFrom::Start(body))?;
        journal.read_exact(&mut seal)?;
        Ok(digits(&seal).map(|digits| Self {
            journal,
            body,
            digits: digits.to_vec(),
        }))
    }

    fn body(&mut self) -> io::Result<impl Read> {
        self.journal.rewind()?;
        Ok(self.journal.by_ref().take(self.body))
    }

    /// The object, without its check sum.
    ///
    /// # Errors
    /// The inner error if the text is no such object, the outer one if it cannot be read.
    pub(super) fn content<T: DeserializeOwned>(&mut self) -> io::Result<serde_json::Result<T>> {
        let text = BufReader::new(self.body()?.chain(&b"}"[..]));
        match serde_json::from_reader(text) {
            Err(error) if error.is_io() => Err(error.into()),
            content => Ok(content),
        }
    }

    /// Whether the check sum is right for a line of this run.
    pub(super) fn is_of(&mut self, run_id: &str) -> io::Result<bool> {
        let mut sum = Summed {
            to: io::sink(),
            crc: begin(run_id),
            bytes: 0,
            held: None,
        };
        io::copy(&mut self.body()?, &mut sum)?;
        sum.pass_on()?;
        Ok(self.digits == hex(sum.crc).as_bytes())
    }
}

/// Writes an object as a line, without holding the line in memory.
pub(super) struct LineWriter<W: Write>(io::BufWriter<Summed<W>>);

impl<W: Write> LineWriter<W> {
    pub(super) fn new(to: W, run_id: &str) -> Self {
        Self(io::BufWriter::new(Summed {
            to,
            crc: begin(run_id),
            bytes: 0,
            held: None,
        }))
    }

    /// Writes the line, and returns its length in bytes.
    pub(super) fn write(mut self, content: &impl Serialize) -> io::Result<u64> {
        serde_json::to_writer(&mut self.0, content)?;
        let Summed {
            mut to, crc, bytes, ..
        } = self
            .0
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        // The byte held back is the brace that the seal has at its end.
        to.write_all(format!("{CRC_KEY}{}\"}}\n", hex(crc)).as_bytes())?;
        Ok(bytes + SEAL as u64 + 1)
    }
}

/// Passes all bytes but the last one on, with the check sum and the number of the bytes passed on.
struct Summed<W> {
    to: W,
    crc: u32,
    bytes: u64,
    held: Option<u8>,
}

impl<W: Write> Summed<W> {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc = crc32c::crc32c_append(self.crc, bytes);
        self.bytes += bytes.len() as u64;
        self.to.write_all(bytes)
    }

    /// Passes the last byte on, too.
    fn pass_on(&mut self) -> io::Result<()> {
        match self.held.take() {
            Some(byte) => self.add(&[byte]),
            None => Ok(()),
        }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some((&last, others)) = bytes.split_last() {
            self.pass_on()?;
            self.add(others)?;
            self.held = Some(last);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
