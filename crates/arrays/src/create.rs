//! Creates arrays, filled chunk by chunk by a formula of the indices.

use super::{AnalysisError, output::Output};
use crate::expression::{BATCH, Expression, Values};
use crate::npy::{Dtype, Kind, NpyHeader, Number, Scalar};
use crate::progress::Progress;
use crate::wording::excerpt;
use rayon::prelude::*;
use std::ops::Range;

/// The number of elements written at a time.
const CHUNK: u64 = 1 << 17;

/// The values of the elements of a new array.
#[derive(Debug, Clone)]
pub enum Fill {
    /// Zeros, which need not be written.
    Zeros,
    /// A constant, as the bytes of one element.
    Constant(Vec<u8>),
    /// A formula in `i0`, `i1`, … and `index`, the number of the element in C order.
    Formula(Expression),
}

impl Fill {
    /// Parses a formula; `dimensions` is the number of axes of the array.
    ///
    /// For a float dtype the formula is computed in f64. For integers it is computed
    /// [exactly](Expression::evaluate_exactly) and truncated towards zero; a formula that is a single number must be an
    /// integer. A boolean is true where the value differs from 0.
    ///
    /// # Errors
    /// [`AnalysisError`] if the text is not a formula, or the dtype cannot hold its number.
    pub fn parse(text: &str, dtype: Dtype, dimensions: usize) -> Result<Self, AnalysisError> {
        let names: Vec<String> = (0..dimensions).map(|axis| format!("i{axis}")).collect();
        let names = names.iter().map(String::as_str).chain(["index"]);
        let formula = Expression::parse(text.trim(), &names.collect::<Vec<_>>())
            .map_err(|error| AnalysisError::refused(format!("--fill: {error}")))?;
        let number = text.trim().parse::<f64>().ok();
        if matches!(dtype.kind, Kind::Signed | Kind::Unsigned)
            && let Some(number) = number.filter(|number| number.fract().abs() > 0.0)
        {
            let reason = format!("{number:?} is not whole, and {dtype} holds whole numbers");
            return Err(refused(text, &reason));
        }
        if !formula.is_constant() {
            return Ok(Self::Formula(formula));
        }
        let bytes = constant(&formula, dtype).map_err(|reason| refused(text, &reason))?;
        Ok(if bytes.iter().all(|&byte| byte == 0) {
            Self::Zeros
        } else {
            Self::Constant(bytes)
        })
    }
}

fn refused(text: &str, reason: &str) -> AnalysisError {
    AnalysisError::refused(format!("--fill {}: {reason}", excerpt(text, 60)))
}

