//! Sizes of memory on the command line.

/// Bytes from `256MiB`, `4GiB`, `1.5 GB` or a plain number.
///
/// Units are those of IEC (KiB, MiB, GiB, TiB; K, M, G, T for short) and SI (kB, MB, GB, TB).
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text
        .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "t" | "ti" | "tib" => 1_u64 << 40,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err("expected a size such as 256MiB, 4GiB or 1000000".to_owned()),
    };
    let bytes = match number.parse::<u64>() {
        Ok(count) => count.checked_mul(factor),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a size, checked to be in range"
        )]
        Err(_) => number
            .parse::<f64>()
            .ok()
            .map(|count| count * factor as f64)
            .filter(|bytes| *bytes < 1e19)
            .map(|bytes| bytes as u64),
    };
    bytes
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "expected a size above 0, such as 256MiB, 4GiB or 1000000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

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
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "-1", "0", "1 parsec", "MiB", "1e9", "99999999TiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
