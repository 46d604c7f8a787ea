//! Count, sum, mean, standard deviation, minimum and maximum of an array or along some of its axes, in
//! one pass; exact quantiles and histograms, in several.
//!
//! | file | content |
//! |---|---|
//! | `options.rs` | [`Options`]: the treatment of NaN, counts, and memory |
//! | `boxes.rs` | boxes of an array, and their elements |
//! | `tasks.rs` | the division of a box among threads |
//! | `reduction.rs` | any axes of any box, task by task |
//! | `whole.rs` | a box as a whole, with the indices of minimum and maximum |
//! | `quantiles.rs` | quantiles of a box, and of its columns |
//! | `histogram.rs` | histograms of a box |
//! | `trend.rs` | least-squares lines along an axis of a box |

mod boxes;
mod histogram;
mod options;
mod quantiles;
mod reduction;
mod tasks;
mod trend;
mod whole;

pub use boxes::Select;
use boxes::flags;
pub use histogram::{Histogram, histogram};
pub use options::Options;
pub use quantiles::{Quantiles, column_quantiles, quantiles};
pub use trend::{Trend, trends};
pub use whole::Whole;

use super::{AnalysisError, statistics::Statistics, summable::with_summable};
use crate::npy::ArrayFile;
use crate::progress::Progress;
use reduction::Reduction;
use std::ops::Range;
/// The statistics of all elements. The number of bytes read is added to `progress`.
///
/// Sums of floats are compensated ([`DoubleDouble`](super::double_double::DoubleDouble)), those of
/// integers exact. Squared deviations are merged by Chan's formula
/// ([`SquaredDeviations`](super::double_double::SquaredDeviations)).
///
/// # Errors
/// [`AnalysisError`].
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
    let mut results = Vec::new();
    with_summable!(array.npy.dtype.kind, T => {
        Reduction::of_axes(array, [1, array.elements(), 1], places).along::<T, AnalysisError>(
            options,
            progress,
            |_, statistics| {
                results.extend_from_slice(statistics);
                Ok(())
            },
        )?;
    });
    Ok(results[0])
}

/// The statistics of a box, and the indices of its minimum and maximum.
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
/// `emit` gets the statistics in the order of the file, with the number of the first one.
///
/// # Errors
/// [`AnalysisError`], or an error of `emit`.
pub fn along<E: From<AnalysisError>>(
    array: &ArrayFile,
    select: &Select,
    axes: &[usize],
    options: Options,
    progress: &Progress,
    emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
) -> Result<(), E> {
    let reduction = Reduction::new(array, select, &flags(select.len(), axes));
    with_summable!(array.npy.dtype.kind, T => reduction.along::<T, E>(options, progress, emit))
}
