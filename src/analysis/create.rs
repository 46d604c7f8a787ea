//! New arrays, filled piece by piece by a formula of the indices.

use super::{AnalysisError, output::Output};
use crate::{
    cube::{
        npy::{Dtype, Kind, NpyHeader},
        number::Number,
    },
    expression::{BLOCK, Expression},
    progress::Progress,
};
use rayon::prelude::*;

/// Elements written at a time.
const PIECE: u64 = 1 << 17;

/// What the elements are to be.
#[derive(Debug, Clone)]
pub enum Fill {
    /// Zeros: nothing has to be written.
    Zeros,
    /// The same bytes for every element.
    Constant(Vec<u8>),
    /// A formula in `i0`, `i1`, … and `index`, the number of the element in C order.
    Formula(Expression),
}

impl Fill {
    /// Reads a number that the dtype holds, or a formula.
    ///
    /// Formulas are computed in f64. What is stored as an integer is cut towards zero and, where it
    /// does not fit, wraps around as NumPy's casts of integers do; as a boolean it is whether it
    /// differs from 0.
    ///
    /// # Errors
    /// [`AnalysisError::Asked`] for a number that the dtype cannot hold or a text that is neither.
    pub fn parse(text: &str, dtype: Dtype, dimensions: usize) -> Result<Self, AnalysisError> {
        let text = text.trim();
        let asked = |reason: String| AnalysisError::Asked(format!("--fill {text}: {reason}"));
        if text.parse::<i128>().is_ok() || text.parse::<f64>().is_ok() {
            let bytes = constant(text, dtype)
                .ok_or_else(|| asked(format!("{dtype} does not hold this number")))?;
            return Ok(if bytes.iter().all(|&byte| byte == 0) {
                Self::Zeros
            } else {
                Self::Constant(bytes)
            });
        }
        let names: Vec<String> = (0..dimensions).map(|axis| format!("i{axis}")).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.push("index");
        Expression::parse(text, &names)
            .map(Self::Formula)
            .map_err(|error| AnalysisError::Asked(format!("--fill: {error}")))
    }
}

/// A number in the bytes of a dtype, if it holds it; floats may round it.
fn constant(text: &str, dtype: Dtype) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    if dtype.kind == Kind::Float {
        f64::encode(&[text.parse().ok()?], dtype, &mut bytes);
        return Some(bytes);
    }
    let integer: i128 = text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number, or refused"
        )]
        (value.fract() == 0.0 && value.abs() < 1e38).then_some(value as i128)
    })?;
    let bits = 8 * dtype.bytes as u32;
    let (low, high) = match dtype.kind {
        Kind::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        Kind::Bool => (0, 1),
        _ => (0, (1 << bits) - 1),
    };
    if !(low..=high).contains(&integer) {
        return None;
    }
    match dtype.kind {
        Kind::Signed => i64::encode(&[i64::try_from(integer).ok()?], dtype, &mut bytes),
        _ => u64::encode(&[u64::try_from(integer).ok()?], dtype, &mut bytes),
    }
    Some(bytes)
}

/// Fills an array of zeros. Bytes written are added to `progress`.
///
/// # Errors
/// [`AnalysisError::Cube`] when it cannot be written.
pub fn fill(output: &Output, fill: &Fill, progress: &Progress) -> Result<(), AnalysisError> {
    if matches!(fill, Fill::Zeros) {
        return Ok(());
    }
    let elements: u64 = output.npy.shape.iter().product();
    (0..elements.div_ceil(PIECE))
        .into_par_iter()
        .try_for_each_init(Vec::new, |bytes, number| {
            let places = number * PIECE..elements.min((number + 1) * PIECE);
            bytes.clear();
            match fill {
                Fill::Zeros => {}
                Fill::Constant(one) => {
                    for _ in places.clone() {
                        bytes.extend_from_slice(one);
                    }
                }
                Fill::Formula(formula) => {
                    let mut place = places.start;
                    while place < places.end {
                        let count = (places.end - place).min(BLOCK as u64);
                        block(formula, &output.npy, place, count, bytes);
                        place += count;
                    }
                }
            }
            output.write(places.start, bytes)?;
            progress.add(bytes.len() as u64);
            Ok(())
        })
}

/// Appends the bytes of at most [`BLOCK`] elements.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "formulas are in f64; casts as documented"
)]
fn block(formula: &Expression, npy: &NpyHeader, first: u64, count: u64, bytes: &mut Vec<u8>) {
    let count = count as usize;
    let dimensions = npy.shape.len();
    let mut variables = vec![[0.0; BLOCK]; dimensions + 1];
    let mut index = npy.index_of(first);
    for at in 0..count {
        for (variable, i) in variables.iter_mut().zip(&index) {
            variable[at] = *i as f64;
        }
        variables[dimensions][at] = (first + at as u64) as f64;
        for (i, length) in index.iter_mut().zip(&npy.shape).rev() {
            *i += 1;
            if *i < *length {
                break;
            }
            *i = 0;
        }
    }
    let variables: Vec<&[f64]> = variables.iter().map(|variable| &variable[..]).collect();
    let mut values = [0.0; BLOCK];
    let values = &mut values[..count];
    formula.evaluate(&variables, first, values);
    match npy.dtype.kind {
        Kind::Float => f64::encode(values, npy.dtype, bytes),
        Kind::Bool => bytes.extend(values.iter().map(|value| u8::from(*value != 0.0))),
        Kind::Signed | Kind::Unsigned => {
            let wrapped: Vec<u64> = values.iter().map(|value| *value as i128 as u64).collect();
            u64::encode(&wrapped, npy.dtype, bytes);
        }
    }
}
