//! How large the caches are.

use std::fs;
use std::path::Path;

/// Bytes of data cache that one core has to itself, or shares with `sharing`
/// cores in all for the last level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// First level.
    pub l1: usize,
    /// Second level.
    pub l2: usize,
    /// Last level, whole; the second level's share if there is no third.
    pub last: usize,
}

impl Caches {
    /// Sizes that hardly any processor of the last ten years falls short of.
    pub const TYPICAL: Self = Self {
        l1: 32 << 10,
        l2: 512 << 10,
        last: 8 << 20,
    };

    /// What Linux says about the first processor; [`Caches::TYPICAL`] where it
    /// says nothing.
    pub fn detect() -> Self {
        Self::read(Path::new("/sys/devices/system/cpu/cpu0/cache"))
    }

    fn read(directory: &Path) -> Self {
        let mut found = [0; 5];
        for index in 0..8 {
            let text = |name: &str| {
                let path = directory.join(format!("index{index}")).join(name);
                fs::read_to_string(path)
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            };
            if text("type") == "Instruction" {
                continue;
            }
            let level: usize = text("level").parse().unwrap_or(0);
            if let (1..=4, Some(size)) = (level, parse_size(&text("size"))) {
                found[level] = size;
            }
        }
        let or = |size: usize, typical: usize| if size > 0 { size } else { typical };
        let l2 = or(found[2], Self::TYPICAL.l2);
        Self {
            l1: or(found[1], Self::TYPICAL.l1),
            l2,
            last: or(
                found[4].max(found[3]),
                if found[2] > 0 { l2 } else { Self::TYPICAL.last },
            ),
        }
    }
}

/// Reads `48K`, `2M` or a number of bytes.
fn parse_size(text: &str) -> Option<usize> {
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
    use super::*;

    #[test]
    fn sizes_as_linux_prints_them() {
        assert_eq!(parse_size("48K"), Some(48 << 10));
        assert_eq!(parse_size("2M"), Some(2 << 20));
        assert_eq!(parse_size("512"), Some(512));
        assert_eq!(parse_size(""), None);
        assert_eq!(parse_size("48 KiB"), None);
        assert_eq!(parse_size("99999999999999999999K"), None);
    }

    #[test]
    fn a_silent_system_has_typical_caches() {
        assert_eq!(Caches::read(Path::new("/nonexistent")), Caches::TYPICAL);
    }
}
