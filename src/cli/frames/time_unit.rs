//! [`TimeUnit`]: the unit in which times are shown.

use clap::ValueEnum;

/// Units of time whose lengths are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(in crate::cli) enum TimeUnit {
    /// Seconds
    S,
    /// Minutes
    Min,
    /// Hours
    H,
    /// Days
    D,
}

impl TimeUnit {
    /// The unit of this name.
    pub(in crate::cli) fn of(name: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|unit| unit.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::Min => "min",
            Self::H => "h",
            Self::D => "d",
        }
    }

    pub(super) fn seconds(self) -> f64 {
        match self {
            Self::S => 1.0,
            Self::Min => 60.0,
            Self::H => 3600.0,
            Self::D => 86_400.0,
        }
    }

    /// The first in which so many seconds are less than 600.
    pub(super) fn readable(seconds: f64) -> Self {
        let mut all = Self::value_variants().iter().copied();
        all.find(|unit| seconds / unit.seconds() < 600.0)
            .unwrap_or(Self::D)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_a_unit_that_suits_them() {
        let unit = |seconds| TimeUnit::readable(seconds).name();
        assert_eq!(
            [0.0, 599.0, 600.0, 35_999.0, 36_000.0, 2.2e6, 1e12].map(unit),
            ["s", "s", "min", "min", "h", "d", "d"]
        );
        assert_eq!(TimeUnit::of("h"), Some(TimeUnit::H));
        assert_eq!(TimeUnit::of("hours"), None);
    }
}
