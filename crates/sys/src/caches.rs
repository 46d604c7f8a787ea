//! [`Caches`]: sizes of caches, and how they are written.

/// The sizes in bytes of the data caches. The first two levels belong to one core; the last level is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// Size of the first level.
    pub l1: usize,
    /// Size of the second level.
    pub l2: usize,
    /// Size of the whole last level; of the second level if there is no third.
    pub last: usize,
}

impl Caches {
    /// Sizes that most processors of the last ten years reach.
    pub const TYPICAL: Self = Self {
        l1: 32 << 10,
        l2: 512 << 10,
        last: 8 << 20,
    };
}

/// Parses `48K`, `2M` or a number of bytes, as Linux writes them.
pub fn parse_size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(['K', 'M', 'G']);
    let scale = match &text[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_are_read_as_linux_prints_them() {
        assert_eq!(parse_size("48K"), Some(48 << 10));
        assert_eq!(parse_size("2M"), Some(2 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size(""), None);
        assert_eq!(parse_size("48 KiB"), None);
        assert_eq!(parse_size("99999999999999999999K"), None);
    }
}
