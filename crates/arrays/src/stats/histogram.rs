//! Histograms.

use super::{
    boxes::{Select, read},
    options::Options,
    tasks::TASK,
};
use crate::npy::{ArrayFile, Cut};
use crate::progress::Progress;
use crate::{AnalysisError, memory::threads_within, walk};

/// The numbers of elements in equal bins. NaN and elements outside the bins are not counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The edges of the bins, one more than there are bins. The last bin includes its upper edge.
    pub edges: Vec<f64>,
    /// The number of elements in every bin.
    pub counts: Vec<u64>,
}

/// The histogram of a box with `bins` equal bins from `low` to `high`, as computed by `numpy.histogram`. The number of
/// bytes read is added to `progress`.
///
/// # Errors
/// [`AnalysisError`] if there are no bins, the ends are not a range, memory is too small, or the file cannot be read.
pub fn histogram(
    array: &ArrayFile,
    select: &Select,
    bins: usize,
    [low, high]: [f64; 2],
    options: Options,
    progress: &Progress,
) -> Result<Histogram, AnalysisError> {
    if !(low.is_finite() && high.is_finite() && low <= high && bins > 0) {
        return Err(AnalysisError::refused(format!(
            "a histogram with {bins} bins from {low:?} to {high:?}: it needs a bin and finite ends, such as --histogram 100:0:1"
        )));
    }
    let (low, high) = if low == high {
        (low - 0.5, high + 0.5)
    } else {
        (low, high)
    };
    let bin_edges = edges(low, high, bins);
    if !bin_edges.is_sorted_by(|one, next| one < next) {
        return Err(AnalysisError::refused(format!(
            "a histogram with {bins} bins from {low:?} to {high:?}: there are fewer numbers between these ends than bins"
        )));
    }
    let task = TASK.min(options.memory / 256).max(1 << 10);
    let threads = threads_within(options.memory, 16 * task + 8 * bins as u64)?;
    let pieces = Cut::of_elements(&array.npy.in_file_order(select), task);
    let scale = bins as f64 / (high - low);
    let states = walk::by_thread(
        &pieces,
        threads,
        || (vec![0; bins], Vec::<f64>::new()),
        |(counts, buffer), _, piece| {
            let values = read(array, &piece, buffer)?;
            progress.add((values.len() * array.npy.dtype.bytes) as u64);
            for &value in values
                .iter()
                .filter(|&&value| low <= value && value <= high)
            {
                let guess = (((value - low) * scale) as usize).min(bins - 1);
                let is_last = guess + 1 == bins;
                let bin =
                    match bin_edges[guess] <= value && (is_last || value < bin_edges[guess + 1]) {
                        true => guess,
                        // Rounding has crossed an edge, or the bins are too narrow or too wide for `scale`.
                        false => bin_edges[1..bins].partition_point(|edge| *edge <= value),
                    };
                counts[bin] += 1;
            }
            Ok::<_, AnalysisError>(())
        },
    )?;
    let counts = (0..bins)
        .map(|bin| states.iter().map(|(counts, _)| counts[bin]).sum())
        .collect();
    Ok(Histogram {
        edges: bin_edges,
        counts,
    })
}

/// The edges of the bins, rounded as by `numpy.linspace` if all its intermediate results are finite.
fn edges(low: f64, high: f64, bins: usize) -> Vec<f64> {
    let (count, span) = (bins as f64, high - low);
    let step = span / count;
    (0..bins)
        .map(|bin| {
            let number = bin as f64;
            if span.is_infinite() {
                2.0 * (low / 2.0 + number * ((high / 2.0 - low / 2.0) / count))
            } else if step == 0.0 {
                low + number / count * span
            } else {
                low + number * step
            }
        })
        .chain([high])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_any_range_are_finite() {
        let most = f64::MAX;
        assert_eq!(edges(-most, most, 2), [-most, 0.0, most]);
        assert!(edges(-most, most, 7).iter().all(|edge| edge.is_finite()));
        assert_eq!(edges(0.0, 3e-323, 3), [0.0, 1e-323, 2e-323, 3e-323]);
        assert_eq!(edges(0.0, 1.0, 2), [0.0, 0.5, 1.0]);
    }
}
