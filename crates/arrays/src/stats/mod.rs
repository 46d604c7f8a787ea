//! Count, sum, mean, standard deviation, minimum and maximum of an array or along some of its axes, in
//! one pass; exact quantiles and histograms, in several.
//!
//! | file | what it has |
//! |---|---|
//! | `asked.rs` | what is asked for, and answered |
//! | `run.rs` | consecutive elements, task by task |
//! | `axis.rs` | neighbouring axes of a whole array |
//! | `part.rs` | any axes of any box |
//! | `pieces.rs` | a box in memory |
//! | `quantiles.rs`, `columns.rs` | quantiles of a box, and along axes of it |
//! | `histogram.rs` | histograms of a box |

mod asked;
mod axis;
mod columns;
mod histogram;
mod part;
mod pieces;
mod quantiles;
mod run;

pub use asked::{Options, Select, Whole};
pub use columns::column_quantiles;
pub use histogram::{Histogram, histogram};
pub use quantiles::{Quantiles, quantiles};

use super::{AnalysisError, statistics::Statistics, summable::with_summable};
use crate::npy::ArrayFile;
use crate::progress::Progress;
use run::{TASK, places, run};
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
    with_summable!(array.npy.dtype.kind, T => {
        Ok(run::<T>(array, places, options, progress)?.moments.statistics())
    })
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
    with_summable!(array.npy.dtype.kind, T => {
        if is_whole(array, select) {
            let elements = array.elements();
            let found = run::<T>(array, 0..elements, options, progress)?;
            let place = |task: u64, wanted: T| {
                let places = task * TASK..elements.min((task + 1) * TASK);
                let at = part::place_in::<T>(array, places, wanted)?;
                Ok::<_, AnalysisError>(array.npy.index_of(at))
            };
            Ok(Whole {
                statistics: found.moments.statistics(),
                places: places(array, &found, place)?,
            })
        } else {
            part::selected::<T>(array, select, options, progress)
        }
    })
}

/// Whether a box is all of an array that is data.
fn is_whole(array: &ArrayFile, select: &Select) -> bool {
    let shape = array.shape();
    select
        .iter()
        .zip(&shape)
        .all(|(range, &length)| *range == (0..length))
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
    let reduced = array.npy.in_file_order(&reduced);
    let start = reduced.iter().position(|&is| is).unwrap_or(0);
    let count = reduced[start..].iter().take_while(|&&is| is).count();
    let are_neighbours = reduced.iter().filter(|&&is| is).count() == count;
    with_summable!(array.npy.dtype.kind, T => {
        if are_neighbours && is_whole(array, select) {
            let axes = start..start + count;
            axis::AxisReduction::new(array, axes).reduce::<T, E>(options, progress, emit)
        } else {
            part::along::<T, E>(array, select, &reduced, options, progress, emit)
        }
    })
}
