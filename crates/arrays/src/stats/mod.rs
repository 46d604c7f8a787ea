//! Count, sum, mean, standard deviation, minimum and maximum of an array or along some of its axes, in
//! one pass; exact quantiles and histograms, in several.
//!
//! | file | what it has |
//! |---|---|
//! | `asked.rs` | what is asked for, and answered |
//! | `reduction.rs` | any axes of any box, task by task |
//! | `wide.rs` | columns of a whole array that no thread has for itself |
//! | `whole.rs` | a box as a whole, with the places of minimum and maximum |
//! | `quantiles.rs`, `columns.rs` | quantiles of a box, and along axes of it |
//! | `histogram.rs` | histograms of a box |
//! | `trend.rs` | straight lines along an axis of it |

mod asked;
mod columns;
mod histogram;
mod quantiles;
mod reduction;
mod trend;
mod whole;
mod wide;

pub use asked::{Options, Select, Whole};
pub use columns::column_quantiles;
pub use histogram::{Histogram, histogram};
pub use quantiles::{Quantiles, quantiles};
pub use trend::{Trend, trends};

use super::{AnalysisError, statistics::Statistics, summable::with_summable};
use crate::npy::{ArrayFile, NpyError, Number, elements};
use crate::progress::Progress;
use reduction::Reduction;
use std::ops::Range;

/// The statistics of all elements. Bytes read are added to `progress`.
///
/// Sums of floats are compensated ([`DoubleDouble`](super::double_double::DoubleDouble)), those of
/// integers exact. Squared deviations are merged by Chan's formula
/// ([`SquaredDeviations`](super::double_double::SquaredDeviations)).
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Npy`].
pub fn whole(
    array: &ArrayFile,
    options: Options,
    progress: &Progress,
) -> Result<Statistics, AnalysisError> {
    part(array, 0..array.elements(), options, progress)
}

/// The statistics of a range of elements in file order.
///
/// # Errors
/// As [`whole`].
pub fn part(
    array: &ArrayFile,
    places: Range<u64>,
    options: Options,
    progress: &Progress,
) -> Result<Statistics, AnalysisError> {
    let mut found = Vec::new();
    with_summable!(array.npy.dtype.kind, T => {
        Reduction::of_places(array, places).along::<T, AnalysisError>(options, progress, |_, one| {
            found.extend_from_slice(one);
            Ok(())
        })?;
    });
    Ok(found[0])
}

/// The statistics of a box, and where its minimum and maximum are.
///
/// # Errors
/// As [`whole`].
pub fn selected(
    array: &ArrayFile,
    select: &Select,
    options: Options,
    progress: &Progress,
) -> Result<Whole, AnalysisError> {
    let reduction = Reduction::new(array, select, &vec![true; select.len()]);
    with_summable!(array.npy.dtype.kind, T => reduction.whole::<T>(options, progress))
}

/// The statistics of a box along some axes, for every index along the others.
///
/// `emit` gets them in the order of the file, with the number of the first of them.
///
/// # Errors
/// [`AnalysisError`], those of `emit` among them.
pub fn along<E: From<AnalysisError>>(
    array: &ArrayFile,
    select: &Select,
    axes: &[usize],
    options: Options,
    progress: &Progress,
    emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
) -> Result<(), E> {
    let reduced: Vec<bool> = (0..select.len()).map(|axis| axes.contains(&axis)).collect();
    let reduction = Reduction::new(array, select, &reduced);
    with_summable!(array.npy.dtype.kind, T => match reduction.lengths() {
        Some(lengths) if reduction.is_wide() => {
            reduction.wide::<T, E>(lengths, options, progress, emit)
        }
        _ => reduction.along::<T, E>(options, progress, emit),
    })
}

/// Reads a box.
fn read<'b, T: Number>(
    array: &ArrayFile,
    part: &[Range<u64>],
    buffer: &'b mut Vec<T>,
) -> Result<&'b mut [T], NpyError> {
    let count = usize::try_from(elements(part)).unwrap_or(usize::MAX);
    buffer.resize(count, T::default());
    array.read_box(part, buffer)?;
    Ok(buffer)
}