/// Fills an array of zeros. The number of bytes written is added to `progress`.
///
/// # Errors
/// [`AnalysisError`] with the first element that the dtype cannot hold, or if the array
/// cannot be written.
pub fn fill(output: &Output, fill: &Fill, progress: &Progress) -> Result<(), AnalysisError> {
    if matches!(fill, Fill::Zeros) {
        return Ok(());
    }
    let elements: u64 = output.npy.shape.iter().product();
    let error = (0..elements.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(Vec::new, |bytes, number| {
            let places = number * CHUNK..elements.min((number + 1) * CHUNK);
            bytes.clear();
            match fill {
                Fill::Zeros => {}
                Fill::Constant(element) => {
                    for _ in places.clone() {
                        bytes.extend_from_slice(element);
                    }
                }
                Fill::Formula(formula) => {
                    for first in places.clone().step_by(BATCH) {
                        let count = (places.end - first).min(BATCH as u64);
                        append(formula, &output.npy, first..first + count, bytes)?;
                    }
                }
            }
            output.write(places.start, bytes)?;
            progress.add(bytes.len() as u64);
            Ok(())
        })
        .find_map_first(Result::err);
    error.map_or(Ok(()), Err)
}

/// Appends the bytes of some elements, at most [`BATCH`].
fn append(
    formula: &Expression,
    npy: &NpyHeader,
    places: Range<u64>,
    bytes: &mut Vec<u8>,
) -> Result<(), AnalysisError> {
    let (start, count) = (places.start, places.clone().count());
    if npy.dtype.kind == Kind::Float {
        let variables = variables(formula, npy, places, |index| index as f64);
        let variables: Vec<&[f64]> = variables.iter().map(Vec::as_slice).collect();
        let mut values = [0.0; BATCH];
        let values = &mut values[..count];
        formula.evaluate(&variables, start, values);
        for (&value, place) in values.iter().zip(start..) {
            fits(value, npy.dtype).map_err(|reason| element_refused(npy, place, &reason))?;
        }
        f64::encode(values, npy.dtype, bytes);
        return Ok(());
    }
    let variables = variables(formula, npy, places, i128::from);
    let variables: Vec<&[i128]> = variables.iter().map(Vec::as_slice).collect();
    let integers: Vec<u64> = scalars(formula.evaluate_exactly(&variables, start, count))
        .into_iter()
        .zip(start..)
        .map(|(value, place)| {
            element(value, npy.dtype).map_err(|reason| element_refused(npy, place, &reason))
        })
        .collect::<Result<_, _>>()?;
    u64::encode(&integers, npy.dtype, bytes);
    Ok(())
}

fn element_refused(npy: &NpyHeader, place: u64, reason: &str) -> AnalysisError {
    let index = npy.index_of(place);
    AnalysisError::refused(format!("--fill: the element {index:?}: {reason}"))
}

/// The smallest number that a float dtype rounds to infinity: half a unit above its largest number.
pub(crate) fn infinity_of(dtype: Dtype) -> f64 {
    match dtype.bytes {
        2 => 65_520.0,
        4 => f64::from(f32::MAX) + 2_f64.powi(103),
        _ => f64::INFINITY,
    }
}

/// Refuses a value that overflows a float dtype when it is rounded; the error is the reason.
fn fits(value: f64, dtype: Dtype) -> Result<(), String> {
    if value.is_finite() && value.abs() >= infinity_of(dtype) {
        let largest = if dtype.bytes == 2 { "65504" } else { "3.4e38" };
        return Err(format!(
            "{value:?} does not fit, {dtype} holds numbers up to {largest}"
        ));
    }
    Ok(())
}

/// The variables of a formula: the indices along every axis and the number of the element. A variable that the formula
/// does not use has no values.
fn variables<T>(
    formula: &Expression,
    npy: &NpyHeader,
    places: Range<u64>,
    convert: impl Fn(u64) -> T,
) -> Vec<Vec<T>> {
    let used: Vec<bool> = (0..=npy.shape.len())
        .map(|variable| formula.uses(variable))
        .collect();
    let mut variables: Vec<Vec<T>> = used.iter().map(|_| Vec::new()).collect();
    let mut index = npy.index_of(places.start);
    for place in places {
        let indices = index.iter().copied().chain([place]);
        for ((variable, index), &is_used) in variables.iter_mut().zip(indices).zip(&used) {
            if is_used {
                variable.push(convert(index));
            }
        }
        for (i, length) in index.iter_mut().zip(&npy.shape).rev() {
            *i += 1;
            if *i < *length {
                break;
            }
            *i = 0;
        }
    }
    variables
}

/// The bytes of a constant.
fn constant(formula: &Expression, dtype: Dtype) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if dtype.kind == Kind::Float {
        let mut value = [0.0];
        formula.evaluate(&[], 0, &mut value);
        fits(value[0], dtype)?;
        f64::encode(&value, dtype, &mut bytes);
        return Ok(bytes);
    }
    let value = scalars(formula.evaluate_exactly(&[], 0, 1))[0];
    u64::encode(&[element(value, dtype)?], dtype, &mut bytes);
    Ok(bytes)
}

fn scalars(values: Values) -> Vec<Option<Scalar>> {
    match values {
        Values::Floats(values) => {
            let values = values.into_iter();
            values.map(|value| value.map(Scalar::Float)).collect()
        }
        Values::Integers(values) => {
            let values = values.into_iter();
            values.map(|value| value.map(Scalar::Integer)).collect()
        }
    }
}

/// The bits of a value as an element of an integer or boolean dtype; the error is the reason why this is impossible.
fn element(value: Option<Scalar>, dtype: Dtype) -> Result<u64, String> {
    let Some(value) = value else {
        return Err(
            "a division by 0, a negative power of an integer, or a number beyond 127 bits"
                .to_owned(),
        );
    };
    if dtype.kind == Kind::Bool {
        return Ok(u64::from(value.to_f64() != 0.0));
    }
    let bits = 8 * dtype.bytes as u32;
    let (low, high) = match dtype.kind {
        Kind::Signed => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        _ => (0, (1 << bits) - 1),
    };
    let integer = match value {
        Scalar::Integer(value) => Some(value),
        Scalar::Float(value) => (!value.is_nan()).then_some(value as i128),
    };
    integer
        .filter(|integer| (low..=high).contains(integer))
        .map(|integer| integer as u64)
        .ok_or_else(|| format!("{value} does not fit, {dtype} holds {low} to {high}"))
}
