//! Texts for sentences: excerpts of input, numbers of bytes, and bytes in hexadecimal.

use std::fmt::Write as _;

/// The beginning of a text, with control characters escaped so that a terminal does not obey them.
#[must_use]
pub fn excerpt(text: &str, longest: usize) -> String {
    let letters = text.chars().take(longest);
    let mut excerpt: String = letters
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_default());
            let plain = escaped.is_none().then_some(letter);
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(longest).is_some() {
        excerpt.push('…');
    }
    excerpt
}

/// A number of bytes, exactly, and also in a larger unit if it is long: `512 bytes`, `22817435648 bytes (21.3 GiB)`.
#[must_use]
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

/// Parses a number of bytes: `256MiB`, `4GiB`, `1.5 GB` or a plain number.
///
/// The units are from IEC (KiB, MiB, GiB, TiB; K, M, G, T for short) and SI (kB, MB, GB, TB).
///
/// # Errors
/// A sentence on what would be accepted.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text
        .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: Option<u64> = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "ki" | "kib" => Some(1 << 10),
        "m" | "mi" | "mib" => Some(1 << 20),
        "g" | "gi" | "gib" => Some(1 << 30),
        "t" | "ti" | "tib" => Some(1 << 40),
        "kb" => Some(1000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "tb" => Some(1_000_000_000_000),
        _ => None,
    };
    let bytes = factor.and_then(|factor| match number.parse::<u64>() {
        Ok(count) => count.checked_mul(factor),
        Err(_) => number
            .parse::<f64>()
            .ok()
            .map(|count| count * factor as f64)
            .filter(|bytes| *bytes < 1e19)
            .map(|bytes| bytes as u64),
    });
    bytes
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "expected a size above 0, such as 256MiB, 4GiB or 1000000".to_owned())
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

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        for (text, bytes) in [
            ("256MiB", 256 << 20),
            ("4GiB", 4 << 30),
            ("1.5 GB", 1_500_000_000),
            ("64k", 64 << 10),
            ("1000", 1000),
            ("12B", 12),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "-1", "0", "1 parsec", "MiB", "1e9", "99999999TiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
