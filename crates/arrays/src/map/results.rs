//! Values as elements of the result.

use crate::{
    AnalysisError, mantissa,
    npy::{Dtype, Kind, Number},
};
use std::sync::{Mutex, PoisonError};

/// Appends values as elements of a type. Floats are rounded, and then perhaps to fewer bits of their mantissa; fractions of
/// integers are cut off. `refuse` takes the number of each value that integers of the type do not hold, and the value.
pub(super) fn encode(
    values: &[f64],
    dtype: Dtype,
    kept: Option<u32>,
    bytes: &mut Vec<u8>,
    mut refuse: impl FnMut(usize, f64),
) {
    match dtype.kind {
        Kind::Float => {
            f64::encode(values, dtype, bytes);
            if let Some(kept) = kept {
                let _ = mantissa::round(dtype, bytes, kept);
            }
        }
        Kind::Bool => {
            let values: Vec<u64> = values
                .iter()
                .map(|value| u64::from(*value != 0.0))
                .collect();
            u64::encode(&values, dtype, bytes);
        }
        Kind::Signed | Kind::Unsigned => {
            let [low, high] = ends(dtype);
            let mut whole = |(number, &value): (usize, &f64)| {
                let whole = value.trunc();
                let fits = whole >= low && whole < high;
                if !fits {
                    refuse(number, value);
                }
                if fits { whole } else { 0.0 }
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number in the range of the dtype"
            )]
            let integers: Vec<u64> = match dtype.kind {
                Kind::Signed => {
                    let values = values.iter().enumerate().map(&mut whole);
                    values.map(|value| value as i64 as u64).collect()
                }
                _ => {
                    let values = values.iter().enumerate().map(&mut whole);
                    values.map(|value| value as u64).collect()
                }
            };
            u64::encode(&integers, dtype, bytes);
        }
    }
}

/// The least number that integers of a type hold, and the first beyond the largest.
fn ends(dtype: Dtype) -> [f64; 2] {
    let bits = i32::try_from(8 * dtype.bytes).unwrap_or(64);
    match dtype.kind {
        Kind::Signed => [-2_f64.powi(bits - 1), 2_f64.powi(bits - 1)],
        _ => [0.0, 2_f64.powi(bits)],
    }
}

/// How many values a type does not hold, and the first of them in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Misfits(Mutex<(u64, Option<Misfit>)>);

/// A value that a type does not hold, and its index in the order of the file.
#[derive(Debug)]
struct Misfit {
    index: Vec<u64>,
    value: f64,
}

impl Misfits {
    pub(super) fn add(&self, index: Vec<u64>, value: f64) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.0 += 1;
        if found.1.as_ref().is_none_or(|first| index < first.index) {
            found.1 = Some(Misfit { index, value });
        }
    }

    /// # Errors
    /// [`AnalysisError::Request`] if there are some.
    pub(super) fn verdict(
        self,
        all: u64,
        dtype: Dtype,
        in_order: impl Fn(&[u64]) -> Vec<u64>,
    ) -> Result<(), AnalysisError> {
        let (count, first) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(Misfit { index, value }) = first else {
            return Ok(());
        };
        let [low, high] = ends(dtype).map(|end| end as i128);
        let verb = if count == 1 { "does" } else { "do" };
        Err(AnalysisError::Request(format!(
            "{count} of {all} values {verb} not fit {dtype}, which holds {low} to {}: the first is {value:?} at {:?}; clip(a, lo, hi) limits them, and --dtype f8 holds all",
            high - 1,
            in_order(&index)
        )))
    }
}
