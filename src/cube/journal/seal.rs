//! The check sum at the end of a line.

use serde::{Serialize, de::DeserializeOwned};

/// What stands between the last other key of a line and its check sum.
const CRC_KEY: &str = ",\"crc\":\"";
/// Bytes of `,"crc":"01234567"}`.
const SEAL: usize = CRC_KEY.len() + 8 + 2;

/// The line of an object, its check sum and newline included.
pub(crate) fn seal(content: &impl Serialize, run_id: &str) -> String {
    let mut line = serde_json::to_string(content)
        .unwrap_or_else(|_| unreachable!("plain structs always have a JSON form"));
    line.pop();
    let crc = crc(run_id, line.as_bytes());
    line.push_str(&format!("{CRC_KEY}{crc:08x}\"}}\n"));
    line
}

/// The object of a line without its newline, if the check sum is right. `run_id` takes the run id
/// from the object where it is not known yet.
pub(crate) fn unseal<T: DeserializeOwned>(line: &[u8], run_id: impl Fn(&T) -> String) -> Option<T> {
    let line = Sealed::split(line)?;
    let content: T = line.content().ok()?;
    line.is_of(&run_id(&content)).then_some(content)
}

/// A line that has the form of a sealed one; its check sum is not looked at yet.
pub(super) struct Sealed<'a> {
    /// All before `,"crc"`.
    body: &'a [u8],
    digits: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Splits a line without its newline.
    pub(super) fn split(line: &'a [u8]) -> Option<Self> {
        let (body, seal) = line.split_at_checked(line.len().checked_sub(SEAL)?)?;
        let digits = seal
            .strip_prefix(CRC_KEY.as_bytes())?
            .strip_suffix(b"\"}")?;
        Some(Self { body, digits })
    }

    /// The object, without its check sum.
    pub(super) fn content<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&[self.body, b"}"].concat())
    }

    /// Whether the check sum is right for a line of this run.
    pub(super) fn is_of(&self, run_id: &str) -> bool {
        self.digits == format!("{:08x}", crc(run_id, self.body)).as_bytes()
    }
}

fn crc(run_id: &str, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(run_id.as_bytes()), body)
}
