//! [`Values`]: values of many elements, of one type.

/// Values of one type; `None` where there is no value: after a division by 0 or a negative power of integers,
/// beyond 127 bits, and of whatever is computed from such.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// In double precision.
    Floats(Vec<Option<f64>>),
    /// Exact.
    Integers(Vec<Option<i128>>),
}

impl Values {
    /// The nearest floats; NaN where there is no value.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is meant")]
    pub(super) fn into_floats(self) -> Vec<f64> {
        let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
        match self {
            Self::Floats(values) => values.into_iter().map(or_nan).collect(),
            Self::Integers(values) => {
                let floats = values
                    .into_iter()
                    .map(|value| value.map(|value| value as f64));
                floats.map(or_nan).collect()
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Integers(values) => values.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an element has a value.
    pub(super) fn has(&self, at: usize) -> bool {
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
