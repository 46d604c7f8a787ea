//! Converts values to elements of the result, and counts the losses.

use super::element::Exact;
use crate::{
    AnalysisError, mantissa,
    npy::{Dtype, Kind, Number, Scalar},
};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// The values of a box of the result.
#[derive(Debug, Default)]
pub(super) struct MapValues {
    /// The nearest floats.
    pub(super) floats: Vec<f64>,
    /// The exact values of a formula that yields integers; empty for other formulas. `None` for a value that is only
    /// known as a float.
    pub(super) integers: Vec<Exact>,
}

impl MapValues {
    fn scalar(&self, number: usize) -> Scalar {
        match self.integers.get(number) {
            Some(Some(integer)) => Scalar::Integer(*integer),
            _ => Scalar::Float(self.floats[number]),
        }
    }
}

/// Appends values as elements of a type. Floats are rounded, optionally to fewer bits of their mantissa; fractions of
/// integers are truncated. `refuse` is called with the number of each value that the integer type cannot hold, and with
/// the value.
pub(super) fn encode(
    values: &MapValues,
    dtype: Dtype,
    kept: Option<u32>,
    bytes: &mut Vec<u8>,
    mut refuse: impl FnMut(usize, Scalar),
) {
    let count = values.floats.len();
    match dtype.kind {
        Kind::Float => {
            f64::encode(&values.floats, dtype, bytes);
            if let Some(kept) = kept {
                let _ = mantissa::round(dtype, bytes, kept);
            }
        }
        Kind::Bool => {
            let truth = values.floats.iter().map(|value| u64::from(*value != 0.0));
            u64::encode(&truth.collect::<Vec<_>>(), dtype, bytes);
        }
        Kind::Signed | Kind::Unsigned => {
            let [low, high] = ends(dtype);
            let integers = (0..count).map(|number| {
                let value = values.scalar(number);
                let integer = whole_part(value).filter(|integer| (low..high).contains(integer));
                integer.unwrap_or_else(|| {
                    refuse(number, value);
                    0
                })
            });
            let integers: Vec<u64> = integers.map(|integer| integer as u64).collect();
            u64::encode(&integers, dtype, bytes);
        }
    }
}

/// A value without its fraction. An infinite value becomes the last integer on its side.
fn whole_part(value: Scalar) -> Option<i128> {
    match value {
        Scalar::Integer(integer) => Some(integer),
        Scalar::Float(float) => (!float.is_nan()).then_some(float as i128),
    }
}

/// The smallest integer of a type, and the largest one plus 1.
fn ends(dtype: Dtype) -> [i128; 2] {
    let bits = 8 * dtype.bytes;
    match dtype.kind {
        Kind::Signed => [-(1 << (bits - 1)), 1 << (bits - 1)],
        _ => [0, 1 << bits],
    }
}

/// The float nearest to an integer, and whether they are equal.
pub(super) fn nearest_float(integer: i128) -> (f64, bool) {
    let float = integer as f64;
    (float, float as i128 == integer)
}

/// The numbers of values in a result that differ from the exact ones.
#[derive(Debug, Default)]
pub(super) struct Losses {
    rounded: AtomicU64,
    infinite: AtomicU64,
}

impl Losses {
    pub(super) fn add(&self, rounded: usize, infinite: usize) {
        self.rounded.fetch_add(rounded as u64, Ordering::Relaxed);
        self.infinite.fetch_add(infinite as u64, Ordering::Relaxed);
    }

    /// Sentences on the losses.
    pub(super) fn notes(&self, count: u64, dtype: Dtype) -> Vec<String> {
        let [rounded, infinite] =
            [&self.rounded, &self.infinite].map(|losses| losses.load(Ordering::Relaxed));
        let mut notes = Vec::new();
        if rounded > 0 {
            notes.push(format!(
                "{rounded} of {count} values come of integers beyond 2^53 and were rounded as floats: --dtype i8 keeps integers that are selected, compared, added or multiplied"
            ));
        }
        if infinite > 0 {
            notes.push(format!(
                "{infinite} of {count} values are infinite in {dtype}, of numbers that are not: a division by 0, or a result beyond the largest number"
            ));
        }
        notes
    }
}

/// The number of values that a type cannot hold, and the first of them in file order.
#[derive(Debug, Default)]
pub(super) struct Misfits(Mutex<(u64, Option<Misfit>)>);

/// A value that a type cannot hold, and its index in file order.
#[derive(Debug)]
struct Misfit {
    index: Vec<u64>,
    value: Scalar,
}

impl Misfits {
    pub(super) fn add(&self, index: Vec<u64>, value: Scalar) {
        let mut misfits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        misfits.0 += 1;
        if misfits.1.as_ref().is_none_or(|first| index < first.index) {
            misfits.1 = Some(Misfit { index, value });
        }
    }

    /// Refuses the result if there are such values; `count` is the number of all values.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are some.
    pub(super) fn verdict(
        self,
        count: u64,
        dtype: Dtype,
        in_order: impl Fn(&[u64]) -> Vec<u64>,
    ) -> Result<(), AnalysisError> {
        let (misfits, first_misfit) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(Misfit { index, value }) = first_misfit else {
            return Ok(());
        };
        let [low, high] = ends(dtype);
        let verb = if misfits == 1 { "does" } else { "do" };
        let value = match value {
            Scalar::Integer(integer) => integer.to_string(),
            Scalar::Float(float) => format!("{float:?}"),
        };
        Err(AnalysisError::refused(format!(
            "{misfits} of {count} values {verb} not fit {dtype}, which holds {low} to {}: the first is {value} at {:?}; clip(a, lo, hi) limits them, and --dtype f8 holds all",
            high - 1,
            in_order(&index)
        )))
    }
}
