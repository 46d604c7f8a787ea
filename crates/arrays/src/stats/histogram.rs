//! Histograms.

use super::{
    asked::{Options, Select},
    read,
    reduction::TASK,
};
use crate::npy::{ArrayFile, Cut};
use crate::progress::Progress;
use crate::{AnalysisError, memory::threads_within, walk};

/// How many elements lie in each of equal bins; NaN and what lies outside is in none.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The ends of the bins, one more than there are bins. The last bin has its upper end, too.
    pub edges: Vec<f64>,
    /// Elements of every bin.
    pub counts: Vec<u64>,
}

/// The histogram of a box with so many bins from `low` to `high`, as `numpy.histogram` has it. Bytes read
/// are added to `progress`.
///
/// # Errors
/// [`AnalysisError::Request`] for no bins, or ends that are no range; [`AnalysisError::Memory`],
/// [`AnalysisError::Npy`].
pub fn histogram(
    array: &ArrayFile,
    select: &Select,
    bins: usize,
    [low, high]: [f64; 2],
    options: Options,
    progress: &Progress,
) -> Result<Histogram, AnalysisError> {
    if !(low.is_finite() && high.is_finite() && low <= high && bins > 0) {
        return Err(AnalysisError::Request(format!(
            "a histogram with {bins} bins from {low:?} to {high:?}: it needs a bin and finite ends, such as --histogram 100:0:1"
        )));
    }
    let (low, high) = if low == high {
        (low - 0.5, high + 0.5)
    } else {
        (low, high)
    };
    let edges = edges(low, high, bins);
    if !edges.is_sorted_by(|one, next| one < next) {
        return Err(AnalysisError::Request(format!(
            "a histogram with {bins} bins from {low:?} to {high:?}: there are fewer numbers between these ends than bins"
        )));
    }
    let task = TASK.min(options.memory / 256).max(1 << 10);
    let threads = threads_within(options.memory, 16 * task + 8 * bins as u64)?;
    let all = Cut::of_elements(&array.npy.in_file_order(select), task);
    #[expect(clippy::cast_precision_loss, reason = "bins fit into memory")]
    let scale = bins as f64 / (high - low);
    let begin = || (vec![0; bins], Vec::<f64>::new());
    let counted = walk::by_thread(&all, threads, begin, |(counts, buffer), _, piece| {
        let values = read(array, &piece, buffer)?;
        progress.add((values.len() * array.npy.dtype.bytes) as u64);
        for &value in values
            .iter()
            .filter(|&&value| low <= value && value <= high)
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a first guess"
            )]
            let guess = (((value - low) * scale) as usize).min(bins - 1);
            let is_last = guess + 1 == bins;
            let bin = match edges[guess] <= value && (is_last || value < edges[guess + 1]) {
                true => guess,
                // Rounding has crossed an edge, or the range is too small or too large for `scale`.
                false => edges[1..bins].partition_point(|edge| *edge <= value),
            };
            counts[bin] += 1;
        }
        Ok::<_, AnalysisError>(())
    })?;
    let counts = (0..bins)
        .map(|bin| counted.iter().map(|(counts, _)| counts[bin]).sum())
        .collect();
    Ok(Histogram { edges, counts })
}

/// The ends of the bins, rounded as `numpy.linspace` does wherever its numbers are finite.
#[expect(clippy::cast_precision_loss, reason = "bins fit into memory")]
fn edges(low: f64, high: f64, bins: usize) -> Vec<f64> {
    let (count, span) = (bins as f64, high - low);
    let step = span / count;
    let inner = |bin: usize| {
        let number = bin as f64;
        if span.is_infinite() {
            2.0 * (low / 2.0 + number * ((high / 2.0 - low / 2.0) / count))
        } else if step == 0.0 {
            low + number / count * span
        } else {
            low + number * step
        }
    };
    (0..bins).map(inner).chain([high]).collect()
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
