//! [`Number`]: the three types for computing with the elements of any array.

use super::dtype::{Dtype, Kind};
use half::{f16, slice::HalfFloatSliceExt};

/// A type wide enough for all dtypes of a kind: `f64` for floats, `i64` for signed integers and
/// booleans, `u64` for unsigned ones.
pub trait Number:
    Copy + Default + PartialOrd + Send + Sync + bytemuck::Pod + std::fmt::Debug + 'static
{
    /// The little-endian dtype of the type.
    const DTYPE: Dtype;

    /// Fills `out` with elements decoded from their bytes in a file. A dtype of another kind gives the nearest values.
    fn decode(dtype: Dtype, bytes: &[u8], out: &mut [Self]);

    /// Appends elements as native bytes of `dtype`, which must be able to hold them.
    fn encode(values: &[Self], dtype: Dtype, out: &mut Vec<u8>);
}

/// Converts groups of `BYTES` bytes to values.
#[inline(always)]
fn convert_each<const BYTES: usize, T>(
    bytes: &[u8],
    out: &mut [T],
    convert: impl Fn([u8; BYTES]) -> T,
) {
    for (value, raw) in out.iter_mut().zip(bytes.as_chunks().0) {
        *value = convert(*raw);
    }
}

macro_rules! number {
    ($wide:ident, $dtype:expr) => {
        impl Number for $wide {
            const DTYPE: Dtype = $dtype;

            #[allow(
                clippy::cast_lossless,
                clippy::cast_possible_truncation,
                clippy::cast_possible_wrap,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                clippy::unnecessary_cast,
                reason = "widening within a kind; the nearest value otherwise"
            )]
            fn decode(dtype: Dtype, bytes: &[u8], out: &mut [Self]) {
                macro_rules! ordered {
                    ($narrow:ident) => {
                        if dtype.big_endian {
                            convert_each(bytes, out, |raw| $narrow::from_be_bytes(raw) as $wide)
                        } else {
                            convert_each(bytes, out, |raw| $narrow::from_le_bytes(raw) as $wide)
                        }
                    };
                }
                match (dtype.kind, dtype.bytes) {
                    (Kind::Float, 2) => {
                        halves(dtype.big_endian, bytes, out, |value| value as $wide)
                    }
                    (Kind::Float, 4) => ordered!(f32),
                    (Kind::Float, _) => ordered!(f64),
                    (Kind::Signed, 1) => ordered!(i8),
                    (Kind::Signed, 2) => ordered!(i16),
                    (Kind::Signed, 4) => ordered!(i32),
                    (Kind::Signed, _) => ordered!(i64),
                    (Kind::Bool, _) => {
                        convert_each(bytes, out, |[byte]: [u8; 1]| (byte != 0) as u8 as $wide)
                    }
                    (Kind::Unsigned, 1) => ordered!(u8),
                    (Kind::Unsigned, 2) => ordered!(u16),
                    (Kind::Unsigned, 4) => ordered!(u32),
                    (Kind::Unsigned, _) => ordered!(u64),
                }
            }

            #[allow(
                clippy::cast_lossless,
                clippy::cast_possible_truncation,
                clippy::cast_possible_wrap,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                clippy::unnecessary_cast,
                reason = "the dtype holds the value"
            )]
            fn encode(values: &[Self], dtype: Dtype, out: &mut Vec<u8>) {
                if dtype == Self::DTYPE {
                    out.extend_from_slice(bytemuck::cast_slice(values));
                    return;
                }
                macro_rules! native {
                    ($narrow:ident) => {
                        out.extend(
                            values
                                .iter()
                                .flat_map(|&value| (value as $narrow).to_ne_bytes()),
                        )
                    };
                }
                match (dtype.kind, dtype.bytes) {
                    (Kind::Float, 2) => out.extend(
                        values
                            .iter()
                            .flat_map(|&value| f16::from_f64(value as f64).to_ne_bytes()),
                    ),
                    (Kind::Float, 4) => native!(f32),
                    (Kind::Float, _) => native!(f64),
                    (Kind::Signed, 1) => native!(i8),
                    (Kind::Signed, 2) => native!(i16),
                    (Kind::Signed, 4) => native!(i32),
                    (Kind::Signed, _) => native!(i64),
                    (Kind::Unsigned | Kind::Bool, 1) => native!(u8),
                    (Kind::Unsigned, 2) => native!(u16),
                    (Kind::Unsigned, 4) => native!(u32),
                    (Kind::Unsigned | Kind::Bool, _) => native!(u64),
                }
            }
        }
    };
}

number!(f64, Dtype::F64);
number!(i64, Dtype::I64);
number!(u64, Dtype::U64);

/// Converts half precision a batch at a time, because processors have instructions for that.
#[inline(always)]
fn halves<T>(big_endian: bool, bytes: &[u8], out: &mut [T], convert: impl Fn(f32) -> T) {
    const BATCH: usize = 64;
    for (values, bytes) in out.chunks_mut(BATCH).zip(bytes.chunks(2 * BATCH)) {
        let (mut raw, mut single) = ([f16::ZERO; BATCH], [0.0; BATCH]);
        convert_each(bytes, &mut raw, |pair| {
            f16::from_bits(if big_endian {
                u16::from_be_bytes(pair)
            } else {
                u16::from_le_bytes(pair)
            })
        });
        raw.convert_to_f32_slice(&mut single);
        for (value, single) in values.iter_mut().zip(single) {
            *value = convert(single);
        }
    }
}
