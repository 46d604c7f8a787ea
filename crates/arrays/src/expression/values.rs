//! [`Values`]: values of many elements, of one type.

/// Values of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// In double precision.
    Floats(Vec<f64>),
    /// Exact; `None` where there is no value: after a division by 0, a negative power, or beyond 127
    /// bits.
    Integers(Vec<Option<i128>>),
}

impl Values {
    /// The nearest floats; NaN where an integer has no value.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is meant")]
    pub fn into_floats(self) -> Vec<f64> {
        match self {
            Self::Floats(values) => values,
            Self::Integers(values) => values
                .into_iter()
                .map(|value| value.map_or(f64::NAN, |value| value as f64))
                .collect(),
        }
    }

    /// No values.
    pub(super) const NONE: Self = Self::Integers(Vec::new());
}
