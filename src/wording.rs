//! Words for sentences: what was read or typed, cut short, and numbers of bytes; bytes in hexadecimal.

use std::fmt::Write as _;

/// The beginning of a text, without what a terminal would obey.
#[must_use]
pub fn excerpt(text: &str, longest: usize) -> String {
    let letters = text.chars().take(longest);
    let mut shown: String = letters
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_default());
            let plain = escaped.is_none().then_some(letter);
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// A number of bytes, exact, and readable where it is long: `512 bytes`, `22817435648 bytes (21.3 GiB)`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounded for people")]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (0..UNITS.len()).rfind(|&unit| count >> (10 * (unit + 2)) > 0);
    match unit {
        Some(unit) => {
            let scaled = count as f64 / (1_u64 << (10 * (unit + 2))) as f64;
            format!("{count} bytes ({scaled:.1} {})", UNITS[unit])
        }
        None => format!("{count} bytes"),
    }
}

/// Bytes in hexadecimal, two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_short_words() {
        assert_eq!(excerpt("a\x1b[31m", 9), "a\\u{1b}[31m");
        assert_eq!(excerpt("äöü", 2), "äö…");
        assert_eq!(excerpt("äöü", 3), "äöü");
        for (count, text) in [
            (0, "0 bytes"),
            (65_536, "65536 bytes"),
            (22_817_435_648, "22817435648 bytes (21.3 GiB)"),
            (u64::MAX, "18446744073709551615 bytes (16.0 EiB)"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
