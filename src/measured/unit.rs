//! Units that can be converted: [`TimeUnit`], and kelvin and degrees Celsius.

/// Units of time whose lengths are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
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
    /// All units, the shortest first.
    pub const ALL: [Self; 4] = [Self::S, Self::Min, Self::H, Self::D];

    /// The unit of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The name of the unit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::Min => "min",
            Self::H => "h",
            Self::D => "d",
        }
    }

    /// The length of the unit in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Self::S => 1.0,
            Self::Min => 60.0,
            Self::H => 3600.0,
            Self::D => 86_400.0,
        }
    }
}

/// Converts a measured number from one unit to another. `None` if the conversion is not known.
///
/// Times are converted between s, min, h and d, temperatures between K and °C.
pub(super) fn convert(number: f64, from: &str, to: &str) -> Option<f64> {
    const ICE_POINT: f64 = 273.15;
    if from == to {
        return Some(number);
    }
    if let (Some(from_unit), Some(to_unit)) = (TimeUnit::of(from), TimeUnit::of(to)) {
        return Some(number * from_unit.seconds() / to_unit.seconds());
    }
    match (is_celsius(from), is_celsius(to)) {
        (true, true) => Some(number),
        (true, false) if to == "K" => Some(number + ICE_POINT),
        (false, true) if from == "K" => Some(number - ICE_POINT),
        _ => None,
    }
}

fn is_celsius(unit: &str) -> bool {
    ["°C", "℃", "degC", "deg C"].contains(&unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_where_their_relation_is_known() {
        assert_eq!(convert(1.5, "h", "s"), Some(5400.0));
        assert_eq!(convert(5400.0, "s", "h"), Some(1.5));
        assert_eq!(convert(20.0, "°C", "K"), Some(293.15));
        assert_eq!(convert(293.15, "K", "degC"), Some(20.0));
        assert_eq!(convert(7.0, "W/m²", "W/m²"), Some(7.0));
        for (from, to) in [
            ("h", "K"),
            ("K", "h"),
            ("°F", "K"),
            ("%", "K"),
            ("hours", "s"),
        ] {
            assert_eq!(convert(1.0, from, to), None, "{from} {to}");
        }
    }
}
