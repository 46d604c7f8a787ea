//! The unit in which times are shown, as an option takes it.

use crate::cli::values;
use clap::builder::{PossibleValue, TypedValueParser};
use diff2d::program::measured::TimeUnit;

/// Parses the name of a unit.
pub(in crate::cli) fn time_unit() -> impl TypedValueParser<Value = TimeUnit> {
    values::one_of(TimeUnit::ALL.map(|unit| {
        let help = match unit {
            TimeUnit::S => "Seconds",
            TimeUnit::Min => "Minutes",
            TimeUnit::H => "Hours",
            TimeUnit::D => "Days",
        };
        (PossibleValue::new(unit.name()).help(help), unit)
    }))
}

/// The shortest unit in which a time in seconds is less than 600.
pub(in crate::cli) fn readable_unit(seconds: f64) -> TimeUnit {
    let mut units = TimeUnit::ALL.into_iter();
    let unit = units.find(|unit| seconds / unit.seconds() < 600.0);
    unit.unwrap_or(TimeUnit::D)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_a_unit_that_suits_them() {
        let names = [0.0, 599.0, 600.0, 35_999.0, 36_000.0, 2.2e6, 1e12]
            .map(|seconds| readable_unit(seconds).name());
        assert_eq!(names, ["s", "s", "min", "min", "h", "d", "d"]);
    }
}
