//! [`MapElement`]: the types in which the values of a formula's variables are read.

use super::input::MapInput;
use crate::npy::{Kind, NpyError};
use std::ops::Range;

/// An integer of at most 127 bits; `None` if the value is not an integer.
pub(super) type Exact = Option<i128>;

/// A type in which elements of an array are read.
pub(super) trait MapElement: Copy + Default {
    /// The value beyond the end of an array.
    const ABSENT: Self;

    fn of_index(index: u64) -> Self;

    /// Reads a box of an array. The box and its elements are in the order of the file.
    fn read(
        input: &MapInput<'_>,
        region: &[Range<u64>],
        values: &mut [Self],
    ) -> Result<(), NpyError>;
}

impl MapElement for f64 {
    const ABSENT: Self = Self::NAN;

    fn of_index(index: u64) -> Self {
        index as Self
    }

    fn read(
        input: &MapInput<'_>,
        region: &[Range<u64>],
        values: &mut [Self],
    ) -> Result<(), NpyError> {
        input.array.read_box(region, values)
    }
}

impl MapElement for Exact {
    const ABSENT: Self = None;

    fn of_index(index: u64) -> Self {
        Some(index.into())
    }

    fn read(
        input: &MapInput<'_>,
        region: &[Range<u64>],
        values: &mut [Self],
    ) -> Result<(), NpyError> {
        if input.array.npy.dtype.kind == Kind::Unsigned {
            let mut integers = vec![0_u64; values.len()];
            input.array.read_box(region, &mut integers)?;
            let pairs = values.iter_mut().zip(integers);
            pairs.for_each(|(value, integer)| *value = Some(integer.into()));
        } else {
            let mut integers = vec![0_i64; values.len()];
            input.array.read_box(region, &mut integers)?;
            let pairs = values.iter_mut().zip(integers);
            pairs.for_each(|(value, integer)| *value = Some(integer.into()));
        }
        Ok(())
    }
}
