//! [`Mark`]: the length and check sum of a stream at a durable moment.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The length and check sum of a stream at one moment. A line of the journal holds it as `[count, end, "crc"]`, the
/// check sum with eight hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(u64, u64, String)", try_from = "(u64, u64, String)")]
pub struct Mark {
    /// The number of frames, or of lines behind the first one.
    pub count: u64,
    /// The byte of the file at which the last frame or line ends.
    pub end: u64,
    /// The CRC-32C of the bytes between the head of the file and `end`.
    pub crc: u32,
}

/// The marks of all streams of a run at one moment, by the names of the streams.
pub type Marks = BTreeMap<String, Mark>;

impl Mark {
    /// Whether bytes elsewhere in a file continue this mark up to the mark `later`. `prefix_crcs` are the check sums of
    /// the file from its head to the first and to the last of the bytes.
    ///
    /// A CRC is linear: appending n bytes w to bytes of check sum c gives `shift(c, n) ^ crc(w)`. Both this pair of
    /// marks and `prefix_crcs` determine the check sum of w, so the bytes need not be read.
    pub fn continues_to(self, later: Self, prefix_crcs: [u32; 2]) -> bool {
        let length = usize::try_from(later.end.saturating_sub(self.end)).unwrap_or(usize::MAX);
        let shifted = crc32c::crc32c_combine(prefix_crcs[0] ^ self.crc, 0, length);
        prefix_crcs[1] ^ later.crc == shifted
    }
}

impl From<Mark> for (u64, u64, String) {
    fn from(mark: Mark) -> Self {
        (mark.count, mark.end, format!("{:08x}", mark.crc))
    }
}

impl TryFrom<(u64, u64, String)> for Mark {
    type Error = String;

    fn try_from((count, end, digits): (u64, u64, String)) -> Result<Self, Self::Error> {
        let is_written_so =
            digits.len() == 8 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        match u32::from_str_radix(&digits, 16) {
            Ok(crc) if is_written_so => Ok(Self { count, end, crc }),
            _ => Err(format!(
                "{digits} is no check sum of eight hexadecimal digits"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_proved_wherever_its_bytes_stand() {
        let (before, interval, others) = (b"one,1\n", b"two,2\nthree,3\n", b"zero,0\n");
        let crc = crc32c::crc32c(before);
        let [from, to] = [
            Mark {
                count: 1,
                end: 10,
                crc,
            },
            Mark {
                count: 3,
                end: 24,
                crc: crc32c::crc32c_append(crc, interval),
            },
        ];
        let shifted_begin = crc32c::crc32c_append(crc, others);
        let shifted_end = crc32c::crc32c_append(shifted_begin, interval);
        assert!(from.continues_to(to, [crc, to.crc]));
        assert!(from.continues_to(to, [shifted_begin, shifted_end]));
        assert!(!from.continues_to(to, [shifted_begin, shifted_end ^ 1]));
    }

    #[test]
    fn a_mark_is_three_numbers_of_which_the_last_has_eight_digits() {
        let mark = Mark {
            count: 3,
            end: 44440,
            crc: 0xab,
        };
        let text = serde_json::to_string(&mark).unwrap();
        assert_eq!(text, r#"[3,44440,"000000ab"]"#);
        assert_eq!(serde_json::from_str::<Mark>(&text).unwrap(), mark);
        for text in [
            r#"[3,44440,"ab"]"#,
            r#"[3,44440,"+00000ab"]"#,
            "[3,44440,171]",
        ] {
            assert!(serde_json::from_str::<Mark>(text).is_err());
        }
    }
}
