//! [`Values`]: values of many elements, of one type.

/// Values of one type; `None` for a missing value: after a division by 0, a negative power of integers, a result beyond
/// 127 bits, and any operation on a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Values in double precision.
    Floats(Vec<Option<f64>>),
    /// Exact integers.
    Integers(Vec<Option<i128>>),
}

impl Values {
    /// The nearest floats; NaN for missing values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is meant")]
    pub(super) fn into_floats(self) -> Vec<f64> {
        match self {
            Self::Floats(values) => values
                .into_iter()
                .map(|value| value.unwrap_or(f64::NAN))
                .collect(),
            Self::Integers(values) => values
                .into_iter()
                .map(|value| value.map_or(f64::NAN, |value| value as f64))
                .collect(),
        }
    }

    /// The number of values.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of an element exists.
    #[must_use]
    pub fn has(&self, at: usize) -> bool {
        match self {
            Self::Floats(values) => values[at].is_some(),
            Self::Integers(values) => values[at].is_some(),
        }
    }
}

/// No values.
impl Default for Values {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}
